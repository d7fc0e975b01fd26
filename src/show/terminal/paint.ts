/**
 * Coloured characters, as far as a terminal supports colours.
 *
 * @module
 */
import { at } from "../../at.ts";

/** The colours of a terminal: none, 256, or any mixture of red, green and blue. */
export type Colour = false | "256" | "true";

/** Red, green and blue, each 0 to 255. */
export type Rgb = readonly [number, number, number];

/** One character on the screen. */
export interface Cell {
  /** The character. */
  text: string;
  /** Its colour; by default, that of the terminal. */
  ink?: Rgb | undefined;
  /** Its background colour; by default, that of the terminal. */
  paper?: Rgb | undefined;
}

/** Writes a line of cells, with codes only where the colour changes. The line ends with the terminal's own colours. */
export function line(cells: Cell[], colour: Colour): string {
  let text = "";
  let [ink, paper] = ["", ""];
  for (const cell of cells) {
    const [newInk, newPaper] = [code(38, cell.ink, colour), code(48, cell.paper, colour)];
    const undo = ink && !newInk || paper && !newPaper; // one code resets all colours
    if (undo) [ink, paper] = ["", ""];
    const changes = [undo && "0", newInk !== ink && newInk, newPaper !== paper && newPaper].filter(Boolean);
    text += (changes.length ? `\x1b[${changes.join(";")}m` : "") + cell.text;
    [ink, paper] = [newInk, newPaper];
  }
  return ink || paper ? `${text}\x1b[0m` : text;
}

/** Writes text in one colour. */
export function inked(text: string, ink: Rgb, colour: Colour): string {
  return line([{ text, ink }], colour);
}

function code(layer: 38 | 48, rgb: Rgb | undefined, colour: Colour): string {
  if (!rgb || !colour) return "";
  return colour === "true" ? `${layer};2;${rgb.join(";")}` : `${layer};5;${nearest(rgb)}`;
}

/** The levels of red, green and blue in the cube of 216 colours. */
const LEVELS = [0, 95, 135, 175, 215, 255];

/** The nearest of the 256 standard terminal colours: a cube of 216 colours from 16 on, and 24 greys from 232 on. */
export function nearest([r, g, b]: Rgb): number {
  const level = (v: number) =>
    LEVELS.reduce((best, one, i) => Math.abs(one - v) < Math.abs(at(LEVELS, best) - v) ? i : best, 0);
  const [i, j, k] = [level(r), level(g), level(b)];
  const step = Math.min(23, Math.max(0, Math.round(((r + g + b) / 3 - 8) / 10)));
  const miss = (red: number, green: number, blue: number) => (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2;
  const grey = 8 + 10 * step;
  return miss(grey, grey, grey) < miss(at(LEVELS, i), at(LEVELS, j), at(LEVELS, k))
    ? 232 + step
    : 16 + 36 * i + 6 * j + k;
}

/** Parses a colour written as `#rrggbb`. */
export function rgb(colour: string): Rgb {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, value >> 8 & 255, value & 255];
}

/**
 * Breaks a text between words into lines of at most `columns` characters, unless a word is longer. Later lines are
 * indented.
 */
export function fold(text: string, columns: number, indent = columns < 30 ? "  " : "      "): string {
  const lines = [""];
  for (const word of text.split(/(?<=\S) /)) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (longer.length <= columns || lines.at(-1) === "") lines[lines.length - 1] = longer;
    else lines.push(`${indent}${word}`);
  }
  return lines.join("\n");
}

/** Shortens a text that is longer than `columns`. */
export function clip(text: string, columns: number): string {
  return text.length <= columns
    ? text
    : columns < 2
    ? text.slice(0, Math.max(0, columns))
    : `${text.slice(0, columns - 1)}…`;
}

/** Breaks a text between words into lines of at most `columns` characters, and shortens words that are longer. */
export function wrapped(text: string, columns: number): string[] {
  return fold(text, columns, "").split("\n").map((part) => clip(part, columns));
}
