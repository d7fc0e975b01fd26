/**
 * Reads the losses of a batch, and checks that its numbers are valid.
 *
 * Everything is computed on the device, in one small vector per batch, and many vectors can be read with one wait. The
 * next read therefore names the first batch that went wrong, however many came after it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Objective, Terms } from "../objectives/objective.ts";
import type { Batch, Tensor } from "../tensor.ts";
import { figureText, partText, shapeText } from "../wording.ts";
import type { AnyLosses } from "./losses.ts";
import { assertNames } from "./step.ts";

/** The losses of a batch, and what is wrong with it, if anything, as the rest of a sentence. */
export type Found = { losses: AnyLosses; wrong?: string };

/** The means of a batch, or the contribution of some of its rows to them. */
export type Means = {
  /** Their names: `loss`, and the objective's parts. */
  names: string[];
  /** The means, `[names.length]`. */
  means: tf.Tensor1D;
  /** The objective's sums. */
  sums: Record<string, Tensor>;
};

/**
 * Adds up an objective's terms over examples and divides by `whole`. The results are means if `whole` is the number of
 * these examples, and contributions to the means if the examples are only part of a batch. The objective's sums are not
 * divided.
 *
 * @throws {RangeError} If a term is not one number per example, or has the name of a field of `Step`.
 */
export function meansOf({ loss, parts, sums = {} }: Terms, whole: number): Means {
  const terms: [string, Tensor][] = [["loss", loss], ...Object.entries(parts)];
  assertNames(Object.keys(parts));
  for (const [name, { shape }] of terms) {
    if (shape.length === 1 && shape[0] === loss.shape[0]) continue;
    throw new RangeError(
      `The objective's ${name} has shape ${shapeText(shape)}; expected one number per example, [B].`,
    );
  }
  return tf.tidy(() => ({
    names: terms.map(([name]) => name),
    means: tf.stack(terms.map(([, t]) => t)).sum(1).div(whole) as tf.Tensor1D,
    sums: Object.fromEntries(Object.entries(sums).map(([name, t]) => [name, t.clone()])),
  }));
}

/** A batch in one vector, and the names of its numbers. */
export type Report = { names: string[]; values: tf.Tensor1D };

/**
 * Puts all numbers that are read for a batch into one vector: its means, the objective's metrics, the smallest and the
 * largest number among its examples, and the same of its labels if the objective uses class numbers.
 *
 * @param finite A scalar: 0, or NaN if the step with this batch left a weight that is not finite.
 */
export function report(
  objective: Objective,
  { names, means, sums }: Means,
  { x, y }: Batch,
  finite?: tf.Scalar,
): Report {
  return tf.tidy(() => {
    const metrics = objective.metrics?.(sums) ?? {};
    assertNames(Object.keys(metrics));
    const labels = objective.classes !== undefined && y?.rank === 1 ? [y.min(), y.max()] : [];
    const scalars = [...Object.values<Tensor>(metrics), x.min(), x.max(), finite ?? tf.scalar(0), ...labels];
    const values = tf.concat([means, tf.stack(scalars.map((t) => t.asScalar()))]) as tf.Tensor1D;
    return { names: [...names, ...Object.keys(metrics)], values };
  });
}

/** Questions about a batch that went wrong, by its index among the reports. */
export interface Inquiry {
  /** Where its first number is that is not finite, as the start of a sentence, if that can be found. */
  notFinite(i: number): Promise<string | undefined>;
  /** Whether the weights had been updated before its losses were computed; assumed to be so if unknown. */
  updated?(i: number): boolean;
}

/** Reads and frees reports. */
export async function readReports(reports: Report[], objective: Objective, inquiry: Inquiry): Promise<Found[]> {
  const stacked = tf.tidy(() => tf.stack(reports.map(({ values }) => values))); // [batches, numbers]
  tf.dispose(reports.map(({ values }) => values));
  const all = await stacked.data();
  const length = stacked.shape[1] ?? 0;
  stacked.dispose();
  return await Promise.all(reports.map(async ({ names }, i) => {
    const values = all.subarray(length * i, length * (i + 1));
    const losses = Object.fromEntries(names.map((name, j) => [name, values[j]])) as AnyLosses;
    const [least = NaN, most = NaN, finite = NaN, ...labels] = values.subarray(names.length);
    const finds = [least, most, ...labels].every(Number.isFinite) ? undefined : await inquiry.notFinite(i);
    const wrong = strayed(least, most, objective.range, finds) ?? mislabelled(labels, objective.classes, finds) ??
      diverged(losses, finite, inquiry.updated?.(i) ?? true, objective.range ? [0, 1] : [least, most]);
    return { losses, ...(wrong !== undefined && { wrong }) };
  }));
}

function strayed(least: number, most: number, range?: readonly [number, number], finds?: string): string | undefined {
  const found = finds ?? `its examples contain numbers from ${least} to ${most}`;
  if (!range) return Number.isFinite(least) && Number.isFinite(most) ? undefined : `${found}, expected finite numbers`;
  if (least >= range[0] && most <= range[1]) return;
  return `${found}, expected numbers in [${range}], such as pixels divided by 255`;
}

function mislabelled([least = 0, most = 0]: number[], classes = Infinity, finds?: string): string | undefined {
  if (least >= 0 && most <= classes - 1) return;
  const found = finds ?? `its labels range from ${least} to ${most}`;
  return `${found}, expected class numbers from 0 to ${classes - 1}`;
}

/**
 * What it means that a part or the loss is not finite. The parts are checked before the loss, which they may explain.
 */
const REASONS: Readonly<Record<string, string>> = {
  kl: ", so log σ² or μ has diverged",
  reconstruction: ", so the decoder's output has diverged",
  loss: "",
};

function diverged(losses: AnyLosses, finite: number, updated: boolean, extent: [number, number]): string | undefined {
  const names = new Set([...Object.keys(REASONS).slice(0, 2), ...Object.keys(losses).reverse()]);
  for (const name of names) {
    const value = losses[name];
    if (value === undefined || Number.isFinite(value)) continue;
    const what = name === "reconstruction" ? "reconstruction loss" : partText(name);
    return `its ${what} is ${value}${cause(REASONS[name] ?? "", updated, extent)}`;
  }
  if (Number.isFinite(finite)) return;
  return `its loss is finite, but its gradient or the weights after the step are not${cause("", true, extent)}`;
}

/**
 * The largest magnitude that counts as scaled: with the initial weights, when nothing else can be to blame, and later.
 */
const [SCALED_AT_FIRST, SCALED] = [10, 100];

/** Why a loss is not finite, and what helps. Unscaled examples are blamed before the learning rate. */
function cause(reason: string, updated: boolean, [least, most]: [number, number]): string {
  if (Math.max(-least, most) > (updated ? SCALED : SCALED_AT_FIRST)) {
    const found = `, and its examples contain numbers from ${figureText(least)} to ${figureText(most)}`;
    return `${found}: scale them first, each column to a mean of 0 and a standard deviation of 1`;
  }
  if (updated) return `${reason}: try a smaller learning rate`;
  return `${reason} before the first step: the initial weights are too large or not finite`;
}
