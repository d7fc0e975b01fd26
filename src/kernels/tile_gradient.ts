/**
 * The gradient of `tile`: the sum over all copies, with one kernel per tiled axis.
 *
 * tfjs's own adds up one slice per copy, thousands of them in a layer normalisation, and does not take more than four
 * axes.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Replaces tfjs's own gradient. */
export const TILE_GRADIENT: tf.GradConfig = {
  kernelName: "Tile",
  inputsToSave: ["x"],
  gradFunc(dy, saved, attrs) {
    const [x] = saved as [tf.Tensor];
    return { x: () => sumOfCopies(dy as tf.Tensor, x.shape, attrs.reps as unknown as number[]) };
  },
};

/** `dy`, each axis of it `reps` times as long as in `shape`, summed to that shape. */
function sumOfCopies(dy: tf.Tensor, shape: number[], reps: number[]): tf.Tensor {
  if (dy.size === 0) return tf.zeros(shape);
  let sum = dy;
  reps.forEach((copies, axis) => {
    if (copies === 1) return;
    const before = tf.util.sizeFromShape(shape.slice(0, axis));
    const rest = sum.size / before / copies;
    // Without axes of one, which some backends would transpose.
    if (before === 1) sum = sum.reshape([copies, rest]).sum(0);
    else sum = rest === 1 ? sum.reshape([before, copies]).sum(1) : sum.reshape([before, copies, rest]).sum(1);
  });
  return sum.reshape(shape);
}
