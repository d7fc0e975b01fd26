/**
 * Training steps and whole epochs, data included, on each backend there is: `deno task bench`. Speed is measured here and
 * asserted nowhere.
 *
 * @module
 */
import {
  convVae,
  denseVae,
  type Examples,
  type LayersVae,
  loadDigits,
  negativeElbo,
  take,
  train,
  useBackend,
} from "../mod.ts";
import { benchRate } from "./_rates.ts";

const MODELS: [string, () => LayersVae][] = [["conv", convVae], ["dense", denseVae]];
const digits = take((await loadDigits()).train, 1280);

for (const [name, make] of MODELS) {
  const step = stepper("wasm", make, digits, 128);
  benchRate({ name: `${name} VAE on wasm, one training step of 128`, n: 20, amount: 128, unit: "images" }, step);
}
for (const [name, make] of MODELS) {
  benchRate({
    name: `${name} VAE on wasm, one epoch of ${digits.count} digits`,
    n: 3,
    amount: digits.count,
    unit: "images",
  }, epoch(make, digits));
}

// On a GPU that the CPU imitates a step is a matter of seconds, so its batches are tiny, as are those of plain JavaScript.
const gpu = await navigator.gpu?.requestAdapter();
if (gpu) {
  const software = gpu.info.isFallbackAdapter || /llvmpipe|swiftshader|lavapipe/i.test(gpu.info.description);
  const batch = software ? 4 : 128;
  const what = `${software ? "a software adapter, " : ""}${gpu.info.description}`;
  for (const [name, make] of MODELS) {
    Deno.bench({
      name: `${name} VAE on webgpu (${what}), one training step of ${batch}`,
      n: software ? 3 : 20,
      warmup: 1,
      fn: stepper("webgpu", make, digits, batch),
    });
  }
}
Deno.bench({
  name: "dense VAE on cpu, one training step of 4",
  n: 3,
  warmup: 1,
  fn: stepper("cpu", denseVae, digits, 4),
});

/** One step at a time of a training without an end, begun on a backend when first asked for. */
function stepper(backend: "wasm" | "webgpu" | "cpu", make: () => LayersVae, examples: Examples, batchSize: number) {
  let steps: ReturnType<typeof train> | undefined;
  return async () => {
    await useBackend(backend);
    steps ??= train(negativeElbo(make()), examples, { epochs: 10_000, batchSize });
    await steps.next();
  };
}

/** One epoch at a time. */
function epoch(make: () => LayersVae, examples: Examples) {
  return async () => {
    await useBackend("wasm");
    const vae = make();
    for await (const _ of train(negativeElbo(vae), examples, { epochs: 1 }));
    vae.dispose();
  };
}
