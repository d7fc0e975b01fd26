/**
 * Draws curves as SVG. *
 * @module
 */
import { at } from "../../at.ts";
import type { Lines, Series } from "../events.ts";
import { colourOf, endsOf, grid, logAxes, named, scale } from "./axes.ts";
import type { Key } from "./legend.ts";
import { drawSvg, loadPlot, type Plot } from "./svg.ts";

const DASHES = [undefined, "7 3", "2 3", "10 3 2 3", "5 2 2 2 2 2"];

/** A curve with its style. */
interface Curve extends Key {
  x: number[];
  y: number[];
}

/** Draws curves over a common axis, with a legend above them. */
export async function linesSvg({ series, x, y }: Lines, caption: string): Promise<string> {
  const Plot = await loadPlot();
  const curves = series.map(curveOf);
  const steps = curves.some(({ as }) => as === "steps");
  const [xs, ys] = [curves.flatMap((curve) => curve.x), curves.flatMap((curve) => curve.y)];
  const xEnds = endsOf(x, xs, steps ? 0 : 0.02);
  const yEnds = endsOf(y, ys);
  if (steps && !y.log) yEnds[0] = Math.min(yEnds[0], y.from ?? 0);
  const beyond = (values: number[], [from, to]: [number, number]) => values.some((value) => value < from || value > to);
  const clip = beyond(xs, xEnds) || beyond(ys, yEnds);
  const [across, up] = [scale(x, xEnds, 7), scale(y, yEnds, 6)];
  return await drawSvg({
    caption,
    keys: curves,
    width: 560,
    height: 320,
    plot: {
      x: across,
      y: up,
      marks: [
        ...grid(Plot, across, up),
        ...logAxes(Plot, across, up),
        Plot.ruleY([yEnds[0]], { strokeOpacity: 0.5 }),
        ...curves.flatMap((curve) =>
          marksOf(Plot, curve, yEnds[0], { ...named(curve.name), ...(clip ? { clip } : {}) })
        ),
      ],
    },
  });
}

function curveOf(one: Series, index: number): Curve {
  const as = one.as ?? "line";
  const [x, y] = [Array.from(one.x), Array.from(one.y)];
  const dash = as === "dots" ? undefined : DASHES[index % DASHES.length];
  return { name: one.name, as, dash, colour: colourOf(index), ...(as === "steps" ? outline(x, y) : { x, y }) };
}

/**
 * The outline of bars from 0 around some points; bars meet halfway between the points. It starts at the first bar with
 * a height and ends at the last, because a line along 0 would hide those of other curves.
 */
function outline(x: number[], y: number[]): { x: number[]; y: number[] } {
  const half = (i: number) => ((x[i + 1] ?? NaN) - at(x, i)) / 2;
  const before = (i: number) => i > 0 ? half(i - 1) : x.length > 1 ? half(0) : 0.5;
  const after = (i: number) => i < x.length - 1 ? half(i) : before(i);
  const [start, end] = y.some(Boolean) ? [y.findIndex(Boolean), y.findLastIndex(Boolean)] : [0, y.length - 1];
  const bars = x.map((middle, i) => ({ left: middle - before(i), right: middle + after(i), top: at(y, i) }))
    .slice(start, end + 1);
  const [first, last] = [at(bars, 0).left, at(bars, bars.length - 1).right];
  return {
    x: [first, ...bars.flatMap(({ left, right }) => [left, right]), last],
    y: [0, ...bars.flatMap(({ top }) => [top, top]), 0],
  };
}

// deno-lint-ignore no-explicit-any -- the library's marks
function marksOf(Plot: Plot, { name, x, y, as, colour, dash }: Curve, floor: number, rest: object): any[] {
  const points = { x, y, ...rest };
  if (as === "dots") return [Plot.dot(x, { ...points, fill: colour, stroke: "white", strokeWidth: 1, r: 4.5 })];
  const line = Plot.line(x, {
    ...points,
    stroke: colour,
    strokeWidth: as === "steps" ? 1.5 : 2,
    strokeDasharray: dash,
  });
  if (as === "steps") {
    return [
      Plot.areaY(x, {
        x,
        y1: Math.max(0, floor),
        y2: y,
        fill: colour,
        fillOpacity: 0.15,
        ...rest,
        ...named(`area of ${name}`),
      }),
      line,
    ];
  }
  const measured = x.length > 2 && x.length <= 12; // two points are a reference line, not measurements
  return measured ? [line, Plot.dot(x, { ...points, fill: colour, r: 3 })] : [line];
}
