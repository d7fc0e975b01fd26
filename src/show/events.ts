/**
 * What a lesson can say, as data: events, apart from where they appear. They hold no tensors, so that a surface may keep
 * them, and a page in a browser may be sent them.
 *
 * @module
 */
import type { Json } from "../json.ts";
import type { Step } from "../training/train.ts";

/** A claim as it was measured. */
export interface Measured<T = number> {
  /** What was found. */
  found: T;
  /** What it is compared with. */
  expected: T;
  /** How far the two may be apart, where they are compared for being close. */
  margin?: number;
  /** Where the expectation or the margin comes from, in a few words. */
  from: string;
}

/**
 * Something a lesson says. `end` is its last word, said well or badly (`failed`: something stopped it): surfaces finish what
 * they are at.
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

/** Something to look at: the name that its files get, a title, and what there is to see. */
export type Picture = { name: string } & Drawing;

/** A title, and what there is to see. */
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
  /** What it measures, with its unit: `KL, nats an image`. */
  label: string;
  /** Where it begins; by default where the data do. */
  from?: number;
  /** Where it ends; by default where the data do. */
  to?: number;
  /** Whether equal ratios, not equal differences, are equally far apart; not for a scatter, nor for bars. */
  log?: boolean;
}

/** Images of one size, grey or in colour, to be drawn in rows. */
export interface ImageGrid {
  /** Pixels of all images one after another, 0 black to 255 white; where there are three channels, red, green and blue. */
  pixels: Uint8Array;
  /** Values a pixel: 1, the default, for grey; 3 for red, green and blue. */
  channels?: 1 | 3;
  /** Height of one image. */
  height: number;
  /** Width of one image. */
  width: number;
  /** Images in a row. */
  columns: number;
  /** What each row of images is, from the top. */
  rows?: string[];
  /** Where the columns of a map lie: `from` is the middle of the leftmost image, `to` that of the rightmost. */
  x?: Axis & { from: number; to: number };
  /** Where its rows lie: `from` is the middle of the lowest row, `to` that of the highest. */
  y?: Axis & { from: number; to: number };
}

/** Points in the plane, each of a class, on axes of the same scale. */
export interface Scatter {
  /** x and y of every point, one after another. */
  points: Float32Array;
  /** The class of every point. */
  labels: Uint8Array;
  /** The name of every class. */
  classes: string[];
  /** Across. */
  x: Axis;
  /** Upwards. */
  y: Axis;
}

/** Curves over one axis. */
export interface Lines {
  /** The curves. */
  series: Series[];
  /** Across. */
  x: Axis;
  /** Upwards. */
  y: Axis;
}

/** One curve. */
export interface Series {
  /** Its name in the legend. */
  name: string;
  /** x of its points. */
  x: ArrayLike<number>;
  /** y of its points. */
  y: ArrayLike<number>;
  /** A line through the points (by default), the points alone, or the outline of bars around them, from 0. */
  as?: "line" | "dots" | "steps";
}

/** One number for each of several things, from 0. */
export interface Bars {
  /** The things. */
  labels: string[];
  /** Their numbers. */
  values: ArrayLike<number>;
  /** What the things are: `latent dimension`. */
  x: Axis;
  /** What the numbers are. */
  y: Axis;
  /** A line across all bars, to compare them with. */
  reference?: { name: string; value: number };
}

/** A number for every point of a grid, as a colour. */
export interface HeatMap {
  /** The numbers, row by row, the lowest row first. */
  values: ArrayLike<number>;
  /** Numbers in a row. */
  columns: number;
  /** Across: `from` is where the first column lies, `to` the last. */
  x: Axis & { from: number; to: number };
  /** Upwards: `from` is where the first row lies, `to` the last. */
  y: Axis & { from: number; to: number };
  /** What the colours say, with its unit. */
  value: Axis;
  /** Places to point out. */
  marks?: { x: number; y: number; name: string }[];
}

/** Rows of words and numbers. */
export interface Table {
  /** What each column is. */
  columns: string[];
  /** The rows, as long as `columns`. */
  rows: (string | number)[][];
}

/** A surface that keeps what it is told, in order. */
export function recorder(): { events: LessonEvent[]; surface: Surface } {
  const events: LessonEvent[] = [];
  return { events, surface: (event) => void events.push(structuredClone(event)) };
}
