import * as tf from "@tensorflow/tfjs";
import type { Objective } from "../objectives/objective.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { lossSums } from "./batch_report.ts";

/** The mean loss, reconstruction and KL of a batch, `[3]`, and a slope of the mean loss for each variable, by its name. */
export type Gradient = { means: tf.Tensor1D; slopes: Record<string, Tensor> };

/**
 * The gradient of a batch's mean loss: the one place in the project where an example's loss is averaged to be made small.
 *
 * @param x The examples, or a part of them.
 * @param noise What the objective may draw from.
 * @param whole How many examples the batch has, if `x` is a part of it: the gradients of the parts then add up to that of the
 * batch, and so do their means.
 */
export function gradient(objective: Objective, x: Tensor, noise: Random, whole: number = x.shape[0]): Gradient {
  return tf.tidy(() => {
    let means!: tf.Tensor1D;
    const { grads } = tf.variableGrads(() => {
      means = tf.keep(lossSums(objective.terms(x, noise), whole));
      return means.slice(0, 1).asScalar();
    }, objective.variables);
    const slopes = objective.variables.map((x) => [x.name, grads[x.name] ?? tf.zerosLike(x)]);
    return { means, slopes: Object.fromEntries(slopes) };
  });
}

/** What some rows of a batch add to its means, `[3]`, and with `slopes` to each slope after them, in the variables' order. */
export function contribution(objective: Objective, x: Tensor, noise: Random, whole: number, slopes: boolean): Tensor[] {
  if (!slopes) return [lossSums(objective.terms(x, noise), whole)];
  const found = gradient(objective, x, noise, whole);
  return [found.means, ...objective.variables.map(({ name }) => found.slopes[name])];
}
