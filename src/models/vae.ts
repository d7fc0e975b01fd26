/**
 * What a variational autoencoder is, to everything that trains or judges one.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Gaussian } from "../distributions/gaussian.ts";
import { bernoulli, type Likelihood } from "../distributions/likelihood.ts";
import { type Coder, type Prior, standardNormal } from "../distributions/prior.ts";
import type { LayersModel, Tensor, Variable } from "../tensor.ts";
import { applyNetwork, assertFit, assertUnbounded, trainableVariables } from "./layers.ts";

/** A variational autoencoder: q(z | x), p(x | z), p(z), and what there is to train. */
export interface Vae extends Coder {
  /** The number of latent dimensions, `L`. */
  readonly latent: number;
  /** How many classes its labels are of, for a conditional VAE, whose encoder and decoder are told the label; else undefined. */
  readonly classes?: number;
  /** What the decoder's numbers mean: p(x | z). */
  readonly likelihood: Likelihood;
  /** Where codes come from: p(z). */
  readonly prior: Prior;
  /** Everything that training changes: the networks' variables, then the likelihood's, then the prior's. */
  readonly variables: Variable[];
  /**
   * The approximate posterior q(z | x).
   *
   * @param x Examples, `[B, ...]`.
   * @param y For a conditional VAE their labels, one-hot, `[B, classes]`.
   * @returns Gaussians of `[B, L]`.
   */
  encode(x: Tensor, y?: Tensor): Gaussian;
  /** Codes `[B, L]`, perhaps with labels, to the parameters of p(x | z), `[B, ...]`, such as one logit per pixel. */
  decode(z: Tensor, y?: Tensor): Tensor;
  /** What {@linkcode decode} returned as something to look at: the mean of p(x | z), in the shape of x. */
  mean(decoded: Tensor): Tensor;
  /** Frees the variables; the model cannot be used after that. */
  dispose(): void;
}

/** A VAE whose two halves are networks of tfjs layers. */
export interface LayersVae extends Vae {
  /** Examples `[B, ...]`, perhaps with labels, to two outputs, mu and logVar, each `[B, L]`. */
  readonly encoder: LayersModel;
  /** Codes `[B, L]`, perhaps with labels, to what the likelihood takes, `[B, ...]`. */
  readonly decoder: LayersModel;
}

/** What a VAE has besides its two networks. */
export interface VaeOptions {
  /** What the decoder's numbers mean, `bernoulli()` by default. */
  likelihood?: Likelihood;
  /** Where codes come from, `standardNormal()` by default. */
  prior?: Prior;
}

/**
 * Makes a VAE of any two networks.
 *
 * @param encoder A network with two outputs, mu and logVar, each `[B, L]`. With a second input, labels `[B, classes]`, the
 * VAE is conditional.
 * @param decoder A network from `[B, L]`, and the labels if the encoder takes them, to as many numbers as the likelihood
 * takes for each of x's, in the shape that the encoder takes but for its last axis.
 * @returns A VAE that applies them as for inference: a dropout layer drops nothing, batch normalisation does not adapt.
 * @throws {RangeError} If the networks do not fit together; if μ, log σ² or logits come out of a ReLU or the like, or a layer
 * has a regulariser, which training here ignores; from `encode` and `decode`, for a batch of a shape that the network does
 * not take.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { bernoulli, layersVae, standardNormal, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const x = tf.input({ shape: [12] });
 * const heads = [1, 2].map(() => tf.layers.dense({ units: 3 }).apply(x) as tf.SymbolicTensor);
 * const encoder = tf.model({ inputs: x, outputs: heads });
 * const decoder = tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: 12 })] });
 * const vae = layersVae(encoder, decoder, { likelihood: bernoulli(), prior: standardNormal() }); // the defaults
 * console.log(vae.latent); // 3
 * vae.dispose();
 * ```
 */
export function layersVae(encoder: LayersModel, decoder: LayersModel, options: VaeOptions = {}): LayersVae {
  const { likelihood = bernoulli(), prior = standardNormal() } = options;
  const { latent, classes } = assertFit({ encoder, decoder }, {
    codes: 2,
    codesAre: "mu and logVar, each of the shape of a code",
    outputs: likelihood.outputs,
    decodedIs: `${likelihood.outputs} for each number of an example, as ${likelihood.name} takes them`,
    labels: true,
  });
  for (const output of encoder.outputs) assertUnbounded("encoder", output, "μ or log σ²");
  for (const output of likelihood.unbounded ? decoder.outputs : []) {
    assertUnbounded("decoder", output, `what ${likelihood.name} takes`);
  }
  return Object.freeze({
    encoder,
    decoder,
    latent,
    ...(classes > 0 && { classes }),
    likelihood,
    prior,
    encode(x: Tensor, y?: Tensor) {
      const [mu, logVar] = applyNetwork("encode", encoder, x, y) as [Tensor, Tensor];
      return { mu, logVar };
    },
    decode: (z: Tensor, y?: Tensor) => (applyNetwork("decode", decoder, z, y) as [Tensor])[0],
    mean: (decoded: Tensor) => likelihood.mean(decoded),
    variables: Object.freeze([
      ...trainableVariables({ encoder, decoder }),
      ...likelihood.variables,
      ...prior.variables,
    ]) as Variable[],
    dispose() {
      encoder.dispose();
      decoder.dispose();
      tf.dispose([...likelihood.variables, ...prior.variables]);
    },
  });
}
