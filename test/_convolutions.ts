/**
 * Convolutions of every kind at random, and what is right for them: plain loops in double precision.
 *
 * @module
 */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { numbers, runKernel } from "./_kernels.ts";

/** A convolution: of images, of images with filters for each channel, or of volumes. */
export interface Case {
  kind: "images" | "depthwise" | "volumes";
  /** `[B, ..., C]`. */
  input: number[];
  /** `[..., C, O]`, or `[..., C, M]`. */
  filter: number[];
  strides: number[];
  dilations: number[];
  pad: "same" | "valid" | number | [number, number][];
  dimRoundingMode?: "floor" | "round" | "ceil" | undefined;
  /** By how many rows and columns `dy` is larger than it need be. */
  more: number[];
  /** Whether the channels of the images come first. */
  channelsFirst: boolean;
}

/** The names of the kernels. */
export const KERNELS = {
  images: ["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"],
  depthwise: [
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
  ],
  volumes: ["Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"],
} as const;

/** Along an axis: pixels, taps, output pixels by the attributes, and zeros before the first pixel. */
interface Axis {
  size: number;
  taps: number;
  out: number;
  stride: number;
  dilation: number;
  before: number;
}

function axesOf({ kind, input, filter, strides, dilations, pad, dimRoundingMode = "floor" }: Case): Axis[] {
  return strides.map((stride, i) => {
    const [size, taps, dilation] = [input[i + 1], filter[i], dilations[i]];
    const reach = (taps - 1) * dilation + 1;
    const axis = { size, taps, stride, dilation };
    if (pad === "same") {
      const out = Math.ceil(size / stride);
      const along = (out - 1) * stride + reach - size; // tfjs leaves it negative for volumes
      return { ...axis, out, before: Math.floor((kind === "volumes" ? along : Math.max(0, along)) / 2) };
    }
    if (pad === "valid") return { ...axis, out: Math.max(0, Math.ceil((size - reach + 1) / stride)), before: 0 };
    const [before, behind] = typeof pad === "number" ? [pad, pad] : pad[i + 1];
    const round = dimRoundingMode === "floor" ? Math.trunc : Math[dimRoundingMode];
    // With one number for all sides, tfjs works out an image's width with the filter's height and the stride of rows.
    const [tall, down] = kind === "volumes" || typeof pad !== "number"
      ? [reach, stride]
      : [(filter[0] - 1) * dilations[0] + 1, strides[0]];
    const out = round((size - tall + before + behind) / down + 1);
    const fits = kind !== "volumes" || size + 2 * before >= reach;
    return { ...axis, out: fits ? out : 0, before };
  });
}

/** The output's shape, or with `more` that of a `dy` that is larger. */
export function outputShape(given: Case, more = false): number[] {
  const { kind, input, filter } = given;
  const O = filter.at(-1)! * (kind === "depthwise" ? filter.at(-2)! : 1);
  return [input[0], ...axesOf(given).map(({ out }, i) => out + (more ? given.more[i] : 0)), O];
}

/** Calls back for every multiplication of a convolution, with the indices of the numbers of `x`, `w` and `y` or `dy`. */
function multiplications(given: Case, dyShape: number[], visit: (x: number, w: number, y: number) => void) {
  const { kind, input, filter, pad } = given;
  const axes = axesOf(given).map((axis, i) => ({ ...axis, out: typeof pad === "string" ? axis.out : dyShape[i + 1] }));
  const [C, O] = filter.slice(-2);
  const meet = (i: number, x: number, w: number, y: number) => {
    if (i === axes.length) {
      for (let c = 0; c < C; c++) {
        for (let o = 0; o < O; o++) {
          visit(x * C + c, (w * C + c) * O + o, kind === "depthwise" ? (y * C + c) * O + o : y * O + o);
        }
      }
      return;
    }
    const { size, taps, out, stride, dilation, before } = axes[i];
    for (let to = 0; to < out; to++) {
      for (let k = 0; k < taps; k++) {
        const from = to * stride + k * dilation - before;
        if (from >= 0 && from < size) meet(i + 1, x * size + from, w * taps + k, y * dyShape[i + 1] + to);
      }
    }
  };
  for (let b = 0; b < input[0]; b++) meet(0, b, 0, b);
}

/** Sums of products, and the largest sum of their absolute values, which float32 rounding is relative to. */
interface Sums {
  values: Float64Array;
  scale: number;
}

/** The sums that all three kernels should give, for the numbers of their inputs. */
export function expected(given: Case, x: ArrayLike<number>, w: ArrayLike<number>, dy: ArrayLike<number>): Sums[] {
  const sums = (shape: number[]) => [0, 1].map(() => new Float64Array(tf.util.sizeFromShape(shape)));
  const all = [outputShape(given), given.input, given.filter].map(sums);
  const add = (which: number, i: number, product: number) => {
    all[which][0][i] += product;
    all[which][1][i] += Math.abs(product);
  };
  const exact = { ...given, more: given.more.map(() => 0) };
  multiplications(exact, outputShape(exact), (i, j, k) => add(0, k, x[i] * w[j]));
  multiplications(given, outputShape(given, true), (i, j, k) => {
    add(1, i, dy[k] * w[j]);
    add(2, j, dy[k] * x[i]);
  });
  return all.map(([values, sizes]) => ({ values, scale: sizes.reduce((a, b) => Math.max(a, b), 0) }));
}

/** A convolution's inputs and attributes, made on the backend in use. */
function made(given: Case) {
  const { kind, input, filter, strides, dilations, pad, dimRoundingMode, channelsFirst } = given;
  const [x, w, dy] = [numbers(input, 1), numbers(filter, 2), numbers(outputShape(given, true), 3)];
  const first = <T>([b, h, w, c]: T[]) => [b, c, h, w];
  const dataFormat = kind === "volumes" ? "NDHWC" : channelsFirst ? "NCHW" : "NHWC";
  const place = channelsFirst && Array.isArray(pad) ? first(pad) : pad;
  const turned = (t: tf.Tensor, axes: number[]) => {
    if (!channelsFirst) return t;
    return t.size === 0 ? t.reshape(axes.map((axis) => t.shape[axis])) : t.transpose(axes); // tfjs's kernel traps on none
  };
  const images = (t: tf.Tensor) => turned(t, [0, 3, 1, 2]);
  const back = (t: tf.Tensor) => turned(t, [0, 2, 3, 1]);
  const inputShape = channelsFirst ? first(input) : input;
  const attrs = { strides, dilations, pad: place, dimRoundingMode, dataFormat, inputShape, filterShape: filter };
  return { x: images(x), w, dy: images(dy), attrs, back };
}

/** Runs all three kernels of the backend in use and compares. */
export async function assertRight(given: Case, what: string) {
  const shapes = [given.input, given.filter, outputShape(given, true)];
  const [x, w, dy] = await Promise.all(shapes.map((shape, i) => valuesOf(numbers(shape, i + 1))));
  const right = expected(given, x, w, dy);
  const found = tf.tidy(() => results(given));
  for (const [i, name] of KERNELS[given.kind].entries()) {
    assertSums(await valuesOf(found[i]), right[i], `${name}, ${what}: ${JSON.stringify(given)}`);
  }
}

/** The results of all kernels, for convolutions that take every way through them. */
export function everyConvolution(): tf.Tensor[] {
  type Rest = Omit<Case, "kind" | "input" | "filter">;
  const ordinary: Rest = { strides: [1, 1], dilations: [1, 1], pad: "same", more: [0, 0], channelsFirst: false };
  const solid: Rest = { ...ordinary, strides: [1, 1, 1], dilations: [1, 1, 1], more: [0, 0, 0] };
  const cases: Case[] = [
    { ...ordinary, kind: "images", input: [2, 7, 5, 3], filter: [3, 2, 3, 5], dilations: [2, 3] },
    { ...ordinary, kind: "images", input: [2, 7, 5, 3], filter: [1, 2, 3, 5], strides: [3, 2], more: [1, 2] },
    { ...ordinary, kind: "images", input: [2, 7, 5, 3], filter: [3, 2, 3, 1], pad: [[0, 0], [-1, 2], [2, -1], [0, 0]] },
    { ...ordinary, kind: "images", input: [2, 7, 5, 3], filter: [3, 2, 3, 5], channelsFirst: true },
    ...[[1, 1], [3, 1], [3, 2], [4, 1], [9, 1]].map(([C, M]): Case => (
      { ...ordinary, kind: "depthwise", input: [2, 7, 6, C], filter: [3, 2, C, M] }
    )),
    { ...ordinary, kind: "depthwise", input: [2, 7, 6, 12], filter: [1, 2, 12, 1], strides: [3, 2], more: [1, 1] },
    { ...solid, kind: "volumes", input: [2, 3, 5, 4, 3], filter: [2, 3, 2, 3, 5] },
    { ...solid, kind: "volumes", input: [2, 3, 5, 4, 3], filter: [1, 2, 1, 3, 5], strides: [2, 3, 3] },
    { ...solid, kind: "volumes", input: [2, 5, 5, 4, 1], filter: [2, 2, 2, 1, 9], dilations: [2, 1, 2], pad: 1 },
  ];
  return cases.flatMap(results);
}

/** The results of all three kernels. */
function results(given: Case): tf.Tensor[] {
  const [convolution, inputGradient, filterGradient] = KERNELS[given.kind];
  const { x, w, dy, attrs, back } = made(given);
  return [
    back(runKernel(convolution, { x, filter: w }, attrs)),
    back(runKernel(inputGradient, { dy, filter: w }, attrs)),
    runKernel(filterGradient, { x, dy }, attrs),
  ];
}

/** A tensor's numbers; it is disposed. */
export async function valuesOf(t: tf.Tensor): Promise<Float32Array> {
  const values = await t.data() as Float32Array;
  t.dispose();
  return values;
}

/** Asserts that sums are right within float32 rounding: each product's 6e-8, and some more for hundreds of additions. */
export function assertSums(found: ArrayLike<number>, { values, scale }: Sums, what: string) {
  assertEquals(found.length, values.length, what);
  const worst = values.reduce((worst, value, i) => Math.max(worst, distance(found[i], value)), 0);
  assertLessOrEqual(worst, 1e-6 * scale, what);
}

/** How far numbers are apart; infinitely, if one is not finite. */
function distance(a: number, b: number): number {
  const between = Math.abs(a - b);
  return Number.isFinite(between) ? between : Infinity;
}

const upTo = (max: number, min = 0) => fc.integer({ min, max });
const list = (count: number, of: fc.Arbitrary<number>) => fc.array(of, { minLength: count, maxLength: count });
const pairs = fc.tuple(upTo(4, -1), upTo(4, -1));

/** Convolutions of small images. */
const images = fc.record({
  kind: fc.constantFrom("images" as const, "depthwise" as const),
  B: upTo(3),
  sizes: list(2, upTo(11, 1)),
  taps: list(2, fc.oneof(upTo(3, 1), upTo(8, 1))),
  C: fc.oneof(upTo(4, 1), upTo(9)),
  O: fc.oneof(upTo(3, 1), upTo(19)),
  strides: list(2, fc.oneof(upTo(3, 1), upTo(17, 1))),
  dilations: list(2, fc.oneof(fc.constant(1), upTo(4, 1))),
  padding: fc.oneof(
    fc.record({ pad: fc.constantFrom("same" as const, "valid" as const) }),
    fc.record({
      pad: fc.oneof(
        upTo(7),
        fc.tuple(pairs, pairs).map(([a, b]) => [[0, 0], a, b, [0, 0]] as [number, number][]),
      ),
      dimRoundingMode: fc.constantFrom("floor" as const, "round" as const, "ceil" as const, undefined),
    }),
  ),
  more: fc.oneof(fc.constant<number[]>([0, 0]), list(2, upTo(2))),
  channelsFirst: fc.boolean(),
}).map(({ kind, B, sizes, taps, C, O, padding, ...rest }): Case => ({
  kind,
  input: [B, ...sizes, C],
  filter: [...taps, C, kind === "depthwise" ? O % 5 : O],
  ...padding,
  ...rest,
}));

/** Convolutions of small volumes. */
const volumes = fc.record({
  B: upTo(2),
  sizes: list(3, upTo(6, 1)),
  taps: list(3, upTo(3, 1)),
  C: upTo(4),
  O: fc.oneof(upTo(3, 1), upTo(9)),
  strides: list(3, fc.oneof(upTo(2, 1), upTo(5, 1))),
  dilations: list(3, fc.oneof(fc.constant(1), upTo(3, 1))),
  pad: fc.oneof(fc.constantFrom("same" as const, "valid" as const), upTo(3)),
  more: fc.oneof(fc.constant<number[]>([0, 0, 0]), list(3, upTo(2))),
}).map(({ B, sizes, taps, C, O, ...rest }): Case => ({
  kind: "volumes",
  input: [B, ...sizes, C],
  filter: [...taps, C, O],
  ...rest,
  channelsFirst: false,
}));

/** Convolutions of every kind, whose filters fit. */
export const convolutions: fc.Arbitrary<Case> = fc.oneof({ weight: 3, arbitrary: images }, volumes)
  .filter((given) => axesOf(given).every(({ out }) => out > 0));
