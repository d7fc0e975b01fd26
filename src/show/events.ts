/**
 * Events: what a lesson shows, as data that is independent of where it appears. They hold no tensors, so a surface can
 * keep them or send them to another thread.
 *
 * @module
 */
import type { Json } from "../json.ts";
import type { Step } from "../training/train.ts";

/** The values of a claim. */
export interface Measured<T = number> {
  /** The value found. */
  found: T;
  /** The value it is compared with. */
  expected: T;
  /** How far the two may be apart, if the claim is that they are close. */
  margin?: number;
  /** The source of the expected value or the margin, in a few words. */
  from: string;
}

/**
 * Something that a lesson shows. `end` is the last event, after which surfaces finish their work. Its `failed` says
 * whether an error stopped the lesson.
 */
export type LessonEvent =
  | { kind: "title" | "text"; text: string }
  | ({ kind: "claim"; what: string; relation: string; holds: boolean } & Measured<number | string>)
  | { kind: "figure"; name: string; value: Json }
  | { kind: "progress"; step: Step }
  | { kind: "fetch"; received: number; total: number }
  | ({ kind: "table"; caption: string } & Table)
  | Picture
  | { kind: "end"; failed?: boolean };

/** A picture: the name of its files, a title, and its contents. */
export type Picture = { name: string } & Drawing;

/** The title and the contents of a picture. */
export type Drawing =
  & { caption: string }
  & (
    | ({ kind: "images" } & ImageGrid)
    | ({ kind: "scatter" } & Scatter)
    | ({ kind: "lines" } & Lines)
    | ({ kind: "bars" } & Bars)
    | ({ kind: "heat" } & HeatMap)
  );

/** Renders events. */
export type Surface = (event: LessonEvent) => void | Promise<void>;

/** One axis of a picture. */
export interface Axis {
  /** The quantity and its unit, such as `KL, nats per image`. */
  label: string;
  /** The number at its start; by default, the smallest in the data. */
  from?: number;
  /** The number at its end; by default, the largest in the data. */
  to?: number;
  /** Whether the scale is logarithmic; not allowed for a scatter or bars. */
  log?: boolean;
}

/** Images of the same size, grey or in colour, in rows. */
export interface ImageGrid {
  /**
   * The pixels of all images one after another, from 0, black, to 255, white. With three channels, each pixel is red,
   * green and blue.
   */
  pixels: Uint8Array;
  /** Values per pixel: 1, the default, for grey; 3 for red, green and blue. */
  channels?: 1 | 3;
  /** The height of one image, in pixels. */
  height: number;
  /** The width of one image, in pixels. */
  width: number;
  /** The number of images in a row. */
  columns: number;
  /** The name of each row of images, from the top. */
  rows?: string[];
  /** The horizontal axis of a map: `from` is the centre of the leftmost image, `to` that of the rightmost. */
  x?: Axis & { from: number; to: number };
  /** The vertical axis of a map: `from` is the centre of the lowest row, `to` that of the highest. */
  y?: Axis & { from: number; to: number };
}

/** Points in the plane, each with a class, on axes of the same scale. */
export interface Scatter {
  /** The x and y of every point, one after another. */
  points: Float32Array;
  /** The class of every point. */
  labels: Uint8Array;
  /** The name of every class. */
  classes: string[];
  /** The horizontal axis. */
  x: Axis;
  /** The vertical axis. */
  y: Axis;
}

/** Curves over a common axis. */
export interface Lines {
  /** The curves. */
  series: Series[];
  /** The horizontal axis. */
  x: Axis;
  /** The vertical axis. */
  y: Axis;
}

/** One curve. */
export interface Series {
  /** Its name in the legend. */
  name: string;
  /** The x of its points. */
  x: ArrayLike<number>;
  /** The y of its points. */
  y: ArrayLike<number>;
  /** How it is drawn: a line through the points, the default; the points alone; or the outline of bars from 0. */
  as?: "line" | "dots" | "steps";
}

/** Bars from 0, one for each of several items. */
export interface Bars {
  /** The names of the items. */
  labels: string[];
  /** The values of the items. */
  values: ArrayLike<number>;
  /** The horizontal axis, whose label says what the items are, such as `latent dimension`. */
  x: Axis;
  /** The vertical axis, whose label says what the values are. */
  y: Axis;
  /** A line across all bars for comparison. */
  reference?: { name: string; value: number };
}

/** A number for every point of a grid, as a colour. */
export interface HeatMap {
  /** The values, row by row, the lowest row first. */
  values: ArrayLike<number>;
  /** The number of values in a row. */
  columns: number;
  /** The horizontal axis: `from` is the centre of the first column, `to` that of the last. */
  x: Axis & { from: number; to: number };
  /** The vertical axis: `from` is the centre of the first row, `to` that of the last. */
  y: Axis & { from: number; to: number };
  /** The scale of the colours, whose label has the quantity and its unit. */
  value: Axis;
  /** Points to mark. */
  marks?: { x: number; y: number; name: string }[];
}

/** A table of text and numbers. */
export interface Table {
  /** The titles of the columns. */
  columns: string[];
  /** The rows, each as long as `columns`. */
  rows: (string | number)[][];
}

/**
 * Makes a surface that keeps all events in order.
 *
 * @example
 * ```ts
 * import { recorder, showOn } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * const { events, surface } = recorder();
 * showOn(surface).title("4.1 By hand");
 * assertEquals(events, [{ kind: "title", text: "4.1 By hand" }]);
 * ```
 */
export function recorder(): { events: LessonEvent[]; surface: Surface } {
  const events: LessonEvent[] = [];
  return { events, surface: (event) => void events.push(structuredClone(event)) };
}
