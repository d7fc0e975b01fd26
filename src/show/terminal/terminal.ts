/**
 * The terminal as a surface. Pictures and the progress bar load when they are first needed.
 *
 * @module
 */
import type { LessonEvent, Picture, Surface } from "../events.ts";
import type { Step } from "../../training/train.ts";
import type { TerminalOptions } from "./capabilities.ts";
import type { ProgressBar } from "./progress.ts";

export type { TerminalOptions } from "./capabilities.ts";
export type { Colour } from "./paint.ts";

/** Clears the last line. */
const CLEAR = "\r\x1b[2K";

/**
 * Makes a surface that prints every event, as far as the terminal allows. It writes no escape codes to a pipe, or if
 * `NO_COLOR` is set.
 *
 * @param options The capabilities of the terminal; by default, the terminal is queried, which takes about a
 * millisecond.
 * @param interrupted What Ctrl-C does while a model trains: by default, it removes the progress bar and ends the
 * program with exit code 130. With `null`, the caller handles Ctrl-C, and must send `end`.
 * @example
 * ```ts
 * import { showOn, terminal } from "@vae/steps";
 *
 * const show = showOn(await terminal());
 * show.title("4.1 By hand");
 * ```
 */
export async function terminal(
  options?: TerminalOptions,
  interrupted: (() => void) | null = () => Deno.exit(130), // as shells do
): Promise<Surface> {
  const [{ isPicture, render, textOf }, { printLine }, { fetchText, progressBar }, { thisTerminal }] = await Promise
    .all([
      import("./render.ts"),
      import("./print_line.ts"),
      import("./progress.ts"),
      import("./capabilities.ts"),
    ]); // loaded here, because a browser has no terminal
  const now = options ? () => options : await thisTerminal();
  const live = !options && Deno.stdout.isTerminal();
  let bar: ProgressBar | undefined;
  let busy: Promise<void> | undefined;
  let fetching = false; // whether the last line is the bar of a download
  let apart = false; // whether the last line is empty: one empty line is enough
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
    // An error goes to the sender of its event, and later events are still shown.
    const done = busy ? busy.then(next, next) : next();
    if (!done) return;
    const wait: Promise<void> = busy = done.finally(() => {
      if (busy === wait) busy = undefined;
    });
    return wait;
  };
}
