import { type Claim, ClaimError } from "../show/claim.ts";
import type { LessonEvent, Surface } from "../show/events.ts";

/** What a lesson has found. */
export interface Findings {
  /** Every claim and every figure, in order. */
  events: LessonEvent[];
  /** Hears what the lesson says. */
  surface: Surface;
  /**
   * The claims that were false, as the error to end with, if there were any.
   *
   * @param epochs For how long the lesson trained its model, where it has a flag for that: the error then names the flag, if a
   * claim made after a training was false.
   */
  verdict(epochs?: number): ClaimError | undefined;
}

/** Keeps what a lesson finds, for the JSON and for the verdict at its end. */
export function keepFindings(): Findings {
  const events: LessonEvent[] = [];
  const untrue: Claim[] = [];
  let [trained, learned] = [false, true]; // whether a model has been trained, and whether all claims after that hold
  return {
    events,
    surface(event) {
      if (event.kind === "progress") trained = true;
      if (event.kind === "claim" || event.kind === "figure") events.push(event); // no steps: they are thousands
      if (event.kind !== "claim" || event.holds) return;
      untrue.push(event);
      if (trained) learned = false;
    },
    verdict(epochs) {
      if (!untrue.length) return;
      const error = new ClaimError(untrue);
      if (!learned && epochs !== undefined) error.message += `\nA longer training may help: --epochs ${2 * epochs}.`;
      return error;
    },
  };
}
