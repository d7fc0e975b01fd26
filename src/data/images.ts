/**
 * Examples in memory, and the batches that training takes from them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Tensor, Tensor2D, Tensor4D } from "../tensor.ts";
import { shapeText } from "../wording.ts";
import type { Idx } from "./idx.ts";

/** A data set that batches can be taken from, by index. */
export interface Examples {
  /** How many examples there are, `N`. */
  readonly count: number;
  /**
   * Some of the examples, in the order asked for; the caller disposes. The same index is always the same example: a training
   * that keeps checkpoints looks at them all before it begins, and again when it is resumed.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch of float32, `[B, ...]`.
   * @throws {RangeError} If an index is not one of these.
   */
  batch(indices: ArrayLike<number>): Tensor;
}

/**
 * Takes a batch of somebody's examples; the caller disposes.
 *
 * @throws {RangeError} If it is not of float32, or has not as many examples as asked for.
 */
export function batchOf(examples: Examples, indices: ArrayLike<number>): Tensor {
  const x = examples.batch(indices);
  if (x.dtype === "float32" && x.shape[0] === indices.length) return x;
  x.dispose();
  const wanted = `${indices.length} examples: wanted is float32, and a row each`;
  throw new RangeError(`examples.batch gave ${x.dtype} of shape ${shapeText(x.shape)} for ${wanted}.`);
}

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
        const from = checkIndex(indices[b], count) * size;
        for (let i = 0; i < size; i++) values[b * size + i] = pixels[from + i] / 255;
      }
      return tf.tensor4d(values, [indices.length, height, width, 1]);
    },
  };
}

/**
 * The rows of a matrix as examples; batches are `[B, D]`.
 *
 * @param values The matrix, row by row.
 * @param shape Its sizes, `[N, D]`.
 * @throws {RangeError} If there are not N·D values.
 */
export function rows(values: Float32Array, [count, size]: [number, number]): Examples {
  if (values.length !== count * size) {
    throw new RangeError(`A matrix of shape [${count},${size}] has ${count * size} values, not ${values.length}.`);
  }
  return {
    count,
    batch(indices): Tensor2D {
      const batch = new Float32Array(indices.length * size);
      for (let b = 0; b < indices.length; b++) {
        const from = checkIndex(indices[b], count) * size;
        batch.set(values.subarray(from, from + size), b * size);
      }
      return tf.tensor2d(batch, [indices.length, size]);
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

/** Returns an index that is one of 0 … count-1, and refuses any other. */
function checkIndex(index: number, count: number): number {
  if (Number.isInteger(index) && index >= 0 && index < count) return index;
  throw new RangeError(`There is no example ${index}: they are numbered 0 to ${count - 1}.`);
}
