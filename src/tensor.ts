/**
 * Names for tensor types, and the letters that the whole project uses in shapes: `B` batch, `H W C` height, width and
 * channels of an image, `D` size of a data vector, `L` latent dimensions, `K` samples.
 *
 * Records of tensors are declared with `type`, not `interface`, so that `tf.tidy` accepts them.
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
/** A batch of images with pixels in [0, 1]: `[B, H, W, C]`. */
export type Tensor4D = tf.Tensor4D;
/** A tensor that training changes. */
export type Variable = tf.Variable;
/** A network of tfjs layers. */
export type LayersModel = tf.LayersModel;

/** A batch of examples. */
export type Batch<X extends Tensor = Tensor> = {
  /** The examples, `[B, ...]`, float32. */
  x: X;
  /** Their labels, if there are any: class numbers `[B]`, or whatever the objective takes, `[B, ...]`. */
  y?: Tensor;
};

/**
 * Sums over all axes but the first, which gives one number per example.
 *
 * It is a sum, never a mean: a log-likelihood adds up over pixels, and a KL divergence over latent dimensions. Taking
 * the mean of one and the sum of the other would silently change what is trained.
 *
 * @param t Values of `B` examples, `[B, ...]`.
 * @returns One number per example, `[B]`.
 * @example
 * ```ts
 * import { sumPerExample, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * assertEquals(await sumPerExample(tf.ones([2, 3, 4])).array(), [12, 12]);
 * ```
 */
export function sumPerExample(t: Tensor): Tensor1D {
  const [batch, ...example] = t.shape; // an explicit size, because -1 cannot be inferred from an empty batch
  return tf.tidy(() => t.reshape([batch, tf.util.sizeFromShape(example)]).sum(1) as Tensor1D);
}

/**
 * Computes a tensor, returns its numbers, and frees it together with every intermediate tensor.
 *
 * @param compute Makes the tensor. It must be synchronous.
 * @returns The numbers, in row-major order.
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

/** The integers 0 … n-1, such as the indices of a batch. */
export function range(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => i);
}

/**
 * Evenly spaced numbers, like the marks of a ruler.
 *
 * @param from The first number.
 * @param to The last number.
 * @param count The number of numbers, at least 2.
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
    throw new RangeError(`A ruler's count must be a whole number of at least 2, not ${count}.`);
  }
  const share = (i: number) => i / (count - 1);
  return Array.from({ length: count }, (_, i) => from * (1 - share(i)) + to * share(i));
}
