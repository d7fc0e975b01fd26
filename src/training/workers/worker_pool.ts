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

/** How to start a pool. */
export interface WorkerPoolOptions {
  /** How many workers, the caller among them. */
  workers: number;
  /** The most examples in a batch. */
  batchSize: number;
  /** How long to wait for the workers to start, and for one when the caller's own part is done, in milliseconds; a minute. */
  patience?: { start: number; batch: number };
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

/** How far apart, relative to the largest, what a worker and the caller find of the same rows may be: float32. */
const TOLERANCE = 1e-5;

/** Workers, the caller one of them. */
export class WorkerPool {
  /** The most examples it takes at a time. */
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
   * Starts the workers, and checks that each finds of the same examples what the caller finds.
   *
   * @throws {InputError} If the objective or the backend is none that workers can have, or a worker finds something else.
   * @throws {EnvironmentError} If the permission to read is missing, or a worker does not start.
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

  /** Tells every worker what it is to do, and checks what it finds of the first batch. */
  async #begin(setup: Omit<Setup, "check">, check: Omit<Task, "worker">, own: Contribution): Promise<void> {
    const told = this.#others.map(({ name, tell }, worker) => ({
      name,
      done: tell({ ...setup, check: { ...check, worker } }),
    }));
    await answers(this.#patience.start, told);
    this.#memory.parts.forEach((part, worker) => assertSame(this.#others[worker]?.name ?? "", own, part));
  }

  /** The gradient of a whole batch, as `gradient` finds it; the caller disposes. */
  async gradient(question: Question): Promise<Gradient> {
    return await this.#total(question, true) as Gradient; // with slopes, as asked for
  }

  /** The means and sums of a whole batch, as `means` finds them; the caller disposes. */
  async means(question: Question): Promise<Means> {
    return await this.#total(question, false);
  }

  /** The {@linkcode contribution} of a whole batch, each worker's rows added up. */
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

  /** Writes down what all workers need: what training changes, and a batch. */
  #put(batch: Batch): void {
    const { example } = this.#layout;
    for (const name of new Set([...Object.keys(example), ...Object.keys(batch)] as (keyof Batch)[])) {
      const [found, wanted] = [batch[name]?.shape.slice(1), example[name]].map((shape) => shape && shapeText(shape));
      if (found !== wanted) {
        const what = name === "x" ? "examples" : "labels";
        const none = `no ${what}`;
        throw new RangeError(`The ${what} are of shape ${found ?? none}; those before were ${wanted ?? none}.`);
      }
    }
    for (const [name, numbers] of Object.entries(this.#memory.batch)) write(numbers, [batch[name as keyof Batch]!]); // as checked
    write(this.#memory.weights, changing(this.#objective));
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    for (const { worker } of this.#others) worker.terminate();
  }
}

/** What workers make an objective of. */
function recipeFor({ recipe }: Objective): Recipe {
  if (recipe) return recipe;
  throw new InputError(
    "Workers rebuild the objective from its recipe, and this one has none: use one worker, or give it a recipe.",
  );
}

/** The backend that the caller uses, and its build of the kernels. */
function here(): Pick<Setup, "backend" | "kernels"> {
  const backend = tf.getBackend();
  if (backend === "wasm") return { backend, kernels: installTrainingKernels() };
  if (backend === "cpu") return { backend, kernels: undefined };
  throw new InputError(`Workers share the CPU's cores, which the ${backend} backend does not use: use one worker.`);
}

/** What lies in the shared memory, by what the caller finds of a batch. */
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

/** The caller's contribution, and those that workers wrote down, added up. */
function sum(own: Contribution, parts: Float32Array[]): Contribution {
  let start = 0;
  const total = (t: Tensor) => {
    const from = start;
    start += t.size;
    return filled(t.shape, (into) => {
      into.set(numbersOf(t));
      for (const part of parts) for (let i = 0; i < into.length; i++) into[i]! += part[from + i]!; // within both
    });
  };
  const totals = (tensors: Record<string, Tensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, total(t)]));
  const [means, sums] = [total(own.means) as tf.Tensor1D, totals(own.sums)];
  return { names: own.names, means, sums, ...(own.slopes && { slopes: totals(own.slopes) }) };
}

/**
 * Checks that a worker found what the caller finds of the same rows, up to rounding. Where that is not finite, nothing is
 * compared: training will say so.
 *
 * @throws {InputError} If it found something else.
 */
function assertSame(name: string, own: Contribution, part: Float32Array): void {
  let at = 0;
  for (const t of inOrder(own)) {
    const [wanted, found] = [numbersOf(t), part.subarray(at, at += t.size)];
    const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const apart = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0); // as many
    if (!Number.isFinite(scale) || apart <= TOLERANCE * scale) continue;
    const i = wanted.findIndex((value, i) => !(Math.abs(value - found[i]!) <= TOLERANCE * scale)); // as many
    const what = t === own.means
      ? `that ${partText(own.names[i] ?? "")} is ${found[i]}, and this program ${wanted[i]},`
      : "another gradient than this program";
    throw new InputError(
      `Worker ${name} finds ${what} for the same examples: the objective's recipe makes another one.`,
    );
  }
}

/** A recipe as a worker is told of it. */
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
 * Asks for what workers need, which Deno would otherwise refuse them one by one: to read the library's source, and the module
 * that makes the objective.
 */
export async function askToRead(workers: number, module?: string): Promise<void> {
  const path = (url: URL) => decodeURIComponent(url.pathname.replace(/\/$/, ""));
  const project = path(new URL("../../../", import.meta.url));
  const own = module?.startsWith("file:") ? [path(new URL(module))] : [];
  for (const needed of [project, ...own.filter((path) => !path.startsWith(`${project}/`))]) {
    if (await isPermitted("read", needed)) continue;
    const flag = permissionFlag("read", needed);
    throw new EnvironmentError(`Training with ${workers} workers reads their source: add ${flag}.`);
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
      promise.catch(() => {}); // until somebody waits for it
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
