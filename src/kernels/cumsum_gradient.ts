/**
 * The gradient of a cumulative sum: the cumulative sum of `dy` from the other end.
 *
 * ```math
 * y_i = \sum_{j \le i} x_j: \qquad \frac{\partial L}{\partial x_j} = \sum_{i \ge j} \frac{\partial L}{\partial y_i}
 * ```
 *
 * tfjs's own gradient mixes up the axes unless the sums run along the last one.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Replaces tfjs's own gradient. */
export const CUMSUM_GRADIENT: tf.GradConfig = {
  kernelName: "Cumsum",
  inputsToSave: ["x"],
  gradFunc(dy, saved, attrs) {
    const [x] = saved as [tf.Tensor];
    const [axis] = tf.util.parseAxisParam(attrs.axis as number, x.shape);
    return { x: () => tf.cumsum(dy as tf.Tensor, axis, attrs.exclusive as boolean, !attrs.reverse) };
  },
};
