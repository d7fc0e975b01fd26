/**
 * Registers the kernels of this folder with tfjs.
 *
 * @module
 */
import "@tensorflow/tfjs-backend-wasm"; // registers the kernels that these are made of
import * as tf from "@tensorflow/tfjs";
import { alias } from "./alias.ts";
import { batchMatMul } from "./batch_mat_mul.ts";
import { conv2DBackpropFilter } from "./conv2d_backprop_filter.ts";
import { conv2DBackpropInput } from "./conv2d_backprop_input.ts";
import { depthwiseBackpropFilter, depthwiseBackpropInput } from "./depthwise_conv2d.ts";
import { maxPoolGrad } from "./max_pool_grad.ts";
import { overLeadingAxes } from "./leading_axes.ts";
import { unsortedSegmentSum } from "./unsorted_segment_sum.ts";

let installed = false;

/**
 * Registers the kernels that training needs on tfjs's `wasm` backend, in place of tfjs's own where it has some.
 *
 * Other backends keep their kernels. It may be called before or after the backend is set, and again without effect.
 *
 * Programs then meet these errors, in sentences: a `RangeError` for a convolution's gradient with channels first (`NCHW`)
 * and for a segment that does not exist.
 */
export function installTrainingKernels(): void {
  if (installed) return;
  installed = true;
  const own = (name: string) => tf.getKernel(name, "wasm");
  const kernels = [
    conv2DBackpropFilter,
    conv2DBackpropInput,
    depthwiseBackpropFilter,
    depthwiseBackpropInput,
    unsortedSegmentSum,
    batchMatMul(own("BatchMatMul")),
    overLeadingAxes(own("Sum")),
    overLeadingAxes(own("Mean")),
    maxPoolGrad(own("MaxPoolGrad")),
    alias(own("Identity")),
    alias(own("Cast")),
  ];
  for (const kernel of kernels) {
    if (own(kernel.kernelName)) tf.unregisterKernel(kernel.kernelName, "wasm"); // or tfjs warns on the console
    tf.registerKernel(kernel);
  }
}
