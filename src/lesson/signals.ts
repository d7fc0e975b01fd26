/**
 * Signals: Ctrl-C, and what a machine sends before it shuts down.
 *
 * @module
 */
import type { LessonEvent } from "../show/events.ts";

/** A signal came while a model trained. */
export class Interrupted extends Error {
  /** @param code The exit code: by the shell's own rule 128 and the signal's number. */
  constructor(message: string, readonly code: number) {
    super(message);
  }
}

/** Listens for signals while a model trains. */
export interface Signals {
  /**
   * Takes in what the lesson says: whether a model trains, and how far it is.
   *
   * @throws {Interrupted} If a signal came.
   */
  check(event: LessonEvent): void;
  /** Stops listening. */
  end(): void;
}

/** The signals that end a training, with their exit codes. */
const signals = (): { signal: Deno.Signal; code: number }[] => [
  { signal: "SIGINT", code: 130 },
  ...(Deno.build.os === "windows" ? [] : [{ signal: "SIGTERM", code: 143 } as const]), // which Windows does not have
];

/**
 * Lets a signal end a training between two steps, so that what it has learned can be kept; a second one ends it at once.
 * While nothing trains, signals do what the system has them do.
 *
 * @param finish Leaves the terminal as it was.
 */
export function listenForSignals(finish: () => void): Signals {
  let [listening, heard, reached] = [false, 0, ""]; // heard: the exit code of the signal that came
  const listeners = signals().map(({ signal, code }) => {
    const listener = () => {
      if (heard) {
        finish();
        Deno.exit(code);
      }
      heard = code;
    };
    return { signal, listener };
  });
  const listenIf = (trains: boolean) => {
    if (trains === listening) return;
    listening = trains;
    for (const { signal, listener } of listeners) {
      if (trains) Deno.addSignalListener(signal, listener);
      else Deno.removeSignalListener(signal, listener);
    }
  };
  return {
    check(event) {
      if (event.kind === "text") return; // a warning, which must be shown too
      if (event.kind === "progress") reached = `after step ${event.step.step} of ${event.step.steps}`;
      if (heard) throw new Interrupted(`Interrupted ${reached}.`, heard);
      listenIf(event.kind === "progress" && event.step.step < event.step.steps);
    },
    end: () => listenIf(false),
  };
}
