/**
 * Images, perhaps with their labels, in memory.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Batch, Tensor4D } from "../tensor.ts";
import { shapeText } from "../wording.ts";
import { checkedIndex, type Examples } from "./examples.ts";
import type { Idx } from "./idx.ts";

/** Images of one size. */
export interface ImageSet extends Examples {
  /** Pixels in a column, `H`. */
  readonly height: number;
  /** Pixels in a row, `W`. */
  readonly width: number;
  /** Numbers in a pixel, `C`: 1 for grey images, 3 for red, green and blue. */
  readonly channels: number;
  /** The sizes of one image, `[H, W, C]`: what a network for them is made of. */
  readonly shape: [height: number, width: number, channels: number];
  /** Values from 0 to 255 (in the digits 0 is paper, 255 ink), `[N, H, W, C]`. */
  readonly pixels: Uint8Array;
  /** One class per image, `[N]`, of at most 256, where that is known. */
  readonly labels?: Uint8Array;
  /** What the class numbers stand for, in their order, where the data's own classes are words. */
  readonly classes?: readonly string[];
  /** What each image was drawn from, `[N, F]`, where that is known: the embedded digits alone have it. */
  readonly factors?: Idx;
  /**
   * Some of the images, in the order asked for; the caller disposes.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch: `x` is `[B, H, W, C]`, with pixels in [0, 1]; `y`, where there are labels, their class numbers, `[B]`.
   * @throws {RangeError} If an index is not one of these.
   */
  batch(indices: ArrayLike<number>): Batch<Tensor4D>;
}

/** Images with one label each. */
export interface LabelledImages extends ImageSet {
  /** One class per image, `[N]`. */
  readonly labels: Uint8Array;
}

/** Examples to learn from, and others, never learned from, to judge by. */
export interface Dataset<Set extends Examples = ImageSet> {
  /** `digits` (those that ship with the library), `mnist`, or the path of the directory they came from. */
  readonly name: string;
  /** The examples to learn from. */
  readonly train: Set;
  /** The held-out examples. */
  readonly test: Set;
}

/**
 * Joins images with their labels.
 *
 * @param images Values from 0 to 255, `[N, H, W]` or `[N, H, W, C]`.
 * @param labels Classes from 0 to 255, `[N]`, if known. Data of more classes are {@linkcode Examples} of your own, whose
 * batches have any class numbers for `y`.
 * @param factors What each image was drawn from, `[N, F]`, if known.
 * @throws {InputError} If there are no images, or something has another rank or length, or not one entry an image; if
 * something is not bytes, or no pixel is above 1, as in images of floats in [0, 1].
 */
export function imageSet(images: Idx, labels: Idx, factors?: Idx): LabelledImages;
/** Images, perhaps without labels. */
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
        for (let i = 0; i < size; i++) values[b * size + i] = pixels[example * size + i]! / 255; // checked to be there
        if (labels) classes[b] = labels.data[example]!; // one an image, as checked
      }
      const x = tf.tensor4d(values, [indices.length, height, width, channels]);
      return labels ? { x, y: tf.tensor1d(classes) } : { x };
    },
  };
}

/** Checks that an array has one of some ranks, is of bytes, and has as many as its shape says; `of` is what they are. */
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
 * A smaller set: the images that `keep` says yes to, in the same order, with their labels and factors.
 *
 * @param set The images to choose from.
 * @param keep Decides by an image's label and index, as in `select(set, (label) => label !== 9)`.
 * @throws {InputError} If none is left.
 */
export function select(set: LabelledImages, keep: (label: number, index: number) => boolean): LabelledImages {
  const { labels } = set;
  return chosen(set, Array.from(labels.keys()).filter((i) => keep(labels[i]!, i))); // i is one of its keys
}

/**
 * The first `n` images of a set, or all if it has no more.
 *
 * @throws {RangeError} If `n` is not a positive integer.
 */
export function take<Set extends ImageSet>(set: Set, n: number): Set extends LabelledImages ? LabelledImages : ImageSet;
export function take(set: ImageSet, n: number): ImageSet {
  if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`A number of images is a positive integer, not ${n}.`);
  return chosen(set, Array.from({ length: Math.min(n, set.count) }, (_, i) => i));
}

/** The images at some indices, with what belongs to them. */
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
