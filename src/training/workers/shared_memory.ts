/**
 * What workers are told, and the memory that they share.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Build } from "../../kernels/mod.ts";
import type { Parts } from "../../objectives/objective.ts";
import type { Random, RandomState } from "../../random.ts";

/** What a worker is told once. */
export interface Setup {
  /** The backend, and its build of the kernels. */
  backend: "wasm" | "cpu";
  kernels?: Build;
  /** The objective, see {@linkcode Parts}. */
  name: Parts["name"];
  networks: { topology: unknown; weights: { values: Float32Array; shape: number[] }[] }[];
  /** The shape of one example. */
  shape: number[];
  /** The memory that all share, and how it is laid out. */
  memory: SharedArrayBuffer;
  sizes: Sizes;
}

/** What a worker is told for every batch: to find the losses of the rows `from` to `to` of `whole`, or also their slopes. */
export interface Task {
  worker: number;
  slopes: boolean;
  from: number;
  to: number;
  whole: number;
  noise: RandomState;
}

/** How many numbers there are of each kind: weights, numbers in the largest batch, workers beside the caller. */
interface Sizes {
  weights: number;
  batch: number;
  workers: number;
}

/** The numbers that all share. */
export interface SharedMemory {
  /** What training changes, one variable after another. */
  weights: Float32Array;
  /** The examples. */
  batch: Float32Array;
  /** For each worker its part of the mean loss, reconstruction and KL, then of the gradient. */
  parts: Float32Array[];
}

/** Lays out the shared memory. */
export function layOut({ memory, sizes: { weights, batch, workers } }: Pick<Setup, "memory" | "sizes">): SharedMemory {
  const part = 3 + weights;
  const at = (start: number, length: number) => new Float32Array(memory, 4 * start, length);
  return {
    weights: at(0, weights),
    batch: at(weights, batch),
    parts: Array.from({ length: workers }, (_, i) => at(weights + batch + i * part, part)),
  };
}

/** Noise for the rows of a batch from `from` on: what is drawn for them in the noise of the `whole` batch. */
export function noiseOfRows(noise: Random, from: number, whole: number): Random {
  return {
    ...noise,
    normal: ([rows, ...rest]) =>
      tf.tidy(() => noise.normal([whole, ...rest]).slice([from, ...rest.map(() => 0)], [rows, ...rest])),
  };
}
