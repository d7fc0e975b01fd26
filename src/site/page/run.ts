/**
 * Runs a lesson in its page.
 *
 * @module
 */
/// <reference lib="dom" />
import type { Request } from "../worker/messages.ts";
import { resultsIn } from "./results.ts";
import { type Parts, type Running, start } from "./running.ts";

/** Lets the reader run the lesson of this page, if it is a lesson's. */
export function addRun(): void {
  const [panel, lesson] = [document.querySelector<HTMLElement>(".run"), document.documentElement.dataset.lesson];
  const form = panel?.querySelector<HTMLFormElement>(".controls");
  const main = document.querySelector<HTMLElement>("main");
  if (!panel || !form || !lesson || !main) return;
  const results = resultsIn(main, panel.dataset.question ?? "");
  const parts: Parts = {
    lesson,
    results,
    origin: panel.querySelector<HTMLElement>(".recorded")!,
    status: panel.querySelector<HTMLElement>(".status")!,
    button: form.querySelector("button")!,
    bar: makeBar(),
  };
  const command = panel.querySelector<HTMLElement>(".terminal code")!;
  const showCommand = () => command.textContent = commandOf(form, lesson);
  let running: Running | undefined;
  const stop = () => running?.stop();
  form.hidden = false;
  if ("gpu" in navigator) form.querySelector<HTMLElement>(".backend")?.removeAttribute("hidden");
  form.oninput = showCommand;
  form.onreset = () => setTimeout(showCommand);
  form.onsubmit = (event) => {
    event.preventDefault();
    if (running) return stop();
    running = start(parts, requestOf(form), () => running = undefined);
  };
  parts.bar.querySelector("button")!.onclick = stop;
  addEventListener("pageshow", showCommand); // a browser puts back what was in the form
  addEventListener("pagehide", stop);
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

/** The command that does the same in a terminal, with a flag for each number that differs from its default. */
function commandOf(form: HTMLFormElement, lesson: string): string {
  const flags = Array.from(form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[name]"), (field) => {
    const usual = field instanceof HTMLInputElement ? field.defaultValue : "wasm";
    const flag = field.name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
    return field.value === usual ? "" : ` --${flag} ${field.value}`;
  });
  return `deno run lessons/${lesson}.ts${flags.join("")}`;
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
