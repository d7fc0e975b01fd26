import * as tf from "@tensorflow/tfjs";
import { type Gaussian, logGaussian, reparameterize } from "../distributions/gaussian.ts";
import type { Vae } from "../models/vae.ts";
import { sumPerExample, type Tensor, type Tensor1D } from "../tensor.ts";

/** The evidence lower bound and its two parts, one value per example, in nats. */
export type Elbo = {
  /** `logLikelihood - kl`, at most log p(x) in expectation, `[B]`. */
  elbo: Tensor1D;
  /** log p(x | z) at the sample z, `[B]`. */
  logLikelihood: Tensor1D;
  /**
   * KL(q(z | x) ‖ p(z)) in closed form if the prior has one, otherwise log q(z | x) - log p(z) at the sample, `[B]`.
   */
  kl: Tensor1D;
};

/**
 * Estimates the evidence lower bound from one sample per example: `ELBO = log p(x | z) - KL(q(z | x) ‖ p(z))` with
 * `z = μ + σ ⊙ ε`.
 *
 * The estimate is unbiased: its expectation is at most log p(x), but a single value may exceed it. It is -∞ if the
 * divergence is infinite, which happens for log σ² above 88.7. A NaN in any term of an example makes only that
 * example's bound NaN.
 *
 * @param vae The model.
 * @param x Examples, `[B, ...]`.
 * @param eps Noise from N(0, I), `[B, L]`. Zeros would put z at the mean, and the result would not be a bound.
 * @param y The one-hot labels of the examples, for a conditional VAE, `[B, classes]`.
 * @returns The bound and its parts per example, not averaged.
 * @throws {RangeError} If the shape of `x` or `eps` does not fit the model.
 * @example
 * ```ts
 * import { denseVae, elbo, random, useBackend } from "@vae/steps";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const vae = denseVae({ shape: [12], latent: 3 });
 * const { elbo: bound, logLikelihood, kl } = elbo(vae, tf.zeros([4, 12]), random(0).normal([4, 3]));
 * console.log(bound.shape, logLikelihood.shape, kl.shape); // [4] [4] [4]
 * vae.dispose();
 * ```
 */
export function elbo(vae: Vae, x: Tensor, eps: Tensor, y?: Tensor): Elbo {
  return tf.tidy(() => {
    const q = vae.encode(x, y);
    const z = reparameterize(q, eps); // [B, L]
    const logLikelihood = vae.likelihood.logProb(x, vae.decode(z, y)); // [B]
    const kl = vae.prior.kl ? sumPerExample(vae.prior.kl(q)) : sampledKl(vae, q, z); // [B]
    const elbo = tf.sub(logLikelihood, kl) as Tensor1D; // [B]
    return { elbo, logLikelihood, kl };
  });
}

/** log q(z | x) - log p(z) at samples z `[B, L]`, whose expectation is the KL; one number per example, `[B]`. */
function sampledKl(vae: Vae, q: Gaussian, z: Tensor): Tensor1D {
  return tf.sub(logGaussian(z, q), vae.prior.logProb(z, vae));
}
