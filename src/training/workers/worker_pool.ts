/**
 * Workers that share the examples of a batch, so that a training uses more than one core.
 *
 * Each has its own tfjs and the same weights; each finds the losses, or the gradient, of its rows. They add up to those of
 * the whole batch, up to the order of float32 sums. The caller is one of the workers.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../../data/examples.ts";
import { EnvironmentError, InputError } from "../../errors.ts";
import { installTrainingKernels } from "../../kernels/mod.ts";
import { type Objective, objectiveOf, type Parts, partsOf } from "../../objectives/objective.ts";
import { isPermitted, permissionFlag } from "../../disk/permissions.ts";
import type { Random } from "../../random.ts";
import type { LayersModel, Tensor, Variable } from "../../tensor.ts";
import { shapeText } from "../../wording.ts";
import { layOut, noiseOfRows, type Setup, type SharedMemory, type Task } from "./shared_memory.ts";
import { contribution, type Gradient } from "../gradient.ts";

/** How to start a pool. */
export interface WorkerPoolOptions {
  /** How many workers, the caller among them. */
  workers: number;
  /** The most examples in a batch. */
  batchSize: number;
  /** How long to wait for a worker when the caller's own part is done, in milliseconds; a minute by default. */
  patience?: number;
  /** The workers' program. */
  program?: URL;
}

/** A worker, and what to do when it answers. */
interface PoolWorker {
  worker: Worker;
  /** Which it is, for messages. */
  name: string;
  /** Tells it something; settles when it has answered, or died. */
  tell(message: Setup | Task): Promise<void>;
}

/** Workers, the caller one of them. */
export class WorkerPool {
  /** The most examples it takes at a time. */
  readonly most: number;
  readonly #objective: Objective;
  readonly #shape: number[];
  readonly #memory: SharedMemory;
  readonly #others: PoolWorker[];
  readonly #patience: number;

  private constructor(objective: Objective, setup: Setup, most: number, others: PoolWorker[], patience: number) {
    this.most = most;
    this.#objective = objective;
    this.#shape = setup.shape;
    this.#memory = layOut(setup);
    this.#others = others;
    this.#patience = patience;
  }

  /**
   * Starts the workers.
   *
   * @throws {InputError} If the objective or the backend is none that workers can have.
   * @throws {EnvironmentError} If the permission to read is missing, or a worker does not start.
   */
  static async start(objective: Objective, examples: Examples, options: WorkerPoolOptions): Promise<WorkerPool> {
    const { workers, batchSize, patience = 60_000, program = new URL("./worker.ts", import.meta.url) } = options;
    const [parts, { variables }] = [partsOf(objective), objective];
    if (!parts) {
      throw new InputError(
        "Workers make the objective again from its networks, which takes negativeElbo or squaredError of a model of layers: with this one, use one worker.",
      );
    }
    assertRemade(parts, variables);
    const backend = tf.getBackend();
    if (backend !== "wasm" && backend !== "cpu") {
      throw new InputError(`Workers share the CPU's cores, which the ${backend} backend does not use: use one worker.`);
    }
    await askToRead(workers);
    const shape = tf.tidy(() => batchOf(examples, [0]).shape.slice(1));
    const weights = variables.reduce((total, { size }) => total + size, 0);
    const sizes = { weights, batch: batchSize * tf.util.sizeFromShape(shape), workers: workers - 1 };
    const memory = new SharedArrayBuffer(4 * (weights + sizes.batch + sizes.workers * (3 + weights)));
    const networks = await Promise.all([parts.encoder, parts.decoder].map(plan));
    const kernels = backend === "wasm" ? installTrainingKernels() : undefined;
    const setup: Setup = { backend, kernels, name: parts.name, networks, shape, memory, sizes };
    const others = Array.from({ length: workers - 1 }, (_, i) => startWorker(program, `${i + 2} of ${workers}`));
    const pool = new WorkerPool(objective, setup, batchSize, others, patience);
    try {
      await answers(patience, others.map(({ name, tell }) => ({ name, done: tell(setup) })));
    } catch (error) {
      pool[Symbol.dispose]();
      throw error;
    }
    return pool;
  }

  /** The gradient of a whole batch, as `gradient` finds it; the caller disposes. */
  async gradient(x: Tensor, noise: Random): Promise<Gradient> {
    const [means, ...slopes] = await this.#total(x, noise, true);
    const names = this.#objective.variables.map(({ name }) => name);
    return { means: means as tf.Tensor1D, slopes: Object.fromEntries(slopes.map((slope, i) => [names[i], slope])) };
  }

  /** The mean loss, reconstruction and KL of a whole batch, `[3]`; the caller disposes. */
  async means(x: Tensor, noise: Random): Promise<tf.Tensor1D> {
    return (await this.#total(x, noise, false))[0] as tf.Tensor1D;
  }

  /** The {@linkcode contribution} of a whole batch, each worker's rows added up. */
  async #total(x: Tensor, noise: Random, slopes: boolean): Promise<Tensor[]> {
    const { weights, batch, parts } = this.#memory;
    const [whole, ...rest] = x.shape;
    if (shapeText(rest) !== shapeText(this.#shape)) {
      throw new RangeError(
        `The examples are of shape ${shapeText(rest)}; those before were ${shapeText(this.#shape)}.`,
      );
    }
    batch.set(await x.data() as Float32Array);
    let at = 0;
    for (const variable of this.#objective.variables) {
      weights.set(await variable.data() as Float32Array, at);
      at += variable.size;
    }
    const share = Math.ceil(whole / (1 + this.#others.length));
    const state = noise.state();
    const busy = this.#others.flatMap(({ name, tell }, worker) => {
      const from = (worker + 1) * share;
      const to = Math.min(whole, from + share);
      return from < to ? [{ name, worker, done: tell({ worker, slopes, from, to, whole, noise: state }) }] : [];
    });
    const own = tf.tidy(() => {
      const mine = x.slice([0, ...rest.map(() => 0)], [Math.min(share, whole), ...rest]);
      return contribution(this.#objective, mine, noiseOfRows(noise, 0, whole), whole, slopes);
    });
    try {
      await answers(this.#patience, busy);
      return sum(own, busy.map(({ worker }) => parts[worker]));
    } finally {
      tf.dispose(own);
    }
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    for (const { worker } of this.#others) worker.terminate();
  }
}

/** The caller's contribution, and those that workers wrote down, added up. */
function sum(own: Tensor[], parts: Float32Array[]): Tensor[] {
  let at = 0;
  return tf.tidy(() =>
    own.map((t) => {
      const [start, end] = [at, at += t.size];
      return parts.reduce((sum, part) => sum.add(tf.tensor(part.slice(start, end), t.shape)), t.clone());
    })
  );
}

/**
 * Checks that a worker, which makes the objective again from its layers, will have the caller's variables, in their order.
 *
 * @throws {InputError} If it will not.
 */
function assertRemade(parts: Parts, variables: Variable[]): void {
  const [inEncoder, inDecoder] = [parts.encoder, parts.decoder].map(({ weights }) => weights.map((x) => x.read()));
  const { variables: remade } = objectiveOf(parts);
  const same = remade.length === variables.length && remade.every((variable, i) => variable === variables[i]);
  if (same && !inEncoder.some((weight) => inDecoder.includes(weight))) return;
  throw new InputError(
    "Workers make the model again from its layers, which takes two networks that share none, and a layer's `trainable` that is set before the model is made: with this one, use one worker.",
  );
}

/** A network as a worker is told of it. */
async function plan(network: LayersModel): Promise<Setup["networks"][number]> {
  const weights = await Promise.all(
    network.getWeights().map(async (weight) => ({
      values: await weight.data() as Float32Array,
      shape: weight.shape,
    })),
  );
  return { topology: network.toJSON(null, false), weights };
}

/** Asks for what workers need, which Deno would otherwise refuse them one by one. */
export async function askToRead(workers: number): Promise<void> {
  const project = decodeURIComponent(new URL("../../../", import.meta.url).pathname.replace(/\/$/, ""));
  if (await isPermitted("read", project)) return;
  const flag = permissionFlag("read", project);
  throw new EnvironmentError(`Training with ${workers} workers reads their source: add ${flag}.`);
}

/** Starts a worker. */
function startWorker(program: URL, name: string): PoolWorker {
  const worker = new Worker(program, { type: "module" });
  return {
    worker,
    name,
    tell(message) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const fail = (why: string) => reject(new EnvironmentError(`Training ends here: worker ${name} ${why}.`));
      promise.catch(() => {}); // until somebody waits for it
      worker.onmessage = ({ data: { error } }) => error === undefined ? resolve() : fail(`failed (${error})`);
      worker.onerror = (event) => {
        event.preventDefault();
        fail(`has died (${event.message})`);
      };
      worker.postMessage(message);
      return promise;
    },
  };
}

/** Waits for the workers' answers, but not for ever; the first that fails ends the wait. */
async function answers(patience: number, asked: { name: string; done: Promise<void> }[]): Promise<void> {
  const waiting = new Set(asked.map(({ name }) => name));
  const { promise: never, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const [name] = waiting;
    reject(new EnvironmentError(`Training ends here: worker ${name} has not answered for ${patience / 1000} seconds.`));
  }, patience);
  try {
    const all = asked.map(({ name, done }) => done.then(() => void waiting.delete(name)));
    await Promise.race([Promise.all(all), never]);
  } finally {
    clearTimeout(timer);
  }
}
