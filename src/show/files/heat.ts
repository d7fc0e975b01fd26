/**
 * Draws heat maps as SVG.
 *
 * @module
 */
import { at } from "../../at.ts";
import { tickText } from "../../wording.ts";
import type { Axis, HeatMap } from "../events.ts";
import { outerEnds } from "../axis.ts";
import { endsOf, logAxes, logTicks, named, scale } from "./axes.ts";
import { type Pixels, png, pngUri } from "./png.ts";
import { drawSvg, loadPlot, type Plot } from "./svg.ts";
import { svgText } from "./text.ts";

const DOT = { r: 4.5, fill: "#e8743b", stroke: "#fff", strokeWidth: 1.5 };
const NAME = { fill: "#fff", stroke: "#111", strokeWidth: 3, fontSize: 13, fontWeight: 600 };

/**
 * Draws a heat map: coloured cells, which are a PNG with one pixel per cell, with contour lines and a colour scale
 * beside it.
 */
export async function heatSvg(map: HeatMap, caption: string): Promise<string> {
  const { values, columns, x, y, value, marks = [] } = map;
  const Plot = await loadPlot();
  const rows = values.length / columns;
  const [xEnds, yEnds] = [outerEnds(x, columns), outerEnds(y, rows)];
  const ends = endsOf(value, Array.from(values), 0);
  const colour = colours(Plot, value, ends);
  const square = Math.abs(xEnds[1] - xEnds[0] - (yEnds[1] - yEnds[0])) < 0.01 * (xEnds[1] - xEnds[0]);
  const [width, height] = square ? [420, 420] : [460, 360];
  const place = await placeOn(value, ends, height);
  const upsideDown = (i: number) => (rows - 1 - Math.floor(i / columns)) * columns + i % columns;
  const [across, up] = [scale(x, xEnds, 7), scale(y, yEnds, 7)];
  const cells = await png(image(columns, rows, (i) => colour(at(values, upsideDown(i)))));
  const bar = await png(image(1, height, (i) => colour(place.invert(i + 0.5))));
  const left = (mark: Mark) => namedLeft(mark, marks, [x, y], [xEnds, yEnds]);
  return await drawSvg({
    caption,
    width,
    height,
    right: 100,
    plot: {
      x: across,
      y: up,
      marks: [
        ...logAxes(Plot, across, up),
        framed(Plot, pngUri(cells), width, height),
        contours(Plot, map, xEnds, yEnds, place.ticks.filter((tick) => tick > ends[0] && tick < ends[1])),
        Plot.dot(marks, { x: "x", y: "y", ...DOT, ...named("marks") }),
        Plot.text(marks.filter(left), { x: "x", y: "y", text: "name", textAnchor: "end", dx: -9, ...NAME }),
        Plot.text(marks.filter((m) => !left(m)), { x: "x", y: "y", text: "name", textAnchor: "start", dx: 9, ...NAME }),
      ],
    },
    beside: (left, top) => {
      const at = left + width + 24;
      const ticks = place.ticks.map((tick) => {
        const y = Math.round(100 * (top + place.at(tick))) / 100;
        return `<path d="M${at + 14} ${y}h5" stroke="currentColor"/>` + svgText(at + 23, y + 4, tickText(tick));
      });
      const size = `x="${at}" y="${top}" width="14" height="${height}" preserveAspectRatio="none"`;
      const label = svgText(left + width + 92, top - 14, value.label, `text-anchor="end"`);
      return `<g aria-label="colours"><image ${size} href="${pngUri(bar)}"/>${ticks.join("")}${label}</g>`;
    },
  });
}

type Mark = NonNullable<HeatMap["marks"]>[number];

/**
 * Whether the name of a mark is on its left: if it is near the right edge, or if it would overlap the name of another
 * mark on its right.
 */
function namedLeft(mark: Mark, marks: Mark[], axes: [Axis, Axis], ends: [[number, number], [number, number]]): boolean {
  const part = (value: number, { log }: Axis, [from, end]: [number, number]) => {
    const to = log ? Math.log : Number;
    return (to(value) - to(from)) / (to(end) - to(from));
  };
  const place = ({ x, y }: Mark) => [part(x, axes[0], ends[0]), part(y, axes[1], ends[1])] as const;
  const [across, up] = place(mark);
  const crowded = marks.some((other) => {
    const [right, above] = place(other);
    return right > across && right < across + 0.2 && Math.abs(above - up) < 0.06;
  });
  return across > 0.7 || (crowded && across > 0.2);
}

/** Maps values to positions on the colour scale, in pixels from its top, and back. */
async function placeOn(value: Axis, ends: [number, number], height: number) {
  const { scaleLinear, scaleLog } = await import("d3-scale");
  const at = (value.log ? scaleLog : scaleLinear)(ends, [height, 0]);
  const ticks: number[] = value.log ? logTicks(ends) : at.ticks(7);
  return { at: (number: number): number => at(number), invert: (y: number): number => at.invert(y), ticks };
}

/** Contour lines, computed a little beyond the frame, because the library closes them at the edge. */
function contours(Plot: Plot, map: HeatMap, xEnds: [number, number], yEnds: [number, number], thresholds: number[]) {
  const [x, y] = [{ ...map.x, from: xEnds[0], to: xEnds[1] }, { ...map.y, from: yEnds[0], to: yEnds[1] }];
  const [[x1, x2], [y1, y2]] = [outerEnds(x, 26), outerEnds(y, 26)];
  const looks = {
    stroke: "#fff",
    strokeOpacity: 0.55,
    strokeWidth: 0.8,
    pixelSize: 4,
    clip: true,
    ...named("contours"),
  };
  return Plot.contour(null, { x1, x2, y1, y2, value: between(map), thresholds, ...looks });
}

/** An image that fills the frame of a plot. */
export function framed(Plot: Plot, src: string, width: number, height: number) {
  const whole = { src, width, height, frameAnchor: "middle", preserveAspectRatio: "none", imageRendering: "pixelated" };
  return Plot.image([0], { ...whole, ...named("pixels") });
}

/** The viridis colours between two ends, as red, green and blue. */
function colours(Plot: Plot, value: Axis, domain: [number, number]): (value: number) => number[] {
  const viridis = Plot.scale({ color: { scheme: "viridis", type: value.log ? "log" : "linear", domain } });
  return (number) => viridis.apply(number).match(/\w\w/g).map((part: string) => parseInt(part, 16));
}

function image(width: number, height: number, colour: (i: number) => number[]): Pixels {
  const data = Uint8Array.from(Array.from({ length: width * height }, (_, i) => colour(i)).flat());
  return { data, width, height, channels: 3 };
}

/**
 * Interpolates the values of a heat map bilinearly between the centres of cells, and extrapolates beyond them; in
 * logarithms if the scale is logarithmic.
 */
function between({ values, columns, x, y, value }: HeatMap): (x: number, y: number) => number {
  const [to, back] = value.log ? [Math.log, Math.exp] : [Number, Number];
  const place = (axis: Axis & { from: number; to: number }, at: number, cells: number) => {
    const to = axis.log ? Math.log : Number;
    const steps = (cells - 1) * (to(at) - to(axis.from)) / (to(axis.to) - to(axis.from)) || 0;
    const low = Math.max(0, Math.min(cells - 2, Math.floor(steps)));
    return { low, next: Math.min(low + 1, cells - 1), part: steps - low };
  };
  return (atX, atY) => {
    const [c, r] = [place(x, atX, columns), place(y, atY, values.length / columns)];
    const mixed = (part: number, from: number, next: number) => (1 - part) * from + part * next;
    const along = (row: number) =>
      mixed(c.part, to(at(values, row * columns + c.low)), to(at(values, row * columns + c.next)));
    return back(mixed(r.part, along(r.low), along(r.next)));
  };
}
