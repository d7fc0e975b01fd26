/**
 * Variables that are moved together, and optimizers that do nothing but that.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Scalar, Tensor, Variable } from "../../tensor.ts";
import type { Optimizer } from "./optimizer.ts";

/** A slope for each variable, by its name. */
export type Slopes = Readonly<Record<string, Tensor>>;

/** Some variables, and what is remembered of each of their numbers, such as a running mean of its slope. */
export interface Group<Mean extends string> {
  /** The variables, of any shapes. */
  xs: readonly Variable[];
  /** What is remembered, each `[D]`, where `D` is how many numbers the variables have in all. */
  means: Record<Mean, Variable>;
}

/**
 * Makes an optimizer that does the same with every group of variables.
 *
 * A group is one variable; or all, where a GPU computes, because there every operation has a price of its own, however few
 * numbers it is about.
 *
 * @param about What it is.
 * @param means What is remembered of every number; it begins as zero.
 * @param move Takes a step with a group; returns a scalar that is 0 if its variables are finite after that, else NaN.
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
 * Moves the variables of a group.
 *
 * @param by How far each number moves, `[D]`, from its slope, `[D]`; it may assign to the means.
 * @returns A scalar: 0 if the variables are finite everywhere after that, else NaN.
 */
export function moveGroup({ xs }: { xs: readonly Variable[] }, slopes: Slopes, by: (g: Tensor) => Tensor): Tensor {
  const flat = (parts: readonly Tensor[]) => tf.concat(parts.map((part) => part.flatten()));
  const to = flat(xs).add(by(flat(xs.map((x) => slopeOf(x, slopes)))));
  let at = 0;
  for (const x of xs) x.assign(to.slice(at, x.size).reshape(x.shape)), at += x.size;
  return notFinite(to);
}

/**
 * The slope of a variable.
 *
 * @throws {RangeError} If it has none.
 */
export function slopeOf({ name }: Variable, slopes: Slopes): Tensor {
  const slope = slopes[name];
  if (slope) return slope;
  throw new RangeError(`There is no slope for the variable ${name}.`);
}

/** A scalar that is 0, or NaN if a number of the tensor is not finite: 0 times what is not finite is NaN. */
export function notFinite(tensor: Tensor): Tensor {
  return tensor.mul(0).sum();
}

/** The sum of scalars. */
export function sumOf(scalars: Tensor[]): Scalar {
  return tf.stack(scalars).sum(); // not addN: on webgpu that takes ten at most, and says nothing
}
