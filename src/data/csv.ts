/**
 * Reads tables in text: rows of cells separated by commas, semicolons or tabs (RFC 4180 and its variants).
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { printable } from "../wording.ts";
import { foreignKind } from "./foreign.ts";

/** A row from the reader. */
interface Step {
  readonly data: string[];
  readonly errors: readonly { readonly code: string }[];
}

/** A number in a table, without hexadecimal digits or thousands separators. */
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** The number in a cell; NaN if it has none, or one that float32 cannot represent. */
export function numberIn(cell: string): number {
  return NUMBER.test(cell) && Number.isFinite(Math.fround(Number(cell))) ? Number(cell) : NaN;
}

/**
 * Reads a table in text row by row, so that its cells are never all in memory. Empty lines are skipped.
 *
 * @param bytes The file, in UTF-8, or in UTF-16 with a byte order mark, as spreadsheets write it.
 * @param name The file's name, for messages.
 * @param row Receives each row and its number, counted from 0.
 * @returns The number of rows.
 * @throws {InputError} If it is not text, or a quoted cell does not end. Errors of `row` are passed on.
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

/** The text of a cell for messages, shortened if it is long. */
export function cellText(cell: string): string {
  const text = printable(cell.trim());
  return text === "" ? "empty" : `"${text.length > 20 ? `${text.slice(0, 20)}…` : text}"`;
}
