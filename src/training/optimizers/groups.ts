/**
 * Groups of variables that are updated together, and optimizers that update each group in the same way.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Scalar, Tensor, Variable } from "../../tensor.ts";
import type { Optimizer } from "./optimizer.ts";

/** The gradient for each variable, by its name. */
export type Slopes = Readonly<Record<string, Tensor>>;

/** A group of variables, and what is remembered for each of their numbers, such as a running mean of its gradient. */
export interface Group<Mean extends string> {
  /** The variables, of any shape. */
  xs: readonly Variable[];
  /** What is remembered, each `[D]`, where `D` is the total size of the variables. */
  means: Record<Mean, Variable>;
}

/**
 * Makes an optimizer that updates every group of variables in the same way.
 *
 * A group is a single variable. On a GPU it is all variables together, because there every operation has a fixed cost.
 *
 * @param about The optimizer's name, options and default learning rate.
 * @param means The names of what is remembered for every number; it starts at zero.
 * @param move Updates a group; returns a scalar that is 0 if its variables are finite afterwards, otherwise NaN.
 */
export function groupedOptimizer<Mean extends string>(
  variables: readonly Variable[],
  about: Pick<Optimizer, "name" | "options" | "rate">,
  means: readonly Mean[],
  move: (group: Group<Mean>, slopes: Slopes, rate: number) => Tensor,
): Optimizer {
  const zeros = (size: number) => tf.tidy(() => tf.variable(tf.zeros([size]), false));
  const together = tf.getBackend() === "webgpu" ? [variables] : variables.map((x) => [x]);
  const groups = together.map((xs): Group<Mean> => {
    const size = xs.reduce((total, { size }) => total + size, 0);
    return { xs, means: Object.fromEntries(means.map((mean) => [mean, zeros(size)])) as Record<Mean, Variable> };
  });
  const state = groups.flatMap(({ means }) => Object.values<Variable>(means));
  return {
    ...about,
    state,
    numbers: [],
    step: (slopes, rate) => tf.tidy(() => sumOf(groups.map((group) => move(group, slopes, rate)))),
    [Symbol.dispose]: () => tf.dispose(state),
  };
}

/**
 * Updates the variables of a group.
 *
 * @param by Returns the change of each number, `[D]`, given its gradient, `[D]`. It may assign to the means.
 * @returns A scalar: 0 if all variables are finite afterwards, otherwise NaN.
 */
export function moveGroup({ xs }: { xs: readonly Variable[] }, slopes: Slopes, by: (g: Tensor) => Tensor): Tensor {
  const flat = (parts: readonly Tensor[]) => tf.concat(parts.map((part) => part.flatten()));
  const to = flat(xs).add(by(flat(xs.map((x) => slopeOf(x, slopes)))));
  let at = 0;
  for (const x of xs) x.assign(to.slice(at, x.size).reshape(x.shape)), at += x.size;
  return notFinite(to);
}

/**
 * The gradient for a variable. *
 * @throws {RangeError} If there is none.
 */
export function slopeOf({ name }: Variable, slopes: Slopes): Tensor {
  const slope = slopes[name];
  if (slope) return slope;
  throw new RangeError(`There is no gradient for the variable ${name}.`);
}

/**
 * A scalar: 0 if all numbers of a tensor are finite, otherwise NaN, because 0 times a number that is not finite is NaN.
 */
export function notFinite(tensor: Tensor): Tensor {
  return tensor.mul(0).sum();
}

/** The sum of scalars. */
export function sumOf(scalars: Tensor[]): Scalar {
  return tf.stack(scalars).sum(); // not addN, which on WebGPU silently takes at most ten
}
