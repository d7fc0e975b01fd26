/**
 * Names for tensors, and the one alphabet of shapes that the whole project uses: `B` batch, `H W C` height, width and
 * channels of an image, `D` size of a data vector, `L` latent dimensions, `K` samples.
 *
 * Records of tensors are declared by `type` and not by `interface`, so that `tf.tidy` accepts them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** A tensor of any rank. */
export type Tensor = tf.Tensor;
/** A single number: `[]`. */
export type Scalar = tf.Scalar;
/** A vector, one number per example: `[B]`. */
export type Tensor1D = tf.Tensor1D;
/** A matrix, one row per example: `[B, L]` or `[B, D]`. */
export type Tensor2D = tf.Tensor2D;
/** A batch of images, pixels in [0, 1]: `[B, H, W, C]`. */
export type Tensor4D = tf.Tensor4D;
/** A tensor that training changes. */
export type Variable = tf.Variable;
/** A network made of tfjs layers. */
export type LayersModel = tf.LayersModel;

/** Some examples. */
export type Batch<X extends Tensor = Tensor> = {
  /** What they are, `[B, ...]`, float32. */
  x: X;
  /** What is known about each, where something is: class numbers `[B]`, or whatever the objective takes, `[B, ...]`. */
  y?: Tensor;
};

/**
 * Sums everything that belongs to one example: all axes but the first.
 *
 * A sum, never a mean: a log-likelihood adds up over pixels and a KL divergence over latent dimensions, and a mean of
 * one of them beside a sum of the other silently changes what is trained.
 *
 * @param t Values of `B` examples, `[B, ...]`.
 * @returns One number per example, `[B]`.
 */
export function sumPerExample(t: Tensor): Tensor1D {
  const [batch, ...example] = t.shape; // -1 for the size of an example cannot be inferred where there are none
  return tf.tidy(() => t.reshape([batch, tf.util.sizeFromShape(example)]).sum(1) as Tensor1D);
}

/**
 * The numbers of a tensor that is wanted for nothing else: it is freed, and so is all that was made on the way.
 *
 * @param compute Makes the tensor. It must not wait for anything.
 * @returns Its numbers, row by row.
 * @example
 * ```ts
 * import { numbers, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const [sum = NaN, mean = NaN] = await numbers(() => tf.stack([tf.range(0, 4).sum(), tf.range(0, 4).mean()]));
 * assertEquals([sum, mean], [6, 1.5]);
 * ```
 */
export async function numbers(compute: () => Tensor): Promise<number[]> {
  const result = tf.tidy(compute);
  try {
    return Array.from(await result.data());
  } finally {
    result.dispose();
  }
}

/** The integers 0 … n-1, as indices of a batch. */
export function range(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => i);
}

/**
 * Numbers at equal distances, as the marks of a ruler.
 *
 * @param from The first.
 * @param to The last.
 * @param count How many there are, at least 2.
 * @throws {RangeError} If `count` is not a whole number of at least 2.
 * @example
 * ```ts
 * import { ruler } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ruler(-4, 4, 5), [-4, -2, 0, 2, 4]);
 * ```
 */
export function ruler(from: number, to: number, count: number): number[] {
  if (!(Number.isInteger(count) && count >= 2)) {
    throw new RangeError(`The numbers of a ruler are a whole number of at least 2, not ${count}.`);
  }
  const share = (i: number) => i / (count - 1);
  return Array.from({ length: count }, (_, i) => from * (1 - share(i)) + to * share(i));
}
