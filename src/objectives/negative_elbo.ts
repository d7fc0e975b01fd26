import * as tf from "@tensorflow/tfjs";
import type { Vae } from "../models/vae.ts";
import type { Random } from "../random.ts";
import type { Schedule } from "../schedules.ts";
import { type Batch, sumPerExample, type Tensor1D } from "../tensor.ts";
import { draws } from "./draws.ts";
import { elbo } from "./elbo.ts";
import { labelsFor } from "./labels.ts";
import type { Objective } from "./objective.ts";
import { recipeOf } from "./recipe.ts";

/** The parts of the negative ELBO in nats: `reconstruction` is -log p(x | z), `kl` is KL(q(z | x) ‖ p(z)). */
export type ElboPart = "reconstruction" | "kl";

/** How the two parts of the negative ELBO are weighted and estimated. */
export interface NegativeElboOptions {
  /** The weight β of the KL in the loss, or a schedule of it; 1 by default. Only β = 1 gives the ELBO. */
  beta?: number | Schedule;
  /**
   * The number of nats λ that each latent dimension may cost an example for free: in the loss, `Σ max(λ, KL_j(x))`
   * takes the place of the KL. Kingma et al. (2016) apply the maximum per minibatch, not per example. None by default.
   * The part `kl` is still the KL.
   */
  freeBits?: number;
  /**
   * How many codes are drawn for each example, 1 by default. More codes make the estimate less noisy and more
   * expensive.
   */
  samples?: number;
}

/**
 * The objective of a VAE: the negative ELBO in nats, `reconstruction + β · kl`.
 *
 * @param vae The model. A conditional VAE uses the examples' labels.
 * @throws {RangeError} If an option is out of range, or if `freeBits` is positive and the model's prior has no
 * closed-form KL.
 * @example
 * ```ts
 * import { denseVae, loadDigits, negativeElbo, random, useBackend, warmUp } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const { test } = await loadDigits();
 * const vae = denseVae({ latent: 8, hidden: 64 });
 * const batch = test.batch([0, 1, 2]);
 * const { loss, parts } = negativeElbo(vae, { beta: warmUp(500) }).terms(batch, random(0), { beta: 0.5 });
 * console.log(loss.shape, parts.reconstruction.shape, parts.kl.shape); // [3] [3] [3]
 * ```
 */
export function negativeElbo(vae: Vae, options: NegativeElboOptions = {}): Objective<ElboPart> {
  const { beta = 1, freeBits, samples = 1 } = options;
  assertOptions(vae, options);
  const weight = typeof beta === "number" ? () => beta : beta;
  return {
    ...recipeOf("negativeElbo", vae, { samples, ...(freeBits !== undefined && { freeBits }) }),
    variables: vae.variables,
    ...(vae.likelihood.range && { range: vae.likelihood.range }),
    ...(vae.classes !== undefined && { classes: vae.classes }),
    knobs: (step) => ({ beta: weight(step) }),
    terms: (batch, noise, { beta = weight(Infinity) }) =>
      tf.tidy(() => {
        const { reconstruction, kl, price } = bound(vae, batch, noise, { ...options, samples });
        const loss = tf.add(reconstruction, beta === 1 ? price : tf.mul(price, beta as number)) as Tensor1D;
        return { loss, parts: { reconstruction, kl } };
      }),
  };
}

/** The reconstruction loss and the KL of a batch, `[B]`, and the term that takes the KL's place in the loss, `[B]`. */
function bound(vae: Vae, batch: Batch, noise: Random, { samples = 1, freeBits }: NegativeElboOptions) {
  const { x } = batch;
  const y = labelsFor(vae, batch);
  if (samples === 1 && freeBits === undefined) {
    const { logLikelihood, kl } = elbo(vae, x, noise.normal([x.shape[0] ?? 0, vae.latent]), y);
    return { reconstruction: tf.neg(logLikelihood) as Tensor1D, kl, price: kl };
  }
  const q = vae.encode(x, y);
  const { logLikelihood, logRatio } = draws(vae, q, { x, y }, noise, samples); // [B, K]
  const reconstruction = tf.neg(logLikelihood.mean(1)) as Tensor1D; // [B]
  const each = vae.prior.kl?.(q); // [B, L]
  const kl = each ? sumPerExample(each) : logRatio.mean(1) as Tensor1D; // [B]
  const price = each && freeBits !== undefined ? sumPerExample(tf.maximum(each, freeBits)) : kl; // [B]
  return { reconstruction, kl, price };
}

/** Checks the options. */
function assertOptions(vae: Vae, { beta = 1, freeBits = 0, samples = 1 }: NegativeElboOptions): void {
  if (typeof beta === "number" && !(beta >= 0 && beta < Infinity)) {
    throw new RangeError(`beta must be a number of at least 0 or a schedule of such numbers, not ${beta}.`);
  }
  if (!(freeBits >= 0 && freeBits < Infinity)) {
    throw new RangeError(`freeBits must be a number of at least 0, not ${freeBits}.`);
  }
  if (!(Number.isInteger(samples) && samples >= 1)) {
    throw new RangeError(`samples must be a whole number of at least 1, not ${samples}.`);
  }
  if (freeBits > 0 && !vae.prior.kl) {
    throw new RangeError(
      `freeBits needs the KL of each dimension, but the prior ${vae.prior.name} has no closed-form KL.`,
    );
  }
}
