/**
 * The options of training, their defaults, and their checks.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Examples } from "../data/examples.ts";
import type { Schedule } from "../schedules.ts";
import { adam } from "./optimizers/adam.ts";
import type { OptimizerFactory } from "./optimizers/optimizer.ts";

/** The options of {@linkcode train}. */
export interface TrainOptions {
  /** The number of passes over the examples, 1 by default. */
  epochs?: number;
  /** The number of examples in a batch, 128 by default. The last batch of an epoch may be smaller. */
  batchSize?: number;
  /** The optimizer, {@linkcode adam} by default. */
  optimizer?: OptimizerFactory;
  /** The learning rate, a number or a schedule; by default that of the optimizer, which is 1e-3 for Adam. */
  learningRate?: number | Schedule;
  /** The seed of the examples' order and of the noise, 0 by default. Every call of `train` starts from it. */
  seed?: number;
  /** Examples that are not trained on, and on which the objective is evaluated at the end of each epoch. */
  heldOut?: Examples;
  /**
   * The number of steps between reads of the losses: by default 1, or 20 on WebGPU, where a read makes the GPU wait.
   */
  readEvery?: number;
  /** The number of CPU cores that share each batch, 1 by default. More than one requires permission to read. */
  workers?: number;
  /** Where and how often to write checkpoints, from which a training run can be resumed; none by default. */
  checkpoint?: CheckpointOptions;
}

/** The options with their defaults filled in. */
export type Settings =
  & Required<Omit<TrainOptions, "heldOut" | "checkpoint" | "learningRate">>
  & Pick<TrainOptions, "learningRate">
  & { heldOut?: Examples | undefined; checkpoint?: CheckpointOptions | undefined };

/** The options of checkpoints. */
export interface CheckpointOptions {
  /** A directory for this training run alone. It is created if it is missing, and keeps the last two checkpoints. */
  directory: string;
  /**
   * The number of steps between checkpoints, 100 by default. One is also written at the start, at the end of each
   * epoch, and when the loop is left.
   */
  every?: number;
  /**
   * Receives a sentence about each problem that does not end training, such as a checkpoint that is damaged or could
   * not be written. If `resume` is true, it also receives a sentence about where training continues.
   */
  warn(sentence: string): void;
  /**
   * Whether to resume from the newest checkpoint in the directory, if there is one. If false, the default, a directory
   * with checkpoints is refused. The epochs, the learning rate, the objective's knobs and the workers may change on
   * resuming; everything else, including the optimizer, must be the same. For an objective without a recipe, only the
   * shapes of its variables are compared.
   */
  resume?: boolean;
}

/** Fills in the defaults and checks the options. */
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

/** The number of steps of a training run. */
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
  const where = typeof learningRate === "number" ? `not ${rate}` : `but at step ${step} it is ${rate}`;
  throw new RangeError(`learningRate must be a positive number, ${where}.`);
}

/** Checks that every count is a whole number of at least 1. */
export function assertCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`${name} must be a whole number of at least 1, not ${value}.`);
    }
  }
}
