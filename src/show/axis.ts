/**
 * Positions on an axis. *
 * @module
 */
import type { Axis } from "./events.ts";

/** An axis of a grid: `from` is the centre of the first cell, `to` that of the last. */
export type GridAxis = Axis & { from: number; to: number };

/** Below this distance between the ends of an axis, there are too few digits for ticks between them. */
export const TINY = 1e-300;

/** The smallest and the largest of some values; `[Infinity, -Infinity]` if there are none. */
export function extent(values: Iterable<number>): [least: number, largest: number] {
  let [least, largest] = [Infinity, -Infinity];
  for (const value of values) [least, largest] = [Math.min(least, value), Math.max(largest, value)];
  return [least, largest];
}

/** How far an axis with a single value extends to either side of it. */
export function roomAround(value: number): number {
  const half = Math.abs(value) / 2;
  return half > TINY ? half : 0.5;
}

/** The position of the centre of cell `i` of `cells`. */
export function middleOf(axis: GridAxis, cells: number, i: number): number {
  const [to, back] = axis.log ? [Math.log, Math.exp] : [Number, Number];
  const first = to(axis.from);
  return back(first + (cells > 1 ? i * (to(axis.to) - first) / (cells - 1) : i));
}

/** The positions of the outer edges of the first and the last of `cells` cells. */
export function outerEnds(axis: GridAxis, cells: number): [number, number] {
  return [middleOf(axis, cells, -0.5), middleOf(axis, cells, cells - 0.5)];
}
