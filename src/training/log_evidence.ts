/**
 * Estimates how likely examples are under a VAE.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples, whereNotFinite } from "../data/examples.ts";
import { InputError } from "../errors.ts";
import type { Vae } from "../models/vae.ts";
import { draws } from "../objectives/draws.ts";
import { labelsFor } from "../objectives/labels.ts";
import { type Random, random } from "../random.ts";
import { type Batch, range } from "../tensor.ts";
import { AT_A_TIME } from "./evaluate.ts";
import { nextTurn } from "./next_turn.ts";
import { assertCounts } from "./options.ts";

/** How to estimate. */
export interface LogEvidenceOptions {
  /** The number of codes drawn for each example, at least 2; 5,000 is common. */
  samples: number;
  /** The seed of the codes, 0 by default. */
  seed?: number;
}

/** An estimate of log p(x), in nats. */
export interface LogEvidence {
  /** The mean over the examples. */
  mean: number;
  /** The standard error of the mean due to drawing codes. It does not include the choice of examples. */
  standardError: number;
  /** One estimate per example, `[N]`. */
  each: Float32Array;
}

/**
 * Estimates log p(x) of examples by importance sampling from q(z | x) (Rezende et al. 2014):
 *
 * ```math
 * \log p(x) \approx \log \frac{1}{K} \sum_{k=1}^{K} w_k, \quad w_k = \frac{p(x \mid z_k) \, p(z_k)}{q(z_k \mid x)}
 * ```
 *
 * It works in log space, so that no weight underflows, and adds in double precision. In expectation the estimate is too
 * low by about half its variance: the standard error tells how far to trust it, and more codes bring it closer. For
 * grey pixels under a Bernoulli likelihood, which is then a loss and not a probability, the result is only good for
 * comparing models.
 *
 * @param vae The model. A conditional VAE uses the examples' labels and gives log p(x | y).
 * @param examples The examples to estimate it for.
 * @returns The estimates in nats. Higher is more likely.
 * @throws {RangeError} If `samples` is not a whole number of at least 2, or there are no examples.
 * @throws {InputError} If an estimate is not a finite number.
 * @example
 * ```ts
 * import { denseVae, loadDigits, logEvidence, take, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const { test } = await loadDigits();
 * const vae = denseVae({ latent: 8, hidden: 64 });
 * const { mean, standardError, each } = await logEvidence(vae, take(test, 10), { samples: 100 });
 * console.log(`${mean} ± ${standardError} nats`, each.length); // … 10
 * vae.dispose();
 * ```
 */
export async function logEvidence(
  vae: Vae,
  examples: Examples,
  { samples, seed = 0 }: LogEvidenceOptions,
): Promise<LogEvidence> {
  assertCounts({ samples, "samples - 1": samples - 1, "examples.count": examples.count });
  const noise = random(seed);
  const each = new Float32Array(examples.count);
  // Bounds the number of codes at a time, and so the memory.
  const atATime = Math.max(1, Math.floor(AT_A_TIME / samples));
  const all = range(examples.count);
  let [total, variance] = [0, 0];
  for (let start = 0; start < all.length; start += atATime) {
    const indices = all.subarray(start, start + atATime);
    const batch = await batchOf(examples, indices);
    try {
      for (const [i, weights] of (await weightsOf(vae, batch, noise, samples)).entries()) {
        const { logMean, relativeVariance } = summary(weights);
        if (!Number.isFinite(logMean)) {
          const found = await whereNotFinite(batch, indices);
          throw new InputError(`log p(x) of example ${start + i} is ${logMean}${found ? `: ${found}` : ""}.`);
        }
        each[start + i] = logMean;
        total += logMean;
        variance += relativeVariance / samples;
      }
    } finally {
      tf.dispose(batch);
    }
  }
  return { mean: total / each.length, standardError: Math.sqrt(variance) / each.length, each };
}

/** The logarithms of the weights, one array for each example of a batch. */
async function weightsOf(vae: Vae, batch: Batch, noise: Random, samples: number): Promise<Float64Array[]> {
  const count = batch.x.shape[0] ?? 0;
  const weights = Array.from({ length: count }, () => new Float64Array(samples));
  for (let from = 0; from < samples; from += AT_A_TIME) {
    const K = Math.min(AT_A_TIME, samples - from);
    const some = tf.tidy(() => {
      const y = labelsFor(vae, batch);
      const { logLikelihood, logRatio } = draws(vae, vae.encode(batch.x, y), { x: batch.x, y }, noise, K);
      return tf.sub(logLikelihood, logRatio); // [B, K]
    });
    const values = await some.data();
    some.dispose();
    weights.forEach((row, i) => row.set(values.subarray(i * K, (i + 1) * K), from));
    await nextTurn();
  }
  return weights;
}

/** The logarithm of the mean of weights given by their logarithms, and their variance relative to the mean's square. */
function summary(logWeights: Float64Array): { logMean: number; relativeVariance: number } {
  const most = logWeights.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = logWeights.map((value) => Math.exp(value - most)); // the largest is 1
  const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
  const squares = weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / (weights.length - 1);
  return { logMean: most + Math.log(mean), relativeVariance: squares / mean ** 2 };
}
