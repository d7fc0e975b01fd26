/**
 * Horizontal bars in a terminal, one per line.
 *
 * @module
 */
import type { Bars } from "../events.ts";
import { CLASS_COLOURS } from "../palette.ts";
import { at } from "../../at.ts";
import { figureText } from "../../wording.ts";
import { scaleOf } from "./axes.ts";
import type { TerminalOptions } from "./capabilities.ts";
import { type Cell, clip, line, wrapped } from "./paint.ts";
import { legendText } from "./plots.ts";

/** Blocks that fill from one to eight eighths of a character. */
const EIGHTHS = "▏▎▍▌▋▊▉█";

/** Draws bars from 0, followed by their values, with a mark at the reference value. */
export async function drawBars({ labels, values, x, y, reference }: Bars, options: TerminalOptions): Promise<string> {
  const numbers = Array.from(values, (value) => figureText(value));
  const right = Math.max(...numbers.map((text) => text.length)) + 1;
  const room = Math.min(Math.floor(options.columns / 3), options.columns - right - 6);
  const left = Math.max(1, Math.min(room, Math.max(x.label.length, ...labels.map((label) => label.length))));
  const width = Math.max(4, Math.min(options.columns - left - right - 4, 60));
  const scale = await scaleOf(y, [0, ...Array.from(values), ...(reference ? [reference.value] : [])], true);
  const place = (value: number) => width * Math.min(1, Math.max(0, scale.place(value)));
  const lines = labels.map((label, i) => {
    const cells = bar(place(Math.max(scale.from, 0)), place(at(values, i)), width);
    if (reference) {
      const column = Math.min(width - 1, Math.floor(place(reference.value)));
      cells[column] = { text: at(cells, column).text === "█" ? "┃" : "┊" };
    }
    return `${clip(label, left).padStart(left)} │${line(cells, options.colour)} ${numbers[i]}`;
  });
  const heading = wrapped(y.label, options.columns - left - 3)
    .map((part, i) => `${(i ? "" : clip(x.label, left)).padStart(left)} │ ${part}`).join("\n");
  const legend = reference
    ? legendText([{ mark: "┊", name: `${reference.name}: ${figureText(reference.value)}` }], options)
    : "";
  return `${heading}\n${lines.join("\n")}\n${legend}`;
}

/** A bar between two positions, whose right end is drawn in eighths of a character. */
function bar(from: number, to: number, width: number): Cell[] {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  return Array.from({ length: width }, (_, column): Cell => {
    const eighths = Math.round(8 * Math.min(1, Math.max(0, high - column)));
    const text = column + 1 > low + 0.5 && eighths > 0 ? at(EIGHTHS, eighths - 1) : " ";
    return text === " " ? { text } : { text, ink: at(CLASS_COLOURS, 0) };
  });
}
