/**
 * `deno task soak`: 20,000 steps with checkpoints and pictures, and what they leave in memory. Ends with exit code 1 if tensors
 * or tfjs's heap have grown since step 1,000, or resident memory by more than 5 %.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program
import * as tf from "@tensorflow/tfjs";
import {
  convVae,
  files,
  gridCodes,
  loadDigits,
  negativeElbo,
  range,
  showOn,
  take,
  type Tensor2D,
  train,
  useBackend,
} from "../mod.ts";

const [EPOCHS, STEPS, BATCH] = [Number(Deno.args[0] ?? 80), 250, 8];

/** What is in memory. V8 collects first, so that what counts is what is held (`--expose-gc`). */
async function memory() {
  for (let i = 0; i < 3; i++) {
    (globalThis as unknown as { gc(how: unknown): void }).gc({ type: "major", flavor: "last-resort" });
    await new Promise((resolve) => setTimeout(resolve, 100)); // what has buffers outside V8's heap takes a turn more
  }
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  const { rss } = Deno.memoryUsage();
  return { tensors: tf.memory().numTensors, heap_MB: wasm.HEAPU8.length / 1e6, resident_MB: rss / 1e6 };
}

await useBackend("wasm");
const digits = await loadDigits();
const vae = convVae();
const parent = await Deno.makeTempDir();

/** A page with the pictures of lesson 7. */
async function pictures(epoch: number): Promise<void> {
  const page = { name: "soak", question: "Does it leak?", text: "// The pictures of an epoch." };
  const surface = await files(`${parent}/epoch-${epoch}`, page);
  const show = showOn(surface);
  const [map, mu] = tf.tidy(() => {
    const map = vae.mean(vae.decode(gridCodes(Array.from(range(15), (i) => i / 2 - 3.5))));
    return [map, vae.encode(digits.test.batch(range(2000)).x).mu as Tensor2D];
  });
  await show.images("manifold", "The map", map as tf.Tensor4D, { columns: 15 });
  await show.scatter("latent", "The held-out digits", mu as Tensor2D, digits.test.labels);
  await surface({ kind: "end" });
  tf.dispose([map, mu]);
}

const how = {
  epochs: EPOCHS,
  batchSize: BATCH,
  checkpoint: { directory: `${parent}/kept`, warn: console.error },
  heldOut: digits.test,
};
const found = [];
for await (
  const { step, epoch, epochEnds, history } of train(negativeElbo(vae), take(digits.train, STEPS * BATCH), how)
) {
  if (!epochEnds) continue;
  await pictures(epoch);
  if (step % 1000 !== 0) continue;
  found.push({ step, ...await memory(), held_out: history.test.at(-1)!.loss });
  console.log(JSON.stringify(found.at(-1)));
}
await Deno.remove(parent, { recursive: true });

const [first, last] = [found[0], found.at(-1)!];
const grown = last.resident_MB / first.resident_MB - 1;
console.log(
  `From step ${first.step} to ${last.step}: tensors ${first.tensors} and ${last.tensors}, tfjs's heap ${first.heap_MB} and ` +
    `${last.heap_MB} MB, resident memory ${(100 * grown).toFixed(1)} % more.`,
);
if (last.tensors !== first.tensors || last.heap_MB !== first.heap_MB || grown > 0.05) Deno.exitCode = 1;
