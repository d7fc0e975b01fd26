import { type Claim, ClaimError } from "../show/claim.ts";
import type { LessonEvent, Surface } from "../show/events.ts";

/** The claims and figures of a lesson. */
export interface Findings {
  /** All claims and figures, in order. */
  events: LessonEvent[];
  /** The surface that records them. */
  surface: Surface;
  /**
   * The error with all false claims, or `undefined` if there are none.
   *
   * @param epochs The number of epochs that the lesson trained for, if it has a flag for that. If a claim made after
   * training was false, the error then suggests more epochs.
   */
  verdict(epochs?: number): ClaimError | undefined;
}

/** Records the claims and figures of a lesson, for its JSON and its exit code. */
export function keepFindings(): Findings {
  const events: LessonEvent[] = [];
  const untrue: Claim[] = [];
  let [trained, learned] = [false, true]; // whether a model has been trained, and whether all later claims are true
  return {
    events,
    surface(event) {
      if (event.kind === "progress") trained = true;
      if (event.kind === "claim" || event.kind === "figure") events.push(event); // not the thousands of steps
      if (event.kind !== "claim" || event.holds) return;
      untrue.push(event);
      if (trained) learned = false;
    },
    verdict(epochs) {
      if (!untrue.length) return;
      const error = new ClaimError(untrue);
      if (!learned && epochs !== undefined) error.message += `\nLonger training may help: --epochs ${2 * epochs}.`;
      return error;
    },
  };
}
