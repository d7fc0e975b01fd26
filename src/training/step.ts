/**
 * The records that training yields, one per step.
 *
 * @module
 */
import type { AnyLosses, Losses } from "./losses.ts";

/** The losses of each finished epoch. */
export interface History<Name extends string = never> {
  /** Averages over the training batches of each epoch, each computed before the weights' update with that batch. */
  train: Losses<Name>[];
  /** Averages over the held-out examples at the end of each epoch; empty without held-out examples. */
  test: Losses<Name>[];
}

/** The progress of a training run after a step. */
export interface Progress<Name extends string = never> {
  /** The number of steps taken so far, from 1. */
  step: number;
  /** The number of steps of the whole training run, unless the loop is left early. */
  steps: number;
  /** The epoch of this step, counted from 1. */
  epoch: number;
  /** The number of epochs of the whole training run. */
  epochs: number;
  /**
   * The number of examples in this step's batch. In the first record of a resumed run, the number of all examples taken
   * before.
   */
  batch: number;
  /** Whether this step was the last of its epoch, so that `history` has grown. */
  epochEnds: boolean;
  /** Whether there are held-out examples, on which every epoch ends with an evaluation. */
  judged: boolean;
  /** The epochs finished so far. All records share this object, which grows. */
  history: History<Name>;
}

/**
 * One record per step. It includes the losses if they were read at this step, which by default happens at every step on
 * WASM and in plain JavaScript.
 *
 * @typeParam Name The names of the objective's parts and metrics.
 */
export type Step<Name extends string = never> = Progress<Name> & Partial<Losses<Name>>;

/** The names of the fields of every record. */
const FIELDS: Readonly<Record<keyof Progress, true>> = {
  step: true,
  steps: true,
  epoch: true,
  epochs: true,
  batch: true,
  epochEnds: true,
  judged: true,
  history: true,
};

/**
 * Checks that the names of parts or metrics can be fields of a record.
 *
 * @throws {RangeError} If a name is already that of a field.
 */
export function assertNames(names: string[]): void {
  const taken = names.find((name) => name === "loss" || Object.hasOwn(FIELDS, name));
  if (taken !== undefined) {
    throw new RangeError(
      `A part of a loss cannot be named "${taken}": every step's record already has a field of that name.`,
    );
  }
}

/** The losses in a record, if they were read. */
export function lossesOf(step: Step): AnyLosses | undefined {
  if (step.loss === undefined) return;
  const losses = Object.entries(step).filter(([name]) => !Object.hasOwn(FIELDS, name));
  return Object.fromEntries(losses) as AnyLosses;
}
