/**
 * Identifies the training run of a checkpoint: what must be the same to resume it, and what may differ.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../../data/examples.ts";
import { ADAM_STEP } from "../../kernels/adam.ts";
import { installTrainingKernels } from "../../kernels/mod.ts";
import { type Architecture, difference } from "../../models/architecture.ts";
import type { Json } from "../../json.ts";
import type { Knobs, Objective } from "../../objectives/objective.ts";
import { sha256 } from "../../disk/sha256.ts";
import type { Schedule } from "../../schedules.ts";
import { type LayersModel, range, type Tensor, type Variable } from "../../tensor.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { printable } from "../../wording.ts";
import { rateAt } from "../options.ts";

/** The training run to identify. */
export interface TrainingIdentity {
  objective: Objective;
  examples: Examples;
  heldOut: Examples | undefined;
  batchSize: number;
  seed: number;
  learningRate: number | Schedule;
  workers: number;
}

/** What a checkpoint records about a training run, apart from its progress. */
export interface Fingerprint {
  /** What must be the same to resume. */
  about: Identity;
  /** What must also be the same; `undefined` for an objective without a recipe, of which only shapes are compared. */
  recipe?: RecipeFingerprint;
  how: Conditions;
}

/** What may differ on resuming. The learning rate and the knobs are those of the checkpoint's step. */
export interface Conditions {
  learningRate: number;
  knobs: Knobs;
  workers: number;
  kernels: string;
}

interface Identity extends Described {
  version: number;
  backend: string;
  batchSize: number;
  seed: number;
  optimizer: string;
  optimizerOptions: Optimizer["options"];
  heldOutCount?: number;
  heldOutData?: string;
  shapes: number[][];
}

interface RecipeFingerprint {
  /** The name of the objective, or of the function that makes it. */
  objective: string;
  objectiveOptions: Json;
  /** The SHA-256 of the networks' frozen weights; `undefined` if the recipe has no networks. */
  frozen?: string;
  networks?: Record<"encoder" | "decoder", Architecture>;
}

type Described = { count: number; data: string };

/** The version of a checkpoint's contents, to be increased whenever they change. */
const VERSION = 3;

/**
 * Computes the fingerprint of a training run at its first step.
 *
 * @param variables All variables whose numbers a checkpoint holds.
 */
export async function fingerprintOf(
  training: TrainingIdentity,
  { name: optimizer, options: optimizerOptions }: Pick<Optimizer, "name" | "options">,
  variables: readonly Variable[],
): Promise<Fingerprint> {
  const { objective, examples, heldOut, batchSize, seed, learningRate, workers } = training;
  const judged = heldOut && await described(heldOut);
  const shapes = variables.map(({ shape }) => shape);
  const by = { backend: tf.getBackend(), batchSize, seed, optimizer, optimizerOptions };
  const about = { version: VERSION, ...by, ...await described(examples), shapes };
  const how = { learningRate: rateAt(learningRate, 1), knobs: objective.knobs?.(1) ?? {}, workers, kernels: kernels() };
  const heldOutIdentity = judged && { heldOutCount: judged.count, heldOutData: judged.data };
  const recipe = await recipeFingerprint(objective);
  return { about: { ...about, ...heldOutIdentity }, ...(recipe && { recipe }), how };
}

/** Which kernels compute, in the words of `useBackend`. */
function kernels(): string {
  const own = tf.getBackend() === "wasm" && tf.getKernel(ADAM_STEP, "wasm");
  return own ? installTrainingKernels() : "tfjs"; // already installed, so this only returns the build
}

/**
 * Identifies examples by their count and their own fingerprint, or, without one, by a hash of all examples and labels,
 * which takes half a second for the 60,000 of MNIST.
 */
async function described(examples: Examples): Promise<Described> {
  return { count: examples.count, data: examples.fingerprint ?? await hash(batches(examples)) };
}

async function* batches(examples: Examples): AsyncGenerator<Tensor> {
  const all = range(examples.count);
  for (let start = 0; start < all.length; start += 128) {
    const batch = await batchOf(examples, all.subarray(start, start + 128));
    try {
      yield batch.x;
      if (batch.y) yield batch.y;
    } finally {
      tf.dispose(batch);
    }
  }
}

/** The SHA-256 of the concatenated SHA-256 hashes of tensors. */
async function hash(tensors: Iterable<Tensor> | AsyncIterable<Tensor>): Promise<string> {
  let each = "";
  for await (const t of tensors) each += await sha256(new Uint8Array(Float32Array.from(await t.data()).buffer));
  return await sha256(new TextEncoder().encode(each));
}

/**
 * Identifies an objective by its recipe, with its networks as tfjs saves them. The URL of a module is not part of it.
 */
async function recipeFingerprint({ recipe, variables, state = [] }: Objective): Promise<RecipeFingerprint | undefined> {
  if (!recipe) return;
  if ("module" in recipe) return { objective: recipe.export, objectiveOptions: recipe.options };
  const { encoder, decoder } = recipe.networks;
  const architecture = (network: LayersModel): Architecture => {
    const modelTopology = JSON.parse(JSON.stringify(network.toJSON(null, false))); // as it comes back from a file
    return { modelTopology, weightsManifest: [{ paths: [], weights: [] }] };
  };
  const weights = [encoder, decoder].flatMap(({ weights }) => weights.map((weight) => weight.read()));
  const changing = new Set<Tensor>([...variables, ...state]);
  const frozen = await hash(weights.filter((weight) => !changing.has(weight)));
  const networks = { encoder: architecture(encoder), decoder: architecture(decoder) };
  return { objective: recipe.name, objectiveOptions: recipe.options, frozen, networks };
}

/** How a message introduces each thing that must be the same. */
const NAMES: Record<keyof Identity | Exclude<keyof RecipeFingerprint, "networks">, string> = {
  version: "checkpoints of version",
  backend: "the backend",
  batchSize: "batches of",
  seed: "the seed",
  count: "examples:",
  data: "examples that hash to",
  heldOutCount: "held-out examples:",
  heldOutData: "held-out examples that hash to",
  optimizer: "the optimizer",
  optimizerOptions: "an optimizer with",
  shapes: "variables of shape",
  objective: "the objective",
  objectiveOptions: "an objective with",
  frozen: "frozen weights that hash to",
};

/** Returns the first difference between a training run and the one to resume; `undefined` if they are the same. */
export function mismatch(found: Partial<Fingerprint>, wanted: Fingerprint, directory: string): string | undefined {
  const both = found.recipe && wanted.recipe;
  const [theirs, ours] = [found, wanted].map(({ about, recipe }): Record<string, unknown> => ({
    ...about,
    ...(both ? recipe : {}),
  })) as [Record<string, unknown>, Record<string, unknown>];
  for (const [key, name] of Object.entries(NAMES)) {
    const [was, is] = firstDifference(theirs[key], ours[key]);
    if (was !== is) return `the run in ${directory} has ${name} ${brief(was)}, but this one has ${brief(is)}`;
  }
  for (const half of ["encoder", "decoder"] as const) {
    const architecture = both && wanted.recipe?.networks?.[half];
    const other = architecture && difference(found.recipe?.networks?.[half], architecture);
    if (other) return `the run in ${directory} has a different ${half}: ${other}`;
  }
}

/** Two values as JSON; for two lists or records, the first entries that differ. */
function firstDifference(theirs: unknown, ours: unknown): [string | undefined, string | undefined] {
  if (isRecord(theirs) && isRecord(ours)) {
    const key = Object.keys(ours).find((key) => JSON.stringify(ours[key]) !== JSON.stringify(theirs[key]));
    if (key !== undefined) return [`${key} ${JSON.stringify(theirs[key])}`, `${key} ${JSON.stringify(ours[key])}`];
  }
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    const i = ours.findIndex((entry, i) => JSON.stringify(entry) !== JSON.stringify(theirs[i]));
    if (i >= 0) return [JSON.stringify(theirs[i]), JSON.stringify(ours[i])];
  }
  return [JSON.stringify(theirs), JSON.stringify(ours)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Shortens a value for a message. */
function brief(json = "nothing"): string {
  return json.length > 40 ? `${json.slice(0, 40)}…` : json;
}

/** A sentence about where training resumes, what has changed, and what could not be compared. */
export function resumeNotice(step: number, found: Pick<Fingerprint, "how" | "recipe">, wanted: Fingerprint): string {
  const [was, is] = [found.how, wanted.how];
  const names = {
    learningRate: "learning rate",
    workers: "number of workers",
    kernels: "build of the kernels",
  } as const;
  const others = (Object.keys(names) as (keyof typeof names)[]).filter((key) => was[key] !== is[key]);
  const changes = others.map((key) => `a different ${names[key]} (${is[key]} instead of ${was[key]})`);
  for (const name of new Set([...Object.keys(is.knobs), ...Object.keys(was.knobs)])) {
    const [before, now] = [was, is].map(({ knobs }) => JSON.stringify(knobs[name]) ?? "none");
    if (before !== now) {
      changes.push(`a different ${printable(name)} (${brief(now)} instead of ${printable(brief(before))})`);
    }
  }
  const own = found.recipe && wanted.recipe
    ? ""
    : " The objective has no recipe, so only the shapes of its variables were compared.";
  const from = `Resuming after step ${step}${changes.length ? `, with ${changes.join(" and ")}` : ""}.${own}`;
  if (was.workers === is.workers && was.kernels === is.kernels) return from;
  return `${from} The numbers will differ by rounding from those of an uninterrupted run.`;
}

/** Whether a value has the form of the conditions of a training run. */
export function isConditions(how: unknown): how is Conditions {
  const { learningRate, knobs, workers, kernels } = Object(how);
  return Number.isFinite(learningRate) && isRecord(knobs) && Number.isSafeInteger(workers) &&
    /^\w{1,20}$/.test(kernels);
}
