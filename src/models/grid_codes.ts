import * as tf from "@tensorflow/tfjs";
import type { Tensor2D } from "../tensor.ts";

/**
 * The codes of a square grid in a latent of two dimensions, in the order in which images are laid out to lie as their codes
 * do: row by row from the top, z[0] growing to the right, z[1] upwards.
 *
 * @param values What both z[0] and z[1] run through, from the least to the largest.
 * @returns One code for every pair of values, `[values.length², 2]`.
 */
export function gridCodes(values: ArrayLike<number>): Tensor2D {
  const across = Array.from(values);
  const codes = across.toReversed().flatMap((up) => across.map((z) => [z, up]));
  return tf.tensor2d(codes, [codes.length, 2]);
}
