/**
 * Convolutions and both their gradients as matrix products, without ever building the matrix.
 *
 * ```math
 * y[b, i, j, o] = \sum_{k, l, c} x[b, s i + k - p, t j + l - q, c] \; w[k, l, c, o]
 * ```
 *
 * Read `(k, l, c)` as one index and `(b, i, j)` as another: then `y = x̃ w`, where row `(b, i, j)` of `x̃` is the window of
 * the padded image that the output pixel sees. Its numbers lie in memory as they are wanted, in one run a filter row, so
 * that row needs no copy, only the address where it begins. (Zeros around an image do need one; a few images at a time are
 * copied and worked on, while the copies are near.) The filter's gradient is `x̃ᵀ dy`, of the same rows. The input's
 * gradient is a convolution too, once for each remainder that a row and a column leave on division by the stride: with the
 * taps that leave the same remainder, in reverse.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { FLOAT, floorOf, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { geometry } from "./geometry.ts";
import { assertBias, type Places, rowsTimes, type Stretch, transposeTimes } from "./product.ts";
import * as winograd from "./winograd.ts";

/** A batch of images in memory: `[B, H, W, C]`. */
interface Images {
  address: number;
  B: number;
  H: number;
  W: number;
  C: number;
}

/** `x` `[B, H, W, C]` and `filter` `[K, L, C, O]` to `y` `[B, H', W', O]`; with a bias `[O]`, and a ReLU. */
export function convolve(
  heap: Heap,
  { inputs: { x, filter, bias }, attrs }: KernelArguments,
): TensorInfo | undefined {
  const floor = floorOf(attrs.activation);
  if (floor === undefined || attrs.dataFormat !== "NHWC" || x.dtype !== "float32" || filter.dtype !== "float32") {
    return; // to tfjs, and its messages
  }
  const conv = geometry("Conv2D", x.shape, filter.shape, attrs);
  const { filterHeight: K, filterWidth: L, inChannels: C, outChannels: O, dilationHeight, dilationWidth } = conv;
  assertBias(bias, O);
  const y = heap.output(conv.outShape);
  if (!bias && floor === -Infinity && winograd.isWinograd(conv)) {
    winograd.convolve(heap, conv, { x: heap.address(x), filter: heap.address(filter), y: heap.address(y) });
    return y;
  }
  const image = windowed(heap, x, conv);
  const rowBytes = image.W * C * FLOAT;
  const [address, block] = [heap.address(filter), { rowStep: O, columnStep: 1 }];
  // Undilated, the whole filter is one stretch of K runs; dilated, every row of it is one of L runs.
  const stretches: Stretch[] = dilationWidth === 1 && dilationHeight === 1
    ? [{ offset: 0, runs: K, run: L * C, stride: image.W * C, blocks: [{ address, k: K * L * C, ...block }] }]
    : Array.from({ length: K }, (_, k) => ({
      offset: k * dilationHeight * rowBytes,
      runs: L,
      run: C,
      stride: dilationWidth * C,
      blocks: [{ address: address + k * L * C * O * FLOAT, k: L * C, ...block }],
    }));
  const times = rowsTimes(heap, stretches, O, bias ? heap.address(bias) : 0, floor);
  const outputs = { address: heap.address(y), B: conv.batchSize, H: conv.outHeight, W: conv.outWidth, C: O };
  for (const [images, first] of image.groups()) times(windows(images, conv), grid(part(outputs, first, images.B)));
  return y;
}

/** `x` `[B, H, W, C]` and `dy` `[B, H', W', O]` to `dw` `[K, L, C, O]`. */
export function filterGradient(heap: Heap, { inputs: { x, dy }, attrs }: KernelArguments): TensorInfo {
  const conv = geometry("Conv2DBackpropFilter", x.shape, attrs.filterShape, attrs);
  const { filterHeight: K, filterWidth: L, inChannels: C, outChannels: O } = conv;
  const dw = heap.output(attrs.filterShape);
  if (winograd.isWinograd(conv)) {
    winograd.filterGradient(heap, conv, { x: heap.address(x), dy: heap.address(dy), dw: heap.address(dw) });
    return dw;
  }
  const image = windowed(heap, x, conv);
  const slopes = { address: heap.address(dy), B: conv.batchSize, H: conv.outHeight, W: conv.outWidth, C: O };
  const rows = { runs: K, run: L * C, stride: image.W * C };
  const product = transposeTimes(heap, rows, O, heap.address(dw));
  for (const [images, first] of image.groups()) {
    product.add(windows(images, conv), { address: part(slopes, first, images.B).address, rowStep: O, columnStep: 1 });
  }
  product.finish();
  return dw;
}

/** Images with zeros around them: how many pixels a row has, and the images, a group at a time, with the first's number. */
interface Framed {
  W: number;
  groups(): Generator<[images: Images, first: number]>;
}

/** The images with the zeros around them that the convolution asks for. */
function windowed(heap: Heap, x: TensorInfo, conv: tf.backend_util.Conv2DInfo): Framed {
  const { batchSize: B, inHeight, inWidth, inChannels: C, outHeight, outWidth, padInfo } = conv;
  const H = (outHeight - 1) * conv.strideHeight + conv.effectiveFilterHeight;
  const W = (outWidth - 1) * conv.strideWidth + conv.effectiveFilterWidth;
  const images = { address: heap.address(x), B, H: inHeight, W: inWidth, C };
  return framed(heap, images, padInfo.top, padInfo.left, H, W);
}

/** Bytes of a group of framed images: what the second nearest cache holds beside a filter. */
const GROUP = 1 << 18;

/** At least `H` rows and `W` columns of images, from `top` rows above and `left` columns before them, zeros outside. */
function framed(heap: Heap, x: Images, top: number, left: number, H: number, W: number): Framed {
  const [height, width] = [Math.max(H, top + x.H), Math.max(W, left + x.W)];
  return {
    W: width,
    *groups() {
      if (height === x.H && width === x.W) return yield [x, 0]; // no zeros: as they lie
      const bytes = height * width * x.C * FLOAT;
      const most = Math.max(1, Math.floor(GROUP / bytes));
      const address = heap.scratch(Math.min(x.B, most) * bytes);
      for (let first = 0; first < x.B; first += most) {
        const group = part(x, first, Math.min(most, x.B - first));
        heap.kernels.pad({
          x: group.address,
          b: group.B,
          h: x.H,
          w: x.W,
          bytes: x.C * FLOAT,
          out: address,
          H: height,
          W: width,
          top,
          left,
        });
        yield [{ ...group, address, H: height, W: width }, first];
      }
    },
  };
}

/** Some of the images. */
function part(images: Images, first: number, B: number): Images {
  return { ...images, B, address: images.address + first * images.H * images.W * images.C * FLOAT };
}

/** Where the window of every output pixel begins. */
function windows(
  image: Images,
  { outHeight, outWidth, strideHeight, strideWidth }: tf.backend_util.Conv2DInfo,
): Places {
  return grid(image, { rows: outHeight, columns: outWidth, down: strideHeight, right: strideWidth });
}

/** Where `rows × columns` pixels of every image lie, `down` rows and `right` columns apart, from a pixel on. */
function grid(
  { address, B, H, W, C }: Images,
  { rows = H, columns = W, down = 1, right = 1, row = 0, column = 0 } = {},
): Places {
  const pixel = C * FLOAT;
  return {
    base: address + (row * W + column) * pixel,
    counts: [B, rows, columns],
    steps: [H * W * pixel, down * W * pixel, right * pixel],
  };
}

/** `dy` `[B, H', W', O]` and `filter` `[K, L, C, O]` to `dx` `[B, H, W, C]`. */
export function inputGradient(heap: Heap, { inputs: { dy, filter }, attrs }: KernelArguments): TensorInfo {
  const conv = geometry("Conv2DBackpropInput", attrs.inputShape, filter.shape, attrs);
  const { batchSize: B, inHeight: H, inWidth: W, inChannels: C, outHeight, outWidth, outChannels: O } = conv;
  const dx = heap.output(attrs.inputShape);
  if (winograd.isWinograd(conv)) {
    winograd.inputGradient(heap, conv, { dy: heap.address(dy), filter: heap.address(filter), dx: heap.address(dx) });
    return dx;
  }
  const rows = phases(H, conv.filterHeight, conv.strideHeight, conv.padInfo.top, outHeight);
  const columns = phases(W, conv.filterWidth, conv.strideWidth, conv.padInfo.left, outWidth);
  const slopes = { address: heap.address(dy), B, H: outHeight, W: outWidth, C: O };
  const image = framed(heap, slopes, rows.before, columns.before, rows.size, columns.size);
  const result = { address: heap.address(dx), B, H, W, C };
  const taps = heap.address(filter);
  const passes = rows.phases.flatMap((y) =>
    columns.phases.map((x) => {
      // Tap (k, l) of the filter is a matrix [C, O]; what meets dy is its transpose, [O, C].
      const blocks = y.taps.flatMap((k) =>
        x.taps.map((l) => ({
          address: taps + (k * conv.filterWidth + l) * C * O * FLOAT,
          k: O,
          rowStep: 1,
          columnStep: O,
        }))
      );
      const stretch = { offset: 0, runs: y.taps.length, run: x.taps.length * O, stride: image.W * O, blocks };
      return { y, x, times: rowsTimes(heap, [stretch], C) };
    })
  );
  for (const [images, first] of image.groups()) {
    const pixels = part(result, first, images.B);
    for (const { y, x, times } of passes) {
      const size = { rows: y.count, columns: x.count };
      const from = grid(images, { ...size, row: y.first, column: x.first });
      times(from, grid(pixels, { ...size, row: y.phase, column: x.phase, down: rows.stride, right: columns.stride }));
    }
  }
  return dx;
}

/** Along one axis, what the pixels of `dx` read of `dy`, by the remainder of their place on division by the stride. */
interface Phases {
  stride: number;
  /** Zeros before `dy`, and its size with the zeros on both sides, that all phases need. */
  before: number;
  size: number;
  phases: {
    phase: number;
    /** Pixels of this phase. */
    count: number;
    /** The filter's taps that reach them, in the order in which they read `dy`. */
    taps: number[];
    /** Where in `dy`, with the zeros before it, the first pixel's first tap reads. */
    first: number;
  }[];
}

function phases(size: number, filter: number, stride: number, before: number, out: number): Phases {
  const all = Array.from({ length: Math.min(stride, size) }, (_, phase) => {
    const least = (phase + before) % stride; // tap k reaches pixel i from dy[(i + before - k) / stride]
    const taps = Array.from({ length: Math.max(0, Math.ceil((filter - least) / stride)) }, (_, j) => least + j * stride)
      .reverse();
    const first = (phase + before - (taps[0] ?? least)) / stride;
    return { phase, count: Math.ceil((size - phase) / stride), taps, first };
  });
  const zeros = Math.max(0, ...all.map(({ first }) => -first));
  const end = Math.max(out, ...all.map(({ first, count, taps }) => first + count - 1 + Math.max(1, taps.length)));
  return {
    stride,
    before: zeros,
    size: zeros + end,
    phases: all.map((phase) => ({ ...phase, first: phase.first + zeros })),
  };
}
