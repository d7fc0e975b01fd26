import type { Backend } from "../backend.ts";
import type { Json } from "../json.ts";
import type { LessonEvent } from "../show/events.ts";
import type { Flags } from "./command_line.ts";

/** The line of JSON at the end of a lesson: its options, every claim with its numbers, and every figure by name. */
export function jsonReport(
  lesson: string,
  backend: Backend,
  { data, seed, own }: Flags,
  events: LessonEvent[],
): string {
  const { name, ...rest } = backend;
  const used = { data: data ?? null, seed, options: own };
  return JSON.stringify({ lesson, backend: name, ...rest, ...used, ...found(events) });
}

function found(events: LessonEvent[]): { [name: string]: Json } {
  const claims = events.flatMap((event) => {
    if (event.kind !== "claim") return [];
    const { kind: _, what: claim, ...rest } = event;
    return [{ claim, ...rest }];
  });
  const figures = events.flatMap((event) => event.kind === "figure" ? [[event.name, event.value]] : []);
  return { claims, ...Object.fromEntries(figures) };
}
