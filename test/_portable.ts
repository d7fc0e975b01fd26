/**
 * Three steps of the convolutional VAE, a decode, and a lesson, as JSON: run as a program with Deno, as one that has lost
 * it (`_portable.ts without`), or bundled into a page, which then has the JSON for its title.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program says what it found
import * as tf from "@tensorflow/tfjs"; // loaded before Deno is gone: it looks at where it runs
import type { LessonEvent } from "../mod.ts";

const inPage = "document" in globalThis;
if (!inPage && Deno.args[0] === "without") Reflect.deleteProperty(globalThis, "Deno");
const hasDeno = "Deno" in globalThis;

const {
  convVae,
  gridCodes,
  loadDigits,
  loadImages,
  loadVae,
  negativeElbo,
  recorder,
  saveVae,
  showOn,
  take,
  train,
  useBackend,
} = await import("../mod.ts");
const kl = await import("../lessons/04_kl.ts");
const { plotSvg } = await import("../src/show/files/plot.ts");

/** The numbers of a list as the bits of float32. */
const bits = (values: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(values).buffer)];

/** The losses of three steps and of the held-out images, and what the model then decodes. */
async function threeSteps() {
  const digits = await loadDigits();
  const vae = convVae({ seed: 1 });
  const losses: number[] = [];
  const options = { batchSize: 8, seed: 2, heldOut: take(digits.test, 4) };
  for await (const { loss, history } of train(negativeElbo(vae), take(digits.train, 24), options)) {
    losses.push(loss ?? NaN, ...history.test.map((test) => test.loss));
  }
  const decoded = tf.tidy(() => vae.decode(gridCodes([-1, 0.5])));
  const logits = await decoded.data();
  decoded.dispose();
  const refusals = hasDeno ? [] : await Promise.all(
    [saveVae(vae, "somewhere"), loadVae(vae, "somewhere"), loadImages("somewhere/of/mine")].map((use) =>
      use.then(() => "", (error) => `${error.name}: ${error.message}`)
    ),
  );
  vae.dispose();
  return { losses: bits(losses), logits: bits(logits), refusals, tensors: tf.memory().numTensors };
}

/** What lesson 04 says. */
async function lesson() {
  const { events, surface } = recorder();
  const show = showOn(surface);
  await kl.lesson({ ...kl.defaults, data: "digits", seed: 0 }, show);
  await show.end(); // every claim holds
  return events;
}

/** What is written in the pictures of a lesson; each document serialises the rest in its own way. */
async function drawn(events: LessonEvent[]) {
  const pictures = events.filter((event) => "caption" in event && event.kind !== "table");
  const svgs = await Promise.all(pictures.map((picture) => plotSvg(picture)));
  return svgs.map((svg) => Array.from(svg.matchAll(/<text[^>]*>([^<]*)/g), ([, text]) => text));
}

const { kernels } = await useBackend("wasm", { kernels: "simd" });
const events = await lesson();
const found = JSON.stringify({ hasDeno, kernels, ...await threeSteps(), events, drawn: await drawn(events) });
if (inPage) document.title = found;
else console.log(found);
