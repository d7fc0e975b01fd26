/**
 * What a model learns from, and the batches that training takes from it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Tensor, Tensor2D } from "../tensor.ts";
import { shapeText } from "../wording.ts";

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
  const wanted = `${indices.length} examples: expected float32, and a row each`;
  throw new RangeError(`examples.batch gave ${x.dtype} of shape ${shapeText(x.shape)} for ${wanted}.`);
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
        const from = checkedIndex(indices[b], count) * size;
        batch.set(values.subarray(from, from + size), b * size);
      }
      return tf.tensor2d(batch, [indices.length, size]);
    },
  };
}

/** Returns an index that is one of 0 … count-1, and refuses any other. */
export function checkedIndex(index: number, count: number): number {
  if (Number.isInteger(index) && index >= 0 && index < count) return index;
  throw new RangeError(`There is no example ${index}: they are numbered 0 to ${count - 1}.`);
}
