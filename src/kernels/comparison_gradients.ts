/**
 * The gradients of comparisons, which are zero wherever they exist. tfjs has no gradients for them, so it refuses
 * everything that contains a comparison, such as a second gradient of SELU, or a layer with a threshold.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

const PAIRS = ["Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"];
const SINGLE = ["IsFinite", "IsInf", "IsNan"];

/** A gradient for each comparison: zeros for each of its inputs. */
export const COMPARISON_GRADIENTS: tf.GradConfig[] = [
  ...PAIRS.map((kernelName) => zeros(kernelName, ["a", "b"])),
  ...SINGLE.map((kernelName) => zeros(kernelName, ["x"])),
];

function zeros(kernelName: string, inputs: string[]): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: inputs,
    // tfjs saves one tensor per name, in this order.
    gradFunc: (_dy, saved) => Object.fromEntries(inputs.map((name, i) => [name, () => tf.zeros(saved[i]!.shape)])),
  };
}
