/**
 * Convolutions of volumes and both of their gradients, as the same products as those of images.
 *
 * ```math
 * y[b, h, i, j, o] = \sum_{m, k, l, c} x[b, r h + f m - n, s i + d k - p, t j + e l - q, c] \; w[m, k, l, c, o]
 * ```
 *
 * A volume is a batch of slices, and tap `m` of the filter's depth is a filter for images, which meets other slices:
 * the products of all `m` are added up. Volumes are worked on one after another. tfjs's own kernels for the gradients
 * are wrong.
 *
 * @module
 */
import { FLOAT, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { phaseTimes, windowSums, windowTimes } from "./conv2d.ts";
import { type Convolution, geometry, phases, seen } from "./geometry.ts";
import { cropped, enframe, type Frame, grid, type Images, part } from "./images.ts";
import { type Places, rowsTimes } from "./product.ts";

/** `x` `[B, D, H, W, C]` and `filter` `[J, K, L, C, O]` to `y` `[B, D', H', W', O]`. */
export function convolve3d(heap: Heap, { inputs: { x, filter }, attrs }: KernelArguments<"x" | "filter">): TensorInfo {
  assertFloats("Conv3D", { x, filter });
  const conv = geometry("Conv3D", attrs, { input: x.shape, filter: filter.shape });
  const { O } = conv;
  const y = heap.output(conv.outShape);
  const volumes = windowed(heap, x, conv);
  const sliceOf = slicesOf(heap, filter);
  const stretches = slicewise(conv, volumes, (i) => windowTimes(sliceOf(i), conv, volumes.W));
  const times = rowsTimes(heap, stretches, O);
  const outputs = slices(heap, y);
  for (const [volume, b] of volumes.each()) times(windows(volume, conv), grid(volumeOf(outputs, y, b)));
  return y;
}

/** `x` `[B, D, H, W, C]` and `dy` `[B, D', H', W', O]` to `dw` `[J, K, L, C, O]`. */
export function filterGradient3d(heap: Heap, { inputs: { x, dy }, attrs }: KernelArguments<"x" | "dy">): TensorInfo {
  assertFloats("Conv3DBackpropFilterV2", { x, dy });
  const shapes = { input: x.shape, filter: attrs.filterShape, dy: dy.shape };
  const conv = geometry("Conv3DBackpropFilterV2", attrs, shapes);
  const { O, rows, columns } = conv;
  const dw = heap.output(attrs.filterShape);
  const volumes = windowed(heap, x, conv);
  const slopes = cropped(heap, slices(heap, dy), 0, 0, rows.out, columns.out);
  const sliceOf = slicesOf(heap, dw);
  const sums = slicewise(conv, volumes, (i) => windowSums(heap, sliceOf(i), conv, volumes.W));
  for (const [volume, b] of volumes.each()) {
    const { address } = volumeOf(slopes, dy, b);
    for (const { offset, product } of sums) {
      product.add(windows(volume, conv, offset), { address, rowStep: O, columnStep: 1 });
    }
  }
  sums.forEach(({ product }) => product.finish());
  return dw;
}

/** `dy` `[B, D', H', W', O]` and `filter` `[J, K, L, C, O]` to `dx` `[B, D, H, W, C]`. */
export function inputGradient3d(
  heap: Heap,
  { inputs: { dy, filter }, attrs }: KernelArguments<"dy" | "filter">,
): TensorInfo {
  assertFloats("Conv3DBackpropInputV2", { dy, filter });
  const shapes = { input: attrs.inputShape, filter: filter.shape, dy: dy.shape };
  const conv = geometry("Conv3DBackpropInputV2", attrs, shapes);
  const { C, O, depth, rows, columns } = conv;
  const dx = heap.output(attrs.inputShape);
  const result = slices(heap, dx);
  const [deep, down, right] = [phases(depth), phases(rows), phases(columns)];
  if (deep.gaps || down.gaps || right.gaps) {
    heap.kernels.clear({ at: result.address, bytes: result.B * result.H * result.W * C * FLOAT });
  }
  const volumes = enclosed(heap, dy, { depth: depth.out, rows: rows.out, columns: columns.out }, {
    front: deep.before,
    top: down.before,
    left: right.before,
    D: deep.size,
    H: down.size,
    W: right.size,
  });
  const sliceOf = slicesOf(heap, filter);
  const passes = deep.phases.flatMap((z) =>
    down.phases.flatMap((y) =>
      right.phases.map((x) => {
        const stretches = z.taps.flatMap((tap, i) => {
          const slice = phaseTimes(sliceOf(tap), conv, [down, y], [right, x], volumes.W);
          return deeper(i * deep.step, volumes, O, slice);
        });
        return { z, y, x, times: rowsTimes(heap, stretches, C) };
      })
    )
  );
  for (const [volume, b] of volumes.each()) {
    const pixels = volumeOf(result, dx, b);
    for (const { z, y, x, times } of passes) {
      const size = { images: z.count, rows: y.count, columns: x.count };
      const place = { image: deep.before + z.first, row: down.before + y.first, column: right.before + x.first };
      const phase = { image: z.phase, row: y.phase, column: x.phase };
      const steps = { deep: deep.stride, down: down.stride, right: right.stride };
      times(grid(volume, { ...size, ...place }), grid(pixels, { ...size, ...phase, ...steps }));
    }
  }
  return dx;
}

/** tfjs's own refusal of other numbers. */
function assertFloats(kernel: string, inputs: Record<string, TensorInfo>): void {
  for (const [name, { dtype }] of Object.entries(inputs)) {
    if (dtype !== "float32") throw new TypeError(`Tensor ${name} of ${kernel} must have dtype float32, got ${dtype}`);
  }
}

/** Where the slices `[K, L, C, O]` of a filter lie. */
function slicesOf(heap: Heap, filter: TensorInfo): (i: number) => number {
  const [, K, L, C, O] = filter.shape as [number, number, number, number, number];
  const address = heap.address(filter);
  return (i) => address + i * K * L * C * O * FLOAT;
}

/** What lies in the first slice of a window, in the slice so many further on. */
function deeper<T extends { offset: number }>(slices: number, { H, W }: Volumes, C: number, parts: T[]): T[] {
  return parts.map((part) => ({ ...part, offset: part.offset + slices * H * W * C * FLOAT }));
}

/** What each slice of the filter multiplies, all in the slice of the window that it meets. */
function slicewise<T extends { offset: number }>(
  conv: Convolution,
  volumes: Volumes,
  parts: (slice: number) => T[],
): T[] {
  const { C, depth } = conv;
  return Array.from({ length: depth.taps }, (_, i) => deeper(i * depth.dilation, volumes, C, parts(i))).flat();
}

/** Where the window of every output pixel of a volume begins, or a part of it so many bytes later. */
function windows(volume: Images, { depth, rows, columns }: Convolution, offset = 0): Places {
  return grid({ ...volume, address: volume.address + offset }, {
    images: depth.out,
    rows: rows.out,
    columns: columns.out,
    deep: depth.stride,
    down: rows.stride,
    right: columns.stride,
  });
}

/** The slices of all volumes `[B, D, H, W, C]`. */
function slices(heap: Heap, x: TensorInfo): Images {
  const [B, D, H, W, C] = x.shape as [number, number, number, number, number];
  return { address: heap.address(x), B: B * D, H, W, C };
}

/** The slices of one volume. */
function volumeOf(images: Images, { shape }: TensorInfo, b: number): Images {
  const D = shape[1]!;
  return part(images, b * D, D);
}

/** A frame for volumes: zeros in front too, and the slices that they have then, at least. */
interface Solid extends Frame {
  front: number;
  D: number;
}

/** Volumes with zeros around them: the size of a slice, and each volume, with its number. */
interface Volumes {
  H: number;
  W: number;
  each(): Generator<[volume: Images, b: number]>;
}

/** The volumes with the zeros around them that the convolution requires. */
function windowed(heap: Heap, x: TensorInfo, { depth, rows, columns }: Convolution): Volumes {
  const whole = { depth: depth.size, rows: rows.size, columns: columns.size };
  return enclosed(heap, x, whole, {
    front: depth.before,
    top: rows.before,
    left: columns.before,
    D: seen(depth),
    H: seen(rows),
    W: seen(columns),
  });
}

/**
 * The first slices, rows and columns of volumes in a frame; where it begins inside of them, what is outside is cut off.
 */
function enclosed(
  heap: Heap,
  x: TensorInfo,
  kept: { depth: number; rows: number; columns: number },
  { front, top, left, D, H, W }: Solid,
): Volumes {
  const [slice, row, column] = [front, top, left].map((before) => Math.max(0, -before)) as [number, number, number];
  const [B, size] = x.shape as [number, number];
  const all = cropped(heap, slices(heap, x), row, column, kept.rows - row, kept.columns - column);
  const count = Math.max(0, Math.min(size, kept.depth) - slice);
  const before = Math.max(0, front);
  const frame = { top: Math.max(0, top), left: Math.max(0, left) };
  const [deep, height, width] = [
    Math.max(D, before + count),
    Math.max(H, frame.top + all.H),
    Math.max(W, frame.left + all.W),
  ];
  const asTheyLie = deep === count && height === all.H && width === all.W;
  const framed: Images = { ...all, address: 0, B: deep, H: height, W: width };
  if (!asTheyLie) {
    const bytes = deep * height * width * all.C * FLOAT;
    framed.address = heap.scratch(bytes);
    heap.kernels.clear({ at: framed.address, bytes }); // the slices in front and behind stay zero
  }
  return {
    H: height,
    W: width,
    *each() {
      for (let b = 0; b < B; b++) {
        const volume = part(all, b * size + slice, count);
        if (!asTheyLie) enframe(heap, volume, { ...frame, H: height, W: width }, part(framed, before, count).address);
        yield [asTheyLie ? volume : framed, b];
      }
    },
  };
}
