/**
 * The gradient of a ReLU in one pass, where tfjs makes a mask and multiplies by it.
 *
 * ```math
 * \frac{\partial L}{\partial x} = \begin{cases} \partial L / \partial y & x > 0 \\ 0 & \text{else} \end{cases}
 * ```
 *
 * It differs from tfjs's own where `dy` is infinite or NaN and `x` is not positive: 0, and not NaN.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build } from "./assembled.ts";

/** The kernel's name. It is this library's own: tfjs has none of the kind. */
const KERNEL = "ReluGradient";

/** `dy` where `x` is positive, and else 0. */
export function reluGradientKernel(build: Build): tf.KernelConfig {
  return assembledKernel<"dy" | "x">(KERNEL, build, ({ kernels, address, output }, { inputs: { dy, x } }) => {
    const dx = output(x.shape);
    kernels.gate({ dy: address(dy), x: address(x), out: address(dx), n: tf.util.sizeFromShape(x.shape) });
    return dx;
  });
}

/**
 * The gradient of `Relu`: on the WASM backend the kernel above, and on others what tfjs does. And the kernel's own: what passes
 * forward passes back, and how far `x` is from 0 does not count.
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
