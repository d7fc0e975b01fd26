import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { type Examples, rows } from "../src/data/examples.ts";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { autoencoder } from "../src/models/autoencoder.ts";
import { convVae } from "../src/models/conv_vae.ts";
import { layersVae, type Vae } from "../src/models/vae.ts";
import { type ElboPart, negativeElbo } from "../src/objectives/negative_elbo.ts";
import type { Objective, Terms } from "../src/objectives/objective.ts";
import { squaredError } from "../src/objectives/squared_error.ts";
import { random } from "../src/random.ts";
import { contribution, inOrder, noiseOfRows } from "../src/training/workers/shared_memory.ts";
import { WorkerPool } from "../src/training/workers/worker_pool.ts";
import { gradient } from "../src/training/gradient.ts";
import { train, type TrainOptions } from "../src/training/train.ts";
import { hasGpu, needsGpu, startBackend } from "./_backends.ts";
import { doubled, doubledVae } from "./_doubled.ts";
import { granted, testIf } from "./_run.ts";

const canRead = await granted({ name: "read" });
const testWorkers = (name: string, fn: () => Promise<void>) => testIf(canRead, "permission to read", name, fn);

/** Noisy images of 8×8. */
const images = {
  count: 40,
  batch(indices: ArrayLike<number>) {
    const pixels = Array.from(indices, (n) => {
      const noise = random(n);
      return Array.from({ length: 64 }, (_, i) => Math.min(1, 0.5 * noise.uniform() + ((i + n) % 4 === 0 ? 0.5 : 0)));
    });
    return { x: tf.tensor(pixels.flat(), [indices.length, 8, 8, 1]) };
  },
};

const small = () => convVae({ filters: [4, 8], hidden: 8, image: [8, 8, 1], seed: 1 });
const alive = () => [tf.memory().numTensors, tf.memory().numDataBuffers];

/** Means and slopes in one vector, freed. */
async function flat({ means, slopes }: Awaited<ReturnType<WorkerPool["gradient"]>>, { variables }: Objective) {
  const vector = tf.tidy(() => tf.concat([means, ...variables.map(({ name }) => slopes[name].flatten())]));
  const values = await vector.data() as Float32Array;
  tf.dispose([vector, means, slopes]);
  return values;
}

for (const backend of ["wasm", "cpu"] as const) {
  testWorkers(`the gradient of two or three workers is the batch's, however it is divided, on ${backend}`, async () => {
    await startBackend(backend);
    const vae = small(), plain = autoencoder({ hidden: [5], shape: [8, 8, 1] });
    for (const objective of [negativeElbo(vae), squaredError(plain)]) {
      for (const workers of [2, 3]) {
        const before = alive();
        const pool = await WorkerPool.start(objective, images, { workers, batchSize: 7 });
        const [ours, alone] = [random(5), random(5)]; // each batch goes on where the one before stopped
        for (const count of [7, 6, 3, 2, 1]) {
          const batch = images.batch(Array.from({ length: count }, (_, i) => 3 * i));
          const found = await flat(await pool.gradient({ batch, noise: ours, knobs: {} }), objective);
          const wanted = await flat(gradient(objective, { batch, noise: alone, knobs: {} }), objective);
          tf.dispose(batch);
          const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const apart = found.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
          assertLess(apart / scale, 1e-5, `${workers} workers, ${count} examples`); // float32 sums in another order
          assert(wanted.some((value) => value !== 0));
        }
        pool[Symbol.dispose]();
        assertEquals(alive(), before);
      }
    }
    vae.dispose();
    plain.dispose();
  });
}

/** Every loss of a training of the small VAE. */
async function losses(options: TrainOptions): Promise<number[]> {
  const vae = small();
  const found: number[] = [];
  for await (const { loss } of train(negativeElbo(vae), images, options)) found.push(loss!);
  vae.dispose();
  return found;
}

testWorkers("after 100 steps two workers have the loss of one, and leave no tensors", async () => {
  await startBackend("wasm");
  const before = alive();
  const options = { batchSize: 12, epochs: 25, seed: 3, learningRate: 0.01 }; // four steps an epoch, the last of four
  const [one, two] = [await losses(options), await losses({ ...options, workers: 2 })];
  assertEquals([one.length, two.length], [100, 100]);
  assertLess(Math.abs(two[0] - one[0]) / one[0], 1e-6);
  assertLess(Math.abs(two[99] - one[99]) / one[99], 1e-4);
  assertLess(one[99], one[0] - 1); // it has learnt, so the weights have moved
  assertEquals(await losses({ ...options, workers: 2 }), two, "bit for bit the same again");
  assertEquals(alive(), before);
});

testWorkers(
  "workers judge by the held-out examples too, more of them than they train on, and find what one finds",
  async () => {
    await startBackend("wasm");
    const few = { ...images, count: 9 };
    const judged = async (workers: number) => {
      const vae = small();
      const history = [];
      const options = { batchSize: 12, epochs: 2, heldOut: images, workers };
      for await (const { epochEnds, history: { test } } of train(negativeElbo(vae), few, options)) {
        if (epochEnds) history.push(...Object.values(test.at(-1)!));
      }
      vae.dispose();
      return history;
    };
    const means = WorkerPool.prototype.means;
    let asked = 0;
    WorkerPool.prototype.means = function (...args) {
      asked++;
      return means.apply(this, args);
    };
    try {
      const before = alive();
      const [one, two] = [await judged(1), await judged(2)];
      assertEquals(one.length, 6);
      one.forEach((value, i) => assertLess(Math.abs(two[i] - value) / value, 1e-5));
      assertEquals(asked, 2, "they judged, and all at once, however small the batches are that they train on");
      assertEquals(alive(), before);
    } finally {
      WorkerPool.prototype.means = means;
    }
  },
);

testWorkers("held-out examples of another shape are refused in a sentence", async () => {
  await startBackend("wasm");
  const vae = small();
  const heldOut: Examples = { count: 3, batch: (indices) => ({ x: tf.zeros([indices.length, 9, 9, 1]) }) };
  const steps = train(negativeElbo(vae), images, { batchSize: 40, heldOut, workers: 2 });
  await assertRejects(() => steps.next(), RangeError, "have shape [9,9,1]; earlier ones had [8,8,1].");
  vae.dispose();
});

testWorkers("weights that training does not change reach the workers too", async () => {
  await startBackend("wasm");
  const x = tf.input({ shape: [8, 8, 1] });
  const dense = tf.layers.dense({ units: 4 });
  dense.trainable = false;
  const h = dense.apply(tf.layers.flatten().apply(x));
  const [mu, logVar] = [0, 1].map(() => tf.layers.dense({ units: 2 }).apply(h) as tf.SymbolicTensor);
  const decoder = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [2], units: 64 }), tf.layers.reshape({ targetShape: [8, 8, 1] })],
  });
  const vae = layersVae(tf.model({ inputs: x, outputs: [mu, logVar] }), decoder);
  const objective = negativeElbo(vae);
  const pool = await WorkerPool.start(objective, images, { workers: 2, batchSize: 4 });
  const batch = images.batch([0, 1, 2, 3]);
  const found = await flat(await pool.gradient({ batch, noise: random(1), knobs: {} }), objective);
  const wanted = await flat(gradient(objective, { batch, noise: random(1), knobs: {} }), objective);
  found.forEach((value, i) => assertLess(Math.abs(value - wanted[i]), 1e-5 * (1 + Math.abs(wanted[i]))));
  pool[Symbol.dispose]();
  tf.dispose(batch);
  vae.dispose();
});

testWorkers("a model that workers would make again with other variables is refused in a sentence", async () => {
  await startBackend("wasm");
  const start = (vae: Vae) => WorkerPool.start(negativeElbo(vae), images, { workers: 2, batchSize: 4 });
  const late = small();
  late.encoder.layers[1].trainable = false; // after the model was made: it trains all it has, as it did
  const first = "recipe makes a different objective: it has 16 variables, expected 18.";
  await assertRejects(() => start(late), InputError, first);
  late.dispose();

  const shared = tf.layers.dense({ units: 2, name: "both" });
  const [x, z] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
  const h = shared.apply(x);
  const [mu, logVar] = [1, 2].map(() => tf.layers.dense({ units: 2 }).apply(h) as tf.SymbolicTensor);
  const decoder = tf.model({ inputs: z, outputs: shared.apply(z) as tf.SymbolicTensor });
  const vae = layersVae(tf.model({ inputs: x, outputs: [mu, logVar] }), decoder);
  assertEquals(vae.variables.length, 6, "each variable once");
  const flatImages = rows(new Float32Array(8), [4, 2]);
  const two = WorkerPool.start(negativeElbo(vae), flatImages, { workers: 2, batchSize: 4 });
  await assertRejects(() => two, InputError, "recipe makes a different objective: it has 8 variables, expected 6.");
  tf.dispose(vae.variables);
});

/** A worker that does as told, as JavaScript; it is told `data`. */
const program = (onmessage: string) => new URL(`data:text/javascript,onmessage = ({ data }) => { ${onmessage} }`);

/** A worker that starts as it should, and then does as told. */
const startedProgram = (onmessage: string) =>
  new URL(`data:text/javascript,${
    encodeURIComponent(`
      await import("${new URL("../src/training/workers/worker.ts", import.meta.url)}");
      const begin = self.onmessage;
      self.onmessage = async (event) => {
        await begin(event);
        self.onmessage = ({ data }) => { ${onmessage} };
      };
    `)
  }`);

const ENDS: [string, string, string][] = [
  ["throws at once", "throw new Error('no luck')", "worker 2 of 2 has died (Uncaught Error: no luck)."],
  ["says nothing", "", "worker 2 of 2 has not answered for 0.3 seconds."],
  ["hangs", "for (;;);", "worker 2 of 2 has not answered for 0.3 seconds."],
  ["closes itself", "close()", "worker 2 of 2 has not answered for 0.3 seconds."],
  ["says that it failed", "postMessage({ error: 'out of wool' })", "worker 2 of 2 failed (out of wool)."],
];

for (const [what, does, sentence] of ENDS) {
  testWorkers(`a worker that ${what}, at the start or at a batch, ends the training with a sentence`, async () => {
    await startBackend("wasm");
    const vae = small();
    const objective = negativeElbo(vae);
    const before = alive();
    const waits = sentence.includes("0.3 seconds") ? 300 : 60_000; // on a busy machine even an end takes its time
    const how = { workers: 2, batchSize: 4, patience: { start: waits, batch: waits } };
    const ends = `Training ends here: ${sentence}`;
    await assertRejects(
      () => WorkerPool.start(objective, images, { ...how, program: program(does) }),
      EnvironmentError,
      ends,
    );
    const later = startedProgram(does);
    const patience = { start: 60_000, batch: waits };
    const pool = await WorkerPool.start(objective, images, { ...how, patience, program: later });
    const batch = images.batch([0, 1, 2, 3]);
    const question = { batch, noise: random(0), knobs: {} };
    await assertRejects(() => pool.gradient(question), EnvironmentError, ends);
    pool[Symbol.dispose]();
    tf.dispose(batch);
    assertEquals(alive(), before);
    vae.dispose();
  });
}

testWorkers("an objective without a recipe is refused by more than one worker", async () => {
  await startBackend("wasm");
  const vae = small();
  const examples = rows(Float32Array.from([1, 2]), [2, 1]);
  const { recipe: _, ...without } = negativeElbo(vae);
  const own = [without, negativeElbo({ ...vae, likelihood: { ...vae.likelihood, name: "mine" } })];
  for (const objective of own) {
    await assertRejects(
      () => train(objective, examples, { workers: 2 }).next(),
      InputError,
      "Workers rebuild the objective from its recipe, but this one has none",
    );
  }
  for (const workers of [0, 1.5, NaN]) {
    await assertRejects(
      () => train(own[0], examples, { workers }).next(),
      RangeError,
      `workers must be a whole number of at least 1, not ${workers}.`,
    );
  }
  vae.dispose();
});

testWorkers("what only this program has registered is named, with the way for workers to have it too", async () => {
  await startBackend("wasm");
  const examples = rows(Float32Array.from({ length: 40 }, (_, i) => i / 40), [10, 4]);
  const Initializer: new () => tf.serialization.Serializable = Object.getPrototypeOf(
    tf.initializers.zeros().constructor,
  );
  /** What workers do not know either. */
  class Tenth extends Initializer {
    static className = "Tenth";
    static fromConfig = () => new Tenth() as never;
    apply = (shape: number[]) => tf.fill(shape, 0.1);
    getConfig = () => ({});
  }
  tf.serialization.registerClass(Tenth);
  const kernelInitializer = new Tenth() as ReturnType<typeof tf.initializers.zeros>;
  const x = tf.input({ shape: [4] });
  const heads = [1, 2].map(() => tf.layers.dense({ units: 2, kernelInitializer }).apply(x) as tf.SymbolicTensor);
  const decoder = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 4 })] });
  const tenths = layersVae(tf.model({ inputs: x, outputs: heads }), decoder);
  for (const [vae, what] of [[doubledVae(), "layer Doubled"], [tenths, "initializer Tenth"]] as const) {
    await Array.fromAsync(train(negativeElbo(vae), examples)); // alone it knows what it has registered
    await assertRejects(
      () => train(negativeElbo(vae), examples, { workers: 2 }).next(),
      InputError,
      `Workers do not know the ${what}, because only the main program has registered it: let the objective's recipe name a ` +
        "module that registers it and exports a function that makes the objective.",
    );
    vae.dispose();
  }
  const objective = doubled(); // whose recipe does
  const [alone, together] = [doubled(), objective];
  const losses = async (objective: Objective, workers: number) => {
    objective.variables.forEach((v, i) => tf.tidy(() => v.assign(random(i).normal(v.shape).mul(0.1))));
    const steps = await Array.fromAsync(train(objective, examples, { workers, epochs: 3, batchSize: 4 }));
    return steps.map(({ loss }) => loss!);
  };
  const [one, two] = [await losses(alone, 1), await losses(together, 2)];
  one.forEach((loss, i) => assertLess(Math.abs(loss - two[i]!), 1e-4));
  tf.dispose([alone, together].map(({ variables }) => variables));
});

Deno.test({
  name: `workers and webgpu do not go together, and a sentence says so${needsGpu}`,
  ignore: !hasGpu,
  async fn() {
    await startBackend("webgpu");
    const vae = small();
    await assertRejects(
      () => train(negativeElbo(vae), images, { workers: 2 }).next(),
      InputError,
      "Workers share the CPU's cores, which the webgpu backend does not use",
    );
    vae.dispose();
  },
});

Deno.test({
  name: "without the permission to read, more than one worker is refused in a sentence",
  permissions: "none",
  async fn() {
    await startBackend("wasm");
    const vae = small();
    await assertRejects(
      () => train(negativeElbo(vae), images, { workers: 2 }).next(),
      EnvironmentError,
      "Training with 2 workers requires permission to read their source: add --allow-read=",
    );
    vae.dispose();
  },
});

testIf(
  canRead,
  "permission to read",
  "an objective that its recipe does not make is refused by more than one worker",
  async () => {
    await startBackend("wasm");
    const vae = small(), made = negativeElbo(vae);
    const terms = (change: (terms: Terms<ElboPart>) => Terms): Objective["terms"] => (...args) =>
      tf.tidy(() => change(made.terms(...args)));
    const kinks = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy) => (dy as tf.Tensor).mul(2),
    }));
    const changed: [Objective, string][] = [
      [{ ...made, variables: vae.variables.slice(0, 1) }, "it has 18 variables, expected 1."],
      [{ ...made, variables: vae.variables.toReversed() }, "its variable 0 has shape [3,3,1,4], expected [1]."],
      [{ ...made, terms: terms((t) => ({ ...t, loss: t.loss.mul(1.001) })) }, "Worker 2 of 2 computes loss "],
      [
        { ...made, terms: terms((t) => ({ ...t, loss: kinks(t.loss) as tf.Tensor1D })) },
        "computes a different gradient than",
      ],
      [
        { ...made, terms: terms(({ loss, parts: { kl } }) => ({ loss, parts: { kl } })) },
        "its terms are loss, reconstruction, kl, expected loss, kl.",
      ],
    ];
    for (const [objective, sentence] of changed) {
      await assertRejects(() => train(objective, images, { workers: 2 }).next(), InputError, sentence);
    }
    for await (const _ of train({ ...made }, images, { workers: 2 })); // changed in nothing
    assertThrows(() => Object.assign(vae, { likelihood: {} }), TypeError);
    vae.dispose();
  },
);

Deno.test({
  name: `when one worker of three dies while another hangs, nothing is waited for any more${
    canRead ? "" : " (ignored: needs permission to read)"
  }`,
  ignore: !canRead,
  sanitizeOps: true, // a timer left behind would keep the program alive
  async fn() {
    await startBackend("wasm");
    const vae = small();
    const uneven = startedProgram("if (data.worker === 0) postMessage({ error: 'out of wool' })");
    const how = { workers: 3, batchSize: 6, program: uneven };
    const pool = await WorkerPool.start(negativeElbo(vae), images, how);
    const batch = images.batch([0, 1, 2, 3, 4, 5]);
    const question = { batch, noise: random(0), knobs: {} };
    await assertRejects(() => pool.gradient(question), EnvironmentError, "worker 2 of 3 failed (out of wool)");
    pool[Symbol.dispose]();
    tf.dispose(batch);
    vae.dispose();
  },
});

testIf(canRead, "permission to read", "workers are ended however the training ends", async () => {
  await startBackend("wasm");
  const vae = small();
  const { terminate } = Worker.prototype;
  let ended = 0;
  Worker.prototype.terminate = function () {
    ended++;
    terminate.call(this);
  };
  try {
    for await (const _ of train(negativeElbo(vae), images, { workers: 3, batchSize: 6 })) break;
    assertEquals(ended, 2);
    const how = { workers: 3, batchSize: 6, program: program("postMessage({ error: 'out of wool' })") };
    await assertRejects(() => WorkerPool.start(negativeElbo(vae), images, how), EnvironmentError, "out of wool");
    assertEquals(ended, 4);
  } finally {
    Worker.prototype.terminate = terminate;
  }
  vae.dispose();
});

testIf(canRead, "permission to read", "workers have the caller's build of the kernels", async () => {
  await startBackend("wasm");
  const vae = small();
  for (const kernels of ["simd", "relaxed"] as const) {
    await useBackend("wasm", { kernels });
    const how = { workers: 2, batchSize: 6, program: program("postMessage({ error: data.kernels })") };
    await assertRejects(
      () => WorkerPool.start(negativeElbo(vae), images, how),
      EnvironmentError,
      `failed (${kernels})`,
    );
    // To the bit, which another build would not give.
    using pool = await WorkerPool.start(negativeElbo(vae), images, { workers: 2, batchSize: 6 });
    const batch = images.batch([0, 1, 2, 3, 4, 5]);
    const question = { noise: random(1), knobs: {} };
    const found = await flat(await pool.gradient({ ...question, batch }), negativeElbo(vae));
    const [mine, theirs] = tf.tidy(() =>
      [0, 3].map((from) => {
        const noise = noiseOfRows(random(1), { from, to: from + 3, whole: 6 });
        const rows = { x: batch.x.slice([from], [3]) };
        const part = contribution(negativeElbo(vae), { batch: rows, noise, knobs: {} }, 6, true);
        return tf.keep(tf.concat(inOrder(part).map((t) => t.flatten())));
      })
    );
    assertEquals(found, await mine.add(theirs).data());
    tf.dispose([batch, mine, theirs]);
  }
  vae.dispose();
});
