/**
 * Draws bars as SVG. *
 * @module
 */
import { at } from "../../at.ts";
import { tickText } from "../../wording.ts";
import type { Bars } from "../events.ts";
import { colourOf, FAINT, HALO, named } from "./axes.ts";
import { drawSvg, loadPlot, type Plot } from "./svg.ts";
import { LETTER } from "./text.ts";

const DASHED = { strokeDasharray: "6 4", strokeWidth: 1.5 };

/** Draws bars from 0, with their values if these fit. */
export async function barsSvg({ labels, values, x, y, reference }: Bars, caption: string): Promise<string> {
  const Plot = await loadPlot();
  const numbers = Array.from(values);
  const all = [0, ...numbers, ...(reference ? [reference.value] : [])];
  const [low, high] = [1.1 * Math.min(...all), 1.1 * Math.max(...all)];
  const width = Math.min(560, Math.max(280, 56 * labels.length));
  const bars = { x: numbers.map((_, i) => i), y: numbers, fill: colourOf(0) };
  const few = numbers.every((value) => tickText(value).length * LETTER < width / labels.length);
  const { ticks, slant, room } = ticksOf(labels, width);
  return await drawSvg({
    caption,
    keys: reference ? [{ name: reference.name, colour: "currentColor", as: "line", dash: DASHED.strokeDasharray }] : [],
    width,
    height: 300,
    bottom: 44 + room,
    plot: {
      x: {
        type: "band",
        domain: bars.x,
        label: x.label,
        ticks,
        tickFormat: (i: number) => labels[i],
        tickSize: 0,
        tickRotate: slant,
        padding: 0.2,
      },
      y: { label: y.label, ticks: 6, domain: [y.from ?? low, y.to ?? (high > low ? high : low + 1)] },
      marks: [
        Plot.gridY({ ...FAINT, ticks: 6 }),
        Plot.barY(numbers, { ...bars, ...named("bars") }),
        Plot.ruleY([0]),
        ...few ? numbersOver(Plot, numbers) : [],
        ...reference ? [Plot.ruleY([reference.value], { ...DASHED, ...named(reference.name) })] : [],
      ],
    },
  });
}

/** The values of the bars, above positive and below negative ones. */
// deno-lint-ignore no-explicit-any -- the library's marks
function numbersOver(Plot: Plot, numbers: number[]): any[] {
  return [1, -1].map((sign) => {
    const some = numbers.map((_, i) => i).filter((i) => at(numbers, i) < 0 === sign < 0);
    const channels = { x: Number, y: (i: number) => at(numbers, i), text: (i: number) => tickText(at(numbers, i)) };
    return Plot.text(some, { ...channels, dy: -9 * sign, ...HALO });
  });
}

/**
 * Which bars get labels, their rotation, and the height that takes. If the labels do not fit, some are left out or all
 * are rotated.
 */
function ticksOf(labels: string[], width: number): { ticks: number[]; slant: number; room: number } {
  const all = labels.map((_, i) => i);
  const longest = Math.max(...labels.map((label) => label.length)) * LETTER;
  const every = Math.ceil((longest + 6) / (width / labels.length));
  if (every === 1) return { ticks: all, slant: 0, room: 0 };
  if (longest < 5 * LETTER) return { ticks: all.filter((i) => i % every === 0), slant: 0, room: 0 };
  return { ticks: all, slant: -40, room: 0.65 * longest };
}
