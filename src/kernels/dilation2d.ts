/**
 * Greyscale dilation, and its gradients.
 *
 * ```math
 * y[b, i, j, c] = \max_{k, l} \left( x[b, s i + d k - p, s j + d l - p, c] + w[k, l, c] \right)
 * ```
 *
 * Pixels outside the image do not count. The gradient goes to the one pixel, or the one number of the filter, where the
 * maximum was found; if several are equal, to the first. tfjs's own kernel starts from the smallest positive number, so
 * it loses negative maxima.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Heap, Numbers } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";

/** `x` `[B, H, W, C]` and `filter` `[K, L, C]` to `y` `[B, H', W', C]`; -∞ where the filter covers padding only. */
export function dilation(heap: Heap, { inputs: { x, filter }, attrs }: KernelArguments<"x" | "filter">): TensorInfo {
  const info = geometry("Dilation2D", { x, filter }, attrs);
  const y = heap.output(info.outShape, x.dtype as "float32" | "int32");
  const out = heap.values(y);
  eachMaximum(heap.values(x), heap.values(filter), info, (o, maximum) => out[o] = maximum);
  return y;
}

/** With `dy` `[B, H', W', C]` to the gradient with respect to `x`. */
export function inputGradient(
  heap: Heap,
  { inputs: { x, filter, dy }, attrs }: KernelArguments<"x" | "filter" | "dy">,
): TensorInfo {
  const info = geometry("Dilation2DBackpropInput", { x, filter, dy }, attrs);
  return scattered(heap, { x, filter, dy }, info, x, (place) => place);
}

/** With `dy` `[B, H', W', C]` to the gradient with respect to `filter`. */
export function filterGradient(
  heap: Heap,
  { inputs: { x, filter, dy }, attrs }: KernelArguments<"x" | "filter" | "dy">,
): TensorInfo {
  const info = geometry("Dilation2DBackpropFilter", { x, filter, dy }, attrs);
  return scattered(heap, { x, filter, dy }, info, filter, (_, tap) => tap);
}

/** Adds every number of `dy` to one place in a tensor of the shape of `like`. */
function scattered(
  heap: Heap,
  { x, filter, dy }: Record<"x" | "filter" | "dy", TensorInfo>,
  info: tf.backend_util.Conv2DInfo,
  like: TensorInfo,
  where: (place: number, tap: number) => number,
): TensorInfo {
  const out = heap.output(like.shape, like.dtype as "float32" | "int32");
  const slopes = heap.values(dy);
  const sums = new Float64Array(tf.util.sizeFromShape(like.shape));
  eachMaximum(heap.values(x), heap.values(filter), info, (o, _, place, tap) => {
    sums[where(place, tap)]! += slopes[o]!; // there is a slope for each output; and nowhere is no place among the sums
  });
  heap.values(out).set(sums);
  return out;
}

/**
 * Finds every output's maximum and calls `visit` with the output, the maximum, and its place in `x` and in the filter,
 * which is -1 if there is none.
 */
function eachMaximum(
  x: Numbers,
  filter: Numbers,
  info: tf.backend_util.Conv2DInfo,
  visit: (output: number, maximum: number, place: number, tap: number) => void,
): void {
  const { batchSize: B, inHeight: H, inWidth: W, inChannels: C, outHeight, outWidth, padInfo: { top, left } } = info;
  const { filterHeight: K, filterWidth: L, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  let o = 0;
  for (let i = 0; i < B * outHeight; i++) {
    const image = Math.floor(i / outHeight) * H;
    const firstRow = (i % outHeight) * strideHeight - top;
    for (let n = 0; n < outWidth * C; n++, o++) {
      const c = n % C;
      const firstColumn = Math.floor(n / C) * strideWidth - left;
      let maximum = -Infinity, place = -1, tap = -1;
      for (let k = 0, row = firstRow; k < K; k++, row += dilationHeight) {
        if (row < 0 || row >= H) continue;
        let from = ((image + row) * W + firstColumn) * C + c, by = k * L * C + c;
        for (let l = 0, column = firstColumn; l < L; l++, column += dilationWidth, from += dilationWidth * C, by += C) {
          if (column < 0 || column >= W) continue;
          const sum = x[from]! + filter[by]!; // the pixel lies in the image, and the tap in the filter
          if (sum > maximum) {
            maximum = sum;
            place = from;
            tap = by;
          }
        }
      }
      visit(o, maximum, place, tap);
    }
  }
}

/**
 * Computes the sizes of a dilation and checks its inputs.
 *
 * @throws {TypeError} If the types differ.
 * @throws {RangeError} If `dy` is not of the output's shape.
 */
function geometry(
  kernel: string,
  { x, filter, dy }: { x: TensorInfo; filter: TensorInfo; dy?: TensorInfo },
  { strides, pad, dilations }: { strides: number; pad: "same"; dilations: number },
): tf.backend_util.Conv2DInfo {
  if (filter.dtype !== x.dtype || (dy ?? x).dtype !== x.dtype) {
    const [others, got] = dy
      ? ["filter and dy", `${x.dtype}, ${filter.dtype}, and ${dy.dtype}`]
      : ["filter", `${x.dtype} and ${filter.dtype}`];
    throw new TypeError(`${kernel} error: x must have the same dtype as ${others}. Got ${got}`);
  }
  type Of<I extends number> = Parameters<typeof tf.backend_util.computeDilation2DInfo>[I];
  const info = tf.backend_util
    .computeDilation2DInfo(x.shape as Of<0>, filter.shape as Of<1>, strides, pad, "NHWC", dilations);
  if (dy && !tf.util.arraysEqual(dy.shape, info.outShape)) {
    throw new RangeError(`${kernel} takes a dy of shape [${info.outShape}], and not [${dy.shape}].`);
  }
  return info;
}
