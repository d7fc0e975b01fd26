/**
 * Programs as people write them: the interfaces as they are meant, with the same options and without a cast. One has another
 * shape: a checkpoint needs `warn`, as what goes wrong with it, and does not end the training, must be told to somebody.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { decode, encode } from "fast-png";
import {
  bernoulli,
  convVae,
  cosine,
  denseVae,
  evaluate,
  type Examples,
  gaussian,
  gridCodes,
  importanceWeighted,
  keepBest,
  layersVae,
  loadDigits,
  loadImages,
  loadTable,
  loadVae,
  logEvidence,
  negativeElbo,
  oneHot,
  random,
  recorder,
  ruler,
  savePng,
  saveVae,
  sgd,
  showOn,
  standardise,
  standardNormal,
  take,
  train,
  useBackend,
  warmUp,
} from "../mod.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const files = await granted({ name: "read" }) && await granted({ name: "write" });

await useBackend("wasm");
const all = await loadDigits();
const digits = { ...all, train: take(all.train, 64), test: take(all.test, 16) };
const noise = random(0);
const [image, row] = [[3, 32, 32, 3], [3, 12]];

Deno.test("a VAE of one's own data: what the decoder's numbers mean is a choice, said once", () => {
  const vae = convVae({ image: [32, 32, 3], latent: 16, likelihood: gaussian({ variance: "learned" }) });
  const table = denseVae({ shape: [12], latent: 3, likelihood: gaussian({ variance: "per value", floor: 1e-4 }) });
  const x = tf.input({ shape: [12] });
  const heads = [1, 2].map(() => tf.layers.dense({ units: 3 }).apply(x) as tf.SymbolicTensor);
  const encoder = tf.model({ inputs: x, outputs: heads });
  const decoder = tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: 12 })] });
  const mine = layersVae(encoder, decoder, { likelihood: bernoulli(), prior: standardNormal() });
  for (const [model, shape] of [[vae, image], [table, row], [mine, row]] as const) {
    tf.tidy(() => {
      const { loss, parts } = negativeElbo(model).terms({ x: tf.ones([...shape]) }, noise, {});
      assertEquals([loss.shape, parts.reconstruction.shape, parts.kl.shape], [[3], [3], [3]]);
      assertEquals(model.mean(model.decode(noise.normal([3, model.latent]))).shape, [...shape]);
    });
    model.dispose();
  }
});

Deno.test("training is a loop that you own, and progress shows whatever parts there are", async () => {
  const vae = denseVae({ latent: 2, hidden: 8 });
  const { events, surface } = recorder();
  const show = showOn(surface);
  const objectives = [
    negativeElbo(vae, { beta: warmUp(500) }),
    negativeElbo(vae, { freeBits: 0.25 }),
    importanceWeighted(vae, { samples: 50 }),
  ];
  for (const objective of objectives) {
    for await (
      const step of train(objective, digits.train, { heldOut: digits.test, learningRate: cosine(1e-3, 2000) })
    ) {
      show.progress(step);
    }
  }
  const step = events.flatMap((event) => event.kind === "progress" ? [event.step] : []).at(-1);
  assertEquals(Object.keys(step?.history.test[0] ?? {}), ["loss", "reconstruction", "kl", "tightening"]);
  let steps = 0;
  const training = train(objectives[0]!, digits.train, { // the first of three
    heldOut: digits.test,
    optimizer: sgd({ momentum: 0.9 }),
    epochs: 3,
  });
  for await (const { epochEnds } of keepBest(training, vae, { patience: 3 })) if (epochEnds) steps++;
  assertEquals(steps, 3);
  vae.dispose();
});

testIf(
  files,
  "--allow-read --allow-write",
  "checkpoints and workers are options of the same loop",
  () =>
    withTempDir(async (parent) => {
      const vae = denseVae({ latent: 2, hidden: 8 });
      const checkpoint = { directory: `${parent}/night`, warn: (_: string) => {} };
      const how = { optimizer: sgd({ momentum: 0.9 }), workers: 2, checkpoint };
      for await (const { loss, reconstruction, kl } of train(negativeElbo(vae), digits.train, how)) {
        if (loss !== undefined && reconstruction !== undefined && kl !== undefined) {
          assertAlmostEquals(loss, reconstruction + kl, 1e-3);
        }
      }
      vae.dispose();
    }),
);

Deno.test("labels travel with the examples", async () => {
  const conditional = convVae({ classes: 10 });
  for await (const _ of train(negativeElbo(conditional), digits.train)); // uses the labels: the model has a use for them
  const z = random(1).normal([64, conditional.latent]);
  const sevens = conditional.mean(conditional.decode(z, oneHot(7, { count: 64, classes: 10 }))); // [64, 28, 28, 1]
  const eights = conditional.mean(conditional.decode(z, oneHot(8, { count: 64, classes: 10 })));
  assertEquals(sevens.shape, [64, 28, 28, 1]);
  const apart = tf.tidy(() => tf.sub(sevens, eights).abs().max());
  assertLess(1e-3, (await apart.data())[0]!, "another label, another image");
  conditional.dispose();
});

Deno.test("data is anything with a count and a batch, now or later", async () => {
  let asked = 0;
  const readRows = async (indices: ArrayLike<number>) => {
    await new Promise((resolve) => setTimeout(resolve));
    asked += indices.length;
    return tf.tensor2d(Array.from(indices, (i) => [i % 2, i % 3 / 2, 0.5]));
  };
  const stream: Examples = {
    count: 500,
    fingerprint: "readings-v3",
    batch: async (indices) => ({ x: await readRows(indices) }),
  };
  const vae = denseVae({ shape: [3], latent: 1, hidden: 4 });
  const before = tf.memory().numTensors;
  const { loss } = await evaluate(negativeElbo(vae), stream);
  for await (const _ of train(negativeElbo(vae), stream, { learningRate: 0.01, epochs: 10 }));
  const { loss: after, reconstruction, kl } = await evaluate(negativeElbo(vae), stream);
  assertLess(after, loss);
  assertAlmostEquals(after, reconstruction + kl, 1e-4);
  assertEquals([asked, tf.memory().numTensors], [500 * 12, before]);
  vae.dispose();
});

Deno.test("judging: schedules at their final values, and log p(x) with its standard error", async () => {
  const vae = denseVae({ latent: 2, hidden: 8 });
  assertEquals(
    await evaluate(negativeElbo(vae, { beta: warmUp(500) }), digits.test),
    await evaluate(negativeElbo(vae), digits.test),
  );
  const { loss } = await evaluate(negativeElbo(vae), digits.test);
  const { mean, standardError, each } = await logEvidence(vae, digits.test, { samples: 5000 });
  assertEquals(each.length, 16);
  assert(mean > -loss - 4 * standardError && standardError > 0, "no lower than the bound");
  vae.dispose();
});

testIf(
  files,
  "--allow-read --allow-write",
  "a model is saved and loaded with what its likelihood has learned",
  () =>
    withTempDir(async (parent) => {
      const make = (seed: number) =>
        denseVae({ latent: 2, hidden: 8, likelihood: gaussian({ variance: "learned" }), seed });
      const [vae, again] = [make(0), make(1)];
      for await (const _ of train(negativeElbo(vae), digits.train, { learningRate: 0.01 }));
      await saveVae(vae, `${parent}/model`);
      await loadVae(again, `${parent}/model`);
      assertEquals(await evaluate(negativeElbo(again), digits.test), await evaluate(negativeElbo(vae), digits.test));
      vae.dispose();
      again.dispose();
    }),
);

testIf(
  files,
  "--allow-read --allow-write",
  "a table is standardised, and what a model draws of it comes back in the table's own units",
  () =>
    withTempDir(async (parent) => {
      const lines = Array.from({ length: 40 }, (_, i) => `${1e6 + i % 7},${i % 5 / 1000}`);
      await Deno.writeTextFile(`${parent}/measurements.csv`, ["height,width", ...lines].join("\n"));
      const { train: rows, test, undo } = standardise(await loadTable(`${parent}/measurements.csv`));
      assertEquals([rows.count, test.count], [32, 8]);
      const vae = denseVae({ shape: [2], latent: 1, hidden: 8, likelihood: gaussian({ variance: "learned" }) });
      for await (const _ of train(negativeElbo(vae), rows, { heldOut: test, learningRate: 0.01, epochs: 5 }));
      const drawn = undo(vae.mean(vae.decode(random(1).normal([1, 1]))));
      const [height = NaN, width = NaN] = await drawn.data();
      assertAlmostEquals(height, 1e6 + 3, 10); // of 0 to 6 about 1e6
      assertAlmostEquals(width, 0.002, 0.01); // of 0 to 0.004
      drawn.dispose();
      vae.dispose();
    }),
);

testIf(
  files,
  "--allow-read --allow-write",
  "images in a folder are data, whatever their form and size",
  () =>
    withTempDir(async (parent) => {
      for (let i = 0; i < 20; i++) {
        const [directory, data] = [`${parent}/my-folder/${["circle", "square"][i % 2]}`, new Uint8Array(12 * 16 * 3)];
        await Deno.mkdir(directory, { recursive: true });
        await Deno.writeFile(
          `${directory}/${i}.png`,
          encode({ width: 16, height: 12, channels: 3, data: data.fill(i) }),
        );
      }
      const told: string[] = [];
      const images = await loadImages(`${parent}/my-folder`, undefined, { tell: (sentence) => told.push(sentence) });
      assertEquals([images.train.count, images.test.count, told.length], [16, 4, 1]);
      assertEquals([images.train.shape, images.test.classes], [[12, 16, 3], ["circle", "square"]]);
      const vae = convVae({ image: images.train.shape, filters: [2, 3] });
      for await (const _ of train(negativeElbo(vae), images.train, { heldOut: images.test, batchSize: 8 }));
      vae.dispose();
    }),
);

testIf(
  files,
  "--allow-read --allow-write",
  "a picture without a page; a model from its directory alone",
  () =>
    withTempDir(async (parent) => {
      const vae = denseVae({ latent: 2, hidden: 8 });
      const images = vae.mean(vae.decode(gridCodes(ruler(-4, 4, 15))));
      await savePng(`${parent}/manifold.png`, images, { columns: 15 });
      await saveVae(vae, `${parent}/model`);
      await saveVae(vae, `${parent}/model`, { overwrite: true });
      const again = await loadVae(`${parent}/model`);
      assertEquals(await evaluate(negativeElbo(again), digits.test), await evaluate(negativeElbo(vae), digits.test));
      const { width, height } = decode(await Deno.readFile(`${parent}/manifold.png`));
      assertEquals([width, height], [15 * 28, 15 * 28]);
      images.dispose();
      vae.dispose();
      again.dispose();
    }),
);
