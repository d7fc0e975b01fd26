/**
 * Training on tfjs's WASM backend.
 *
 * tfjs's WebAssembly backend is its fastest way to compute without a GPU, but it was made to run networks, not to train
 * them. It lacks the gradient of a convolution with respect to its filter, so no convolutional network trains on it,
 * and much of what training needs is slow. {@linkcode installTrainingKernels} registers kernels that are missing or
 * slow. They are written in WebAssembly or composed from tfjs's own kernels, and the program stays as it is:
 *
 * ```ts ignore
 * import * as tf from "@tensorflow/tfjs";
 * import { installTrainingKernels } from "@vae/kernels";
 *
 * installTrainingKernels();
 * await tf.setBackend("wasm");
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, strides: 2, activation: "relu" }),
 *     tf.layers.flatten(),
 *     tf.layers.dense({ units: 2, activation: "softmax" }),
 *   ],
 * });
 * model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
 * const images = tf.randomNormal([4, 8, 8, 1], 0, 1, "float32", 1);
 * const labels = tf.oneHot([0, 1, 1, 0], 2);
 * await model.fit(images, labels, { epochs: 2, verbose: 0 });
 * ```
 *
 * | kernel | in tfjs | in this package |
 * | --- | --- | --- |
 * | `Conv2DBackpropFilter` | missing | a matrix product of windows, read in place |
 * | `Conv2DBackpropInput`, also `conv2dTranspose` | a scalar loop | one such product for each phase of the stride |
 * | `Conv2D`, `FusedConv2D` | XNNPACK | one such product, with fused multiply-add if the machine has it |
 * | `FusedConv2D` with other activations and biases | wrong numbers, or a crash of the backend | separate kernels after the product |
 * | convolutions with channels first, `NCHW` | missing | transposed to channels last and back |
 * | `Conv3D` and its gradients, also `conv3dTranspose` | a scalar loop; wrong gradients | the same products, one slice of the filter at a time |
 * | `DepthwiseConv2dNative`, also fused | wrong with explicit padding, or strides larger than the filter | four channels at a time |
 * | `DepthwiseConv2dNativeBackpropFilter`, `…Input` | missing | four channels at a time |
 * | `BatchMatMul`, `_FusedMatMul` | a slow loop if transposed or batched | the same product |
 * | `Sum`, `Mean` | transpose first; 3·10⁷ ones add up to 16,777,216 | no transpose; blocks, summed in double precision |
 * | `Max`, `Prod`, `All`, `ArgMax` and the like, `Sum`, `Mean` of empty tensors | uninitialised memory | as on `cpu` |
 * | `Softplus`, `Log1p`, `Sin`, `Cos` | slow; wrong for small or large numbers | right to float32 precision |
 * | `Relu6`, `ClipByValue`, `Maximum`, `Minimum`, `Sign` | lose NaN or small numbers | right, and vectorised |
 * | `Prelu` | slopes along the last axis only | slopes broadcast along any axes |
 * | the gradient of `Relu` | a mask and a product | one pass |
 * | `Einsum` | missing; its gradient is missing on every backend | one matrix product |
 * | `Slice` | copies the whole tensor; reads out of bounds | copies the part; throws if out of bounds |
 * | `AdamStep` | a dozen kernels | one pass over each parameter |
 * | `UnsortedSegmentSum`, for `gather` and embeddings | missing | adds rows to rows |
 * | `MaxPool`, `AvgPool` and their gradients, also in 3D; `MaxPoolWithArgmax` | lose negative maxima; other padding rules; divide by pixels outside the image | one pass over the windows, cut to the image |
 * | `Dilation2D` and its gradients | lose negative maxima | a plain loop |
 * | `ResizeNearestNeighbor` and its gradient, `ResizeBilinearGrad` | the wrong pixel for some sizes; no half-pixel centres | rows copied, windows added |
 * | `CropAndResize` | reads other memory if a box names an image that does not exist | zeros |
 * | `Identity`, `Cast` to the same type | copy | share the data |
 * | `BatchMatMul` of int32 and bool | missing | exact |
 * | `Cast` to bool | looks at the last byte of a number only | true for every number but 0 |
 * | `GatherV2` with batch dimensions; sums and padding of more than six axes | read other memory | as on `cpu` |
 * | `Transpose`, `Cumsum`, `TopK` and the like, of empty tensors | a trap | as on `cpu` |
 * | `Cumsum`, `Cumprod` along a negative axis | a crash of the backend | right |
 * | `OneHot` of float32, `StridedSlice` of int32, many functions of bool, int32 and strings | garbage | as on `cpu` |
 * | ragged tensors, `StaticRegexReplace` | missing | as on `cpu` |
 *
 * tfjs registers gradients for all backends at once, so these also apply to the program's other backends:
 *
 * - Dilated convolutions have gradients, which tfjs refuses, with one exception: `tf.fused.conv2d` and
 *   `tf.fused.depthwiseConv2d` have gradients of their own, which still refuse a dilation. A dilated
 *   `tf.layers.conv2d` uses the first of them unless its activation is `relu` or `elu`.
 * - Gradients of convolutions have gradients themselves, as a gradient penalty needs, and so do those of resizing and
 *   of pooling, except for maxima in three dimensions. Rounding modes are respected.
 * - Average pooling's gradient is the derivative of what the pooling computes, in which padding does not count. tfjs's
 *   other backends divide by the whole window, so the two differ at the edges of padded images.
 * - Comparisons have the gradient zero. `einsum` and crops have gradients, crops with respect to images and boxes.
 * - The gradients of `tile` (for any rank), of `cumsum` (along any axis) and of broadcast matrix products are right.
 * - The gradient of `mirrorPad` is tfjs's own: it cuts the padding off, as its specs demand, although the derivative
 *   would add what the padding mirrors.
 * - On wasm, the gradient of a ReLU is 0 wherever its input is not positive, even if the incoming gradient is
 *   infinite.
 *
 * Complex numbers and their Fourier transforms are still missing. What is computed "as on `cpu`" is computed by tfjs's
 * `cpu` backend, on copies; such cases are rare. Results agree with that backend to float32 rounding but not bit for
 * bit, because they are added up in a different order.
 *
 * @module
 */
export type { Build } from "./assembled.ts";
export { EnvironmentError } from "./environment_error.ts";
export { type ActiveKernels, activeKernels, installTrainingKernels, uninstallTrainingKernels } from "./install.ts";
