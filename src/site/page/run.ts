/**
 * Runs a lesson in its page.
 *
 * @module
 */
/// <reference lib="dom" />
import { lossText } from "../../show/loss_text.ts";
import { lossesOf } from "../../training/step.ts";
import type { Step } from "../../training/step.ts";
import { timeText } from "../../wording.ts";
import type { Answer, Request } from "../worker/messages.ts";
import { type Results, resultsIn } from "./results.ts";

/** Lets the reader run the lesson of this page, if it is a lesson's. */
export function addRun(): void {
  const [panel, lesson] = [document.querySelector<HTMLElement>(".run"), document.documentElement.dataset.lesson];
  const form = panel?.querySelector<HTMLFormElement>(".controls");
  const main = document.querySelector<HTMLElement>("main");
  if (!panel || !form || !lesson || !main) return;
  const results = resultsIn(main, panel.dataset.question ?? "");
  const parts = { panel, form, results, bar: makeBar(), lesson };
  let running: Running | undefined;
  const stop = () => running?.stop();
  form.hidden = false;
  if ("gpu" in navigator) form.querySelector<HTMLElement>(".backend")?.removeAttribute("hidden");
  form.oninput = () => showCommand(parts);
  form.onreset = () => setTimeout(() => showCommand(parts));
  form.onsubmit = (event) => {
    event.preventDefault();
    if (running) return stop();
    running = start(parts, () => running = undefined);
  };
  parts.bar.querySelector("button")!.onclick = stop;
  addEventListener("pagehide", stop);
}

/** What a run has of its page. */
interface Parts {
  panel: HTMLElement;
  form: HTMLFormElement;
  results: Results;
  bar: HTMLElement;
  lesson: string;
}

/** A run that has begun. */
interface Running {
  /** Ends it at once; what it has said stays. */
  stop(): void;
}

function start({ panel, form, results, bar, lesson }: Parts, over: () => void): Running {
  const worker = new Worker(new URL(`run/${lesson}.js`, document.baseURI), { type: "module" });
  const [button, status] = [form.querySelector("button")!, panel.querySelector<HTMLElement>(".status")!];
  const [news, text, meter] = [
    bar.querySelector(".news")!,
    bar.querySelector(".text")!,
    bar.querySelector("progress")!,
  ];
  const [began, counts] = [performance.now(), { held: 0, failed: 0, told: 0 }];
  let training: { from: number; first: number } | undefined;
  const end = (sentence: string) => {
    worker.terminate();
    bar.hidden = true;
    button.textContent = "Run it again";
    status.textContent = sentence;
    status.hidden = false;
    document.documentElement.dataset.run = "over";
    over();
  };
  const claims = () => `${counts.held} ✓${counts.failed ? `, ${counts.failed} ✗` : ""}`;
  worker.onerror = ({ message }) => end(`The lesson cannot run here: ${message || "its files cannot be loaded."}`);
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (data.kind === "started") return void (text.textContent = `Running on ${data.backend.name}`);
    if (data.kind === "ended") {
      const seconds = timeText((performance.now() - began) / 1000);
      return end(data.error ?? `${claims()}: all ${counts.held} claims hold, in ${seconds}.`);
    }
    const { event, drawn } = data;
    results.put(event, drawn);
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
      meter.removeAttribute("value");
      text.textContent = [results.place().title, claims()].filter(Boolean).join(" · ");
    }
  };
  results.begin();
  document.documentElement.dataset.run = "on";
  [bar.hidden, status.hidden, button.textContent, text.textContent] = [false, true, "Stop", "Loading"];
  meter.removeAttribute("value");
  worker.postMessage(requestOf(form));
  return { stop: () => end(`Stopped after ${claims()}. What the run has said stays on the page.`) };
}

/** Where a training is: its epoch, its step, its loss and the time that is left, at the pace so far. */
function stepText(step: Step, { from, first }: { from: number; first: number }): string {
  const [seconds, taken] = [(performance.now() - from) / 1000, step.step - first];
  const losses = lossesOf(step);
  const left = taken > 0 && seconds > 1 ? `${timeText(seconds / taken * (step.steps - step.step))} left` : "";
  const loss = losses ? `loss ${lossText(losses, 1)}` : "";
  return [`epoch ${step.epoch}/${step.epochs}`, `step ${step.step}/${step.steps}`, loss, left].filter(Boolean).join(
    " · ",
  );
}

/** What the reader asks for. */
function requestOf(form: HTMLFormElement): Request {
  const { backend = "wasm", seed, ...numbers } = Object.fromEntries(new FormData(form)) as Record<string, string>;
  return {
    backend: backend as Request["backend"],
    seed: Number(seed),
    numbers: Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)])),
  };
}

/** Shows the command that does the same in a terminal: the flags are those that are not as they were. */
function showCommand({ panel, form, lesson }: Parts): void {
  const flags = Array.from(form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[name]"), (field) => {
    const usual = field instanceof HTMLInputElement ? field.defaultValue : "wasm";
    const flag = field.name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
    return field.value === usual ? "" : ` --${flag} ${field.value}`;
  });
  panel.querySelector(".terminal code")!.textContent = `deno run lessons/${lesson}.ts${flags.join("")}`;
}

/** The bar at the foot of the window while a lesson runs. */
function makeBar(): HTMLElement {
  const bar = document.createElement("aside");
  bar.className = "bar";
  bar.hidden = true;
  bar.setAttribute("aria-label", "The run");
  bar.innerHTML = `<progress aria-label="How far the training is"></progress><span class="text"></span>` +
    `<button type="button">Stop</button><span class="news unseen" aria-live="polite"></span>`;
  document.body.append(bar);
  return bar;
}
