/**
 * Writes PNG files. *
 * @module
 */

import type { ImageGrid } from "../events.ts";
import { arrange } from "../sheet.ts";

/** An image of 8-bit pixels, row by row: grey, or red, green and blue. */
export interface Pixels {
  /** The values of all pixels, from 0 to 255. */
  data: Uint8Array;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
  /** Values per pixel. */
  channels: 1 | 3;
}

/** Encodes an image as a PNG. */
export async function png(pixels: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  const { encode } = await import("fast-png"); // loaded only when needed, because it takes 20 ms
  return new Uint8Array(encode(pixels, { zlib: { level: 9 } }));
}

/** A PNG as a data URI, for embedding in another file. */
export function pngUri(png: Uint8Array): string {
  return `data:image/png;base64,${png.toBase64()}`;
}

const LARGE = 100_000; // in pixels; more than 100 images of 28 by 28

/**
 * Writes images in rows as one PNG. A large picture is reduced from 256 levels to 64, which changes no pixel by more
 * than 2. Pictures from decoders have faint, invisible noise everywhere, which would take half of the file.
 */
export async function sheetPng(images: ImageGrid): Promise<Uint8Array<ArrayBuffer>> {
  const { pixels, width, height, channels } = arrange(images);
  const data = images.pixels.length / channels > LARGE
    ? pixels.map((level) => Math.round(Math.round(level * 63 / 255) * 255 / 63))
    : pixels;
  return await png({ data, width, height, channels });
}
