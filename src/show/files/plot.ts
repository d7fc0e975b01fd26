/**
 * Draws plots as SVG. *
 * @module
 */
import type { Picture } from "../events.ts";
import { barsSvg } from "./bars.ts";
import { heatSvg } from "./heat.ts";
import { linesSvg } from "./lines.ts";
import { mapSvg } from "./map.ts";
import { scatterSvg } from "./scatter.ts";

/** Draws a plot as a self-contained SVG, which includes its title, its legend and its style. */
export async function plotSvg(picture: Picture): Promise<string> {
  switch (picture.kind) {
    case "images":
      return await mapSvg(picture, picture.caption);
    case "scatter":
      return await scatterSvg(picture, picture.caption);
    case "lines":
      return await linesSvg(picture, picture.caption);
    case "bars":
      return await barsSvg(picture, picture.caption);
    case "heat":
      return await heatSvg(picture, picture.caption);
  }
}
