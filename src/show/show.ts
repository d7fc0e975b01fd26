/**
 * What a lesson speaks through. It calls a {@linkcode Show}; what it says becomes events; a surface renders them: the
 * terminal, files, a recorder, or nothing at all.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { shapeText, type Tensor, type Tensor2D } from "../tensor.ts";
import type { Step } from "../training/train.ts";
import type { Axis, Bars, HeatMap, ImageGrid, Json, Lines, Measured, Picture, Surface, Table } from "./events.ts";
import { assertDrawable, histogram, lossCurves } from "./pictures.ts";

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
  /** How many bytes of the data have come, of how many; hand it to `loadImages`. */
  fetch(received: number, total: number): void;
  /** A result for the JSON at the end. */
  figure(name: string, value: Json): void;
  /** A table of figures; it throws a `RangeError` if a row has not as many cells as there are columns. */
  table(caption: string, table: Table): void;
  /**
   * Images `[N, H, W, 1]` with pixels in [0, 1]; what lies outside is shown as black or white. `name` is the file's. The
   * file of more than 100,000 pixels in all keeps 64 greys of 256: no pixel moves by more than 2.
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
}

/** How images are laid out. */
export type ImageLayout = Partial<Pick<ImageGrid, "columns" | "rows" | "x" | "y">>;

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
  const names = new Set<string>();
  const draw = async (picture: Picture) => {
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
    fetch: (received, total) => void surface({ kind: "fetch", received, total }),
    figure: (name, value) => void surface({ kind: "figure", name, value }),
    table(caption, table) {
      const odd = table.rows.findIndex((row) => row.length !== table.columns.length);
      if (odd >= 0) {
        const found = table.rows[odd].length;
        throw new RangeError(`Row ${odd} of the table has ${found} cells; it needs ${table.columns.length}.`);
      }
      surface({ kind: "table", caption, ...table });
    },
    async images(name, caption, images, layout = {}) {
      const [count, height, width, channels] = images.shape;
      if (images.rank !== 4 || channels !== 1) {
        throw new RangeError(`Images to show have the shape [N,H,W,1], not ${shapeText(images.shape)}.`);
      }
      const values = await images.data();
      const odd = values.findIndex((v) => Number.isNaN(v));
      if (odd >= 0) {
        const image = Math.floor(odd / (height * width));
        throw new InputError(
          `The picture "${name}" cannot be drawn: pixels are numbers in [0, 1], and image ${image} has a NaN.`,
        );
      }
      const pixels = Uint8Array.from(values, (v) => Math.round(255 * Math.min(1, Math.max(0, v))));
      await draw({ kind: "images", name, caption, pixels, height, width, columns: count, ...layout });
    },
    async scatter(name, caption, points, labels, options = {}) {
      const classes = Array.from(
        { length: labels.reduce((most, label) => Math.max(most, label), 0) + 1 },
        (_, c) => `${c}`,
      );
      const axes = { x: { label: "z[0]" }, y: { label: "z[1]" } };
      const values = await points.data() as Float32Array;
      await draw({ kind: "scatter", name, caption, points: values, labels, classes, ...axes, ...options });
    },
    lines: (name, caption, lines) => draw({ kind: "lines", name, caption, ...lines }),
    histogram: async (name, caption, values, x) => {
      await draw({ kind: "lines", name, caption, ...histogram(name, values, x) });
    },
    bars: (name, caption, bars) => draw({ kind: "bars", name, caption, ...bars }),
    heat: (name, caption, map) => draw({ kind: "heat", name, caption, ...map }),
    async losses(name, steps) {
      if (steps.at(-1)?.history.train.every(({ kl }) => kl === 0)) {
        const caption = "The loss of training";
        await draw({ kind: "lines", name, caption, ...lossCurves(steps, "loss", "loss, an image") });
        return;
      }
      for (
        const [part, what, price] of [["reconstruction", "reconstruction", "pixels"], ["kl", "KL", "code"]] as const
      ) {
        const caption = `The price of the ${price} as training went on`;
        const lines = lossCurves(steps, part, `${what}, nats an image`);
        await draw({ kind: "lines", name: `${name}_${part}`, caption, ...lines });
      }
    },
  };
}

/** A claim as one line: what, found, expected, margin, and where they come from. */
export function claimText(claim: { what: string; relation: string } & Measured<number | string>): string {
  const { what, relation, found, expected, margin, from } = claim;
  const within = margin === undefined ? "" : ` ± ${figureText(margin)}`;
  return `${what}: ${figureText(found)}, expected ${relation}${figureText(expected)}${within} (${from})`;
}

const FIVE_DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 }); // made once: it takes a millisecond

/** A number with as many digits as a reader wants: five significant ones, and no noise behind them. */
export function figureText(value: number | string): string {
  if (typeof value === "string" || Number.isSafeInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? FIVE_DIGITS.format(value) : Number(value.toPrecision(3)).toExponential();
}
