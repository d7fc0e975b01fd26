/**
 * Workers that share the examples of a batch, so that training uses more than one core.
 *
 * Each worker has its own tfjs and the same weights, and computes the losses or the gradient of its rows. They add up
 * to those of the whole batch, up to the order of float32 sums. The caller is one of the workers.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../../data/examples.ts";
import { EnvironmentError, InputError } from "../../errors.ts";
import { installTrainingKernels } from "../../kernels/mod.ts";
import type { Objective } from "../../objectives/objective.ts";
import type { Recipe } from "../../objectives/recipe.ts";
import { isPermitted, permissionFlag } from "../../disk/permissions.ts";
import { random } from "../../random.ts";
import { type Batch, type LayersModel, range, type Tensor } from "../../tensor.ts";
import { partText, shapeText } from "../../wording.ts";
import type { Means } from "../batch_report.ts";
import type { Gradient, Question } from "../gradient.ts";
import { filled, numbersOf } from "./numbers.ts";
import {
  bytesOf,
  changing,
  type Contribution,
  contribution,
  inOrder,
  type Layout,
  layOut,
  noiseOfRows,
  type SentNetwork,
  type SentRecipe,
  type Setup,
  type SharedMemory,
  type Task,
  write,
} from "./shared_memory.ts";

/** The options of a pool. */
export interface WorkerPoolOptions {
  /** The number of workers, including the caller. */
  workers: number;
  /** The largest number of examples in a batch. */
  batchSize: number;
  /**
   * How long to wait, in milliseconds, for workers to start, and for a worker after the caller has done its own part; a
   * minute by default.
   */
  patience?: { start: number; batch: number };
  /** The program of the workers. */
  program?: URL;
}

/** A worker, and what to do when it answers. */
interface PoolWorker {
  worker: Worker;
  /** Its name in messages. */
  name: string;
  /** Sends it a message; settles when the worker has answered or died. */
  tell(message: Setup | Task): Promise<void>;
}

/**
 * How far the results of a worker and of the caller for the same rows may differ in float32, relative to the largest.
 */
const TOLERANCE = 1e-5;

/** A pool of workers, of which the caller is one. */
export class WorkerPool {
  /** The largest number of examples it takes at a time. */
  readonly most: number;
  readonly #objective: Objective;
  readonly #layout: Layout;
  readonly #memory: SharedMemory;
  readonly #others: PoolWorker[];
  readonly #patience: { start: number; batch: number };

  private constructor(objective: Objective, layout: Layout, memory: SharedMemory, options: WorkerPoolOptions) {
    const { workers, patience = { start: 60_000, batch: 60_000 }, program = new URL("./worker.ts", import.meta.url) } =
      options;
    this.most = layout.rows;
    this.#objective = objective;
    this.#layout = layout;
    this.#memory = memory;
    this.#others = Array.from({ length: workers - 1 }, (_, i) => startWorker(program, `${i + 2} of ${workers}`));
    this.#patience = patience;
  }

  /**
   * Starts the workers, and checks that each computes the same results as the caller for the same examples.
   *
   * @throws {InputError} If workers cannot use the objective or the backend, or if a worker computes something else.
   * @throws {EnvironmentError} If permission to read is missing, or a worker does not start.
   */
  static async start(objective: Objective, examples: Examples, options: WorkerPoolOptions): Promise<WorkerPool> {
    const [recipe, backend] = [recipeFor(objective), here()];
    await askToRead(options.workers, "module" in recipe ? recipe.module : undefined);
    const batch = await batchOf(examples, range(Math.min(2, examples.count)));
    const rows = batch.x.shape[0] ?? 0;
    const check = {
      slopes: true,
      from: 0,
      to: rows,
      whole: rows,
      noise: random(0).state(),
      knobs: objective.knobs?.(1) ?? {},
    };
    const own = contribution(objective, { batch, noise: random(0), knobs: check.knobs }, rows, true);
    try {
      const sizes = { rows: Math.max(options.batchSize, rows), workers: options.workers - 1 };
      const layout = layoutOf(objective, own, batch, sizes);
      const memory = new SharedArrayBuffer(bytesOf(layout));
      const setup = { ...backend, recipe: await send(recipe), memory, layout };
      const pool = new WorkerPool(objective, layout, layOut(memory, layout), options);
      try {
        pool.#put(batch);
        await pool.#begin(setup, check, own);
      } catch (error) {
        pool[Symbol.dispose]();
        throw error;
      }
      return pool;
    } finally {
      tf.dispose([batch, own]);
    }
  }

  /** Sets up every worker, and checks its results for the first batch. */
  async #begin(setup: Omit<Setup, "check">, check: Omit<Task, "worker">, own: Contribution): Promise<void> {
    const told = this.#others.map(({ name, tell }, worker) => ({
      name,
      done: tell({ ...setup, check: { ...check, worker } }),
    }));
    await answers(this.#patience.start, told);
    this.#memory.parts.forEach((part, worker) => assertSame(this.#others[worker]?.name ?? "", own, part));
  }

  /** The gradient of a whole batch, as `gradient` computes it; the caller disposes it. */
  async gradient(question: Question): Promise<Gradient> {
    return await this.#total(question, true) as Gradient; // with slopes, because of the second argument
  }

  /** The means and sums of a whole batch, as `means` computes them; the caller disposes them. */
  async means(question: Question): Promise<Means> {
    return await this.#total(question, false);
  }

  /** The {@linkcode contribution} of a whole batch, which is the sum over all workers. */
  async #total({ batch, noise, knobs }: Question, slopes: boolean): Promise<Contribution> {
    this.#put(batch);
    const whole = batch.x.shape[0] ?? 0;
    const share = Math.ceil(whole / (1 + this.#others.length));
    const state = noise.state();
    const busy = this.#others.flatMap(({ name, tell }, worker) => {
      const from = (worker + 1) * share;
      const to = Math.min(whole, from + share);
      if (from >= to) return [];
      return [{ name, worker, done: tell({ worker, slopes, from, to, whole, noise: state, knobs }) }];
    });
    const mine = { from: 0, to: Math.min(share, whole), whole };
    const own = tf.tidy(() => {
      const question = { batch: rowsTo(batch, mine.to), noise: noiseOfRows(noise, mine), knobs };
      return contribution(this.#objective, question, whole, slopes);
    });
    try {
      await answers(this.#patience.batch, busy);
      return sum(own, busy.flatMap(({ worker }) => this.#memory.parts[worker] ?? []));
    } finally {
      tf.dispose(own);
    }
  }

  /** Writes what all workers need into the shared memory: the variables and a batch. */
  #put(batch: Batch): void {
    const { example } = this.#layout;
    for (const name of new Set([...Object.keys(example), ...Object.keys(batch)] as (keyof Batch)[])) {
      const [found, wanted] = [batch[name]?.shape.slice(1), example[name]].map((shape) => shape && shapeText(shape));
      if (found !== wanted) {
        const what = name === "x" ? "examples" : "labels";
        const none = `no ${what}`;
        throw new RangeError(`The ${what} have shape ${found ?? none}; earlier ones had ${wanted ?? none}.`);
      }
    }
    // Their names were checked.
    for (const [name, numbers] of Object.entries(this.#memory.batch)) write(numbers, [batch[name as keyof Batch]!]);
    write(this.#memory.weights, changing(this.#objective));
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    for (const { worker } of this.#others) worker.terminate();
  }
}

/** The recipe from which workers rebuild the objective. */
function recipeFor({ recipe }: Objective): Recipe {
  if (recipe) return recipe;
  throw new InputError(
    "Workers rebuild the objective from its recipe, but this one has none: use one worker, or give it a recipe.",
  );
}

/** The backend that the caller uses, and its build of the kernels. */
function here(): Pick<Setup, "backend" | "kernels"> {
  const backend = tf.getBackend();
  if (backend === "wasm") return { backend, kernels: installTrainingKernels() };
  if (backend === "cpu") return { backend, kernels: undefined };
  throw new InputError(`Workers share the CPU's cores, which the ${backend} backend does not use: use one worker.`);
}

/** The layout of the shared memory, from the caller's results for a batch. */
function layoutOf(
  objective: Objective,
  { names, sums }: Contribution,
  batch: Batch,
  sizes: Pick<Layout, "rows" | "workers">,
): Layout {
  const shapesOf = (tensors: Record<string, Tensor>, from: number) =>
    Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape.slice(from)]));
  return {
    shapes: changing(objective).map(({ shape }) => shape),
    variables: objective.variables.length,
    example: shapesOf(batch, 1),
    names,
    sums: shapesOf(sums, 0),
    ...sizes,
  };
}

/** The first rows of a batch. */
function rowsTo(batch: Batch, to: number): Batch {
  const first = (t: Tensor) => t.slice([0], [to]);
  return { x: first(batch.x), ...(batch.y && { y: first(batch.y) }) };
}

/** The sum of the caller's contribution and those that workers wrote into the shared memory. */
function sum(own: Contribution, parts: Float32Array[]): Contribution {
  let start = 0;
  const total = (t: Tensor) => {
    const from = start;
    start += t.size;
    return filled(t.shape, (into) => {
      into.set(numbersOf(t));
      // Both have this index.
      for (const part of parts) for (let i = 0; i < into.length; i++) into[i]! += part[from + i]!;
    });
  };
  const totals = (tensors: Record<string, Tensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, total(t)]));
  const [means, sums] = [total(own.means) as tf.Tensor1D, totals(own.sums)];
  return { names: own.names, means, sums, ...(own.slopes && { slopes: totals(own.slopes) }) };
}

/**
 * Checks that a worker's results for the same rows equal the caller's, up to rounding. Results that are not finite are
 * not compared: training will report them.
 *
 * @throws {InputError} If they differ.
 */
function assertSame(name: string, own: Contribution, part: Float32Array): void {
  let at = 0;
  for (const t of inOrder(own)) {
    const [wanted, found] = [numbersOf(t), part.subarray(at, at += t.size)];
    const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Of the same length.
    const apart = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
    if (!Number.isFinite(scale) || apart <= TOLERANCE * scale) continue;
    const i = wanted.findIndex((value, i) => !(Math.abs(value - found[i]!) <= TOLERANCE * scale)); // of the same length
    const what = t === own.means
      ? `${partText(own.names[i] ?? "")} ${found[i]}, but this program computes ${wanted[i]}`
      : "a different gradient than this program";
    throw new InputError(
      `Worker ${name} computes ${what} for the same examples: the objective's recipe makes a different objective.`,
    );
  }
}

/** A recipe in the form in which it is sent to workers. */
async function send(recipe: Recipe): Promise<SentRecipe> {
  if ("module" in recipe) return recipe;
  const { encoder, decoder } = recipe.networks;
  return { ...recipe, networks: { encoder: await sent(encoder), decoder: await sent(decoder) } };
}

async function sent(network: LayersModel): Promise<SentNetwork> {
  const weights = await Promise.all(
    network.getWeights().map(async (weight) => ({ values: await weight.data() as Float32Array, shape: weight.shape })),
  );
  return { topology: network.toJSON(null, false), weights };
}

/**
 * Requests the permissions that workers need, to read the library's source and the module that makes the objective.
 * Otherwise Deno would refuse them to each worker separately.
 */
export async function askToRead(workers: number, module?: string): Promise<void> {
  const path = (url: URL) => decodeURIComponent(url.pathname.replace(/\/$/, ""));
  const project = path(new URL("../../../", import.meta.url));
  const own = module?.startsWith("file:") ? [path(new URL(module))] : [];
  for (const needed of [project, ...own.filter((path) => !path.startsWith(`${project}/`))]) {
    if (await isPermitted("read", needed)) continue;
    const flag = permissionFlag("read", needed);
    throw new EnvironmentError(
      `Training with ${workers} workers requires permission to read their source: add ${flag}.`,
    );
  }
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
      promise.catch(() => {}); // it may fail before somebody waits for it
      worker.onmessage = ({ data: { error, mistaken } }) => {
        if (error === undefined) resolve();
        else if (mistaken) reject(new InputError(error));
        else fail(`failed (${error})`);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        fail(`has died (${event.message})`);
      };
      worker.postMessage(message);
      return promise;
    },
  };
}

/** Waits for the workers' answers, up to a time limit. The first failure ends the wait. */
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
