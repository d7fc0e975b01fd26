/**
 * A tiny VQ-VAE (van den Oord et al. 2017), written on the public interfaces alone: a codebook that moves as running means of
 * the codes that fall to each of its rows, by no gradient.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  type LayersModel,
  type Objective,
  squaredDistances,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from "../mod.ts";

/** The sizes: `K` rows of the codebook, `L` numbers in a code, `D` in an example. */
export type VqOptions = { rows: number; latent: number; size: number };

/** An objective, and the model it is about. */
export type VqVae = Objective<"reconstruction" | "commitment", "perplexity"> & {
  encoder: LayersModel;
  decoder: LayersModel;
  state: tf.Variable[];
};

/** Makes one. */
export function vqVae({ rows, latent, size }: VqOptions, seed = 0): VqVae {
  const kernelInitializer = tf.initializers.glorotUniform({ seed });
  const dense = (from: number, to: number) =>
    tf.sequential({ layers: [tf.layers.dense({ inputShape: [from], units: to, kernelInitializer })] });
  const [encoder, decoder] = [dense(size, latent), dense(latent, size)];
  const variable = (t: () => Tensor) => tf.tidy(() => tf.variable(t(), false));
  const codebook = variable(() => tf.range(0, rows * latent).mul(1.7).sin().reshape([rows, latent])); // [K, L]
  const counts = variable(() => tf.ones([rows])); // [K]
  const totals = variable(() => codebook.clone()); // [K, L]

  /** Which row of the codebook each code is nearest to, one-hot, `[B, K]`; no slope passes through that. */
  const nearest = tf.customGrad((z) => ({
    value: tf.oneHot(
      squaredDistances(z as Tensor2D, codebook as Tensor as Tensor2D).argMin(1).toInt(),
      rows,
      1,
      0,
      "float32",
    ),
    gradFunc: () => tf.zerosLike(z as Tensor),
  }));
  /** The row in the code's place, for whose slope the row's is taken. */
  const through = (row: Tensor) =>
    tf.customGrad((z) => ({ value: row.clone(), gradFunc: (dy) => dy as typeof z as Tensor }));

  return {
    encoder,
    decoder,
    recipe: { module: import.meta.url, export: "vqVae", options: { rows, latent, size } },
    variables: [...encoder.trainableWeights, ...decoder.trainableWeights].map((weight) => weight.read() as tf.Variable),
    state: [codebook, counts, totals],
    terms: ({ x }) =>
      tf.tidy(() => {
        const z = encoder.apply(x) as Tensor2D; // [B, L]
        const which = nearest(z) as Tensor2D; // [B, K]
        const row = tf.matMul(which, codebook as Tensor as Tensor2D); // [B, L]
        const decoded = decoder.apply(through(row)(z)) as Tensor;
        const reconstruction = tf.squaredDifference(x, decoded).sum(1) as Tensor1D; // [B]
        const commitment = tf.squaredDifference(z, row).sum(1) as Tensor1D; // [B]
        const loss = reconstruction.add(commitment.mul(0.25)) as Tensor1D;
        const sums = { counts: which.sum(0), totals: tf.matMul(which, z, true) };
        return { loss, parts: { reconstruction, commitment }, sums };
      }),
    update(sums) {
      const mean = (running: tf.Variable, now: Tensor) => running.assign(running.mul(0.9).add(now.mul(0.1)));
      if (sums.counts) mean(counts, sums.counts);
      if (sums.totals) mean(totals, sums.totals);
      codebook.assign(totals.div(counts.add(1e-5).expandDims(1)));
    },
    metrics({ counts = tf.zeros([rows]) }) {
      const share = counts.div(counts.sum());
      return { perplexity: share.mul(share.add(1e-10).log()).sum().neg().exp() };
    },
  };
}
