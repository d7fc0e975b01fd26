/**
 * Points and curves in a terminal, drawn with braille dots.
 *
 * @module
 */
import { at } from "../../at.ts";
import type { Axis, Lines, Scatter, Series } from "../events.ts";
import { CLASS_COLOURS } from "../palette.ts";
import { frame, gutter, type Scale, scaleOf } from "./axes.ts";
import { Canvas } from "./canvas.ts";
import type { TerminalOptions } from "./capabilities.ts";
import { clip, inked, type Rgb, wrapped } from "./paint.ts";

/** The largest height of a plot in rows, so that it fits on the screen with its caption. */
const ROWS = 30;
/** The characters for classes and curves if there are no colours. */
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The letter of a class or curve. */
const letterOf = (i: number) => at(LETTERS, i % LETTERS.length);
/** The colour of a class or curve. */
const colourOf = (i: number): Rgb => at(CLASS_COLOURS, i % CLASS_COLOURS.length);

/**
 * Draws points on axes of the same scale. If a character has points of several classes, the most frequent gives its
 * colour.
 */
export async function drawScatter(plot: Scatter, options: TerminalOptions): Promise<string> {
  const { points, labels, classes } = plot;
  const side = (axis: number) => points.filter((_, i) => i % 2 === axis);
  const [x, y] = [await scaleOf(plot.x, side(0)), await scaleOf(plot.y, side(1))];
  const { canvas, left } = canvasFor(x, y, options.columns, true);
  const marks = classes.every((name) => name.length === 1) ? classes : classes.map((_, i) => letterOf(i));
  const meeting = new Map<number, Uint16Array>();
  labels.forEach((label, i) => {
    const [across, up] = [x.place(at(points, 2 * i)), y.place(at(points, 2 * i + 1))];
    if (!(across >= 0 && across <= 1 && up >= 0 && up <= 1)) return;
    const cell = canvas.row(up) * canvas.columns + canvas.column(across);
    const counts = meeting.get(cell) ?? new Uint16Array(classes.length);
    meeting.set(cell, counts);
    counts[label] = at(counts, label) + 1;
    const most = counts.indexOf(counts.reduce((a, b) => Math.max(a, b)));
    if (options.colour) canvas.dot(across, up, colourOf(most));
    else canvas.mark(across, up, at(marks, most));
  });
  const legend = classes.map((name, i) =>
    options.colour ? { mark: "●", name, ink: colourOf(i) } : { mark: at(marks, i), name }
  );
  const itself = !options.colour && marks === classes;
  const explained = itself
    ? `${wrapped(`${classes.join(" ")} the class`, options.columns).join("\n")}\n`
    : legendText(legend, options);
  return `${framed(canvas, plot, x, y, left, options)}\n${explained}`;
}

/** Draws curves. */
export async function drawLines(plot: Lines, options: TerminalOptions): Promise<string> {
  const curves = plot.series.map((series) => ({ ...series, ...outline(series) }));
  const x = await scaleOf(plot.x, curves.flatMap((curve) => Array.from(curve.x)), true);
  const y = await scaleOf(plot.y, curves.flatMap((curve) => Array.from(curve.y)));
  const { canvas, left } = canvasFor(x, y, options.columns, false);
  const drawn = curves.filter(({ as }) => as !== "dots").length;
  const legend = curves.map(({ name, as, ...curve }, i) => {
    const ink = options.colour ? colourOf(i) : undefined;
    const alone = options.colour || drawn === 1; // a single curve is drawn in braille even without colours
    const dot = options.colour ? "●" : at("ox+*#", i % 5);
    const letter = alone ? undefined : letterOf(i);
    const places = Array.from(curve.x, (value, j): [number, number] => [x.place(value), y.place(at(curve.y, j))]);
    places.forEach((place, j) => {
      if (as === "dots") canvas.mark(...place, dot, ink);
      else if (!(as === "steps" && onGround(curve, j))) canvas.stroke(places[j - 1] ?? place, place, ink, letter);
    });
    return { mark: as === "dots" ? dot : letter ?? "⠤⠤", name, ink };
  });
  return `${framed(canvas, plot, x, y, left, options)}\n${legendText(legend, options)}`;
}

/**
 * Whether an outline runs along the bottom to its point `j`; such parts are not drawn, because they would hide other
 * curves.
 */
function onGround({ y }: { y: ArrayLike<number> }, j: number): boolean {
  return y[j] === y[0] && y[Math.max(0, j - 1)] === y[0];
}

/** The corners of a curve; for a `steps` series, those of bars without gaps that start at 0. */
function outline({ x, y, as }: Series): { x: ArrayLike<number>; y: ArrayLike<number> } {
  if (as !== "steps") return { x, y };
  const half = x.length > 1 ? (at(x, 1) - at(x, 0)) / 2 : 0.5;
  const across = Array.from(x).flatMap((middle) => [middle - half, middle + half]);
  const up = Array.from(y).flatMap((top) => [top, top]);
  return { x: [at(across, 0), ...across, at(across, across.length - 1)], y: [0, ...up, 0] };
}

/**
 * A canvas that leaves room for the labels of the vertical axis. If the scales are equal, they determine its
 * proportions.
 */
function canvasFor(x: Scale, y: Scale, columns: number, equal: boolean): { canvas: Canvas; left: number } {
  const left = Math.min(gutter(y, ROWS), Math.floor(columns / 3));
  const width = Math.min(columns - left - 2, 100);
  if (!equal) return { canvas: new Canvas(width, Math.max(6, Math.min(20, Math.round(width / 4)))), left };
  // Per character's width, which is half its height.
  const unit = Math.max((x.to - x.from) / width, (y.to - y.from) / (2 * ROWS));
  const size = (scale: Scale, unit: number, most: number) =>
    Math.max(2, Math.min(most, Math.round((scale.to - scale.from) / unit)));
  return { canvas: new Canvas(size(x, unit, width), size(y, 2 * unit, ROWS)), left };
}

function framed(
  canvas: Canvas,
  plot: { x: Axis; y: Axis },
  x: Scale,
  y: Scale,
  left: number,
  options: TerminalOptions,
) {
  const [rows, width] = [canvas.text(options.colour), canvas.columns];
  const column = (value: number) => canvas.column(x.place(value));
  const row = (value: number) => canvas.row(y.place(value));
  const axes = { x: { axis: plot.x, scale: x }, y: { axis: plot.y, scale: y } };
  return frame({ rows, width, column, row, ...axes }, left, options.columns);
}

/** The legend of marks, with as many entries in a line as fit. */
export function legendText(
  entries: { mark: string; name: string; ink?: Rgb | undefined }[],
  options: TerminalOptions,
): string {
  let [text, length] = ["", 0];
  for (const { mark, name, ink } of entries) {
    const entry = clip(` ${name}`, options.columns - mark.length - 1);
    const size = mark.length + entry.length + (length ? 3 : 0);
    const fits = length + size <= options.columns;
    if (length) text += fits ? "   " : "\n";
    length = fits ? length + size : size - 3;
    text += (ink ? inked(mark, ink, options.colour) : mark) + entry;
  }
  return `${text}\n`;
}
