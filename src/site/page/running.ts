/**
 * A lesson that runs in a worker of its page.
 *
 * @module
 */
/// <reference lib="dom" />
import { lossText } from "../../show/loss_text.ts";
import type { LessonEvent } from "../../show/events.ts";
import { lossesOf } from "../../training/step.ts";
import type { Step } from "../../training/step.ts";
import { timeText } from "../../wording.ts";
import type { Answer, Request } from "../worker/messages.ts";
import type { Results } from "./results.ts";

/** The parts of a page that a run uses. */
export interface Parts {
  /** The lesson's name. */
  lesson: string;
  /** Where its results appear. */
  results: Results;
  /** Says which run the results come from. */
  origin: HTMLElement;
  /** Says how the run ended. */
  status: HTMLElement;
  /** The button that begins a run and stops it. */
  button: HTMLButtonElement;
  /** The bar that shows how far it is. */
  bar: HTMLElement;
}

/** A run that has begun. */
export interface Running {
  /** Ends it at once; its results so far stay on the page. */
  stop(): void;
}

/** Starts a run, and calls `over` once it has ended, however it ended. */
export function start(
  { lesson, results, origin, status, button, bar }: Parts,
  request: Request,
  over: () => void,
): Running {
  const worker = new Worker(new URL(`run/${lesson}.js`, document.baseURI), { type: "module" });
  const [began, told] = [performance.now(), report(bar, results)];
  let [ended, backend] = [false, ""];
  const end = (sentence: string) => {
    if (ended) return;
    ended = true;
    worker.terminate();
    bar.hidden = true;
    button.textContent = "Run it again";
    status.replaceChildren(...sentence.split("\n").flatMap((line, i) => [i ? "\n" : "", lineOf(line)]));
    status.hidden = false;
    document.documentElement.dataset.run = "over";
    over();
  };
  const stays = "Its results so far stay on the page.";
  const lock = navigator.locks && crypto.randomUUID();
  worker.onerror = ({ message }) => end(`The lesson cannot run here: ${message || "its files cannot be loaded."}`);
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (data.kind === "event") {
      results.put(data.event, data.drawn);
      told.hear(data.event);
    } else if (data.kind === "started") {
      backend = data.backend.name;
      told.say(`Running on ${backend}`);
      // The worker holds this lock while it lives: the page gets it when the worker has died.
      if (lock) {
        navigator.locks.request(lock, () => end(`The browser ended the run after ${told.claims()}. ${stays}`));
      }
    } else {
      const seconds = timeText((performance.now() - began) / 1000);
      end(data.error ?? `${told.claims()}: all claims hold, on ${backend}, in ${seconds}.`);
    }
  };
  results.begin();
  origin.textContent = "Results of this run have a solid edge; those that were here before have a dotted one.";
  told.say("Loading");
  document.documentElement.dataset.run = "on";
  [bar.hidden, status.hidden, button.textContent] = [false, true, "Stop"];
  worker.postMessage({ ...request, ...(lock ? { lock } : {}) });
  return { stop: () => end(`Stopped after ${told.claims()}. ${stays}`) };
}

/** A line of its own. */
function lineOf(text: string): HTMLElement {
  return Object.assign(document.createElement("span"), { textContent: text });
}

/** Reports a run in the bar; screen readers hear of the claims once a section. */
function report(bar: HTMLElement, results: Results) {
  const [news, text] = [bar.querySelector(".news")!, bar.querySelector(".text")!];
  const meter = bar.querySelector("progress")!;
  const counts = { held: 0, failed: 0, told: 0 };
  let training: { from: number; first: number } | undefined;
  const claims = () => `${counts.held} ✓${counts.failed ? `, ${counts.failed} ✗` : ""}`;
  const say = (words: string) => {
    text.textContent = words;
    meter.removeAttribute("value");
  };
  const hear = (event: LessonEvent) => {
    if (event.kind === "claim") event.holds ? counts.held++ : counts.failed++;
    if (event.kind === "claim" && !event.holds) news.textContent = `False: ${event.what}`;
    if (event.kind === "title") {
      const known = counts.held + counts.failed;
      if (known > counts.told) news.textContent = `${known - counts.told} more claims checked: ${claims()}`;
      counts.told = known;
    }
    if (event.kind === "progress") {
      const { step } = event;
      if (!training || step.step < training.first) training = { from: performance.now(), first: step.step };
      [meter.max, meter.value] = [step.steps, step.step];
      text.textContent = stepText(step, training);
    } else if (event.kind !== "figure") {
      training = undefined;
      say([results.place().title, claims()].filter(Boolean).join(" · "));
    }
  };
  return { claims, say, hear };
}

/** The progress of a training: epoch, step, loss, and the time left at the pace so far. */
function stepText(step: Step, { from, first }: { from: number; first: number }): string {
  const [seconds, taken] = [(performance.now() - from) / 1000, step.step - first];
  const losses = lossesOf(step);
  const left = taken > 0 && seconds > 1 ? `${timeText(seconds / taken * (step.steps - step.step))} left` : "";
  const loss = losses ? `loss ${lossText(losses, 1)}` : "";
  const parts = [`epoch ${step.epoch}/${step.epochs}`, `step ${step.step}/${step.steps}`, loss, left];
  return parts.filter(Boolean).join(" · ");
}
