/**
 * Tests that train for minutes, on real MNIST in the directory named by `MNIST_DIR`: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- half an hour without a word would look like a hang
import { assertGreaterOrEqual } from "@std/assert";
import * as conv from "../lessons/07_conv_vae.ts";
import * as dense from "../lessons/06_vae.ts";
import { loadDigits, loadMnist, type Show, showOn, useBackend } from "../mod.ts";
import { classifierAccuracy } from "./_classifier.ts";

const directory = Deno.env.get("MNIST_DIR");

/** A test that ignores itself, and says so, where there is no MNIST. */
function testMnist(name: string, fn: (directory: string) => Promise<void>) {
  const reason = directory ? "" : " (ignored: needs MNIST_DIR)";
  Deno.test({ name: name + reason, ignore: !directory, fn: () => fn(directory!) });
}

/** A show that prints training's progress, and every claim's figures. */
function talking(): Show {
  return showOn((event) => {
    if (event.kind === "progress" && event.step.epochEnds) {
      console.log(event.step.epoch, event.step.history.test.at(-1));
    }
    if (event.kind === "claim") console.log(event.what, event.found);
  });
}

testMnist("a classifier trained on the embedded digits alone reads 85 % of MNIST's test images", async (directory) => {
  await useBackend("wasm");
  const { train } = await loadDigits();
  const { test } = await loadMnist({ directory });
  const accuracies = [];
  for (const seed of [0, 1, 2]) accuracies.push(await classifierAccuracy(train, test, 8, seed));
  console.log(accuracies);
  assertGreaterOrEqual(accuracies.reduce((a, b) => a + b) / 3, 0.85);
});

testMnist("lesson 06: ten epochs on MNIST follow the published curve", async (directory) => {
  await useBackend("wasm");
  const show = talking();
  await dense.lesson({ ...dense.defaults, epochs: 10, data: directory, seed: 0 }, show);
  await show.end();
});

testMnist("lesson 07: ten epochs on MNIST end where the PyTorch twin ends", async (directory) => {
  await useBackend("wasm");
  const show = talking();
  await conv.lesson({ ...conv.defaults, ...conv.otherData, data: directory, seed: 0 }, show);
  await show.end();
});
