import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { rows } from "../src/data/examples.ts";
import { InputError } from "../src/errors.ts";
import type { Objective } from "../src/objectives/objective.ts";
import { random } from "../src/random.ts";
import { cosine, type Schedule } from "../src/schedules.ts";
import { adam } from "../src/training/optimizers/adam.ts";
import type { OptimizerFactory } from "../src/training/optimizers/optimizer.ts";
import { rmsprop } from "../src/training/optimizers/rmsprop.ts";
import { sgd } from "../src/training/optimizers/sgd.ts";
import { tfOptimizer } from "../src/training/optimizers/tf_optimizer.ts";
import { type Step, train, type TrainOptions } from "../src/training/train.ts";
import { assertClose, startBackend, testOnBackends } from "./_backends.ts";
import { HOW, SILENT, trained } from "./_resume.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const canWrite = await granted({ name: "write" }) && await granted({ name: "read" });
const testFiles = (name: string, fn: (directory: string) => Promise<void>) =>
  testIf(canWrite, "--allow-read --allow-write", name, () => withTempDir((parent) => fn(`${parent}/kept`)));

/** Variables of unequal shapes, and slopes for them at a step, some of them tiny. */
const SHAPES = [[3, 5], [4], []];
const start = () => {
  const source = random(3);
  return SHAPES.map((shape) => tf.tidy(() => tf.variable(source.normal(shape))));
};
const slopesAt = (step: number) => {
  const source = random(100 + step);
  return SHAPES.map((shape, i) => tf.tidy(() => source.normal(shape).mul(i === 1 ? 1e-6 : 1)));
};
const values = async (tensors: tf.Tensor[]) => (await Promise.all(tensors.map((t) => t.data()))).flatMap((t) => [...t]);

/** Where an optimizer takes variables in some steps, the rate of each a half more than that of the one before. */
async function path(make: OptimizerFactory, steps: number): Promise<number[][]> {
  const variables = start();
  const optimizer = await make(variables);
  const found: number[][] = [];
  for (let step = 0; step < steps; step++) {
    const slopes = slopesAt(step);
    const named = Object.fromEntries(variables.map(({ name }, i) => [name, slopes[i]!]));
    const finite = optimizer.step(named, 0.01 * 1.5 ** step);
    assertEquals([...await finite.data()], [0]);
    tf.dispose([slopes, finite]);
    found.push(await values(variables));
  }
  optimizer[Symbol.dispose]();
  tf.dispose(variables);
  return found;
}

/** The same for a rule about single numbers, on doubles. */
async function pathByHand(rule: (g: number, rate: number, memory: number[], t: number) => number, steps: number) {
  const variables = start();
  let xs = await values(variables);
  tf.dispose(variables);
  const memories = xs.map(() => [0, 0]);
  const found: number[][] = [];
  for (let step = 0; step < steps; step++) {
    const slopes = slopesAt(step);
    const gs = await values(slopes);
    tf.dispose(slopes);
    xs = xs.map((x, i) => x - rule(gs[i]!, 0.01 * 1.5 ** step, memories[i]!, step + 1));
    found.push(xs);
  }
  return found;
}

type Rule = Parameters<typeof pathByHand>[0];

/** Optimizers, what they do by their formulas, and those of tfjs that do the same. */
const CASES: [name: string, OptimizerFactory, Rule, OptimizerFactory][] = [
  ["sgd", sgd(), (g, rate) => rate * g, tfOptimizer(() => tf.train.sgd(1))],
  ["sgd with momentum", sgd({ momentum: 0.8 }), (g, rate, memory) => {
    memory[0] = 0.8 * memory[0]! + g;
    return rate * memory[0];
  }, tfOptimizer(() => tf.train.momentum(1, 0.8))],
  ["Nesterov's sgd", sgd({ momentum: 0.8, nesterov: true }), (g, rate, memory) => {
    memory[0] = 0.8 * memory[0]! + g;
    return rate * (g + 0.8 * memory[0]);
  }, tfOptimizer(() => tf.train.momentum(1, 0.8, true))],
  ["rmsprop", rmsprop({ decay: 0.7 }), (g, rate, memory) => {
    memory[0] = 0.7 * memory[0]! + 0.3 * g ** 2;
    return rate * g / Math.sqrt(memory[0] + 1e-7);
  }, tfOptimizer(() => tf.train.rmsprop(1, 0.7))],
  ["rmsprop with momentum", rmsprop({ momentum: 0.6, epsilon: 1e-3 }), (g, rate, memory) => {
    memory[0] = 0.9 * memory[0]! + 0.1 * g ** 2;
    memory[1] = 0.6 * memory[1]! + rate * g / Math.sqrt(memory[0] + 1e-3);
    return memory[1];
  }, tfOptimizer(() => tf.train.rmsprop(1, 0.9, 0.6, 1e-3))],
  ["adam", adam({ beta1: 0.5, beta2: 0.8, epsilon: 1e-3 }), (g, rate, memory, t) => {
    memory[0] = 0.5 * memory[0]! + 0.5 * g;
    memory[1] = 0.8 * memory[1]! + 0.2 * g ** 2;
    return rate * (memory[0] / (1 - 0.5 ** t)) / (Math.sqrt(memory[1] / (1 - 0.8 ** t)) + 1e-3);
  }, tfOptimizer(() => tf.train.adam(1, 0.5, 0.8, 1e-3))],
];

for (const [name, make, rule, peer] of CASES) {
  testOnBackends(`${name} does what its formula says, and what tfjs does, at a rate that changes`, async () => {
    const before = tf.memory().numTensors;
    const [found, byHand, theirs] = [await path(make, 8), await pathByHand(rule, 8), await path(peer, 8)];
    for (let step = 0; step < 8; step++) {
      assertClose(found[step]!, byHand[step]!, 2e-5, `step ${step}, by hand`); // float32 in 8 steps
      assertClose(found[step]!, theirs[step]!, 2e-6, `step ${step}, tfjs`);
    }
    assertEquals(tf.memory().numTensors, before, "nothing is left");
  });
}

testOnBackends("an optimizer says NaN of a variable that is not finite, whichever it is", async () => {
  for (const make of [sgd(), sgd({ momentum: 0.9 }), rmsprop(), adam(), tfOptimizer(() => tf.train.adagrad(1))]) {
    for (const bad of [0, 1, 2]) {
      for (const value of [NaN, Infinity]) {
        const variables = start();
        const optimizer = await make(variables);
        const slopes = variables.map((x, i) => tf.tidy(() => i === bad ? tf.zerosLike(x).add(value) : tf.onesLike(x)));
        const finite = optimizer.step(Object.fromEntries(variables.map(({ name }, i) => [name, slopes[i]!])), 0.1);
        assertEquals([...await finite.data()], [NaN], `${optimizer.name}, variable ${bad}`);
        optimizer[Symbol.dispose]();
        tf.dispose([variables, slopes, finite]);
      }
    }
  }
});

Deno.test("a variable without a slope is named", async () => {
  await startBackend("wasm");
  for (const make of [sgd(), adam(), tfOptimizer(() => tf.train.sgd(1))]) {
    const variables = start();
    using optimizer = await make(variables);
    assertThrows(
      () => optimizer.step({}, 1),
      RangeError,
      `There is no gradient for the variable ${variables[0]!.name}.`,
    );
    tf.dispose(variables);
  }
});

/** The squared distance of points to one that training moves, with slopes that are known: `2 (point - mean of the batch)`. */
function distance(): Objective & { point: tf.Variable } {
  const point = tf.tidy(() => tf.variable(tf.tensor1d([0.5, -1])));
  return {
    point,
    variables: [point],
    terms({ x }) {
      const loss = x.sub(point).square().sum(1) as tf.Tensor1D;
      return { loss, parts: {} };
    },
  };
}

/** Where a training on one example takes the point, after each step. */
async function walk(options: TrainOptions): Promise<number[][]> {
  const objective = distance();
  const found: number[][] = [];
  for await (const _ of train(objective, rows(Float32Array.of(2, 3), [1, 2]), { epochs: 4, ...options })) {
    found.push([...await objective.point.data()]);
  }
  objective.point.dispose();
  return found;
}

testOnBackends(
  "every step has the schedule's rate for it, from step 1, and the optimizer's own only without",
  async () => {
    const rates = [0.1, 0.02, 0.3, 0.05];
    const asked: number[] = [];
    const schedule: Schedule = (step) => {
      asked.push(step);
      return rates[step - 1]!;
    };
    const byHand = (rates: number[]) => {
      let [x, y] = [0.5, -1];
      return rates.map((rate) => [x, y] = [x - rate * 2 * (x - 2), y - rate * 2 * (y - 3)]);
    };
    const close = (found: number[][], expected: number[][]) => assertClose(found.flat(), expected.flat(), 1e-5);
    close(await walk({ optimizer: sgd(), learningRate: schedule }), byHand(rates));
    assertEquals([...new Set(asked)].sort(), [1, 2, 3, 4]);
    close(await walk({ optimizer: sgd(), learningRate: 0.2 }), byHand([0.2, 0.2, 0.2, 0.2]));
    close(await walk({ optimizer: sgd() }), byHand([1e-3, 1e-3, 1e-3, 1e-3]));
    for (const own of [tfOptimizer(() => tf.train.sgd(0.25)), tfOptimizer(() => tf.train.momentum(0.25, 0))]) {
      close(await walk({ optimizer: own }), byHand([0.25, 0.25, 0.25, 0.25]));
      close(await walk({ optimizer: own, learningRate: schedule }), byHand(rates));
    }
    assertEquals(
      await walk({}),
      await walk({ optimizer: adam(), learningRate: 1e-3 }),
      "Adam at 1e-3 where none is named",
    );
  },
);

Deno.test("any optimizer of tf.train trains at its own rate and at another, and leaves nothing", async () => {
  await startBackend("wasm");
  const makers: (() => tf.Optimizer)[] = [
    () => tf.train.sgd(0.05),
    () => tf.train.momentum(0.05, 0.5),
    () => tf.train.adagrad(0.05),
    () => tf.train.adadelta(0.05, 0.9),
    () => tf.train.rmsprop(0.05, 0.9, 0.1),
    () => tf.train.rmsprop(0.05, 0.9, 0.1, 1e-7, true),
    () => tf.train.adam(0.05),
    () => tf.train.adamax(0.05),
  ];
  const before = tf.memory().numTensors;
  for (const make of makers) {
    const optimizer = tfOptimizer(make);
    const own = await walk({ optimizer });
    assertEquals(own, await walk({ optimizer, learningRate: 0.05 }));
    const [slow, fast] = [await walk({ optimizer, learningRate: 0.01 }), await walk({ optimizer, learningRate: 0.1 })];
    const moved = (walk: number[][]) => walk.at(-1)![0]! - 0.5;
    assert(0 < moved(slow) && moved(slow) < moved(own) && moved(own) < moved(fast), `${make}`);
    assertEquals(tf.memory().numTensors, before, `${make}`);
  }
});

Deno.test("what is no fresh optimizer of tf.train is refused in a sentence", async () => {
  await startBackend("cpu");
  const used = tf.train.adagrad(0.1);
  const run = (make: () => tf.Optimizer) => walk({ optimizer: tfOptimizer(make) });
  await run(() => used);
  await assertRejects(() => run(() => used), TypeError, "This optimizer has taken steps before");
  await assertRejects(() => run(() => ({}) as tf.Optimizer), TypeError, "needs a function that makes an optimizer");
  const rateless = () => Object.assign(tf.train.sgd(0.1), { getConfig: () => ({}) });
  await assertRejects(() => run(rateless), TypeError, "The getConfig() of SGD has no learningRate.");
});

Deno.test("options of optimizers that make no sense are refused in a sentence", () => {
  for (const bad of [-0.1, 1, NaN, Infinity]) {
    const sentence = (name: string) => `An optimizer's ${name} must be a number in [0, 1), not ${bad}.`;
    assertThrows(() => adam({ beta1: bad }), RangeError, sentence("beta1"));
    assertThrows(() => adam({ beta2: bad }), RangeError, sentence("beta2"));
    assertThrows(() => sgd({ momentum: bad }), RangeError, sentence("momentum"));
    assertThrows(() => rmsprop({ decay: bad }), RangeError, sentence("decay"));
    assertThrows(() => rmsprop({ momentum: bad }), RangeError, sentence("momentum"));
  }
  for (const epsilon of [0, -1, NaN, Infinity]) {
    for (const make of [adam, rmsprop]) {
      assertThrows(
        () => make({ epsilon }),
        RangeError,
        `An optimizer's epsilon must be a positive number, not ${epsilon}.`,
      );
    }
  }
  assertThrows(() => sgd({ nesterov: true }), RangeError, "An optimizer with nesterov needs a momentum above 0.");
});

Deno.test("a schedule that is too short is refused before the first step, one that fails on the way at its step", async () => {
  await startBackend("cpu");
  const before = tf.memory().numTensors;
  let [batches, steps] = [0, 0];
  const objective = distance();
  const examples = rows(Float32Array.of(2, 3), [1, 2]);
  const run = async (learningRate: Schedule) => {
    const counted = { ...examples, batch: (indices: ArrayLike<number>) => (batches++, examples.batch(indices)) };
    for await (const { step } of train(objective, counted, { epochs: 4, learningRate })) steps = step;
  };
  await assertRejects(
    () => run(cosine(0.1, 3)),
    RangeError,
    "learningRate must be a positive number, but at step 4 it is 0.",
  );
  assertEquals(batches, 0);
  await run(cosine(0.1, 4));
  assertEquals(steps, 4);
  for (const bad of [0, -1, NaN, Infinity]) {
    const failing: Schedule = (step) => step === 3 ? bad : 0.1;
    await assertRejects(() => run(failing), RangeError, `must be a positive number, but at step 3 it is ${bad}.`);
    assertEquals(steps, 2);
  }
  objective.point.dispose();
  assertEquals(tf.memory().numTensors, before);
});

/** What can be told of a step. */
const told = ({ history: _, ...rest }: Step) => rest;

const RESUMED: [name: string, OptimizerFactory][] = [
  ["adam", adam({ beta1: 0.7, beta2: 0.95 })],
  ["sgd", sgd()],
  ["sgd with momentum", sgd({ momentum: 0.9 })],
  ["Nesterov's sgd", sgd({ momentum: 0.9, nesterov: true })],
  ["rmsprop with momentum", rmsprop({ momentum: 0.5 })],
  ["sgd of tf.train", tfOptimizer(() => tf.train.sgd(1))],
  ["momentum of tf.train", tfOptimizer(() => tf.train.momentum(1, 0.9))],
  ["adagrad of tf.train", tfOptimizer(() => tf.train.adagrad(1))],
  ["adadelta of tf.train", tfOptimizer(() => tf.train.adadelta(1, 0.9))],
  ["rmsprop of tf.train", tfOptimizer(() => tf.train.rmsprop(1, 0.9, 0.5))],
];

for (const [name, optimizer] of RESUMED) {
  testFiles(`${name} goes on from a checkpoint, also across a schedule, to the bit`, async (directory) => {
    await startBackend("wasm");
    const options = { ...HOW, optimizer, learningRate: cosine(1e-3, 18) };
    const whole = await trained(options);
    const before = tf.memory().numTensors;
    for (const stop of [1, 8, 12]) {
      const checkpoint = { ...SILENT, directory: `${directory}-${stop}` };
      await trained({ ...options, checkpoint }, { until: stop });
      const { steps, weights } = await trained({ ...options, checkpoint: { ...checkpoint, resume: true } }, {
        seed: 8,
      });
      assertEquals(steps.slice(1).map(told), whole.steps.slice(stop).map(told), `after ${stop}`);
      assertEquals(weights, whole.weights, `weights after a stop at ${stop}`);
    }
    assertEquals(tf.memory().numTensors, before);
  });
}

testFiles("another optimizer, or the same with other options, does not go on with a training", async (directory) => {
  await startBackend("wasm");
  const run = (options: TrainOptions, until?: number) =>
    trained({ ...HOW, ...options, checkpoint: { ...SILENT, directory, resume: true } }, { until });
  await run({ optimizer: sgd({ momentum: 0.9 }), learningRate: 1e-4 }, 4);
  const cases: [OptimizerFactory | undefined, string][] = [
    [undefined, 'has the optimizer "sgd", but this one has "adam".'],
    [tfOptimizer(() => tf.train.momentum(1, 0.9)), 'has the optimizer "sgd", but this one has "tf.train\'s Momentum".'],
    [sgd({ momentum: 0.8 }), "has an optimizer with momentum 0.9, but this one has momentum 0.8."],
    [sgd({ momentum: 0.9, nesterov: true }), "has an optimizer with nesterov false, but this one has nesterov true."],
  ];
  for (const [optimizer, sentence] of cases) {
    const before = tf.memory().numTensors;
    await assertRejects(() => run(optimizer ? { optimizer } : {}), InputError, sentence);
    assertEquals(tf.memory().numTensors, before);
  }
  assertEquals((await run({ optimizer: sgd({ momentum: 0.9 }), learningRate: 1e-4 }, 6)).steps[0]?.step, 4);
});

testFiles(
  "a schedule that is another where a training goes on is told, one that is the same is not",
  async (directory) => {
    await startBackend("wasm");
    const said: string[] = [];
    const run = async (learningRate: number | Schedule, until?: number) => {
      said.length = 0;
      const warn = (sentence: string) => void said.push(sentence);
      await trained({ ...HOW, learningRate, checkpoint: { directory, resume: true, warn } }, { until });
      return said.join(" ");
    };
    const falling = (rate: number): Schedule => (step) => rate / step;
    await run(falling(0.01), 2);
    assertEquals(await run(falling(0.01), 5), "Resuming after step 2.");
    assertEquals(
      await run(falling(0.02), 6),
      "Resuming after step 5, with a different learning rate (0.004 instead of 0.002).",
    );
    assertEquals(await run(0.02 / 6, 7), "Resuming after step 6.", "the same rate by another schedule");
  },
);

testFiles(
  "an optimizer that does not show all that it remembers keeps no checkpoints, and says so",
  async (directory) => {
    await startBackend("wasm");
    class Own extends tf.SGDOptimizer {}
    for (const make of [() => tf.train.adam(0.1), () => tf.train.adamax(0.1), () => new Own(0.1)]) {
      const before = tf.memory().numTensors;
      const run = () => trained({ ...HOW, optimizer: tfOptimizer(make), checkpoint: { ...SILENT, directory } });
      const error = await assertRejects(run, InputError, "A checkpoint needs the whole state of the optimizer");
      assertStringIncludes(error.message, make().getClassName());
      assertEquals(await Array.fromAsync(Deno.readDir(`${directory}/..`)), [], "no directory was made");
      assertLess(tf.memory().numTensors, before + 5); // those that make() makes in the line above
    }
  },
);
