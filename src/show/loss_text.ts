/**
 * The losses of a training in words.
 *
 * @module
 */
import { type AnyLosses, namesIn } from "../training/losses.ts";
import type { Step } from "../training/train.ts";
import { partText } from "../wording.ts";

/** The line for the end of an epoch. */
export function epochText({ epoch, history }: Step): string {
  const [seen, heldOut] = [history.train[epoch - 1], history.test.at(epoch - 1)]; // it may have grown since
  if (!seen) return `epoch ${epoch}`;
  return `epoch ${epoch}: loss ${lossText(seen, 2)}${heldOut ? `; held-out ${lossText(heldOut, 2)}` : ""}`;
}

/** A loss and its parts: as a sum where they add up to it, else as a list. */
export function lossText(losses: { loss: number }, digits: number): string {
  const { loss, ...parts } = losses as AnyLosses;
  const names = namesIn(losses);
  const texts = names.map((name) => `${partText(name)} ${parts[name]?.toFixed(digits)}`);
  if (names.length === 0) return loss.toFixed(digits);
  if (!addUp(losses)) return `${loss.toFixed(digits)} (${texts.join(", ")})`;
  const [first = "", ...others] = texts;
  return `${loss.toFixed(digits)} = ${[first.slice(first.lastIndexOf(" ") + 1), ...others].join(" + ")}`;
}

/** Whether a loss is the sum of what is told besides, up to the rounding of float32. */
export function addUp(losses: { loss: number }): boolean {
  const { loss, ...parts } = losses as AnyLosses;
  const values = Object.values(parts);
  const sum = values.reduce((sum, value) => sum + value, 0);
  const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
  return Math.abs(loss - sum) <= 1e-5 * size;
}
