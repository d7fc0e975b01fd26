/**
 * What pictures cost: `deno task bench`. Speed is measured here and asserted nowhere.
 *
 * @module
 */
import { convVae, gridCodes, random, recorder, showOn, type Tensor2D, useBackend } from "../mod.ts";
import type { LessonEvent, Picture } from "../src/show/events.ts";
import { plotSvg } from "../src/show/files/plot.ts";
import { sheetPng } from "../src/show/files/png.ts";

await useBackend("wasm");
const vae = convVae();
const codes = gridCodes(Array.from({ length: 15 }, (_, i) => -4 + 8 * i / 14));

Deno.bench("a map of 15×15 tiles, decoded and drawn to PNG", { n: 10, warmup: 1 }, async () => {
  const images = vae.mean(vae.decode(codes));
  const grid = await picture("images", (show) => show.images("map", "", images, { columns: 15 }));
  await sheetPng(grid);
  images.dispose();
});

const points = random(0).normal([10_000, 2]);
const labels = Uint8Array.from({ length: 10_000 }, (_, i) => i % 10);
const scatter = await picture("scatter", (show) => show.scatter("latent", "", points as Tensor2D, labels));

Deno.bench("a scatter of 10,000 points to SVG", { n: 10, warmup: 1 }, async () => void await plotSvg(scatter));

/** The picture that `speak` makes. */
async function picture<K extends Picture["kind"]>(kind: K, speak: (show: ReturnType<typeof showOn>) => Promise<void>) {
  const { events, surface } = recorder();
  await speak(showOn(surface));
  return events.find((event) => event.kind === kind) as Extract<LessonEvent, { kind: K }>;
}
