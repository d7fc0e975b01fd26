/**
 * Priors p(z): the distribution of codes before any example is seen.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Json } from "../json.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Variable } from "../tensor.ts";
import { type Gaussian, klPerDimension, logGaussian } from "./gaussian.ts";

/** The part of a model that a prior may use; every `Vae` has it. */
export interface Coder {
  /** The number of latent dimensions, `L`. */
  readonly latent: number;
  /** The approximate posterior q(z | x): maps examples `[B, ...]`, perhaps with labels, to Gaussians `[B, L]`. */
  encode(x: Tensor, y?: Tensor): Gaussian;
}

/** A distribution of codes. A custom prior is any object with these members. */
export interface Prior {
  /** Its name, which saved models record. */
  readonly name: string;
  /** The arguments it was built from. */
  readonly options: Json;
  /** The variables it learns, which are part of the model's variables. */
  readonly variables: Variable[];
  /** log p(z) of codes `[B, L]` in nats, one number per code, `[B]`. */
  logProb(z: Tensor, vae: Coder): Tensor1D;
  /** Draws `n` codes from p(z), `[n, L]`. */
  sample(n: number, noise: Random, vae: Coder): Tensor;
  /**
   * KL(q ‖ p) in nats for each example and dimension, `[B, L]`, if it has a closed form that is a sum over dimensions.
   * Without this function, the divergence is estimated from the drawn codes as `log q(z | x) - log p(z)`.
   */
  kl?(q: Gaussian): Tensor;
}

/**
 * The standard normal N(0, I), the usual prior.
 *
 * @example
 * ```ts
 * import { denseVae, random, standardNormal, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const vae = denseVae({ latent: 3, prior: standardNormal() }); // the default
 * const z = vae.prior.sample(4, random(0), vae);
 * console.log(z.shape); // [4, 3]
 * z.dispose();
 * vae.dispose();
 * ```
 */
export function standardNormal(): Prior {
  return {
    name: "standardNormal",
    options: {},
    variables: [],
    logProb: (z) => tf.tidy(() => logGaussian(z, { mu: tf.scalar(0), logVar: tf.scalar(0) })),
    sample: (n, noise, { latent }) => noise.normal([n, latent]),
    kl: klPerDimension,
  };
}

/** The priors that saved models and workers can rebuild from a name and options. */
export const PRIORS: Readonly<Record<string, (options: Json) => Prior>> = {
  standardNormal: () => standardNormal(),
};
