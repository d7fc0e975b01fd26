/**
 * Where codes come from before anything is seen: the distribution p(z).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Json } from "../json.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Variable } from "../tensor.ts";
import { type Gaussian, klPerDimension, logGaussian } from "./gaussian.ts";

/** What a prior may ask of the model that it belongs to; every `Vae` has it. */
export interface Coder {
  /** The number of latent dimensions, `L`. */
  readonly latent: number;
  /** The approximate posterior q(z | x): examples `[B, ...]`, perhaps with labels, to Gaussians of `[B, L]`. */
  encode(x: Tensor, y?: Tensor): Gaussian;
}

/** A distribution of codes. One of your own is a record like this one. */
export interface Prior {
  /** What it is called, in saved models too. */
  readonly name: string;
  /** What else it was made of. */
  readonly options: Json;
  /** What it learns; part of the model's variables. */
  readonly variables: Variable[];
  /** log p(z) in nats of codes `[B, L]`, `[B]`. */
  logProb(z: Tensor, vae: Coder): Tensor1D;
  /** `n` codes drawn from p(z), `[n, L]`. */
  sample(n: number, noise: Random, vae: Coder): Tensor;
  /**
   * KL(q ‖ p) in nats for each example and dimension, `[B, L]`, where it has a closed form that adds up over dimensions.
   * Without it the divergence is estimated from the codes that are drawn, as `log q(z | x) - log p(z)`.
   */
  kl?(q: Gaussian): Tensor;
}

/**
 * N(0, I), the usual prior.
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

/** The priors that can be made again of their names and options: saved models and workers read this table. */
export const PRIORS: Readonly<Record<string, (options: Json) => Prior>> = {
  standardNormal: () => standardNormal(),
};
