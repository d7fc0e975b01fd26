/**
 * The figures of the table in `src/site/README.md`: `deno task bench:site`, on a quiet machine.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- prints what it measures
import { useBackend } from "../src/backend.ts";
import { showOn } from "../src/show/show.ts";
import { elementOf } from "../src/site/build/document.ts";
import { lessonFiles } from "../src/site/build/lesson_files.ts";
import { filesOf } from "../src/site/build/serve_files.ts";
import { writeSite } from "../src/site/build/write_site.ts";
import { type Tab, withChromium } from "./_chromium.ts";
import { median } from "./_median.ts";

/** A short training of lesson 07. */
const SHORT = { images: 2000, batch: 8, epochs: 1 };

/** How many steps that training has. */
const STEPS = SHORT.images / SHORT.batch * SHORT.epochs;

/** Whether a run is over, and whether its training is. */
const OVER = `document.documentElement.dataset.run === "over"`, TRAINED = `notes.some(({ step }) => step === ${STEPS})`;

/** Notes when workers are made and what they post, and every task of the page that takes longer than 50 ms. */
const NOTE = `window.notes = []; window.tasks = [];
const note = (kind, more = {}) => notes.push({ kind, at: performance.timeOrigin + performance.now(), ...more });
Object.defineProperty(navigator, "serviceWorker", { value: undefined });
window.Worker = class extends Worker {
  constructor(...all) {
    super(...all);
    note("made");
    this.addEventListener("message", ({ data: { kind, event, drawn } }) =>
      note(event?.kind ?? kind, { step: event?.step?.step, drawn: Boolean(drawn) }));
  }
};
new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ startTime, duration }) =>
  ({ at: performance.timeOrigin + startTime, duration })))).observe({ entryTypes: ["longtask"] });`;

/** What a page notes. */
interface Note {
  kind: string;
  at: number;
  step?: number;
  drawn?: boolean;
}

const packed = async (bytes: Uint8Array) => {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
};
const kB = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
const row = (what: string, figure: string) => console.log(`| ${what} | ${figure} |`);

const out = await Deno.makeTempDir();
await writeSite({ out, say: (text) => console.error(text) });
const served: { path: string; at: number; size: number }[] = [];
const files = filesOf(new URL(`file://${out}/`));
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
  const at = Date.now();
  const response = await files(request);
  served.push({ path: new URL(request.url).pathname, at, size: await packed(await response.clone().bytes()) });
  return response;
});

/** Runs a lesson in its page, with some numbers of its own, until an expression is true. */
async function run(tab: Tab, numbers: Record<string, number> = {}, until = OVER): Promise<Note[]> {
  await tab.evaluate(`notes.length = tasks.length = 0; document.documentElement.dataset.run = "";
    for (const [name, value] of Object.entries(${JSON.stringify(numbers)})) {
      document.querySelector("[name=" + name + "]").value = value;
    }
    document.querySelector(".controls button").click()`);
  await tab.until(until);
  return await tab.evaluate("notes");
}

const first = (notes: Note[], kind: string) => notes.find((note) => note.kind === kind)?.at ?? NaN;
const bytesBetween = (from: number, to: number) =>
  served.filter(({ path, at }) => at >= from && at < to && !/ubyte/.test(path)).reduce(
    (sum, { size }) => sum + size,
    0,
  );

/** How many milliseconds a step takes between the first step that was told and the last. */
function perStep(notes: { at: number; step?: number | undefined }[]): number {
  const steps = notes.filter(({ step }) => step !== undefined);
  const [from, to] = [steps[0]!, steps.at(-1)!];
  return (to.at - from.at) / (to.step! - from.step!);
}

/** The same training in Deno; what the lesson does afterwards is left out. */
async function inDeno(): Promise<number> {
  const { defaults, lesson } = await import("../lessons/07_conv_vae.ts");
  const notes: { at: number; step: number }[] = [];
  const trained = new Error("The training is over.");
  const show = showOn((event) => {
    if (event.kind !== "progress") return;
    notes.push({ at: performance.now(), step: event.step.step });
    if (event.step.step === STEPS) throw trained;
  });
  await useBackend("wasm");
  await lesson({ ...defaults, ...SHORT, data: "digits", seed: 0 }, show).catch((error: unknown) => {
    if (error !== trained) throw error;
  });
  return perStep(notes);
}

const pages = await Promise.all((await lessonFiles()).map(async ({ name }) => {
  const html = await Deno.readTextFile(`${out}/${name}.html`);
  const images = Array.from(elementOf(html.slice(html.indexOf("<main"))).querySelectorAll("img"));
  const paths = [`${name}.html`, "style.css", "icon.svg", ...images.map((image) => image.getAttribute("src")!)];
  const sizes = await Promise.all(paths.map(async (path) => packed(await Deno.readFile(`${out}/${path}`))));
  return { name, size: sizes.reduce((sum, size) => sum + size) };
}));
const largest = pages.toSorted((a, b) => b.size - a.size)[0]!;
row("a lesson page with its pictures, compressed, the largest", `${kB(largest.size)} (${largest.name})`);
row("the script that every page needs first, compressed", kB(await packed(await Deno.readFile(`${out}/page.js`))));

await withChromium(async (open) => {
  const address = (name: string) => `http://127.0.0.1:${server.addr.port}/${name}.html`;
  const view = { width: 1280, before: NOTE };
  const paints: number[] = [];
  for (let i = 0; i < 5; i++) {
    const tab = await open(address("07_conv_vae"), view);
    await tab.until(`performance.getEntriesByName("first-contentful-paint").length`);
    paints.push(await tab.evaluate(`performance.getEntriesByName("first-contentful-paint")[0].startTime`));
  }
  row("first paint of lesson 07, from this machine", `${median(paints).toFixed(0)} ms`);

  const kl = await run(await open(address("04_kl"), view));
  row("loaded for the first plot, compressed", kB(bytesBetween(first(kl, "started"), Infinity)));

  const [starts, loads, tasks, ratios]: number[][] = [[], [], [], []];
  for (let turn = 0; turn < 7; turn++) {
    const tab = await open(address("07_conv_vae"), view);
    const notes = await run(tab, SHORT, TRAINED);
    await tab.evaluate(`document.querySelector(".bar button").click()`);
    const [made, step] = [first(notes, "made"), first(notes, "progress")];
    starts.push(step - made);
    loads.push(bytesBetween(made, step));
    const trained = notes.findLast(({ kind }) => kind === "progress")!.at;
    const long = await tab.evaluate<{ at: number; duration: number }[]>("tasks");
    tasks.push(Math.max(0, ...long.filter(({ at }) => at < trained).map(({ duration }) => duration)));
    ratios.push(perStep(notes) / await inDeno());
  }
  row("from Run to the first step of lesson 07, files local", `${median(starts).toFixed(0)} ms`);
  row("loaded for it, compressed, digits apart", kB(median(loads)));
  row(
    "the longest task of the page until the training has ended",
    Math.max(...tasks) > 0 ? `${Math.max(...tasks)} ms` : "under 50 ms",
  );
  row(
    "a step in the page's worker against Deno's, by turns",
    `${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(", ")})`,
  );
});
await server.shutdown();
await Deno.remove(out, { recursive: true });
