/**
 * The gradients of comparisons, which tfjs lacks for most: zero, since they change in jumps alone.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Zeros for both sides of every comparison; a layer such as thresholded ReLU multiplies by one. */
export const COMPARISON_GRADIENTS: tf.GradConfig[] = [
  "Equal",
  "NotEqual",
  "Greater",
  "GreaterEqual",
  "Less",
  "LessEqual",
].map((kernelName) => ({
  kernelName,
  inputsToSave: ["a", "b"],
  gradFunc: (_, [a, b]) => ({ a: () => tf.zeros(a.shape), b: () => tf.zeros(b.shape) }),
}));
