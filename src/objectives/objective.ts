/**
 * Objectives: what training minimises.
 *
 * @module
 */
import type { Json } from "../json.ts";
import type { Random } from "../random.ts";
import type { Batch, Tensor, Tensor1D, Variable } from "../tensor.ts";
import type { Recipe } from "./recipe.ts";

/** What an objective computes for a batch. Nothing is averaged here: the training loop does that. */
export type Terms<Part extends string = string> = {
  /** The loss that training minimises, one value per example, `[B]`. */
  loss: Tensor1D;
  /** Other values to report, by name, one value per example, `[B]`: usually the terms of the loss. */
  parts: Record<Part, Tensor1D>;
  /**
   * Sums over the examples, by name and of any shape, for {@linkcode Objective.update} and
   * {@linkcode Objective.metrics}.
   */
  sums?: Record<string, Tensor>;
};

/** Settings that an objective takes at a step, such as the weight of a term that grows. */
export type Knobs = { readonly [name: string]: Json };

/**
 * A loss to minimise, and the variables that training changes. A custom objective is any object with these members.
 *
 * @typeParam Part The names of its parts. None may be the name of a field of `Step`.
 * @typeParam Metric The names of its metrics.
 */
export interface Objective<Part extends string = string, Metric extends string = never> {
  /** How a worker can rebuild it, and how a checkpoint identifies it. Without a recipe, it trains on one core. */
  readonly recipe?: Recipe;
  /** The variables that gradients change. */
  readonly variables: Variable[];
  /** Variables that only {@linkcode update} changes, such as a codebook or running means. */
  readonly state?: Variable[];
  /** The smallest and the largest number that an example may hold, if there are limits: 0 and 1 for pixels. */
  readonly range?: readonly [number, number];
  /** The number of classes, if it uses class numbers as labels: they run from 0 to `classes - 1`. */
  readonly classes?: number;
  /**
   * Computes the terms of a batch. It must change nothing but the noise: training and workers call it as often as they
   * need.
   *
   * @param batch Examples, `[B, ...]`.
   * @param noise The source to draw from. Each example gets the same rows of a tensor whose first axis is as long as
   * the batch, whether one worker draws for the whole batch or several workers each draw a part.
   * @param knobs The result of {@linkcode knobs} at this step. Defaults apply to settings that are missing.
   */
  terms(batch: Batch, noise: Random, knobs: Knobs): Terms<Part>;
  /**
   * Changes {@linkcode state} after a training step. Evaluation never calls it.
   *
   * @param sums The sums of the whole batch.
   * @param batch The whole batch.
   * @param noise What to draw from.
   */
  update?(sums: Record<string, Tensor>, batch: Batch, noise: Random): void;
  /**
   * Metrics that are not means over examples, such as the perplexity of a codebook's use.
   *
   * @param sums The sums over all examples that the metrics describe.
   * @returns Scalars, by name, which are read together with the losses.
   */
  metrics?(sums: Record<string, Tensor>): Record<Metric, Tensor>;
  /**
   * The knobs at a step, counted from 1; at `Infinity`, their final values, which evaluation uses. The training loop
   * calls this: workers receive the values, and checkpoints record them.
   */
  knobs?(step: number): Knobs;
}
