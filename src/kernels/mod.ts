/**
 * Training on tfjs's WASM backend.
 *
 * tfjs's WebAssembly backend is its fast way to compute without a GPU, but it was made to run networks, not to train them:
 * it lacks the gradient of a convolution with respect to its filter, so no convolutional network trains on it, and much of
 * what it has for training is slow. {@linkcode installTrainingKernels} registers what is missing or slow, written in
 * WebAssembly or composed from tfjs's own kernels, and an ordinary program trains:
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
 * | kernel | before | here |
 * | --- | --- | --- |
 * | `Conv2DBackpropFilter` | missing | a matrix product of windows, read where they lie |
 * | `Conv2DBackpropInput`, also `conv2dTranspose` | a scalar loop | one such product for each phase of the stride |
 * | `Conv2D`, `FusedConv2D` | XNNPACK | one such product; with multiply-add in one instruction where there is one |
 * | their other activations and biases | wrong numbers, or the end of the backend | kernels of their own, after the product |
 * | channels first, `NCHW` | missing | transposed to channels last and back |
 * | `Conv3D`, its gradients, and so `conv3dTranspose` | a scalar loop; wrong gradients | the same products, a slice of the filter after the other |
 * | `DepthwiseConv2dNative`, also fused | wrong with padding in numbers, or strides larger than the filter | four channels at a time |
 * | `DepthwiseConv2dNativeBackpropFilter`, `…Input` | missing | the same |
 * | `BatchMatMul`, `_FusedMatMul` | a slow loop where transposed or of many pairs | the same product |
 * | `Sum`, `Mean` | transpose first; 3·10⁷ ones are 16,777,216 | added as they lie, in blocks, in double precision |
 * | `Max`, `Prod`, `All`, `ArgMax` and the like, `Sum`, `Mean` | of nothing: what memory holds | as on `cpu` |
 * | `Softplus`, `Log1p`, `Sin`, `Cos` | slow; wrong for small or large numbers | right in every digit |
 * | `Relu6`, `ClipByValue`, `Maximum`, `Minimum`, `Sign` | lose NaN, or what is small | right, in vectors |
 * | `Prelu` | slopes for the last axis only | slopes broadcast on any axes |
 * | `Relu`'s gradient | a mask and a product | one pass |
 * | `Einsum` | missing, and its gradient everywhere | one matrix product |
 * | `Slice` | copies the whole tensor; reads outside | copies the part; refuses |
 * | `AdamStep` | a dozen kernels | one pass over each parameter |
 * | `UnsortedSegmentSum`, for `gather` and embeddings | missing | rows added to rows |
 * | `MaxPool`, `AvgPool` and their gradients, also `3D`; `MaxPoolWithArgmax` | lose negative maxima, pad by rules of their own, divide by pixels outside | a pass over the windows, as they lie inside the image |
 * | `Dilation2D` and its gradients | lose negative maxima | a plain loop |
 * | `ResizeNearestNeighbor` and its gradient, `ResizeBilinearGrad` | the wrong pixel in some sizes; no half-pixel centres | rows copied, and windows added |
 * | `CropAndResize` | other memory for an image that does not exist | zeros |
 * | `Identity`, `Cast` to the same type | copy | share the data |
 * | `BatchMatMul` of int32 and bool | missing | exact |
 * | `Cast` to bool | a number's last byte | whether it is 0 |
 * | `GatherV2` with batch dimensions; sums and paddings of more than six axes | other memory | as on `cpu` |
 * | `Transpose`, `Cumsum`, `TopK` and the like, of nothing | a trap | as on `cpu` |
 * | `Cumsum`, `Cumprod` along an axis counted from the last | the end of the backend | right |
 * | `OneHot` of float32, `StridedSlice` of int32, functions of bools, whole numbers and strings | garbage | as on `cpu` |
 * | ragged tensors, `StaticRegexReplace` | missing | as on `cpu` |
 *
 * Gradients are registered for all backends of the program, as tfjs knows no others: dilated convolutions get theirs, which
 * tfjs refuses; the gradients of convolutions get gradients, as a gradient penalty needs; and rounding modes are no longer
 * forgotten on the way. `tf.fused.conv2d` and `tf.fused.depthwiseConv2d` bring gradients of their own, which refuse a dilation
 * still; a dilated `tf.layers.conv2d` is made of the first, unless its activation is `relu` or `elu`.
 * Comparisons have the gradient zero; `einsum` its own; crops theirs, with respect to images and boxes; and the gradients of
 * pooling (but for maxima in three dimensions) and of resizing have gradients too. That of `tile` is a few sums, for any rank.
 * That of `cumsum` is right along any axis, and matrix products have theirs also where they broadcast. That of `mirrorPad` is
 * tfjs's own: it cuts the padding off, as its specifications have it, where the derivative adds what the padding mirrors.
 * On wasm that of a ReLU is 0 where its input is not positive, also if what comes back is infinite.
 *
 * Average pooling's gradient is the derivative of what it computes, in which padding does not count, where tfjs's other
 * backends divide by the whole window: those two differ at the edges of padded images.
 *
 * Still missing: complex numbers with their Fourier transforms. What is done "as on `cpu`" is done by tfjs's `cpu` backend, on
 * copies: it is rare. Numbers agree with that backend to float32 rounding, not bit for bit, since they are added in another
 * order.
 *
 * @module
 */
export type { Build } from "./assembled.ts";
export { EnvironmentError } from "./environment_error.ts";
export { type ActiveKernels, activeKernels, installTrainingKernels, uninstallTrainingKernels } from "./install.ts";
