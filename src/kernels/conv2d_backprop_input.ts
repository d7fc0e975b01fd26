/**
 * The gradient of a convolution with respect to its input, which is also the forward pass of a transposed convolution,
 * as ordinary convolutions.
 *
 * ```math
 * dx[i, j] = \sum_{k, l} dy\left[\frac{i + p - k}{s}, \frac{j + q - l}{t}\right] w[k, l]^T
 * \quad\text{over the } k, l \text{ that leave no remainder}
 * ```
 *
 * Write a column of `dx` as `j = t m + c`, where `c` is its phase. Pad the filter on the left until `q` is a multiple of
 * `t` and cut it into groups of `t` columns: then column `c` of every group, and no other, meets phase `c`, and group `g`
 * reads `dy[m + q / t - g]`. So one convolution of stride 1, whose taps are the groups in reverse and which has `t C`
 * output channels, gives all column phases, and they come out in the order in which `dx` wants them.
 *
 * Rows work alike, but one phase at a time: that spares the taps that padding fills with zeros, and to join whole rows is
 * cheap.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type KernelArguments, type TensorInfo } from "./compose.ts";
import { geometry } from "./geometry.ts";

/** tfjs's `Conv2DBackpropInput` for the WASM backend, whose own is a scalar loop. */
export const conv2DBackpropInput: tf.KernelConfig = composedKernel("Conv2DBackpropInput", inputGradient);

/** `dy` `[B, H', W', O]` and `filter` `[K, L, C, O]` to `dx` `[B, H, W, C]`. */
function inputGradient(composer: Composer, { inputs: { dy, filter }, attrs }: KernelArguments): TensorInfo {
  const { run } = composer;
  const conv = geometry("Conv2DBackpropInput", attrs.inputShape, filter.shape, attrs);
  const { batchSize: B, inHeight: H, inWidth: W, inChannels: C } = conv;
  const rows = cut(H, conv.filterHeight, conv.strideHeight, conv.padInfo.top);
  const columns = cut(W, conv.filterWidth, conv.strideWidth, conv.padInfo.left);

  const groups = columnGroups(composer, filter, columns); // [K, gw, O, t C]
  const phases = Array.from({ length: rows.stride }, (_, phase) => {
    // Group g holds row s g + phase - first of the filter: these groups hold one that exists.
    const from = Math.max(0, Math.ceil((rows.first - phase) / rows.stride));
    const to = Math.ceil((rows.first - phase + conv.filterHeight) / rows.stride);
    const kept = Array.from(
      { length: Math.max(0, to - from) },
      (_, i) => (to - 1 - i) * rows.stride + phase - rows.first,
    );
    const part = correlate(composer, dy, reversedTaps(composer, groups, kept), [
      { outputs: rows.outputs, before: to - 1 - rows.shift },
      { outputs: columns.outputs, before: columns.groups - 1 - columns.shift },
    ]); // [B, H / s, W / t, t C]
    return run("Reshape", { x: part }, { shape: [B * rows.outputs, columns.outputs * columns.stride * C] });
  });
  const joined = run("Concat", phases, { axis: 1 }); // [B H / s, s W C]
  const shape = [B, rows.outputs * rows.stride, columns.outputs * columns.stride, C];
  const whole = run("Reshape", { x: joined }, { shape });
  if (shape[1] === H && shape[2] === W) return whole;
  return run("Slice", { x: whole }, { begin: [0, 0, 0, 0], size: [B, H, W, C] });
}

/** How one axis of the filter is cut into groups of one tap a phase. */
interface Cut {
  /** The stride, which is the number of phases and the size of a group. */
  stride: number;
  /** Zeros before the filter, so that a group begins where phase 0 does. */
  first: number;
  groups: number;
  /** Group `g` of phase 0 of output `m` reads `dy[m + shift - g]`. */
  shift: number;
  /** Outputs a phase. */
  outputs: number;
}

function cut(size: number, filter: number, stride: number, before: number): Cut {
  const first = (stride - before % stride) % stride;
  const groups = Math.ceil((first + filter) / stride);
  return { stride, first, groups, shift: (before + first) / stride, outputs: Math.ceil(size / stride) };
}

/** The filter `[K, L, C, O]` with its columns in groups of `t`, and what it maps from and to exchanged: `[K, gw, O, t C]`. */
function columnGroups({ run }: Composer, filter: TensorInfo, { first, groups, stride }: Cut): TensorInfo {
  const [K, L, C, O] = filter.shape;
  const zeros = [first, groups * stride - first - L];
  const padded = zeros[0] + zeros[1] === 0
    ? filter
    : run("PadV2", { x: filter }, { paddings: [[0, 0], zeros, [0, 0], [0, 0]], constantValue: 0 });
  const grouped = run("Reshape", { x: padded }, { shape: [K * groups, stride * C, O] });
  const exchanged = run("Transpose", { x: grouped }, { perm: [0, 2, 1] });
  return run("Reshape", { x: exchanged }, { shape: [K, groups, O, stride * C] });
}

/** The given rows of `[K, gw, O, t C]`, each with its groups in reverse: `[rows, gw, O, t C]`. */
function reversedTaps({ run, view }: Composer, groups: TensorInfo, rows: number[]): TensorInfo {
  const [, gw, O, tC] = groups.shape;
  const taps = rows.flatMap((row) =>
    Array.from({ length: gw }, (_, i) => view(groups, (row * gw + gw - 1 - i) * O * tC, [1, O, tC]))
  );
  if (taps.length === 0) return run("Fill", {}, { shape: [0, gw, O, tC], value: 0 });
  return run("Reshape", { x: run("Concat", taps, { axis: 0 }) }, { shape: [rows.length, gw, O, tC] });
}

/** A convolution of stride 1 that reads `x` from `-before` on and gives `outputs` on each axis. */
function correlate(
  { run }: Composer,
  x: TensorInfo,
  filter: TensorInfo,
  axes: { outputs: number; before: number }[],
): TensorInfo {
  const begin = [0, 0, 0, 0], size = [...x.shape], pad = [[0, 0], [0, 0], [0, 0], [0, 0]];
  axes.forEach(({ outputs, before }, i) => {
    const after = outputs + filter.shape[i] - 1 - before - x.shape[i + 1];
    begin[i + 1] = Math.max(0, -before); // a negative padding leaves out what nothing reads
    size[i + 1] += Math.min(0, before) + Math.min(0, after);
    pad[i + 1] = [Math.max(0, before), Math.max(0, after)];
  });
  if (filter.shape[0] === 0 || size[1] <= 0 || size[2] <= 0) {
    const [rows, columns] = axes;
    return run("Fill", {}, { shape: [x.shape[0], rows.outputs, columns.outputs, filter.shape[3]], value: 0 });
  }
  const read = size.every((n, d) => n === x.shape[d]) ? x : run("Slice", { x }, { begin, size });
  return run("Conv2D", { x: read, filter }, { strides: 1, dilations: 1, pad, dataFormat: "NHWC" });
}
