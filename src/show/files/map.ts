/**
 * Draws a grid of images with axes as SVG.
 *
 * @module
 */
import { tickText } from "../../wording.ts";
import { rowsOf } from "../sheet.ts";
import type { Axis, ImageGrid } from "../events.ts";
import { middleOf, outerEnds } from "../axis.ts";
import { framed } from "./heat.ts";
import { pngUri, sheetPng } from "./png.ts";
import { drawSvg, loadPlot } from "./svg.ts";
import { wrap } from "./text.ts";

const LETTER = 7; // the approximate width of a letter in a generic font of 12 pixels, in pixels

/**
 * Draws images, enlarged by a whole number if they fit, beside the names of their rows, or with axes whose ticks are at
 * their centres.
 */
export async function mapSvg(grid: ImageGrid, caption: string): Promise<string> {
  const Plot = await loadPlot();
  const { x, y, rows } = grid;
  const down = rowsOf(grid);
  const [across, high] = [grid.columns * grid.width, down * grid.height];
  const zoom = Math.min(8, Math.floor(560 / across) || 560 / across, Math.max(1, Math.floor(640 / high)));
  const [width, height] = [across * zoom, high * zoom];
  const names = rows?.map((name) => wrap(name, 150, LETTER).join("\n"));
  const longest = Math.max(0, ...names?.flatMap((name) => name.split("\n")).map((line) => line.length) ?? []);
  const left = names ? 28 + LETTER * longest : y ? 56 : 16;
  const rowNames = {
    domain: [down - 0.5, -0.5],
    ticks: names?.map((_, row) => row),
    tickFormat: (row: number) => names?.[row] ?? "",
  };
  return await drawSvg({
    caption,
    width,
    height,
    left,
    bottom: x ? 44 : 16,
    plot: {
      x: x ? middles(x, grid.columns) : { axis: null, domain: [0, 1] },
      y: names ? { ...rowNames, tickSize: 0, label: null } : y ? middles(y, down) : { axis: null, domain: [0, 1] },
      marks: [framed(Plot, pngUri(await sheetPng(grid)), width, height)],
    },
  });
}

/**
 * An axis with a tick at the centre of every image, and labels at evenly spaced ticks, chosen so that the labels are
 * shortest.
 */
function middles(axis: Axis & { from: number; to: number }, count: number) {
  const at = Array.from({ length: count }, (_, i) => middleOf(axis, count, i));
  const texts = at.map((value) => tickText(Math.abs(value) < 1e-9 ? 0 : value));
  const every = Array.from({ length: count }, (_, i) => i + 1).filter((k) =>
    (count - 1) % k === 0 && (count - 1) / k < 9
  );
  const longest = (k: number) => Math.max(...texts.filter((_, i) => i % k === 0).map((text) => text.length));
  const often = every.toSorted((a, b) => longest(a) - longest(b) || a - b)[0] ?? 1; // one image has no steps
  const named = (value: number) => at.indexOf(value) % often === 0 ? texts[at.indexOf(value)] : "";
  return {
    label: axis.label,
    type: axis.log ? "log" : "linear",
    domain: outerEnds(axis, count),
    ticks: at,
    tickFormat: named,
  };
}
