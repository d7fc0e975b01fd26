/**
 * Grids of images in a terminal: as a PNG if the terminal supports it, otherwise as two coloured pixels per character
 * or, without colours, as characters of different weight.
 *
 * @module
 */
import { range } from "../../tensor.ts";
import { roundText } from "../../wording.ts";
import type { Axis, ImageGrid } from "../events.ts";
import { middleOf } from "../axis.ts";
import { arrange, countOf, rowsOf, type Sheet, sizeOf } from "../sheet.ts";
import type { TerminalOptions } from "./capabilities.ts";
import { type Cell, fold, line, type Rgb, wrapped } from "./paint.ts";

/** Characters of increasing weight. */
export const RAMP = " .:-=+*#%@";

/** The smallest width of an image in characters at which a digit can be read. */
const LEGIBLE = 7;

/** Draws images in rows, shrunk to the terminal's width, with the ranges of their axes. */
export async function drawImages(grid: ImageGrid, options: TerminalOptions): Promise<string> {
  const room = options.graphics ? Infinity : options.columns - 1;
  const step = Math.min(grid.columns, Math.max(1, Math.ceil(grid.columns * Math.min(LEGIBLE, grid.width) / room)));
  const oneWay = grid.rows !== undefined || rowsOf(grid) === 1; // rows that are compared with each other are all kept
  const { shown, x, y } = thin(grid, step, oneWay ? 1 : step);
  const draw = (sheet: Sheet) => options.graphics ? transmitted(sheet, options) : characters(sheet, options);
  let text = "";
  if (grid.rows) {
    const size = shown.columns * sizeOf(shown);
    for (const [i, name] of grid.rows.entries()) {
      const row = { ...shown, pixels: shown.pixels.subarray(i * size, (i + 1) * size) };
      text += `${wrapped(name, options.columns).join("\n")}\n${await draw(arrange(row))}`;
    }
  } else text = await draw(arrange(shown));
  const notes = [[x && `across: ${ends(x)}`, y && `up: ${ends(y)}`].filter(Boolean).join("; ")];
  if (step > 1) notes.push(`(showing one image in ${step}${oneWay ? "" : " each way"}; --out writes all of them)`);
  return text + notes.filter(Boolean).map((note) => `${options.fold ? fold(note, options.columns) : note}\n`).join("");
}

/** The label and the range of an axis. */
function ends({ label, from, to }: Axis & { from: number; to: number }): string {
  return `${label} from ${roundText(from)} to ${roundText(to)}`;
}

/** Keeps one image in `across` and one row in `down`, centred, and adjusts the axes. */
function thin(
  grid: ImageGrid,
  across: number,
  down: number,
): { shown: ImageGrid; x: ImageGrid["x"]; y: ImageGrid["y"] } {
  const { pixels, columns } = grid;
  const size = sizeOf(grid);
  // Half of the remainder on each side.
  const [left, top] = [(columns - 1) % across >> 1, (rowsOf(grid) - 1) % down >> 1];
  const kept = range(countOf(grid))
    .filter((i) => i % columns % across === left && Math.floor(i / columns) % down === top);
  const thinned = new Uint8Array(kept.length * size);
  kept.forEach((from, to) => thinned.set(pixels.subarray(from * size, (from + 1) * size), to * size));
  const wide = Math.floor((columns - 1 - left) / across) + 1;
  const shown: ImageGrid = { ...grid, pixels: thinned, columns: wide };
  return {
    shown,
    x: grid.x && cut(grid.x, columns, left, left + (wide - 1) * across),
    y: grid.y && cut(grid.y, rowsOf(grid), rowsOf(grid) - 1 - top - (rowsOf(shown) - 1) * down, rowsOf(grid) - 1 - top),
  };
}

/** The part of an axis of `count` images from one image to another. */
function cut<A extends Axis & { from: number; to: number }>(axis: A, count: number, first: number, last: number): A {
  return { ...axis, from: middleOf(axis, count, first), to: middleOf(axis, count, last) };
}

/** Draws a sheet in characters. */
function characters(sheet: Sheet, { columns, colour }: TerminalOptions): string {
  const scale = Math.min(1, (columns - 1) / sheet.width);
  const width = Math.floor(sheet.width * scale);
  const height = 2 * Math.ceil(sheet.height * scale / 2);
  const at = (column: number, row: number) => mean(sheet, column / scale, row / scale, 1 / scale);
  const cell = (top: Rgb, bottom: Rgb): Cell =>
    colour
      ? { text: "▀", ink: top, paper: bottom }
      : { text: RAMP.charAt(Math.floor((lightness(top) + lightness(bottom)) / 2 / 25.6)) };
  let text = "";
  for (let row = 0; row < height; row += 2) {
    const cells = Array.from({ length: width }, (_, column) => cell(at(column, row), at(column, row + 1)));
    text += `${line(cells, colour)}\n`;
  }
  return text;
}

/**
 * The perceived lightness of a colour, from 0 to 255, with the weights of ITU-R BT.601; for a grey, the grey itself.
 */
function lightness([red, green, blue]: Rgb): number {
  return (299 * red + 587 * green + 114 * blue) / 1000;
}

/** The mean colour of the square of a given size at (x, y), weighted by area. Outside the sheet is black. */
function mean({ pixels, channels, width, height }: Sheet, x: number, y: number, size: number): Rgb {
  const sums: [number, number, number] = [0, 0, 0];
  for (let row = Math.floor(y); row < Math.min(y + size, height); row++) {
    const high = Math.min(row + 1, y + size) - Math.max(row, y);
    for (let column = Math.floor(x); column < Math.min(x + size, width); column++) {
      const wide = Math.min(column + 1, x + size) - Math.max(column, x);
      const at = (row * width + column) * channels;
      for (const channel of [0, 1, 2] as const) {
        // A grey pixel counts its one value three times.
        sums[channel] += (pixels[at + channel % channels] ?? 0) * high * wide;
      }
    }
  }
  const [red, green, blue] = sums;
  return [Math.round(red / size ** 2), Math.round(green / size ** 2), Math.round(blue / size ** 2)];
}

/** Sends a sheet to the terminal as a PNG, at about 7 pixels per character, and at most as wide as the terminal. */
async function transmitted(sheet: Sheet, { columns, graphics }: TerminalOptions): Promise<string> {
  const { encode } = await import("fast-png");
  const png = encode({ data: sheet.pixels, width: sheet.width, height: sheet.height, channels: sheet.channels });
  const wide = Math.max(1, Math.min(columns - 1, Math.round(sheet.width / 7)));
  const text = png.toBase64();
  if (graphics === "iterm") {
    const how = `inline=1;size=${png.length};width=${wide};preserveAspectRatio=1`;
    return `\x1b]1337;File=${how}:${text}\x07\n`;
  }
  // kitty takes 4096 characters at a time. With q=2 it sends no answer, which a shell would take for typed input.
  const parts = text.match(/.{1,4096}/g)!;
  const code = (part: string, i: number) =>
    `\x1b_G${i ? "" : `a=T,f=100,q=2,c=${wide},`}m=${i < parts.length - 1 ? 1 : 0};${part}\x1b\\`;
  return `${parts.map(code).join("")}\n`;
}
