/**
 * What workers are told, and the memory that they share.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Build } from "../../kernels/mod.ts";
import type { Knobs, Objective } from "../../objectives/objective.ts";
import type { ModuleRecipe, NamedRecipe } from "../../objectives/recipe.ts";
import type { Random, RandomState } from "../../random.ts";
import type { Batch, Variable } from "../../tensor.ts";
import { type Gradient, gradient, means, type Question } from "../gradient.ts";
import type { Means } from "../batch_report.ts";
import { filled, numbersOf } from "./numbers.ts";

/** A network as a worker is told of it. */
export interface SentNetwork {
  topology: unknown;
  weights: { values: Float32Array; shape: number[] }[];
}

/** A recipe as a worker is told of it. */
export type SentRecipe = ModuleRecipe | (Omit<NamedRecipe, "networks"> & { networks: Record<string, SentNetwork> });

/** What a worker is told once. */
export interface Setup {
  /** The backend, and its build of the kernels. */
  backend: "wasm" | "cpu";
  kernels: Build | undefined;
  /** What the objective is made of. */
  recipe: SentRecipe;
  /** The memory that all share, and what lies in it. */
  memory: SharedArrayBuffer;
  layout: Layout;
  /** The first task: what comes of it is compared with what the caller finds. */
  check: Task;
}

/** What a worker is told for every batch: to find the means of the rows `from` to `to` of `whole`, or also their slopes. */
export interface Task {
  worker: number;
  slopes: boolean;
  from: number;
  to: number;
  whole: number;
  noise: RandomState;
  knobs: Knobs;
}

/** What lies in the shared memory. */
export interface Layout {
  /** The shapes of what training changes: the objective's variables, and how many they are, then its state. */
  shapes: number[][];
  variables: number;
  /** The shape of one example and, where there are labels, of one label. */
  example: Record<string, number[]>;
  /** The most examples in a batch. */
  rows: number;
  /** The names of the means. */
  names: string[];
  /** The shapes of the objective's sums. */
  sums: Record<string, number[]>;
  /** How many workers there are beside the caller. */
  workers: number;
}

/** The numbers that all share. */
export interface SharedMemory {
  /** What training changes, one variable after another. */
  weights: Float32Array;
  /** The examples, and their labels. */
  batch: Record<string, Float32Array>;
  /** For each worker its part of the means, then of the sums, then of the gradient. */
  parts: Float32Array[];
}

const size = (shapes: number[][]) => shapes.reduce((total, shape) => total + tf.util.sizeFromShape(shape), 0);

/** How many numbers there are in a worker's part. */
const partSize = ({ names, sums, shapes, variables }: Layout) =>
  names.length + size(Object.values(sums)) + size(shapes.slice(0, variables));

/** How many bytes of memory a layout needs. */
export function bytesOf(layout: Layout): number {
  const { shapes, example, rows, workers } = layout;
  return 4 * (size(shapes) + rows * size(Object.values(example)) + workers * partSize(layout));
}

/** Lays out the shared memory. */
export function layOut(memory: SharedArrayBuffer, layout: Layout): SharedMemory {
  const { shapes, example, rows, workers } = layout;
  let start = 0;
  const next = (length: number) => {
    const numbers = new Float32Array(memory, 4 * start, length);
    start += length;
    return numbers;
  };
  const weights = next(size(shapes));
  const batch = Object.entries(example).map(([name, shape]) => [name, next(rows * size([shape]))]);
  return {
    weights,
    batch: Object.fromEntries(batch),
    parts: Array.from({ length: workers }, () => next(partSize(layout))),
  };
}

/** What training changes. */
export const changing = ({ variables, state = [] }: Objective): Variable[] => [...variables, ...state];

/** Writes tensors down, one after another. */
export function write(numbers: Float32Array, tensors: readonly tf.Tensor[]): void {
  let at = 0;
  for (const t of tensors) {
    numbers.set(numbersOf(t), at);
    at += t.size;
  }
}

/** Gives variables the values that lie one after another. */
export function fill(variables: readonly Variable[], numbers: Float32Array): void {
  let at = 0;
  for (const variable of variables) {
    const values = numbers.subarray(at, at += variable.size);
    tf.tidy(() => variable.assign(filled(variable.shape, (into) => into.set(values))));
  }
}

/** The rows `from` to `to` of a batch that is written down. */
export function rowsOf({ batch }: SharedMemory, { example }: Layout, { from, to }: Pick<Task, "from" | "to">): Batch {
  const rows = Object.entries(example).map(([name, shape]) => {
    const each = size([shape]);
    const numbers = batch[name]?.subarray(from * each, to * each) ?? [];
    return [name, filled([to - from, ...shape], (into) => into.set(numbers))];
  });
  return Object.fromEntries(rows);
}

/** What some rows of a batch add to its means and sums, and to the slopes where they are asked for. */
export type Contribution = Means & Partial<Gradient>;

/** Finds what some rows of a batch of `whole` examples add. */
export function contribution(objective: Objective, question: Question, whole: number, slopes: boolean): Contribution {
  return slopes ? gradient(objective, question, whole) : means(objective, question, whole);
}

/** A contribution as it is written down: means, sums, and slopes in the variables' order. */
export function inOrder({ means, sums, slopes = {} }: Contribution): tf.Tensor[] {
  return [means, ...Object.values(sums), ...Object.values(slopes)];
}

/**
 * Noise for the rows of a batch from `from` on: of a tensor whose first axis is as long as they are, what is drawn for them in
 * the noise of the `whole` batch; all else is the same for all rows.
 */
export function noiseOfRows(noise: Random, { from, to, whole }: Pick<Task, "from" | "to" | "whole">): Random {
  const rows = to - from;
  return {
    ...noise,
    normal([first, ...rest]) {
      if (first !== rows) return noise.normal(first === undefined ? [] : [first, ...rest]);
      return tf.tidy(() => noise.normal([whole, ...rest]).slice([from, ...rest.map(() => 0)], [rows, ...rest]));
    },
  };
}
