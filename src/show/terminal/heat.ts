/**
 * Heat maps in a terminal: two colours per character or, without colours, characters of different weight.
 *
 * @module
 */
import { at } from "../../at.ts";
import { roundText } from "../../wording.ts";
import type { Axis, HeatMap } from "../events.ts";
import { outerEnds } from "../axis.ts";
import { frame, gutter, type Scale, scaleOf } from "./axes.ts";
import type { TerminalOptions } from "./capabilities.ts";
import { RAMP } from "./images.ts";
import { type Cell, line, type Rgb, rgb, wrapped } from "./paint.ts";
import { legendText } from "./plots.ts";

/** The characters for marks on the map. */
const MARKS = "123456789abcdefghijklmnopqrstuvwxyz";

/** Draws a heat map with its axes, its colour scale, and a legend of its marks. */
export async function drawHeat(map: HeatMap, options: TerminalOptions): Promise<string> {
  const { interpolateViridis } = await import("d3-scale-chromatic");
  const viridis = (t: number): Rgb => rgb(interpolateViridis(t));
  const value = await scaleOf(map.value, Array.from(map.values), true);
  const high = map.values.length / map.columns;
  const [x, y] = [await rimmed(map.x, map.columns), await rimmed(map.y, high)];
  const left = Math.min(gutter(y, 24), Math.floor(options.columns / 3));
  const halves = options.colour ? 2 : 1; // values per character, one above the other
  const width = fitted(map.columns, Math.min(options.columns - left - 2, 72));
  const height = fitted(high, halves * Math.min(24, Math.max(8, Math.round(width / 2)))); // in values
  const share = (column: number, row: number) => {
    const t = value.place(meanOf(map, column / width, (column + 1) / width, 1 - (row + 1) / height, 1 - row / height));
    return Math.min(1, Math.max(0, t));
  };
  const rows = Math.ceil(height / halves);
  const cells = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, column): Cell => {
      if (!options.colour) return { text: at(RAMP, Math.min(9, Math.floor(10 * share(column, row)))) };
      const bottom = 2 * row + 1 < height ? viridis(share(column, 2 * row + 1)) : undefined;
      return { text: "▀", ink: viridis(share(column, 2 * row)), paper: bottom };
    }));
  const column = (at: number) => Math.min(width - 1, Math.floor(x.place(at) * width));
  const row = (at: number) => Math.min(rows - 1, Math.floor((1 - y.place(at)) * height / halves));
  const marks = (map.marks ?? []).map(({ x, y, name }, i) => ({
    mark: at(MARKS, i % MARKS.length),
    name,
    cell: cells[row(y)]?.[column(x)],
  }));
  for (const { mark, cell } of marks) {
    if (cell) Object.assign(cell, { text: mark, ink: [0, 0, 0], paper: [255, 255, 255] });
  }
  const axes = { x: { axis: map.x, scale: x }, y: { axis: map.y, scale: y } };
  const text = cells.map((row) => line(row, options.colour));
  return `${frame({ rows: text, width, column, row, ...axes }, left, options.columns)}\n` +
    `${colours(map.value, value, options, viridis)}\n${marks.length ? legendText(marks, options) : ""}`;
}

/**
 * The scale of an axis that includes the outer halves of the first and the last cell, with ticks only where there are
 * values.
 */
async function rimmed(axis: Axis & { from: number; to: number }, count: number): Promise<Scale> {
  const [from, to] = outerEnds(axis, count);
  const scale = await scaleOf({ ...axis, from, to }, [], true);
  const ticks = (wanted: number) =>
    scale.ticks(Math.min(wanted, count)).filter(({ at }) => at >= axis.from - 1e-9 && at <= axis.to + 1e-9);
  return { ...scale, ticks };
}

/**
 * How many characters to use for `count` values: the same number for each or, if there are more than `most` values,
 * `most`.
 */
function fitted(count: number, most: number): number {
  return count <= most ? count * Math.floor(most / count) : most;
}

/** The mean of the values in a part of the map, given in fractions of its width and height. */
function meanOf({ values, columns }: HeatMap, left: number, right: number, low: number, high: number): number {
  const rows = values.length / columns;
  const last = (edge: number) => Math.ceil(edge - 1e-9) - 1;
  let [sum, count] = [0, 0];
  for (let row = Math.floor(low * rows + 1e-9); row <= last(high * rows); row++) {
    for (let column = Math.floor(left * columns + 1e-9); column <= last(right * columns); column++) {
      sum += at(values, row * columns + column);
      count++;
    }
  }
  return sum / count;
}

/** The legend of the colours. */
function colours({ label }: Axis, { from, to }: Scale, options: TerminalOptions, viridis: (t: number) => Rgb): string {
  const [low, high] = [roundText(from), roundText(to)];
  const room = Math.min(30, options.columns - low.length - high.length - 2);
  const length = options.colour ? Math.max(3, room) : RAMP.length;
  const cells = Array.from(
    { length },
    (_, i): Cell => options.colour ? { text: " ", paper: viridis(i / (length - 1)) } : { text: at(RAMP, i) },
  );
  return `${wrapped(label, options.columns).join("\n")}\n${low} ${line(cells, options.colour)} ${high}`;
}
