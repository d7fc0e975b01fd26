/**
 * This project from outside: a scratch project that takes it in by `links`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { withProject } from "./_consumer.ts";
import { granted, testIf } from "./_run.ts";

const possible = await granted({ name: "run" }) && await granted({ name: "env" }) && await granted({ name: "read" }) &&
  await granted({ name: "write" });
const testConsumer = testIf.bind(undefined, possible, "--allow-run --allow-env --allow-read --allow-write");

const TRAIN = `
import { convVae, loadDigits, negativeElbo, take, train, useBackend } from "@vae/steps";

const backend = await useBackend("wasm");
const digits = await loadDigits();
const vae = convVae({ latent: 2, filters: [4, 8] });
for await (const { loss } of train(negativeElbo(vae), take(digits.train, 8), { batchSize: 8 })) {
  console.log(backend.kernels, digits.train.count, loss! > 100 && loss! < 1000);
}
vae.dispose();
`;

testConsumer(
  "a project of its own trains a step without a permission, and type-checks",
  () =>
    withProject({ "main.ts": TRAIN }, async ({ start }) => {
      const checked = await start("check", "main.ts");
      assertEquals(checked.code, 0, checked.err);
      const { code, out, err } = await start("run", "--no-prompt", "main.ts");
      assertEquals([code, out], [0, "relaxed 10000 true\n"], err);
      assert(!/error/i.test(err), err);
    }),
);

testConsumer("the kernels' package alone: an ordinary tf.layers network trains by fit on wasm", () =>
  withProject(
    {
      "main.ts": `
    import * as tf from "@tensorflow/tfjs";
    import "npm:@tensorflow/tfjs-backend-wasm@4.22.0";
    import { installTrainingKernels } from "@vae/kernels";

    installTrainingKernels();
    await tf.setBackend("wasm");
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, strides: 2, activation: "relu" }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2, activation: "softmax" }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy" });
    // Is the left half the brighter one?
    const x = tf.randomUniform([64, 8, 8, 1], 0, 1, "float32", 1);
    const left = x.slice([0, 0, 0, 0], [64, 8, 4, 1]).sum([1, 2, 3]);
    const right = x.slice([0, 0, 4, 0], [64, 8, 4, 1]).sum([1, 2, 3]);
    const y = tf.oneHot(tf.cast(tf.greater(left, right), "int32"), 2);
    const { history } = await model.fit(x, y, { epochs: 30, verbose: 0 });
    const losses = history.loss as number[];
    console.log(tf.getBackend(), losses.at(-1)! < 0.8 * losses[0]);`,
    },
    async ({ start }) => {
      const checked = await start("check", "main.ts");
      assertEquals(checked.code, 0, checked.err);
      const { code, out, err } = await start("run", "--allow-read", "--allow-env", "--no-prompt", "main.ts");
      assertEquals([code, out.trimEnd().split("\n").at(-1)], [0, "wasm true"], err);
    },
  ));
