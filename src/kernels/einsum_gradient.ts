/**
 * The gradient of `einsum`. With respect to one tensor, it is the `einsum` of the result's gradient and the other
 * tensor.
 *
 * ```math
 * y_{ik} = \sum_j a_{ij} b_{jk}: \qquad \frac{\partial L}{\partial a_{ij}} = \sum_k \frac{\partial L}{\partial y_{ik}} b_{jk}
 * ```
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** tfjs has no gradient for `Einsum`. */
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
      // A label that only this tensor has was summed over, so the gradient is the same along it.
      const kept = x.shape.map((size, axis) => found.includes(labels[axis]!) ? size : 1); // a label for each axis
      return sums.reshape(kept).broadcastTo(x.shape);
    });
    return gradients as never; // tfjs takes a list if the inputs are a list
  },
};
