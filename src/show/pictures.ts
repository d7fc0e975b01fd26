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
  const { x, y, value }: { x?: Axis; y?: Axis; value?: Axis } = picture;
  if (!/^\w[\w-]*$/.test(name)) throw new RangeError(`A picture's name is letters, digits, _ and -, not "${name}".`);
  const fit = (things: string, found: number, wanted: number) => {
    if (found !== wanted) throw new RangeError(`The picture "${name}" has ${found} ${things}; it needs ${wanted}.`);
  };
  const some = (things: string, values: ArrayLike<number>) => assertNumbers(name, things, values);
  const whole = (things: string, count: number) => fit(things, count, Math.max(1, Math.round(count)));
  const above0 = (things: string, axis: Axis, values: ArrayLike<number>) => {
    if (!axis.log || least(values) > 0) return;
    throw new InputError(`The picture "${name}" cannot be drawn: on a log axis ${things} are above 0.`);
  };
  for (const axis of [x, y, value].filter((axis) => axis !== undefined)) {
    const { from, to, log } = axis;
    const ends = [from, to].filter((end) => end !== undefined);
    some("ends of axes", [0, ...ends]);
    above0("ends", axis, ends);
    if (from! >= to!) throw new RangeError(`An axis of the picture "${name}" goes from ${from} to ${to}.`);
    if (log && (kind === "scatter" || kind === "bars")) {
      throw new RangeError(`The picture "${name}" has a log axis, but ${kind} have none.`);
    }
  }
  switch (kind) {
    case "images":
      some("pixels", picture.pixels);
      whole("columns", picture.columns);
      if (picture.rows) fit("names of rows", picture.rows.length, rowsOf(picture));
      return;
    case "scatter":
      some("points", picture.points);
      fit("labels", picture.labels.length, picture.points.length / 2);
      if (picture.labels.some((label) => label >= picture.classes.length)) {
        throw new RangeError(`The picture "${name}" has labels beyond its ${picture.classes.length} classes.`);
      }
      return;
    case "lines":
      some("curves", picture.series.map(() => 1));
      for (const { name, x, y, as } of picture.series) {
        const points = `points in "${name}"`;
        some(points, x);
        some(points, y);
        fit(`values in "${name}"`, y.length, x.length);
        above0(points, picture.x, x);
        above0(points, picture.y, as === "steps" ? [0] : y); // steps are bars from 0
      }
      return;
    case "bars":
      some("bars", picture.values);
      fit("labels", picture.labels.length, picture.values.length);
      return;
    case "heat":
      some("values", picture.values);
      whole("columns", picture.columns);
      fit("values in its last row", picture.values.length % picture.columns || picture.columns, picture.columns);
      above0("values", picture.value, picture.values);
  }
}

const MOST = 1e300; // so that the distance between two numbers is a number

/** Checks that there are values, and that all are finite; `name` is the picture's. */
function assertNumbers(name: string, things: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw new InputError(`The picture "${name}" has no ${things}: there is nothing to see.`);
  const odd = Array.prototype.find.call(values, (value) => !(Math.abs(value) <= MOST));
  if (odd !== undefined) {
    throw new InputError(
      `The picture "${name}" cannot be drawn: ${things} are finite numbers of at most ${MOST}, and one is ${odd}.`,
    );
  }
}

function least(values: ArrayLike<number>): number {
  return Array.prototype.reduce.call(values, (a, b) => Math.min(a as number, b), Infinity) as number;
}

/** What is no farther apart has too few digits left to have ticks between. */
export const TINY = 1e-300;

/** How far an axis goes to both sides of a value that is alone on it. */
export function roomAround(value: number): number {
  const half = Math.abs(value) / 2;
  return half > TINY ? half : 0.5;
}

/** Where the middle of cell `i` of so many lies on an axis whose ends are the middles of the first and the last. */
export function middleOf(axis: Axis & { from: number; to: number }, cells: number, i: number): number {
  const [to, back] = axis.log ? [Math.log, Math.exp] : [Number, Number];
  const first = to(axis.from);
  return back(first + (cells > 1 ? i * (to(axis.to) - first) / (cells - 1) : i));
}

/** Where the outer edges of the first and the last of so many cells are. */
export function outerEnds(axis: Axis & { from: number; to: number }, cells: number): [number, number] {
  return [middleOf(axis, cells, -0.5), middleOf(axis, cells, cells - 0.5)];
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

/**
 * One part of the loss over the images seen: training, averaged over stretches of steps, and held-out, after every epoch. Of
 * a training that was over when it was resumed there are only the epochs' averages.
 */
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
  const [last] = steps.slice(-1);
  if (!x.length && last?.epochEnds) {
    x.push(...last.history.train.map((_, epoch) => seen * (epoch + 1) / last.epoch));
    y.push(...last.history.train.map((losses) => losses[part]));
  }
  const series: Series[] = [{ name: "training", x, y }];
  if (ends.length) series.push({ name: "held-out", x: ends, y: heldOut, as: "dots" });
  return { series, x: { label: "images seen", from: 0 }, y: lossAxis(label, y, heldOut) };
}

/**
 * The upward axis of a loss. Where the fall of the first steps would squash all that comes after, the axis ends above the
 * rest, and its label says where the curve came from.
 */
function lossAxis(label: string, training: number[], heldOut: number[]): Axis {
  const rest = [...training.slice(Math.ceil(training.length / 12)), ...heldOut];
  const [low, high] = [least(rest), -least(rest.map((value) => -value))];
  const falls = training[0] === -least(training.map((value) => -value)) && training[0] - low > 2.5 * (high - low);
  if (!falls || training.length < 6 || !(high > low)) return { label };
  const step = 10 ** Math.floor(Math.log10(high - low)) / 2;
  const to = Math.ceil((high + 0.1 * (high - low)) / step) * step;
  return { label: `${label} (${Number(training[0].toPrecision(3)).toLocaleString("en")} at first)`, to };
}
