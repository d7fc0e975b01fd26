/**
 * Draws points in the plane as SVG, in the colours of their classes.
 *
 * @module
 */
import { at } from "../../at.ts";
import type { Scatter } from "../events.ts";
import { colourOf, endsOf, grid, HALO, named, scale } from "./axes.ts";
import { drawSvg, loadPlot } from "./svg.ts";

/** Draws points with one group of dots per class, and the names of the classes at their medians. */
export async function scatterSvg({ points, labels, classes, x, y }: Scatter, caption: string): Promise<string> {
  const Plot = await loadPlot();
  const xs = points.filter((_, i) => i % 2 === 0), ys = points.filter((_, i) => i % 2 === 1);
  const plane = equalScale(endsOf(x, xs), endsOf(y, ys));
  const inside = (i: number) =>
    at(xs, i) >= plane.x[0] && at(xs, i) <= plane.x[1] && at(ys, i) >= plane.y[0] && at(ys, i) <= plane.y[1];
  const shown = Array.from(labels, (_, i) => i).filter(inside);
  const size = shown.length > 2000 ? { r: 1.6, fillOpacity: 0.65 } : { r: 2.6, fillOpacity: 0.8 };
  const groups = classes.map((name, c) => ({ name, colour: colourOf(c), of: shown.filter((i) => labels[i] === c) }))
    .filter((group) => group.of.length);
  const many = groups.length > 1;
  const names = groups.length > 2
    ? apart(
      groups.map(({ name, of }) => ({
        name,
        x: median(of.map((i) => at(xs, i))),
        y: median(of.map((i) => at(ys, i))),
      })),
      17 / plane.pixels,
    )
    : [];
  const across = scale(x, plane.x, ticksIn(plane.width));
  const up = scale(y, plane.y, ticksIn(plane.height));
  return await drawSvg({
    caption: caption + (shown.length < labels.length ? ` (${labels.length - shown.length} outside the axes)` : ""),
    keys: many ? groups.map(({ name, colour }) => ({ name, colour, as: "dots" })) : [],
    width: plane.width,
    height: plane.height,
    plot: {
      x: across,
      y: up,
      marks: [
        ...grid(Plot, across, up),
        ...groups.map(({ name, colour, of }) =>
          Plot.dot(of, {
            x: (i: number) => xs[i],
            y: (i: number) => ys[i],
            fill: colour,
            ...named(`class ${name}`),
            ...size,
          })
        ),
        Plot.text(names, {
          x: "x",
          y: "y",
          text: "name",
          ...HALO,
          fontSize: 15,
          fontWeight: 700,
          ...named("class names"),
        }),
      ],
    },
  });
}

/**
 * The frame, at most 520 by 520 pixels, in which both axes have the same scale. The shorter side is at least half the
 * longer.
 */
function equalScale(x: [number, number], y: [number, number]) {
  const spans = [x[1] - x[0], y[1] - y[0]];
  const longest = Math.max(...spans);
  const widened = ([from, to]: [number, number]): [number, number] => {
    const more = Math.max(0, longest / 2 - (to - from)) / 2;
    return [from - more, to + more];
  };
  const wide = { x: widened(x), y: widened(y), pixels: 520 / longest };
  const length = ([from, to]: [number, number]) => Math.round((to - from) * wide.pixels);
  return { ...wide, width: length(wide.x), height: length(wide.y) };
}

/** The number of ticks for a length, so that both axes have the same steps. */
function ticksIn(length: number): number {
  return Math.max(3, Math.round(length / 64));
}

function median(values: number[]): number {
  return at(values.toSorted((a, b) => a - b), values.length >> 1);
}

/** Moves names until no two are closer than a distance. */
function apart<Place extends { x: number; y: number }>(places: Place[], distance: number): Place[] {
  // No two at exactly the same position.
  const moved = places.map((place, i) => ({ ...place, y: place.y + i * 1e-6 * distance }));
  for (let round = 0; round < 100; round++) {
    moved.forEach((a, i) =>
      moved.slice(0, i).forEach((b) => {
        const [dx, dy] = [b.x - a.x, b.y - a.y];
        const gap = Math.hypot(dx, dy);
        const push = Math.max(0, distance - gap) / (2 * gap);
        [a.x, a.y, b.x, b.y] = [a.x - push * dx, a.y - push * dy, b.x + push * dx, b.y + push * dy];
      })
    );
  }
  return moved;
}
