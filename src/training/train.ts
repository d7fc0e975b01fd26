/**
 * The training loop: the core steps, the caller looks, prints and stops.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Examples } from "../data/images.ts";
import { InputError } from "../errors.ts";
import type { Objective } from "../objectives/objective.ts";
import { type Random, random } from "../random.ts";
import { Adam } from "./adam.ts";
import { assertCounts, Average, batchMeans, evaluate, type Losses, readMeans } from "./evaluate.ts";

/** What each finished epoch was like. */
export interface History {
  /** Averages over each epoch's training batches, as they were when their turn came. */
  train: Losses[];
  /** Averages over the held-out examples at the end of each epoch; empty without held-out examples. */
  test: Losses[];
}

/** One record a step. The losses are there when they were read: after each step on wasm and cpu. */
export interface Step extends Partial<Losses> {
  /** Steps taken so far, from 1. */
  step: number;
  /** Steps that the whole training takes, unless it is left early. */
  steps: number;
  /** The epoch that this step belongs to, from 1. */
  epoch: number;
  /** Epochs that the whole training takes. */
  epochs: number;
  /** Examples in this step's batch. */
  batch: number;
  /** Whether this step was the last of its epoch, and `history` has grown. */
  epochEnds: boolean;
  /** The epochs finished so far: the same, growing, object in every record. */
  history: History;
}

/** How to train. */
export interface TrainOptions {
  /** Passes over the examples, 1 by default. */
  epochs?: number;
  /** Examples in a step, 128 by default; the last batch of an epoch may be smaller. */
  batchSize?: number;
  /** The step size of Adam, 1e-3 by default. */
  learningRate?: number;
  /** The seed of the order of the examples and of the noise, 0 by default. */
  seed?: number;
  /** Examples to judge by at the end of each epoch, never trained on. */
  heldOut?: Examples;
  /** Read the losses every so many steps; by default 1, and 20 on WebGPU, where a read makes the GPU wait. */
  readEvery?: number;
}

/**
 * Trains with Adam (Kingma and Ba 2014), an example's loss averaged over its batch: the one place where that happens.
 *
 * Every epoch takes the examples in a new order. The same seed on the same backend gives the same numbers; the noise of
 * the evaluation is the same in every epoch. Stop early by leaving the loop: nothing is left behind but the model.
 *
 * @param objective What to make small.
 * @param examples What to train on.
 * @returns A record after every step.
 * @throws {RangeError} At the first step, if an option is not a number that makes sense, or there are no examples.
 * @throws {InputError} If the loss is no longer a finite number; the message names the step.
 * @example
 * ```ts ignore
 * for await (const { epochEnds, history } of train(negativeElbo(vae), digits.train, { heldOut: digits.test })) {
 *   if (epochEnds) console.log(history.test.at(-1));
 * }
 * ```
 */
export async function* train(
  objective: Objective,
  examples: Examples,
  options: TrainOptions = {},
): AsyncGenerator<Step, void, void> {
  const { epochs = 1, batchSize = 128, learningRate = 1e-3, seed = 0, heldOut } = options;
  const { readEvery = tf.getBackend() === "webgpu" ? 20 : 1 } = options;
  assertCounts({ epochs, batchSize, readEvery, "examples.count": examples.count });
  if (heldOut) assertCounts({ "heldOut.count": heldOut.count });
  if (!(learningRate > 0 && learningRate < Infinity)) {
    throw new RangeError(`learningRate is a positive number, not ${learningRate}.`);
  }
  const source = random(seed);
  const [order, noise] = [source.split(), source.split()];
  const optimizer = new Adam(learningRate);
  const history: History = { train: [], test: [] };
  let unread: { means: tf.Tensor1D; batch: number }[] = [];
  const steps = epochs * Math.ceil(examples.count / batchSize);
  let step = 0;
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const shuffled = order.permutation(examples.count);
      const total = new Average();
      for (let start = 0; start < shuffled.length; start += batchSize) {
        const indices = shuffled.subarray(start, start + batchSize);
        const epochEnds = start + batchSize >= shuffled.length;
        unread.push({ means: descend(objective, optimizer, examples, indices, noise), batch: indices.length });
        step++;
        let losses: Losses | undefined;
        if (epochEnds || step % readEvery === 0) {
          const batches = unread;
          unread = [];
          const values = await readMeans(batches.map(({ means }) => means));
          const lost = values.findIndex(({ loss }) => !Number.isFinite(loss));
          if (lost >= 0) throw diverged(`The loss at step ${step - values.length + 1 + lost}`);
          values.forEach((value, i) => total.add(value, batches[i].batch));
          losses = values.at(-1);
        }
        if (epochEnds) {
          history.train.push(total.value());
          if (heldOut) history.test.push(await evaluate(objective, heldOut, { seed }));
          if (history.test.some(({ loss }) => !Number.isFinite(loss))) throw diverged("The held-out loss");
        }
        await tf.nextFrame(); // whatever else waits: a signal, a request, a browser's window
        yield { step, steps, epoch, epochs, batch: indices.length, epochEnds, history, ...losses };
      }
    }
  } finally {
    tf.dispose(unread.map(({ means }) => means));
    optimizer.dispose();
  }
}

function diverged(what: string): InputError {
  return new InputError(`${what} is no finite number: try a smaller learning rate.`);
}

/** One step of gradient descent; returns the batch's mean loss, reconstruction and KL, `[3]`. */
function descend(
  objective: Objective,
  optimizer: Adam,
  examples: Examples,
  indices: Uint32Array,
  noise: Random,
): tf.Tensor1D {
  return tf.tidy(() => {
    const x = examples.batch(indices);
    let means!: tf.Tensor1D;
    const { grads } = tf.variableGrads(() => {
      means = tf.keep(batchMeans(objective.terms(x, noise)));
      return means.slice(0, 1).asScalar();
    }, objective.variables);
    optimizer.step(objective.variables, grads);
    return means;
  });
}
