/**
 * Scales columns to mean 0 and standard deviation 1, and back.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { random } from "../random.ts";
import type { Tensor, Tensor2D } from "../tensor.ts";
import { type DataTable, tableOf } from "./table.ts";

/** How {@linkcode standardise} splits a table. */
export interface StandardiseOptions {
  /** The share of the rows to hold out, 0.2 by default; at least one row is held out. */
  readonly heldOut?: number;
  /** The seed of the choice of held-out rows, 0 by default. */
  readonly seed?: number;
}

/** A table that was split in two and standardised. */
export interface Standardised {
  /** The training rows, over which each column has mean 0 and standard deviation 1. A constant column is all zeros. */
  readonly train: DataTable;
  /** The held-out rows, standardised with the same means and standard deviations. */
  readonly test: DataTable;
  /** The mean of each column over the training rows, `[D]`. */
  readonly mean: Float64Array;
  /** The standard deviation of each column over the training rows, `[D]`; 1 for a constant column. */
  readonly standardDeviation: Float64Array;
  /**
   * Converts standardised rows `[B, D]`, such as decoded ones, back to the units of the table; the caller disposes
   * them.
   */
  undo(rows: Tensor): Tensor2D;
}

/**
 * Splits a table at random into training rows and held-out rows, and standardises the columns with statistics of the
 * training rows alone. The initial weights of networks suit numbers of this size, and a Gaussian likelihood starts from
 * a variance near 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { standardise, tableOf, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const table = tableOf({ values: Float64Array.of(180, 75, 160, 55, 170, 65), columns: ["height", "weight"] });
 * const { train, test, undo } = standardise(table);
 * assertEquals([train.count, test.count], [2, 1]);
 * const { x } = train.batch([0, 1]);
 * const back = undo(x); // in centimetres and kilograms
 * ```
 * @param table The table, for example from {@linkcode loadTable}.
 * @throws {InputError} If it has fewer than two rows.
 * @throws {RangeError} If `heldOut` is not between 0 and 1, or a column has a number that is not finite.
 */
export function standardise(table: DataTable, { heldOut = 0.2, seed = 0 }: StandardiseOptions = {}): Standardised {
  const { count } = table;
  if (!(heldOut > 0 && heldOut < 1)) throw new RangeError(`heldOut must be a share between 0 and 1, not ${heldOut}.`);
  if (count < 2) throw new InputError(`A table must have at least two rows to be split, not ${count}.`);
  const held = Math.min(Math.max(Math.round(heldOut * count), 1), count - 1);
  const order = random(seed).permutation(count);
  const learned = order.subarray(held).toSorted();
  const { mean, standardDeviation } = moments(table, learned);
  return {
    train: scaled(table, learned, mean, standardDeviation),
    test: scaled(table, order.subarray(0, held).toSorted(), mean, standardDeviation),
    mean,
    standardDeviation,
    undo: (rows) => tf.tidy(() => rows.mul(Array.from(standardDeviation)).add(Array.from(mean)) as Tensor2D),
  };
}

/**
 * The mean and standard deviation of each column over some rows. The standard deviation of a constant column is set to
 * 1.
 */
function moments({ values, columns }: DataTable, rows: Uint32Array) {
  const [mean, standardDeviation] = [new Float64Array(columns.length), new Float64Array(columns.length)];
  columns.forEach((name, column) => {
    const numbers = Float64Array.from(rows, (row) => values[row * columns.length + column] ?? NaN);
    const odd = numbers.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) {
      throw new RangeError(`Row ${rows[odd]} of the table has ${numbers[odd]} in column "${name}" (counted from 0).`);
    }
    mean[column] = numbers.reduce((sum, value) => sum + value / numbers.length, 0);
    const constant = numbers.every((value) => value === numbers[0]);
    if (constant) mean[column] = numbers[0] ?? 0; // exact, whereas a sum rounds
    const square = numbers.reduce((sum, value) => sum + (value - mean[column]!) ** 2 / numbers.length, 0);
    standardDeviation[column] = constant ? 1 : Math.sqrt(square);
  });
  return { mean, standardDeviation };
}

/** Standardises some rows of a table. */
function scaled(table: DataTable, rows: Uint32Array, mean: Float64Array, standardDeviation: Float64Array): DataTable {
  const { values, columns, labels, classes } = table;
  const size = columns.length;
  const out = new Float64Array(rows.length * size);
  rows.forEach((from, to) => {
    for (let i = 0; i < size; i++) {
      // One per column, as made above.
      out[to * size + i] = (values[from * size + i]! - mean[i]!) / standardDeviation[i]!;
    }
  });
  const chosen = labels && Uint32Array.from(rows, (row) => labels[row] ?? 0);
  return tableOf({ values: out, columns, ...(chosen && { labels: chosen }), ...(classes && { classes }) });
}
