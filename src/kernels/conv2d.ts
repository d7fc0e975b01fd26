/**
 * Convolutions and both of their gradients as matrix products, without ever building the matrix.
 *
 * ```math
 * y[b, i, j, o] = \sum_{k, l, c} x[b, s i + d k - p, t j + e l - q, c] \; w[k, l, c, o]
 * ```
 *
 * Read `(k, l, c)` as one index and `(b, i, j)` as another: then `y = x̃ w`, where row `(b, i, j)` of `x̃` is the
 * window of the padded image that the output pixel covers. In memory, the numbers of a window form one run per filter
 * row, already in the right order, so a row of `x̃` is never copied: the address where it begins is enough. Only zeros
 * around an image require a copy, which is made for a few images at a time, so that the copies are still in the cache
 * when they are used. The filter's gradient is `x̃ᵀ dy`, with the same rows. The input's gradient is again a
 * convolution, one for each pair of remainders that a row and a column can leave when divided by the stride, with the
 * taps that leave the same remainders, in reverse order.
 *
 * @module
 */
import { FLOAT, floorOf, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { type Convolution, geometry, type Phase, type Phases, phases, seen } from "./geometry.ts";
import { cropped, type Framed, framed, grid, type Images, part, runsOf, type Window } from "./images.ts";
import { type Places, rowsTimes, type Stretch, transposeTimes } from "./product.ts";
import * as winograd from "./winograd.ts";

/** `x` `[B, H, W, C]` and `filter` `[K, L, C, O]` to `y` `[B, H', W', O]`; with a bias `[O]`, and a ReLU. */
export function convolve(
  heap: Heap,
  { inputs: { x, filter, bias }, attrs }: KernelArguments<"x" | "filter", "bias">,
): TensorInfo {
  const conv = geometry("Conv2D", attrs, { input: x.shape, filter: filter.shape });
  const { B, O, rows, columns } = conv;
  const y = heap.output(conv.outShape);
  const floor = floorOf(attrs.activation);
  if (!bias && floor === -Infinity && winograd.isWinograd(conv)) {
    winograd.convolve(heap, conv, { x: heap.address(x), filter: heap.address(filter), y: heap.address(y) });
    return y;
  }
  const image = windowed(heap, x, conv);
  const times = rowsTimes(
    heap,
    windowTimes(heap.address(filter), conv, image.W),
    O,
    bias ? heap.address(bias) : 0,
    floor,
  );
  const outputs = { address: heap.address(y), B, H: rows.out, W: columns.out, C: O };
  for (const [images, first] of image.groups()) times(windows(images, conv), grid(part(outputs, first, images.B)));
  return y;
}

/** `x` `[B, H, W, C]` and `dy` `[B, H', W', O]` to `dw` `[K, L, C, O]`. */
export function filterGradient(heap: Heap, { inputs: { x, dy }, attrs }: KernelArguments<"x" | "dy">): TensorInfo {
  const shapes = { input: x.shape, filter: attrs.filterShape, dy: dy.shape };
  const conv = geometry("Conv2DBackpropFilter", attrs, shapes);
  const { O } = conv;
  const dw = heap.output(attrs.filterShape);
  const slopes = slopesOf(heap, dy, conv);
  if (winograd.isWinograd(conv)) {
    winograd.filterGradient(heap, conv, { x: heap.address(x), dy: slopes.address, dw: heap.address(dw) });
    return dw;
  }
  const image = windowed(heap, x, conv);
  const sums = windowSums(heap, heap.address(dw), conv, image.W);
  for (const [images, first] of image.groups()) {
    const { address } = part(slopes, first, images.B);
    for (const { offset, product } of sums) {
      product.add(windows(images, conv, offset), { address, rowStep: O, columnStep: 1 });
    }
  }
  sums.forEach(({ product }) => product.finish());
  return dw;
}

/** `dy` `[B, H', W', O]` and `filter` `[K, L, C, O]` to `dx` `[B, H, W, C]`. */
export function inputGradient(
  heap: Heap,
  { inputs: { dy, filter }, attrs }: KernelArguments<"dy" | "filter">,
): TensorInfo {
  const shapes = { input: attrs.inputShape, filter: filter.shape, dy: dy.shape };
  const conv = geometry("Conv2DBackpropInput", attrs, shapes);
  const { B, C, rows, columns } = conv;
  const dx = heap.output(attrs.inputShape);
  const slopes = slopesOf(heap, dy, conv);
  if (winograd.isWinograd(conv)) {
    winograd.inputGradient(heap, conv, { dy: slopes.address, filter: heap.address(filter), dx: heap.address(dx) });
    return dx;
  }
  const result = { address: heap.address(dx), B, H: rows.size, W: columns.size, C };
  const [down, right] = [phases(rows), phases(columns)];
  if (down.gaps || right.gaps) {
    heap.kernels.clear({ at: result.address, bytes: B * rows.size * columns.size * C * FLOAT });
  }
  const frame = { top: down.before, left: right.before, H: down.size, W: right.size };
  const image = framed(heap, slopes, frame);
  const passes = down.phases.flatMap((y) =>
    right.phases.map((x) => {
      const stretches = phaseTimes(heap.address(filter), conv, [down, y], [right, x], image.W);
      return { y, x, times: rowsTimes(heap, stretches, C) };
    })
  );
  for (const [images, first] of image.groups()) {
    const pixels = part(result, first, images.B);
    for (const { y, x, times } of passes) {
      const size = { rows: y.count, columns: x.count };
      const from = grid(images, { ...size, row: down.before + y.first, column: right.before + x.first });
      times(from, grid(pixels, { ...size, row: y.phase, column: x.phase, down: down.stride, right: right.stride }));
    }
  }
  return dx;
}

/** The pixels of the filter's window. */
function windowOf({ rows, columns }: Convolution): Window {
  return { rows: rows.taps, columns: columns.taps, down: rows.dilation, right: columns.dilation };
}

/** A window on images whose rows have `W` pixels, and the rows of the filter `[K, L, C, O]` that meet it. */
export function windowTimes(filter: number, conv: Convolution, W: number): Stretch[] {
  const { C, O, columns } = conv;
  const k = columns.taps * C; // numbers of a row of the window, rows of the matrix
  return runsOf(windowOf(conv), { W, C }).map(({ rows, ...runs }) => ({
    ...runs,
    blocks: rows.map((row) => ({ address: filter + row * k * O * FLOAT, k, rowStep: O, columnStep: 1 })),
  }));
}

/** The sums of products that a filter's gradient `dw` is made of: each of a part of the window, from an offset on. */
export function windowSums(heap: Heap, dw: number, conv: Convolution, W: number) {
  const { C, O, columns } = conv;
  return runsOf(windowOf(conv), { W, C }).map(({ offset, rows: [row], ...runs }) => ({
    offset,
    product: transposeTimes(heap, runs, O, dw + row! * columns.taps * C * O * FLOAT),
  }));
}

/**
 * A window on rows of `W` pixels of `dy`, as pixels of these phases see it, and the taps of the filter that meet it.
 */
export function phaseTimes(
  filter: number,
  { C, O, columns }: Convolution,
  [down, y]: [Phases, Phase],
  [right, x]: [Phases, Phase],
  W: number,
): Stretch[] {
  const window = { rows: y.taps.length, columns: x.taps.length, down: down.step, right: right.step };
  // Tap (k, l) of the filter is a matrix [C, O]; what meets dy is its transpose, [O, C].
  const tap = (k: number, l: number) => filter + (k * columns.taps + l) * C * O * FLOAT;
  return runsOf(window, { W, C: O }).map(({ rows, ...runs }) => ({
    ...runs,
    blocks: rows.flatMap((row) =>
      x.taps.map((l) => ({ address: tap(y.taps[row]!, l), k: O, rowStep: 1, columnStep: O }))
    ),
  }));
}

/** The images with the zeros around them that the convolution requires. */
function windowed(heap: Heap, x: TensorInfo, { B, C, rows, columns }: Convolution): Framed {
  const images = { address: heap.address(x), B, H: rows.size, W: columns.size, C };
  return framed(heap, images, { top: rows.before, left: columns.before, H: seen(rows), W: seen(columns) });
}

/** Where the window of every output pixel begins, or a part of the window at an offset in bytes. */
function windows(image: Images, { rows, columns }: Convolution, offset = 0): Places {
  const size = { rows: rows.out, columns: columns.out, down: rows.stride, right: columns.stride };
  return grid({ ...image, address: image.address + offset }, size);
}

/** The gradients of the output pixels, without those that are cut off. */
function slopesOf(heap: Heap, dy: TensorInfo, { B, O, rows, columns }: Convolution): Images {
  const [, H, W] = dy.shape as [number, number, number];
  return cropped(heap, { address: heap.address(dy), B, H, W, C: O }, 0, 0, rows.out, columns.out);
}
