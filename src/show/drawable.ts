/**
 * Checks that pictures can be drawn.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { extent } from "./axis.ts";
import type { Axis, Lines, Picture, Scatter, Table } from "./events.ts";
import { rowsOf } from "./sheet.ts";

/**
 * Checks that a picture's name is valid as a file name.
 *
 * @throws {RangeError} If it is not.
 */
export function assertName(name: string): void {
  if (!/^\w[\w-]*$/.test(name)) {
    throw new RangeError(`A picture's name may only have letters, digits, _ and -, not "${name}".`);
  }
}

/**
 * Checks that a picture can be drawn.
 *
 * @throws {RangeError} If its parts do not fit together.
 * @throws {InputError} If there is nothing to draw, or a number is not finite.
 */
export function assertDrawable(picture: Picture): void {
  const { kind, name } = picture;
  for (const axis of axesOf(picture)) assertAxis(name, kind, axis);
  switch (kind) {
    case "images":
      assertNumbers(name, "pixels", picture.pixels);
      assertWhole(name, "columns", picture.columns);
      if (picture.rows) assertCount(name, "row names", picture.rows.length, rowsOf(picture));
      return;
    case "scatter":
      return assertScatter(name, picture);
    case "lines":
      return assertLines(name, picture);
    case "bars":
      assertNumbers(name, "bars", picture.values);
      assertCount(name, "labels", picture.labels.length, picture.values.length);
      return;
    case "heat": {
      const { values, columns, value } = picture;
      assertNumbers(name, "values", values);
      assertWhole(name, "columns", columns);
      assertCount(name, "values in its last row", values.length % columns || columns, columns);
      assertAbove0(name, "values", value, values);
    }
  }
}

/**
 * Checks that every row of a table has a cell in every column.
 *
 * @throws {RangeError} If one does not.
 */
export function assertTable({ columns, rows }: Table): void {
  const odd = rows.findIndex((row) => row.length !== columns.length);
  if (odd < 0) return;
  throw new RangeError(`Row ${odd} of the table has ${rows[odd]?.length} cells; it needs ${columns.length}.`);
}

/** The largest number that can be drawn, so that the difference between two numbers is finite. */
const MOST = 1e300;

/**
 * Checks that there are values, and that all of them are finite.
 *
 * @param name The picture's name, for messages.
 * @param things What to call the values in messages.
 * @throws {InputError} If there are no values, or one is not finite.
 */
export function assertNumbers(name: string, things: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw new InputError(`The picture "${name}" has no ${things}: there is nothing to draw.`);
  const odd = Array.prototype.find.call(values, (value) => !(Math.abs(value) <= MOST));
  if (odd === undefined) return;
  throw new InputError(
    `The picture "${name}" cannot be drawn: ${things} must be finite numbers of at most ${MOST}, but one is ${odd}.`,
  );
}

function axesOf(picture: Picture): Axis[] {
  const { x, y, value }: { x?: Axis; y?: Axis; value?: Axis } = picture;
  return [x, y, value].filter((axis) => axis !== undefined);
}

function assertAxis(name: string, kind: Picture["kind"], axis: Axis): void {
  const { from, to, log } = axis;
  const ends = [from, to].filter((end) => end !== undefined);
  assertNumbers(name, "ends of axes", [0, ...ends]);
  assertAbove0(name, "ends", axis, ends);
  if (from !== undefined && to !== undefined && from >= to) {
    throw new RangeError(
      `An axis of the picture "${name}" must go from a smaller to a larger number, not from ${from} to ${to}.`,
    );
  }
  if (log && (kind === "scatter" || kind === "bars")) {
    throw new RangeError(`The picture "${name}" has a log axis, which a picture of kind "${kind}" cannot have.`);
  }
}

function assertScatter(name: string, { points, labels, classes }: Scatter): void {
  assertNumbers(name, "points", points);
  assertCount(name, "labels", labels.length, points.length / 2);
  if (labels.some((label) => label >= classes.length)) {
    throw new RangeError(`The picture "${name}" has labels outside its ${classes.length} classes.`);
  }
}

function assertLines(name: string, lines: Lines): void {
  assertNumbers(name, "curves", lines.series.map(() => 1));
  for (const { name: curve, x, y, as } of lines.series) {
    const points = `points in "${curve}"`;
    assertNumbers(name, points, x);
    assertNumbers(name, points, y);
    assertCount(name, `values in "${curve}"`, y.length, x.length);
    assertAbove0(name, points, lines.x, x);
    assertAbove0(name, points, lines.y, as === "steps" ? [0] : y); // steps are bars that start at 0
  }
}

function assertCount(name: string, things: string, found: number, wanted: number): void {
  if (found !== wanted) throw new RangeError(`The picture "${name}" has ${found} ${things}; it needs ${wanted}.`);
}

function assertWhole(name: string, things: string, count: number): void {
  assertCount(name, things, count, Math.max(1, Math.round(count)));
}

function assertAbove0(name: string, things: string, axis: Axis, values: ArrayLike<number>): void {
  if (!axis.log || extent(Array.from(values))[0] > 0) return;
  throw new InputError(`The picture "${name}" cannot be drawn: on a log axis, ${things} must be above 0.`);
}
