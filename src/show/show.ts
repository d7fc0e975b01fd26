/**
 * What a lesson speaks through. It calls a {@linkcode Show}; what it says becomes events; a surface renders them: the
 * terminal, files, a recorder, or nothing at all.
 *
 * @module
 */
import type { Json } from "../json.ts";
import type { Tensor, Tensor2D } from "../tensor.ts";
import type { Step } from "../training/train.ts";
import { checkClaim, type Claim, ClaimError, type Closeness, type Comparison } from "./claim.ts";
import { assertDrawable, assertName, assertTable } from "./drawable.ts";
import type { Axis, Bars, HeatMap, Lines, Measured, Picture, Surface, Table } from "./events.ts";
import { histogram } from "./histogram.ts";
import { lossPictures } from "./loss_curves.ts";
import { type ImageLayout, imagePicture, scatterPicture } from "./pictures.ts";

export { type Claim, ClaimError, type Closeness, type Comparison } from "./claim.ts";
export type { ImageLayout } from "./pictures.ts";

/** What a lesson speaks through. */
export interface Show {
  /** A heading, such as `4.1 By hand`. */
  title(text: string): void;
  /** A paragraph or a line of figures. */
  text(text: string): void;
  /**
   * Something that must be true: checks it and shows it with its figures, whether it holds or not. What follows is shown
   * all the same, and {@linkcode Show.end} says which claims were false. NaN and infinities fail.
   */
  claim(what: string, check: Closeness, measured: Measured & { margin: number }): void;
  /** The same for `assertLess`, `assertEquals` and the like. */
  claim<T extends number | string>(what: string, check: Comparison<T>, measured: Measured<T>): void;
  /** A step of training; call it with every one, the surface chooses which to show. */
  progress(step: Step): void;
  /** How many bytes of the data have come, of how many; hand it to `loadImages`. */
  fetch(received: number, total: number): void;
  /** A result for the JSON at the end. */
  figure(name: string, value: Json): void;
  /** A table of figures; it throws a `RangeError` if a row has not as many cells as there are columns. */
  table(caption: string, table: Table): void;
  /**
   * Images `[N, H, W, 1]`, or `[N, H, W, 3]` in red, green and blue, with pixels in [0, 1]; what lies outside is shown as 0 or
   * 1. `name` is the file's. The file of more than 100,000 pixels in all keeps 64 levels of 256: no pixel moves by more than 2.
   *
   * Pictures throw a `RangeError` if they are misdescribed (lengths that do not fit, a name that is taken or no file's),
   * and an `InputError` if there is nothing to see or something is not a number.
   */
  images(name: string, caption: string, images: Tensor, layout?: ImageLayout): Promise<void>;
  /** Points `[N, 2]`, each of a class; the axes have the same scale. */
  scatter(
    name: string,
    caption: string,
    points: Tensor2D,
    labels: Uint8Array,
    options?: { x?: Axis; y?: Axis; classes?: string[] },
  ): Promise<void>;
  /** Curves. */
  lines(name: string, caption: string, lines: Lines): Promise<void>;
  /** How often which value came up: one outline for each set of values, all on the same bins, scaled to an area of 1. */
  histogram(name: string, caption: string, values: Record<string, ArrayLike<number>>, x: Axis): Promise<void>;
  /** One number each for several things. */
  bars(name: string, caption: string, bars: Bars): Promise<void>;
  /** A surface over the plane, as colours. */
  heat(name: string, caption: string, map: HeatMap): Promise<void>;
  /**
   * The loss of a training over the images seen, training and held-out: reconstruction (`name`_reconstruction) and KL
   * (`name`_kl) apart, or in one picture (`name`) where there is no KL.
   */
  losses(name: string, steps: Step[]): Promise<void>;
  /**
   * The last word: surfaces finish what they are at, and {@linkcode files} writes its page. {@linkcode runLesson} says it for a
   * lesson; a program of one's own says it once, after everything else.
   *
   * @param failed Whether something stopped the program before it had said all; no, by default.
   * @throws {ClaimError} If a claim was false and nothing else stopped the program.
   */
  end(failed?: boolean): Promise<void>;
}

/** Makes a {@linkcode Show} that speaks to a surface; without a surface it is silent, and still checks every claim. */
export function showOn(surface: Surface = () => {}): Show {
  const names = new Set<string>();
  const untrue: Claim[] = [];
  const draw = async (picture: Picture) => {
    assertName(picture.name);
    assertDrawable(picture);
    if (names.has(picture.name)) throw new RangeError(`There is a picture "${picture.name}" already.`);
    names.add(picture.name);
    await surface(picture);
  };
  return {
    title: (text) => void surface({ kind: "title", text }),
    text: (text) => void surface({ kind: "text", text }),
    claim(
      what: string,
      check: (found: never, expected: never, margin?: never) => void,
      measured: Measured<number | string>,
    ) {
      const claim = checkClaim(what, check, measured);
      if (!claim.holds) untrue.push(claim);
      surface(claim);
    },
    progress: (step) => void surface({ kind: "progress", step }),
    fetch: (received, total) => void surface({ kind: "fetch", received, total }),
    figure: (name, value) => void surface({ kind: "figure", name, value }),
    table(caption, table) {
      assertTable(table);
      surface({ kind: "table", caption, ...table });
    },
    images: async (name, caption, images, layout = {}) => await draw(await imagePicture(name, caption, images, layout)),
    scatter: async (name, caption, points, labels, layout = {}) =>
      await draw(await scatterPicture(name, caption, points, labels, layout)),
    lines: (name, caption, lines) => draw({ kind: "lines", name, caption, ...lines }),
    histogram: async (name, caption, values, x) =>
      await draw({ kind: "lines", name, caption, ...histogram(name, values, x) }),
    bars: (name, caption, bars) => draw({ kind: "bars", name, caption, ...bars }),
    heat: (name, caption, map) => draw({ kind: "heat", name, caption, ...map }),
    async losses(name, steps) {
      for (const picture of lossPictures(name, steps)) await draw(picture);
    },
    async end(failed = false) {
      await surface({ kind: "end", failed });
      if (untrue.length && !failed) throw new ClaimError(untrue);
    },
  };
}
