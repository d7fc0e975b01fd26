/**
 * Seeded random numbers. Noise is always an argument in this project: a function that needs it takes a
 * {@linkcode Random}, or a tensor drawn from one, so the same seed gives the same numbers on every backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { mersenne, mersenneFromState } from "pure-rand/generator/mersenne";
import { at } from "./at.ts";
import { range, type Tensor } from "./tensor.ts";

/**
 * A seeded source of random numbers. Drawing changes its state; two sources with the same seed draw the same numbers.
 */
export interface Random {
  /** One number, uniform in [0, 1). */
  uniform(): number;
  /** One number from N(0, 1). */
  gaussian(): number;
  /** A tensor of independent draws from N(0, 1), float32, of the given shape. */
  normal(shape: number[]): Tensor;
  /** The integers 0 … n-1 in random order. */
  permutation(n: number): Uint32Array;
  /** A new source, seeded from this one. Give each purpose its own source, so that one cannot disturb another. */
  split(): Random;
  /** The state of the source. {@linkcode random} turns it into a source that draws exactly what this one will draw. */
  state(): RandomState;
}

/** The state of a source of random numbers. `JSON.stringify` and `JSON.parse` preserve it exactly. */
export type RandomState = {
  /** The state of the Mersenne Twister: its position, 0 … 623, then its 624 words, as signed 32-bit integers. */
  words: readonly number[];
  /** Normals are made in pairs: the second of a pair whose first was drawn, or `null` if there is none. */
  spare: number | null;
};

/**
 * Makes a seeded source of random numbers: the Mersenne Twister (Matsumoto and Nishimura 1998), with normals from the
 * Box-Muller transform (1958).
 *
 * @param from A seed, which is an integer of which only the lowest 32 bits count; or the state of a source to continue.
 * @throws {RangeError} If the seed is not an integer, or the state is not one that a source can have.
 * @example
 * ```ts
 * import { random } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * const source = random(1);
 * const copy = random(source.state());
 * assertEquals(source.gaussian(), copy.gaussian());
 * ```
 */
export function random(from: number | RandomState): Random {
  const { words, spare: waiting } = typeof from === "number" ? seeded(from) : checked(from);
  const bits = mersenneFromState(words);
  let spare = waiting;

  const uniform = () => uniformFloat64(bits);

  function gaussian(): number {
    if (spare !== null) {
      const second = spare;
      spare = null;
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
      [order[i], order[j]] = [at(order, j), at(order, i)];
    }
    return order;
  }

  return {
    uniform,
    gaussian,
    normal: (shape) => tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, gaussian), shape),
    permutation,
    split: () => random(bits.next()),
    state: () => ({ words: bits.getState(), spare }),
  };
}

function seeded(seed: number): RandomState {
  if (!Number.isInteger(seed)) throw new RangeError(`A seed must be an integer, not ${seed}.`);
  return { words: mersenne(seed).getState(), spare: null };
}

/** Checks a state, which may come from a file: wrong words would silently draw wrong numbers. */
function checked(state: RandomState): RandomState {
  const { words, spare } = state ?? {};
  const demands: [string, () => boolean][] = [
    ["625 words", () => Array.isArray(words) && words.length === 625],
    ["integers of 32 bits for words", () => [...words].every((word) => word === (word | 0))],
    ["a position from 0 to 623 before its words", () => at(words, 0) >= 0 && at(words, 0) < 624],
    ["words that are not all zero", () => words.some((word, i) => i > 0 && word !== 0)], // zeros would yield only zeros
    ["a spare normal, or null for it", () => spare === null || (typeof spare === "number" && Math.abs(spare) < 9)],
  ];
  const missing = demands.find(([, met]) => !met());
  if (missing) throw new RangeError(`A random source starts from an integer, or from a state with ${missing[0]}.`);
  return state;
}
