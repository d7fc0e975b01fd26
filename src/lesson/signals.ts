/**
 * Handles signals: Ctrl-C, and the one that a machine sends before it shuts down.
 *
 * @module
 */
import type { LessonEvent } from "../show/events.ts";

/** A signal arrived while a model was training. */
export class Interrupted extends Error {
  /** @param code The exit code: 128 plus the number of the signal, as in a shell. */
  constructor(message: string, readonly code: number) {
    super(message);
  }
}

/** Handles signals while a model trains. */
export interface Signals {
  /**
   * Tracks from a lesson's events whether a model is training, and how far it is.
   *
   * @throws {Interrupted} If a signal arrived.
   */
  check(event: LessonEvent): void;
  /** Stops listening. */
  end(): void;
}

/** The signals that end training, with their exit codes. */
const signals = (): { signal: Deno.Signal; code: number }[] => [
  { signal: "SIGINT", code: 130 },
  ...(Deno.build.os === "windows" ? [] : [{ signal: "SIGTERM", code: 143 } as const]), // Windows does not have it
];

/**
 * Makes a signal end training between two steps, so that its result can be saved; a second signal ends the program at
 * once. While nothing trains, signals have their default effect.
 *
 * @param finish Restores the terminal.
 */
export function listenForSignals(finish: () => void): Signals {
  let [listening, heard, reached] = [false, 0, ""]; // heard: the exit code of the signal that arrived
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
      if (event.kind === "text") return; // may be a warning, which must not be lost
      if (event.kind === "progress") reached = `after step ${event.step.step} of ${event.step.steps}`;
      if (heard) throw new Interrupted(`Interrupted ${reached}.`, heard);
      listenIf(event.kind === "progress" && event.step.step < event.step.steps);
    },
    end: () => listenIf(false),
  };
}
