/**
 * Optimizers, which update a model's variables from their gradients.
 *
 * @module
 */
import type { Scalar, Tensor, Variable } from "../../tensor.ts";

/** Updates variables from their gradients. Whoever creates an optimizer disposes it; the variables remain. */
export interface Optimizer extends Disposable {
  /** Its name. A training run resumes from a checkpoint only with the same name and the same {@linkcode options}. */
  readonly name: string;
  /** The options it was made with, by name, except for the learning rate. */
  readonly options: Readonly<Record<string, number | boolean>>;
  /** The learning rate of a training run for which none is given. */
  readonly rate: number;
  /**
   * Its own variables that steps read and change, such as running means. For the same optimizer of the same variables
   * they have the same shapes in the same order. `undefined` if it does not expose all of them; it then cannot be used
   * with checkpoints.
   */
  readonly state: readonly Variable[] | undefined;
  /**
   * Other numbers that steps read and change. Their count is fixed, and they are finite. Setting invalid numbers throws
   * a `RangeError`.
   */
  numbers: readonly number[];
  /**
   * Takes a step.
   *
   * @param slopes The gradient of the loss for each variable, by the variable's name and in its shape.
   * @param rate The learning rate, a positive number.
   * @returns A scalar: 0 if all variables are finite after the step, otherwise NaN. The caller disposes it.
   */
  step(slopes: Readonly<Record<string, Tensor>>, rate: number): Scalar;
}

/** Makes an optimizer for the variables that training changes. */
export type OptimizerFactory = (variables: readonly Variable[]) => Optimizer | Promise<Optimizer>;

/** Checks that options are numbers in [0, 1). */
export function assertShares(options: Record<string, number>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value >= 0 && value < 1) continue;
    throw new RangeError(`An optimizer's ${name} must be a number in [0, 1), not ${value}.`);
  }
}

/** Checks that an epsilon is a positive number, or `undefined`, which stands for the backend's default. */
export function assertEpsilon(epsilon: number | undefined): void {
  if (epsilon === undefined || (epsilon > 0 && epsilon < Infinity)) return;
  throw new RangeError(`An optimizer's epsilon must be a positive number, not ${epsilon}.`);
}
