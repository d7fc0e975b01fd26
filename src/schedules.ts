/**
 * Numbers that change during a training run, such as a learning rate that falls or the weight of a term that grows.
 *
 * @module
 */

/**
 * A number for every training step.
 *
 * Steps are counted from 1, as in the records of a training run. Every schedule here also has a value at `Infinity`,
 * its final one, which evaluation uses.
 */
export type Schedule = (step: number) => number;

/**
 * The same number at every step.
 *
 * @param value A finite number.
 * @throws {RangeError} If it is not finite.
 * @example
 * ```ts
 * import { constant } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 2, Infinity].map(constant(0.5)), [0.5, 0.5, 0.5]);
 * ```
 */
export function constant(value: number): Schedule {
  assertFinite({ value });
  return () => value;
}

/**
 * Grows linearly from 0 to 1: `1 / steps` at the first step, and 1 from step `steps` on.
 *
 * As the weight of the KL, it lets a VAE learn to reconstruct before its code costs anything. As a factor of the
 * learning rate, it keeps the first steps short.
 *
 * @param steps The number of steps until it reaches 1.
 * @throws {RangeError} If `steps` is not a whole number of at least 1.
 * @example
 * ```ts
 * import { type Schedule, warmUp } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 2, 4, 5, Infinity].map(warmUp(4)), [0.25, 0.5, 1, 1, 1]);
 * const gently: Schedule = (step) => 1e-3 * warmUp(100)(step); // a learning rate
 * assertEquals(gently(50), 5e-4);
 * ```
 */
export function warmUp(steps: number): Schedule {
  assertSteps(steps);
  return (step) => Math.min(1, step / steps);
}

/**
 * Goes linearly from one number to another: `from` at the first step, and `to` after `steps` steps.
 *
 * @param from The value at the first step.
 * @param to The final value.
 * @param steps The number of steps from one to the other.
 * @throws {RangeError} If `steps` is not a whole number of at least 1, or an end is not finite.
 * @example
 * ```ts
 * import { linear } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 2, 3, 5, 6, Infinity].map(linear(10, 2, 4)), [10, 8, 6, 2, 2, 2]);
 * ```
 */
export function linear(from: number, to: number, steps: number): Schedule {
  assertFinite({ from, to });
  assertSteps(steps);
  return (step) => {
    const done = Math.min(1, (step - 1) / steps);
    return from * (1 - done) + to * done;
  };
}

/**
 * Falls along half a period of a cosine (Loshchilov and Hutter 2017): slowly at first, fastest in the middle, slowly at
 * the end. It is `rate` at the first step and `to` after `steps` steps. With `to = 0`, the last of those steps still
 * has a positive learning rate, and a longer training run is refused before it begins.
 *
 * @param rate The value at the first step.
 * @param steps The number of steps of the whole training run.
 * @param to The final value, 0 by default.
 * @throws {RangeError} If `steps` is not a whole number of at least 1, or an end is not finite.
 * @example
 * ```ts
 * import { cosine } from "@vae/steps";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * assertEquals(cosine(1e-3, 2000)(1), 1e-3);
 * assertAlmostEquals(cosine(1e-3, 2000)(1001), 5e-4);
 * assertEquals(cosine(1e-3, 2000, 1e-5)(Infinity), 1e-5);
 * ```
 */
export function cosine(rate: number, steps: number, to: number = 0): Schedule {
  assertFinite({ rate, to });
  assertSteps(steps);
  return (step) => {
    const left = (1 + Math.cos(Math.PI * Math.min(1, (step - 1) / steps))) / 2;
    return rate * left + to * (1 - left);
  };
}

function assertSteps(steps: number): void {
  if (Number.isInteger(steps) && steps >= 1) return;
  throw new RangeError(`A schedule's steps must be a whole number of at least 1, not ${steps}.`);
}

function assertFinite(values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new RangeError(`A schedule's ${name} must be a finite number, not ${value}.`);
  }
}
