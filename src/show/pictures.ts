/**
 * What pictures are made of before anybody draws them: checks, histograms and loss curves.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Step } from "../training/train.ts";
import type { Axis, Lines, Picture, Series } from "./events.ts";

/**
 * Checks that a picture can be drawn.
 *
 * @throws {RangeError} If its parts do not fit together, or its name is no file's.
 * @throws {InputError} If there is nothing to see, or something is not a number.
 */
export function assertDrawable(picture: Picture): void {
  const { kind, name } = picture;
  if (!/^\w[\w-]*$/.test(name)) throw new RangeError(`A picture's name is letters, digits, _ and -, not "${name}".`);
  const fit = (things: string, found: number, wanted: number) => {
    if (found !== wanted) throw new RangeError(`The picture "${name}" has ${found} ${things}; it needs ${wanted}.`);
  };
  const some = (things: string, values: ArrayLike<number>) => assertNumbers(name, things, values);
  for (const { from, to } of Object.values(picture) as Partial<Axis>[]) {
    some("ends of axes", [from ?? 0, to ?? 0]);
    if (from! >= to!) throw new RangeError(`An axis of the picture "${name}" goes from ${from} to ${to}.`);
  }
  switch (kind) {
    case "images": {
      some("pixels", picture.pixels);
      if (picture.rows) fit("names of rows", picture.rows.length, rowsOf(picture));
      return;
    }
    case "scatter":
      some("points", picture.points);
      fit("labels", picture.labels.length, picture.points.length / 2);
      if (picture.labels.some((label) => label >= picture.classes.length)) {
        throw new RangeError(`The picture "${name}" has labels beyond its ${picture.classes.length} classes.`);
      }
      return;
    case "lines":
      some("curves", picture.series.map(() => 1));
      for (const { name, x, y } of picture.series) {
        some(`points in "${name}"`, x);
        some(`points in "${name}"`, y);
        fit(`values in "${name}"`, y.length, x.length);
        if ((picture.x.log && least(x) <= 0) || (picture.y.log && least(y) <= 0)) {
          throw new InputError(`The picture "${picture.name}" cannot be drawn: on a log axis "${name}" is above 0.`);
        }
      }
      return;
    case "bars":
      some("bars", picture.values);
      fit("labels", picture.labels.length, picture.values.length);
      return;
    case "heat":
      some("values", picture.values);
      fit("values in its last row", picture.values.length % picture.columns || picture.columns, picture.columns);
  }
}

/** Checks that there are values, and that all are finite; `name` is the picture's. */
function assertNumbers(name: string, things: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw new InputError(`The picture "${name}" has no ${things}: there is nothing to see.`);
  const odd = Array.prototype.find.call(values, (value) => !Number.isFinite(value));
  if (odd !== undefined) {
    throw new InputError(`The picture "${name}" cannot be drawn: ${things} are finite numbers, and one is ${odd}.`);
  }
}

function least(values: ArrayLike<number>): number {
  return Array.prototype.reduce.call(values, (a, b) => Math.min(a as number, b), Infinity) as number;
}

/** How many rows a grid of images has. */
export function rowsOf(grid: { pixels: Uint8Array; height: number; width: number; columns: number }): number {
  return Math.ceil(grid.pixels.length / (grid.height * grid.width * grid.columns));
}

/**
 * How often which value came up, as densities over 40 bins that all sets of values share. Where the axis has ends, values
 * beyond them have no bar, but count.
 *
 * @throws {InputError} If there are no values, or one is not finite; `name` is the picture's.
 */
export function histogram(name: string, values: Record<string, ArrayLike<number>>, x: Axis): Lines {
  for (const [set, numbers] of Object.entries(values)) assertNumbers(name, `values of "${set}"`, numbers);
  const all = Object.values(values).flatMap((set) => Array.from(set));
  const [low, high] = [x.from ?? least(all), x.to ?? -least(all.map((value) => -value))];
  const [bins, width] = [40, (high - low) / 40 || 1];
  const centres = Array.from({ length: bins }, (_, i) => low + (i + 0.5) * width);
  const series = Object.entries(values).map(([name, set]): Series => {
    const y = new Float64Array(bins);
    for (const value of Array.from(set)) {
      if (value >= low && value <= high) {
        y[Math.min(bins - 1, Math.floor((value - low) / width))] += 1 / (set.length * width);
      }
    }
    return { name, x: centres, y, as: "steps" };
  });
  return { series, x, y: { label: "density", from: 0 } };
}

/** One part of the loss over the images seen: training, averaged over stretches of steps, and held-out, after every epoch. */
export function lossCurves(steps: Step[], part: "loss" | "reconstruction" | "kl", label: string): Lines {
  const stretch = Math.ceil(steps.length / 60);
  const [x, y]: number[][] = [[], []];
  const [ends, heldOut]: number[][] = [[], []];
  let [seen, sum, count] = [0, 0, 0];
  steps.forEach((step, i) => {
    seen += step.batch;
    if (step[part] !== undefined) [sum, count] = [sum + step[part], count + 1];
    if ((i + 1) % stretch === 0 && count) {
      x.push(seen);
      y.push(sum / count);
      [sum, count] = [0, 0];
    }
    if (step.epochEnds && step.history.test.length) {
      ends.push(seen);
      heldOut.push(step.history.test[step.epoch - 1][part]);
    }
  });
  const series: Series[] = [{ name: "training", x, y }];
  if (ends.length) series.push({ name: "held-out", x: ends, y: heldOut, as: "dots" });
  return { series, x: { label: "images seen", from: 0 }, y: { label } };
}
