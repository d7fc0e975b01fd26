/**
 * Every kind of training, on one core, with two workers, resumed in its middle, and its model in another process.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { random, saveVae, type Step, train, type TrainOptions, type Variable } from "../mod.ts";
import { useBackend } from "../src/backend.ts";
import { batchOf } from "../src/data/examples.ts";
import { type Gradient, gradient } from "../src/training/gradient.ts";
import { lossesOf } from "../src/training/step.ts";
import { WorkerPool } from "../src/training/workers/worker_pool.ts";
import { type Case, CASES, judged } from "./_cases.ts";
import { SILENT } from "./_resume.ts";
import { deno, granted, testIf, withTempDir } from "./_run.ts";

const canRead = await granted({ name: "read" });
const canWrite = canRead && await granted({ name: "write" });
const canRun = canWrite && await granted({ name: "run" });

/** Five steps an epoch, the last with two examples. */
const HOW: TrainOptions = { epochs: 3, batchSize: 5, learningRate: 0.01, seed: 2 };

/** What training changes. */
const changing = ({ objective: { variables, state = [] } }: Case): Variable[] => [...variables, ...state];

/** A training up to a step, from a model of its own: its records, and what it changed. */
async function trained(make: (seed: number) => Case, options: TrainOptions, { until = Infinity, seed = 7 } = {}) {
  const made = make(seed);
  const steps: Step[] = [];
  for await (const step of train(made.objective, made.examples, { heldOut: made.examples, ...options })) {
    steps.push(step);
    if (step.step === until) break;
  }
  const weights = await Promise.all(changing(made).map(async (variable) => [...await variable.data()]));
  made.dispose();
  return { losses: steps.flatMap((step) => lossesOf(step) ?? []), history: steps.at(-1)?.history, weights };
}

for (const [name, make] of Object.entries(CASES)) {
  Deno.test(`${name}: trains on one core, the same again, and leaves no tensors`, async () => {
    await useBackend("wasm");
    const before = tf.memory().numTensors;
    const first = await trained(make, { ...HOW, epochs: 20 });
    assertEquals(await trained(make, { ...HOW, epochs: 20 }), first);
    assertEquals(tf.memory().numTensors, before);
    const { train: [start], test } = first.history!; // there were steps
    assertEquals(test.length, 20);
    assertLess(test.at(-1)!.loss, start!.loss, "it has learnt");
    assert(Object.values(test.at(-1)!).every(Number.isFinite));
  });

  testIf(canRead, "permission to read", `${name}: two workers find the gradient of one, and train as one`, async () => {
    await useBackend("wasm");
    const made = make(5);
    const { objective, examples } = made;
    {
      using pool = await WorkerPool.start(objective, examples, { workers: 2, batchSize: 7 });
      const batch = await batchOf(examples, [0, 3, 5, 8, 13, 20, 21]);
      const knobs = objective.knobs?.(4) ?? {};
      const ours = await pool.gradient({ batch, noise: random(3), knobs });
      const alone = gradient(objective, { batch, noise: random(3), knobs });
      assertEquals(ours.names, alone.names);
      assertEquals(Object.keys(ours.sums), Object.keys(alone.sums));
      const all = ({ means, sums, slopes }: Gradient): Record<string, tf.Tensor> => ({ means, ...sums, ...slopes });
      const [found, wanted] = [all(ours), all(alone)];
      assertEquals(Object.keys(found), Object.keys(wanted));
      for (const [key, t] of Object.entries(wanted)) {
        const [theirs, one] = [await found[key]!.data(), Array.from(await t.data())];
        const scale = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const apart = one.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
        assertLess(apart, 1e-5 * scale + Number.MIN_VALUE, `${key}: float32 sums in another order`);
      }
      tf.dispose([batch, ours, alone]);
    }
    made.dispose();
    const [one, two] = [await trained(make, HOW), await trained(make, { ...HOW, workers: 2 })];
    assertEquals(two.losses.length, one.losses.length);
    one.losses.forEach(({ loss }, i) => assertLess(Math.abs(two.losses[i]!.loss - loss), 1e-4 * Math.abs(loss)));
    assertLess(
      Math.abs(two.history!.test[2]!.loss - one.history!.test[2]!.loss),
      1e-4 * Math.abs(one.history!.test[2]!.loss),
    );
  });

  testIf(
    canWrite,
    "--allow-read --allow-write",
    `${name}: stopped in the middle and resumed, it ends with the same bits`,
    () =>
      withTempDir(async (parent) => {
        await useBackend("wasm");
        const whole = await trained(make, HOW);
        const checkpoint = { ...SILENT, directory: `${parent}/kept` };
        const first = await trained(make, { ...HOW, checkpoint }, { until: 8 });
        const rest = await trained(make, { ...HOW, checkpoint: { ...checkpoint, resume: true } }, { seed: 8 });
        assertEquals([...first.losses, ...rest.losses], whole.losses);
        assertEquals(rest.history, whole.history);
        assertEquals(rest.weights, whole.weights);
      }),
  );

  testIf(
    canRun,
    "--allow-read --allow-write --allow-run",
    `${name}: saved, and loaded in another process, the model has the same losses to the bit`,
    () =>
      withTempDir(async (directory) => {
        await useBackend("wasm", { kernels: "simd" });
        const made = make(7);
        for await (const _ of train(made.objective, made.examples, HOW));
        await saveVae(made.model, `${directory}/model`);
        const path = new URL("_cases.ts", import.meta.url).pathname;
        const ended = await deno(["run", "--no-prompt", `--allow-read=${directory}`, path, name, `${directory}/model`]);
        assertEquals(ended.code, 0, ended.err);
        assertEquals(ended.out.trim(), await judged(made));
        const fresh = make(9);
        assertGreater(ended.out.length, 10);
        assert(ended.out.trim() !== await judged(fresh), "an untrained one has others");
        made.dispose();
        fresh.dispose();
      }),
  );
}
