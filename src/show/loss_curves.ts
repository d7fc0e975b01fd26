/**
 * The losses of a training as curves.
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

/** What the parts of a VAE's loss are the price of. */
const PRICES: Readonly<Record<string, string>> = { reconstruction: "pixels", kl: "code" };

/** The pictures of a training: every part apart, and the loss itself where there are none, or they do not add up to it. */
export function lossPictures(name: string, steps: Step[]): Picture[] {
  const all = [...steps.at(-1)?.history.train ?? [], ...steps.flatMap((step) => lossesOf(step) ?? [])];
  const parts = all[0] ? namesIn(all[0]) : [];
  const whole: Picture = {
    kind: "lines",
    name,
    caption: "The loss of training",
    ...lossCurves(steps, "loss", "loss, an image"),
  };
  const apart = parts.map((part): Picture => {
    const price = PRICES[part];
    const caption = price ? `The price of the ${price} as training went on` : `${part} as training went on`;
    const label = `${partText(part)}${price ? ", nats an image" : ""}`;
    return { kind: "lines", name: `${name}_${part}`, caption, ...lossCurves(steps, part, label) };
  });
  return parts.length > 0 && all.every(addUp) ? apart : [whole, ...apart];
}

/**
 * One part of the loss over the images seen: in training, averaged over stretches of steps, and held-out, after every
 * epoch. A training that was already over when it was resumed has only its epochs' averages.
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

/** A part of losses that may have others. */
function partOf(losses: { loss: number } | undefined, part: string): number | undefined {
  return (losses as AnyLosses | undefined)?.[part];
}

/**
 * The upward axis of a loss. Where the fall of the first steps would squash all that follows, the axis ends above the
 * rest, and its label says where the curve came from.
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
