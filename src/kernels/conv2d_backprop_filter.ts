/**
 * The gradient of a convolution with respect to its filter, as another convolution.
 *
 * ```math
 * dw[k, l, c, o] = \sum_{b, i, j} x[b, s i + k - p, t j + l - q, c] \; dy[b, i, j, o]
 * ```
 *
 * Read `c` as the example and `b` as the channel and this *is* a convolution: of `x` with the filter `dy`, whose taps
 * lie `s` rows and `t` columns apart (a dilation). So exchange these axes, convolve, and exchange back.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type KernelArguments, type TensorInfo } from "./compose.ts";
import { geometry } from "./geometry.ts";

/** tfjs's `Conv2DBackpropFilter` for the WASM backend, which has none. */
export const conv2DBackpropFilter: tf.KernelConfig = composedKernel("Conv2DBackpropFilter", filterGradient);

/** The products summed at once: more do not fit the processor's cache once they are packed. */
const PRODUCTS = 4096;

/** `x` `[B, H, W, C]` and `dy` `[B, H', W', O]` to `dw` `[K, L, C, O]`. */
function filterGradient({ run, view }: Composer, { inputs: { x, dy }, attrs }: KernelArguments): TensorInfo {
  const conv = geometry("Conv2DBackpropFilter", x.shape, attrs.filterShape, attrs);
  const { batchSize: B, inHeight: H, inWidth: W, inChannels: C, outHeight, outWidth, outChannels: O } = conv;
  const rows = reach(H, conv.filterHeight, outHeight, conv.strideHeight, conv.padInfo.top);
  const columns = reach(W, conv.filterWidth, outWidth, conv.strideWidth, conv.padInfo.left);
  if (B === 0 || rows.size <= 0 || columns.size <= 0) return run("Fill", {}, { shape: attrs.filterShape, value: 0 });

  const chunk = Math.min(B, Math.max(8, Math.ceil(PRODUCTS / (outHeight * outWidth)))); // examples
  let sum: TensorInfo | undefined;
  for (let first = 0; first < B; first += chunk) {
    const n = Math.min(chunk, B - first);
    const someX = view(x, first * H * W * C, [n, H, W, C]);
    const someDy = view(dy, first * outHeight * outWidth * O, [n, outHeight, outWidth, O]);
    const read = rows.size === H && columns.size === W
      ? someX
      : run("Slice", { x: someX }, { begin: [0, 0, 0, 0], size: [n, rows.size, columns.size, C] });
    const image = run("Transpose", { x: read }, { perm: [3, 1, 2, 0] }); // [C, H, W, n]
    const taps = run("Transpose", { x: someDy }, { perm: [1, 2, 0, 3] }); // [H', W', n, O]
    const part = run("Conv2D", { x: image, filter: taps }, {
      strides: 1,
      dilations: [conv.strideHeight, conv.strideWidth],
      pad: [[0, 0], rows.pad, columns.pad, [0, 0]],
      dataFormat: "NHWC",
    }); // [C, K, L, O]
    sum = sum ? run("Add", { a: sum, b: part }) : part;
  }
  return run("Transpose", { x: sum! }, { perm: [1, 2, 0, 3] }); // [K, L, C, O]
}

/**
 * Along one axis, how much of `x` the taps read and the padding they need.
 *
 * `out` taps, `stride` apart, in each of `filter` places read `(out - 1) stride + filter` entries from `-before` on: the
 * last ones beyond `x` are padding, and what of `x` they leave over must go, or the result would be too large.
 */
function reach(size: number, filter: number, out: number, stride: number, before: number) {
  const after = (out - 1) * stride + filter - before - size;
  return { size: size + Math.min(0, after), pad: [before, Math.max(0, after)] };
}
