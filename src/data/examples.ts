/**
 * Examples to learn from, and the batches that training takes from them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Random } from "../random.ts";
import type { Batch, Tensor, Tensor2D } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/** A data set from which batches can be taken by index. */
export interface Examples {
  /** The number of examples, `N`. */
  readonly count: number;
  /**
   * Identifies these examples: a training run with checkpoints compares it when it is resumed. Without one, all
   * examples are read and hashed before training starts.
   */
  readonly fingerprint?: string;
  /**
   * Returns the examples at some indices, in that order, synchronously or as a promise; the caller disposes them. The
   * same index always gives the same example, apart from changes drawn from `noise`.
   *
   * @param indices `B` integers from 0 to N-1.
   * @param noise A source for training on examples that change at random. Evaluation does not pass it. The examples of
   * a function without a second parameter may stay on the GPU.
   * @returns A batch of float32, `[B, ...]`.
   * @throws {RangeError} If an index is out of range.
   */
  batch(indices: ArrayLike<number>, noise?: Random): Batch | Promise<Batch>;
}

/** The rows of a matrix. */
export interface Rows extends Examples {
  /**
   * Returns the rows at some indices, in that order; the caller disposes them.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch, `[B, D]`.
   * @throws {RangeError} If an index is out of range.
   */
  batch(indices: ArrayLike<number>): Batch<Tensor2D>;
}

/**
 * Takes a batch of examples and checks it; the caller disposes it.
 *
 * @throws {RangeError} If it is not float32, or does not have one row per index.
 */
export async function batchOf(examples: Examples, indices: ArrayLike<number>, noise?: Random): Promise<Batch> {
  const batch = await examples.batch(indices, noise);
  if (!((batch as Partial<Batch> | undefined)?.x instanceof tf.Tensor)) {
    throw new TypeError("examples.batch gave no batch: expected { x }, or { x, y }, of tensors.");
  }
  for (const [name, t] of Object.entries(batch) as [string, Tensor | undefined][]) {
    if (!t || (t.dtype === "float32" && t.shape[0] === indices.length)) continue;
    tf.dispose(batch);
    const wanted = `${indices.length} examples: expected float32, and a row each`;
    throw new RangeError(`examples.batch gave ${name} as ${t.dtype} of shape ${shapeText(t.shape)} for ${wanted}.`);
  }
  return batch;
}

/**
 * Finds the first number of a batch that is not finite, and describes it as the start of a sentence.
 *
 * @param indices The indices of the examples.
 * @returns Such as `example 7 has NaN in column 2 (both are counted from 0)`; `undefined` if all numbers are finite.
 */
export async function whereNotFinite({ x, y }: Batch, indices: ArrayLike<number>): Promise<string | undefined> {
  for (const [t, what] of [[x, ""], [y, "label "]] as const) {
    const values = await t?.data() ?? [];
    const odd = values.findIndex((value) => !Number.isFinite(value));
    if (!t || odd < 0) continue;
    const [, ...shape] = t.shape;
    const size = tf.util.sizeFromShape(shape);
    const place = tf.util.indexToLoc(odd % size, shape.length, tf.util.computeStrides(shape));
    const where = place.length === 0 ? "" : place.length === 1 ? ` in column ${place}` : ` at ${shapeText(place)}`;
    const counted = where ? "both are" : "which is";
    return `example ${indices[Math.floor(odd / size)]} has ${what}${values[odd]}${where} (${counted} counted from 0)`;
  }
}

/**
 * Makes examples of the rows of a matrix. Batches are `[B, D]`.
 *
 * @param values The matrix, row by row.
 * @param shape The shape of the matrix, `[N, D]`.
 * @throws {RangeError} If the number of values is not N·D.
 * @example
 * ```ts
 * import { rows, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * await useBackend("wasm");
 * const examples = rows(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
 * assertEquals(await examples.batch([2, 0]).x.array(), [[5, 6], [1, 2]]);
 * ```
 */
export function rows(values: Float32Array, [count, size]: [number, number]): Rows {
  if (values.length !== count * size) {
    throw new RangeError(
      `A matrix of shape [${count},${size}] must have ${count * size} values, not ${values.length}.`,
    );
  }
  return {
    count,
    batch(indices) {
      const batch = new Float32Array(indices.length * size);
      for (let b = 0; b < indices.length; b++) {
        const from = checkedIndex(indices[b], count) * size;
        batch.set(values.subarray(from, from + size), b * size);
      }
      return { x: tf.tensor2d(batch, [indices.length, size]) };
    },
  };
}

/** Returns an index from 0 to count - 1, and refuses any other. */
export function checkedIndex(index: number | undefined, count: number): number {
  if (index !== undefined && Number.isInteger(index) && index >= 0 && index < count) return index;
  throw new RangeError(`There is no example ${index}: examples are numbered from 0 to ${count - 1}.`);
}
