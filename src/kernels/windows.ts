/**
 * The windows of pooling, clipped to the image.
 *
 * Along one axis, output `i` of a pooling of stride `s` covers `f` pixels from `s i - p` on, with `p` pixels of padding
 * before the image. Only the pixels inside the image count. They are contiguous, and their range is all that the
 * kernels receive, so padding, strides and rounding are handled here alone.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Heap } from "./assembled.ts";
import type { TensorInfo } from "./compose.ts";

/** A range of adjacent pixels. */
export interface Run {
  first: number;
  count: number;
}

/** The windows along one axis, and its number of pixels. */
export interface Axis {
  pixels: number;
  windows: Run[];
}

/** The windows of images `[D, H, W]`, axis by axis; an image without depth has one plane. */
export type Windows = [planes: Axis, rows: Axis, columns: Axis];

/** The attributes that tfjs gives to pooling and its gradients. */
export interface PoolingAttributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: "same" | "valid" | number | [number, number][];
  dimRoundingMode?: Rounding;
}

type Rounding = "floor" | "round" | "ceil";

/** The sizes of pooling along one axis. */
interface Steps {
  pixels: number;
  outputs: number;
  filter: number;
  stride: number;
  before: number;
}

/** The windows of a pooling of images `[B, H, W, C]` or `[B, D, H, W, C]`. */
export function poolingWindows(shape: number[], attrs: PoolingAttributes): Windows {
  return clipped(shape, steps(shape, attrs, attrs.dimRoundingMode));
}

/**
 * The windows of a pooling whose output has a gradient of this shape.
 *
 * tfjs does not pass the rounding mode to the gradient, but the shape tells it.
 *
 * @throws {RangeError} If no rounding gives that shape.
 */
export function gradientWindows(kernel: string, shape: number[], dy: number[], attrs: PoolingAttributes): Windows {
  const [least, most] = [steps(shape, attrs, "floor"), steps(shape, attrs, "ceil")];
  const sizes = dy.length === 4 ? [1, ...dy.slice(1, 3)] : dy.slice(1, 4);
  const given = (axis: number) => sizes[axis] ?? NaN; // NaN fits no size
  const fits = least.every(({ outputs }, i) => given(i) >= outputs) &&
    most.every(({ outputs }, i) => given(i) <= outputs);
  if (dy.length !== shape.length || !fits || dy[0] !== shape[0] || dy.at(-1) !== shape.at(-1)) {
    const wanted = [shape[0], ...least.slice(5 - shape.length).map(({ outputs }) => outputs), shape.at(-1)];
    throw new RangeError(`${kernel} takes a dy of shape [${wanted}] for images of shape [${shape}], and not [${dy}].`);
  }
  return clipped(shape, least.map((axis, i) => ({ ...axis, outputs: given(i) })));
}

/** The sizes of pooling along the three axes. */
function steps(shape: number[], { filterSize, strides, pad }: PoolingAttributes, rounding?: Rounding): Steps[] {
  const by = typeof pad === "string" ? undefined : rounding;
  if (shape.length === 5) return steps3D(shape, { filterSize, strides, pad }, by);
  const info = tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    filterSize as [number, number],
    strides as [number, number],
    1,
    pad as number,
    by,
  );
  const { inHeight, outHeight, filterHeight, strideHeight, inWidth, outWidth, filterWidth, strideWidth } = info;
  const { padInfo: { top, left } } = info;
  const rows = { pixels: inHeight, outputs: outHeight, filter: filterHeight, stride: strideHeight, before: top };
  const columns = { pixels: inWidth, outputs: outWidth, filter: filterWidth, stride: strideWidth, before: left };
  return [{ pixels: 1, outputs: 1, filter: 1, stride: 1, before: 0 }, rows, columns];
}

function steps3D(shape: number[], { filterSize, strides, pad }: PoolingAttributes, rounding?: Rounding): Steps[] {
  const info = tf.backend_util.computePool3DInfo(
    shape as [number, number, number, number, number],
    filterSize as [number, number, number],
    strides as [number, number, number],
    1,
    pad as number,
    rounding,
  );
  const { padInfo: { front, top, left } } = info;
  return ([["Depth", front], ["Height", top], ["Width", left]] as const).map(([axis, before]) => ({
    pixels: info[`in${axis}`],
    outputs: info[`out${axis}`],
    filter: info[`filter${axis}`],
    stride: info[`stride${axis}`],
    before,
  }));
}

/** The windows, clipped to images of this shape. */
function clipped(shape: number[], axes: Steps[]): Windows {
  // If windows of one pixel have as many outputs as the image has pixels, tfjs takes the outputs to be those pixels, even
  // if stride and padding would place them elsewhere.
  const same = shape.length === 4 && axes.every(({ filter, pixels, outputs }) => filter === 1 && pixels === outputs);
  return axes.map((axis) => axisOf(same ? { ...axis, stride: 1, before: 0 } : axis)) as Windows;
}

/** The windows along one axis, clipped to the image. */
function axisOf({ pixels, outputs, filter, stride, before }: Steps): Axis {
  const windows = Array.from({ length: outputs }, (_, i) => {
    const from = i * stride - before;
    const first = Math.max(0, from);
    const count = Math.max(0, Math.min(pixels, from + filter) - first);
    return { first: count > 0 ? first : 0, count };
  });
  return { pixels, windows };
}

/** How many windows an image has, as `[planes, rows, columns]`. */
export function outputs(windows: Windows): number[] {
  return windows.map((axis) => axis.windows.length);
}

/** What the kernels of `assembly/pooling.ts` receive about windows. */
export interface Described {
  windows: number;
  B: number;
  P: number;
  C: number;
  pixels: number;
  plane: number;
  row: number;
}

/** Writes the table of windows on images `[B, …, C]`. */
export function described(heap: Heap, [planes, rows, columns]: Windows, { shape }: TensorInfo): Described {
  const [B, C] = [shape[0]!, shape.at(-1)!]; // images have a batch and channels
  const P = planes.windows.length * rows.windows.length * columns.windows.length;
  const plane = rows.pixels * columns.pixels;
  const table = heap.scratch(16 * P);
  const entries = heap.integers(table, 4 * P);
  let at = 0;
  for (const d of planes.windows) {
    for (const h of rows.windows) {
      for (const w of columns.windows) {
        entries[at++] = d.first * plane + h.first * columns.pixels + w.first;
        entries[at++] = d.count;
        entries[at++] = h.count;
        entries[at++] = w.count;
      }
    }
  }
  return {
    windows: table,
    B,
    P,
    C,
    pixels: planes.pixels * plane,
    plane,
    row: columns.pixels,
  };
}
