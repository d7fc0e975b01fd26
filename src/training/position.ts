/**
 * Where a training is.
 *
 * @module
 */
import { random, type RandomState } from "../random.ts";
import { type Losses, nothing, type Sums } from "./batch_report.ts";

/** Where a training is: all of it that is not a weight. */
export interface Position {
  /** Steps taken. */
  step: number;
  /** The epoch, from 1. */
  epoch: number;
  /** Examples taken in this epoch. */
  taken: number;
  /** Where the order of the examples stood before this epoch, and where the noise stands. */
  order: RandomState;
  noise: RandomState;
  /** The epoch's losses so far. */
  sums: Sums;
  /** The epochs before. */
  history: { train: Losses[]; test: Losses[] };
}

/** Where a training begins. */
export function beginning(seed: number): Position {
  const source = random(seed);
  const [order, noise] = [source.split().state(), source.split().state()];
  return { step: 0, epoch: 1, taken: 0, order, noise, sums: nothing(), history: { train: [], test: [] } };
}

/** Whether something is a position that a training on `count` examples can be in. */
export function isPosition(at: Partial<Position> | undefined, count: number): at is Position {
  try {
    const { step, epoch, taken, order, noise, sums, history } = at as Position;
    random(order), random(noise); // throw at a state that is none
    const counts = [step, epoch, taken, count - taken, sums.count];
    const losses = [sums, ...history.train, ...history.test].flatMap((l) => [l.loss, l.reconstruction, l.kl]);
    return counts.every((n) => Number.isSafeInteger(n) && n >= 0) && losses.every(Number.isFinite) &&
      epoch === history.train.length + (taken < count ? 1 : 0) &&
      [0, history.train.length].includes(history.test.length);
  } catch {
    return false;
  }
}
