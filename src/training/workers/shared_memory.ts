/**
 * The messages to workers, and the memory that they share.
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

/** A network in the form in which it is sent to workers. */
export interface SentNetwork {
  topology: unknown;
  weights: { values: Float32Array; shape: number[] }[];
}

/** A recipe in the form in which it is sent to workers. */
export type SentRecipe = ModuleRecipe | (Omit<NamedRecipe, "networks"> & { networks: Record<string, SentNetwork> });

/** The first message to a worker. */
export interface Setup {
  /** The backend, and its build of the kernels. */
  backend: "wasm" | "cpu";
  kernels: Build | undefined;
  /** The recipe of the objective. */
  recipe: SentRecipe;
  /** The shared memory and its layout. */
  memory: SharedArrayBuffer;
  layout: Layout;
  /** The first task, whose results are compared with the caller's. */
  check: Task;
}

/**
 * The message to a worker for every batch: compute the means, and the gradient if `slopes` is true, of the rows `from`
 * to `to` of `whole`.
 */
export interface Task {
  worker: number;
  slopes: boolean;
  from: number;
  to: number;
  whole: number;
  noise: RandomState;
  knobs: Knobs;
}

/** The layout of the shared memory. */
export interface Layout {
  /** The shapes of the objective's variables and of its state, and how many of them are variables. */
  shapes: number[][];
  variables: number;
  /** The shape of one example and, if there are labels, of one label. */
  example: Record<string, number[]>;
  /** The largest number of examples in a batch. */
  rows: number;
  /** The names of the means. */
  names: string[];
  /** The shapes of the objective's sums. */
  sums: Record<string, number[]>;
  /** The number of workers, not including the caller. */
  workers: number;
}

/** The arrays in the shared memory. */
export interface SharedMemory {
  /** The objective's variables and state, one after another. */
  weights: Float32Array;
  /** The examples and their labels. */
  batch: Record<string, Float32Array>;
  /** Each worker's part: its contribution to the means, then to the sums, then to the gradient. */
  parts: Float32Array[];
}

const size = (shapes: number[][]) => shapes.reduce((total, shape) => total + tf.util.sizeFromShape(shape), 0);

/** The number of numbers in a worker's part. */
const partSize = ({ names, sums, shapes, variables }: Layout) =>
  names.length + size(Object.values(sums)) + size(shapes.slice(0, variables));

/** The size of the memory that a layout needs, in bytes. */
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

/** All variables that training changes. */
export const changing = ({ variables, state = [] }: Objective): Variable[] => [...variables, ...state];

/** Copies tensors into an array, one after another. */
export function write(numbers: Float32Array, tensors: readonly tf.Tensor[]): void {
  let at = 0;
  for (const t of tensors) {
    numbers.set(numbersOf(t), at);
    at += t.size;
  }
}

/** Assigns consecutive values to variables. */
export function fill(variables: readonly Variable[], numbers: Float32Array): void {
  let at = 0;
  for (const variable of variables) {
    const values = numbers.subarray(at, at += variable.size);
    tf.tidy(() => variable.assign(filled(variable.shape, (into) => into.set(values))));
  }
}

/** The rows `from` to `to` of the batch in the shared memory. */
export function rowsOf({ batch }: SharedMemory, { example }: Layout, { from, to }: Pick<Task, "from" | "to">): Batch {
  const rows = Object.entries(example).map(([name, shape]) => {
    const each = size([shape]);
    const numbers = batch[name]?.subarray(from * each, to * each) ?? [];
    return [name, filled([to - from, ...shape], (into) => into.set(numbers))];
  });
  return Object.fromEntries(rows);
}

/** The contribution of some rows of a batch to its means and sums and, if requested, to its gradient. */
export type Contribution = Means & Partial<Gradient>;

/** Computes the contribution of some rows of a batch of `whole` examples. */
export function contribution(objective: Objective, question: Question, whole: number, slopes: boolean): Contribution {
  return slopes ? gradient(objective, question, whole) : means(objective, question, whole);
}

/**
 * The tensors of a contribution in the order of a worker's part: means, sums, and gradients in the variables' order.
 */
export function inOrder({ means, sums, slopes = {} }: Contribution): tf.Tensor[] {
  return [means, ...Object.values(sums), ...Object.values(slopes)];
}

/**
 * The noise for the rows `from` to `to` of a batch. A tensor whose first axis is as long as these rows gets their share
 * of the noise of the `whole` batch; any other tensor is the same for all workers.
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
