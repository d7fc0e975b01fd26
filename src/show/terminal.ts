/**
 * The terminal as a surface: images in half blocks, points as the digit they are.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the one place in src that prints
import { range } from "../tensor.ts";
import type { Losses } from "../training/evaluate.ts";
import type { Step } from "../training/train.ts";
import { claimText, type ImageGrid, type LessonEvent, type Scatter, type Surface } from "./show.ts";

/** What a terminal can do. */
export interface TerminalOptions {
  /** Characters in a line. */
  columns: number;
  /** Whether escape codes for colours are understood. */
  colour: boolean;
  /** Whether to break longer lines between words, for a person to read; a pipe gets whole lines. */
  fold?: boolean;
}

/** Prints every event, as the terminal at hand allows: no escape codes into pipes, or where `NO_COLOR` is set. */
export function terminal(options: TerminalOptions = thisTerminal()): Surface {
  return (event) => {
    const text = render(event, options);
    if (text !== undefined) console.log(text);
  };
}

function thisTerminal(): TerminalOptions {
  const interactive = Deno.stdout.isTerminal();
  const columns = interactive && Deno.consoleSize().columns || 80; // a terminal may not know, and say 0
  return { columns: Math.max(20, columns), colour: interactive && !Deno.noColor, fold: interactive };
}

/** What an event looks like; nothing for figures, which only the JSON shows. */
export function render(event: LessonEvent, options: TerminalOptions): string | undefined {
  const paint = (code: number, text: string) => options.colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  const folded = (text: string) => options.fold ? fold(text, options.columns) : text;
  switch (event.kind) {
    case "title":
      return `\n${paint(1, folded(event.text))}`;
    case "text":
      return folded(event.text);
    case "claim": {
      const mark = event.holds ? paint(32, "✓") : paint(31, "✗");
      return folded(`  ✓ ${claimText(event)}`).replace("✓", () => mark);
    }
    case "progress": {
      const text = progressText(event.step);
      return text && folded(text);
    }
    case "figure":
      return undefined;
    case "images": {
      const step = Math.ceil(event.columns / Math.max(10, options.columns / 7)); // more than 10 get 7 characters each
      const hint = step > 1 ? ` (here one image in ${step} each way; all of them with --out)` : "";
      return `\n${drawImages(thin(event, step), options)}${folded(event.caption + hint)}\n`;
    }
    case "scatter":
      return `\n${drawScatter(event, options)}${folded(event.caption)}\n`;
  }
}

/** Breaks a line between words so that none is longer than `columns`, where words allow; later lines are indented. */
function fold(text: string, columns: number): string {
  const lines = [""];
  for (const word of text.split(/(?<=\S) /)) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (longer.length <= columns || lines.at(-1) === "") lines[lines.length - 1] = longer;
    else lines.push(`      ${word}`);
  }
  return lines.join("\n");
}

/** A line for the end of an epoch, a shorter one for every 100th step between, nothing for the rest. */
function progressText({ step, epoch, epochEnds, history, ...losses }: Step): string | undefined {
  if (epochEnds) {
    const [seen, heldOut] = [history.train.at(-1)!, history.test.at(-1)];
    return `epoch ${epoch}: loss ${lossText(seen)}${heldOut ? `; held-out ${lossText(heldOut)}` : ""}`;
  }
  if (step % 100 === 0 && losses.loss !== undefined) return `  step ${step}: loss ${lossText(losses as Losses)}`;
}

/** A loss and, where there are two, its parts. */
function lossText({ loss, reconstruction, kl }: Losses): string {
  return kl === 0 ? loss.toFixed(2) : `${loss.toFixed(2)} = ${reconstruction.toFixed(2)} + KL ${kl.toFixed(2)}`;
}

/** Keeps every `step`th image of every `step`th row. */
function thin({ pixels, height, width, columns }: ImageGrid, step: number): ImageGrid {
  const size = height * width;
  const kept = range(pixels.length / size)
    .filter((i) => Math.floor(i / columns) % step === 0 && (i % columns) % step === 0);
  const thinned = new Uint8Array(kept.length * size);
  kept.forEach((from, to) => thinned.set(pixels.subarray(from * size, (from + 1) * size), to * size));
  return { pixels: thinned, height, width, columns: Math.ceil(columns / step) };
}

/** Draws images in rows, shrunk to fit: two pixels a character in colour, a character of fitting weight without. */
function drawImages(grid: ImageGrid, { columns, colour }: TerminalOptions): string {
  const sheet = arrange(grid);
  const scale = Math.min(1, (columns - 1) / sheet.width);
  const width = Math.floor(sheet.width * scale);
  const height = 2 * Math.ceil(sheet.height * scale / 2);
  const grey = (column: number, row: number) => mean(sheet, column / scale, row / scale, 1 / scale);
  let text = "";
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column++) {
      const [top, bottom] = [grey(column, row), grey(column, row + 1)];
      text += colour
        ? `\x1b[38;2;${top};${top};${top};48;2;${bottom};${bottom};${bottom}m▀`
        : " .:-=+*#%@"[Math.floor((top + bottom) / 2 / 25.6)];
    }
    text += colour ? "\x1b[0m\n" : "\n";
  }
  return text;
}

/** A grey picture, row by row. */
export interface Sheet {
  /** 0 black to 255 white. */
  pixels: Uint8Array;
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
}

/** Lays images side by side, `columns` in a row. */
export function arrange({ pixels, height, width, columns }: ImageGrid): Sheet {
  const count = pixels.length / (height * width);
  const sheet = new Uint8Array(Math.ceil(count / columns) * height * columns * width);
  for (let image = 0; image < count; image++) {
    const corner = Math.floor(image / columns) * height * columns * width + (image % columns) * width;
    for (let row = 0; row < height; row++) {
      const from = (image * height + row) * width;
      sheet.set(pixels.subarray(from, from + width), corner + row * columns * width);
    }
  }
  return { pixels: sheet, width: columns * width, height: sheet.length / (columns * width) };
}

/** The mean grey of the square of the given size at (x, y), over the pixels whose corners it covers. */
function mean({ pixels, width, height }: Sheet, x: number, y: number, size: number): number {
  let [sum, count] = [0, 0];
  for (let row = Math.floor(y); row < Math.min(y + size, height); row++) {
    for (let column = Math.floor(x); column < Math.min(x + size, width); column++) {
      sum += pixels[row * width + column];
      count++;
    }
  }
  return count ? Math.round(sum / count) : 0;
}

/** Ten colours that stay apart for colour-blind eyes, one a class (after Paul Tol's palettes), as red, green, blue. */
export const CLASS_COLOURS: [number, number, number][] = [
  [90, 110, 230],
  [136, 204, 238],
  [68, 170, 153],
  [17, 119, 51],
  [153, 153, 51],
  [221, 204, 119],
  [204, 102, 119],
  [190, 60, 120],
  [170, 68, 153],
  [187, 187, 187],
];

/** Draws points as their class's digit, the commonest where several meet, with the range of both axes. */
function drawScatter({ points, labels }: Scatter, { columns, colour }: TerminalOptions): string {
  const { x: [left, right], y: [low, high] } = ranges(points);
  const width = Math.min(columns - 1, 78);
  const height = Math.round(width / 2.2);
  const counts = Array.from({ length: width * height }, () => new Uint16Array(10));
  labels.forEach((label, i) => {
    const column = Math.round((points[2 * i] - left) / (right - left || 1) * (width - 1));
    const row = Math.round((high - points[2 * i + 1]) / (high - low || 1) * (height - 1));
    counts[row * width + column][label % 10]++;
  });
  let text = "";
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const cell = counts[row * width + column];
      const label = cell.indexOf(Math.max(...cell));
      if (!cell[label]) text += " ";
      else text += colour ? `\x1b[38;2;${CLASS_COLOURS[label].join(";")}m${label}\x1b[0m` : label;
    }
    text += "\n";
  }
  const range = (name: string, from: number, to: number) => `${name} from ${from.toFixed(1)} to ${to.toFixed(1)}`;
  return `${text}${range("across: z[0]", left, right)}; ${range("up: z[1]", low, high)}\n`;
}

/** The smallest and largest x and y. */
export function ranges(points: Float32Array): { x: [number, number]; y: [number, number] } {
  const range = (axis: number): [number, number] => {
    const values = points.filter((_, i) => i % 2 === axis);
    return values.reduce<[number, number]>(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [
      Infinity,
      -Infinity,
    ]);
  };
  return { x: range(0), y: range(1) };
}
