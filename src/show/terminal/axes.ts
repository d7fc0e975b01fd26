/**
 * Axes of plots in a terminal: positions of values, ticks, and the frame around a plot.
 *
 * @module
 */
import type { Axis } from "../events.ts";
import { extent, roomAround, TINY } from "../axis.ts";
import { clip, wrapped } from "./paint.ts";

/** Maps values to positions on an axis. */
export interface Scale {
  /** The value at the start of the axis. */
  from: number;
  /** The value at its end. */
  to: number;
  /** The position of a value: 0 at the start of the axis, 1 at its end. */
  place(value: number): number;
  /** About `count` round values, with their labels. */
  ticks(count: number): { at: number; text: string }[];
}

/**
 * Makes a scale for values, with round ends where the axis has none.
 *
 * @param axis The axis.
 * @param values The values that it must cover.
 * @param exact Whether to end exactly at the smallest and the largest value.
 */
export async function scaleOf(axis: Partial<Axis>, values: Iterable<number>, exact = false): Promise<Scale> {
  const { scaleLinear, scaleLog } = await import("d3-scale");
  const [least, most] = extent(values);
  let [from, to] = [axis.from ?? least, axis.to ?? most];
  if (!(to - from > TINY)) {
    const more = roomAround(from);
    [from, to] = axis.log ? [from / 2, to * 2] : [from - more, to + more];
  }
  const scale = (axis.log ? scaleLog() : scaleLinear()).domain([from, to]);
  if (!exact) {
    const [low, high] = scale.nice(8).domain();
    [from, to] = [axis.from ?? low, axis.to ?? high];
    scale.domain([from, to]);
  }
  return {
    from,
    to,
    place: (value) => scale(value),
    ticks(count) {
      const write: (value: number) => string = scale.tickFormat(count, axis.log ? ",~g" : undefined);
      let at: number[] = scale.ticks(count);
      const powers = at.filter((value) => Number.isInteger(Math.round(1e6 * Math.log10(value)) / 1e6));
      if (axis.log && powers.length > 2) at = powers;
      return at.map((value) => ({ at: value, text: write(value).replace("−", "-") })).filter(({ text }) => text);
    },
  };
}

/** A plot and its axes. */
export interface Framed {
  /** The lines of the plot, from the top. */
  rows: string[];
  /** Its width in characters. */
  width: number;
  /** The column of a value of x, and the row of a value of y. */
  column(x: number): number;
  row(y: number): number;
  /** The horizontal axis. */
  x: { axis: Axis; scale: Scale };
  /** The vertical axis. */
  y: { axis: Axis; scale: Scale };
}

/** The width in characters of the labels of a vertical axis with at most `most` rows, including a space after them. */
export function gutter(scale: Scale, most: number): number {
  const texts = Array.from({ length: most + 1 }, (_, rows) => scale.ticks(rows / 3)).flat();
  return 1 + texts.reduce((length, { text }) => Math.max(length, text.length), 0);
}

/** Draws axes around a plot, with the label of the vertical axis above it and that of the horizontal axis below. */
export function frame({ rows, width, column, row, x, y }: Framed, left: number, columns: number): string {
  const beside = Array.from(rows, () => `${" ".repeat(left)}│`);
  for (const { at, text } of y.scale.ticks(rows.length / 3)) {
    const line = row(at);
    if (line >= 0 && line < rows.length) beside[line] = `${clip(text, left - 1).padStart(left - 1)} ┤`;
  }
  const edge = Array(width).fill("─");
  let numbers = "";
  for (const { at, text } of x.scale.ticks(Math.max(2, width / 10))) {
    const middle = column(at);
    if (!(middle >= 0 && middle < width)) continue;
    edge[middle] = "┬";
    const start = Math.min(left + 1 + middle - Math.floor((text.length - 1) / 2), left + 1 + width - text.length);
    if (start > numbers.length || numbers === "" && start >= 0) numbers = numbers.padEnd(start) + text;
  }
  const name = wrapped(x.axis.label, columns).map((part) => part.padStart((left + 1 + width + part.length) / 2));
  return [
    ...wrapped(y.axis.label, columns),
    ...rows.map((text, i) => `${beside[i]}${text}`),
    `${" ".repeat(left)}└${edge.join("")}`,
    numbers,
    ...name,
  ].join("\n");
}
