import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { type Examples, rows } from "../src/data/examples.ts";
import { InputError } from "../src/errors.ts";
import { type Autoencoder, autoencoder } from "../src/models/autoencoder.ts";
import { convVae } from "../src/models/conv_vae.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { type ElboPart, negativeElbo } from "../src/objectives/negative_elbo.ts";
import type { Objective, Terms } from "../src/objectives/objective.ts";
import { squaredError } from "../src/objectives/squared_error.ts";
import { random } from "../src/random.ts";
import { evaluate } from "../src/training/evaluate.ts";
import type { Losses } from "../src/training/losses.ts";
import { type Step, train, type TrainOptions } from "../src/training/train.ts";
import { assertClose, hasGpu, needsGpu, startBackend, testOnBackends } from "./_backends.ts";

/** What the records of a training say, once it has ended: `history` is one growing object. */
async function trained(
  objective: Objective,
  examples: Examples,
  options: TrainOptions = {},
): Promise<Step<ElboPart>[]> {
  return await Array.fromAsync(train(objective as Objective<ElboPart>, examples, options));
}

const lossesOf = ({ loss, reconstruction, kl }: Partial<Losses<ElboPart>>) => [loss, reconstruction, kl] as number[];
const alive = () => [tf.memory().numTensors, tf.memory().numDataBuffers, tf.memory().numBytes];

/** Seven points of a plane, no two numbers alike. */
const POINTS = [[0.5, 1], [2, -1.5], [-0.75, 3], [1.25, 0.2], [4, -2], [-3, 0.1], [0.9, 2.2]];

/** Points as examples, and a record of the batches asked for. */
function spied(points = POINTS): Examples & { asked: number[][] } {
  const examples = rows(Float32Array.from(points.flat()), [points.length, 2]);
  const asked: number[][] = [];
  return {
    count: examples.count,
    asked,
    batch(indices) {
      asked.push(Array.from(indices));
      return examples.batch(indices);
    },
  };
}

/** The batches of a training, as indices: every epoch in a new order. */
function batches(count: number, batchSize: number, epochs: number, seed = 0): number[][] {
  const order = random(seed).split();
  return Array.from({ length: epochs }, () => [...order.permutation(count)]).flatMap((epoch) =>
    Array.from({ length: Math.ceil(count / batchSize) }, (_, i) => epoch.slice(i * batchSize, (i + 1) * batchSize))
  );
}

/**
 * The squared distance of examples to a point that training moves, a quarter of it called reconstruction; the gradient is
 * `2 (point - mean of the batch)`. What is drawn from the noise has no effect, and is kept in `drawn`.
 */
function distance(start = [0.5, -1], scale = 1): Objective<ElboPart> & { point: tf.Variable; drawn: number[] } {
  const point = tf.tidy(() => tf.variable(tf.tensor1d(start)));
  const drawn: number[] = [];
  return {
    point,
    drawn,
    variables: [point],
    terms({ x }, noise) {
      drawn.push(noise.gaussian());
      const loss = x.sub(point).square().sum(1).mul(scale) as tf.Tensor1D;
      return { loss, parts: { reconstruction: loss.mul(0.25) as tf.Tensor1D, kl: loss.mul(0.75) as tf.Tensor1D } };
    },
  };
}

const squared = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const meanPoint = (indices: number[], points = POINTS) => [0, 1].map((d) => meanOf(indices.map((i) => points[i][d])));

/** Adam by the paper (Kingma and Ba 2014, algorithm 1), on doubles. */
function adam(learningRate: number) {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-7];
  let t = 0, m = [0, 0], v = [0, 0];
  return (w: number[], gradient: number[]) => {
    t++;
    m = m.map((value, i) => beta1 * value + (1 - beta1) * gradient[i]);
    v = v.map((value, i) => beta2 * value + (1 - beta2) * gradient[i] ** 2);
    return w.map((value, i) =>
      value - learningRate * (m[i] / (1 - beta1 ** t)) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon)
    );
  };
}

testOnBackends("five steps of Adam, on batches of unequal size, match the paper's algorithm", async () => {
  const points = POINTS.slice(0, 5);
  for (const [options, learningRate] of [[{}, 1e-3], [{ learningRate: 0.1 }, 0.1]] as const) {
    const examples = spied(points), objective = distance();
    const step = adam(learningRate);
    let expected = [0.5, -1];
    const records = train(objective, examples, { epochs: 2, batchSize: 2, readEvery: 1, ...options });
    let steps = 0;
    for await (const { loss, reconstruction, kl, batch } of records) {
      const indices = batches(5, 2, 2)[steps++];
      assertEquals(indices.length, batch);
      const before = meanOf(indices.map((i) => squared(points[i], expected))); // before the step, over this batch
      assertClose([loss!, reconstruction!, kl!], [before, before / 4, 0.75 * before], 1e-4, `losses at step ${steps}`);
      expected = step(expected, meanPoint(indices, points).map((mean, d) => 2 * (expected[d] - mean)));
      assertClose([...await objective.point.data()], expected, 1e-5, `point after step ${steps}`);
    }
    assertEquals(steps, 6);
    objective.point.dispose();
  }
});

testOnBackends("a step follows the gradient of the batch's mean, as finite differences see it", async () => {
  // Adam's first step is lr · g / (|g| + 1e-7): a loss as small as that epsilon shows the size of g and not only its sign.
  const start = [1.5, -1], scale = 1e-8, examples = spied(POINTS.slice(0, 3));
  const objective = distance(start, scale);
  const slope = async (d: number) => {
    const at = async (shift: number) => {
      const moved = distance(start.map((value, i) => i === d ? value + shift : value), scale);
      const { loss } = await evaluate(moved, examples);
      moved.point.dispose();
      return loss;
    };
    return (await at(1) - await at(-1)) / 2; // exact: the loss is a parabola
  };
  const slopes = [await slope(0), await slope(1)];
  await trained(objective, examples, { batchSize: 3, learningRate: 1 });
  const moved = [...await objective.point.data()].map((value, i) => start[i] - value);
  assertClose(moved, slopes.map((g) => g / (Math.abs(g) + 1e-7)), 1e-4); // float32 of a number near 1, and of g²
  assert(moved.every((step) => Math.abs(step) > 0.05 && Math.abs(step) < 0.5), `${moved} is no sign of g`);
  objective.point.dispose();
});

Deno.test("others have their turn during a training: a signal would be heard", async () => {
  await startBackend("cpu");
  const objective = distance();
  let turns = 0;
  const timer = setInterval(() => turns++);
  const records = await trained(objective, spied(), { epochs: 100 });
  clearInterval(timer);
  objective.point.dispose();
  assertEquals(records.length, 100);
  assertGreater(turns, 2); // a millisecond apart at the most often
});

Deno.test("every epoch takes each example once, in a new order that the seed decides; the last batch is smaller", async () => {
  await startBackend("cpu");
  const orders = async (seed?: number) => {
    const examples = spied(), objective = distance();
    const records = await trained(objective, examples, { epochs: 3, batchSize: 3, seed });
    objective.point.dispose();
    assertEquals(examples.asked.map((batch) => batch.length), [3, 3, 1, 3, 3, 1, 3, 3, 1]);
    assertEquals(records.map(({ batch }) => batch), [3, 3, 1, 3, 3, 1, 3, 3, 1]);
    assertEquals(records.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals(records.map(({ epoch }) => epoch), [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    for (const { steps, epochs } of records) assertEquals([steps, epochs], [9, 3]);
    assertEquals(records.map(({ epochEnds }) => epochEnds), [2, 5, 8].flatMap(() => [false, false, true]));
    return [0, 3, 6].map((from) => examples.asked.slice(from, from + 3).flat());
  };
  const found = await orders(1);
  for (const order of found) assertEquals(order.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6]);
  assertEquals(new Set([...found.map(String), "0,1,2,3,4,5,6"]).size, 4, "shuffled, and not alike");
  assertEquals(await orders(1), found);
  assert(String(await orders(2)) !== String(found));
  assertEquals(await orders(), await orders(0), "the seed is 0 unless given");
});

Deno.test("the defaults: one epoch of batches of 128, read after every step", async () => {
  await startBackend("cpu");
  const objective = distance();
  const examples = spied(Array.from({ length: 200 }, (_, i) => [i, -i]));
  const records = await trained(objective, examples, {});
  assertEquals(records.map(({ batch }) => batch), [128, 72]);
  assert(records.every(({ loss }) => loss !== undefined));
  assertEquals(records[0].history.test, []);
  objective.point.dispose();
});

testOnBackends(
  "history holds an epoch's averages over examples, not over batches, and the held-out ones after it",
  async (backend) => {
    const objective = distance(), examples = spied(), heldOut = spied([[9, 9], [1, -7], [2, 3]]);
    const records = await trained(objective, examples, {
      epochs: 2,
      batchSize: 3,
      learningRate: 0.5,
      heldOut,
      readEvery: 1,
    });
    const { history } = records[0];
    assert(records.every((record) => record.history === history), "one growing object");
    assertEquals([history.train.length, history.test.length], [2, 2]);
    for (const epoch of [0, 1]) {
      const steps = records.slice(3 * epoch, 3 * epoch + 3);
      const average = [0, 1, 2].map((i) =>
        steps.reduce((sum, record) => sum + record.batch * lossesOf(record)[i], 0) / POINTS.length
      );
      assertClose(lossesOf(history.train[epoch]), average, 1e-5);
    }
    const [after] = [[...await objective.point.data()]];
    const expected = meanOf([[9, 9], [1, -7], [2, 3]].map((point) => squared(point, after)));
    assertClose(lossesOf(history.test[1]), [expected, expected / 4, 0.75 * expected], 1e-4);
    if (backend === "webgpu") assertEquals(heldOut.asked, [[0], [0, 1, 2]], "measured, then uploaded once");
    else assertEquals(heldOut.asked, [[0, 1, 2], [0, 1, 2]], "in order, once an epoch");
    objective.point.dispose();
  },
);

Deno.test("evaluation trains nothing, takes each example once, and gives the same for any batch size", async () => {
  await startBackend("cpu");
  const vae = denseVae({ latent: 3, hidden: 4, shape: [2] });
  const weights = () => Promise.all(vae.variables.map(async (variable) => [...await variable.data()]));
  const examples = spied(POINTS.map((point) => point.map((value) => Math.abs(value) / 4)));
  const before = await weights(), tensors = alive();
  const whole = await evaluate(negativeElbo(vae), examples, { seed: 5 });
  const parts = await evaluate(negativeElbo(vae), examples, { seed: 5, batchSize: 3 });
  assertEquals(examples.asked, [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2], [3, 4, 5], [6]]);
  // Three batches of odd size draw the same noise as one, and the average weighs them by size: float32 remains.
  assertClose(lossesOf(parts), lossesOf(whole), 1e-6);
  assertClose([whole.loss], [whole.reconstruction + whole.kl], 1e-6);
  assertEquals(await evaluate(negativeElbo(vae), examples, { seed: 5 }), whole);
  assert((await evaluate(negativeElbo(vae), examples, { seed: 6 })).loss !== whole.loss, "another seed, other noise");
  assertEquals(await evaluate(negativeElbo(vae), examples), await evaluate(negativeElbo(vae), examples, { seed: 0 }));
  assertEquals([await weights(), alive()], [before, tensors]);
  vae.dispose();
});

Deno.test("what history says of the held-out examples is what evaluate says after the epoch, by the same seed", async () => {
  await startBackend("cpu");
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  const heldOut = spied([[0.25, 1], [0, 0.75]]);
  const options = { epochs: 2, batchSize: 4, learningRate: 0.05, seed: 4, heldOut };
  const examples = spied(POINTS.map((point) => point.map((value) => Math.abs(value) / 4)));
  for await (const { epochEnds, history } of train(negativeElbo(vae), examples, options)) {
    if (epochEnds) assertEquals(history.test.at(-1), await evaluate(negativeElbo(vae), heldOut, { seed: 4 }));
  }
  vae.dispose();
});

Deno.test("held-out examples see the same noise in every epoch, training ones do not, and neither disturbs the other", async () => {
  await startBackend("cpu");
  const run = async (heldOut?: Examples) => {
    const objective = distance();
    const records = await trained(objective, spied(), { epochs: 3, batchSize: 4, heldOut, seed: 3 });
    objective.point.dispose();
    return { drawn: objective.drawn, records };
  };
  const { drawn, records } = await run(spied([[1, 2]])); // two batches, then the evaluation
  const inEvaluation = [2, 5, 8].map((i) => drawn[i]);
  assertEquals(new Set(inEvaluation).size, 1);
  const inTraining = drawn.filter((_, i) => i % 3 !== 2);
  assertEquals(new Set(inTraining).size, 6);
  assert(!inTraining.includes(inEvaluation[0]));
  const alone = await run();
  assertEquals(alone.drawn, inTraining);
  assertEquals(alone.records.map(lossesOf), records.map(lossesOf));
});

testOnBackends(
  "losses are filled every k steps and where an epoch ends, and history is the same for every k",
  async () => {
    const run = async (readEvery: number) => {
      const objective = distance();
      const records = await trained(objective, spied(), { epochs: 2, batchSize: 2, learningRate: 0.1, readEvery });
      objective.point.dispose();
      return records;
    };
    const everyStep = await run(1);
    for (const k of [2, 3, 100]) {
      const records = await run(k);
      assertEquals(records.map(({ step }) => step), everyStep.map(({ step }) => step));
      records.forEach((record, i) => {
        const filled = (i + 1) % k === 0 || i === 3 || i === 7; // eight steps, four an epoch
        assertEquals(lossesOf(record), filled ? lossesOf(everyStep[i]) : [undefined, undefined, undefined] as never);
        assertEquals("loss" in record, filled);
      });
      assertEquals(records[0].history, everyStep[0].history);
    }
  },
);

Deno.test({
  name: `webgpu reads every twenty steps unless asked otherwise${needsGpu}`,
  ignore: !hasGpu,
  async fn() {
    await startBackend("webgpu");
    const objective = distance();
    const examples = spied(Array.from({ length: 22 }, (_, i) => [i, 1]));
    const records = await trained(objective, examples, { batchSize: 1 });
    assertEquals(records.filter(({ loss }) => loss !== undefined).map(({ step }) => step), [20, 22]);
    objective.point.dispose();
  },
});

testOnBackends("leaving the loop early, at any step, leaves no tensors but the model's", async (backend) => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  const examples = rows(Float32Array.from({ length: 14 }, (_, i) => i / 14), [7, 2]);
  const before = alive();
  for (const readEvery of [1, 3]) {
    for (const last of backend === "webgpu" ? [2] : [1, 2, 3, 4]) {
      const options = { epochs: 2, batchSize: 2, readEvery, heldOut: examples };
      for await (const { step } of train(negativeElbo(vae), examples, options)) if (step === last) break;
      assertEquals(alive(), before, `break at step ${last}, reading every ${readEvery}`);
    }
  }
  const unstarted = train(negativeElbo(vae), examples);
  await unstarted.return();
  assertEquals(alive(), before, "never started");
  vae.dispose();
});

Deno.test("left before its losses were read, a training that went wrong says so; the caller's own error stays", async () => {
  await startBackend("wasm");
  for (
    const [own, kind, sentence] of [[false, InputError, "Training stops at step 3"], [true, TypeError, "mine"]] as const
  ) {
    const before = alive();
    const { objective, failing } = spoilt("loss", NaN);
    const left = async () => {
      for await (const { step, loss } of train(failing, spied(), { batchSize: 1, readEvery: 20 })) {
        assertEquals(loss, undefined);
        if (step < 5) continue;
        if (own) throw new TypeError("mine");
        break;
      }
    };
    await assertRejects(left, kind, sentence);
    objective.point.dispose();
    assertEquals(alive(), before);
  }
});

testOnBackends("an objective that throws leaves no tensors either, wherever it throws", async () => {
  const objective = distance(), before = alive();
  const crooked = tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: () => {
      throw new Error("the third batch");
    },
  }));
  const places: Record<string, (terms: Terms<ElboPart>) => Terms> = {
    "after its terms": () => {
      throw new Error("the third batch");
    },
    "on the way back": (terms) => ({ ...terms, loss: crooked(terms.loss) as tf.Tensor1D }),
    "by a part of another shape": ({ loss }) => ({ loss, parts: { "the third batch": loss.mean() as tf.Tensor1D } }),
  };
  const third = () => objective.drawn.length === 2;
  const failing = (terms: Objective["terms"]): Objective => ({ variables: objective.variables, terms });
  const all = [
    failing((...args) => {
      if (third()) throw new Error("the third batch");
      return objective.terms(...args);
    }),
    ...Object.values(places).map((place) =>
      failing((...args) => tf.tidy(() => third() ? place(objective.terms(...args)) : objective.terms(...args)))
    ),
  ];
  for (const each of all) {
    objective.drawn.length = 0;
    await assertRejects(() => trained(each, spied(), { batchSize: 2, readEvery: 3 }), Error, "the third batch");
    assertEquals(alive(), before);
  }
  objective.point.dispose();
});

Deno.test("called once an epoch, training takes the same order unless it is given another seed", async () => {
  await startBackend("cpu");
  const objective = distance();
  const order = async (seed?: number) => {
    const examples = spied();
    await trained(objective, examples, { batchSize: 1, ...(seed !== undefined && { seed }) });
    return examples.asked.flat();
  };
  const [first, again] = [await order(), await order()];
  assertEquals(first, again);
  const orders = [first, await order(1), await order(2)];
  assertEquals(new Set(orders.map(String)).size, 3);
  for (const each of orders) assertEquals(each.toSorted(), [0, 1, 2, 3, 4, 5, 6]);
  objective.point.dispose();
});

Deno.test("after 1,000 steps as many tensors are alive as after 10, and Adam has found the minimum", async () => {
  await startBackend("wasm");
  const objective = distance();
  const counts: number[][] = [];
  const options = { epochs: 143, batchSize: 1, learningRate: 0.01, heldOut: spied() }; // seven steps an epoch
  for await (const { step } of train(objective, spied(), options)) {
    if (step === 10 || step === 1000) counts.push(alive());
  }
  assertEquals(counts[1], counts[0]);
  // Batches of one point leave it to wander about their mean by a few learning rates.
  assertClose([...await objective.point.data()], meanPoint([0, 1, 2, 3, 4, 5, 6]), 0.2);
  objective.point.dispose();
});

Deno.test("a VAE that trained for 200 steps holds as many tensors as after 10, and has learnt", async () => {
  await startBackend("wasm");
  const vae = denseVae({ latent: 2, hidden: 6, shape: [4] });
  const images = [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0]];
  const examples = rows(Float32Array.from(images.flat()), [3, 4]);
  const counts: number[][] = [];
  const options = { epochs: 100, batchSize: 2, learningRate: 0.02 };
  for await (const { step, history } of train(negativeElbo(vae), examples, options)) {
    if (step === 10 || step === 200) counts.push(alive());
    // log 3 = 1.1 nats say which of three images it is; 4 log 2 = 2.8 is what a decoder pays that knows nothing.
    if (step === 200) assertLess(meanOf(history.train.slice(-20).map(({ loss }) => loss)), 2.6);
  }
  assertEquals(counts[1], counts[0]);
  vae.dispose();
});

/** Losses and weights of a short training of a small VAE with convolutions or without. */
async function numbersOf(make: (seed: number) => ReturnType<typeof convVae>, seed = 1, batchSize = 2) {
  const vae = make(seed);
  const shape = vae.encoder.inputs[0].shape.slice(1) as number[];
  const batch = (indices: ArrayLike<number>) => ({
    x: tf.tensor(
      Array.from(indices).flatMap((n) =>
        Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (i * 7 + n) % 5 / 4)
      ),
      [indices.length, ...shape],
    ),
  });
  const examples: Examples = { count: 5, batch };
  const records = await trained(negativeElbo(vae), examples, { epochs: 2, batchSize, seed, heldOut: examples });
  const weights = await Promise.all(vae.variables.map(async (variable) => [...await variable.data()]));
  vae.dispose();
  return { losses: records.map(lossesOf), history: records[0].history, weights };
}

const dense = (seed: number) => denseVae({ latent: 2, hidden: 4, shape: [3, 2, 1], seed });
const conv = (seed: number) => convVae({ latent: 2, filters: [2, 3], hidden: 4, image: [4, 8, 1], seed });

for (const backend of ["cpu", "wasm"] as const) {
  for (const [name, make] of Object.entries({ dense, conv })) {
    Deno.test(`the same seed gives the same ${name} VAE bit for bit on ${backend}, another seed another`, async () => {
      await startBackend(backend);
      const first = await numbersOf(make);
      assertEquals(await numbersOf(make), first);
      assert((await numbersOf(make, 2)).losses[0][0] !== first.losses[0][0]);
    });
  }
}

testOnBackends("training the convolutional VAE gives what it gives on wasm", async (backend) => {
  const { history } = await numbersOf(conv, 1, 3); // two steps an epoch
  await startBackend("wasm");
  const onWasm = (await numbersOf(conv, 1, 3)).history;
  // Float32 sums in another order, of a loss near 25; Adam's first steps follow the sign of gradients.
  for (const part of ["train", "test"] as const) {
    assertClose(history[part].flatMap(lossesOf), onWasm[part].flatMap(lossesOf), 1e-4, `${part} on ${backend}`);
  }
});

/** An objective of whose terms one is multiplied with a number at the third step. */
function spoilt(part: "loss" | ElboPart, by: number) {
  const objective = distance();
  let steps = 0;
  const failing: Objective<ElboPart> = {
    variables: objective.variables,
    terms(batch, noise, knobs) {
      const terms = objective.terms(batch, noise, knobs);
      if (++steps !== 3) return terms;
      if (part === "loss") return { ...terms, loss: terms.loss.mul(by) };
      return { ...terms, parts: { ...terms.parts, [part]: terms.parts[part].mul(by) } };
    },
  };
  return { objective, failing };
}

const WRONG = [
  ["loss", NaN, "its loss is NaN: try a smaller learning rate."],
  ["loss", Infinity, "its loss is Infinity: try a smaller learning rate."],
  ["kl", Infinity, "its KL is Infinity, so log σ² or μ has diverged: try a smaller learning rate."],
  ["reconstruction", NaN, "its reconstruction loss is NaN, so the decoder's output has diverged: try a smaller"],
] as const;

testOnBackends(
  "what is no finite number ends the training with a sentence that names the step and the term",
  async () => {
    for (const [part, by, sentence] of WRONG) {
      for (const readEvery of [1, 2, 100]) { // found at the next read, and still named by its own step
        const before = alive();
        const { objective, failing } = spoilt(part, by);
        const examples = spied(), options = { batchSize: 1, epochs: 2, readEvery };
        await assertRejects(
          () => trained(failing, examples, options),
          InputError,
          `Training stops at step 3: ${sentence}`,
        );
        objective.point.dispose();
        assertEquals(alive(), before);
      }
    }
  },
);

/** A loss that is finite everywhere, and whose slope at the third step is not. */
function steep(bad: number): Objective<ElboPart> & { point: tf.Variable } {
  const objective = distance();
  let steps = 0;
  const crooked = tf.customGrad((x) => {
    const t = x as tf.Tensor1D;
    return { value: t.clone(), gradFunc: (dy) => (dy as tf.Tensor1D).mul(bad) };
  });
  return {
    ...objective,
    terms(batch, noise, knobs) {
      const terms = objective.terms(batch, noise, knobs);
      return ++steps === 3 ? { ...terms, loss: crooked(terms.loss) as tf.Tensor1D } : terms;
    },
  };
}

testOnBackends("a slope that is no finite number ends the training too, though the loss is finite", async () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const readEvery of [1, 3]) {
      const before = alive();
      const objective = steep(bad);
      const sentence =
        "Training stops at step 3: its loss is finite, but its gradient or the weights after the step are not";
      await assertRejects(() => trained(objective, spied(), { batchSize: 1, readEvery }), InputError, sentence);
      objective.point.dispose();
      assertEquals(alive(), before);
    }
  }
});

testOnBackends("pixels that are not in [0, 1] are refused at their step, to train on and to judge by", async () => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  const before = alive();
  const wanted = "expected numbers in [0,1], such as pixels divided by 255";
  for (const [value, found] of [[255, "from 0.5 to 255"], [-0.25, "from -0.25 to 0.5"]] as const) {
    const examples = rows(Float32Array.from([0.5, 0.5, value, 0.5]), [2, 2]);
    const step = 1 + batches(2, 1, 1).findIndex(([i]) => i === 1);
    await assertRejects(
      () => trained(negativeElbo(vae), examples, { batchSize: 1 }),
      InputError,
      `Training stops at step ${step}: its examples contain numbers ${found}, ${wanted}`,
    );
    await assertRejects(() => evaluate(negativeElbo(vae), examples), InputError, `contain numbers ${found}, ${wanted}`);
  }
  assertEquals(alive(), before);
  vae.dispose();
});

testOnBackends("what an autoencoder cannot put out, or is no number, is refused by name too", async () => {
  const [bounded, linear] = (["sigmoid", "linear"] as const).map((output) =>
    autoencoder({ latent: 1, hidden: [], shape: [2], output })
  );
  const before = alive();
  const holding = (value: number) => rows(Float32Array.from([0.5, value]), [1, 2]);
  const run = (model: Autoencoder, value: number) => trained(squaredError(model), holding(value));
  assertEquals((await run(linear, 255)).length, 1);
  const rest = ", expected numbers in [0,1]";
  await assertRejects(
    () => run(bounded, 255),
    InputError,
    `step 1: its examples contain numbers from 0.5 to 255${rest}`,
  );
  await assertRejects(
    () => run(bounded, NaN),
    InputError,
    `step 1: example 0 has NaN in column 1 (both are counted from 0)${rest}`,
  );
  for (const value of [NaN, Infinity]) {
    const found = `step 1: example 0 has ${value} in column 1 (both are counted from 0)`;
    await assertRejects(() => run(linear, value), InputError, `${found}, expected finite numbers`);
    await assertRejects(() => evaluate(squaredError(linear), holding(value)), InputError, "expected finite numbers");
  }
  assertEquals(alive(), before);
  bounded.dispose();
  linear.dispose();
});

testOnBackends("examples that are no float32, or not as many as asked for, are refused in a sentence", async () => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  const before = alive();
  const wanted = "expected float32, and a row each.";
  for (
    const [make, found] of [
      [(n: number) => tf.zeros([n, 2], "int32"), "int32 of shape [4,2] for 4 examples"],
      [(n: number) => tf.zeros([n, 2], "bool"), "bool of shape [4,2] for 4 examples"],
      [(n: number) => tf.zeros([n + 1, 2]), "float32 of shape [5,2] for 4 examples"],
    ] as const
  ) {
    const examples: Examples = { count: 4, batch: ({ length }) => ({ x: make(length) }) };
    const good = rows(new Float32Array(8), [4, 2]);
    for (
      const run of [
        () => trained(negativeElbo(vae), examples),
        () => trained(negativeElbo(vae), good, { heldOut: examples }),
        () => evaluate(negativeElbo(vae), examples),
      ]
    ) {
      await assertRejects(run, RangeError, "examples.batch gave x as ");
      assertEquals(alive(), before);
    }
    await assertRejects(() => evaluate(negativeElbo(vae), examples), RangeError, `gave x as ${found}: ${wanted}`);
  }
  vae.dispose();
});

testOnBackends("a log σ² that runs away is named", async () => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  const half = rows(Float32Array.from([0.5, 0.25]), [1, 2]);
  const bias = vae.encoder.layers.at(-1)!.weights[1]; // of logVar's layer
  for (const [logVar, ends] of [[80, false], [100, true]] as const) { // e^88.7 is the largest float32
    tf.tidy(() => void bias.write(tf.fill([2], logVar)));
    const run = trained(negativeElbo(vae), half, { learningRate: 1e-9 });
    if (!ends) assertEquals((await run).length, 1);
    else await assertRejects(() => run, InputError, "Training stops at step 1: its KL is Infinity, so log σ² or μ has");
  }
  vae.dispose();
});

Deno.test("a batch larger than the data is all the data", async () => {
  await startBackend("cpu");
  const losses = [];
  for (const batchSize of [7, 1000]) {
    const objective = distance();
    const records = await trained(objective, spied(), { batchSize, epochs: 2 });
    assertEquals(records.map(({ batch }) => batch), [7, 7]);
    losses.push(records.map(lossesOf));
    objective.point.dispose();
  }
  assertEquals(losses[0], losses[1]);
});

Deno.test("a variable that the loss does not depend on, or that is frozen, stays as it is", async () => {
  for (const backend of ["wasm", "cpu"] as const) {
    await startBackend(backend);
    const [used, unused, frozen] = [1, 2, 3].map((value) => tf.tidy(() => tf.variable(tf.scalar(value))));
    frozen.trainable = false;
    const objective: Objective = {
      variables: [unused, used, frozen],
      terms({ x }) {
        const loss = x.sub(used).square().add(frozen.mul(0)).sum(1) as tf.Tensor1D;
        return { loss, parts: {} };
      },
    };
    const before = tf.memory().numTensors;
    for await (const _ of train(objective, rows(Float32Array.of(5), [1, 1]), { epochs: 3, learningRate: 0.1 }));
    assertEquals([(await unused.data())[0], (await frozen.data())[0]], [2, 3]);
    assertGreater((await used.data())[0], 1.2);
    assertEquals(tf.memory().numTensors, before);
    tf.dispose([used, unused, frozen]);
  }
});

Deno.test("a backend that changes between two steps changes no numbers but by rounding", async () => {
  const ends: number[][] = [];
  for (const [first, second] of [["cpu", "cpu"], ["cpu", "wasm"], ["wasm", "cpu"]] as const) {
    await useBackend(first);
    const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
    const data = rows(Float32Array.from({ length: 12 }, (_, i) => i / 12), [6, 2]);
    for await (const { step } of train(negativeElbo(vae), data, { batchSize: 1, learningRate: 0.1 })) {
      if (step === 2) await useBackend(second);
    }
    ends.push((await Promise.all(vae.variables.map(async (v) => [...await v.data()]))).flat());
    vae.dispose();
  }
  const [wanted, ...found] = ends;
  for (const end of found) end.forEach((value, i) => assertLess(Math.abs(value - wanted[i]), 1e-3));
});

Deno.test("a weight that is not finite is found in whichever variable it is", async () => {
  for (const backend of ["wasm", "cpu"] as const) {
    await startBackend(backend);
    for (const bad of [0, 1, 2]) {
      const variables = [1, 2, 3].map((value) => tf.tidy(() => tf.variable(tf.scalar(value))));
      const steep = tf.customGrad((x) => ({
        value: (x as tf.Tensor).clone(),
        gradFunc: (dy) => (dy as tf.Tensor).mul(NaN),
      }));
      const objective: Objective = {
        variables,
        terms({ x }) {
          const sum = variables.map((v, i) => i === bad ? steep(v) : v).reduce((a, b) => a.add(b) as tf.Variable);
          const loss = x.sub(sum).square().sum(1) as tf.Tensor1D;
          return { loss, parts: {} };
        },
      };
      await assertRejects(
        () => Array.fromAsync(train(objective, rows(Float32Array.of(5), [1, 1]))),
        InputError,
        "its loss is finite, but its gradient or the weights after the step are not",
      );
      tf.dispose(variables);
    }
  }
});

Deno.test("of a pixel that makes the loss infinite the pixel is named, not the loss", async () => {
  await startBackend("wasm");
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  for (const bad of [Infinity, -Infinity, NaN]) {
    const examples = rows(Float32Array.of(0.5, bad), [1, 2]);
    const run = () => Array.fromAsync(train(negativeElbo(vae), examples));
    await assertRejects(run, InputError, `Training stops at step 1: example 0 has ${bad} in column 1`);
  }
  vae.dispose();
});

Deno.test({
  name: `examples too large for one of the GPU's buffers are uploaded batch by batch${needsGpu}`,
  ignore: !hasGpu,
  async fn() {
    await startBackend("webgpu");
    const { limits } = (tf.backend() as unknown as { device: GPUDevice }).device;
    const size = 2 ** 16;
    const count = 1 + Math.floor(limits.maxStorageBufferBindingSize / (4 * size));
    const asked = new Set<number>();
    const examples: Examples = {
      count,
      batch(indices) {
        asked.add(indices.length);
        return { x: tf.zeros([indices.length, size]) };
      },
    };
    const point = tf.tidy(() => tf.variable(tf.scalar(1)));
    const objective: Objective = {
      variables: [point],
      terms({ x }) {
        const loss = x.sub(point).square().mean(1) as tf.Tensor1D;
        return { loss, parts: {} };
      },
    };
    for await (const _ of train(objective, examples, { batchSize: 2 })) break;
    assertEquals([...asked].sort(), [1, 2]);
    point.dispose();
  },
});

Deno.test("options that make no sense are refused in a sentence", async () => {
  await startBackend("cpu");
  const objective = distance(), examples = spied(), before = alive();
  for (const bad of [0, -1, 1.5, NaN, Infinity]) {
    for (const name of ["epochs", "batchSize", "readEvery"]) {
      await assertRejects(
        () => trained(objective, examples, { [name]: bad }),
        RangeError,
        `${name} must be a whole number of at least 1, not ${bad}.`,
      );
    }
    await assertRejects(
      () => evaluate(objective, examples, { batchSize: bad }),
      RangeError,
      `batchSize must be a whole number of at least 1, not ${bad}.`,
    );
  }
  const none = { count: 0, batch: () => ({ x: tf.zeros([0, 2]) }) };
  const empty = "must be a whole number of at least 1, not 0.";
  await assertRejects(() => trained(objective, none, {}), RangeError, `examples.count ${empty}`);
  await assertRejects(() => trained(objective, examples, { heldOut: none }), RangeError, `heldOut.count ${empty}`);
  await assertRejects(() => evaluate(objective, none), RangeError, `examples.count ${empty}`);
  for (const bad of [0, -1e-3, NaN, Infinity]) {
    await assertRejects(
      () => trained(objective, examples, { learningRate: bad }),
      RangeError,
      `learningRate must be a positive number, not ${bad}.`,
    );
  }
  for (const run of [train(objective, examples, { seed: 0.5 }).next(), evaluate(objective, examples, { seed: 0.5 })]) {
    await assertRejects(() => run, RangeError, "A seed must be an integer, not 0.5.");
  }
  assertEquals([alive(), examples.asked], [before, []]);
  objective.point.dispose();
});
