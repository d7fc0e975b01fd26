import type { LessonEvent, Surface } from "../show/events.ts";

/** Shows events on several surfaces. */
export interface Broadcast {
  /** Shows an event on every surface, one after another. */
  tell(event: LessonEvent): Promise<void>;
  /** The same for an event that nobody may wait for; it throws what failed of the ones before. */
  send(event: LessonEvent): Promise<void>;
  /** What failed of the events sent, if anything did. */
  failure(): unknown;
}

/** Makes a broadcast to surfaces. */
export function broadcast(surfaces: Surface[]): Broadcast {
  let failed: unknown;
  const tell = async (event: LessonEvent) => {
    for (const surface of surfaces) {
      const drawing = surface(event);
      if (drawing) await drawing; // what is drawn at once is seen at once, whatever the lesson does next
    }
  };
  return {
    tell,
    send(event) {
      if (failed) throw failed;
      const told = tell(event);
      told.catch((error) => failed ??= error); // as on a full disk
      return told;
    },
    failure: () => failed,
  };
}
