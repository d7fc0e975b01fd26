/**
 * Variational autoencoders, as training and evaluation see them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Gaussian } from "../distributions/gaussian.ts";
import { bernoulli, type Likelihood } from "../distributions/likelihood.ts";
import { type Coder, type Prior, standardNormal } from "../distributions/prior.ts";
import type { LayersModel, Tensor, Variable } from "../tensor.ts";
import { applyNetwork, assertFit, assertUnbounded, trainableVariables } from "./layers.ts";

/** A variational autoencoder: q(z | x), p(x | z), p(z), and its variables. */
export interface Vae extends Coder {
  /** The number of latent dimensions, `L`. */
  readonly latent: number;
  /** The number of classes of a conditional VAE, whose encoder and decoder take the label; otherwise `undefined`. */
  readonly classes?: number;
  /** The distribution p(x | z) whose parameters the decoder outputs. */
  readonly likelihood: Likelihood;
  /** The distribution of codes, p(z). */
  readonly prior: Prior;
  /** All variables that training changes: those of the networks, then of the likelihood, then of the prior. */
  readonly variables: Variable[];
  /**
   * The approximate posterior q(z | x).
   *
   * @param x Examples, `[B, ...]`.
   * @param y The one-hot labels of the examples, for a conditional VAE, `[B, classes]`.
   * @returns One Gaussian per example, `[B, L]`.
   */
  encode(x: Tensor, y?: Tensor): Gaussian;
  /**
   * Maps codes `[B, L]`, perhaps with labels, to the parameters of p(x | z), `[B, ...]`, such as one logit per pixel.
   */
  decode(z: Tensor, y?: Tensor): Tensor;
  /** The mean of p(x | z) given the result of {@linkcode decode}, in the shape of x; this is what pictures show. */
  mean(decoded: Tensor): Tensor;
  /** Frees the variables; the model cannot be used after that. */
  dispose(): void;
}

/** A VAE whose encoder and decoder are networks of tfjs layers. */
export interface LayersVae extends Vae {
  /** Maps examples `[B, ...]`, perhaps with labels, to two outputs, mu and logVar, each `[B, L]`. */
  readonly encoder: LayersModel;
  /** Maps codes `[B, L]`, perhaps with labels, to the parameters of the likelihood, `[B, ...]`. */
  readonly decoder: LayersModel;
}

/** The parts of a VAE other than its two networks. */
export interface VaeOptions {
  /** The distribution p(x | z), `bernoulli()` by default. */
  likelihood?: Likelihood;
  /** The distribution p(z), `standardNormal()` by default. */
  prior?: Prior;
}

/**
 * Makes a VAE from any two networks that fit together.
 *
 * @param encoder A network with two outputs, mu and logVar, each `[B, L]`. A second input, for labels `[B, classes]`,
 * makes the VAE conditional.
 * @param decoder A network that takes codes `[B, L]`, and labels if the encoder does. Its output has the shape of the
 * encoder's input, with the last axis multiplied by the number of parameters that the likelihood takes per value.
 * @returns A VAE that always applies its networks in inference mode: dropout layers drop nothing, and batch
 * normalisation does not adapt.
 * @throws {RangeError} If the networks do not fit together, if μ, log σ² or logits come out of a ReLU or a similar
 * activation, or if a layer has a regulariser, which training would ignore. `encode` and `decode` throw it for a batch
 * whose shape the network does not take.
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
    codesAre: "mu and logVar, each in the shape of a code",
    outputs: likelihood.outputs,
    decodedIs: `${likelihood.outputs} for each number of an example, as ${likelihood.name} takes`,
    labels: true,
  });
  for (const output of encoder.outputs) assertUnbounded("encoder", output, "μ or log σ²");
  for (const output of likelihood.unbounded ? decoder.outputs : []) {
    assertUnbounded("decoder", output, `the parameters of ${likelihood.name}`);
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
