/**
 * Maximum and average pooling of images and volumes, and their gradients.
 *
 * ```math
 * y_i = \max_{j \in w_i} x_j, \quad \frac{\partial y_i}{\partial x_j} = [j = \arg\max_{j \in w_i} x_j]; \qquad
 * y_i = \frac{1}{|w_i|} \sum_{j \in w_i} x_j, \quad \frac{\partial y_i}{\partial x_j} = \frac{[j \in w_i]}{|w_i|}
 * ```
 *
 * `w_i` is the part of window `i` that lies inside the image, so padding never counts, neither as a number nor in the
 * divisor, in the forward and in the backward pass. tfjs's own kernels start a maximum from the smallest positive
 * number, so they lose negative maxima; they pad by rules of their own; and they divide an average's gradient by the
 * whole window.
 *
 * @module
 */
import type { Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { type Described, described, gradientWindows, outputs, poolingWindows, type Windows } from "./windows.ts";

/**
 * `x` `[B, H, W, C]` or `[B, D, H, W, C]` to the largest number of each window; -∞ for a window that covers padding
 * only.
 */
export function maxPool(heap: Heap, { inputs: { x }, attrs }: KernelArguments<"x">): TensorInfo {
  const windows = poolingWindows(x.shape, attrs);
  const y = heap.output(pooledShape(x, windows), x.dtype as "float32" | "int32" | "bool");
  const how = described(heap, windows, x);
  if (x.dtype === "float32") heap.kernels.maxPool({ x: heap.address(x), y: heap.address(y), ...how });
  else largest(heap, x, y, how);
  return y;
}

/** `dy` as the output's shape and `input` `[B, …, C]` to the gradient with respect to that. */
export function maxPoolGradient(
  heap: Heap,
  { inputs: { dy, input }, attrs }: KernelArguments<"dy" | "input">,
): TensorInfo {
  const name = input.shape.length === 4 ? "MaxPoolGrad" : "MaxPool3DGrad";
  const windows = gradientWindows(name, input.shape, dy.shape, attrs);
  assertFloats(name, { dy, input });
  const dx = heap.output(input.shape);
  heap.kernels.maxPoolGradient({
    x: heap.address(input),
    dy: heap.address(dy),
    dx: heap.address(dx),
    ...described(heap, windows, input),
    last: input.shape.length === 5 ? 1 : 0, // of equal ones, as on tfjs's cpu backend
  });
  return dx;
}

/** `x` `[B, H, W, C]` or `[B, D, H, W, C]` to the mean of each window. */
export function averagePool(heap: Heap, { inputs: { x }, attrs }: KernelArguments<"x">): TensorInfo {
  assertFloats(x.shape.length === 4 ? "AvgPool" : "AvgPool3D", { x });
  const windows = poolingWindows(x.shape, attrs);
  const y = heap.output(pooledShape(x, windows));
  // A window of padding alone is 0 / 0 in an image and 0 in a volume, as on tfjs's cpu backend.
  const divisor = { least: x.shape.length === 4 ? 0 : 1, most: Infinity };
  heap.kernels.averagePool({ x: heap.address(x), y: heap.address(y), ...described(heap, windows, x), ...divisor });
  return y;
}

/** `dy` as the output's shape to the gradient with respect to `input` `[B, …, C]`. */
export function averagePoolGradient(
  heap: Heap,
  { inputs: { dy, input }, attrs }: KernelArguments<"dy" | "input">,
): TensorInfo {
  const name = input.shape.length === 4 ? "AvgPoolGrad" : "AvgPool3DGrad";
  assertFloats(name, { dy });
  const windows = gradientWindows(name, input.shape, dy.shape, attrs);
  const dx = heap.output(input.shape);
  heap.kernels.averagePoolGradient({ dy: heap.address(dy), dx: heap.address(dx), ...described(heap, windows, input) });
  return dx;
}

/**
 * As {@link maxPool}, and where in `x` each number stands, counted through its image or with the batch; -1 for none.
 */
export function maxPoolWithArgmax(heap: Heap, { inputs: { x }, attrs }: KernelArguments<"x">): TensorInfo[] {
  if (x.shape.length !== 4) {
    throw new RangeError(`Error in maxPool: input must be rank 4 but got rank ${x.shape.length}.`);
  }
  const windows = poolingWindows(x.shape, attrs);
  const shape = pooledShape(x, windows);
  const [y, places] = [heap.output(shape, x.dtype as "float32" | "int32" | "bool"), heap.output(shape, "int32")];
  const how = described(heap, windows, x);
  const batch = attrs.includeBatchInIndex ? 1 : 0;
  if (x.dtype === "float32") {
    heap.kernels.maxPool({ x: heap.address(x), y: heap.address(y), ...how });
    heap.kernels.maxPoolPlaces({ x: heap.address(x), places: heap.address(places), ...how, batch });
  } else {
    heap.values(places).set(largest(heap, x, y, how, batch));
  }
  return [y, places];
}

/** An entry of the table of windows: the first pixel, and how many planes, rows and columns there are. */
type Entry = [first: number, planes: number, rows: number, columns: number];

/**
 * The largest number of each window of whole numbers or truths `x`, to `y`; returns where it stands, or -1 for none.
 */
function largest(heap: Heap, x: TensorInfo, y: TensorInfo, how: Described, batch = 0): Int32Array {
  const { C, P, pixels, plane, row } = how;
  const [from, to, windows] = [heap.values(x), heap.values(y), heap.integers(how.windows, 4 * P)];
  const places = new Int32Array(to.length).fill(-1);
  for (let o = 0; o < to.length; o++) {
    const [c, p, b] = [o % C, Math.floor(o / C) % P, Math.floor(o / (C * P))];
    const [first, planes, rows, columns] = windows.subarray(4 * p, 4 * p + 4) as unknown as Entry;
    let best = -Infinity;
    for (let i = 0; i < planes * rows * columns; i++) {
      const [k, j, l] = [i % columns, Math.floor(i / columns) % rows, Math.floor(i / (columns * rows))];
      const place = (first + l * plane + j * row + k) * C + c;
      const number = from[b * pixels * C + place]!; // windows are clipped to the image
      if (number > best) [best, places[o]] = [number, place + batch * b * pixels * C];
    }
    to[o] = best;
  }
  return places;
}

/** The shape of a pooling's output. */
function pooledShape({ shape }: TensorInfo, windows: Windows): number[] {
  const [B, C] = [shape[0]!, shape.at(-1)!]; // images have a batch and channels
  return [B, ...outputs(windows).slice(5 - shape.length), C];
}

/**
 * Checks that the input is of float32.
 *
 * @throws {TypeError} If it is not.
 */
function assertFloats(kernel: string, inputs: Record<string, TensorInfo>): void {
  for (const [name, { dtype }] of Object.entries(inputs)) {
    if (dtype !== "float32") throw new TypeError(`${kernel} takes float32 for ${name}, and not ${dtype}.`);
  }
}
