/**
 * What the numbers that a decoder outputs mean: the distribution p(x | z) that they are the parameters of.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Json } from "../json.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Variable } from "../tensor.ts";
import { logBernoulli } from "./bernoulli.ts";
import { type Gaussian, logGaussian } from "./gaussian.ts";

/**
 * A distribution of the values of x, independent of each other given what the decoder outputs. One of your own is a record
 * like this one.
 */
export interface Likelihood {
  /** What it is called, in saved models too. */
  readonly name: string;
  /** What else it was made of. */
  readonly options: Json;
  /** How many numbers the decoder outputs for each of the values of x; they lie along its last axis. */
  readonly outputs: number;
  /** Whether these may be any numbers, as logits may: a decoder that ends in a ReLU is then refused. */
  readonly unbounded: boolean;
  /** The least and the largest value that x may hold, where there are such. */
  readonly range?: readonly [number, number];
  /** What it learns; part of the model's variables. */
  readonly variables: Variable[];
  /**
   * log p(x | z) in nats, summed over the values of an example.
   *
   * @param x Examples, `[B, ..., C]`.
   * @param decoded What the decoder outputs, `[B, ..., C · outputs]`.
   * @returns One log-likelihood per example, `[B]`.
   */
  logProb(x: Tensor, decoded: Tensor): Tensor1D;
  /** The mean of p(x | z), in the shape of x: what there is to look at. */
  mean(decoded: Tensor): Tensor;
  /** Examples drawn from p(x | z), in the shape of x. */
  sample(decoded: Tensor, noise: Random): Tensor;
}

/**
 * Values that are 0 or 1, by one logit each ({@linkcode logBernoulli}); for grey values between, a usual training objective.
 *
 * @returns A likelihood whose mean is the probability of a 1: the sigmoid of the logit.
 * @example
 * ```ts
 * import { bernoulli, denseVae, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const vae = denseVae({ likelihood: bernoulli() }); // the default
 * console.log(vae.likelihood.range); // [0, 1]
 * vae.dispose();
 * ```
 */
export function bernoulli(): Likelihood {
  return {
    name: "bernoulli",
    options: {},
    outputs: 1,
    unbounded: true,
    range: [0, 1],
    variables: [],
    logProb: logBernoulli,
    mean: (logits) => tf.sigmoid(logits),
    sample: (logits, noise) =>
      tf.tidy(() => {
        const uniform = Float32Array.from({ length: logits.size }, noise.uniform);
        return tf.less(tf.tensor(uniform, logits.shape), tf.sigmoid(logits)).toFloat();
      }),
  };
}

/** What variance a {@linkcode gaussian} has. */
export interface GaussianOptions {
  /**
   * A number, which is the same for all values; `learned`, one number for all values that is trained, from 1 on; or
   * `per value`, one that the decoder outputs beside each mean.
   */
  variance: number | "learned" | "per value";
  /** The least variance per value, 1e-4 by default: a standard deviation of 0.01. */
  floor?: number;
}

/**
 * Real values, each with a mean that the decoder outputs.
 *
 * With a variance per value the decoder's last axis is twice as long: the means, then as many logarithms r of variances, of
 * which `floor + e^r` is the variance. Without a floor the loss has no lower bound: wherever the decoder hits a value
 * exactly, ever smaller variances make it likelier without end. log(floor + e^r) is computed as `log floor +
 * softplus(r - log floor)`, which is finite for every r, as are its slopes.
 *
 * @throws {RangeError} If the variance is neither a positive number nor one of the two words, or the floor is not a positive
 * number, or there is one without a variance per value.
 * @example
 * ```ts
 * import { denseVae, gaussian, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const vae = denseVae({ shape: [12], latent: 3, likelihood: gaussian({ variance: "per value", floor: 1e-3 }) });
 * console.log(vae.decoder.outputs[0]?.shape); // [null, 24]
 * vae.dispose();
 * ```
 */
export function gaussian(options: GaussianOptions): Likelihood {
  const { variance, floor } = options;
  if (variance === "per value") return perValue(floor ?? 1e-4);
  if (floor !== undefined) {
    throw new RangeError(`A Gaussian has a floor where its variance is per value, not ${variance}.`);
  }
  if (variance === "learned") return learned();
  if (!(variance > 0 && variance < Infinity)) {
    throw new RangeError(`A Gaussian's variance is a positive number, "learned" or "per value", not ${variance}.`);
  }
  return gaussianOf({ variance }, (decoded) => ({ mu: decoded, logVar: tf.scalar(Math.log(variance)) }));
}

/** A Gaussian with one variance, which training changes. */
function learned(): Likelihood {
  const logVar = tf.tidy(() => tf.variable(tf.scalar(0)));
  return { ...gaussianOf({ variance: "learned" }, (mu) => ({ mu, logVar })), variables: [logVar] };
}

/** A Gaussian with a variance for each value, which the decoder outputs. */
function perValue(floor: number): Likelihood {
  if (!(floor > 0 && floor < Infinity)) throw new RangeError(`A Gaussian's floor is a positive number, not ${floor}.`);
  const of = (decoded: Tensor): Gaussian => {
    const [mu, r] = tf.split(decoded, 2, -1) as [Tensor, Tensor];
    return { mu, logVar: tf.softplus(r.sub(Math.log(floor))).add(Math.log(floor)) };
  };
  return { ...gaussianOf({ variance: "per value", floor }, of), outputs: 2, unbounded: true };
}

/** A likelihood that is the Gaussian which `of` makes of what the decoder outputs. */
function gaussianOf(options: Json, of: (decoded: Tensor) => Gaussian): Likelihood {
  return {
    name: "gaussian",
    options,
    outputs: 1,
    unbounded: false,
    variables: [],
    logProb: (x, decoded) => tf.tidy(() => logGaussian(x, of(decoded))),
    mean: (decoded) => tf.tidy(() => of(decoded).mu.clone()),
    sample: (decoded, noise) =>
      tf.tidy(() => {
        const { mu, logVar } = of(decoded);
        return mu.add(tf.exp(logVar.mul(0.5)).mul(noise.normal(mu.shape)));
      }),
  };
}

/** The likelihoods that can be made again of their names and options: saved models and workers read this table. */
export const LIKELIHOODS: Readonly<Record<string, (options: Json) => Likelihood>> = {
  bernoulli: () => bernoulli(),
  gaussian: (options) => gaussian(options as Json & GaussianOptions),
};
