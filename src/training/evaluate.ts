/**
 * Evaluates an objective on examples, without training.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples, whereNotFinite } from "../data/examples.ts";
import { InputError } from "../errors.ts";
import type { Objective } from "../objectives/objective.ts";
import { random } from "../random.ts";
import { range, type Tensor } from "../tensor.ts";
import { type Means, readReports, report } from "./batch_report.ts";
import { means, type Question } from "./gradient.ts";
import { add, type AnyLosses, average, type Losses, nothing } from "./losses.ts";
import { nextTurn } from "./next_turn.ts";
import { assertCounts } from "./options.ts";

/** The number of examples that are evaluated at a time. */
export const AT_A_TIME = 500;

/** The options of {@linkcode evaluate}. */
export interface EvaluateOptions {
  /** The number of examples in a batch, 500 by default. Apart from rounding, it affects only memory and speed. */
  batchSize?: number;
  /** The seed of the noise, 0 by default. */
  seed?: number;
}

/**
 * Averages an objective over examples, without training on them. Anything that changes during training, such as the
 * weight of the KL, has its final value.
 *
 * @param objective The objective to average.
 * @param examples The examples to average over.
 * @returns The means over all examples, and the objective's metrics. The noise is drawn once for each example.
 * @throws {RangeError} If an option is out of range, or there are no examples.
 * @throws {InputError} If a loss is not a finite number, or the objective does not take such examples.
 * @example
 * ```ts
 * import { denseVae, evaluate, loadDigits, negativeElbo, take, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const { test } = await loadDigits();
 * const vae = denseVae({ latent: 8, hidden: 64 });
 * const { loss, reconstruction, kl } = await evaluate(negativeElbo(vae), take(test, 100));
 * console.log(loss, reconstruction + kl); // the same
 * vae.dispose();
 * ```
 */
export async function evaluate<Part extends string, Metric extends string = never>(
  objective: Objective<Part, Metric>,
  examples: Examples,
  options: EvaluateOptions = {},
): Promise<Losses<Part | Metric>> {
  const found = await evaluateBy((question) => means(objective, question), objective, examples, options);
  return found as Losses<Part | Metric>; // its names are those of the objective
}

/** {@linkcode evaluate}, with a function that computes the means of a batch. */
export async function evaluateBy(
  means: (question: Question) => Means | Promise<Means>,
  objective: Objective,
  examples: Examples,
  { batchSize = AT_A_TIME, seed = 0 }: EvaluateOptions,
): Promise<AnyLosses> {
  assertCounts({ batchSize, "examples.count": examples.count });
  const noise = random(seed);
  const knobs = objective.knobs?.(Infinity) ?? {};
  const all = range(examples.count);
  const losses = nothing();
  let sums: Record<string, Tensor> = {};
  try {
    for (let start = 0; start < all.length; start += batchSize) {
      const indices = all.subarray(start, start + batchSize);
      const batch = await batchOf(examples, indices);
      const temporary: tf.TensorContainer[] = [batch];
      try {
        const found = await means({ batch, noise, knobs });
        temporary.push(found, sums);
        sums = tf.tidy(() => added(sums, found.sums));
        const told = report(objective, found, batch);
        const inquiry = { notFinite: () => whereNotFinite(batch, indices) };
        const [{ losses: some, wrong } = { losses: { loss: NaN } }] = await readReports([told], objective, inquiry);
        if (wrong) throw new InputError(`Cannot evaluate the batch that begins with example ${start}: ${wrong}.`);
        add(losses, some, indices.length);
      } finally {
        tf.dispose(temporary);
      }
      await nextTurn();
    }
    return { ...average(losses), ...await metricsOf(objective, sums) };
  } finally {
    tf.dispose(sums);
  }
}

/** Adds sums to earlier ones, of which there are none at first. */
function added(some: Record<string, Tensor>, more: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(more).map(([name, t]) => [name, some[name] ? tf.add(some[name], t) : t.clone()]),
  );
}

/** An objective's metrics, as numbers. */
async function metricsOf(objective: Objective, sums: Record<string, Tensor>): Promise<Record<string, number>> {
  const metrics: [string, Tensor][] = Object.entries(tf.tidy(() => objective.metrics?.(sums) ?? {}));
  const values = await Promise.all(metrics.map(async ([name, t]) => [name, (await t.data())[0]]));
  tf.dispose(metrics.map(([, t]) => t));
  return Object.fromEntries(values);
}
