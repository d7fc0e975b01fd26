import { assertDrawable } from "./drawable.ts";
import type { Drawing } from "./events.ts";
import { type SaveOptions, writePicture } from "./write_picture.ts";

/**
 * Writes a plot as an SVG that stands alone, readable on a light and on a dark page.
 *
 * @param path The file; the directory above it must exist.
 * @param drawing What to draw: curves, points, bars, a surface, or images with axes.
 * @throws {RangeError} If its parts do not fit together.
 * @throws {InputError} If there is nothing to see, or something is not a finite number, or there is such a file already and
 * `overwrite` is not given.
 * @throws {EnvironmentError} If it cannot be written; without permission, the message names the flag to add.
 * @example
 * ```ts ignore
 * import { saveSvg } from "@vae/steps";
 *
 * const series = [{ name: "training", x: [1, 2, 3], y: [540, 210, 190] }];
 * const [x, y] = [{ label: "epoch" }, { label: "loss, nats an image" }];
 * await saveSvg("losses.svg", { kind: "lines", caption: "The loss of training", series, x, y });
 * ```
 */
export async function saveSvg(path: string, drawing: Drawing, options: SaveOptions = {}): Promise<void> {
  const picture = { name: path, ...drawing };
  assertDrawable(picture);
  const { plotSvg } = await import("./files/plot.ts"); // 0.2 s with the library, only for those who want plots
  await writePicture(path, new TextEncoder().encode(await plotSvg(picture)), options);
}
