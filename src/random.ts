/**
 * Seeded randomness. Noise is an argument everywhere in this project: whoever needs it receives a {@linkcode Random} or
 * a tensor drawn from one, so the same seed gives the same numbers on every backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { mersenne } from "pure-rand/generator/mersenne";
import { range, type Tensor } from "./tensor.ts";

/** A seeded source of random numbers. Drawing changes it; two with the same seed draw the same. */
export interface Random {
  /** One number, uniform in [0, 1). */
  uniform(): number;
  /** One number from N(0, 1). */
  gaussian(): number;
  /** A tensor of independent draws from N(0, 1), float32, of the given shape. */
  normal(shape: number[]): Tensor;
  /** The integers 0 … n-1 in random order. */
  permutation(n: number): Uint32Array;
  /** A new source, seeded from this one: give each purpose its own, and one cannot disturb another. */
  split(): Random;
}

/**
 * Makes a seeded source of random numbers: the Mersenne Twister (Matsumoto and Nishimura 1998), with normals by the
 * transform of Box and Muller (1958).
 *
 * @param seed An integer; only its lowest 32 bits count.
 * @throws {RangeError} If the seed is not an integer.
 */
export function random(seed: number): Random {
  if (!Number.isInteger(seed)) throw new RangeError(`A seed is an integer, not ${seed}.`);
  const bits = mersenne(seed);
  let spare: number | undefined;

  const uniform = () => uniformFloat64(bits);

  function gaussian(): number {
    if (spare !== undefined) {
      const second = spare;
      spare = undefined;
      return second;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())); // 1 - u is in (0, 1]: the logarithm is finite
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  function permutation(n: number): Uint32Array {
    const order = range(n);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  return {
    uniform,
    gaussian,
    normal: (shape) => tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, gaussian), shape),
    permutation,
    split: () => random(bits.next()),
  };
}
