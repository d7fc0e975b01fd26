/**
 * The gradient of a ReLU in one pass. tfjs's own computes a mask and multiplies by it.
 *
 * ```math
 * \frac{\partial L}{\partial x} = \begin{cases} \partial L / \partial y & x > 0 \\ 0 & \text{else} \end{cases}
 * ```
 *
 * It differs from tfjs's own if `dy` is infinite or NaN and `x` is not positive: it is 0, not NaN.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build } from "./assembled.ts";

/** The kernel's name. tfjs has no such kernel. */
const KERNEL = "ReluGradient";

/** `dy` where `x` is positive, otherwise 0. */
export function reluGradientKernel(build: Build): tf.KernelConfig {
  return assembledKernel<"dy" | "x">(KERNEL, build, ({ kernels, address, output }, { inputs: { dy, x } }) => {
    const dx = output(x.shape);
    kernels.gate({ dy: address(dy), x: address(x), out: address(dx), n: tf.util.sizeFromShape(x.shape) });
    return dx;
  });
}

/**
 * The gradient of `Relu`, which is the kernel above on the WASM backend and tfjs's own on others; and the gradient of
 * that kernel, which is linear in `dy` and does not depend on the size of `x`, only on its sign.
 */
export const RELU_GRADIENTS: tf.GradConfig[] = [{
  kernelName: "Relu",
  inputsToSave: ["x"],
  gradFunc(dy, saved) {
    const [x] = saved as [tf.Tensor];
    return { x: () => passed(dy as tf.Tensor, x) };
  },
}, {
  kernelName: KERNEL,
  inputsToSave: ["x"],
  gradFunc(dy, saved) {
    const [x] = saved as [tf.Tensor];
    return { dy: () => passed(dy as tf.Tensor, x), x: () => tf.zerosLike(x) };
  },
}];

/** `dy` where `x` is positive. */
function passed(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  if (tf.getBackend() !== "wasm" || x.dtype !== "float32") return dy.mul(x.step());
  return tf.engine().runKernel(KERNEL, { dy, x }) as tf.Tensor;
}
