/**
 * What moves a model's variables along their slopes.
 *
 * @module
 */
import type { Scalar, Tensor, Variable } from "../../tensor.ts";

/** Moves variables along their slopes. Whoever makes one disposes of it; the variables stay. */
export interface Optimizer extends Disposable {
  /** Which one it is: a training goes on from a checkpoint only with the same one, with the same {@linkcode options}. */
  readonly name: string;
  /** What it was made with, by name: all but the learning rate. */
  readonly options: Readonly<Record<string, number | boolean>>;
  /** The learning rate of a training that is given none. */
  readonly rate: number;
  /**
   * The variables of its own that steps read and change, such as running means; the same shapes in the same order for the same
   * optimizer of the same variables. `undefined` if they cannot all be seen: a training with it keeps no checkpoints.
   */
  readonly state: readonly Variable[] | undefined;
  /**
   * What else steps read and change, always as many finite numbers. Set to numbers that cannot be its own, it throws a
   * `RangeError`.
   */
  numbers: readonly number[];
  /**
   * Takes a step.
   *
   * @param slopes A slope for each variable, by the variable's name, of its shape.
   * @param rate The learning rate, a positive number.
   * @returns A scalar: 0 if every variable is a finite number everywhere after the step, else NaN. The caller disposes it.
   */
  step(slopes: Readonly<Record<string, Tensor>>, rate: number): Scalar;
}

/** Makes an optimizer of the variables that a training changes. */
export type OptimizerFactory = (variables: readonly Variable[]) => Optimizer | Promise<Optimizer>;

/** Checks that options are shares, numbers in [0, 1). */
export function assertShares(options: Record<string, number>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value >= 0 && value < 1) continue;
    throw new RangeError(`An optimizer's ${name} is a number in [0, 1), not ${value}.`);
  }
}

/** Checks an epsilon: a positive number, or none, for the backend's own. */
export function assertEpsilon(epsilon: number | undefined): void {
  if (epsilon === undefined || (epsilon > 0 && epsilon < Infinity)) return;
  throw new RangeError(`An optimizer's epsilon is a positive number, not ${epsilon}.`);
}
