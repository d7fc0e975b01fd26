/**
 * Averages over examples: the one place in the project where they are taken.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Examples } from "../data/images.ts";
import type { LossTerms, Objective } from "../objectives/objective.ts";
import { random } from "../random.ts";
import { range } from "../tensor.ts";

/** Averages over examples: nats an image for a VAE, summed squares an example for an autoencoder. */
export type Losses = {
  /** What training makes small: `reconstruction + kl`. */
  loss: number;
  /** The part that asks for a good reconstruction. */
  reconstruction: number;
  /** The part that asks for a simple code; 0 where there is none. */
  kl: number;
};

/** How to evaluate. */
export interface EvaluateOptions {
  /** Examples at a time, 500 by default: only memory and speed depend on it. */
  batchSize?: number;
  /** The seed of the noise, 0 by default. */
  seed?: number;
}

/**
 * Averages an objective over examples, without training on them.
 *
 * @param objective What to average.
 * @param examples What to average over.
 * @returns Means over all examples, z sampled once for each.
 * @throws {RangeError} If an option is not a number that makes sense.
 */
export async function evaluate(
  objective: Objective,
  examples: Examples,
  options: EvaluateOptions = {},
): Promise<Losses> {
  const { batchSize = 500, seed = 0 } = options;
  assertCounts({ batchSize, "examples.count": examples.count });
  const noise = random(seed);
  const all = range(examples.count);
  const total = new Average();
  for (let start = 0; start < all.length; start += batchSize) {
    const indices = all.subarray(start, start + batchSize);
    const means = tf.tidy(() => batchMeans(objective.terms(examples.batch(indices), noise)));
    const [losses] = await readMeans([means]);
    total.add(losses, indices.length);
  }
  return total.value();
}

/** Checks that every count is a whole number of at least 1. */
export function assertCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`${name} is a whole number of at least 1, not ${value}.`);
    }
  }
}

/** The means over the batch of loss, reconstruction and KL, `[3]`. */
export function batchMeans({ loss, reconstruction, kl }: LossTerms): tf.Tensor1D {
  return tf.stack([loss, reconstruction, kl]).mean(1) as tf.Tensor1D;
}

/** Reads and frees the means of several batches. */
export async function readMeans(means: tf.Tensor1D[]): Promise<Losses[]> {
  const stacked = tf.tidy(() => tf.stack(means)); // [steps, 3]
  tf.dispose(means);
  const values = await stacked.data();
  stacked.dispose();
  return means.map((_, i) => {
    const [loss, reconstruction, kl] = values.subarray(3 * i, 3 * i + 3);
    return { loss, reconstruction, kl };
  });
}

/** An average over batches of different sizes. */
export class Average {
  #count = 0;
  #sums: Losses = { loss: 0, reconstruction: 0, kl: 0 };

  /** Takes in a batch's means. */
  add(losses: Losses, batch: number): void {
    this.#count += batch;
    for (const name of ["loss", "reconstruction", "kl"] as const) this.#sums[name] += batch * losses[name];
  }

  /** The average so far. */
  value(): Losses {
    const { loss, reconstruction, kl } = this.#sums;
    return { loss: loss / this.#count, reconstruction: reconstruction / this.#count, kl: kl / this.#count };
  }
}
