import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { constant, cosine, linear, type Schedule, warmUp } from "../src/schedules.ts";

const at = (schedule: Schedule, ...steps: number[]) => steps.map(schedule);

Deno.test("schedules by hand: first step, middle, last step, beyond", () => {
  assertEquals(at(constant(3), 1, 7, Infinity), [3, 3, 3]);
  assertEquals(at(warmUp(4), 1, 3, 4, 5, Infinity), [0.25, 0.75, 1, 1, 1]);
  assertEquals(at(warmUp(1), 1, Infinity), [1, 1]);
  assertEquals(at(linear(-1, 3, 4), 1, 2, 4, 5, 6, Infinity), [-1, 0, 2, 3, 3, 3]);
  const falling = at(cosine(8, 4, 2), 1, 2, 3, 4, 5, 6, Infinity);
  const byHand = [8, 5 + 3 * Math.SQRT1_2, 5, 5 - 3 * Math.SQRT1_2, 2, 2, 2];
  falling.forEach((value, i) => assertAlmostEquals(value, byHand[i] ?? NaN, 1e-12));
});

Deno.test("every schedule ends, to the bit, in its value at Infinity, and never leaves what lies between its ends", () => {
  const schedules: [Schedule, number, number, number][] = [
    [warmUp(7), 1, 0, 1],
    [linear(0.1, 0.7, 7), 0.7, 0.1, 0.7],
    [cosine(0.3, 7), 0, 0, 0.3],
    [cosine(0.1, 7, 0.3), 0.3, 0.1, 0.3],
  ];
  for (const [schedule, last, least, most] of schedules) {
    assertEquals(at(schedule, 8, 9, 1e9, Infinity), [last, last, last, last]);
    for (let step = 1; step < 8; step++) {
      const value = schedule(step);
      assert(value >= least && value <= most && value !== last || step === 7, `${value} at ${step}`);
    }
  }
  assert(cosine(0.3, 7)(7) > 0, "the last step moves something");
});

Deno.test("schedules of no length, or with ends that are no numbers, are refused in a sentence", () => {
  for (const steps of [0, -1, 1.5, NaN, Infinity]) {
    const sentence = `A schedule's steps must be a whole number of at least 1, not ${steps}.`;
    for (const make of [() => warmUp(steps), () => cosine(1, steps), () => linear(0, 1, steps)]) {
      assertThrows(make, RangeError, sentence);
    }
  }
  for (const bad of [NaN, Infinity]) {
    assertThrows(() => constant(bad), RangeError, `A schedule's value must be a finite number, not ${bad}.`);
    assertThrows(() => cosine(bad, 2), RangeError, `A schedule's rate must be a finite number, not ${bad}.`);
    assertThrows(() => cosine(1, 2, bad), RangeError, `A schedule's to must be a finite number, not ${bad}.`);
    assertThrows(() => linear(bad, 1, 2), RangeError, `A schedule's from must be a finite number, not ${bad}.`);
  }
});
