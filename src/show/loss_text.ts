/**
 * The losses of a training in words.
 *
 * @module
 */
import type { Losses } from "../training/batch_report.ts";
import type { Step } from "../training/train.ts";

/** The line for the end of an epoch. */
export function epochText({ epoch, history }: Step): string {
  const [seen, heldOut] = [history.train[epoch - 1], history.test.at(epoch - 1)]; // it may have grown since
  return `epoch ${epoch}: loss ${lossText(seen, 2)}${heldOut ? `; held-out ${lossText(heldOut, 2)}` : ""}`;
}

/** A loss and, where there are two, its parts. */
export function lossText({ loss, reconstruction, kl }: Losses, digits: number): string {
  const [sum, pixels, code] = [loss, reconstruction, kl].map((value) => value.toFixed(digits));
  return kl === 0 ? sum : `${sum} = ${pixels} + KL ${code}`;
}
