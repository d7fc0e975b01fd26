/**
 * What is read of a batch: its losses, and whether its numbers can be trusted.
 *
 * Everything is found on the device, one small vector a batch; reading many at once costs one wait. So a batch that went
 * wrong is named at the next read, however many came after it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Objective, Terms } from "../objectives/objective.ts";
import type { Batch, Tensor } from "../tensor.ts";
import { figureText, partText, shapeText } from "../wording.ts";
import type { AnyLosses } from "./losses.ts";
import { assertNames } from "./step.ts";

/** What was found of a batch, and what is wrong with it, as the rest of a sentence, if anything is. */
export type Found = { losses: AnyLosses; wrong?: string };

/** The means of a batch, or what some of its rows add to them. */
export type Means = {
  /** What they are of: `loss`, and the objective's parts. */
  names: string[];
  /** The means, `[names.length]`. */
  means: tf.Tensor1D;
  /** The objective's sums. */
  sums: Record<string, Tensor>;
};

/**
 * An objective's terms, added up over examples and divided by `whole`: the means, where `whole` is the number of these
 * examples; a part of the means, where they are a part of a batch. Its sums stay sums.
 *
 * @throws {RangeError} If a term is not one number per example, or is called what a record of a step has already.
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

/** A batch in one vector, and what its numbers are called. */
export type Report = { names: string[]; values: tf.Tensor1D };

/**
 * Puts what is to be read of a batch into one vector: its means, the objective's metrics, and the least and the largest
 * numbers among its examples, and its labels if the objective has a use for class numbers.
 *
 * @param finite A scalar that is 0, or NaN where the step that the batch made left a weight that is not finite.
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

/** What is asked about a batch that went wrong, by its place among the reports. */
export interface Inquiry {
  /** Where its first number is that is not finite, as the beginning of a sentence, if that can be found. */
  notFinite(i: number): Promise<string | undefined>;
  /** Whether the weights that found its losses had been updated; where that is unknown, they had. */
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
  const found = finds ?? `its examples hold numbers from ${least} to ${most}`;
  if (!range) return Number.isFinite(least) && Number.isFinite(most) ? undefined : `${found}, expected finite numbers`;
  if (least >= range[0] && most <= range[1]) return;
  return `${found}, expected numbers in [${range}], as pixels are once divided by 255`;
}

function mislabelled([least = 0, most = 0]: number[], classes = Infinity, finds?: string): string | undefined {
  if (least >= 0 && most <= classes - 1) return;
  const found = finds ?? `its labels are from ${least} to ${most}`;
  return `${found}, expected class numbers from 0 to ${classes - 1}`;
}

/** What it means that a part, or what is told besides, is not finite; what the others may come from is asked first. */
const REASONS: Readonly<Record<string, string>> = {
  kl: ", so log σ² or μ has run away",
  reconstruction: ", so what the decoder outputs has run away",
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
  return `its loss is finite, but its gradient, or the weights after it, are not${cause("", true, extent)}`;
}

/** The largest size of numbers that are scaled: where weights are as they begin, and nothing else can be to blame, and later. */
const [SCALED_AT_FIRST, SCALED] = [10, 100];

/** What makes a loss infinite, and what helps: examples are suspected before the learning rate is. */
function cause(reason: string, updated: boolean, [least, most]: [number, number]): string {
  if (Math.max(-least, most) > (updated ? SCALED : SCALED_AT_FIRST)) {
    const found = `, and its examples hold numbers from ${figureText(least)} to ${figureText(most)}`;
    return `${found}: scale them first, each column to a mean of 0 and a standard deviation of 1`;
  }
  if (updated) return `${reason}: try a smaller learning rate`;
  return `${reason} before any step was taken: the weights it begins with are too large, or not finite`;
}
