/**
 * Where things lie on an axis.
 *
 * @module
 */
import type { Axis } from "./events.ts";

/** An axis of a grid: `from` is the middle of its first cell, `to` the middle of its last. */
export type GridAxis = Axis & { from: number; to: number };

/** Ends no farther apart than this leave too few digits for ticks between them. */
export const TINY = 1e-300;

/** The least and the largest of some values; infinite, and in the wrong order, if there are none. */
export function extent(values: Iterable<number>): [least: number, largest: number] {
  let [least, largest] = [Infinity, -Infinity];
  for (const value of values) [least, largest] = [Math.min(least, value), Math.max(largest, value)];
  return [least, largest];
}

/** How far an axis reaches to either side of a value that is alone on it. */
export function roomAround(value: number): number {
  const half = Math.abs(value) / 2;
  return half > TINY ? half : 0.5;
}

/** Where the middle of cell `i` of `cells` lies. */
export function middleOf(axis: GridAxis, cells: number, i: number): number {
  const [to, back] = axis.log ? [Math.log, Math.exp] : [Number, Number];
  const first = to(axis.from);
  return back(first + (cells > 1 ? i * (to(axis.to) - first) / (cells - 1) : i));
}

/** Where the outer edges of the first and the last of `cells` cells lie. */
export function outerEnds(axis: GridAxis, cells: number): [number, number] {
  return [middleOf(axis, cells, -0.5), middleOf(axis, cells, cells - 0.5)];
}
