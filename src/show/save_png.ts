import type { Tensor } from "../tensor.ts";
import { assertDrawable } from "./drawable.ts";
import { imagePicture } from "./pictures.ts";
import { type SaveOptions, writePicture } from "./write_picture.ts";

/** How images are laid out and written. */
export interface PngOptions extends SaveOptions {
  /** Images in a row; all of them by default. */
  columns?: number;
}

/**
 * Writes images as one PNG, side by side in rows.
 *
 * A picture of more than 100,000 pixels in all keeps 64 levels of 256, so that no pixel moves by more than 2 of 255.
 *
 * @param path The file; the directory above it must exist.
 * @param images Pixels in [0, 1], `[N, H, W, 1]`, or in colour `[N, H, W, 3]`; what lies outside is written as 0 or 1. They stay
 * the caller's.
 * @throws {RangeError} If they have another shape, or `columns` is not a whole number of at least 1.
 * @throws {InputError} If there are none, or a pixel is NaN, or there is such a file already and `overwrite` is not given.
 * @throws {EnvironmentError} If it cannot be written; without permission, the message names the flag to add.
 * @example
 * ```ts ignore
 * import { gridCodes, pixels, savePng } from "@vae/steps";
 *
 * const images = pixels(vae.decode(gridCodes([-2, -1, 0, 1, 2]))); // [25, 28, 28, 1]
 * await savePng("manifold.png", images, { columns: 5 });
 * ```
 */
export async function savePng(path: string, images: Tensor, { columns, overwrite }: PngOptions = {}): Promise<void> {
  const picture = await imagePicture(path, path, images, columns === undefined ? {} : { columns });
  assertDrawable(picture);
  const { sheetPng } = await import("./files/png.ts");
  if (picture.kind === "images") await writePicture(path, await sheetPng(picture), { overwrite });
}
