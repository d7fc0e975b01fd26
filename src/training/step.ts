/**
 * What a training says of itself, step by step.
 *
 * @module
 */
import type { Losses } from "./batch_report.ts";

/** What each finished epoch was like. */
export interface History {
  /** Averages over each epoch's training batches, as they were when their turn came. */
  train: Losses[];
  /** Averages over the held-out examples at the end of each epoch; empty without held-out examples. */
  test: Losses[];
}

/** One record a step. The losses are there when they were read: after each step on wasm and cpu. */
export interface Step extends Partial<Losses> {
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
  /** The epochs finished so far: the same, growing, object in every record. */
  history: History;
}
