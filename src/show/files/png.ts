/**
 * PNG files.
 *
 * @module
 */

import type { ImageGrid } from "../events.ts";
import { arrange } from "../sheet.ts";

/** Pixels of 8 bits, row by row: grey, or red, green and blue. */
export interface Pixels {
  /** The values of all pixels, 0 to 255. */
  data: Uint8Array;
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** Values a pixel. */
  channels: 1 | 3;
}

/** A PNG. */
export async function png(pixels: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  const { encode } = await import("fast-png"); // 20 ms, only for those who want files
  return new Uint8Array(encode(pixels, { zlib: { level: 9 } }));
}

/** A PNG's bytes as a text that a picture in another file can hold. */
export function pngUri(png: Uint8Array): string {
  return `data:image/png;base64,${png.toBase64()}`;
}

const LARGE = 100_000; // pixels, more than 100 images of 28 by 28

/**
 * Images laid out in rows, as one PNG. A large one keeps 64 levels of 256, so that no pixel moves by more than 2: what
 * decoders draw has faint noise everywhere, which costs half the file, and no eye sees it.
 */
export async function sheetPng(images: ImageGrid): Promise<Uint8Array<ArrayBuffer>> {
  const { pixels, width, height, channels } = arrange(images);
  const data = images.pixels.length / channels > LARGE
    ? pixels.map((level) => Math.round(Math.round(level * 63 / 255) * 255 / 63))
    : pixels;
  return await png({ data, width, height, channels });
}
