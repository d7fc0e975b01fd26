import * as tf from "@tensorflow/tfjs";
import type { Tensor2D } from "../tensor.ts";

/**
 * Makes the codes of a square grid in a latent space of two dimensions. They are in the order in which images fill a
 * picture, so that each image is drawn where its code lies: row by row from the top, with z[0] growing to the right and
 * z[1] upwards.
 *
 * @param values The values that both z[0] and z[1] take, in ascending order.
 * @returns One code for every pair of values, `[values.length², 2]`.
 * @example
 * ```ts
 * import { gridCodes, useBackend } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * await useBackend("wasm");
 * assertEquals(await gridCodes([-1, 1]).array(), [[-1, 1], [1, 1], [-1, -1], [1, -1]]);
 * ```
 */
export function gridCodes(values: ArrayLike<number>): Tensor2D {
  const across = Array.from(values);
  const codes = across.toReversed().flatMap((up) => across.map((z) => [z, up]));
  return tf.tensor2d(codes, [codes.length, 2]);
}
