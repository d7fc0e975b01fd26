/**
 * Images in memory, perhaps with labels.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Batch, Tensor4D } from "../tensor.ts";
import { shapeText } from "../wording.ts";
import { checkedIndex, type Examples } from "./examples.ts";
import type { Idx } from "./idx.ts";

/** Images of the same size. */
export interface ImageSet extends Examples {
  /** The height of an image in pixels, `H`. */
  readonly height: number;
  /** The width of an image in pixels, `W`. */
  readonly width: number;
  /** Values per pixel, `C`: 1 for grey images, 3 for red, green and blue. */
  readonly channels: number;
  /** The shape of an image, `[H, W, C]`, as networks for the images take it. */
  readonly shape: [height: number, width: number, channels: number];
  /** The pixels, from 0 to 255, `[N, H, W, C]`. In the embedded digits, 0 is paper and 255 is ink. */
  readonly pixels: Uint8Array;
  /** The class of each image, if known, `[N]`; at most 256 classes. */
  readonly labels?: Uint8Array;
  /** The names of the classes in the order of their numbers, if the classes in the data are words. */
  readonly classes?: readonly string[];
  /** The factors from which each image was drawn, `[N, F]`. Only the embedded digits have them. */
  readonly factors?: Idx;
  /**
   * Returns the images at some indices, in that order; the caller disposes them.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch: `x` is `[B, H, W, C]`, with pixels in [0, 1]; `y` is the class numbers, `[B]`, if there are
   * labels.
   * @throws {RangeError} If an index is out of range.
   */
  batch(indices: ArrayLike<number>): Batch<Tensor4D>;
}

/** Images with labels. */
export interface LabelledImages extends ImageSet {
  /** The class of each image, `[N]`. */
  readonly labels: Uint8Array;
}

/** Training examples and held-out examples. */
export interface Dataset<Set extends Examples = ImageSet> {
  /** `digits` for those that ship with the library, `mnist`, or the path that they were loaded from. */
  readonly name: string;
  /** The training examples. */
  readonly train: Set;
  /** The held-out examples. */
  readonly test: Set;
}

/**
 * Makes a set of images from their pixels and labels.
 *
 * @param images The pixels, from 0 to 255, `[N, H, W]` or `[N, H, W, C]`.
 * @param labels The classes, from 0 to 255, `[N]`, if known. For more classes, write your own {@linkcode Examples},
 * whose batches may have any class numbers as `y`.
 * @param factors The factors from which each image was drawn, `[N, F]`, if known.
 * @throws {InputError} If there are no images, if an array has a wrong rank or length or does not have one entry per
 * image, if an array is not of bytes, or if no pixel is above 1, as in images of floats in [0, 1].
 * @example
 * ```ts
 * import { imageSet } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);
 * const images = imageSet({ name: "stripes", shape: [2, 3, 4], data });
 * assertEquals([images.count, ...images.shape], [2, 3, 4, 1]);
 * ```
 */
export function imageSet(images: Idx, labels: Idx, factors?: Idx): LabelledImages;
/** Makes a set of images, perhaps without labels. */
export function imageSet(images: Idx, labels?: Idx, factors?: Idx): ImageSet;
export function imageSet(images: Idx, labels?: Idx, factors?: Idx): ImageSet {
  assertArray(images, [3, 4], "pixels from 0 to 255, as Uint8Array.from(floats, (v) => Math.round(255 * v)) makes");
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape;
  const size = height * width * channels;
  if (count * size === 0) throw new InputError(`${images.name} has no images: ${images.shape.join(" x ")}.`);
  if (images.data.includes(1) && !images.data.some((value) => value > 1)) {
    throw new InputError(`${images.name} has no pixel above 1; expected values from 0 to 255: multiply them by 255.`);
  }
  for (const [other, rank, of] of [[labels, 1, "class numbers from 0 to 255"], [factors, 2, "factors"]] as const) {
    if (!other) continue;
    assertArray(other, [rank], of);
    if (other.shape[0] !== count) {
      throw new InputError(
        `${images.name} and ${other.name} do not belong together: ${count} images, ${other.shape[0]} entries.`,
      );
    }
  }
  const pixels = images.data;
  return {
    count,
    height,
    width,
    channels,
    shape: [height, width, channels],
    pixels,
    ...(labels && { labels: labels.data }),
    ...(factors && { factors }),
    batch(indices) {
      const [values, classes] = [new Float32Array(indices.length * size), new Float32Array(indices.length)];
      for (let b = 0; b < indices.length; b++) {
        const example = checkedIndex(indices[b], count);
        // In range, because the index was checked.
        for (let i = 0; i < size; i++) values[b * size + i] = pixels[example * size + i]! / 255;
        if (labels) classes[b] = labels.data[example]!; // one per image, as checked
      }
      const x = tf.tensor4d(values, [indices.length, height, width, channels]);
      return labels ? { x, y: tf.tensor1d(classes) } : { x };
    },
  };
}

/**
 * Checks that an array has one of some ranks, is of bytes, and has as many as its shape says; `of` names them in
 * messages.
 */
function assertArray({ name, shape, data }: Idx, ranks: readonly number[], of: string): void {
  if (!ranks.includes(shape.length)) {
    throw new InputError(
      `${name} has shape ${shapeText(shape)}; expected ${ranks.join(" or ")} ${ranks[0] === 1 ? "axis" : "axes"}.`,
    );
  }
  if (!(data instanceof Uint8Array)) {
    const kind = (data as object | undefined)?.constructor.name;
    throw new InputError(`${name} has data of the type ${kind}; expected Uint8Array, ${of}.`);
  }
  const size = shape.reduce((product, n) => product * n, 1);
  if (data.length !== size) {
    throw new InputError(`${name} has ${data.length} bytes; its shape ${shapeText(shape)} has ${size}.`);
  }
}

/**
 * Makes a smaller set of the images for which `keep` returns true, in the same order, with their labels and factors.
 *
 * @param set The images to choose from.
 * @param keep Takes the label and the index of an image, as in `select(set, (label) => label !== 9)`.
 * @throws {InputError} If no images are left.
 * @example
 * ```ts
 * import { loadDigits, select } from "@vae/steps";
 * import { assert } from "@std/assert";
 *
 * const { test } = await loadDigits();
 * const ones = select(test, (label) => label === 1);
 * assert(ones.labels.every((label) => label === 1));
 * ```
 */
export function select(set: LabelledImages, keep: (label: number, index: number) => boolean): LabelledImages {
  const { labels } = set;
  return chosen(set, Array.from(labels.keys()).filter((i) => keep(labels[i]!, i))); // i is in range
}

/**
 * Makes a set of the first `n` images of a set, or of all images if it has fewer.
 *
 * @throws {RangeError} If `n` is not a positive integer.
 * @example
 * ```ts
 * import { loadDigits, take } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * const { train } = await loadDigits();
 * assertEquals(take(train, 100).count, 100);
 * ```
 */
export function take<Set extends ImageSet>(set: Set, n: number): Set extends LabelledImages ? LabelledImages : ImageSet;
export function take(set: ImageSet, n: number): ImageSet {
  if (!(Number.isInteger(n) && n > 0)) {
    throw new RangeError(`The number of images must be a positive integer, not ${n}.`);
  }
  return chosen(set, Array.from({ length: Math.min(n, set.count) }, (_, i) => i));
}

/** Makes a set of the images at some indices, with their labels and factors. */
export function chosen(set: LabelledImages, indices: number[]): LabelledImages;
export function chosen(set: ImageSet, indices: number[]): ImageSet;
export function chosen(set: ImageSet, indices: number[]): ImageSet {
  const { pixels, height, width, channels, labels, classes, factors } = set;
  const choose = (name: string, values: Uint8Array, sizes: readonly number[]): Idx => {
    const size = sizes.reduce((product, n) => product * n, 1);
    const data = new Uint8Array(indices.length * size);
    indices.forEach((from, to) => data.set(values.subarray(from * size, (from + 1) * size), to * size));
    return { name, shape: [indices.length, ...sizes], data };
  };
  const some = imageSet(
    choose("The selection", pixels, [height, width, channels]),
    labels && choose("its labels", labels, []),
    factors && choose(factors.name, factors.data, factors.shape.slice(1)),
  );
  return classes ? { ...some, classes } : some;
}
