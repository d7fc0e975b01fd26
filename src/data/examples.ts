/**
 * What a model learns from, and the batches that training takes from it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Random } from "../random.ts";
import type { Batch, Tensor, Tensor2D } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/** A data set that batches can be taken from, by index. */
export interface Examples {
  /** How many examples there are, `N`. */
  readonly count: number;
  /**
   * What tells these examples from others: a training that keeps checkpoints compares it when it is resumed. Without one it
   * looks at every example before it begins.
   */
  readonly fingerprint?: string;
  /**
   * Some of the examples, in the order asked for, now or later; the caller disposes. The same index is always the same
   * example, but for what is drawn from the noise.
   *
   * @param indices `B` integers from 0 to N-1.
   * @param noise What to draw from, to train on examples that are changed at random; they are judged without it. A function
   * that declares no second parameter draws nothing, and its examples may stay on the GPU.
   * @returns A batch of float32, `[B, ...]`.
   * @throws {RangeError} If an index is not one of these.
   */
  batch(indices: ArrayLike<number>, noise?: Random): Batch | Promise<Batch>;
}

/** The rows of a matrix. */
export interface Rows extends Examples {
  /**
   * Some of the rows, in the order asked for; the caller disposes.
   *
   * @param indices `B` integers from 0 to N-1.
   * @returns A batch, `[B, D]`.
   * @throws {RangeError} If an index is not one of these.
   */
  batch(indices: ArrayLike<number>): Batch<Tensor2D>;
}

/**
 * Takes a batch of examples, and checks it; the caller disposes.
 *
 * @throws {RangeError} If it is not of float32, or has not as many examples as asked for.
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
 * Where the first number of a batch is that is not finite, as the beginning of a sentence.
 *
 * @param indices Which examples these are.
 * @returns Such as `example 7 has NaN in column 2 (both are counted from 0)`; nothing if all numbers are finite.
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
 * The rows of a matrix as examples; batches are `[B, D]`.
 *
 * @param values The matrix, row by row.
 * @param shape Its sizes, `[N, D]`.
 * @throws {RangeError} If there are not N·D values.
 */
export function rows(values: Float32Array, [count, size]: [number, number]): Rows {
  if (values.length !== count * size) {
    throw new RangeError(`A matrix of shape [${count},${size}] has ${count * size} values, not ${values.length}.`);
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

/** Returns an index that is one of 0 … count-1, and refuses any other. */
export function checkedIndex(index: number | undefined, count: number): number {
  if (index !== undefined && Number.isInteger(index) && index >= 0 && index < count) return index;
  throw new RangeError(`There is no example ${index}: they are numbered 0 to ${count - 1}.`);
}
