/**
 * Draws the losses of a training run as curves.
 *
 * @module
 */
import { type AnyLosses, namesIn } from "../training/losses.ts";
import { lossesOf } from "../training/step.ts";
import type { Step } from "../training/train.ts";
import { partText } from "../wording.ts";
import { extent } from "./axis.ts";
import type { Axis, Lines, Picture, Series } from "./events.ts";
import { addUp } from "./loss_text.ts";

/** What each part of a VAE's loss is the cost of. */
const PRICES: Readonly<Record<string, string>> = { reconstruction: "pixels", kl: "code" };

/**
 * The pictures of a training run: one for every part, and one for the loss if there are no parts or they do not add up
 * to it.
 */
export function lossPictures(name: string, steps: Step[]): Picture[] {
  const all = [...steps.at(-1)?.history.train ?? [], ...steps.flatMap((step) => lossesOf(step) ?? [])];
  const parts = all[0] ? namesIn(all[0]) : [];
  const whole: Picture = {
    kind: "lines",
    name,
    caption: "The loss of training",
    ...lossCurves(steps, "loss", "loss per image"),
  };
  const apart = parts.map((part): Picture => {
    const price = PRICES[part];
    const caption = price ? `The cost of the ${price} during training` : `${part} during training`;
    const label = `${partText(part)}${price ? ", nats per image" : ""}`;
    return { kind: "lines", name: `${name}_${part}`, caption, ...lossCurves(steps, part, label) };
  });
  return parts.length > 0 && all.every(addUp) ? apart : [whole, ...apart];
}

/**
 * One part of the loss over the number of images seen: the training loss, averaged over groups of steps, and the
 * held-out loss after every epoch. If a run had already ended when it was resumed, only the averages of its epochs are
 * known.
 */
export function lossCurves(steps: Step[], part: string, label: string): Lines {
  const stretch = Math.ceil(steps.length / 60);
  const [x, y]: [number[], number[]] = [[], []];
  const [ends, heldOut]: [number[], number[]] = [[], []];
  let [seen, sum, count] = [0, 0, 0];
  steps.forEach((step, i) => {
    seen += step.batch;
    const value = lossesOf(step)?.[part];
    if (value !== undefined) [sum, count] = [sum + value, count + 1];
    if ((i + 1) % stretch === 0 && count) {
      x.push(seen);
      y.push(sum / count);
      [sum, count] = [0, 0];
    }
    const judged = step.epochEnds ? partOf(step.history.test[step.epoch - 1], part) : undefined;
    if (judged !== undefined) {
      ends.push(seen);
      heldOut.push(judged);
    }
  });
  const last = steps.at(-1);
  if (!x.length && last?.epochEnds) {
    x.push(...last.history.train.map((_, epoch) => seen * (epoch + 1) / last.epoch));
    y.push(...last.history.train.map((losses) => partOf(losses, part) ?? NaN));
  }
  const series: Series[] = [{ name: "training", x, y }];
  if (ends.length) series.push({ name: "held-out", x: ends, y: heldOut, as: "dots" });
  return { series, x: { label: "images seen", from: 0 }, y: lossAxis(label, y, heldOut) };
}

/** A part of some losses, if they have it. */
function partOf(losses: { loss: number } | undefined, part: string): number | undefined {
  return (losses as AnyLosses | undefined)?.[part];
}

/**
 * The vertical axis of a loss. If the fall of the first steps would squash everything after it, the axis ends just
 * above the rest, and its label gives the first value.
 */
function lossAxis(label: string, training: number[], heldOut: number[]): Axis {
  const [first] = training;
  if (first === undefined || training.length < 6) return { label };
  const [low, high] = extent([...training.slice(Math.ceil(training.length / 12)), ...heldOut]);
  const falls = first === extent(training)[1] && first - low > 2.5 * (high - low);
  if (!falls || !(high > low)) return { label };
  const step = 10 ** Math.floor(Math.log10(high - low)) / 2;
  const to = Math.ceil((high + 0.1 * (high - low)) / step) * step;
  return { label: `${label} (${Number(first.toPrecision(3)).toLocaleString("en")} at first)`, to };
}
