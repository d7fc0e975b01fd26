/**
 * The gradient of maximum pooling, which tfjs's kernel loses where the maximum is negative.
 *
 * ```math
 * \arg\max_i x_i = \arg\max_i \left( -1 / x_i \right) \quad\text{where all } x_i < 0
 * ```
 *
 * tfjs looks for the place of the maximum again and begins at zero, so it finds none among negative numbers and drops
 * the gradient. Where a window's maximum is negative, all its numbers are, and `-1 / x` puts them in the same order and
 * above zero. So the gradient is the sum of tfjs's for the windows with a positive maximum, and tfjs's at `-1 / x` for
 * the others.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { composedKernel, type TensorInfo } from "./compose.ts";

/** Wraps tfjs's own `MaxPoolGrad` of the WASM backend: `dy` `[B, H', W', C]` and `input` `[B, H, W, C]` to its shape. */
export function maxPoolGrad(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel("MaxPoolGrad", ({ run }, { inputs: { dy, input, output }, attrs }) => {
    const negative = (x: TensorInfo) =>
      run("Less", { a: x, b: run("Fill", {}, { shape: [], value: 0, dtype: "float32" }) });
    const select = (condition: TensorInfo, t: TensorInfo, e: TensorInfo) => run("Select", { condition, t, e });
    const none = run("ZerosLike", { x: dy });
    const raised = select(
      negative(input),
      run("Neg", { x: run("Reciprocal", { x: input }) }),
      run("ZerosLike", { x: input }),
    );
    const below = negative(output);
    const a = run(own, { dy: select(below, none, dy), input, output }, attrs);
    const b = run(own, { dy: select(below, dy, none), input: raised, output }, attrs);
    return run("Add", { a, b });
  }, own);
}
