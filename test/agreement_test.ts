/**
 * Two backends, one convolutional VAE: each has its own code for every operation, and only the chain rule is shared.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { convVae, type Dataset, loadDigits, negativeElbo, random, train, useBackend } from "../mod.ts";

/** All slopes of the loss of one image, in one vector. */
async function gradient({ train }: Dataset): Promise<Float32Array> {
  const vae = convVae();
  const { variables, terms } = negativeElbo(vae);
  const slopes = tf.tidy(() => {
    const { x } = train.batch([0]); // [1, 28, 28, 1]
    const { grads } = tf.variableGrads(() => terms({ x }, random(0), {}).loss.mean() as tf.Scalar, variables);
    return tf.concat(variables.map(({ name }) => grads[name]!.flatten())); // [134165]
  });
  const values = await slopes.data() as Float32Array;
  slopes.dispose();
  vae.dispose();
  return values;
}

/** The loss at the last of some steps of a small sibling: small differences would have grown. */
async function lossAfter(steps: number, { train: examples }: Dataset): Promise<number> {
  const vae = convVae({ filters: [4, 8] });
  let last = NaN;
  for await (const { step, loss } of train(negativeElbo(vae), examples, { batchSize: 1 })) {
    last = loss!;
    if (step === steps) break;
  }
  vae.dispose();
  return last;
}

Deno.test("plain JavaScript and WebAssembly agree on a convolutional VAE: all slopes, and the loss after 20 steps", async () => {
  const digits = await loadDigits();
  const found = [];
  for (const backend of ["cpu", "wasm"] as const) {
    await useBackend(backend);
    found.push({ slopes: await gradient(digits), loss: await lossAfter(20, digits) });
  }
  const [cpu, wasm] = found;
  assertEquals(wasm!.slopes.length, 134_165);
  const scale = cpu!.slopes.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const off = wasm!.slopes.reduce((most, v, i) => Math.max(most, Math.abs(v - cpu!.slopes[i]!)), 0);
  assertLess(off / scale, 1e-5); // float32
  assertAlmostEquals(wasm!.loss, cpu!.loss, 1e-4 * cpu!.loss); // float32, and 20 steps of growth
});
