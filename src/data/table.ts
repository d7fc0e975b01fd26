/**
 * Tables of numbers: a row an example.
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

/** A table's numbers, and what its rows and columns are. */
export interface DataTable extends Rows {
  /** Its numbers, row by row, `[N, D]`. */
  readonly values: Float64Array;
  /** The names of its `D` columns. */
  readonly columns: readonly string[];
  /** The class of each row, an index into `classes`, `[N]`, where the table has a column of classes. */
  readonly labels?: Uint32Array;
  /** The classes, as the table calls them, in order. */
  readonly classes?: readonly string[];
  /**
   * Some of the rows, in the order asked for; the caller disposes.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch: `x` is `[B, D]`; `y`, where there are labels, their class numbers, `[B]`.
   * @throws {RangeError} If an index is not one of these.
   */
  batch(indices: ArrayLike<number>): Batch<Tensor2D>;
}

/** What is known of a file that holds a table. */
export interface TableOptions {
  /** The column of classes, by its name or its place, the first being 0: numbers or words, which are no part of `x`. */
  readonly label?: string | number;
  /** Whether the first row names the columns. By default it does if it holds no number. */
  readonly header?: boolean;
}

/** What a table is made of. */
export type TableParts = Pick<DataTable, "values" | "columns" | "labels" | "classes">;

/**
 * Loads a table of numbers: CSV (commas, semicolons or tabs; gzip or not) or a `.npy` file of two axes.
 *
 * A first column without a name that counts the rows from 0, as pandas writes it, is left out.
 *
 * @example
 * ```ts ignore
 * import { loadTable, standardise } from "@vae/steps";
 *
 * const { train, test, undo } = standardise(await loadTable("measurements.csv", { label: "species" }));
 * ```
 * @param path The file.
 * @param options Which column holds classes, and whether there is a header.
 * @throws {InputError} If there is no such file, it cannot be read as a table, it has no column named `label`, or a cell
 * is no finite number of float32; the message names row and column.
 * @throws {EnvironmentError} If the permission to read it is missing.
 */
export async function loadTable(path: string, options: TableOptions = {}): Promise<DataTable> {
  const { name, bytes } = await readFile(path, "expected a table in CSV, or a .npy file of two axes");
  return isNpy(bytes) ? tableInNpy(bytes, name, options) : await tableInCsv(bytes, name, options);
}

/**
 * Makes a table of numbers that are in memory.
 *
 * @param parts Its numbers, row by row, `[N, D]`; the names of its columns; and, if known, the class number of each row.
 * @throws {RangeError} If the numbers do not fill rows of so many columns, or there is not one label a row.
 */
export function tableOf(parts: TableParts): DataTable {
  const { values, columns, labels } = parts;
  const size = columns.length;
  const count = values.length / size;
  if (!(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`A table of ${size} columns cannot have ${values.length} numbers.`);
  }
  if (labels && labels.length !== count) {
    throw new RangeError(`A table of ${count} rows has ${labels.length} labels; expected one a row.`);
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
        if (labels) classes[b] = labels[row]!; // one a row
      }
      const x = tf.tensor2d(batch, [indices.length, size]);
      return labels ? { x, y: tf.tensor1d(classes) } : { x };
    },
  };
}

/** The table in a `.npy` file, whose columns are called by their numbers. */
function tableInNpy(bytes: Uint8Array, name: string, { label }: TableOptions): DataTable {
  const { shape, data } = parseNpy(bytes, name);
  const [rows = 0, size = 0] = shape;
  if (shape.length !== 2) throw new InputError(`${name} has shape [${shape}]; expected a table, [rows, columns].`);
  const builder = tableBuilder(name, Array.from({ length: size }, (_, i) => String(i)), label);
  for (let row = 0; row < rows; row++) builder.add(Array.from(data.subarray(row * size, (row + 1) * size), String));
  return builder.table();
}

/** The table in a text. */
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

/** Takes the rows of a table one by one, as text, and makes the table of them. */
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

/** The classes that rows have, in order, and the place of each row's among them. */
function classesOf(labels: readonly string[]): { labels: Uint32Array; classes: string[] } {
  const numeric = labels.every((label) => Number.isFinite(numberIn(label)));
  const classes = [...new Set(labels)].sort(numeric ? (a, b) => Number(a) - Number(b) : undefined);
  const places = new Map(classes.map((name, place) => [name, place]));
  return { labels: Uint32Array.from(labels, (label) => places.get(label) ?? 0), classes };
}
