/**
 * Gaussians with diagonal covariance: densities, divergences, and samples that gradients can pass through.
 *
 * The variance is stored as its logarithm, `logVar` = log σ². Any real number is valid, so a network can output it
 * without a constraint, and products of tiny variances become sums that do not underflow.
 *
 * In float32, σ and 1 / σ are finite and positive for `logVar` from -174 to 174. Within that range, a density or a
 * divergence is infinite only if twice its value exceeds 3.4e38; outside it, the result may be NaN. A NaN in an example
 * makes only that example's result NaN. An empty batch `[0, L]` gives an empty result `[0]`. On WebGPU, numbers smaller
 * than 1.2e-38 may count as zero.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sumPerExample, type Tensor, type Tensor1D } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/** A batch of Gaussians with diagonal covariance, one per example. */
export type Gaussian = {
  /** The means μ, `[B, L]`. */
  mu: Tensor;
  /** The logarithms of the variances, log σ², `[B, L]`. Not log σ: the factor of two matters. */
  logVar: Tensor;
};

/**
 * log N(x | μ, σ²), in nats: `-½ Σ (log 2π + log σ² + (x - μ)² / σ²)`.
 *
 * It is summed over all dimensions of an example, so the constant counts once per dimension. It is the logarithm of a
 * density, not of a probability, so it may be positive. For a narrow Gaussian it falls quickly: with `logVar` = -100
 * the result is 49.1 per dimension at the mean, and -∞ for points more than 0.005 from the mean.
 *
 * @param x Points, `[B, ...]`.
 * @param p The Gaussians; `mu` and `logVar` broadcast against `x`, so one scalar `logVar` is a shared variance.
 * @returns One log-density per example, `[B]`.
 * @throws {RangeError} If broadcasting would give more numbers than `x` has.
 * @example
 * ```ts
 * import { logGaussian, useBackend } from "@vae/steps";
 * import { assertAlmostEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const p = { mu: tf.zeros([1, 2]), logVar: tf.zeros([1, 2]) };
 * const [atMean = NaN] = await logGaussian(tf.zeros([1, 2]), p).array();
 * assertAlmostEquals(atMean, -Math.log(2 * Math.PI), 1e-6);
 * ```
 */
export function logGaussian(x: Tensor, p: Gaussian): Tensor1D {
  assertBroadcast("points", x, p.mu, p.logVar);
  return tf.tidy(() => sumPerExample(squaredDeviations(x, p).add(p.logVar).add(Math.log(2 * Math.PI)).mul(-0.5)));
}

/**
 * KL divergence from a diagonal Gaussian to the standard normal, in nats: `½ Σ (μ² + σ² - 1 - log σ²)`.
 *
 * It is summed over latent dimensions, not averaged: averaging would divide this term alone by `L`, which would
 * silently train a β-VAE with β = 1/L. Near the prior, σ² - 1 - log σ² is a small difference of large numbers; it is
 * computed so that it is never negative, even in float32. With `logVar` above 88.7 it is infinite, as σ² is: with 100
 * it is ∞, with -100 it is 49.5 per dimension.
 *
 * @param q A batch of `B` Gaussians over `L` dimensions.
 * @returns One divergence per example, `[B]`; zero exactly when `q` is the prior.
 * @throws {RangeError} If `logVar` does not have the shape of `mu`, or one that broadcasts to it.
 * @see Kingma and Welling 2013, appendix B.
 * @example
 * ```ts
 * import { klToStandardNormal, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const q = { mu: tf.tensor2d([[0, 1]]), logVar: tf.zeros([1, 2]) };
 * assertEquals(await klToStandardNormal(q).array(), [0.5]); // ½ · 1²
 * ```
 */
export function klToStandardNormal(q: Gaussian): Tensor1D {
  return tf.tidy(() => sumPerExample(klPerDimension(q)));
}

/**
 * {@linkcode klToStandardNormal} before the sum: the cost of each latent dimension, in nats.
 *
 * @param q A batch of `B` Gaussians over `L` dimensions.
 * @returns One divergence per example and dimension, `[B, L]`.
 * @throws {RangeError} If `logVar` does not have the shape of `mu`, or one that broadcasts to it.
 * @example
 * ```ts
 * import { klPerDimension, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const q = { mu: tf.tensor2d([[0, 1]]), logVar: tf.zeros([1, 2]) };
 * assertEquals(await klPerDimension(q).array(), [[0, 0.5]]);
 * ```
 */
export function klPerDimension(q: Gaussian): Tensor {
  assertBroadcast("means", q.mu, q.logVar);
  return tf.tidy(() => tf.square(q.mu).add(excess(q.logVar)).mul(0.5));
}

/**
 * KL divergence between two diagonal Gaussians, KL(q ‖ p), in nats.
 *
 * It is not symmetric: the expectation is under `q`, so `q` is penalised for putting mass where `p` has little. It is
 * infinite if σq² / σp² is, which happens when the `logVar` of `q` exceeds that of `p` by more than 88.7.
 *
 * @param q The Gaussians under which the expectation is taken, `[B, L]`.
 * @param p The Gaussians that `q` is compared with, `[B, L]` or a shape that broadcasts to it.
 * @returns One divergence per example, `[B]`; zero exactly when the two are the same.
 * @throws {RangeError} If broadcasting would give more numbers than `q.mu` has.
 * @example
 * ```ts
 * import { kl, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const q = { mu: tf.tensor2d([[0, 3]]), logVar: tf.zeros([1, 2]) };
 * const p = { mu: tf.scalar(1), logVar: tf.scalar(0) };
 * assertEquals(await kl(q, p).array(), [2.5]); // ½ (1² + 2²)
 * ```
 */
export function kl(q: Gaussian, p: Gaussian): Tensor1D {
  assertBroadcast("means of q", q.mu, q.logVar, p.mu, p.logVar);
  return tf.tidy(() => sumPerExample(squaredDeviations(q.mu, p).add(excess(tf.sub(q.logVar, p.logVar))).mul(0.5)));
}

/**
 * Checks that the other tensors broadcast to `x`, and not the reverse, which would count its numbers more than once.
 */
function assertBroadcast(what: string, x: Tensor, ...others: Tensor[]): void {
  for (const { shape } of others) {
    const axes = x.rank - shape.length;
    if (axes < 0 || shape.some((size, axis) => size !== 1 && size !== x.shape[axes + axis])) {
      throw new RangeError(
        `The ${what} have shape ${shapeText(x.shape)}; a tensor of shape ${shapeText(shape)} does not broadcast to it.`,
      );
    }
  }
}

/** ((x - μ) / σ)². It divides by σ before squaring, because 1 / σ² is infinite in float32 for log σ² below -89. */
function squaredDeviations(x: Tensor, { mu, logVar }: Gaussian): Tensor {
  return tf.sub(x, mu).mul(tf.exp(logVar.mul(-0.5))).square();
}

/**
 * e^v - 1 - v, which is never negative: the cost of a variance of e^v relative to a variance of 1. `expm1` keeps the
 * digits that `exp(v) - 1` rounds away. On WebGPU, tfjs computes `expm1` as `exp(v) - 1`, and `maximum` removes the
 * negative results of rounding. It is not `relu`, because on WASM that turns some NaNs into 0, so that a diverged
 * variance would look like the prior's.
 */
function excess(v: Tensor): Tensor {
  return tf.maximum(tf.expm1(v).sub(v), 0);
}

/**
 * A sample written as a function of the distribution's parameters: `z = μ + σ ⊙ ε`.
 *
 * All randomness is in `eps`, so the gradient of anything computed from `z` reaches `mu` and `logVar`.
 *
 * @param q A batch of Gaussians, `[B, L]`.
 * @param eps Noise from N(0, I), `[B, L]`, such as `random.normal([B, L])`.
 * @returns One sample per example, `[B, L]`.
 * @throws {RangeError} If the noise has another shape: with broadcasting, examples would share their noise.
 * @example
 * ```ts
 * import { reparameterize, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const q = { mu: tf.tensor2d([[1, 2]]), logVar: tf.zeros([1, 2]) };
 * assertEquals(await reparameterize(q, tf.tensor2d([[3, -1]])).array(), [[4, 1]]);
 * ```
 */
export function reparameterize(q: Gaussian, eps: Tensor): Tensor {
  assertBroadcast("means", q.mu, q.logVar);
  if (!tf.util.arraysEqual(q.mu.shape, eps.shape)) {
    throw new RangeError(`The noise has shape ${shapeText(eps.shape)}; the Gaussians have ${shapeText(q.mu.shape)}.`);
  }
  return tf.tidy(() => q.mu.add(tf.exp(q.logVar.mul(0.5)).mul(eps))); // σ = exp(½ log σ²)
}
