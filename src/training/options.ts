/**
 * How to train: the options, their defaults, and which values make sense.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Examples } from "../data/examples.ts";
import type { Schedule } from "../schedules.ts";
import { adam } from "./optimizers/adam.ts";
import type { OptimizerFactory } from "./optimizers/optimizer.ts";

/** How to train. */
export interface TrainOptions {
  /** Passes over the examples, 1 by default. */
  epochs?: number;
  /** Examples in a step, 128 by default; the last batch of an epoch may be smaller, and so is one that has all there are. */
  batchSize?: number;
  /** What moves the variables along their slopes, {@linkcode adam} by default. */
  optimizer?: OptimizerFactory;
  /** How far, a number or a schedule; by default what the optimizer says, for Adam 1e-3. */
  learningRate?: number | Schedule;
  /** The seed of the order of the examples and of the noise, 0 by default; every call to `train` begins with it. */
  seed?: number;
  /** Examples to judge by at the end of each epoch, never trained on. */
  heldOut?: Examples;
  /** Read the losses every so many steps; by default 1, and 20 on WebGPU, where a read makes the GPU wait. */
  readEvery?: number;
  /** CPU cores that share each batch, 1 by default; more than one requires permission to read. */
  workers?: number;
  /** Where to keep what a training needs to go on after it was stopped; nowhere by default. */
  checkpoint?: CheckpointOptions;
}

/** The options, none missing but those that may. */
export type Settings =
  & Required<Omit<TrainOptions, "heldOut" | "checkpoint" | "learningRate">>
  & Pick<TrainOptions, "learningRate">
  & { heldOut?: Examples | undefined; checkpoint?: CheckpointOptions | undefined };

/** How to keep checkpoints. */
export interface CheckpointOptions {
  /** A directory of the training's own; made if it is missing. The last two checkpoints stay in it. */
  directory: string;
  /** Write one every so many steps, 100 by default; and at the start, where an epoch ends, and when the loop is left. */
  every?: number;
  /**
   * Is told, in one sentence, what goes wrong without ending the training: a checkpoint that is damaged, or not written; and,
   * where `resume` is true, from where the training goes on.
   */
  warn(sentence: string): void;
  /**
   * Go on from the newest one there, if there is any; else, and by default, a directory that has one is refused. Epochs, the
   * learning rate and the workers may differ from before; all else, the optimizer too, is the same, or refused (of a custom
   * objective, the shapes of its variables are all that can be compared).
   */
  resume?: boolean;
}

/** The options with their defaults, once they make sense. */
export function settingsOf(options: TrainOptions, examples: Examples): Settings {
  const readEvery = tf.getBackend() === "webgpu" ? 20 : 1;
  const defaults = { epochs: 1, batchSize: 128, optimizer: adam(), seed: 0, readEvery, workers: 1 };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: Settings = { ...defaults, ...given };
  const { epochs, batchSize, workers, heldOut, checkpoint } = settings;
  assertCounts({ epochs, batchSize, readEvery: settings.readEvery, workers, "examples.count": examples.count });
  if (heldOut) assertCounts({ "heldOut.count": heldOut.count });
  if (checkpoint) assertCounts({ "checkpoint.every": checkpoint.every ?? 1 });
  return settings;
}

/** How many steps a training takes. */
export function stepsOf({ epochs, batchSize }: Pick<Settings, "epochs" | "batchSize">, { count }: Examples): number {
  return epochs * Math.ceil(count / batchSize);
}

/**
 * The learning rate of a step.
 *
 * @throws {RangeError} If it is not a positive number.
 */
export function rateAt(learningRate: number | Schedule, step: number): number {
  const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
  if (rate > 0 && rate < Infinity) return rate;
  const where = typeof learningRate === "number" ? `not ${rate}` : `and at step ${step} it is ${rate}`;
  throw new RangeError(`learningRate is a positive number, ${where}.`);
}

/** Checks that every count is a whole number of at least 1. */
export function assertCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`${name} is a whole number of at least 1, not ${value}.`);
    }
  }
}
