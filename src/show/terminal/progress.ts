/**
 * Training as it goes on: a line an epoch, and under them, in a terminal, a bar that moves.
 *
 * @module
 */
import type { AnyLosses } from "../../training/losses.ts";
import { lossesOf } from "../../training/step.ts";
import type { Step } from "../../training/train.ts";
import { timeText } from "../../wording.ts";
import { lossText } from "../loss_text.ts";

/** What a bar tells. */
export interface Going {
  /** The step last taken. */
  step: Step;
  /** The losses last read; none before the first are. */
  losses?: AnyLosses | undefined;
  /** Images a second, once that is known. */
  rate?: number | undefined;
  /** Seconds to go, once that is known. */
  left?: number | undefined;
}

/** A bar and what there is to say, in at most so many characters: the fewer, the less is said. */
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

/** A bar for data that are being fetched, in at most so many characters. */
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
   * Moves it to a step that was taken at a time in milliseconds; at the end of an epoch writes the epoch's line above it,
   * and at the end of all takes it away.
   */
  show(step: Step, at: number): void;
  /** Takes it away. */
  remove(): void;
}

/**
 * Makes a bar.
 *
 * @param write Writes to the terminal.
 * @param columns How wide the terminal is at the moment.
 * @param epochLine Writes a line for the end of an epoch.
 * @param interrupted What Ctrl-C does, once the bar is gone; nothing where somebody else sees to that.
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
    linewrap: true, // left as it is: the text fits
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
