/**
 * A grid of images as one picture.
 *
 * @module
 */
import type { ImageGrid } from "./events.ts";

/** A picture, row by row. */
export interface Sheet {
  /** 0 black to 255 white, for each pixel once or for its red, green and blue. */
  pixels: Uint8Array;
  /** Values a pixel. */
  channels: 1 | 3;
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
}

/** Lays images side by side, `columns` in a row. */
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

/** How many values an image has. */
export function sizeOf({ height, width, channels = 1 }: Pick<ImageGrid, "height" | "width" | "channels">): number {
  return height * width * channels;
}

/** How many images there are. */
export function countOf(grid: Pick<ImageGrid, "pixels" | "height" | "width" | "channels">): number {
  return grid.pixels.length / sizeOf(grid);
}

/** How many rows a grid of images has. */
export function rowsOf(grid: Omit<ImageGrid, "rows" | "x" | "y">): number {
  return Math.ceil(countOf(grid) / grid.columns);
}
