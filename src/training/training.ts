/**
 * A training run in progress.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Examples, whereNotFinite } from "../data/examples.ts";
import { InputError } from "../errors.ts";
import type { Objective } from "../objectives/objective.ts";
import { type Random, random } from "../random.ts";
import { readReports, type Report, report } from "./batch_report.ts";
import type { Checkpointer } from "./checkpoints/checkpointer.ts";
import { AT_A_TIME, evaluate, evaluateBy } from "./evaluate.ts";
import { gradient } from "./gradient.ts";
import { add, type AnyLosses, average, nothing } from "./losses.ts";
import { onDevice } from "./on_device.ts";
import type { Schedule } from "../schedules.ts";
import type { Optimizer } from "./optimizers/optimizer.ts";
import { rateAt, type Settings, settingsOf, stepsOf, type TrainOptions } from "./options.ts";
import { beginning, type Position } from "./position.ts";
import type { Step } from "./step.ts";
import type { WorkerPool } from "./workers/worker_pool.ts";

/** A training run in progress. */
export class Training {
  /** Its position. */
  readonly at: Position;
  readonly #objective: Objective;
  readonly #examples: Examples;
  readonly #settings: Settings;
  readonly #noise: Random;
  readonly #changes: Random;
  readonly #optimizer: Optimizer;
  readonly #learningRate: number | Schedule;
  readonly #checkpointer: Checkpointer | undefined;
  #pool?: WorkerPool;
  /** The reports of steps that have not been read yet, and the indices of their examples. */
  #unread: { report: Report; indices: Uint32Array }[] = [];

  private constructor(
    objective: Objective,
    examples: Examples,
    settings: Settings,
    optimizer: Optimizer,
    checkpointer?: Checkpointer,
  ) {
    this.#objective = objective;
    this.#examples = examples;
    this.#settings = settings;
    this.#optimizer = optimizer;
    this.#learningRate = settings.learningRate ?? optimizer.rate;
    this.#checkpointer = checkpointer;
    this.at = checkpointer?.position ?? beginning(settings.seed);
    this.#noise = random(this.at.noise);
    this.#changes = random(this.at.changes);
  }

  /** Starts or resumes a training run. Everything that must be freed at the end is added to `held`. */
  static async begin(
    objective: Objective,
    examples: Examples,
    options: TrainOptions,
    held: DisposableStack,
  ): Promise<Training> {
    const settings = settingsOf(options, examples);
    const { batchSize, seed, epochs, workers, heldOut, checkpoint } = settings;
    const optimizer = held.use(await settings.optimizer(objective.variables));
    const { learningRate = optimizer.rate } = settings;
    // Refuses a schedule that is too short before training starts.
    for (const step of [1, stepsOf(settings, examples)]) rateAt(learningRate, step);
    const identity = { objective, examples, heldOut, batchSize, seed, learningRate, workers };
    const checkpointer = checkpoint && held.use(await openCheckpointer(checkpoint, optimizer, identity));
    const here = held.use(await onDevice(examples));
    const judges = heldOut && held.use(await onDevice(heldOut));
    const set = { ...settings, ...(judges && { heldOut: judges }) };
    const training = new Training(objective, here, set, optimizer, checkpointer);
    held.defer(() => tf.dispose(training.#unread.map(({ report }) => report.values)));
    if (training.at.epoch > epochs) {
      const where = `The training run in ${checkpoint!.directory} is already in epoch ${training.at.epoch}`;
      throw new InputError(`${where}, but epochs is ${epochs}.`);
    }
    if (workers > 1) {
      const most = Math.max(Math.min(batchSize, here.count), judges ? Math.min(AT_A_TIME, judges.count) : 0);
      training.#pool = held.use(await startWorkers(objective, here, { workers, batchSize: most }));
    }
    // If it cannot be written, for example because it is too large, that is known now.
    if (training.at.step === 0) await training.keep();
    return training;
  }

  /** Whether all steps of all epochs have been taken. */
  get over(): boolean {
    return this.at.epoch >= this.#settings.epochs && this.#epochEnds;
  }

  /** Whether all steps of this epoch have been taken. */
  get #epochEnds(): boolean {
    return this.at.taken >= this.#examples.count;
  }

  /** Yields the remaining batches of this epoch or, if there are none, the batches of the next. */
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
    const [objective, noise, step] = [this.#objective, this.#noise, this.at.step + 1];
    const rate = rateAt(this.#learningRate, step);
    const batch = await this.#examples.batch(indices, this.#changes);
    const temporary: tf.TensorContainer[] = [batch];
    try {
      const question = { batch, noise, knobs: objective.knobs?.(step) ?? {} };
      const found = await (this.#pool?.gradient(question) ?? gradient(objective, question));
      temporary.push(found);
      const finite = this.#optimizer.step(found.slopes, rate);
      temporary.push(finite);
      tf.tidy(() => objective.update?.(found.sums, batch, noise));
      this.#unread.push({ report: report(objective, found, batch, finite), indices });
    } finally {
      tf.dispose(temporary);
    }
    this.at.step++;
    this.at.taken += indices.length;
  }

  /**
   * Does what is due after a step: reads losses, closes the epoch, writes a checkpoint. Returns the losses if they were
   * read.
   */
  async settle(): Promise<AnyLosses | undefined> {
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

  async #judge(heldOut: Examples): Promise<AnyLosses> {
    const { seed } = this.#settings;
    const [pool, objective] = [this.#pool, this.#objective];
    try {
      if (!pool) return await evaluate(objective, heldOut, { seed });
      return await evaluateBy((question) => pool.means(question), objective, heldOut, { seed, batchSize: pool.most });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const where = `Training stops after step ${this.at.step}, on the held-out examples.`;
      throw new InputError(`${where} ${error.message}`, { cause: error });
    }
  }

  /**
   * Reads the remaining losses, and writes a checkpoint if checkpoints are enabled. A run that went wrong is not saved.
   */
  async keep(): Promise<void> {
    await this.#read();
    await this.#checkpointer?.keep({ ...this.at, noise: this.#noise.state(), changes: this.#changes.state() });
  }

  /** Reads the losses that have not been read yet, and throws at the first batch that went wrong. */
  async #read(): Promise<AnyLosses | undefined> {
    const batches = this.#unread;
    this.#unread = [];
    if (batches.length === 0) return;
    const stepOf = (i: number) => this.at.step - batches.length + 1 + i;
    const found = await readReports(batches.map(({ report }) => report), this.#objective, {
      notFinite: (i) => this.#whereNotFinite(batches[i]!.indices), // one report per batch
      updated: (i) => stepOf(i) > 1,
    });
    found.forEach(({ losses, wrong }, i) => {
      if (wrong) throw new InputError(`Training stops at step ${stepOf(i)}: ${wrong}.`);
      add(this.at.sums, losses, batches[i]!.indices.length);
    });
    return found.at(-1)!.losses;
  }

  /** Finds a number that is not finite among some examples, unless it comes from changing them at random. */
  async #whereNotFinite(indices: Uint32Array): Promise<string | undefined> {
    const batch = await this.#examples.batch(indices);
    try {
      return await whereNotFinite(batch, indices);
    } finally {
      tf.dispose(batch);
    }
  }

  /** The record of a step for the caller. */
  record(batch: number, losses?: AnyLosses): Step {
    const { step, epoch, history } = this.at;
    const { epochs, heldOut } = this.#settings;
    const steps = stepsOf(this.#settings, this.#examples);
    const judged = heldOut !== undefined;
    return { step, steps, epoch, epochs, batch, epochEnds: this.#epochEnds, judged, history, ...losses };
  }

  /** The number of examples taken in all epochs. */
  get taken(): number {
    return (this.at.epoch - 1) * this.#examples.count + this.at.taken;
  }
}

// Checkpoints and workers load only when they are used.

async function openCheckpointer(...args: Parameters<typeof Checkpointer["open"]>): Promise<Checkpointer> {
  return await (await import("./checkpoints/checkpointer.ts")).Checkpointer.open(...args);
}

async function startWorkers(...args: Parameters<typeof WorkerPool["start"]>): Promise<WorkerPool> {
  return await (await import("./workers/worker_pool.ts")).WorkerPool.start(...args);
}
