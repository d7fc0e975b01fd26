/**
 * A lesson's run, recorded when the site is built.
 *
 * @module
 */
import { type Backend, useBackend } from "../../backend.ts";
import { recorder, type Surface } from "../../show/events.ts";
import { draw } from "../../show/files/draw.ts";
import type { Drawn } from "../../show/files/page_events.ts";
import { showOn } from "../../show/show.ts";
import type { LessonModule } from "../worker/lesson_worker.ts";
import type { LessonEvent } from "../../show/events.ts";

/** A run, and the machine it ran on. */
export interface Recording {
  /** All events of the lesson; of the steps of a training only the last of each epoch. */
  events: LessonEvent[];
  /** Its pictures, by name. */
  pictures: Map<string, Drawn>;
  /** The lesson's own numbers. */
  defaults: Record<string, number>;
  /** The seed of everything random. */
  seed: number;
  /** Where it was computed. */
  backend: Backend;
  /** The program and the machine, such as `Deno 2.9.6 on x86_64-linux`. */
  machine: string;
}

/**
 * Runs a lesson with its defaults, and records its events and pictures.
 *
 * @param question The lesson's title.
 * @throws {ClaimError} If a claim is false; such a run is not published.
 */
export async function record({ defaults, lesson }: LessonModule, question: string): Promise<Recording> {
  const backend = await useBackend("wasm");
  const { events, surface: keep } = recorder();
  const pictures = new Map<string, Drawn>();
  const surface: Surface = async (event) => {
    if (event.kind === "progress" && !event.step.epochEnds) return; // the steps between are thousands
    keep(event);
    if ("caption" in event && event.kind !== "table") pictures.set(event.name, await draw(event));
  };
  const show = showOn(surface);
  show.title(question);
  await lesson({ ...defaults, data: "digits", seed: 0 }, show);
  await show.end();
  const machine = `Deno ${Deno.version.deno} on ${Deno.build.arch}-${Deno.build.os}`;
  return { events, pictures, defaults, seed: 0, backend, machine };
}
