/**
 * What training minimises.
 *
 * @module
 */
import type { Json } from "../json.ts";
import type { Random } from "../random.ts";
import type { Batch, Tensor, Tensor1D, Variable } from "../tensor.ts";
import type { Recipe } from "./recipe.ts";

/** What an objective finds of a batch; nothing is averaged: the training loop does that. */
export type Terms<Part extends string = string> = {
  /** What training minimises, one value per example, `[B]`. */
  loss: Tensor1D;
  /** What there is to be told besides, by name, one value per example, `[B]`: mostly what the loss is made of. */
  parts: Record<Part, Tensor1D>;
  /** Sums over the examples, by name, of any shapes: what {@linkcode Objective.update} and {@linkcode Objective.metrics} need. */
  sums?: Record<string, Tensor>;
};

/** Numbers that an objective is told at a step, such as the weight of a term that grows. */
export type Knobs = { readonly [name: string]: Json };

/**
 * Something to minimise, and the variables to do it with. One of your own is a record like this one.
 *
 * @typeParam Part The names of its parts. None may be called as a field of `Step` is.
 * @typeParam Metric The names of its metrics.
 */
export interface Objective<Part extends string = string, Metric extends string = never> {
  /** What it can be made of again, in another thread or from a file. Without one, it trains on one core. */
  readonly recipe?: Recipe;
  /** What gradients move. */
  readonly variables: Variable[];
  /** What else changes as it trains, but only by {@linkcode update}: a codebook, running means. */
  readonly state?: Variable[];
  /** The least and the largest number that an example may hold, where that is known: 0 and 1 for pixels. */
  readonly range?: readonly [number, number];
  /** How many classes labels are of, where it has a use for class numbers: 0 to `classes - 1`. */
  readonly classes?: number;
  /**
   * The terms of a batch. Nothing may change but the noise: training and workers call it as often as they need.
   *
   * @param batch Examples, `[B, ...]`.
   * @param noise What to draw from. Tensors whose first axis is as long as the batch get the same rows, whether one worker
   * draws for the whole batch or several for a part each.
   * @param knobs What {@linkcode knobs} says at this step; where it says nothing, defaults apply.
   */
  terms(batch: Batch, noise: Random, knobs: Knobs): Terms<Part>;
  /**
   * Changes {@linkcode state} after a step of training, and never when examples are only judged.
   *
   * @param sums The sums of the whole batch.
   * @param batch The whole batch.
   * @param noise What to draw from.
   */
  update?(sums: Record<string, Tensor>, batch: Batch, noise: Random): void;
  /**
   * What is no mean over examples, such as the perplexity of a codebook's use.
   *
   * @param sums Sums over all examples that it is to be said of.
   * @returns Scalars, which are read together with the losses.
   */
  metrics?(sums: Record<string, Tensor>): Record<Metric, Tensor>;
  /**
   * The knobs at a step, from 1; at `Infinity`, by which examples are judged, their final values. It is the caller who turns
   * them: workers are told numbers, and a checkpoint keeps them.
   */
  knobs?(step: number): Knobs;
}
