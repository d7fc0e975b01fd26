/**
 * How lessons show their results. A lesson calls the methods of a {@linkcode Show}, which turns the calls into events.
 * A surface renders the events in the terminal or in files, or records them.
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

/** The methods with which a lesson shows its results. */
export interface Show {
  /** Shows a heading, such as `4.1 By hand`. */
  title(text: string): void;
  /** Shows a paragraph or a line of figures. */
  text(text: string): void;
  /**
   * Checks a claim and shows it with its figures, whether it is true or not. If it is false, the lesson continues, and
   * {@linkcode Show.end} reports all false claims. NaN and infinities fail.
   */
  claim(what: string, check: Closeness, measured: Measured & { margin: number }): void;
  /** The same for `assertLess`, `assertEquals` and similar assertions. */
  claim<T extends number | string>(what: string, check: Comparison<T>, measured: Measured<T>): void;
  /** Shows the progress of training. Call it with every step; the surface chooses which to show. */
  progress(step: Step): void;
  /** Shows how many bytes of a download have been received, and how many there are in all. Pass it to `loadImages`. */
  fetch(received: number, total: number): void;
  /** Records a result for the JSON at the end. */
  figure(name: string, value: Json): void;
  /** Shows a table. It throws a `RangeError` if a row does not have one cell per column. */
  table(caption: string, table: Table): void;
  /**
   * Shows images `[N, H, W, 1]` in grey or `[N, H, W, 3]` in colour, with pixels in [0, 1]. Values outside [0, 1] are
   * clipped. `name` is the name of the file. A file of more than 100,000 pixels is reduced from 256 levels to 64, which
   * changes no pixel by more than 2 of 255.
   *
   * All pictures throw a `RangeError` if lengths do not fit together, or if the name is taken or not valid as a file
   * name. They throw an `InputError` if there is nothing to draw or a number is not finite.
   */
  images(name: string, caption: string, images: Tensor, layout?: ImageLayout): Promise<void>;
  /** Shows points `[N, 2]`, each with a class, on axes of the same scale. */
  scatter(
    name: string,
    caption: string,
    points: Tensor2D,
    labels: Uint8Array,
    options?: { x?: Axis; y?: Axis; classes?: string[] },
  ): Promise<void>;
  /** Shows curves. */
  lines(name: string, caption: string, lines: Lines): Promise<void>;
  /** Shows the distribution of values: one outline for each set of values, on the same bins, with an area of 1. */
  histogram(name: string, caption: string, values: Record<string, ArrayLike<number>>, x: Axis): Promise<void>;
  /** Shows bars, one for each of several items. */
  bars(name: string, caption: string, bars: Bars): Promise<void>;
  /** Shows a function over the plane as colours. */
  heat(name: string, caption: string, map: HeatMap): Promise<void>;
  /**
   * Shows the training and held-out losses of a training run over the number of images seen: one picture for each part
   * of the loss, such as `name_reconstruction` and `name_kl`, and the picture `name` if the loss has no parts or they
   * do not add up to it.
   */
  losses(name: string, steps: Step[]): Promise<void>;
  /**
   * Ends the show: surfaces finish their work, and {@linkcode files} writes its page. {@linkcode runLesson} calls this
   * for a lesson; other programs call it once, after everything else.
   *
   * @param failed Whether an error stopped the program early; false by default.
   * @throws {ClaimError} If a claim was false and `failed` is false.
   */
  end(failed?: boolean): Promise<void>;
}

/**
 * Makes a {@linkcode Show} on a surface. Without a surface it shows nothing, but still checks every claim.
 *
 * @example
 * ```ts
 * import { recorder, showOn } from "@vae/steps";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const { events, surface } = recorder();
 * const show = showOn(surface);
 * show.claim("½ · 1²", assertAlmostEquals, { found: 0.5, expected: 0.5, margin: 1e-6, from: "by hand" });
 * await show.end();
 * assertEquals(events.map(({ kind }) => kind), ["claim", "end"]);
 * ```
 */
export function showOn(surface: Surface = () => {}): Show {
  const names = new Set<string>();
  const untrue: Claim[] = [];
  const draw = async (picture: Picture) => {
    assertName(picture.name);
    assertDrawable(picture);
    if (names.has(picture.name)) throw new RangeError(`There is already a picture named "${picture.name}".`);
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
