/**
 * Images with their labels, in memory.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Tensor4D } from "../tensor.ts";
import { checkedIndex, type Examples } from "./examples.ts";
import type { Idx } from "./idx.ts";

/** Grey images with a label each. */
export interface ImageSet extends Examples {
  /** Pixels in a column, `H`. */
  readonly height: number;
  /** Pixels in a row, `W`. */
  readonly width: number;
  /** Grey values from 0 (paper) to 255 (ink), `[N, H, W]`. */
  readonly pixels: Uint8Array;
  /** One class an image, `[N]`. */
  readonly labels: Uint8Array;
  /** What each image was drawn from, `[N, F]`, where that is known: the embedded digits alone have it. */
  readonly factors?: Idx;
  /**
   * Some of the images, in the order asked for; the caller disposes.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch, `[B, H, W, 1]`, with pixels in [0, 1].
   * @throws {RangeError} If an index is not one of these.
   */
  batch(indices: ArrayLike<number>): Tensor4D;
}

/** Images to learn from, and others, never learned from, to judge by. */
export interface Digits {
  /** `digits` (those that ship with the library), `mnist`, or the path of the directory they came from. */
  readonly name: string;
  /** The images to learn from. */
  readonly train: ImageSet;
  /** The held-out images. */
  readonly test: ImageSet;
}

/**
 * Joins images with their labels.
 *
 * @param images Grey values, `[N, H, W]`.
 * @param labels Classes, `[N]`.
 * @param factors What each image was drawn from, `[N, F]`, if known.
 * @throws {InputError} If there are no images, or not one label, and one row of factors, an image.
 */
export function imageSet(images: Idx, labels: Idx, factors?: Idx): ImageSet {
  const [count, height, width] = images.shape;
  if (count * height * width === 0) throw new InputError(`${images.name} has no images: ${images.shape.join(" x ")}.`);
  for (const other of factors ? [labels, factors] : [labels]) {
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
    pixels,
    labels: labels.data,
    factors,
    batch(indices) {
      const size = height * width;
      const values = new Float32Array(indices.length * size);
      for (let b = 0; b < indices.length; b++) {
        const from = checkedIndex(indices[b], count) * size;
        for (let i = 0; i < size; i++) values[b * size + i] = pixels[from + i] / 255;
      }
      return tf.tensor4d(values, [indices.length, height, width, 1]);
    },
  };
}

/**
 * A smaller set: the images that `keep` says yes to, in the same order, with their labels and factors.
 *
 * @param set The images to choose from.
 * @param keep Decides by an image's label and index, as in `select(set, (label) => label !== 9)`.
 * @throws {InputError} If none is left.
 */
export function select(set: ImageSet, keep: (label: number, index: number) => boolean): ImageSet {
  const kept = Array.from(set.labels.keys()).filter((i) => keep(set.labels[i], i));
  const choose = (name: string, values: Uint8Array, sizes: readonly number[]): Idx => {
    const size = sizes.reduce((product, n) => product * n, 1);
    const data = new Uint8Array(kept.length * size);
    kept.forEach((from, to) => data.set(values.subarray(from * size, (from + 1) * size), to * size));
    return { name, shape: [kept.length, ...sizes], data };
  };
  return imageSet(
    choose("The selection", set.pixels, [set.height, set.width]),
    choose("its labels", set.labels, []),
    set.factors && choose(set.factors.name, set.factors.data, set.factors.shape.slice(1)),
  );
}

/**
 * The first `n` images of a set, or all if it has no more.
 *
 * @throws {RangeError} If `n` is not a positive integer.
 */
export function take(set: ImageSet, n: number): ImageSet {
  if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`A number of images is a positive integer, not ${n}.`);
  return select(set, (_, i) => i < n);
}
