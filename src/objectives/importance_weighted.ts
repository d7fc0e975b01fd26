import * as tf from "@tensorflow/tfjs";
import type { Vae } from "../models/vae.ts";
import type { Tensor1D } from "../tensor.ts";
import { draws } from "./draws.ts";
import { labelsFor } from "./labels.ts";
import type { ElboPart } from "./negative_elbo.ts";
import type { Objective } from "./objective.ts";
import { recipeOf } from "./recipe.ts";

/**
 * The parts of the importance-weighted bound: those of the negative ELBO, averaged over the drawn codes, and
 * `tightening`, the difference between this loss and the negative ELBO of the same codes, which is never positive.
 */
export type ImportanceWeightedPart = ElboPart | "tightening";

/**
 * The importance-weighted objective of a VAE in nats (Burda et al. 2015), an upper bound on -log p(x) that gets tighter
 * as more codes are drawn for each example:
 *
 * ```math
 * -\log \frac{1}{K} \sum_{k=1}^{K} \frac{p(x \mid z_k) \, p(z_k)}{q(z_k \mid x)}, \quad z_k \sim q(z \mid x)
 * ```
 *
 * The sum is computed in log space, where no term underflows. With one code it is the negative ELBO with a sampled KL.
 *
 * @param vae The model. A conditional VAE uses the examples' labels.
 * @throws {RangeError} If `samples` is not a whole number of at least 1.
 * @example
 * ```ts
 * import { denseVae, evaluate, importanceWeighted, loadDigits, take, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const { test } = await loadDigits();
 * const vae = denseVae({ latent: 8, hidden: 64 });
 * const { loss, reconstruction, kl, tightening } = await evaluate(importanceWeighted(vae, { samples: 5 }), take(test, 50));
 * console.log(loss, reconstruction + kl + tightening); // the same
 * vae.dispose();
 * ```
 */
export function importanceWeighted(vae: Vae, { samples }: { samples: number }): Objective<ImportanceWeightedPart> {
  if (!(Number.isInteger(samples) && samples >= 1)) {
    throw new RangeError(`samples must be a whole number of at least 1, not ${samples}.`);
  }
  return {
    ...recipeOf("importanceWeighted", vae, { samples }),
    variables: vae.variables,
    ...(vae.likelihood.range && { range: vae.likelihood.range }),
    ...(vae.classes !== undefined && { classes: vae.classes }),
    terms: (batch, noise) =>
      tf.tidy(() => {
        const { x } = batch;
        const y = labelsFor(vae, batch);
        const { logLikelihood, logRatio } = draws(vae, vae.encode(x, y), { x, y }, noise, samples); // [B, K]
        const logWeights = tf.sub(logLikelihood, logRatio); // [B, K]
        const loss = tf.sub(Math.log(samples), tf.logSumExp(logWeights, 1)) as Tensor1D; // [B]
        const reconstruction = tf.neg(logLikelihood.mean(1)) as Tensor1D; // [B]
        const kl = logRatio.mean(1) as Tensor1D; // [B]
        const tightening = tf.add(loss, logWeights.mean(1)) as Tensor1D; // [B]
        return { loss, parts: { reconstruction, kl, tightening } };
      }),
  };
}
