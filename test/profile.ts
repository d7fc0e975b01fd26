/**
 * `deno task profile`: where the time of a training step goes, kernel by kernel, and how a step grows with its batch.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program
import * as tf from "@tensorflow/tfjs";
import {
  convVae,
  denseVae,
  type Examples,
  type LayersVae,
  loadDigits,
  negativeElbo,
  train,
  useBackend,
} from "../mod.ts";
import { median } from "./_median.ts";

await useBackend("wasm");
const digits = await loadDigits();
const spent = new Map<string, { ms: number; calls: number }>();
let watched = false;
watch();

for (const [name, make] of [["conv", convVae], ["dense", denseVae]] as const) {
  const vae = make();
  spent.clear();
  const ms = await step(vae, digits.train, 128);
  vae.dispose();
  console.log(`\n${name} VAE: a step of 128 takes ${ms.toFixed(0)} ms`);
  console.table(
    Array.from(spent, ([kernel, { ms, calls }]) => ({ kernel, ms: +(ms / 10).toFixed(2), calls: calls / 10 }))
      .toSorted((a, b) => b.ms - a.ms).slice(0, 12),
  );
}
for (const batch of [32, 128, 512, 2048]) {
  const vae = convVae();
  const ms = await step(vae, digits.train, batch);
  vae.dispose();
  console.log(`conv VAE: a step of ${batch} takes ${ms.toFixed(0)} ms, ${(ms / batch).toFixed(2)} ms an image`);
}

/** Milliseconds of a step: the median of ten, after three to warm up. */
async function step(vae: LayersVae, examples: Examples, batchSize: number): Promise<number> {
  const steps = train(negativeElbo(vae), examples, { epochs: 1000, batchSize });
  const times = [];
  for (let i = 0; i < 13; i++) {
    watched = i >= 3;
    const start = performance.now();
    await steps.next();
    if (watched) times.push(performance.now() - start);
  }
  watched = false;
  await steps.return();
  return median(times);
}

/** Has every kernel of the backend note its time, where no other kernel has called it. */
function watch(): void {
  let inside = false;
  for (const kernel of tf.getKernelsForBackend("wasm")) {
    const kernelFunc: tf.KernelFunc = (args) => {
      if (!watched || inside) return kernel.kernelFunc(args);
      inside = true;
      const start = performance.now();
      try {
        return kernel.kernelFunc(args);
      } finally {
        inside = false;
        const { ms, calls } = spent.get(kernel.kernelName) ?? { ms: 0, calls: 0 };
        spent.set(kernel.kernelName, { ms: ms + performance.now() - start, calls: calls + 1 });
      }
    };
    tf.unregisterKernel(kernel.kernelName, "wasm");
    tf.registerKernel({ ...kernel, kernelFunc });
  }
}
