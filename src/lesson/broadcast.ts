import type { LessonEvent, Surface } from "../show/events.ts";

/** Shows events on several surfaces. */
export interface Broadcast {
  /** Shows an event on every surface, one after another. */
  tell(event: LessonEvent): Promise<void>;
  /** The same for an event that nobody may await; it throws if an earlier event failed. */
  send(event: LessonEvent): Promise<void>;
  /** The error of the first sent event that failed, if any did. */
  failure(): unknown;
}

/** Makes a broadcast to some surfaces. */
export function broadcast(surfaces: Surface[]): Broadcast {
  let failed: unknown;
  const tell = async (event: LessonEvent) => {
    for (const surface of surfaces) {
      const drawing = surface(event);
      // A surface that renders synchronously shows the event at once, whatever the lesson does next.
      if (drawing) await drawing;
    }
  };
  return {
    tell,
    send(event) {
      if (failed) throw failed;
      const told = tell(event);
      told.catch((error) => failed ??= error); // for example on a full disk
      return told;
    },
    failure: () => failed,
  };
}
