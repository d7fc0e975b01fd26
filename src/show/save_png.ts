import type { Tensor } from "../tensor.ts";
import { assertDrawable } from "./drawable.ts";
import { imagePicture } from "./pictures.ts";
import { type SaveOptions, writePicture } from "./write_picture.ts";

/** The layout of images in a PNG, and how to write it. */
export interface PngOptions extends SaveOptions {
  /** The number of images in a row; all of them by default. */
  columns?: number;
}

/**
 * Writes images as one PNG, in rows.
 *
 * A picture of more than 100,000 pixels is reduced from 256 levels to 64, which changes no pixel by more than 2 of 255.
 *
 * @param path The path of the file. Its directory must exist.
 * @param images Pixels in [0, 1], `[N, H, W, 1]` in grey or `[N, H, W, 3]` in colour. Values outside [0, 1] are
 * clipped. The caller disposes them.
 * @throws {RangeError} If the images have another shape, or `columns` is not a whole number of at least 1.
 * @throws {InputError} If there are no images, a pixel is NaN, or the file already exists and `overwrite` is not true.
 * @throws {EnvironmentError} If the file cannot be written. If a permission is missing, the message names the flag to
 * add.
 * @example
 * ```ts ignore
 * import { gridCodes, savePng } from "@vae/steps";
 *
 * const images = vae.mean(vae.decode(gridCodes([-2, -1, 0, 1, 2]))); // [25, 28, 28, 1] await savePng("manifold.png",
 * images, { columns: 5 });
 * ```
 */
export async function savePng(path: string, images: Tensor, { columns, overwrite }: PngOptions = {}): Promise<void> {
  const picture = await imagePicture(path, path, images, columns === undefined ? {} : { columns });
  assertDrawable(picture);
  const { sheetPng } = await import("./files/png.ts");
  if (picture.kind === "images") await writePicture(path, await sheetPng(picture), { overwrite });
}
