/**
 * Images in a table: a row per image, a column per pixel, and perhaps a column of labels.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { printable } from "../wording.ts";
import { cellText, numberIn, readCsv } from "./csv.ts";
import type { LabelArray } from "./labels.ts";
import type { NumberArray } from "./numbers.ts";

/**
 * Reads a table of images. Labels are in the column named `label`, `labels`, `class`, `target` or `y`. Without a
 * header, they are in the first column if the others form a square.
 *
 * @param bytes The file.
 * @param name The file's name, for messages.
 * @returns The pixels, `[N, D]`, and the labels, `[N]`, if there is such a column.
 * @throws {InputError} If it is not such a table, or a pixel is not a number; the message names the row and the column.
 */
export async function imagesInCsv(
  bytes: Uint8Array,
  name: string,
): Promise<{ images: NumberArray; labels?: LabelArray }> {
  let [labelAt, width, first] = [-1, 0, 0];
  let pixels = new Float32Array(2 ** 16);
  const labels: string[] = [];
  const rows = await readCsv(bytes, name, (cells, index) => {
    if (index === 0) {
      width = cells.length;
      first = Number(cells.every((cell) => Number.isNaN(numberIn(cell))));
      labelAt = first ? cells.findIndex((cell) => /^(labels?|class|target|y)$/i.test(cell.trim())) : labelOf(width);
      if (width < 2) throw new InputError(`${name} is text of one column; expected a row of pixels for each image.`);
      if (first) return;
    }
    const row = index - first;
    if (cells.length !== width) {
      throw new InputError(`${name}, row ${row + 1} has ${cells.length} cells, where the first row has ${width}.`);
    }
    const size = width - Number(labelAt >= 0);
    if (pixels.length < (row + 1) * size) pixels = longer(pixels, (row + 1) * size);
    let at = row * size;
    cells.forEach((cell, column) => {
      if (column === labelAt) return void labels.push(printable(cell.trim()));
      const value = numberIn(cell);
      if (Number.isNaN(value)) throw notNumber(name, row, column, cell);
      pixels[at++] = value;
    });
  }) - first;
  const size = width - Number(labelAt >= 0);
  const images = { name, shape: [rows, size], data: pixels.subarray(0, rows * size), kind: "numbers" };
  return { images, ...(labelAt >= 0 && { labels: { name: `the labels of ${name}`, words: labels } }) };
}

/** The column of labels in a table without a header: the first one, if a square of pixels follows, or none. */
function labelOf(width: number): number {
  return Number.isInteger(Math.sqrt(width - 1)) && !Number.isInteger(Math.sqrt(width)) ? 0 : -1;
}

/** Copies numbers into a larger array: twice as large, or as large as needed. */
function longer(values: Float32Array<ArrayBuffer>, needed: number): Float32Array<ArrayBuffer> {
  const more = new Float32Array(Math.max(2 * values.length, needed));
  more.set(values);
  return more;
}

/** The error for a pixel that is not a number. */
function notNumber(name: string, row: number, column: number, cell: string): InputError {
  const place = `row ${row + 1}, column ${column + 1}`;
  return new InputError(
    `${name}, ${place} is ${
      cellText(cell)
    }; expected a pixel, as a number (rows are counted from 1, without a header).`,
  );
}
