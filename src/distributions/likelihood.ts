/**
 * Likelihoods p(x | z): the distributions whose parameters a decoder outputs.
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
 * A distribution of the values of x, which are independent of each other given the decoder's output. A custom
 * likelihood is any object with these members.
 */
export interface Likelihood {
  /** Its name, which saved models record. */
  readonly name: string;
  /** The arguments it was built from. */
  readonly options: Json;
  /** How many numbers the decoder outputs for each value of x, along its last axis. */
  readonly outputs: number;
  /**
   * Whether the decoder must be able to output any number, such as a logit: one that ends in a ReLU is then refused.
   */
  readonly unbounded: boolean;
  /** The smallest and the largest value that x may hold, if there are limits. */
  readonly range?: readonly [number, number];
  /** The variables it learns, which are part of the model's variables. */
  readonly variables: Variable[];
  /**
   * log p(x | z) in nats, summed over the values of an example.
   *
   * @param x Examples, `[B, ..., C]`.
   * @param decoded The decoder's output, `[B, ..., C · outputs]`.
   * @returns One log-likelihood per example, `[B]`.
   */
  logProb(x: Tensor, decoded: Tensor): Tensor1D;
  /** The mean of p(x | z), in the shape of x; this is what pictures show. */
  mean(decoded: Tensor): Tensor;
  /** Draws examples from p(x | z), in the shape of x. */
  sample(decoded: Tensor, noise: Random): Tensor;
}

/**
 * Binary values, each with its own logit ({@linkcode logBernoulli}). For grey values between 0 and 1 it is a common
 * training objective, but not a likelihood.
 *
 * @returns A likelihood whose mean is the probability of a 1, the sigmoid of the logit.
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

/** The variance of a {@linkcode gaussian}. */
export interface GaussianOptions {
  /**
   * A fixed number for all values; `learned` for one number for all values, which training changes from 1; or
   * `per value` for a variance that the decoder outputs beside each mean.
   */
  variance: number | "learned" | "per value";
  /** The smallest variance per value, 1e-4 by default, which is a standard deviation of 0.01. */
  floor?: number;
}

/**
 * Real values, each with a mean that the decoder outputs.
 *
 * With a variance per value, the decoder's last axis is twice as long: the means, followed by as many numbers r, each
 * of which gives the variance `floor + e^r`. Without a floor the loss has no lower bound: where the decoder predicts a
 * value exactly, ever smaller variances make it ever more likely. log(floor + e^r) is computed as
 * `log floor + softplus(r - log floor)`, which is finite for every r and has finite gradients.
 *
 * @throws {RangeError} If the variance is neither a positive number nor one of the two words, if the floor is not a
 * positive number, or if there is a floor without a variance per value.
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
    throw new RangeError(`A Gaussian takes a floor only if its variance is "per value", not ${variance}.`);
  }
  if (variance === "learned") return learned();
  if (!(variance > 0 && variance < Infinity)) {
    throw new RangeError(`A Gaussian's variance must be a positive number, "learned" or "per value", not ${variance}.`);
  }
  return gaussianOf({ variance }, (decoded) => ({ mu: decoded, logVar: tf.scalar(Math.log(variance)) }));
}

/** A Gaussian with one learned variance. */
function learned(): Likelihood {
  const logVar = tf.tidy(() => tf.variable(tf.scalar(0)));
  return { ...gaussianOf({ variance: "learned" }, (mu) => ({ mu, logVar })), variables: [logVar] };
}

/** A Gaussian with a variance per value, which the decoder outputs. */
function perValue(floor: number): Likelihood {
  if (!(floor > 0 && floor < Infinity)) {
    throw new RangeError(`A Gaussian's floor must be a positive number, not ${floor}.`);
  }
  const of = (decoded: Tensor): Gaussian => {
    const [mu, r] = tf.split(decoded, 2, -1) as [Tensor, Tensor];
    return { mu, logVar: tf.softplus(r.sub(Math.log(floor))).add(Math.log(floor)) };
  };
  return { ...gaussianOf({ variance: "per value", floor }, of), outputs: 2, unbounded: true };
}

/** A likelihood whose Gaussian `of` computes from the decoder's output. */
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

/** The likelihoods that saved models and workers can rebuild from a name and options. */
export const LIKELIHOODS: Readonly<Record<string, (options: Json) => Likelihood>> = {
  bernoulli: () => bernoulli(),
  gaussian: (options) => gaussian(options as Json & GaussianOptions),
};
