import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Examples, rows } from "../src/data/examples.ts";
import { InputError } from "../src/errors.ts";
import type { Objective } from "../src/objectives/objective.ts";
import { sgd } from "../src/training/optimizers/sgd.ts";
import { evaluate } from "../src/training/evaluate.ts";
import { keepBest, type KeepBestOptions } from "../src/training/keep_best.ts";
import { train, type TrainOptions } from "../src/training/train.ts";
import { startBackend, testOnBackends } from "./_backends.ts";
import { SILENT } from "./_resume.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

/** A number that training takes to 10, and that is judged by how far it is from the `target` of the held-out example. */
function approach(): Objective & { at: tf.Variable } {
  const at = tf.tidy(() => tf.variable(tf.tensor1d([0])));
  return {
    at,
    variables: [at],
    terms({ x }) {
      const loss = x.sub(at).square().sum(1) as tf.Tensor1D;
      return { loss, parts: {} };
    },
  };
}

const one = (value: number): Examples => rows(Float32Array.of(value), [1, 1]);
/** Each epoch is a step that halves the distance to 10: 5, 7.5, 8.75, 9.375, … */
const HALVING: TrainOptions = { epochs: 8, optimizer: sgd(), learningRate: 0.25 };

/** Trains; returns the steps taken and where the number is in the end. */
async function kept(
  target: number,
  options: KeepBestOptions,
  { until = Infinity, ...more }: TrainOptions & { until?: number } = {},
) {
  const objective = approach();
  const steps: number[] = [];
  const training = train(objective, one(10), { ...HALVING, heldOut: one(target), ...more });
  for await (const { step } of keepBest(training, objective, options)) {
    steps.push(step);
    if (step === until) break;
  }
  const [at] = await objective.at.data();
  const { loss } = await evaluate(objective, one(target));
  objective.at.dispose();
  return { steps: steps.length, at, loss };
}

testOnBackends("the weights of the best epoch are back in the end, and patience ends it early", async () => {
  const before = tf.memory().numTensors;
  // Distances to 7: 2, 0.5, 1.75, 2.375, …; the second epoch is the best.
  assertEquals(await kept(7, {}), { steps: 8, at: 7.5, loss: 0.25 });
  assertEquals(await kept(7, { patience: 1 }), { steps: 3, at: 7.5, loss: 0.25 });
  assertEquals(await kept(7, { patience: 3 }), { steps: 5, at: 7.5, loss: 0.25 });
  assertEquals((await kept(10, { patience: 1 })).steps, 8, "every epoch is better");
  assertEquals(await kept(0, { patience: 2 }), { steps: 3, at: 5, loss: 25 }, "the first is the best");
  assertEquals(tf.memory().numTensors, before, "nothing is left");
});

Deno.test("epochs that come near do not count as better, and a better one gives new patience", async () => {
  await startBackend("cpu");
  const losses = [5, 4, 4, 4.5, 3, 3, 3, 2];
  const model = { variables: [tf.tidy(() => tf.variable(tf.scalar(0)))] };
  async function* steps() {
    for (const [i] of losses.entries()) {
      tf.tidy(() => model.variables[0]!.assign(tf.scalar(i + 1)));
      const test = losses.slice(0, i + 1).map((loss) => ({ loss, reconstruction: loss, kl: 0 }));
      const rest = { steps: 8, epoch: i + 1, epochs: 8, batch: 1, judged: true, history: { train: test, test } };
      yield { step: 2 * i + 1, epochEnds: false, ...rest };
      yield await Promise.resolve({ step: 2 * i + 2, epochEnds: true, ...rest });
    }
  }
  for (const [patience, [taken, best]] of [[1, [6, 2]], [2, [8, 2]], [3, [16, 8]]] as const) {
    const found = await Array.fromAsync(keepBest(steps(), model, { patience }));
    assertEquals([found.length, (await model.variables[0]!.data())[0]], [taken, best], `patience ${patience}`);
  }
  tf.dispose(model.variables);
});

testOnBackends("whoever leaves the loop has the best weights too, whether by break or by an error", async () => {
  const before = tf.memory().numTensors;
  assertEquals(await kept(7, {}, { until: 4 }), { steps: 4, at: 7.5, loss: 0.25 });
  assertEquals(await kept(7, {}, { until: 1 }), { steps: 1, at: 5, loss: 4 });
  const objective = approach();
  const failing = async (spoilt: boolean) => {
    const objectiveThen = spoilt ? { ...objective, terms: spoil(objective, 4) } : objective;
    for await (const { step } of keepBest(train(objectiveThen, one(10), { ...HALVING, heldOut: one(7) }), objective)) {
      if (step === 4) throw new TypeError("mine");
    }
  };
  await assertRejects(() => failing(false), TypeError, "mine");
  assertEquals([...await objective.at.data()], [7.5]);
  tf.tidy(() => objective.at.assign(tf.tensor1d([0])));
  await assertRejects(() => failing(true), InputError, "Training stops at step 4");
  assertEquals([...await objective.at.data()], [7.5], "after a training that went wrong, too");
  objective.at.dispose();
  assertEquals(tf.memory().numTensors, before);
});

/** Terms that are NaN from a training step on; each epoch here asks for them twice, once to judge. */
function spoil(objective: Objective, from: number): Objective["terms"] {
  let asked = 0;
  return (batch, noise, knobs) => {
    const terms = objective.terms(batch, noise, knobs);
    return ++asked >= 2 * from - 1 ? { ...terms, loss: terms.loss.mul(NaN) as tf.Tensor1D } : terms;
  };
}

Deno.test("left before an epoch has ended, the weights stay as they are", async () => {
  await startBackend("cpu");
  const objective = approach();
  const examples = rows(Float32Array.of(10, 10), [2, 1]);
  const training = train(objective, examples, { ...HALVING, batchSize: 1, heldOut: one(0) });
  for await (const _ of keepBest(training, objective, { patience: 1 })) break;
  assertEquals([...await objective.at.data()], [5]);
  objective.at.dispose();
});

Deno.test("what an objective keeps beside its weights is put back with them", async () => {
  await startBackend("wasm");
  const count = tf.tidy(() => tf.variable(tf.scalar(0)));
  const objective = approach();
  const training = train(objective, one(10), { ...HALVING, heldOut: one(7) });
  for await (const { step } of keepBest(counted(training), { variables: objective.variables, state: [count] })) {
    assertEquals((await count.data())[0], step);
  }
  assertEquals([(await count.data())[0], (await objective.at.data())[0]], [2, 7.5]);
  tf.dispose([count, objective.at]);
  async function* counted(steps: typeof training) {
    for await (const step of steps) {
      tf.tidy(() => count.assign(tf.scalar(step.step)));
      yield step;
    }
  }
});

Deno.test("without held-out examples, or with a patience that is none: a sentence, and nothing is left", async () => {
  await startBackend("cpu");
  const before = tf.memory().numTensors;
  const objective = approach();
  const steps: number[] = [];
  const unjudged = async () => {
    const training = train(objective, rows(new Float32Array(9), [9, 1]), { ...HALVING, batchSize: 1 });
    for await (const { step } of keepBest(training, objective, { patience: 2 })) steps.push(step);
  };
  await assertRejects(unjudged, InputError, "keepBest needs held-out examples: give train the option heldOut.");
  assertEquals(steps, [], "at the first step already");
  for (const patience of [0, -1, 1.5, NaN]) {
    await assertRejects(
      () => kept(7, { patience }),
      RangeError,
      `patience must be a whole number of at least 1, not ${patience}.`,
    );
  }
  objective.at.dispose();
  assert(tf.memory().numTensors <= before + 4, "the four objectives of kept");
});

testIf(
  await granted({ name: "write" }) && await granted({ name: "read" }),
  "--allow-read --allow-write",
  "a resumed training keeps the best epoch since, and checkpoints hold their own steps' weights",
  () =>
    withTempDir(async (parent) => {
      await startBackend("wasm");
      const checkpoint = { ...SILENT, directory: `${parent}/kept`, resume: true };
      assertEquals((await kept(7, { patience: 1 }, { checkpoint })).at, 7.5);
      const { at, steps } = await kept(7, {}, { checkpoint, until: 4 }); // the record of step 3, then step 4
      assertEquals([at, steps], [8.75, 2]);
      assertGreater((await kept(7, {}, { checkpoint })).at!, 9.3);
    }),
);
