/**
 * A canvas of braille characters, each with two columns and four rows of dots.
 *
 * @module
 */
import { at } from "../../at.ts";
import { type Cell, type Colour, line, type Rgb } from "./paint.ts";

/** The bit of each dot of a braille character, row by row. */
const DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/**
 * A rectangle of dots and characters. Positions are fractions: (0, 0) is the lower left corner, (1, 1) the upper right.
 */
export class Canvas {
  readonly #cells: { bits: number; text?: string; ink?: Rgb | undefined }[];

  /** Makes an empty canvas of a number of columns and rows of characters. */
  constructor(readonly columns: number, readonly rows: number) {
    this.#cells = Array.from({ length: columns * rows }, () => ({ bits: 0 }));
  }

  /** The column of characters of a position. */
  column(x: number): number {
    return Math.floor(Math.round(x * (2 * this.columns - 1)) / 2);
  }

  /** The row of characters of a position, counted from the top. */
  row(y: number): number {
    return Math.floor(Math.round((1 - y) * (4 * this.rows - 1)) / 4);
  }

  /** Sets a dot. Positions outside the canvas are ignored. */
  dot(x: number, y: number, ink?: Rgb): void {
    this.#dot(Math.round(x * (2 * this.columns - 1)), Math.round((1 - y) * (4 * this.rows - 1)), ink);
  }

  /** Writes a character, over any dots. */
  mark(x: number, y: number, text: string, ink?: Rgb): void {
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return;
    Object.assign(at(this.#cells, this.row(y) * this.columns + this.column(x)), { text, ink });
  }

  /** Draws a straight line of dots or, if a character is given, of that character. */
  stroke(from: [number, number], to: [number, number], ink?: Rgb, text?: string): void {
    const ends = inside(from, to);
    if (!ends) return;
    const [[x0, y0], [x1, y1]] = ends;
    const [across, down] = text ? [this.columns, this.rows] : [2 * this.columns, 4 * this.rows];
    const steps = Math.ceil(Math.max(Math.abs(x1 - x0) * across, Math.abs(y1 - y0) * down, 1));
    for (let i = 0; i <= steps; i++) {
      const [x, y] = [x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps];
      if (text) this.mark(x, y, text, ink);
      else this.dot(x, y, ink);
    }
  }

  /** The rows as text, without trailing blanks. */
  text(colour: Colour): string[] {
    return Array.from({ length: this.rows }, (_, row) => {
      const cells = this.#cells.slice(row * this.columns, (row + 1) * this.columns).map((
        { bits, text, ink },
      ): Cell => ({
        text: text ?? (bits ? String.fromCharCode(0x2800 + bits) : " "),
        ink,
      }));
      while (cells.at(-1)?.text === " ") cells.pop();
      return line(cells, colour);
    });
  }

  #dot(column: number, row: number, ink?: Rgb): void {
    if (!(column >= 0 && column < 2 * this.columns && row >= 0 && row < 4 * this.rows)) return;
    const cell = at(this.#cells, (row >> 2) * this.columns + (column >> 1));
    cell.bits |= at(at(DOTS, row & 3), column & 1);
    if (!cell.text) cell.ink = ink;
  }
}

/** The part of a line that lies in the unit square (Liang and Barsky 1984). */
function inside(
  [x0, y0]: [number, number],
  [x1, y1]: [number, number],
): [[number, number], [number, number]] | undefined {
  let [enter, leave] = [0, 1];
  for (const [start, change] of [[x0, x1 - x0], [y0, y1 - y0]] as const) {
    if (!Number.isFinite(start + change)) return undefined;
    if (change === 0 && (start < 0 || start > 1)) return undefined;
    if (change === 0) continue;
    const [a, b] = [-start / change, (1 - start) / change];
    enter = Math.max(enter, Math.min(a, b));
    leave = Math.min(leave, Math.max(a, b));
  }
  if (enter > leave) return undefined;
  const at = (t: number): [number, number] => [x0 + t * (x1 - x0), y0 + t * (y1 - y0)];
  return [at(enter), at(leave)];
}
