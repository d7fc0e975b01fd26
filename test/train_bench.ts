/**
 * Training steps at batch 128, data included: `deno task bench`. Speed is measured here and asserted nowhere.
 *
 * @module
 */
import { convVae, denseVae, loadDigits, negativeElbo, train, useBackend } from "../mod.ts";

await useBackend("wasm");
const digits = await loadDigits();

for (const [name, vae] of [["conv", convVae()], ["dense", denseVae()]] as const) {
  const steps = train(negativeElbo(vae), digits.train, { epochs: 1000 });
  for (let i = 0; i < 3; i++) await steps.next(); // warm
  Deno.bench(`${name} VAE, one training step of 128`, { n: 20, warmup: 0 }, async () => void await steps.next());
}
