/**
 * The messages between a page and the worker that runs its lesson.
 *
 * @module
 */
import type { Backend, BackendName } from "../../backend.ts";
import type { LessonEvent } from "../../show/events.ts";
import type { Drawn } from "../../show/files/page_events.ts";

/** What a page asks for. */
export interface Request {
  /** Where to compute. */
  backend: BackendName;
  /** The lesson's own numbers, all or some. */
  numbers: Record<string, number>;
  /** The seed of everything random. */
  seed: number;
  /** The name of a lock to hold for as long as the worker lives, where the browser has locks. */
  lock?: string;
}

/** What a worker answers: the backend once, then any number of events, then the end once. */
export type Answer =
  | { kind: "started"; backend: Backend }
  | { kind: "event"; event: LessonEvent; drawn?: Drawn }
  | { kind: "ended"; error?: string };
