/**
 * Seeded randomness. Noise is an argument everywhere in this project: whoever needs it receives a {@linkcode Random} or
 * a tensor drawn from one, so the same seed gives the same numbers on every backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { mersenne, mersenneFromState } from "pure-rand/generator/mersenne";
import { at } from "./at.ts";
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
  /** Where the source stands. {@linkcode random} makes of it a source that draws, to the bit, what this one will. */
  state(): RandomState;
}

/** Where a source of random numbers stands; it survives `JSON.stringify` and `JSON.parse` unchanged. */
export type RandomState = {
  /** The state of the Mersenne Twister: its position, 0 … 623, then its 624 words, as signed integers of 32 bits. */
  words: readonly number[];
  /** Normals are made in pairs: the second of a pair whose first is drawn, or `null` if none waits. */
  spare: number | null;
};

/**
 * Makes a seeded source of random numbers: the Mersenne Twister (Matsumoto and Nishimura 1998), with normals by the
 * transform of Box and Muller (1958).
 *
 * @param from A seed: an integer, of which only the lowest 32 bits count. Or the state of a source to go on from.
 * @throws {RangeError} If the seed is not an integer, or the state is not one that a source can be in.
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
  if (!Number.isInteger(seed)) throw new RangeError(`A seed is an integer, not ${seed}.`);
  return { words: mersenne(seed).getState(), spare: null };
}

/** Checks a state, which may come from a file: wrong words draw wrong numbers, and nothing shows it. */
function checked(state: RandomState): RandomState {
  const { words, spare } = state ?? {};
  const demands: [string, () => boolean][] = [
    ["625 words", () => Array.isArray(words) && words.length === 625],
    ["integers of 32 bits for words", () => [...words].every((word) => word === (word | 0))],
    ["a position from 0 to 623 before its words", () => at(words, 0) >= 0 && at(words, 0) < 624],
    ["words that are not all zero", () => words.some((word, i) => i > 0 && word !== 0)], // zeros breed zeros
    ["a spare normal, or null for it", () => spare === null || (typeof spare === "number" && Math.abs(spare) < 9)],
  ];
  const missing = demands.find(([, met]) => !met());
  if (missing) throw new RangeError(`A random source starts from an integer, or from a state with ${missing[0]}.`);
  return state;
}
