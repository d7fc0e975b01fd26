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
  /** KL(q(z | x) ‖ p(z)), in closed form where the prior has one, else log q(z | x) - log p(z) at the sample, `[B]`. */
  kl: Tensor1D;
};

/**
 * The evidence lower bound by one sample per example:
 * `ELBO = log p(x | z) - KL(q(z | x) ‖ p(z))` with `z = μ + σ ⊙ ε`.
 *
 * One sample makes it an unbiased estimate of the bound: its expectation lies below log p(x), a single value may not.
 * Where the divergence is infinite (log σ² above 88.7) it is -∞, and where any term of an example is NaN, so is the
 * example's bound, and no other's.
 *
 * @param vae The model.
 * @param x Examples, `[B, ...]`.
 * @param eps Noise from N(0, I), `[B, L]`. Zeros would put z at the mean, which is no bound on anything.
 * @param y For a conditional VAE the examples' labels, one-hot, `[B, classes]`.
 * @returns Per example, not averaged.
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

/** log q(z | x) - log p(z) at samples `[B, L]`, `[B]`: in expectation the KL, which a prior without a closed form lacks. */
function sampledKl(vae: Vae, q: Gaussian, z: Tensor): Tensor1D {
  return tf.sub(logGaussian(z, q), vae.prior.logProb(z, vae));
}
