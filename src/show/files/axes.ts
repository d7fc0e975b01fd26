/**
 * The common parts of plots: axes, and styles of lines and text.
 *
 * @module
 */
import { at } from "../../at.ts";
import { tickText } from "../../wording.ts";
import type { Axis } from "../events.ts";
import { CLASS_COLOURS } from "../palette.ts";
import { extent, roomAround, TINY } from "../axis.ts";
import type { AxisOptions, Plot } from "./svg.ts";

/** The style of grid lines. */
export const FAINT = { stroke: "currentColor", strokeOpacity: 0.12 };
/** The style of text that lies over other marks. */
export const HALO = { fill: "currentColor", stroke: "white", strokeWidth: 4 };

/** A colour of the palette, which starts again after the last. */
export function colourOf(index: number): string {
  return `rgb(${at(CLASS_COLOURS, index % CLASS_COLOURS.length).join(",")})`;
}

/** The ends of an axis: those that it gives, or otherwise a little before and after its values. */
export function endsOf(axis: Axis, values: Iterable<number>, room = 0.04): [number, number] {
  const [least, most] = extent(values);
  const exp = (power: number) => Math.exp(Math.min(700, Math.max(-700, power))); // neither 0 nor Infinity
  const [to, back] = axis.log ? [Math.log, exp] : [Number, Number];
  const [low, high] = [to(axis.from ?? least), to(axis.to ?? most)];
  const more = high - low > TINY ? room * (high - low) : axis.log ? 0.5 : roomAround(high);
  return [axis.from ?? back(low - more), axis.to ?? back(high + more)];
}

/** Options of an axis for the plotting library, with about `ticks` ticks. */
export function scale(axis: Axis, domain: [number, number], ticks: number) {
  const { label } = axis;
  if (!axis.log) return { label, type: "linear", domain, ticks };
  return { label, type: "log", domain, ticks: logTicks(domain), tickFormat: tickText };
}

/** The powers of ten between two ends and, if these are few, round numbers between them. */
export function logTicks(ends: [number, number]): number[] {
  const [first, last] = [Math.log10(ends[0]), Math.log10(ends[1])];
  const steps = last - first > 2.5 ? [1] : last - first > 1 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  return Array.from({ length: Math.floor(last) - Math.floor(first) + 1 }, (_, i) => Math.floor(first) + i)
    .flatMap((decade) => steps.map((step) => Number(`${step}e${decade}`)))
    .filter((tick) => tick >= ends[0] && tick <= ends[1]);
}

/** Draws logarithmic axes as separate marks, because by default the library labels only some of the ticks. */
// deno-lint-ignore no-explicit-any -- the library's marks
export function logAxes(Plot: Plot, x: AxisOptions, y: AxisOptions): any[] {
  const options = (axis: AxisOptions) => ({ text: tickText, label: null, ticks: axis.ticks });
  return [
    ...x.type === "log" ? [Plot.axisX(x.ticks, options(x))] : [],
    ...y.type === "log" ? [Plot.axisY(y.ticks, options(y))] : [],
  ];
}

/** Faint lines at the ticks of both axes. */
// deno-lint-ignore no-explicit-any -- the library's marks
export function grid(Plot: Plot, x: AxisOptions, y: AxisOptions): any[] {
  return [Plot.gridX({ ...FAINT, ticks: x.ticks }), Plot.gridY({ ...FAINT, ticks: y.ticks })];
}

/** Gives the group of a mark a name. The library's own `ariaLabel` would name every element in it. */
export function named(name: string) {
  return {
    // deno-lint-ignore no-explicit-any -- the library's own arguments, passed on
    render: (...args: any[]) => {
      const group = args.at(-1)(...args.slice(0, -1));
      group?.setAttribute("aria-label", name);
      return group;
    },
  };
}
