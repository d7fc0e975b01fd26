/**
 * Examples that are not scaled, or not numbers: what a training, an evaluation and an estimate say of them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  denseVae,
  evaluate,
  type Examples,
  gaussian,
  InputError,
  type LayersVae,
  logEvidence,
  negativeElbo,
  random,
  rows,
  train,
} from "../mod.ts";
import { startBackend, testOnBackends } from "./_backends.ts";

const alive = () => [tf.memory().numTensors, tf.memory().numDataBuffers, tf.memory().numBytes];

/** The batches of a training's first epoch, as indices. */
function batches(count: number, batchSize: number): number[][] {
  const order = [...random(0).split().permutation(count)];
  return Array.from({ length: count / batchSize }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
}

/** A table of normal numbers, each column times its scale. */
function normals(count: number, scales: number[], shift = 0): Float32Array {
  const noise = random(3);
  return Float32Array.from(
    { length: count * scales.length },
    (_, i) => shift + scales[i % scales.length]! * noise.gaussian(),
  );
}

Deno.test("a table that is not scaled is what is blamed, before any update is", async () => {
  await startBackend("wasm");
  const ones = Array(12).fill(1);
  const tables: Record<string, Float32Array> = {
    "a million": normals(256, ones.map((one) => 1e6 * one)),
    "a thousand": normals(256, ones.map((one) => 1e3 * one)),
    "one column": normals(256, ones.with(5, 1e6)),
    "far from zero": normals(256, ones, 1e5),
  };
  for (const variance of [1, "learned", "per value"] as const) {
    for (const [name, values] of Object.entries(tables)) {
      const vae = denseVae({ shape: [12], latent: 3, hidden: 16, likelihood: gaussian({ variance }) });
      const { message } = await assertRejects(
        () => Array.fromAsync(train(negativeElbo(vae), rows(values, [256, 12]))),
        InputError,
      );
      assertMatch(
        message,
        /^Training stops at step 1: its (KL|loss) is Infinity, and its examples contain numbers from /,
        name,
      );
      assertMatch(message, /: scale them first, each column to a mean of 0 and a standard deviation of 1\.$/);
      vae.dispose();
    }
  }
});

Deno.test("a rare number that is not scaled is blamed at its step, and so it is when judged", async () => {
  await startBackend("wasm");
  const values = normals(256, Array(12).fill(1));
  values[12 * 200 + 7] = 1e7;
  const examples = rows(values, [256, 12]);
  const step = 1 + batches(256, 32).findIndex((indices) => indices.includes(200));
  assert(step > 1);
  const vae = denseVae({ shape: [12], latent: 3, hidden: 16, likelihood: gaussian({ variance: "learned" }) });
  const sentence =
    /: its KL is Infinity, and its examples contain numbers from -3\.\d+ to 10,000,000: scale them first,/;
  for (
    const [run, where] of [
      [() => evaluate(negativeElbo(vae), examples), "Cannot evaluate the batch that begins with example 0"],
      [() => Array.fromAsync(train(negativeElbo(vae), examples, { batchSize: 32 })), `Training stops at step ${step}`],
    ] as const
  ) {
    const { message } = await assertRejects(run, InputError);
    assertMatch(message, sentence);
    assert(message.startsWith(where), message);
  }
  vae.dispose();
});

Deno.test("scaled examples are never blamed: neither with weights too large from the start, nor with too long steps", async () => {
  await startBackend("wasm");
  const values = normals(64, Array(12).fill(1));
  values[100] = 60; // a rare and honest outlier
  const examples = rows(values, [64, 12]);
  for (
    const [weight, learningRate, wanted] of [
      [1e4, 1e-3, "before the first step: the initial weights are too large or not finite."],
      [1, 1e30, "so log σ² or μ has diverged: try a smaller learning rate."],
    ] as const
  ) {
    const vae = denseVae({ shape: [12], latent: 3, hidden: 16, likelihood: gaussian({ variance: 1 }) });
    for (const x of vae.variables) tf.tidy(() => x.assign(x.mul(weight)));
    const options = { learningRate, epochs: 50, batchSize: weight === 1 ? 64 : 8 };
    const few = weight === 1 ? examples : rows(normals(64, Array(12).fill(1)), [64, 12]);
    await assertRejects(() => Array.fromAsync(train(negativeElbo(vae), few, options)), InputError, wanted);
    vae.dispose();
  }
  const vae = denseVae({ shape: [12], latent: 3, hidden: 16, likelihood: gaussian({ variance: "per value" }) });
  for await (const { loss } of train(negativeElbo(vae), rows(normals(64, Array(12).fill(9)), [64, 12]))) {
    assert(loss! > 100, "numbers of up to 30 are bad, and may be trained on");
  }
  vae.dispose();
});

testOnBackends("of a number that is not finite the example and its place are named", async () => {
  const table = normals(6, [1, 1, 1]);
  const image = Float32Array.from({ length: 6 * 6 }, (_, i) => i / 36);
  const sets = (bad: number): [Examples, LayersVae, string][] => {
    const holed = (values: Float32Array, at: number) => Float32Array.from(values).fill(bad, at, at + 1);
    const labels = holed(Float32Array.of(0, 1, 1, 0, 1, 0), 3);
    const labelled: Examples = {
      count: 6,
      batch: (indices) => ({
        ...rows(table, [6, 3]).batch(indices),
        y: tf.tensor1d(Array.from(indices, (i) => labels[i]!)), // six of them
      }),
    };
    const images: Examples = {
      count: 6,
      batch: (indices) =>
        tf.tidy(() => ({ x: rows(holed(image, 28), [6, 6]).batch(indices).x.reshape([indices.length, 3, 2, 1]) })),
    };
    const likelihood = gaussian({ variance: 1 });
    return [
      [
        rows(holed(table, 13), [6, 3]),
        denseVae({ shape: [3], latent: 1, hidden: 2, likelihood }),
        `example 4 has ${bad} in column 1 (both are counted from 0), expected finite numbers`,
      ],
      [images, denseVae({ shape: [3, 2, 1], latent: 1, hidden: 2 }), `example 4 has ${bad} at [2,0,0] (both are`],
      [
        labelled,
        denseVae({ shape: [3], latent: 1, hidden: 2, likelihood, classes: 2 }),
        `example 3 has label ${bad} (which is counted from 0), expected class numbers from 0 to 1`,
      ],
    ];
  };
  for (const bad of [NaN, Infinity, -Infinity]) {
    const before = alive();
    const runs: ((examples: Examples, vae: LayersVae) => Promise<unknown>)[] = [
      (examples, vae) => Array.fromAsync(train(negativeElbo(vae), examples, { batchSize: 2 })),
      (examples, vae) => Array.fromAsync(train(negativeElbo(vae), examples, { batchSize: 2, readEvery: 9, epochs: 2 })),
      (examples, vae) => evaluate(negativeElbo(vae), examples, { batchSize: 4 }),
      (examples, vae) => Array.fromAsync(train(negativeElbo(vae), zeros(examples), { heldOut: examples })),
    ];
    for (const run of runs) {
      for (const [examples, vae, sentence] of sets(bad)) {
        await assertRejects(() => run(examples, vae), InputError, sentence);
        vae.dispose();
      }
    }
    for (const [examples, vae, sentence] of sets(bad)) {
      const place = sentence.slice(0, sentence.indexOf(" ("));
      if (!vae.classes) await assertRejects(() => logEvidence(vae, examples, { samples: 2 }), InputError, place);
      vae.dispose();
    }
    assertEquals(alive(), before);
  }
});

/** Examples with every number and label 0. */
const zeros = ({ count, batch }: Examples): Examples => ({
  count,
  async batch(indices) {
    const given = await batch(indices);
    const blank = tf.tidy(() => ({ x: tf.zerosLike(given.x), ...(given.y && { y: tf.zerosLike(given.y) }) }));
    tf.dispose(given);
    return blank;
  },
});
