/**
 * Writes the losses of a training run as text.
 *
 * @module
 */
import { type AnyLosses, namesIn } from "../training/losses.ts";
import type { Step } from "../training/train.ts";
import { partText } from "../wording.ts";

/** The line at the end of an epoch. */
export function epochText({ epoch, history }: Step): string {
  const [seen, heldOut] = [history.train[epoch - 1], history.test.at(epoch - 1)]; // the history may have grown since
  if (!seen) return `epoch ${epoch}`;
  return `epoch ${epoch}: loss ${lossText(seen, 2)}${heldOut ? `; held-out ${lossText(heldOut, 2)}` : ""}`;
}

/** A loss and its parts: as a sum if they add up to it, otherwise as a list. */
export function lossText(losses: { loss: number }, digits: number): string {
  const { loss, ...parts } = losses as AnyLosses;
  const names = namesIn(losses);
  const texts = names.map((name) => `${partText(name)} ${parts[name]?.toFixed(digits)}`);
  if (names.length === 0) return loss.toFixed(digits);
  if (!addUp(losses)) return `${loss.toFixed(digits)} (${texts.join(", ")})`;
  const [first = "", ...others] = texts;
  return `${loss.toFixed(digits)} = ${[first.slice(first.lastIndexOf(" ") + 1), ...others].join(" + ")}`;
}

/** Whether a loss is the sum of its parts and metrics, up to float32 rounding. */
export function addUp(losses: { loss: number }): boolean {
  const { loss, ...parts } = losses as AnyLosses;
  const values = Object.values(parts);
  const sum = values.reduce((sum, value) => sum + value, 0);
  const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
  return Math.abs(loss - sum) <= 1e-5 * size;
}
