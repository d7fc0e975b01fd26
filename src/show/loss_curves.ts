/**
 * The losses of a training as curves.
 *
 * @module
 */
import type { Step } from "../training/train.ts";
import { extent } from "./axis.ts";
import type { Axis, Lines, Picture, Series } from "./events.ts";

/** The parts of a loss, with the words of their pictures. */
const PARTS = [
  { part: "reconstruction", what: "reconstruction", price: "pixels" },
  { part: "kl", what: "KL", price: "code" },
] as const;

/** The pictures of a training: reconstruction and KL apart, or the loss alone where there is no KL. */
export function lossPictures(name: string, steps: Step[]): Picture[] {
  if (steps.at(-1)?.history.train.every(({ kl }) => kl === 0)) {
    const caption = "The loss of training";
    return [{ kind: "lines", name, caption, ...lossCurves(steps, "loss", "loss, an image") }];
  }
  return PARTS.map(({ part, what, price }) => {
    const caption = `The price of the ${price} as training went on`;
    return { kind: "lines", name: `${name}_${part}`, caption, ...lossCurves(steps, part, `${what}, nats an image`) };
  });
}

/**
 * One part of the loss over the images seen: in training, averaged over stretches of steps, and held-out, after every
 * epoch. A training that was already over when it was resumed has only its epochs' averages.
 */
export function lossCurves(steps: Step[], part: "loss" | "reconstruction" | "kl", label: string): Lines {
  const stretch = Math.ceil(steps.length / 60);
  const [x, y]: [number[], number[]] = [[], []];
  const [ends, heldOut]: [number[], number[]] = [[], []];
  let [seen, sum, count] = [0, 0, 0];
  steps.forEach((step, i) => {
    seen += step.batch;
    if (step[part] !== undefined) [sum, count] = [sum + step[part], count + 1];
    if ((i + 1) % stretch === 0 && count) {
      x.push(seen);
      y.push(sum / count);
      [sum, count] = [0, 0];
    }
    const judged = step.epochEnds ? step.history.test[step.epoch - 1] : undefined;
    if (judged) {
      ends.push(seen);
      heldOut.push(judged[part]);
    }
  });
  const last = steps.at(-1);
  if (!x.length && last?.epochEnds) {
    x.push(...last.history.train.map((_, epoch) => seen * (epoch + 1) / last.epoch));
    y.push(...last.history.train.map((losses) => losses[part]));
  }
  const series: Series[] = [{ name: "training", x, y }];
  if (ends.length) series.push({ name: "held-out", x: ends, y: heldOut, as: "dots" });
  return { series, x: { label: "images seen", from: 0 }, y: lossAxis(label, y, heldOut) };
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
