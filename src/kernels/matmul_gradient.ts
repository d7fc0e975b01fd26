/**
 * The gradients of a matrix product. A matrix that is broadcast takes part in several products, and its gradient is the
 * sum over all of them.
 *
 * ```math
 * c = a b: \qquad \frac{\partial L}{\partial a} = \frac{\partial L}{\partial c} b^T , \quad
 * \frac{\partial L}{\partial b} = a^T \frac{\partial L}{\partial c}
 * ```
 *
 * tfjs's own gradients do not sum, so tfjs refuses them if a batch is broadcast.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Replaces tfjs's own gradient. */
export const MATMUL_GRADIENT: tf.GradConfig = {
  kernelName: "BatchMatMul",
  inputsToSave: ["a", "b"],
  gradFunc(slope, saved, attrs) {
    const dy = slope as tf.Tensor;
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const [transposeA, transposeB] = [attrs.transposeA === true, attrs.transposeB === true];
    const ofA = () => transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB);
    const ofB = () => transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false);
    return { a: () => summed(ofA(), a.shape), b: () => summed(ofB(), b.shape) };
  },
};

/** The sums over the axes that were broadcast from `shape`. */
function summed(x: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, x.shape);
  return axes.length === 0 ? x : x.sum(axes).reshape(shape);
}
