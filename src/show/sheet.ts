/**
 * A grid of images as one picture.
 *
 * @module
 */
import type { ImageGrid } from "./events.ts";

/** A grey picture, row by row. */
export interface Sheet {
  /** 0 black to 255 white. */
  pixels: Uint8Array;
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
}

/** Lays images side by side, `columns` in a row. */
export function arrange({ pixels, height, width, columns }: ImageGrid): Sheet {
  const count = pixels.length / (height * width);
  const sheet = new Uint8Array(Math.ceil(count / columns) * height * columns * width);
  for (let image = 0; image < count; image++) {
    const corner = Math.floor(image / columns) * height * columns * width + (image % columns) * width;
    for (let row = 0; row < height; row++) {
      const from = (image * height + row) * width;
      sheet.set(pixels.subarray(from, from + width), corner + row * columns * width);
    }
  }
  return { pixels: sheet, width: columns * width, height: sheet.length / (columns * width) };
}

/** How many rows a grid of images has. */
export function rowsOf(grid: Pick<ImageGrid, "pixels" | "height" | "width" | "columns">): number {
  return Math.ceil(grid.pixels.length / (grid.height * grid.width * grid.columns));
}
