import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { type Examples, rows } from "../src/data/examples.ts";
import { convVae } from "../src/models/conv_vae.ts";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { layersVae } from "../src/models/vae.ts";
import { negativeElbo } from "../src/objectives/negative_elbo.ts";
import type { Objective } from "../src/objectives/objective.ts";
import type { Checkpoint } from "../src/training/checkpoints/file.ts";
import { CheckpointDirectory } from "../src/training/checkpoints/directory.ts";
import { type Step, train, type TrainOptions } from "../src/training/train.ts";
import { startBackend } from "./_backends.ts";
import { HOW, IMAGES, SILENT, trained } from "./_resume.ts";
import { killedAndResumed } from "./_kills.ts";
import { granted, ROOT, testIf, withTempDir } from "./_run.ts";

const canWrite = await granted({ name: "write" }) && await granted({ name: "read" });
const canRun = canWrite && await granted({ name: "run" });
const testFiles = (name: string, fn: (directory: string) => Promise<void>) =>
  testIf(canWrite, "--allow-read --allow-write", name, () => withTempDir((parent) => fn(`${parent}/kept`)));

/** The steps that a directory has a checkpoint of. */
const stepsIn = (directory: string) =>
  [...Deno.readDirSync(directory)].flatMap(({ name }) => name.startsWith("step-") ? [parseInt(name.slice(5))] : [])
    .sort((a, b) => a - b);

/** The newest checkpoint in a directory. */
async function newest(directory: string): Promise<Checkpoint> {
  using files = await CheckpointDirectory.open(directory, true);
  return files.found!;
}

/** Writes a checkpoint into a new directory. */
async function write(directory: string, checkpoint: Checkpoint): Promise<void> {
  using files = await CheckpointDirectory.open(directory, false);
  await files.save(checkpoint);
}

/** What can be told of a step. */
const told = ({ history: _, ...rest }: Step) => rest;

for (const backend of ["wasm", "cpu"] as const) {
  testFiles(`N steps, a stop and the rest are all the steps at once, bit for bit, on ${backend}`, async (directory) => {
    await startBackend(backend);
    const whole = await trained(HOW);
    const before = tf.memory().numTensors;
    for (const stop of [1, 5, 6, 7, 13, 17, 18]) { // in the middle, at the end, and after the end of an epoch
      const checkpoint = { ...SILENT, directory: `${directory}-${stop}` };
      const first = await trained({ ...HOW, checkpoint }, { until: stop });
      assertEquals(first.steps.map(told), whole.steps.slice(0, stop).map(told));
      const rest = await trained({ ...HOW, checkpoint: { ...checkpoint, resume: true } }, { seed: 8 });
      const [at, ...after] = rest.steps;
      assertEquals([at.step, at.batch, at.loss], [
        stop,
        at.epoch * 22 - (at.epochEnds ? 0 : 22 - stop % 6 * 4),
        undefined,
      ]);
      assertEquals(after.map(told), whole.steps.slice(stop).map(told), `after ${stop}`);
      assertEquals(rest.weights, whole.weights, `weights after a stop at ${stop}`);
      assertEquals(at.history, whole.steps[0].history);
    }
    assertEquals(tf.memory().numTensors, before);
  });
}

testFiles(
  "a training that is stopped again and again, and asked for more epochs, is still the same",
  async (directory) => {
    await startBackend("wasm");
    const whole = await trained(HOW);
    const losses = [];
    for (const [epochs, until] of [[1, Infinity], [2, 8], [3, 11], [3, 12], [3, 17], [3, Infinity]]) {
      const checkpoint = { ...SILENT, directory, resume: true };
      const { steps, weights } = await trained({ ...HOW, epochs, checkpoint }, { until });
      losses.push(...steps.filter(({ loss }) => loss !== undefined).map(({ loss }) => loss));
      if (losses.length === 18) assertEquals(weights, whole.weights);
    }
    assertEquals(losses, whole.steps.map(({ loss }) => loss));
    const { steps } = await trained({ ...HOW, checkpoint: { ...SILENT, directory, resume: true } });
    assertEquals(steps.map(({ step, epochEnds }) => [step, epochEnds]), [[18, true]], "there is nothing left to do");
    await assertRejects(
      () => trained({ ...HOW, epochs: 2, checkpoint: { ...SILENT, directory, resume: true } }),
      InputError,
      `The training run in ${directory} is already in epoch 3, but epochs is 2.`,
    );
  },
);

testFiles(
  "checkpoints are written every so many steps, where an epoch ends, and where the loop is left",
  async (directory) => {
    await startBackend("wasm");
    const written: Record<number, number[]> = {};
    const said = ({ step }: Step) => {
      written[step] = stepsIn(directory);
    };
    await trained({ ...HOW, checkpoint: { ...SILENT, directory, every: 4 } }, { until: 10, said });
    said({ step: 99 } as Step);
    const expected = {
      1: [0],
      3: [0],
      4: [0, 4],
      5: [0, 4],
      6: [4, 6],
      7: [4, 6],
      8: [6, 8],
      9: [6, 8],
      10: [6, 8],
      99: [8, 10],
    };
    for (const [step, steps] of Object.entries(expected)) {
      assertEquals(
        written[Number(step)],
        steps,
        `at ${step}`,
      );
    }
    await assertRejects(
      () => trained({ ...HOW, checkpoint: { ...SILENT, directory, every: 0 } }),
      RangeError,
      "checkpoint.every",
    );
  },
);

testFiles(
  "a directory with a training in it is not begun anew, and another training does not go on with it",
  async (directory) => {
    await startBackend("wasm");
    const rowsOf = (...values: number[]): Examples => rows(Float32Array.from(values), [values.length / 2, 2]);
    const data = rowsOf(0.5, 1, 0, 0.25, 1, 1);
    const run = async (options: TrainOptions, examples: Examples = data, latent = 2) => {
      const vae = denseVae({ latent, hidden: 3, shape: [2] });
      try {
        return await Array.fromAsync(train(negativeElbo(vae), examples, { batchSize: 2, ...options }));
      } finally {
        vae.dispose();
      }
    };
    await run({ checkpoint: { ...SILENT, directory } });
    await assertRejects(
      () => run({ checkpoint: { ...SILENT, directory } }),
      InputError,
      `${directory} already holds a training run at step 2`,
    );
    const before = tf.memory().numTensors;
    const cases: [TrainOptions, Examples | undefined, number | undefined, string][] = [
      [{ batchSize: 3 }, undefined, undefined, "has batches of 2, but this one has 3."],
      [{ seed: 5 }, undefined, undefined, "has the seed 0, but this one has 5."],
      [{}, rowsOf(0.5, 1, 0, 0.25), undefined, "has examples: 3, but this one has 2."],
      [{}, rowsOf(0.5, 1, 0, 0.25, 1, 0.5), undefined, "has examples that hash to"],
      [{}, rowsOf(0, 1, 0, 0.25, 1, 1), undefined, "has examples that hash to"],
      [{}, rowsOf(0.5, 1, 0, 0.5, 1, 1), undefined, "has examples that hash to"], // neither the first nor the last
      [{ heldOut: data }, undefined, undefined, "has held-out examples: nothing, but this one has 3."],
      [{}, undefined, 3, "has variables of shape [3,2], but this one has [3,3]"],
    ];
    for (const [options, examples, latent, sentence] of cases) {
      await assertRejects(
        () => run({ ...options, epochs: 2, checkpoint: { ...SILENT, directory, resume: true } }, examples, latent),
        InputError,
        sentence,
      );
    }
    assertEquals(tf.memory().numTensors, before);
    assertEquals(
      (await run({ epochs: 2, checkpoint: { ...SILENT, directory, resume: true } })).map(({ step }) => step),
      [
        2,
        3,
        4,
      ],
    );
  },
);

testFiles("a damaged newest checkpoint: the one before, and a sentence about it", async (directory) => {
  await startBackend("wasm");
  const whole = await trained(HOW);
  await trained({ ...HOW, checkpoint: { ...SILENT, directory, every: 4 } }, { until: 10 });
  const newest = `${directory}/step-00000010.checkpoint`;
  const bytes = await Deno.readFile(newest);
  bytes[1000] ^= 1;
  await Deno.writeFile(newest, bytes);
  const warnings: string[] = [];
  const checkpoint = { directory, every: 4, resume: true, warn: (sentence: string) => void warnings.push(sentence) };
  const { steps, weights } = await trained({ ...HOW, checkpoint });
  assertEquals([steps[0].step, warnings.length], [8, 2]);
  assertStringIncludes(warnings[0], "step-00000010");
  assertEquals(warnings[1], "Resuming after step 8.");
  assertEquals(weights, whole.weights);
});

testFiles("a checkpoint that cannot be written stops the writing, not the training, and says so", async (directory) => {
  await startBackend("wasm");
  const whole = await trained(HOW);
  const warnings: string[] = [];
  const said = ({ step }: Step) => {
    if (step === 5) Deno.mkdirSync(`${directory}/step-00000008.checkpoint.partial`); // in the way
    assertEquals(warnings.length, step < 8 ? 0 : 1);
  };
  const checkpoint = { directory, every: 4, warn: (sentence: string) => void warnings.push(sentence) };
  const { weights } = await trained({ ...HOW, checkpoint }, { said });
  assertEquals(weights, whole.weights);
  assertStringIncludes(warnings[0], `${directory}/step-00000008.checkpoint`);
  assertStringIncludes(warnings[0], ". Training continues without it.");
  Deno.mkdirSync(`${directory}-b`);
  const left = { ...checkpoint, directory: `${directory}-b` };
  const block = ({ step }: Step) => {
    if (step === 3) Deno.mkdirSync(`${directory}-b/step-00000003.checkpoint.partial`);
  };
  await trained({ ...HOW, checkpoint: left }, { said: block, until: 3 }); // where the loop is left, too
  assertStringIncludes(warnings[1], `${directory}-b/step-00000003.checkpoint`);
});

testFiles("where a resumed training goes on, and what is no longer as it was, is said", async (directory) => {
  const { kernels } = await useBackend("wasm");
  const warnings: string[] = [];
  const warn = (sentence: string) => void warnings.push(sentence);
  const run = async (options: TrainOptions = {}, until = Infinity) => {
    warnings.length = 0;
    const checkpoint = { directory, warn, resume: true };
    return { ...await trained({ ...HOW, ...options, checkpoint }, { until }), said: warnings.join(" ") };
  };
  await trained({ ...HOW, checkpoint: { directory: `${directory}-new`, warn } }, { until: 1 });
  assertEquals(warnings, [], "nobody asked to resume");
  assertEquals((await run({}, 4)).said, `There is no checkpoint in ${directory}: training starts at step 1.`);
  assertEquals((await run({}, 6)).said, "Resuming after step 4.");

  const good = await newest(directory);
  const facts = good.facts as { about: object; how: Record<string, unknown> };
  assertEquals(facts.how, { learningRate: 0.01, knobs: { beta: 1 }, workers: 1, kernels });
  const changed = async (name: string, change: Record<string, unknown>, options?: TrainOptions) => {
    directory = `${directory}-${name}`;
    await write(directory, { ...good, facts: { ...facts, ...change } });
    return (await run(options, 6)).said;
  };
  assertEquals(
    await changed("kernels", { how: { ...facts.how, kernels: "other" } }),
    `Resuming after step 6, with a different build of the kernels (${kernels} instead of other). ` +
      "The numbers will differ by rounding from those of an uninterrupted run.",
  );
  assertEquals(
    await changed("workers", {}, { workers: 2, learningRate: 0.5 }),
    "Resuming after step 6, with a different learning rate (0.5 instead of 0.01) and a different number of workers (2 instead of 1). " +
      "The numbers will differ by rounding from those of an uninterrupted run.",
  );
  await assertRejects(
    () => changed("version", { about: { ...facts.about, version: 7 } }),
    InputError,
    "has checkpoints of version 7, but this one has 3.",
  );
  await assertRejects(
    () => changed("how", { how: { ...facts.how, learningRate: "1" } }),
    InputError,
    "The checkpoint of step 6 in ",
  );
});

testFiles("resumed with another learning rate, a training takes the same step, so much longer", async (directory) => {
  await startBackend("wasm");
  const weights: number[][] = [];
  const warnings: string[] = [];
  const warn = (sentence: string) => void warnings.push(sentence);
  const first = { directory: `${directory}-1`, every: 6, warn };
  weights.push((await trained({ ...HOW, checkpoint: first }, { until: 6 })).weights.flat());
  const good = await newest(first.directory);
  for (const [learningRate, copy] of [[0.01, "-2"], [0.03, "-3"]] as const) {
    await write(directory + copy, good);
    const checkpoint = { directory: directory + copy, warn, resume: true };
    weights.push((await trained({ ...HOW, learningRate, checkpoint }, { until: 7 })).weights.flat());
  }
  const [before, same, longer] = weights;
  const size = Math.max(...before.map(Math.abs));
  for (const [i, from] of before.entries()) {
    assertLess(Math.abs(3 * (same[i] - from) - (longer[i] - from)), 1e-6 * (1 + size)); // float32
  }
  assertLess(1e-3, Math.max(...same.map((to, i) => Math.abs(to - before[i]))), "it moved");
  assertEquals(warnings, [
    "Resuming after step 6.",
    "Resuming after step 6, with a different learning rate (0.03 instead of 0.01).",
  ]);
});

testFiles("other data are refused, wherever they differ", async (directory) => {
  await startBackend("cpu");
  const values = Float32Array.from({ length: 300 }, (_, i) => i % 7 / 7);
  const run = async (values: Float32Array, heldOut: Float32Array, resume = true) => {
    const vae = denseVae({ latent: 1, hidden: 1, shape: [1] });
    const [examples, judges] = [values, heldOut].map((values) => rows(values, [values.length, 1]));
    const checkpoint = { ...SILENT, directory, resume };
    const steps = train(negativeElbo(vae), examples, { batchSize: 300, heldOut: judges, checkpoint });
    try {
      await Array.fromAsync(steps);
    } finally {
      vae.dispose();
    }
  };
  await run(values, values, false);
  await run(values, values);
  for (const at of [0, 1, 127, 128, 200, 256, 299]) {
    const other = values.with(at, 1);
    await assertRejects(() => run(other, values), InputError, "has examples that hash to", `${at}`);
    await assertRejects(() => run(values, other), InputError, "has held-out examples that hash to", `${at}`);
  }
});

/** An objective of small networks, one of which has a network as a layer; each has a layer that training does not change. */
function ofNetworks({ activation = "relu", frozen = 1, frozenToo = 1, inner = "relu" } = {}) {
  const x = tf.input({ shape: [3] });
  const [still, stillToo] = [frozen, frozenToo].map((value) =>
    tf.layers.dense({ units: 4, kernelInitializer: tf.initializers.constant({ value }), trainable: false })
  );
  type Activation = "relu" | "tanh";
  const within = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [4], units: 4, activation: inner as Activation })],
  });
  const h = within.apply(still.apply(x));
  const [mu, logVar] = [1, 2].map(() => tf.layers.dense({ units: 2 }).apply(h) as tf.SymbolicTensor);
  const decoder = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [2], units: 4, activation: activation as Activation }),
      stillToo,
      tf.layers.dense({ units: 3 }),
    ],
  });
  return negativeElbo(layersVae(tf.model({ inputs: x, outputs: [mu, logVar] }), decoder));
}

testFiles("another network, of the same shapes, is refused", async (directory) => {
  await startBackend("cpu");
  const examples = rows(new Float32Array(12), [4, 3]);
  const run = (objective: Objective, resume = true) =>
    Array.fromAsync(train(objective, examples, { checkpoint: { ...SILENT, directory, resume } }));
  await run(ofNetworks(), false);
  await run(ofNetworks()); // layers of other names
  const { recipe: _, ...own } = ofNetworks({ activation: "tanh" });
  await run(own); // without a recipe its shapes are all there is
  const cases = [
    [{ activation: "tanh" }, "has a different decoder: its layer 0 (Dense) has activation relu, expected tanh."],
    [
      { inner: "tanh" },
      "has a different encoder: its layer 2 (Sequential): its layer 0 (Dense) has activation relu, expected",
    ],
    [{ frozen: 2 }, "has frozen weights that hash to"],
    [{ frozenToo: 2 }, "has frozen weights that hash to"],
  ] as const;
  for (const [how, sentence] of cases) await assertRejects(() => run(ofNetworks(how)), InputError, sentence);
});

testFiles("what keeps checkpoints from being written is said once, until it is something else", async (directory) => {
  await startBackend("wasm");
  const warnings: string[] = [];
  const warn = (sentence: string) => void warnings.push(sentence);
  const { rename } = Deno;
  const full = () =>
    Promise.reject(Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" }));
  const broken = (from: string | URL) =>
    // Deno's own message names the file, and so the step
    Promise.reject(Object.assign(new Error(`Input/output error (os error 5): rename '${from}'`), { code: "EIO" }));
  const said = ({ step }: Step) => {
    if (step === 2) Deno.rename = full; // as at steps 3, 4, 5
    if (step === 5) Deno.rename = broken; // 6, 7
    if (step === 7) Deno.rename = rename; // 8
    if (step === 8) Deno.rename = broken; // 9 and on
  };
  try {
    await trained({ ...HOW, checkpoint: { directory, every: 1, warn } }, { said });
  } finally {
    Deno.rename = rename;
  }
  assertEquals(warnings.map((sentence) => sentence.match(/step-0+(\d+)\.checkpoint: (\w+)/)!.slice(1)), [
    ["3", "No"],
    ["6", "Input"],
    ["9", "Input"],
  ]);
});

testFiles("a bug in the writing ends the training, and is not taken for a full disk", async (directory) => {
  await startBackend("wasm");
  const { rename } = Deno;
  const warnings: string[] = [];
  const said = ({ step }: Step) => {
    if (step === 3) Deno.rename = () => Promise.reject(new TypeError("mine"));
  };
  const checkpoint = { directory, every: 4, warn: (sentence: string) => void warnings.push(sentence) };
  try {
    await assertRejects(() => trained({ ...HOW, checkpoint }, { said }), TypeError, "mine");
  } finally {
    Deno.rename = rename;
  }
  assertEquals(warnings, []);
});

testFiles("where a training diverges, the last good checkpoint is kept, however the loop is left", async (parent) => {
  await startBackend("wasm");
  await Deno.mkdir(parent);
  for (const own of [false, true]) {
    const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
    const objective = negativeElbo(vae);
    let steps = 0;
    const failing: typeof objective = {
      ...objective,
      terms(batch, noise, knobs) {
        const terms = objective.terms(batch, noise, knobs);
        return ++steps === 5 ? { ...terms, loss: terms.loss.mul(NaN) as tf.Tensor1D } : terms;
      },
    };
    const examples = rows(new Float32Array(20), [10, 2]);
    const directory = `${parent}/${own}`;
    const options = { batchSize: 1, readEvery: 7, checkpoint: { ...SILENT, directory, every: 4 } };
    const left = async () => {
      for await (const { step } of train(failing, examples, options)) {
        if (step < 6) continue;
        if (own) throw new TypeError("mine");
        break;
      }
    };
    if (own) await assertRejects(left, TypeError, "mine");
    else await assertRejects(left, InputError, "Training stops at step 5: its loss is NaN"); // found where it is left
    assertEquals((await newest(directory)).step, 4);
    vae.dispose();
  }
});

testFiles("a checkpoint whose contents are none of a training is refused, whatever they are", async (directory) => {
  await startBackend("wasm");
  await trained({ ...HOW, checkpoint: { ...SILENT, directory } }, { until: 3 });
  const good = await newest(directory);
  const facts = good.facts as { at: Record<string, unknown> };
  const at = (change: Record<string, unknown>) => ({ ...facts, at: { ...facts.at, ...change } });
  const hostile: unknown[] = [
    ...[{ step: 2 }, { epoch: 9 }, { taken: -1 }, { taken: 1e9 }, { order: {} }, {
      noise: { words: [1], spare: null },
    }],
    ...[{ sums: {} }, { history: { train: "many", test: [] } }, { history: null }],
  ].map(at);
  hostile.push(
    ...[[2, 0.5], [0.5, -1], [0.5], [0.5, 0.5, 0.5], [0.5, null], "12", undefined].map((optimizer) => ({
      ...facts,
      optimizer,
    })),
  );
  hostile.push({ ...facts, at: 7 }, { ...facts, at: null });
  for (const [i, facts] of hostile.entries()) {
    const other = `${directory}-${i}`;
    await write(other, { ...good, facts });
    await assertRejects(
      () => trained({ ...HOW, checkpoint: { ...SILENT, directory: other, resume: true } }),
      InputError,
      `The checkpoint of step 3 in ${other} does not describe a training run.`,
      JSON.stringify(facts).slice(0, 80),
    );
  }
  for (const [i, facts] of [null, 5, [], { about: null }, JSON.parse('{"about":{"__proto__":{"seed":2}}}')].entries()) {
    const other = `${directory}-other-${i}`;
    await write(other, { ...good, facts });
    await assertRejects(
      () => trained({ ...HOW, checkpoint: { ...SILENT, directory: other, resume: true } }),
      InputError,
      "Cannot resume a different training run",
    );
  }
});

testFiles("a training that ended before its first step goes on from step 0, bit for bit", async (directory) => {
  await startBackend("wasm");
  const whole = await trained(HOW);
  const vae = convVae({ filters: [2, 3], hidden: 4, image: [8, 8, 1], seed: 7 });
  const failing: Objective = {
    ...negativeElbo(vae),
    terms() {
      throw new Error("the first batch");
    },
  };
  const first = train(failing, IMAGES, { ...HOW, checkpoint: { ...SILENT, directory } });
  await assertRejects(() => first.next(), Error, "the first batch");
  vae.dispose();
  const { steps, weights } = await trained({ ...HOW, checkpoint: { ...SILENT, directory, resume: true } }, { seed: 8 });
  assertEquals(steps.map(told), whole.steps.map(told));
  assertEquals(weights, whole.weights);
});

testFiles("a training that diverges keeps no checkpoint of the step that spoilt it", async (directory) => {
  await startBackend("wasm");
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  const objective = negativeElbo(vae);
  let steps = 0;
  const failing: Objective = {
    ...objective,
    terms(batch, noise, knobs) {
      const terms = objective.terms(batch, noise, knobs);
      return ++steps === 6 ? { ...terms, loss: terms.loss.mul(NaN) as tf.Tensor1D } : terms;
    },
  };
  const examples = rows(new Float32Array(20), [10, 2]);
  const run = train(failing, examples, { batchSize: 1, checkpoint: { ...SILENT, directory, every: 4 } });
  await assertRejects(() => Array.fromAsync(run), InputError, "Training stops at step 6");
  assertEquals(stepsIn(directory), [0, 4]);
  vae.dispose();
});

testFiles(
  "checkpoints come every 100 steps unless asked otherwise, and a step that has one tells its losses",
  async (directory) => {
    await startBackend("cpu");
    const vae = denseVae({ latent: 1, hidden: 1, shape: [1] });
    const examples = rows(new Float32Array(120), [120, 1]);
    const read: number[] = [];
    const options = { batchSize: 1, readEvery: 70, checkpoint: { ...SILENT, directory } };
    for await (const { step, loss } of train(negativeElbo(vae), examples, options)) {
      if (loss !== undefined) read.push(step);
      if (step === 99) assertEquals(stepsIn(directory), [0]);
      if (step === 100) assertEquals(stepsIn(directory), [0, 100]);
    }
    assertEquals(read, [70, 100, 120]);
    vae.dispose();
  },
);

testFiles("held-out examples and the backend are those of the training that is resumed", async (directory) => {
  await startBackend("wasm");
  await trained({ ...HOW, checkpoint: { ...SILENT, directory } }, { until: 7 });
  const resume = { ...HOW, checkpoint: { ...SILENT, directory, resume: true } };
  const other = "has held-out examples: 22,";
  await assertRejects(() => trained({ ...resume, heldOut: undefined }), InputError, other);
  await assertRejects(() => trained({ ...resume, heldOut: { ...IMAGES, count: 21 } }), InputError, other);
  await startBackend("cpu");
  await assertRejects(() => trained(resume), InputError, 'has the backend "wasm", but this one has "cpu".');
});

testFiles("a checkpoint with numbers missing, or losses that are none, is refused", async (directory) => {
  await startBackend("wasm");
  await trained({ ...HOW, checkpoint: { ...SILENT, directory } }, { until: 3 });
  const good = await newest(directory);
  const facts = good.facts as { at: { sums: { losses: Record<string, unknown> } } };
  const sums = { ...facts.at.sums, losses: { ...facts.at.sums.losses, loss: "1" } };
  const test = [{ loss: 1, reconstruction: 1, kl: 0 }];
  const hostile = [
    { ...good, numbers: good.numbers.slice(1) },
    { ...good, numbers: good.numbers.toReversed() },
    { ...good, facts: { ...facts, at: { ...facts.at, sums } } },
    { ...good, facts: { ...facts, at: { ...facts.at, history: { train: [], test } } } },
  ];
  for (const [i, checkpoint] of hostile.entries()) {
    const other = `${directory}-${i}`;
    await write(other, checkpoint);
    const run = () => trained({ ...HOW, checkpoint: { ...SILENT, directory: other, resume: true } });
    await assertRejects(
      run,
      InputError,
      `The checkpoint of step 3 in ${other} does not describe a training run.`,
      `${i}`,
    );
  }
});

testFiles("workers that cannot be had leave no checkpoint behind", async (directory) => {
  await startBackend("wasm");
  const vae = convVae({ filters: [2, 3], hidden: 4, image: [8, 8, 1] });
  const { recipe: _, ...own } = negativeElbo(vae);
  await assertRejects(
    () => train(own, IMAGES, { workers: 2, checkpoint: { ...SILENT, directory } }).next(),
    InputError,
  );
  assertEquals(stepsIn(directory), []);
  vae.dispose();
});

Deno.test({
  name: "without a permission a checkpoint is refused in a sentence with the flag",
  permissions: "none",
  async fn() {
    await startBackend("wasm");
    await assertRejects(
      () => trained({ ...HOW, checkpoint: { ...SILENT, directory: "kept" } }),
      EnvironmentError,
      "--allow-write=kept",
    );
  },
});

testIf(canRun, "--allow-run", "killed by SIGKILL at random moments, a training always resumes", async () => {
  const { kills, mostLost } = await killedAndResumed(5, 1);
  assertEquals(kills, 5);
  assertLess(mostLost, 4); // the interval: what is reported is kept at every fourth step
});

testIf(
  canRun && Deno.build.os !== "windows",
  "--allow-run, and signals as POSIX has them",
  "Ctrl-C in a lesson: the step is finished, a checkpoint written, 130; resumed, it ends as if nothing had been",
  () =>
    withTempDir(async (parent) => {
      const directory = `${parent}/kept`;
      const lesson = (...more: string[]) =>
        new Deno.Command(Deno.execPath(), {
          args: [
            ...[
              "run",
              "--no-prompt",
              `--allow-read=${directory}`,
              `--allow-write=${directory}`,
              "lessons/07_conv_vae.ts",
            ],
            ...["--images", "1600", "--batch", "8", "--epochs", "1", "--json", ...more],
          ],
          cwd: ROOT,
          env: { NO_COLOR: "1" },
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        });
      const process = lesson("--checkpoint", directory).spawn();
      const [reader, heard] = [process.stdout.getReader(), [] as string[]];
      while (!heard.join("").includes("7.3")) {
        const { value, done } = await reader.read();
        assert(!done, heard.join(""));
        heard.push(new TextDecoder().decode(value));
      }
      let over = false;
      const status = process.status.finally(() => over = true);
      while (!over && !stepsIn(directory).includes(100)) await new Promise((resolve) => setTimeout(resolve, 20)); // half of it
      process.kill("SIGINT");
      while (!(await reader.read()).done);
      const { code, signal } = await status;
      const said = await new Response(process.stderr).text();
      assertEquals([code, signal], [130, null], said);
      const [, step] = said.match(
        /^Interrupted after step (\d+) of 200\. To resume from the last checkpoint, use --checkpoint \S+ --resume\.\n$/,
      )!;
      assertEquals(
        [...Deno.readDirSync(directory)].filter(({ name }) => name === `step-${step.padStart(8, "0")}.checkpoint`)
          .length,
        1,
      );
      const resumed = await lesson("--checkpoint", directory, "--resume").output();
      assertEquals(resumed.code, 1, "a training as short as this leaves claims false");
      assertStringIncludes(new TextDecoder().decode(resumed.stdout), `\nResuming after step ${step}.\n`);
      const { train } = JSON.parse(new TextDecoder().decode(resumed.stdout).trimEnd().split("\n").at(-1)!);
      assertEquals(train.length, 1);
    }),
);
