/**
 * What a training says of itself, step by step.
 *
 * @module
 */
import type { AnyLosses, Losses } from "./losses.ts";

/** What each finished epoch was like. */
export interface History<Name extends string = never> {
  /** Averages over each epoch's training batches, as they were when their turn came. */
  train: Losses<Name>[];
  /** Averages over the held-out examples at the end of each epoch; empty without held-out examples. */
  test: Losses<Name>[];
}

/** Where a training is after a step. */
export interface Progress<Name extends string = never> {
  /** Steps taken so far, from 1. */
  step: number;
  /** Steps that the whole training takes, unless it is left early. */
  steps: number;
  /** The epoch that this step belongs to, from 1. */
  epoch: number;
  /** Epochs that the whole training takes. */
  epochs: number;
  /** Examples in this step's batch; in the record that a resumed training begins with, all the examples taken before. */
  batch: number;
  /** Whether this step was the last of its epoch, and `history` has grown. */
  epochEnds: boolean;
  /** Whether there are held-out examples, which every epoch ends with being judged by. */
  judged: boolean;
  /** The epochs finished so far: the same, growing, object in every record. */
  history: History<Name>;
}

/**
 * One record a step. The losses, whatever parts there are, stand beside the rest, and are there when they were read: after
 * each step on wasm and cpu.
 *
 * @typeParam Name The names of the objective's parts and metrics.
 */
export type Step<Name extends string = never> = Progress<Name> & Partial<Losses<Name>>;

/** The names that a record of a step has itself. */
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
 * Checks that parts or metrics can stand in a record of a step.
 *
 * @throws {RangeError} If one is called as what is there already.
 */
export function assertNames(names: string[]): void {
  const taken = names.find((name) => name === "loss" || Object.hasOwn(FIELDS, name));
  if (taken !== undefined) {
    throw new RangeError(`A part of a loss cannot be called "${taken}": every record of a step has one already.`);
  }
}

/** The losses in a record, if they were read. */
export function lossesOf(step: Step): AnyLosses | undefined {
  if (step.loss === undefined) return;
  const losses = Object.entries(step).filter(([name]) => !Object.hasOwn(FIELDS, name));
  return Object.fromEntries(losses) as AnyLosses;
}
