/**
 * Depthwise convolutions, in which each channel `c` of the input has `M` filters of its own, and both of their
 * gradients.
 *
 * ```math
 * y[b, i, j, c M + m] = \sum_{k, l} x[b, s i + d k - p, t j + e l - q, c] \; w[k, l, c, m]
 * ```
 *
 * Nothing is summed over channels, so there is no matrix product. The channels are adjacent in memory and are computed
 * four at a time, one image after another. If a channel has several filters, its numbers are first repeated once for
 * each; if the number of channels is not a multiple of four, zeros are appended.
 *
 * @module
 */
import { FLOAT, floorOf, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { type Axis, type Convolution, geometry, type Phase, type Phases, phases } from "./geometry.ts";
import { cropped, type Images, part } from "./images.ts";

/** `x` `[B, H, W, C]` and `filter` `[K, L, C, M]` to `y` `[B, H', W', C M]`; with a bias `[C M]`, and a ReLU. */
export function depthwise(
  heap: Heap,
  { inputs: { x, filter, bias }, attrs }: KernelArguments<"x" | "filter", "bias">,
): TensorInfo {
  const conv = geometry("DepthwiseConv2dNative", attrs, { input: x.shape, filter: filter.shape }, true);
  const { B, C, O, rows, columns } = conv;
  const y = heap.output(conv.outShape);
  const n = fours(O);
  const images = widened(heap, rows.size * columns.size, C, filter.shape[3]);
  const shared = {
    ...windows(conv),
    n,
    w: widened(heap, rows.taps * columns.taps, O)(heap.address(filter)),
    wDown: columns.taps * n * FLOAT,
    wRight: n * FLOAT,
    bias: biasOf(heap, bias, O),
    floor: floorOf(attrs.activation) ?? -Infinity,
    outDown: columns.out * n * FLOAT,
    outRight: n * FLOAT,
  };
  const inputs = { address: heap.address(x), B, H: rows.size, W: columns.size, C };
  const outputs = { address: heap.address(y), B, H: rows.out, W: columns.out, C: O };
  const narrow = narrowed(heap, rows.out * columns.out, O);
  for (let b = 0; b < B; b++) {
    const from = images(part(inputs, b, 1).address);
    narrow(part(outputs, b, 1).address, (out) => heap.kernels.depthwise({ ...shared, x: from, out }));
  }
  return y;
}

/** `x` `[B, H, W, C]` and `dy` `[B, H', W', C M]` to `dw` `[K, L, C, M]`. */
export function depthwiseFilterGradient(
  heap: Heap,
  { inputs: { x, dy }, attrs }: KernelArguments<"x" | "dy">,
): TensorInfo {
  const shapes = { input: x.shape, filter: attrs.filterShape, dy: dy.shape };
  const conv = geometry("DepthwiseConv2dNativeBackpropFilter", attrs, shapes, true);
  const { B, C, O, rows, columns } = conv;
  const dw = heap.output(attrs.filterShape);
  const n = fours(O);
  const inputs = { address: heap.address(x), B, H: rows.size, W: columns.size, C };
  const slopes = slopesOf(heap, dy, O);
  const images = widened(heap, rows.size * columns.size, C, attrs.filterShape[3]);
  const gradients = widened(heap, slopes.H * slopes.W, O);
  const size = rows.taps * columns.taps * n;
  const sums = heap.scratch(2 * size * FLOAT); // in double precision, so that rounding does not grow with the images
  heap.kernels.clear({ at: sums, bytes: 2 * size * FLOAT });
  const shared = { ...windows(conv), n, dyDown: slopes.W * n * FLOAT, out: sums };
  for (let b = 0; b < B; b++) {
    const [from, slope] = [images(part(inputs, b, 1).address), gradients(part(slopes, b, 1).address)];
    heap.kernels.depthwiseFilter({ ...shared, x: from, dy: slope });
  }
  const narrow = narrowed(heap, rows.taps * columns.taps, O);
  narrow(heap.address(dw), (out) => heap.kernels.round({ x: sums, n: size, out }));
  return dw;
}

/** `dy` `[B, H', W', C M]` and `filter` `[K, L, C, M]` to `dx` `[B, H, W, C]`. */
export function depthwiseInputGradient(
  heap: Heap,
  { inputs: { dy, filter }, attrs }: KernelArguments<"dy" | "filter">,
): TensorInfo {
  const shapes = { input: attrs.inputShape, filter: filter.shape, dy: dy.shape };
  const conv = geometry("DepthwiseConv2dNativeBackpropInput", attrs, shapes, true);
  const { B, C, O, rows, columns } = conv;
  const dx = heap.output(attrs.inputShape);
  const n = fours(O);
  const [down, right] = [phases(rows), phases(columns)];
  const slopes = cropped(heap, slopesOf(heap, dy, O), 0, 0, rows.out, columns.out);
  const gradients = widened(heap, slopes.H * slopes.W, O);
  const taps = widened(heap, rows.taps * columns.taps, O)(heap.address(filter));
  const passes = passesOf(down, right, taps, columns, n);
  const shared = { H: slopes.H, W: slopes.W, n, bias: biasOf(heap, undefined, O), floor: -Infinity };
  const result = { address: heap.address(dx), B, H: rows.size, W: columns.size, C };
  const pixels = rows.size * columns.size;
  const narrow = narrowed(heap, pixels, C, filter.shape[3]);
  for (let b = 0; b < B; b++) {
    const from = gradients(part(slopes, b, 1).address);
    narrow(part(result, b, 1).address, (out) => {
      if (down.gaps || right.gaps) heap.kernels.clear({ at: out, bytes: pixels * n * FLOAT });
      for (const { first, ...pass } of passes) {
        heap.kernels.depthwise({ ...shared, ...pass, x: from, out: out + first });
      }
    });
  }
  return dx;
}

/** What the kernels are told of the windows of all output pixels. */
function windows({ rows, columns }: Convolution) {
  return {
    H: rows.size,
    W: columns.size,
    rows: rows.out,
    row: -rows.before,
    down: rows.stride,
    tall: rows.taps,
    tapDown: rows.dilation,
    columns: columns.out,
    column: -columns.before,
    right: columns.stride,
    wide: columns.taps,
    tapRight: columns.dilation,
  };
}

/**
 * The same of the pixels of `dx` in each pair of phases, with the taps in reverse; `first` bytes to the first pixel.
 */
function passesOf(down: Phases, right: Phases, filter: number, { size, taps }: Axis, n: number) {
  const pixel = n * FLOAT;
  const between = (taps: number[]) => taps.length > 1 ? taps[1]! - taps[0]! : 0;
  const pass = (y: Phase, x: Phase) => ({
    rows: y.count,
    row: y.first,
    down: 1,
    tall: y.taps.length,
    tapDown: down.step,
    columns: x.count,
    column: x.first,
    right: 1,
    wide: x.taps.length,
    tapRight: right.step,
    w: filter + (y.taps[0]! * taps + x.taps[0]!) * pixel,
    wDown: between(y.taps) * taps * pixel,
    wRight: between(x.taps) * pixel,
    outDown: down.stride * size * pixel,
    outRight: right.stride * pixel,
    first: (y.phase * size + x.phase) * pixel,
  });
  return down.phases.flatMap((y) => right.phases.map((x) => pass(y, x)));
}

/** The gradients of the output pixels. */
function slopesOf(heap: Heap, dy: TensorInfo, C: number): Images {
  const [B, H, W] = dy.shape as [number, number, number];
  return { address: heap.address(dy), B, H, W, C };
}

/** A bias for each channel, or zeros, and zeros behind them. */
function biasOf(heap: Heap, bias: TensorInfo | undefined, n: number): number {
  if (bias) return widened(heap, 1, n)(heap.address(bias));
  const bytes = fours(n) * FLOAT;
  const at = heap.scratch(bytes);
  heap.kernels.clear({ at, bytes });
  return at;
}

/** The next multiple of four. */
function fours(n: number): number {
  return 4 * Math.ceil(n / 4);
}

/**
 * Makes of pixels `[m, n]` ones whose channels are repeated and filled up to a multiple of four, one image at a time.
 */
function widened(heap: Heap, m: number, n: number, times = 1): (x: number) => number {
  const wide = fours(n * times);
  if (wide === n) return (x) => x; // as they lie
  const out = heap.scratch(m * wide * FLOAT);
  return (x) => {
    heap.kernels.repeat({ x, m, n, times, out, wide });
    return out;
  };
}

/** Has pixels written whose channels are repeated and filled up, and puts their sums `[m, n]` where they are to be. */
function narrowed(heap: Heap, m: number, n: number, times = 1): (to: number, write: (out: number) => void) => void {
  const wide = fours(n * times);
  if (wide === n) return (to, write) => write(to);
  const x = heap.scratch(m * wide * FLOAT);
  return (to, write) => {
    write(x);
    heap.kernels.fold({ x, m, n, times, out: to, wide });
  };
}
