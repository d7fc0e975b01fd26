/**
 * Batches of images in memory, and the zeros around them that a convolution needs.
 *
 * @module
 */
import { FLOAT, type Heap } from "./assembled.ts";
import type { Places, Stretch } from "./product.ts";

/** A batch of images in memory, `[B, H, W, C]`. A volume is a batch of its slices. */
export interface Images {
  address: number;
  B: number;
  H: number;
  W: number;
  C: number;
}

/**
 * Images with zeros around them: how many pixels a row has, and the images, a group at a time, with the first's number.
 */
export interface Framed {
  W: number;
  groups(): Generator<[images: Images, first: number]>;
}

/** A frame: zeros above and before the images, and the rows and columns that they have then, at least. */
export interface Frame {
  top: number;
  left: number;
  H: number;
  W: number;
}

/** The bytes of a group of framed images, so that it fits into the second-level cache beside a filter. */
const GROUP = 1 << 18;

/**
 * Images in a frame; where it begins inside of them, so that `top` or `left` is negative, what is outside is cut off.
 */
export function framed(heap: Heap, images: Images, { top, left, H, W }: Frame): Framed {
  const [row, column] = [Math.max(0, -top), Math.max(0, -left)];
  const x = cropped(heap, images, row, column, images.H - row, images.W - column);
  const [above, before] = [Math.max(0, top), Math.max(0, left)];
  const [height, width] = [Math.max(H, above + x.H), Math.max(W, before + x.W)];
  if (height === x.H && width === x.W) {
    return {
      W: width,
      *groups() {
        yield [x, 0];
      },
    }; // without zeros they are used in place
  }
  const bytes = height * width * x.C * FLOAT;
  const most = Math.max(1, Math.floor(GROUP / bytes));
  const address = heap.scratch(Math.min(x.B, most) * bytes);
  return {
    W: width,
    *groups() {
      for (let first = 0; first < x.B; first += most) {
        const group = part(x, first, Math.min(most, x.B - first));
        enframe(heap, group, { top: above, left: before, H: height, W: width }, address);
        yield [{ ...group, address, H: height, W: width }, first];
      }
    },
  };
}

/** Copies images to an address, with zeros around them. */
export function enframe({ kernels }: Heap, x: Images, { top, left, H, W }: Frame, address: number): void {
  kernels.pad({ x: x.address, b: x.B, h: x.H, w: x.W, bytes: x.C * FLOAT, out: address, H, W, top, left });
}

/** `H` rows and `W` columns of images, from a pixel on; a copy, unless it is all of them. */
export function cropped(heap: Heap, images: Images, row: number, column: number, H: number, W: number): Images {
  if (H >= images.H && W >= images.W) return images;
  const [m, n] = [Math.max(0, Math.min(H, images.H)), Math.max(0, Math.min(W, images.W))];
  const copy: Images = { ...images, address: heap.scratch(images.B * m * n * images.C * FLOAT), H: m, W: n };
  for (let b = 0; b < images.B; b++) {
    const from = part(images, b, 1).address + (row * images.W + column) * images.C * FLOAT;
    const [wide, out] = [n * images.C, part(copy, b, 1).address];
    heap.kernels.spread({ x: from, rowStep: images.W * images.C, columnStep: 1, m, n: wide, out, wide });
  }
  return copy;
}

/** Some of the images. */
export function part(images: Images, first: number, B: number): Images {
  return { ...images, B, address: images.address + first * images.H * images.W * images.C * FLOAT };
}

/** A grid of pixels: how many along each axis, how far apart, and where the first one lies. */
export interface Grid {
  images: number;
  rows: number;
  columns: number;
  /** From an image, a row and a column to the next one of the grid. */
  deep: number;
  down: number;
  right: number;
  image: number;
  row: number;
  column: number;
}

/** The places of the pixels of a grid, by default of all pixels. */
export function grid({ address, B, H, W, C }: Images, given: Partial<Grid> = {}): Places {
  const whole = { images: B, rows: H, columns: W, deep: 1, down: 1, right: 1, image: 0, row: 0, column: 0 };
  const { images, rows, columns, deep, down, right, image, row, column } = { ...whole, ...given };
  const pixel = C * FLOAT;
  return {
    base: address + ((image * H + row) * W + column) * pixel,
    counts: [images, rows, columns],
    steps: [deep * H * W * pixel, down * W * pixel, right * pixel],
  };
}

/** The pixels of a window: how many along each axis, and how far apart. */
export interface Window {
  rows: number;
  columns: number;
  down: number;
  right: number;
}

/** A part of a window in contiguous runs, and which of its rows it covers. */
export interface Runs extends Pick<Stretch, "offset" | "runs" | "run" | "stride"> {
  rows: number[];
}

/** A window on images as contiguous runs: one for the whole window if its pixels touch, otherwise one per row. */
export function runsOf({ rows, columns, down, right }: Window, { W, C }: Pick<Images, "W" | "C">): Runs[] {
  const every = Array.from({ length: rows }, (_, row) => row);
  if (down === 1 && right === 1) return [{ offset: 0, runs: rows, run: columns * C, stride: W * C, rows: every }];
  return every.map((row) => ({
    offset: row * down * W * C * FLOAT,
    runs: columns,
    run: C,
    stride: right * C,
    rows: [row],
  }));
}
