/**
 * What a lesson says, apart from where it appears. A lesson calls a {@linkcode Show}; what it says becomes events; a
 * surface renders them: the terminal, files, or nothing at all.
 *
 * @module
 */
import type { Tensor, Tensor2D } from "../tensor.ts";
import type { Step } from "../training/train.ts";

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

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

/** Something a lesson says. */
export type LessonEvent =
  | { kind: "title" | "text"; text: string }
  | ({ kind: "claim"; what: string; relation: string; holds: boolean } & Measured<number | string>)
  | { kind: "figure"; name: string; value: Json }
  | { kind: "progress"; step: Step }
  | ({ kind: "images"; name: string; caption: string } & ImageGrid)
  | ({ kind: "scatter"; name: string; caption: string } & Scatter);

/** Grey images of one size, to be drawn in rows. */
export interface ImageGrid {
  /** Pixels of all images one after another, 0 black to 255 white. */
  pixels: Uint8Array;
  /** Height of one image. */
  height: number;
  /** Width of one image. */
  width: number;
  /** Images in a row. */
  columns: number;
}

/** Points in the plane, each of a class. */
export interface Scatter {
  /** x and y of every point, one after another. */
  points: Float32Array;
  /** The class of every point; classes from 10 on are drawn as their last digit. */
  labels: Uint8Array;
}

/** Renders events. */
export type Surface = (event: LessonEvent) => void | Promise<void>;

/** An assertion of `@std/assert` that compares two values. */
export type Comparison<T> = (found: T, expected: T) => void;
/** `assertAlmostEquals`. */
export type Closeness = (found: number, expected: number, margin?: number) => void;

/** What a lesson speaks through. */
export interface Show {
  /** A heading, such as `4.1 By hand`. */
  title(text: string): void;
  /** A paragraph or a line of figures. */
  text(text: string): void;
  /**
   * Something that must be true: checks it, shows it with its figures, and throws a {@linkcode ClaimError} if it is not.
   * NaN and infinities fail.
   */
  claim(what: string, check: Closeness, measured: Measured & { margin: number }): void;
  /** The same for `assertLess`, `assertEquals` and the like. */
  claim<T extends number | string>(what: string, check: Comparison<T>, measured: Measured<T>): void;
  /** A step of training; call it with every one, the surface chooses which to show. */
  progress(step: Step): void;
  /** A result for the JSON at the end. */
  figure(name: string, value: Json): void;
  /** Images `[N, H, W, 1]` with pixels in [0, 1], `columns` in a row; `name` is the file's. */
  images(name: string, caption: string, images: Tensor, columns?: number): Promise<void>;
  /** Points `[N, 2]`, each of a class. */
  scatter(name: string, caption: string, points: Tensor2D, labels: Uint8Array): Promise<void>;
}

/** A claim that does not hold. */
export class ClaimError extends Error {
  /** The class's name. */
  override name = "ClaimError";
}

/** The sign each assertion stands for. */
const RELATIONS: Record<string, string> = {
  assertAlmostEquals: "",
  assertEquals: "",
  assertLess: "less than ",
  assertLessOrEqual: "at most ",
  assertGreater: "more than ",
  assertGreaterOrEqual: "at least ",
};

/** Makes a {@linkcode Show} that speaks to a surface; with no surface it is silent, and still checks every claim. */
export function showOn(surface: Surface = () => {}): Show {
  return {
    title: (text) => void surface({ kind: "title", text }),
    text: (text) => void surface({ kind: "text", text }),
    claim(
      what: string,
      check: (found: never, expected: never, margin?: never) => void,
      measured: Measured<number | string>,
    ) {
      const { found, expected, margin } = measured;
      const relation = RELATIONS[check.name] ?? "";
      let holds = [found, expected, margin ?? 0].every((value) => typeof value === "string" || Number.isFinite(value));
      try {
        if (margin === undefined) check(found as never, expected as never);
        else check(found as never, expected as never, margin as never);
      } catch {
        holds = false;
      }
      surface({ kind: "claim", what, relation, holds, ...measured });
      if (!holds) throw new ClaimError(`This claim is false: ${claimText({ what, relation, ...measured })}.`);
    },
    progress: (step) => void surface({ kind: "progress", step }),
    figure: (name, value) => void surface({ kind: "figure", name, value }),
    async images(name, caption, images, columns = images.shape[0]) {
      const pixels = Uint8Array.from(await images.data(), (v) => Math.round(255 * Math.min(1, Math.max(0, v))));
      await surface({
        kind: "images",
        name,
        caption,
        pixels,
        height: images.shape[1]!,
        width: images.shape[2]!,
        columns,
      });
    },
    async scatter(name, caption, points, labels) {
      await surface({ kind: "scatter", name, caption, points: await points.data() as Float32Array, labels });
    },
  };
}

/** A claim as one line: what, found, expected, margin, and where they come from. */
export function claimText(claim: { what: string; relation: string } & Measured<number | string>): string {
  const { what, relation, found, expected, margin, from } = claim;
  const within = margin === undefined ? "" : ` ± ${figureText(margin)}`;
  return `${what}: ${figureText(found)}, expected ${relation}${figureText(expected)}${within} (${from})`;
}

/** A number with as many digits as a reader wants: five significant ones, and no noise behind them. */
export function figureText(value: number | string): string {
  if (typeof value === "string" || Number.isInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6
    ? String(Number(value.toPrecision(5)))
    : Number(value.toPrecision(3)).toExponential();
}
