/**
 * Distances between points, for everything that looks for nearest neighbours.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Tensor2D } from "./tensor.ts";

/**
 * Squared Euclidean distances between all pairs of points, with one matrix product: |x - y|² = |x|² - 2 x·y + |y|².
 *
 * In float32 the difference of large numbers loses digits: a distance has an error of about 1e-7 times |x|² + |y|², and
 * a negative result is returned as zero. If |x|² + |y|² exceeds 3.4e38, the distance is infinite or NaN. A NaN in a
 * point makes only that point's distances NaN.
 *
 * @param x Points, `[B, D]`.
 * @param y Other points, `[N, D]`.
 * @returns One distance per pair, `[B, N]`.
 * @example
 * ```ts
 * import { squaredDistances, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const [x, y] = [tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 4], [0, 1]])];
 * assertEquals(await squaredDistances(x, y).array(), [[25, 1]]);
 * ```
 */
export function squaredDistances(x: Tensor2D, y: Tensor2D): Tensor2D {
  return tf.tidy(() => {
    const lengths = tf.add(x.square().sum(1, true), y.square().sum(1)); // [B, N]
    return tf.maximum(tf.sub(lengths, tf.matMul(x, y, false, true).mul(2)), 0) as Tensor2D;
  });
}
