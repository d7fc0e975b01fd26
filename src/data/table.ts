/**
 * Tables of numbers, with one example per row.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Batch, Tensor2D } from "../tensor.ts";
import { printable } from "../wording.ts";
import { checkedIndex, type Rows } from "./examples.ts";
import { isNpy, parseNpy } from "./npy.ts";
import { cellText, numberIn, readCsv } from "./csv.ts";
import { readFile } from "./read_file.ts";

/** A table of numbers with named columns, and perhaps a class for each row. */
export interface DataTable extends Rows {
  /** Its numbers in row-major order, `[N, D]`. */
  readonly values: Float64Array;
  /** The names of its `D` columns. */
  readonly columns: readonly string[];
  /** The class of each row, an index into `classes`, `[N]`, if the table has a column of classes. */
  readonly labels?: Uint32Array;
  /** The sorted names of the classes in the table. */
  readonly classes?: readonly string[];
  /**
   * Returns the rows at some indices, in that order; the caller disposes them.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch: `x` is `[B, D]`; `y` is the class numbers, `[B]`, if there are labels.
   * @throws {RangeError} If an index is out of range.
   */
  batch(indices: ArrayLike<number>): Batch<Tensor2D>;
}

/** The options of {@linkcode loadTable}. */
export interface TableOptions {
  /**
   * The column of classes, by name or by index, counted from 0. It may hold numbers or words, and is not part of `x`.
   */
  readonly label?: string | number;
  /** Whether the first row names the columns. By default it does if it has no numbers. */
  readonly header?: boolean;
}

/** The parts of a table. */
export type TableParts = Pick<DataTable, "values" | "columns" | "labels" | "classes">;

/**
 * Loads a table of numbers: CSV with commas, semicolons or tabs, compressed with gzip or not, or a `.npy` file with two
 * axes.
 *
 * A first column that has no name and counts the rows from 0, as pandas writes it, is left out.
 *
 * @example
 * ```ts ignore
 * import { loadTable, standardise } from "@vae/steps";
 *
 * const { train, test, undo } = standardise(await loadTable("measurements.csv", { label: "species" }));
 * ```
 * @param path The path of the file.
 * @param options The column of classes, and whether there is a header.
 * @throws {InputError} If there is no such file, it cannot be read as a table, it has no column `label`, or a cell is
 * not a finite float32 number; the message names the row and the column.
 * @throws {EnvironmentError} If permission to read is missing.
 */
export async function loadTable(path: string, options: TableOptions = {}): Promise<DataTable> {
  const { name, bytes } = await readFile(path, "expected a table in CSV, or a .npy file of two axes");
  return isNpy(bytes) ? tableInNpy(bytes, name, options) : await tableInCsv(bytes, name, options);
}

/**
 * Makes a table from numbers in memory.
 *
 * @param parts The numbers in row-major order, `[N, D]`; the names of the columns; and, if known, the class number of
 * each row.
 * @throws {RangeError} If the numbers do not fill whole rows, or there is not one label per row.
 * @example
 * ```ts
 * import { tableOf } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * const table = tableOf({ values: Float64Array.of(180, 75, 160, 55), columns: ["height", "weight"] });
 * assertEquals(table.count, 2);
 * ```
 */
export function tableOf(parts: TableParts): DataTable {
  const { values, columns, labels } = parts;
  const size = columns.length;
  const count = values.length / size;
  if (!(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`A table of ${size} columns cannot have ${values.length} numbers.`);
  }
  if (labels && labels.length !== count) {
    throw new RangeError(`A table of ${count} rows has ${labels.length} labels; expected one per row.`);
  }
  return {
    ...parts,
    count,
    batch(indices) {
      const batch = new Float32Array(indices.length * size);
      const classes = new Float32Array(indices.length);
      for (let b = 0; b < indices.length; b++) {
        const row = checkedIndex(indices[b], count);
        batch.set(values.subarray(row * size, (row + 1) * size), b * size);
        if (labels) classes[b] = labels[row]!; // one per row
      }
      const x = tf.tensor2d(batch, [indices.length, size]);
      return labels ? { x, y: tf.tensor1d(classes) } : { x };
    },
  };
}

/** The table in a `.npy` file, whose columns are named by their indices. */
function tableInNpy(bytes: Uint8Array, name: string, { label }: TableOptions): DataTable {
  const { shape, data } = parseNpy(bytes, name);
  const [rows = 0, size = 0] = shape;
  if (shape.length !== 2) throw new InputError(`${name} has shape [${shape}]; expected a table, [rows, columns].`);
  const builder = tableBuilder(name, Array.from({ length: size }, (_, i) => String(i)), label);
  for (let row = 0; row < rows; row++) builder.add(Array.from(data.subarray(row * size, (row + 1) * size), String));
  return builder.table();
}

/** The table in a CSV file. */
async function tableInCsv(bytes: Uint8Array, name: string, { label, header }: TableOptions): Promise<DataTable> {
  let builder: ReturnType<typeof tableBuilder> | undefined;
  await readCsv(bytes, name, (cells, index) => {
    if (index === 0) {
      const named = header ?? cells.every((cell) => Number.isNaN(numberIn(cell)));
      builder = tableBuilder(
        name,
        named ? cells.map((cell) => printable(cell.trim())) : cells.map((_, i) => `${i}`),
        label,
      );
      if (named) return;
    }
    builder?.add(cells);
  });
  if (!builder) throw new InputError(`${name} has no rows.`);
  return builder.table();
}

/** Collects the rows of a table one by one, as text, and makes the table. */
function tableBuilder(name: string, columns: readonly string[], label?: string | number) {
  const labelAt = label === undefined ? -1 : typeof label === "number" ? label : columns.indexOf(label);
  if (label !== undefined && !(labelAt in columns)) {
    const there = columns.map((column) => `"${column}"`).join(", ");
    throw new InputError(`${name} has no column "${label}" for the label: its columns are ${there}.`);
  }
  const numbers: number[] = [];
  const labels: string[] = [];
  let counting = columns[0] === "" && labelAt !== 0; // whether the first column counts the rows
  const refuse = (row: number, column: number, cell: string) => {
    const place = `row ${row + 1}, column ${columns[column] === `${column}` ? column + 1 : `"${columns[column]}"`}`;
    const hint = label === undefined ? '; a column of classes is named by { label: "NAME" }' : "";
    throw new InputError(
      `${name}, ${place} is ${
        cellText(cell)
      }; expected a finite number${hint} (rows are counted from 1, without a header).`,
    );
  };
  return {
    add(cells: readonly string[]): void {
      const row = labels.length;
      if (cells.length !== columns.length) {
        throw new InputError(
          `${name}, row ${row + 1} has ${cells.length} cells, where the first row has ${columns.length}.`,
        );
      }
      cells.forEach((cell, column) => {
        if (column === labelAt) return;
        const value = numberIn(cell);
        if (Number.isNaN(value)) refuse(row, column, cell);
        numbers.push(value);
      });
      counting &&= Number(cells[0]) === row;
      labels.push((cells[labelAt] ?? "").trim());
    },
    table(): DataTable {
      if (labels.length === 0) throw new InputError(`${name} has no rows.`);
      const kept = columns.filter((_, column) => column !== labelAt && !(counting && column === 0));
      if (kept.length === 0) throw new InputError(`${name} has no column of numbers.`);
      const width = kept.length + Number(counting);
      const values = Float64Array.from(counting ? numbers.filter((_, i) => i % width > 0) : numbers);
      return tableOf({ values, columns: kept, ...(labelAt >= 0 && classesOf(labels)) });
    },
  };
}

/** The sorted classes of the rows, and the index of each row's class. */
function classesOf(labels: readonly string[]): { labels: Uint32Array; classes: string[] } {
  const numeric = labels.every((label) => Number.isFinite(numberIn(label)));
  const classes = [...new Set(labels)].sort(numeric ? (a, b) => Number(a) - Number(b) : undefined);
  const places = new Map(classes.map((name, place) => [name, place]));
  return { labels: Uint32Array.from(labels, (label) => places.get(label) ?? 0), classes };
}
