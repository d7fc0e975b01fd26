/**
 * Where a training is.
 *
 * @module
 */
import { random, type RandomState } from "../random.ts";
import { type AnyLosses, nothing, type Sums } from "./losses.ts";

/** Where a training is: all of it that is not a weight. */
export interface Position {
  /** Steps taken. */
  step: number;
  /** The epoch, from 1. */
  epoch: number;
  /** Examples taken in this epoch. */
  taken: number;
  /** Where the order of the examples stood before this epoch, where the noise stands, and that which changes examples. */
  order: RandomState;
  noise: RandomState;
  changes: RandomState;
  /** The epoch's losses so far. */
  sums: Sums;
  /** The epochs before. */
  history: { train: AnyLosses[]; test: AnyLosses[] };
}

/** Where a training begins. */
export function beginning(seed: number): Position {
  const source = random(seed);
  const [order, noise, changes] = [source.split().state(), source.split().state(), source.split().state()];
  return { step: 0, epoch: 1, taken: 0, order, noise, changes, sums: nothing(), history: { train: [], test: [] } };
}

/** Whether something is a position that a training on `count` examples can be in. */
export function isPosition(at: Partial<Position> | undefined, count: number): at is Position {
  try {
    const { step, epoch, taken, order, noise, changes, sums, history } = at as Position;
    for (const state of [order, noise, changes]) random(state); // throws at one that it cannot be in
    const counts = [step, epoch, taken, count - taken, sums.count];
    const losses = [...history.train, ...history.test, ...(sums.count > 0 ? [sums.losses] : [])];
    return counts.every((n) => Number.isSafeInteger(n) && n >= 0) && losses.every(areLosses) &&
      epoch === history.train.length + (taken < count ? 1 : 0) &&
      [0, history.train.length].includes(history.test.length);
  } catch {
    return false;
  }
}

/** Whether something is a record of losses: finite numbers, one of which is the loss. */
function areLosses(losses: Record<string, unknown>): boolean {
  return "loss" in losses && Object.values(losses).every(Number.isFinite);
}
