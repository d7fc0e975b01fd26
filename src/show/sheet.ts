/**
 * Joins a grid of images into one picture.
 *
 * @module
 */
import type { ImageGrid } from "./events.ts";

/** The pixels of a picture, row by row. */
export interface Sheet {
  /** Values from 0 to 255: one grey value per pixel, or its red, green and blue. */
  pixels: Uint8Array;
  /** Values per pixel. */
  channels: 1 | 3;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
}

/** Arranges images in rows, `columns` in each. */
export function arrange(grid: ImageGrid): Sheet {
  const { pixels, height, width, columns, channels = 1 } = grid;
  const [line, rows] = [width * channels, rowsOf(grid)]; // values in a row of an image, rows of images
  const sheet = new Uint8Array(rows * height * columns * line);
  for (let image = 0; image < countOf(grid); image++) {
    const corner = Math.floor(image / columns) * height * columns * line + (image % columns) * line;
    for (let row = 0; row < height; row++) {
      const from = (image * height + row) * line;
      sheet.set(pixels.subarray(from, from + line), corner + row * columns * line);
    }
  }
  return { pixels: sheet, channels, width: columns * width, height: rows * height };
}

/** The number of values in an image. */
export function sizeOf({ height, width, channels = 1 }: Pick<ImageGrid, "height" | "width" | "channels">): number {
  return height * width * channels;
}

/** The number of images. */
export function countOf(grid: Pick<ImageGrid, "pixels" | "height" | "width" | "channels">): number {
  return grid.pixels.length / sizeOf(grid);
}

/** The number of rows in a grid of images. */
export function rowsOf(grid: Omit<ImageGrid, "rows" | "x" | "y">): number {
  return Math.ceil(countOf(grid) / grid.columns);
}
