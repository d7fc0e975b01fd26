/**
 * A tiny VampPrior (Tomczak and Welling 2018), written on the public interfaces alone: p(z) is the average of the encoder's
 * q(z | u) over some made-up examples u, which are learned.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  denseVae,
  type ElboPart,
  type LayersVae,
  negativeElbo,
  type Objective,
  type Prior,
  random,
  type Tensor,
  type Tensor1D,
} from "../mod.ts";

/** The prior of `count` made-up examples of `size` values in [0, 1]. */
export function vampPrior(count: number, size: number): Prior {
  const pseudo = tf.tidy(() => tf.variable(random(1).normal([count, size]))); // logits, [K, D]
  return {
    name: "vamp",
    options: { count, size },
    variables: [pseudo],
    logProb: (z, vae) =>
      tf.tidy(() => {
        const { mu, logVar } = vae.encode(tf.sigmoid(pseudo)); // [K, L]
        const apart = tf.sub(z.expandDims(1), mu).square().div(tf.exp(logVar)); // [B, K, L]
        const each = apart.add(logVar).add(Math.log(2 * Math.PI)).sum(2).mul(-0.5); // [B, K]
        return tf.logSumExp(each, 1).sub(Math.log(count)) as Tensor1D;
      }),
    sample: (n, noise, vae) =>
      tf.tidy(() => {
        const { mu, logVar } = vae.encode(tf.sigmoid(pseudo));
        const which = tf.tensor1d(Array.from({ length: n }, () => Math.floor(noise.uniform() * count)), "int32");
        const [m, v] = [tf.gather(mu, which), tf.gather(logVar, which)] as [Tensor, Tensor];
        return m.add(tf.exp(v.mul(0.5)).mul(noise.normal(m.shape)));
      }),
  };
}

/** The negative ELBO of a small VAE with that prior; a type, so that it is JSON. */
export type VampOptions = { count: number; size: number };

/** Makes one. */
export function vampElbo({ count, size }: VampOptions, seed = 0): Objective<ElboPart> & { vae: LayersVae } {
  const vae = denseVae({ latent: 2, hidden: 5, shape: [size], prior: vampPrior(count, size), seed });
  const recipe = { module: import.meta.url, export: "vampElbo", options: { count, size } };
  return { ...negativeElbo(vae), recipe, vae };
}
