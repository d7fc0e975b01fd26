/**
 * Tables of text: rows of cells between commas, semicolons or tabs (RFC 4180, and its relatives).
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { printable } from "../wording.ts";
import { foreignKind } from "./foreign.ts";

/** A step of the reader. */
interface Step {
  readonly data: string[];
  readonly errors: readonly { readonly code: string }[];
}

/** A number as tables write it: no hexadecimal, no thousands separators. */
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** The number that a cell holds, or NaN where it holds none that float32 could hold. */
export function numberIn(cell: string): number {
  return NUMBER.test(cell) && Number.isFinite(Math.fround(Number(cell))) ? Number(cell) : NaN;
}

/**
 * Reads a table of text, and tells of its rows one by one: the whole of it is never in memory as cells. Empty lines are
 * skipped.
 *
 * @param bytes The file: UTF-8, or UTF-16 with its mark, as spreadsheets write it.
 * @param name The file's name, for messages.
 * @param row Is told each row, and its number, the first being 0.
 * @returns How many rows there are.
 * @throws {InputError} If it is no text, or a quoted cell has no end; what `row` throws.
 */
export async function readCsv(bytes: Uint8Array, name: string, row: (cells: string[], index: number) => void) {
  const foreign = foreignKind(bytes);
  if (foreign) throw new InputError(`${name} is ${foreign}; expected a table in CSV.`);
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe;
  const text = new TextDecoder(wide ? "utf-16le" : "utf-8").decode(bytes);
  if (text.slice(0, 1000).includes("\0")) throw new InputError(`${name} is not text; expected a table in CSV.`);
  const { default: { parse } } = await import("papaparse");
  let count = 0;
  parse(text, {
    skipEmptyLines: "greedy",
    step({ data, errors }: Step) {
      if (errors.some(({ code }) => code === "MissingQuotes")) {
        throw new InputError(`${name} is broken: the quotes that open in row ${count + 1} do not close.`);
      }
      row(data, count++);
    },
  });
  return count;
}

/** A cell as messages show it: what it says, but not all of a long one. */
export function cellText(cell: string): string {
  const text = printable(cell.trim());
  return text === "" ? "empty" : `"${text.length > 20 ? `${text.slice(0, 20)}…` : text}"`;
}
