/**
 * The gradient of `mirrorPad`: each number of the padding counts for the one that it mirrors.
 *
 * tfjs's own cuts the padding off.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** In place of tfjs's own. */
export const MIRROR_PAD_GRADIENT: tf.GradConfig = {
  kernelName: "MirrorPad",
  inputsToSave: ["x"],
  gradFunc: (dy, [x], { paddings, mode }) => ({
    x: () => folded(dy as tf.Tensor, x.shape, paddings as [number, number][], mode === "reflect" ? 1 : 0),
  }),
};

/** `dy`, of the padded shape, with both paddings of each axis turned over onto what they mirror: `edge` from the end on. */
function folded(dy: tf.Tensor, shape: number[], paddings: [number, number][], edge: number): tf.Tensor {
  if (dy.size === 0) return tf.zeros(shape);
  return paddings.reduce((sum, [before, behind], axis) => {
    const size = shape[axis], padded = before + size + behind;
    if (padded === size) return sum;
    const outer = tf.util.sizeFromShape(shape.slice(0, axis)), rest = sum.size / outer / padded;
    const lines = sum.reshape([outer, padded, rest]);
    const part = (from: number, count: number) => tf.slice(lines, [0, from, 0], [outer, count, rest]);
    const mirrored = (from: number, count: number, to: number) =>
      part(from, count).reverse(1).pad([[0, 0], [to, size - count - to], [0, 0]]);
    let all: tf.Tensor = part(before, size);
    if (before > 0) all = all.add(mirrored(0, before, edge));
    if (behind > 0) all = all.add(mirrored(before + size, behind, size - behind - edge));
    return all.reshape(sum.shape.with(axis, size));
  }, dy);
}
