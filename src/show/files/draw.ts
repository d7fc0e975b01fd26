/**
 * Draws a picture as a file.
 *
 * @module
 */
import type { Picture } from "../events.ts";
import type { Drawn } from "./page_events.ts";
import { sheetPng } from "./png.ts";

/** Draws a picture: plain images as PNG, and everything with axes or names as SVG. */
export async function draw(picture: Picture): Promise<Drawn> {
  if (picture.kind === "images" && !hasNames(picture)) return { type: "image/png", bytes: await sheetPng(picture) };
  const { plotSvg } = await import("./plot.ts"); // loaded only for plots, because it takes 0.2 s
  return { type: "image/svg+xml", bytes: new TextEncoder().encode(await plotSvg(picture)) };
}

/** Whether images have text beside them. */
export function hasNames(picture: Picture & { kind: "images" }): boolean {
  return Boolean(picture.rows || picture.x || picture.y);
}
