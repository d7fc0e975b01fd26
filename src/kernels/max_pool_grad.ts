/**
 * The gradient of maximum pooling, which tfjs's kernel loses where the maximum is negative.
 *
 * ```math
 * \arg\max_i x_i = \arg\max_i \left( x_i - 2 m \right), \qquad m = \min(0, \min_i x_i)
 * ```
 *
 * tfjs looks for the place of the maximum again and begins at zero, so it finds none among negative numbers and drops
 * the gradient. To subtract the same from all moves no maximum, and makes all of them at least `-m`. It is subtracted in
 * two steps of the size of the numbers themselves, so it merges only numbers that differ by rounding.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { composedKernel } from "./compose.ts";

/** Wraps tfjs's own `MaxPoolGrad` of the WASM backend: `dy` `[B, H', W', C]` and `input` `[B, H, W, C]` to its shape. */
export function maxPoolGrad(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel("MaxPoolGrad", ({ run }, { inputs, attrs }) => {
    const { input } = inputs;
    const least = run("Min", { x: input }, { axis: [0, 1, 2, 3], keepDims: false });
    const m = run("Minimum", { a: least, b: run("Fill", {}, { shape: [], value: 0, dtype: "float32" }) });
    const raised = run("Sub", { a: run("Sub", { a: input, b: m }), b: m });
    return run(own, { ...inputs, input: raised }, attrs);
  }, own);
}
