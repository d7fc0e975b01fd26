/**
 * A training under way: what it holds, and what a step does.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Examples } from "../data/images.ts";
import { InputError } from "../errors.ts";
import type { Objective } from "../objectives/objective.ts";
import { type Random, random } from "../random.ts";
import { Adam } from "./adam.ts";
import { WorkerPool } from "./workers/worker_pool.ts";
import { assertCounts, AT_A_TIME, evaluate, evaluateBy } from "./evaluate.ts";
import { gradient } from "./gradient.ts";
import { Checkpointer, type CheckpointOptions, type Position } from "./checkpoints/checkpointer.ts";
import { add, average, type Losses, nothing, readReports, report } from "./batch_report.ts";
import { onDevice } from "./on_device.ts";

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
  /** Examples in this step's batch; in the record that a resumed training begins with, all the examples taken before. */
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
  /** Examples in a step, 128 by default; the last batch of an epoch may be smaller, and so is one that has all there are. */
  batchSize?: number;
  /** The step size of Adam, 1e-3 by default. */
  learningRate?: number;
  /** The seed of the order of the examples and of the noise, 0 by default. */
  seed?: number;
  /** Examples to judge by at the end of each epoch, never trained on. */
  heldOut?: Examples;
  /** Read the losses every so many steps; by default 1, and 20 on WebGPU, where a read makes the GPU wait. */
  readEvery?: number;
  /** CPU cores that share each batch, 1 by default; more than one takes the permission to read. */
  workers?: number;
  /** Where to keep what a training needs to go on after it was stopped; nowhere by default. */
  checkpoint?: CheckpointOptions;
}

/** The options, none missing but those that may. */
type Settings = Required<Omit<TrainOptions, "heldOut" | "checkpoint">> & Pick<TrainOptions, "heldOut" | "checkpoint">;

/** A training under way. */
export class Training {
  /** Where it is. */
  readonly at: Position;
  readonly #objective: Objective;
  readonly #examples: Examples;
  readonly #settings: Settings;
  readonly #noise: Random;
  readonly #optimizer: Adam;
  readonly #checkpointer?: Checkpointer;
  #pool?: WorkerPool;
  /** The reports of steps that were not read yet, and the examples in each. */
  #unread: { report: tf.Tensor1D; batch: number }[] = [];

  private constructor(
    objective: Objective,
    examples: Examples,
    settings: Settings,
    optimizer: Adam,
    checkpointer?: Checkpointer,
  ) {
    this.#objective = objective;
    this.#examples = examples;
    this.#settings = settings;
    this.#optimizer = optimizer;
    this.#checkpointer = checkpointer;
    this.at = checkpointer?.position ?? beginning(settings.seed);
    this.#noise = random(this.at.noise);
  }

  /** Begins a training, or goes on with one; what must be freed in the end is added to `held`. */
  static async begin(
    objective: Objective,
    examples: Examples,
    options: TrainOptions,
    held: DisposableStack,
  ): Promise<Training> {
    const settings = settle(options, examples);
    const { batchSize, learningRate, seed, epochs, workers, heldOut, checkpoint } = settings;
    const optimizer = held.use(new Adam(objective.variables, learningRate));
    const identity = { objective, examples, heldOut, batchSize, seed, learningRate, workers };
    const checkpointer = checkpoint && held.use(await Checkpointer.open(checkpoint, optimizer, identity));
    const [here, judges] = [held.use(onDevice(examples)), heldOut && held.use(onDevice(heldOut))];
    const training = new Training(objective, here, { ...settings, heldOut: judges }, optimizer, checkpointer);
    held.defer(() => tf.dispose(training.#unread.map(({ report }) => report)));
    if (training.at.epoch > epochs) {
      const where = `The training in ${checkpoint!.directory} is in epoch ${training.at.epoch}`;
      throw new InputError(`${where} already, and ${epochs} are asked for.`);
    }
    if (workers > 1) {
      const most = Math.max(Math.min(batchSize, here.count), judges ? Math.min(AT_A_TIME, judges.count) : 0);
      training.#pool = held.use(await WorkerPool.start(objective, here, { workers, batchSize: most }));
    }
    if (training.at.step === 0) await training.keep(); // if it cannot be identity, be it for its size, that is known now
    return training;
  }

  /** Whether no step of any epoch is left. */
  get over(): boolean {
    return this.at.epoch >= this.#settings.epochs && this.#epochEnds;
  }

  /** Whether no step of this epoch is left. */
  get #epochEnds(): boolean {
    return this.at.taken >= this.#examples.count;
  }

  /** The batches of an epoch that are not taken yet: of this one, or if there is none, of the next. */
  *epoch(): Generator<Uint32Array> {
    const { at } = this;
    const order = random(at.order);
    let shuffled = order.permutation(this.#examples.count);
    if (this.#epochEnds) {
      Object.assign(at, { epoch: at.epoch + 1, taken: 0, sums: nothing(), order: order.state() });
      shuffled = order.permutation(this.#examples.count);
    }
    while (!this.#epochEnds) yield shuffled.subarray(at.taken, at.taken + this.#settings.batchSize);
  }

  /** Takes a step of gradient descent. */
  async step(indices: Uint32Array): Promise<void> {
    const x = this.#examples.batch(indices);
    try {
      const found = this.#pool?.gradient(x, this.#noise) ?? gradient(this.#objective, x, this.#noise);
      const { means, slopes } = await found;
      const finite = this.#optimizer.step(slopes);
      this.#unread.push({ report: report(means, x, finite), batch: indices.length });
      tf.dispose([means, slopes, finite]);
    } finally {
      x.dispose();
    }
    this.at.step++;
    this.at.taken += indices.length;
  }

  /** Does what is due after a step: reads, closes the epoch, keeps a checkpoint. Returns the losses if they were read. */
  async settle(): Promise<Losses | undefined> {
    const { at } = this;
    const { readEvery, heldOut } = this.#settings;
    const due = this.#epochEnds || this.#checkpointer?.due(at.step);
    const losses = due || at.step % readEvery === 0 ? await this.#read() : undefined;
    if (this.#epochEnds) {
      at.history.train.push(average(at.sums));
      if (heldOut) at.history.test.push(await this.#judge(heldOut));
    }
    if (due) await this.keep();
    return losses;
  }

  async #judge(heldOut: Examples): Promise<Losses> {
    const { seed } = this.#settings;
    const [pool, objective] = [this.#pool, this.#objective];
    try {
      if (!pool) return await evaluate(objective, heldOut, { seed });
      return await evaluateBy((x, noise) => pool.means(x, noise), objective, heldOut, { seed, batchSize: pool.most });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const where = `Training stops after step ${this.at.step}, at the held-out examples.`;
      throw new InputError(`${where} ${error.message}`, { cause: error });
    }
  }

  /** Keeps a checkpoint of where the training is, where checkpoints are identity; what went wrong is not identity. */
  async keep(): Promise<void> {
    await this.#read();
    await this.#checkpointer?.keep({ ...this.at, noise: this.#noise.state() });
  }

  /** Reads what was not read yet, and stops at the first batch that went wrong. */
  async #read(): Promise<Losses | undefined> {
    const batches = this.#unread;
    this.#unread = [];
    if (batches.length === 0) return;
    const found = await readReports(batches.map(({ report }) => report), this.#objective);
    found.forEach(({ losses, wrong }, i) => {
      if (wrong) throw new InputError(`Training stops at step ${this.at.step - found.length + 1 + i}: ${wrong}.`);
      add(this.at.sums, losses, batches[i].batch);
    });
    return found.at(-1)!.losses;
  }

  /** What the caller is told of a step. */
  record(batch: number, losses?: Losses): Step {
    const { step, epoch, history } = this.at;
    const { epochs, batchSize } = this.#settings;
    const steps = epochs * Math.ceil(this.#examples.count / batchSize);
    return { step, steps, epoch, epochs, batch, epochEnds: this.#epochEnds, history, ...losses };
  }

  /** What the caller is told of the steps that were taken before. */
  resumed(): Step {
    return this.record((this.at.epoch - 1) * this.#examples.count + this.at.taken);
  }
}

/** The options with their defaults, once they make sense. */
function settle(options: TrainOptions, examples: Examples): Settings {
  const readEvery = tf.getBackend() === "webgpu" ? 20 : 1;
  const defaults = { epochs: 1, batchSize: 128, learningRate: 1e-3, seed: 0, readEvery, workers: 1 };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: Settings = { ...defaults, ...given };
  const { epochs, batchSize, learningRate, workers, heldOut, checkpoint } = settings;
  assertCounts({ epochs, batchSize, readEvery: settings.readEvery, workers, "examples.count": examples.count });
  if (heldOut) assertCounts({ "heldOut.count": heldOut.count });
  if (checkpoint) assertCounts({ "checkpoint.every": checkpoint.every ?? 1 });
  if (learningRate > 0 && learningRate < Infinity) return settings;
  throw new RangeError(`learningRate is a positive number, not ${learningRate}.`);
}

/** Where a training begins. */
function beginning(seed: number): Position {
  const source = random(seed);
  const [order, noise] = [source.split().state(), source.split().state()];
  return { step: 0, epoch: 1, taken: 0, order, noise, sums: nothing(), history: { train: [], test: [] } };
}
