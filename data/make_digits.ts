/**
 * Draws the embedded digits: strokes as curves, written by an unsteady hand and brought into the form of MNIST.
 *
 * ```sh
 * deno run --allow-write=data data/make_digits.ts
 * ```
 *
 * writes 10,000 training and 2,000 test images beside this file, with their labels and the true factors of every image,
 * in the IDX format of MNIST. The same unpacked bytes come out every time.
 *
 * @module
 */
import { type Random, random } from "../src/random.ts";
import { type Knot, type Point, STYLES } from "./strokes.ts";

/** Pixels along each side of an image. */
export const SIDE = 28;

/** Where the centre of mass lies, within half a pixel, counted from the centre of the first pixel: as in MNIST. */
export const CENTRE = 14;

/** A continuous factor: what it means, and the range that it is drawn from, uniformly. */
export interface Factor {
  /** What the code calls it. */
  name: string;
  /** The value of byte 0. */
  lo: number;
  /** The value of byte 255. */
  hi: number;
  /** What it measures, and in what unit. */
  meaning: string;
}

/** The continuous factors in the order of their stored columns, from column 1 on; column 0 is the style. */
export const FACTORS = [
  { name: "pen", lo: 1.4, hi: 4.2, meaning: "width of the pen, in pixels" },
  { name: "taper", lo: 0, hi: 0.5, meaning: "share of its width that the pen loses by the end of a stroke" },
  { name: "slant", lo: -0.3, hi: 0.7, meaning: "shear to the right, as the tangent of the angle" },
  { name: "rotation", lo: -15, hi: 15, meaning: "turn clockwise, in degrees" },
  { name: "scale", lo: 0.9, hi: 1.05, meaning: "longer side of the digit; 1 is MNIST's 20 pixels" },
  { name: "aspect", lo: 0.7, hi: 1.4, meaning: "width of the digit; 1 is the style's own" },
  { name: "waist", lo: -0.15, hi: 0.15, meaning: "how far the middle is pushed down, in heights of the digit" },
  { name: "roundness", lo: 0.5, hi: 1.3, meaning: "0 joins the knots by straight lines, 1 by even curves" },
  { name: "wobble", lo: 0.3, hi: 1.5, meaning: "how far the hand strays from the style" },
] as const satisfies Factor[];

/** The name of a continuous factor. */
export type FactorName = typeof FACTORS[number]["name"];

/** A value for every continuous factor. */
export type Factors = Record<FactorName, number>;

/**
 * The values that the stored bytes of one image stand for: exactly `lo + (hi - lo) * byte / 255`.
 *
 * @param row The ten bytes of an image; the first, the style, is skipped.
 */
export function decodeFactors(row: Uint8Array): Factors {
  return Object.fromEntries(FACTORS.map(({ name, lo, hi }, i) => [name, lo + (hi - lo) * row[i + 1] / 255])) as Factors;
}

/** A place the pen passes, and half its width there; along a stroke that never grows. */
interface Dab extends Point {
  radius: number;
}

/**
 * Draws one digit.
 *
 * The knots of the style stray by `wobble`; a curve of the given `roundness` joins them; the plane is distorted, its
 * `waist` moved, stretched by `aspect`, sheared by `slant` and turned by `rotation`; the whole is fitted into a box of
 * the given `scale`, inked by a `pen` with its `taper`, and moved by whole pixels until its centre of mass is in the
 * middle.
 *
 * @param label The digit, 0 to 9.
 * @param style An index into `STYLES[label]`.
 * @param random Supplies what the factors leave open: which way the hand strays.
 * @returns The grey values row by row, `[28 · 28]`; 0 is paper, 255 is ink.
 * @throws {RangeError} If the digit has no such style.
 */
export function drawDigit(label: number, style: number, factors: Factors, random: Random): Uint8Array {
  if (!STYLES[label]?.[style]) throw new RangeError(`The digit ${label} has no style ${style}.`);
  const bend = makeBend(factors, random);
  const paths = STYLES[label][style].strokes.map((knots) => {
    const points = trace(stray(knots, factors.wobble, random), factors.roundness).map(bend);
    return points.map(({ x, y }, i) => {
      const done = i / (points.length - 1);
      return { x, y, radius: factors.pen / 2 * (1 - factors.taper * done * done) };
    });
  });
  const image = ink(fit(paths, 20 * factors.scale));
  const mass = centreOfMass(image);
  return shift(image, Math.round(CENTRE - mass.x), Math.round(CENTRE - mass.y));
}

/** Moves every knot a little, and lets the stroke begin and end early or late. */
function stray(knots: Knot[], wobble: number, random: Random): Knot[] {
  return knots.map(({ x, y, corner }, i) => {
    const next = i === 0 ? knots[1] : knots[i - 1];
    const isEnd = i === 0 || i === knots.length - 1;
    const reach = isEnd ? 4 * wobble * random.gaussian() / Math.hypot(x - next.x, y - next.y) : 0;
    return {
      x: x + 3 * wobble * random.gaussian() + reach * (x - next.x),
      y: y + 3 * wobble * random.gaussian() + reach * (y - next.y),
      corner,
    };
  });
}

/**
 * Points along a curve through the knots, eight to each pair: cubic Hermite pieces. The tangent at a knot points from the
 * knot before to the knot after, and is `roundness` times as long as the piece; at a corner or an end it points along
 * the piece itself.
 */
function trace(knots: Knot[], roundness: number): Point[] {
  const points: Point[] = [knots[0]];
  for (let i = 0; i + 1 < knots.length; i++) {
    const [a, b] = [knots[i], knots[i + 1]];
    const before = a.corner || i === 0 ? a : knots[i - 1];
    const after = b.corner || i + 2 === knots.length ? b : knots[i + 2];
    const length = roundness * Math.hypot(b.x - a.x, b.y - a.y);
    const leave = length / Math.hypot(b.x - before.x, b.y - before.y);
    const arrive = length / Math.hypot(after.x - a.x, after.y - a.y);
    for (let t = 1 / 8; t <= 1; t += 1 / 8) {
      const along = t * t * (3 - 2 * t);
      const out = t * (1 - t) * (1 - t) * leave;
      const home = t * t * (t - 1) * arrive;
      points.push({
        x: a.x + along * (b.x - a.x) + out * (b.x - before.x) + home * (after.x - a.x),
        y: a.y + along * (b.y - a.y) + out * (b.y - before.y) + home * (after.y - a.y),
      });
    }
  }
  return points;
}

/** The map from the box of the knots to the plane, where the middle is 0 and the height is 1. All strokes share it. */
function makeBend({ wobble, waist, aspect, slant, rotation }: Factors, random: Random): (point: Point) => Point {
  const wave = () => {
    const [across, down, phase] = [4 * random.gaussian(), 4 * random.gaussian(), 2 * Math.PI * random.uniform()];
    return (x: number, y: number) => 0.06 * wobble * Math.sin(across * x + down * y + phase);
  };
  const [waveX, waveY] = [wave(), wave()];
  const [cos, sin] = [Math.cos(rotation * Math.PI / 180), Math.sin(rotation * Math.PI / 180)];
  return (point) => {
    const [u, v] = [point.x / 100 - 0.5, point.y / 100 - 0.5];
    const height = v + waveY(u, v);
    const y = height + waist * (1 - 4 * height * height);
    const x = aspect * (u + waveX(u, v)) - slant * y;
    return { x: cos * x - sin * y, y: sin * x + cos * y };
  };
}

/** Enlarges the strokes so that the longer side of their ink has the given size, and puts them in the middle. */
function fit(paths: Dab[][], size: number): Dab[][] {
  const dabs = paths.flat();
  const [xs, ys] = [dabs.map(({ x }) => x), dabs.map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const pen = 2 * Math.max(...dabs.map(({ radius }) => radius));
  const zoom = (size - pen) / Math.max(right - left, bottom - top);
  return paths.map((path) =>
    path.map(({ x, y, radius }) => ({
      x: CENTRE + zoom * (x - (left + right) / 2),
      y: CENTRE + zoom * (y - (top + bottom) / 2),
      radius,
    }))
  );
}

/** Inks the strokes: 255 for a pixel that lies half a pixel inside, 0 for one as far outside, grey in between. */
function ink(paths: Dab[][]): Uint8Array {
  const depth = new Float64Array(SIDE * SIDE).fill(-1); // how far inside the ink each pixel's centre lies
  for (const path of paths) {
    for (let i = 0; i + 1 < path.length; i++) {
      const [a, b] = [path[i], path[i + 1]];
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const [left, right] = span(a.x, b.x, a.radius + 1);
      const [top, bottom] = span(a.y, b.y, a.radius + 1);
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const nearest = ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy);
          const t = Math.min(1, Math.max(0, nearest));
          const distance = Math.sqrt((a.x + t * dx - x) ** 2 + (a.y + t * dy - y) ** 2);
          const inside = a.radius + t * (b.radius - a.radius) - distance;
          depth[y * SIDE + x] = Math.max(depth[y * SIDE + x], inside);
        }
      }
    }
  }
  return Uint8Array.from(depth, (inside) => Math.round(255 * Math.min(1, Math.max(0, inside + 0.5))));
}

/** The first and the last pixel within reach of the interval between `a` and `b`. */
function span(a: number, b: number, reach: number): [number, number] {
  return [Math.max(0, Math.ceil(Math.min(a, b) - reach)), Math.min(SIDE - 1, Math.floor(Math.max(a, b) + reach))];
}

/** Moves an image by whole pixels; what leaves it is lost. */
function shift(image: Uint8Array, right: number, down: number): Uint8Array {
  const moved = new Uint8Array(SIDE * SIDE);
  for (let y = Math.max(0, down); y < Math.min(SIDE, SIDE + down); y++) {
    for (let x = Math.max(0, right); x < Math.min(SIDE, SIDE + right); x++) {
      moved[y * SIDE + x] = image[(y - down) * SIDE + x - right];
    }
  }
  return moved;
}

/** The mean position of the ink, in pixels from the centre of the first. */
export function centreOfMass(image: Uint8Array): Point {
  let [mass, x, y] = [0, 0, 0];
  image.forEach((value, i) => {
    mass += value;
    x += value * (i % SIDE);
    y += value * Math.floor(i / SIDE);
  });
  return { x: x / mass, y: y / mass };
}

/** A set of digits with what they are made from. */
export interface DigitSet {
  /** Grey values, `[count, 28, 28]`. */
  images: Uint8Array;
  /** The digit in each image, `[count]`. */
  labels: Uint8Array;
  /** The style and the continuous factors of each image, `[count, 10]`; see {@linkcode decodeFactors}. */
  factors: Uint8Array;
}

/**
 * Draws a set of digits: each of the ten as often as the others (if ten divides `count`), in random order, with random
 * styles and factors.
 *
 * @param seed The same seed gives the same bytes.
 */
export function makeDigits(count: number, seed: number): DigitSet {
  const source = random(seed);
  const columns = 1 + FACTORS.length;
  const labels = Uint8Array.from(source.permutation(count), (i) => i % 10);
  const images = new Uint8Array(count * SIDE * SIDE);
  const factors = new Uint8Array(count * columns);
  labels.forEach((label, i) => {
    const row = factors.subarray(i * columns, (i + 1) * columns);
    row[0] = chooseStyle(label, source);
    for (let column = 1; column < columns; column++) row[column] = Math.floor(256 * source.uniform());
    images.set(drawDigit(label, row[0], decodeFactors(row), source), i * SIDE * SIDE);
  });
  return { images, labels, factors };
}

/** A style of the digit, each as often as its weight says. */
function chooseStyle(label: number, random: Random): number {
  const weights = STYLES[label].map(({ weight }) => weight);
  let rest = random.uniform() * weights.reduce((sum, weight) => sum + weight);
  return weights.findIndex((weight) => (rest -= weight) < 0);
}

/** Packs bytes in the IDX format: two zeros, 8 for "unsigned bytes", the rank, each size in 32 bits, then the data. */
export function encodeIdx(data: Uint8Array, shape: number[]): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  file.set([0, 0, 8, shape.length]);
  shape.forEach((size, i) => new DataView(file.buffer).setUint32(4 + 4 * i, size));
  file.set(data, 4 + 4 * shape.length);
  return file;
}

/** The two stored sets: how their files' names begin, how many digits they hold, and their seeds. */
export const SETS = [
  { name: "train", count: 10_000, seed: 1 },
  { name: "t10k", count: 2_000, seed: 2 },
] as const;

/** The files of one set: the unpacked bytes under each name. */
export function makeFiles({ name, count, seed }: typeof SETS[number]): Record<string, Uint8Array<ArrayBuffer>> {
  const { images, labels, factors } = makeDigits(count, seed);
  return {
    [`${name}-images-idx3-ubyte`]: encodeIdx(images, [count, SIDE, SIDE]),
    [`${name}-labels-idx1-ubyte`]: encodeIdx(labels, [count]),
    [`${name}-factors-idx2-ubyte`]: encodeIdx(factors, [count, 1 + FACTORS.length]),
  };
}

if (import.meta.main) {
  for (const set of SETS) {
    for (const [name, bytes] of Object.entries(makeFiles(set))) {
      const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
      await Deno.writeFile(new URL(`${name}.gz`, import.meta.url), packed);
    }
  }
}
