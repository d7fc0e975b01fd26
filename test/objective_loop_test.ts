/**
 * What the training loop asks of an objective besides its terms: knobs, state, sums, metrics; and of examples: noise, and a
 * fingerprint.
 */
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Examples, rows } from "../src/data/examples.ts";
import { InputError } from "../src/errors.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { negativeElbo } from "../src/objectives/negative_elbo.ts";
import type { Objective } from "../src/objectives/objective.ts";
import { linear, type Schedule } from "../src/schedules.ts";
import { evaluate } from "../src/training/evaluate.ts";
import { type Step, train, type TrainOptions } from "../src/training/train.ts";
import { noiseOfRows } from "../src/training/workers/shared_memory.ts";
import { random } from "../src/random.ts";
import { startBackend, testOnBackends } from "./_backends.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const canWrite = await granted({ name: "write" }) && await granted({ name: "read" });
const testFiles = (name: string, fn: (directory: string) => Promise<void>) =>
  testIf(canWrite, "--allow-read --allow-write", name, () => withTempDir((parent) => fn(`${parent}/kept`)));

/** 1, 2, 4, 8, 16: sums of some tell which. */
const POWERS = rows(Float32Array.of(1, 2, 4, 8, 16), [5, 1]);

/**
 * Moves a number towards the examples; its state is how much it has seen, its metric the largest of its sums over how many
 * there were. What it is asked is kept.
 */
function counting() {
  const [at, seen] = [0, 0].map((value) => tf.tidy(() => tf.variable(tf.tensor1d([value])))) as [
    tf.Variable,
    tf.Variable,
  ];
  const knobs: unknown[] = [];
  const updates: number[] = [];
  const objective: Objective<"distance", "average"> = {
    variables: [at],
    state: [seen],
    terms({ x }, _, told) {
      knobs.push(told);
      const distance = x.sub(at).square().sum(1) as tf.Tensor1D;
      const sums = { total: x.sum(), count: tf.scalar(x.shape[0]!) }; // a batch
      return { loss: distance.mul(0.5), parts: { distance }, sums };
    },
    update({ total }, { x }) {
      updates.push(x.shape[0]!);
      if (total) seen.assign(seen.add(total));
    },
    metrics: ({ total, count }) => ({ average: tf.div(total!, count!) }), // as above
    knobs: (step) => ({ step: step === Infinity ? "last" : step }),
  };
  return { objective, at, seen, knobs, updates, dispose: () => tf.dispose([at, seen]) };
}

testOnBackends("state moves by update alone, after every step; metrics are of a batch's sums, or of all", async () => {
  const { objective, seen, knobs, updates, dispose } = counting();
  const before = tf.memory().numTensors;
  const records: Step<"distance" | "average">[] = [];
  const options = { batchSize: 2, epochs: 2, heldOut: POWERS, readEvery: 1, seed: 3 };
  for await (const step of train(objective, POWERS, options)) records.push(step);
  assertEquals(tf.memory().numTensors, before);
  assertEquals(updates, [2, 2, 1, 2, 2, 1], "never for the held-out examples");
  assertEquals([...await seen.data()], [2 * 31]);
  const mean = (indices: number[]) => indices.reduce((sum, i) => sum + 2 ** i, 0) / indices.length;
  const order = random(3).split();
  const batches = [1, 2].flatMap(() => {
    const shuffled = order.permutation(5);
    return [[0, 2], [2, 4], [4, 5]].map(([from, to]) => Array.from(shuffled.subarray(from, to)));
  });
  assertEquals(records.map(({ average }) => average), batches.map(mean));
  const { history } = records.at(-1)!; // there were six
  for (const { average, loss, distance } of history.train) {
    assertLess(Math.abs(average - 31 / 5), 1e-5, "averaged over examples");
    assertLess(Math.abs(loss - distance / 2), 1e-5);
  }
  for (const { average } of history.test) assertLess(Math.abs(average - 31 / 5), 1e-5);
  assertEquals(
    knobs.filter((told) => JSON.stringify(told) !== '{"step":"last"}'),
    [1, 2, 3, 4, 5, 6].map((step) => ({ step })),
  );
  knobs.length = 0;
  const inParts = await evaluate(objective, POWERS, { batchSize: 2 });
  assertLess(Math.abs(inParts.average - 31 / 5), 1e-5, "of all sums, and no mean of 1.5, 6 and 16");
  assertEquals(knobs, Array(3).fill({ step: "last" }));
  assertEquals([...await seen.data(), tf.memory().numTensors], [62, before], "evaluation changes nothing");
  dispose();
});

Deno.test("a part or a metric cannot be called as a record's own field, nor have another shape than [B]", async () => {
  await startBackend("cpu");
  const { objective, dispose } = counting();
  const run = (change: Partial<Objective>) => Array.fromAsync(train({ ...objective as Objective, ...change }, POWERS));
  const taken = (name: string) =>
    `A part of a loss cannot be named "${name}": every step's record already has a field of that name.`;
  for (const name of ["step", "history", "loss", "batch"]) {
    const terms: Objective["terms"] = ({ x }) => {
      const loss = x.sum(1) as tf.Tensor1D;
      return { loss, parts: { [name]: loss } };
    };
    await assertRejects(() => run({ terms }), RangeError, taken(name));
    const before = tf.memory().numTensors;
    await assertRejects(() => run({ metrics: () => ({ [name]: tf.scalar(1) }) }), RangeError, taken(name));
    assertEquals(tf.memory().numTensors, before);
  }
  const wide: Objective["terms"] = ({ x }) => ({
    loss: x.sum(1) as tf.Tensor1D,
    parts: { wide: x as unknown as tf.Tensor1D },
  });
  const sentence = "The objective's wide has shape [5,1]; expected one number per example, [B].";
  await assertRejects(() => run({ terms: wide }), RangeError, sentence);
  dispose();
});

/** Examples that are changed at random where there is noise. */
const shaken: Examples = {
  count: 6,
  batch: (indices, noise) => ({
    x: tf.tensor2d(Array.from(indices, (i) => [i / 6 + (noise ? noise.uniform() / 6 : 0), 0.5])),
  }),
};

testFiles(
  "examples are changed at random to train on, not to judge by, and a resumed training goes on to the bit",
  async (directory) => {
    await startBackend("wasm");
    const trained = async (options: TrainOptions, until = Infinity) => {
      const vae = denseVae({ latent: 1, hidden: 3, shape: [2] });
      const losses = [];
      for await (const { loss, step } of train(negativeElbo(vae), shaken, { batchSize: 2, epochs: 3, ...options })) {
        if (loss !== undefined) losses.push(loss);
        if (step === until) break;
      }
      vae.dispose();
      return losses;
    };
    const whole = await trained({});
    const still = await trained({ seed: 0 });
    assertEquals(whole, still, "the same seed, the same changes");
    const checkpoint = { directory, warn: () => {} };
    const first = await trained({ checkpoint }, 4);
    const rest = await trained({ checkpoint: { ...checkpoint, resume: true } });
    assertEquals([...first, ...rest], whole);
    const drawn: (number | undefined)[] = [];
    const asked: Examples = { count: 6, batch: (i, noise) => (drawn.push(noise?.uniform()), shaken.batch(i)) };
    const vae = denseVae({ latent: 1, hidden: 3, shape: [2] });
    for await (const _ of train(negativeElbo(vae), asked, { batchSize: 6, epochs: 3, heldOut: asked }));
    assertEquals(drawn.map((value) => value === undefined), [false, true, false, true, false, true]);
    assertEquals(new Set(drawn).size, 4, "three draws, no two alike, and undefined");
    vae.dispose();
  },
);

testFiles("examples with a fingerprint are known by it, and others by all they hold, labels too", async (directory) => {
  await startBackend("cpu");
  const values = Float32Array.from({ length: 8 }, (_, i) => i / 8);
  const labelled = (labels: number[], fingerprint?: string): Examples => ({
    count: 4,
    ...(fingerprint !== undefined && { fingerprint }),
    batch: (indices) => ({
      ...rows(values, [4, 2]).batch(indices),
      y: tf.tensor1d(Array.from(indices, (i) => labels[i]!)), // four of them
    }),
  });
  const run = async (name: string, examples: Examples, resume: boolean) => {
    const vae = denseVae({ latent: 1, hidden: 2, shape: [2], classes: 3 });
    const checkpoint = { directory: directory + name, resume, warn: () => {} };
    await Array.fromAsync(train(negativeElbo(vae), examples, { checkpoint })).finally(() => vae.dispose());
  };
  await run("-hash", labelled([0, 1, 2, 0]), false);
  await run("-hash", labelled([0, 1, 2, 0]), true);
  await assertRejects(() => run("-hash", labelled([0, 1, 2, 1]), true), InputError, "has examples that hash to");
  await run("-print", labelled([0, 1, 2, 0], "v3"), false);
  await run("-print", labelled([0, 1, 2, 1], "v3"), true);
  const sentence = 'has examples that hash to "v3", but this one has "v4".';
  await assertRejects(() => run("-print", labelled([0, 1, 2, 0], "v4"), true), InputError, sentence);
});

testFiles("where the knobs of a resumed training are others than they were, it is said", async (directory) => {
  await startBackend("cpu");
  const warnings: string[] = [];
  const run = async (beta: number | Schedule, until: number) => {
    const vae = denseVae({ latent: 1, hidden: 2, shape: [2] });
    const checkpoint = { directory, resume: true, warn: (sentence: string) => void warnings.push(sentence) };
    const examples = rows(new Float32Array(40), [20, 2]);
    for await (const { step } of train(negativeElbo(vae, { beta }), examples, { batchSize: 1, checkpoint })) {
      if (step === until) break;
    }
    vae.dispose();
  };
  await run(linear(0, 1, 10), 5);
  await run(linear(0, 1, 10), 6);
  await run(linear(0, 1, 20), 8);
  await run(1, 10);
  const [, same, slower, none] = warnings;
  assertEquals(same, "Resuming after step 5.");
  assertStringIncludes(slower!, "Resuming after step 6, with a different beta (0.25 instead of 0.5).");
  assertStringIncludes(none!, "Resuming after step 8, with a different beta (1 instead of 0.35).");
});

Deno.test("noise for some rows of a batch is that of the whole batch, in any shape that has a row each", async () => {
  await startBackend("wasm");
  for (const rest of [[], [3], [4, 2]]) {
    const whole = random(6).normal([7, ...rest]);
    const parts = [[0, 3], [3, 6], [6, 7]].map(([from = 0, to = 0]) =>
      noiseOfRows(random(6), { from, to, whole: 7 }).normal([to - from, ...rest])
    );
    const joined = tf.concat(parts);
    assertEquals([joined.shape, await joined.data()], [whole.shape, await whole.data()]);
    tf.dispose([whole, parts, joined]);
  }
  const shared = [0, 3].map((from) => noiseOfRows(random(6), { from, to: from + 3, whole: 7 }).normal([5, 2]));
  assertEquals(await shared[0]!.data(), await shared[1]!.data(), "what has no row for each is the same for all");
  assert((await shared[0]!.data()).some((value) => value !== 0));
  tf.dispose(shared);
});
