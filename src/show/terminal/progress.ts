/**
 * The progress of training: a line per epoch and, in a terminal, a bar below them.
 *
 * @module
 */
import type { AnyLosses } from "../../training/losses.ts";
import { lossesOf } from "../../training/step.ts";
import type { Step } from "../../training/train.ts";
import { timeText } from "../../wording.ts";
import { lossText } from "../loss_text.ts";

/** The contents of a progress bar. */
export interface Going {
  /** The last step. */
  step: Step;
  /** The losses that were read last, if any. */
  losses?: AnyLosses | undefined;
  /** Images per second, once known. */
  rate?: number | undefined;
  /** The remaining time in seconds, once known. */
  left?: number | undefined;
}

/** A bar with text, in at most `columns` characters. With less room, it has less text. */
export function barText({ step: { step, steps, epoch, epochs }, losses, rate, left }: Going, columns: number): string {
  const [count, speed] = [`${step}/${steps}`, rate === undefined ? "" : `${Math.round(rate)} images/s`];
  const time = left === undefined ? "" : `${timeText(left)} left`;
  const loss = (digits: number, short = false) =>
    losses ? `loss ${short ? losses.loss.toFixed(digits) : lossText(losses, digits)}` : "";
  const variants = [
    { before: `epoch ${epoch}/${epochs}`, after: [`step ${count}`, loss(2), speed, time], least: 10 },
    { before: `epoch ${epoch}/${epochs}`, after: [count, loss(1), speed, time], least: 7 },
    { before: `epoch ${epoch}/${epochs}`, after: [count, loss(1), speed.replace("images", "img"), time], least: 2 },
    { before: `${epoch}/${epochs}`, after: [count, loss(1, true), time], least: 2 },
    { before: `${epoch}/${epochs}`, after: [count, loss(1, true)], least: 2 },
    { before: "", after: [count], least: 0 },
  ];
  for (const { before, after, least } of variants) {
    const texts = [...after.slice(0, 1), ...after.slice(1).map((text) => text && ` ${text}`)].filter(Boolean).join(" ");
    const room = Math.min(40, columns - texts.length - (before ? before.length + 2 : 1));
    if (room < least) continue;
    const full = Math.round(room * step / steps);
    return [before, "━".repeat(full) + "─".repeat(room - full), texts].filter(Boolean).join(" ");
  }
  return "";
}

/** The bar of a download, in at most `columns` characters. */
export function fetchText(received: number, total: number, columns: number): string {
  const text = `${(received / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
  const room = Math.min(40, columns - "fetching MNIST  ".length - text.length);
  if (room < 2) return text.length <= columns ? text : "";
  const full = Math.round(room * received / total);
  return `fetching MNIST ${"━".repeat(full)}${"─".repeat(room - full)} ${text}`;
}

/** A bar on a terminal. */
export interface ProgressBar {
  /**
   * Shows a step that ended at a time in milliseconds. At the end of an epoch it writes the epoch's line above the bar,
   * and after the last step it removes the bar.
   */
  show(step: Step, at: number): void;
  /** Removes it. */
  remove(): void;
}

/**
 * Makes a progress bar. *
 * @param write Writes to the terminal.
 * @param columns Returns the current width of the terminal.
 * @param epochLine Writes the line for the end of an epoch.
 * @param interrupted What Ctrl-C does after the bar has been removed; if not given, the caller handles Ctrl-C.
 */
export async function progressBar(
  write: (text: string) => void,
  columns: () => number,
  epochLine: (step: Step) => void,
  interrupted?: () => void,
): Promise<ProgressBar> {
  const { default: { SingleBar } } = await import("cli-progress");
  const stream = {
    isTTY: true,
    get columns() {
      return columns();
    },
    write,
  };
  const bar = new SingleBar({
    stream,
    format: (_options: unknown, _params: unknown, going: Going) => barText(going, columns() - 3),
    hideCursor: true,
    clearOnComplete: true,
    linewrap: true, // no effect, because the text fits
  });
  const pressed = () => {
    remove();
    interrupted!();
  };
  let [running, start, first, seen] = [false, 0, 0, 0];
  let losses: AnyLosses | undefined;
  const remove = () => {
    if (!running) return;
    bar.stop();
    if (interrupted) Deno.removeSignalListener("SIGINT", pressed);
    running = false;
  };
  const begin = (going: Going) => {
    bar.start(going.step.steps, going.step.step, going);
    if (interrupted) Deno.addSignalListener("SIGINT", pressed);
    running = true;
  };
  return {
    show(step, at) {
      if (step.step === 1 || first === 0) [start, first, seen, losses] = [at, step.step, 0, undefined];
      else seen += step.batch;
      const seconds = (at - start) / 1000;
      losses = lossesOf(step) ?? losses;
      const known = seconds > 0 && seen > 0;
      const going: Going = {
        step,
        losses,
        rate: known ? seen / seconds : undefined,
        left: known ? seconds / (step.step - first) * (step.steps - step.step) : undefined,
      };
      if (step.epochEnds) {
        remove();
        epochLine(step);
      }
      if (step.step === step.steps) remove();
      else if (running) bar.update(step.step, going);
      else begin(going);
    },
    remove,
  };
}
