/**
 * An objective's average over examples that are not trained on.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../data/examples.ts";
import { InputError } from "../errors.ts";
import type { Objective } from "../objectives/objective.ts";
import { type Random, random } from "../random.ts";
import { range, type Tensor } from "../tensor.ts";
import { nextTurn } from "./next_turn.ts";
import { assertCounts } from "./options.ts";
import { add, average, type Losses, lossSums, nothing, readReports, report } from "./batch_report.ts";

/** How many examples are evaluated at a time. */
export const AT_A_TIME = 500;

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
 * @throws {InputError} If a loss is no finite number, or the examples are not what the objective takes.
 */
export function evaluate(objective: Objective, examples: Examples, options: EvaluateOptions = {}): Promise<Losses> {
  const alone: Means = (x, noise) => tf.tidy(() => lossSums(objective.terms(x, noise), x.shape[0]));
  return evaluateBy(alone, objective, examples, options);
}

/** What finds the mean loss, reconstruction and KL of a batch, `[3]`. */
export type Means = (x: Tensor, noise: Random) => tf.Tensor1D | Promise<tf.Tensor1D>;

/** {@linkcode evaluate}, whoever finds the means. */
export async function evaluateBy(
  means: Means,
  objective: Objective,
  examples: Examples,
  { batchSize = AT_A_TIME, seed = 0 }: EvaluateOptions,
): Promise<Losses> {
  assertCounts({ batchSize, "examples.count": examples.count });
  const noise = random(seed);
  const all = range(examples.count);
  const sums = nothing();
  for (let start = 0; start < all.length; start += batchSize) {
    const indices = all.subarray(start, start + batchSize);
    const x = batchOf(examples, indices);
    try {
      const mean = await means(x, noise);
      const found = report(mean, x);
      mean.dispose();
      const [{ losses, wrong }] = await readReports([found], objective);
      if (wrong) throw new InputError(`Nothing can be said of the batch of examples ${start} and on: ${wrong}.`);
      add(sums, losses, indices.length);
    } finally {
      x.dispose();
    }
    await nextTurn();
  }
  return average(sums);
}
