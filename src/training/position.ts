/**
 * The position of a training run. *
 * @module
 */
import { random, type RandomState } from "../random.ts";
import { type AnyLosses, nothing, type Sums } from "./losses.ts";

/** The state of a training run, except for its variables. */
export interface Position {
  /** The number of steps taken. */
  step: number;
  /** The epoch, from 1. */
  epoch: number;
  /** The number of examples taken in this epoch. */
  taken: number;
  /** The state of the examples' order before this epoch, of the noise, and of the noise that changes examples. */
  order: RandomState;
  noise: RandomState;
  changes: RandomState;
  /** The losses of this epoch so far. */
  sums: Sums;
  /** The losses of the finished epochs. */
  history: { train: AnyLosses[]; test: AnyLosses[] };
}

/** The position at the start of a training run. */
export function beginning(seed: number): Position {
  const source = random(seed);
  const [order, noise, changes] = [source.split().state(), source.split().state(), source.split().state()];
  return { step: 0, epoch: 1, taken: 0, order, noise, changes, sums: nothing(), history: { train: [], test: [] } };
}

/** Whether a value is a position that a training run on `count` examples can have. */
export function isPosition(at: Partial<Position> | undefined, count: number): at is Position {
  try {
    const { step, epoch, taken, order, noise, changes, sums, history } = at as Position;
    for (const state of [order, noise, changes]) random(state); // throws if a source cannot have this state
    const counts = [step, epoch, taken, count - taken, sums.count];
    const losses = [...history.train, ...history.test, ...(sums.count > 0 ? [sums.losses] : [])];
    return counts.every((n) => Number.isSafeInteger(n) && n >= 0) && losses.every(areLosses) &&
      epoch === history.train.length + (taken < count ? 1 : 0) &&
      [0, history.train.length].includes(history.test.length);
  } catch {
    return false;
  }
}

/** Whether a value is a record of losses: finite numbers, one of which is the loss. */
function areLosses(losses: Record<string, unknown>): boolean {
  return "loss" in losses && Object.values(losses).every(Number.isFinite);
}
