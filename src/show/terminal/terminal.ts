/**
 * The terminal as a surface: text, claims and tables; pictures and a progress bar, which load when they are first needed.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the one place in src that prints
import { EnvironmentError } from "../../errors.ts";
import type { LessonEvent, Picture, Surface } from "../events.ts";
import { claimText } from "../claim.ts";
import { epochText } from "../loss_text.ts";
import type { Step } from "../../training/train.ts";
import { type TerminalOptions, thisTerminal } from "./capabilities.ts";
import { fold, wrapped } from "./paint.ts";
import { fetchText, type ProgressBar, progressBar } from "./progress.ts";
import { drawTable } from "./table.ts";

export type { TerminalOptions } from "./capabilities.ts";
export type { Colour } from "./paint.ts";

/** Takes away what the last line has. */
const CLEAR = "\r\x1b[2K";

/**
 * Prints every event, as the terminal at hand allows: no escape codes into pipes, or where `NO_COLOR` is set.
 *
 * @param options What the terminal can do; by default the terminal at hand is asked, which takes it a millisecond.
 * @param interrupted What Ctrl-C does while a model trains: by default the bar is taken away and the program ends with exit
 * code 130; nothing where the caller sees to it, who then has to send `end`.
 */
export async function terminal(
  options?: TerminalOptions,
  interrupted: (() => void) | null = () => Deno.exit(130), // by the shell's own rule
): Promise<Surface> {
  const now = options ? () => options : await thisTerminal();
  const live = !options && Deno.stdout.isTerminal();
  let bar: ProgressBar | undefined;
  let busy: Promise<void> | undefined;
  let fetching = false; // whether the last line is a bar for data on their way
  let apart = false; // whether there is an empty line above: one is enough
  const print = (text: string | undefined) => {
    if (text === undefined) return;
    printLine(apart && text.startsWith("\n") ? text.slice(1) : text);
    apart = text.endsWith("\n");
  };
  const tell = (event: LessonEvent, at: number): void | Promise<void> => {
    if (event.kind === "progress") return progress(event.step, at);
    bar?.remove();
    if (event.kind === "fetch") return fetched(event.received, event.total);
    if (fetching) write(CLEAR);
    fetching = false;
    if (isPicture(event)) return draw(event);
    print(textOf(event, now()));
  };
  const draw = async (picture: Picture) => print(await render(picture, now()));
  const progress = (step: Step, at: number): void | Promise<void> => {
    if (bar) return bar.show(step, at);
    if (!live || !now().colour) return print(textOf({ kind: "progress", step }, now()));
    return firstProgress(step, at);
  };
  const write = (text: string) => void Deno.stdout.writeSync(new TextEncoder().encode(text));
  const fetched = (received: number, total: number) => {
    if (!live || !now().colour) return;
    write(`${CLEAR}${fetchText(received, total, now().columns - 1)}`);
    fetching = true;
  };
  const firstProgress = async (step: Step, at: number) => {
    const epochLine = (step: Step) => print(textOf({ kind: "progress", step }, now()));
    bar = await progressBar(write, () => now().columns, epochLine, interrupted ?? undefined);
    bar.show(step, at);
  };
  return (event) => {
    const at = performance.now();
    const next = () => tell(event, at);
    const done = busy ? busy.then(next, next) : next(); // who said what failed hears of it; what comes after is shown
    if (!done) return;
    const wait: Promise<void> = busy = done.finally(() => {
      if (busy === wait) busy = undefined;
    });
    return wait;
  };
}

/**
 * Prints a line. Into a pipe that nobody reads any more it does nothing.
 *
 * @throws {EnvironmentError} If it cannot be written, as on a full disk.
 */
export function printLine(line: string): void {
  try {
    console.log(line);
  } catch (cause) {
    throw new EnvironmentError(`Cannot write to standard output: ${(cause as Error).message}.`, { cause });
  }
}

/** What an event looks like; nothing for those that the terminal does not show. */
export async function render(event: LessonEvent, options: TerminalOptions): Promise<string | undefined> {
  if (!isPicture(event)) return textOf(event, options);
  const caption = options.fold ? fold(event.caption, options.columns, "") : event.caption;
  return `\n${await drawing(event, options)}${caption}\n`;
}

function isPicture(event: LessonEvent): event is Picture {
  return "name" in event && "caption" in event;
}

async function drawing(picture: Picture, options: TerminalOptions): Promise<string> {
  if (picture.kind === "images") return (await import("./images.ts")).drawImages(picture, options);
  if (options.columns < 20) return `${wrapped("(A plot needs 20 columns.)", options.columns).join("\n")}\n`;
  switch (picture.kind) {
    case "scatter":
      return (await import("./plots.ts")).drawScatter(picture, options);
    case "lines":
      return (await import("./plots.ts")).drawLines(picture, options);
    case "bars":
      return (await import("./bars.ts")).drawBars(picture, options);
    case "heat":
      return (await import("./heat.ts")).drawHeat(picture, options);
  }
}

/** What an event looks like that needs no drawing. */
function textOf(event: Exclude<LessonEvent, Picture>, options: TerminalOptions): string | undefined {
  const paint = (code: number, text: string) => options.colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  const folded = (text: string, indent?: string) => options.fold ? fold(text, options.columns, indent) : text;
  switch (event.kind) {
    case "title":
      return `\n${paint(1, folded(event.text, "  "))}`;
    case "text":
      return folded(event.text);
    case "claim": {
      const mark = event.holds ? paint(32, "✓") : paint(31, "✗");
      return folded(`  ✓ ${claimText(event)}`).replace("✓", () => mark);
    }
    case "progress":
      return event.step.epochEnds ? folded(epochText(event.step)) : undefined;
    case "table":
      return `\n${drawTable(event, options.columns)}${folded(event.caption, "")}\n`;
  }
}
