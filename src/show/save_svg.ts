import { assertDrawable } from "./drawable.ts";
import type { Drawing } from "./events.ts";
import { type SaveOptions, writePicture } from "./write_picture.ts";

/**
 * Writes a plot as a self-contained SVG, readable on a light and on a dark page.
 *
 * @param path The path of the file. Its directory must exist.
 * @param drawing The plot: curves, points, bars, a heat map, or images with axes.
 * @throws {RangeError} If the parts of the plot do not fit together.
 * @throws {InputError} If there is nothing to draw, a number is not finite, or the file already exists and `overwrite`
 * is not true.
 * @throws {EnvironmentError} If the file cannot be written. If a permission is missing, the message names the flag to
 * add.
 * @example
 * ```ts ignore
 * import { saveSvg } from "@vae/steps";
 *
 * const series = [{ name: "training", x: [1, 2, 3], y: [540, 210, 190] }]; const [x, y] = [{ label: "epoch" }, { label:
 * "loss, nats per image" }]; await saveSvg("losses.svg", { kind: "lines", caption: "The loss of training", series, x, y
 * });
 * ```
 */
export async function saveSvg(path: string, drawing: Drawing, options: SaveOptions = {}): Promise<void> {
  const picture = { name: path, ...drawing };
  assertDrawable(picture);
  const { plotSvg } = await import("./files/plot.ts"); // loaded only for plots, because it takes 0.2 s
  await writePicture(path, new TextEncoder().encode(await plotSvg(picture)), options);
}
