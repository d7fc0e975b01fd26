import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { trainOrLoad } from "../src/lesson/train_or_load.ts";
import {
  convVae,
  InputError,
  type LayersVae,
  loadDigits,
  negativeElbo,
  recorder,
  showOn,
  take,
  train,
  useBackend,
} from "../mod.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

await useBackend("wasm");
const digits = await loadDigits();
const flags = { epochs: 2, batch: 10, images: 30, rate: 0.003, data: "digits", seed: 4 };
const small = (seed = 4) => convVae({ filters: [2, 3], seed });

const weightsOf = (vae: LayersVae) => Promise.all(vae.variables.map((variable) => variable.data()));

Deno.test("trainOrLoad trains as its flags say, shows every step, and keeps nothing but the model", async () => {
  const [vae, wanted] = [small(), small()];
  const how = { epochs: 2, batchSize: 10, learningRate: 0.003, seed: 4 };
  for await (const _ of train(negativeElbo(wanted), take(digits.train, 30), how)); // to its end
  const before = tf.memory().numTensors;
  const { events, surface } = recorder();
  await trainOrLoad(showOn(surface), vae, digits, flags);
  assertEquals(tf.memory().numTensors, before);
  assertEquals(await weightsOf(vae), await weightsOf(wanted));
  const steps = events.map((event) => event.kind === "progress" ? event.step.step : event.kind);
  assertEquals(steps, [1, 2, 3, 4, 5, 6]); // two epochs of three batches
  vae.dispose();
  wanted.dispose();
});

testIf(
  await granted({ name: "read" }) && await granted({ name: "write" }),
  "--allow-read --allow-write",
  "trainOrLoad saves what it trained, and loads it without a step; it saves what it loaded, too",
  () =>
    withTempDir(async (directory) => {
      const [first, second, third] = [small(), small(5), small(6)];
      await trainOrLoad(showOn(), first, digits, { ...flags, save: `${directory}/first` });
      const { events, surface } = recorder();
      const again = { ...flags, load: `${directory}/first`, save: `${directory}/second` };
      await trainOrLoad(showOn(surface), second, digits, again);
      assertEquals(events, []);
      assertEquals(await weightsOf(second), await weightsOf(first));
      await trainOrLoad(showOn(), third, digits, { ...flags, load: `${directory}/second` });
      assertEquals(await weightsOf(third), await weightsOf(first));
      for (const vae of [first, second, third]) vae.dispose();
    }),
);

testIf(
  await granted({ name: "read" }) && await granted({ name: "write" }),
  "--allow-read --allow-write",
  "trainOrLoad without a model to load says so, and neither trains nor saves",
  () =>
    withTempDir(async (directory) => {
      const vae = small();
      const before = await weightsOf(vae);
      const missing = { ...flags, load: `${directory}/none`, save: `${directory}/new` };
      const { message } = await assertRejects(() => trainOrLoad(showOn(), vae, digits, missing), InputError);
      assert(message.includes(`${directory}/none`), message);
      assertEquals(await weightsOf(vae), before);
      assertEquals(await Array.fromAsync(Deno.readDir(directory)), []);
      vae.dispose();
    }),
);
