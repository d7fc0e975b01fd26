/**
 * The gradient of a sum of products: with respect to one tensor, it is the sum of products of the result's gradient and the
 * other tensor.
 *
 * ```math
 * y_{ik} = \sum_j a_{ij} b_{jk}: \qquad \frac{\partial L}{\partial a_{ij}} = \sum_k \frac{\partial L}{\partial y_{ik}} b_{jk}
 * ```
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** tfjs has none for `Einsum`. */
export const EINSUM_GRADIENT: tf.GradConfig = {
  kernelName: "Einsum",
  saveAllInputs: true,
  gradFunc(dy, tensors, { equation }) {
    const [inputs, result] = String(equation).replace(/\s/g, "").split("->") as [string, string];
    const terms = inputs.split(",");
    const gradients = terms.map((term, i) => () => {
      const x = tensors[i]!; // a tensor for each term
      const others = tensors.filter((_, j) => j !== i);
      const known = [result, ...terms.filter((_, j) => j !== i)];
      const labels = [...term];
      const found = labels.filter((label) => known.some((term) => term.includes(label)));
      const sums = tf.einsum(`${known.join(",")}->${found.join("")}`, dy as tf.Tensor, ...others);
      // A label that was summed over in this tensor alone: each of its numbers counts alike.
      const kept = x.shape.map((size, axis) => found.includes(labels[axis]!) ? size : 1); // a label for each axis
      return sums.reshape(kept).broadcastTo(x.shape);
    });
    return gradients as never; // tfjs takes a list where the inputs are one
  },
};
