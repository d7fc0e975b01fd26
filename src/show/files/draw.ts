/**
 * A picture as a page shows it.
 *
 * @module
 */
import type { Picture } from "../events.ts";
import type { Drawn } from "./page_events.ts";
import { sheetPng } from "./png.ts";

/** Draws a picture: plain images as PNG, and whatever has axes or names as SVG. */
export async function draw(picture: Picture): Promise<Drawn> {
  if (picture.kind === "images" && !hasNames(picture)) return { type: "image/png", bytes: await sheetPng(picture) };
  const { plotSvg } = await import("./plot.ts"); // 0.2 s with the library, only for those who want plots
  return { type: "image/svg+xml", bytes: new TextEncoder().encode(await plotSvg(picture)) };
}

/** Whether something is written beside the images. */
export function hasNames(picture: Picture & { kind: "images" }): boolean {
  return Boolean(picture.rows || picture.x || picture.y);
}
