/**
 * Runs a lesson in a worker, which posts its events and the drawn pictures to the page; the page stays responsive.
 *
 * @module
 */
/// <reference lib="webworker" />
import { useBackend } from "../../backend.ts";
import { keepFindings } from "../../lesson/findings.ts";
import type { CommonOptions } from "../../lesson/lesson.ts";
import type { Surface } from "../../show/events.ts";
import { type Show, showOn } from "../../show/show.ts";
import type { Answer, Request } from "./messages.ts";

/** What a lesson's module exports. */
export interface LessonModule {
  /** Its own numbers. */
  defaults: Record<string, number>;
  /** The lesson itself. Its options are its own numbers and the options of every lesson. */
  lesson(options: CommonOptions, show: Show): Promise<void>;
}

/** The least time between two steps that are posted, in milliseconds. The last step of an epoch is always posted. */
const BETWEEN = 100;

/** Runs a lesson whenever the page asks for it. */
export function answerRuns(module: LessonModule): void {
  const worker = globalThis as unknown as DedicatedWorkerGlobalScope;
  const post = (answer: Answer) => worker.postMessage(answer);
  worker.onmessage = async ({ data }: MessageEvent<Request>) => {
    try {
      const error = await run(module, data, post);
      post({ kind: "ended", ...(error ? { error: error.message } : {}) });
    } catch (error) {
      post({ kind: "ended", error: error instanceof Error ? error.message : String(error) });
    }
  };
}

/** Runs a lesson, and returns the claims that were false, as an error. */
async function run({ defaults, lesson }: LessonModule, request: Request, post: (answer: Answer) => void) {
  if (request.lock) await holdForLife(request.lock);
  const backend = await useBackend(request.backend);
  post({ kind: "started", backend });
  const findings = keepFindings();
  const show = posted(post);
  const options = { ...defaults, ...request.numbers, data: "digits", seed: request.seed };
  await lesson(
    options,
    showOn((event) => {
      findings.surface(event);
      return show(event);
    }),
  );
  return findings.verdict((options as { epochs?: number }).epochs);
}

/** Takes a lock that the browser releases when the worker ends, however it ends. */
function holdForLife(name: string): Promise<void> {
  return new Promise((held) => {
    navigator.locks.request(name, () => {
      held();
      return new Promise(() => {});
    });
  });
}

/** A surface that posts its events. */
function posted(post: (answer: Answer) => void): Surface {
  let last = -Infinity;
  return (event) => {
    if (event.kind === "progress") {
      const now = performance.now();
      if (!event.step.epochEnds && now - last < BETWEEN) return;
      last = now;
    }
    if (!("caption" in event) || event.kind === "table") return post({ kind: "event", event });
    return (async () => {
      const { draw } = await import("../../show/files/draw.ts"); // the plotting library, when it is first needed
      post({ kind: "event", event, drawn: await draw(event) });
    })();
  };
}
