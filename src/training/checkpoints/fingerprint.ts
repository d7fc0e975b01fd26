/**
 * Which training a checkpoint is of: what must be the same for another to go on with it, and what may differ.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../../data/examples.ts";
import { ADAM_STEP } from "../../kernels/adam.ts";
import { installTrainingKernels } from "../../kernels/mod.ts";
import { type Architecture, difference } from "../../models/architecture.ts";
import { type Objective, type Parts, partsOf } from "../../objectives/objective.ts";
import { sha256 } from "../../disk/sha256.ts";
import type { Schedule } from "../../schedules.ts";
import { range, type Tensor, type Variable } from "../../tensor.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { rateAt } from "../options.ts";

/** A training to keep. */
export interface TrainingIdentity {
  objective: Objective;
  examples: Examples;
  heldOut?: Examples;
  batchSize: number;
  seed: number;
  learningRate: number | Schedule;
  workers: number;
}

/** What a checkpoint says of a training, whatever its step. */
export interface Fingerprint {
  /** What must be the same for a training to go on. */
  about: Identity;
  /** So must these be; nothing for an objective that is not made of two networks of layers, which has its shapes alone. */
  networks?: NetworkFingerprint;
  how: Conditions;
}

/** What may be another when a training goes on; the learning rate is that of the step. */
export interface Conditions {
  learningRate: number;
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

interface NetworkFingerprint {
  objective: Parts["name"];
  /** The SHA-256 of the weights that training does not change. */
  frozen: string;
  encoder: Architecture;
  decoder: Architecture;
}

type Described = { count: number; data: string };

/** Of what stands in a checkpoint: another number whenever that is something else. */
const VERSION = 2;

/**
 * What a checkpoint will say of a training, at its first step.
 *
 * @param variables All those whose numbers it holds.
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
  const how = { learningRate: rateAt(learningRate, 1), workers, kernels: kernels() };
  const heldOutIdentity = { heldOutCount: judged?.count, heldOutData: judged?.data };
  return { about: { ...about, ...heldOutIdentity }, networks: await networkFingerprint(objective), how };
}

/** Whose kernels compute, as `useBackend` says it. */
function kernels(): string {
  const own = tf.getBackend() === "wasm" && tf.getKernel(ADAM_STEP, "wasm");
  return own ? installTrainingKernels() : "tfjs"; // where they are installed, this only says which build
}

/** Which examples these are: how many, and a hash of them all, which takes half a second for the 60,000 of MNIST. */
async function described(examples: Examples): Promise<Described> {
  return { count: examples.count, data: await hash(batches(examples)) };
}

function* batches(examples: Examples): Generator<Tensor> {
  const all = range(examples.count);
  for (let start = 0; start < all.length; start += 128) {
    const x = batchOf(examples, all.subarray(start, start + 128));
    try {
      yield x;
    } finally {
      x.dispose();
    }
  }
}

/** The SHA-256 of the SHA-256 of each of some tensors. */
async function hash(tensors: Iterable<Tensor>): Promise<string> {
  let each = "";
  for (const tensor of tensors) each += await sha256(new Uint8Array(Float32Array.from(await tensor.data()).buffer));
  return await sha256(new TextEncoder().encode(each));
}

/** The networks that an objective is about, as their layers are saved. */
async function networkFingerprint(objective: Objective): Promise<NetworkFingerprint | undefined> {
  const parts = partsOf(objective);
  if (!parts) return;
  const [encoder, decoder] = [parts.encoder, parts.decoder].map((network) => {
    const modelTopology = JSON.parse(JSON.stringify(network.toJSON(null, false))); // as it comes back from a file
    return { modelTopology, weightsManifest: [{ paths: [], weights: [] }] };
  });
  const weights = [parts.encoder, parts.decoder].flatMap(({ weights }) => weights.map((weight) => weight.read()));
  const trained = new Set<Tensor>(objective.variables);
  const frozen = await hash(weights.filter((weight) => !trained.has(weight)));
  return { objective: parts.name, frozen, encoder, decoder };
}

/** What each thing that must be the same is called. */
const NAMES: Record<keyof Identity | "objective" | "frozen", string> = {
  version: "checkpoints of the version",
  backend: "been computed on",
  batchSize: "batches of",
  seed: "the seed",
  count: "examples:",
  data: "examples that hash to",
  heldOutCount: "held-out examples:",
  heldOutData: "held-out examples that hash to",
  optimizer: "the optimizer",
  optimizerOptions: "an optimizer with",
  shapes: "weights, or running means of slopes, of the shape",
  objective: "the objective",
  frozen: "weights that do not change and hash to",
};

/** Says what makes one training another than the wanted one; nothing if they are the same. */
export function mismatch(found: Partial<Fingerprint>, wanted: Fingerprint, directory: string): string | undefined {
  const both = found.networks && wanted.networks;
  const [theirs, ours] = [found, wanted].map(({ about, networks }): Record<string, unknown> => ({
    ...about,
    ...(both ? networks : {}),
  }));
  for (const [key, name] of Object.entries(NAMES)) {
    const [was, is] = firstDifference(theirs[key], ours[key]);
    if (was !== is) return `the training in ${directory} has ${name} ${brief(was)}, and this one ${brief(is)}`;
  }
  for (const half of both ? ["encoder", "decoder"] as const : []) {
    const other = difference(found.networks![half], wanted.networks![half]);
    if (other) return `the training in ${directory} has another ${half}: ${other}`;
  }
}

/** Two values as JSON; of two lists or records, the first entries that differ. */
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

/** A value as a message names it. */
function brief(json = "nothing"): string {
  return json.length > 40 ? `${json.slice(0, 40)}…` : json;
}

/** Says where a training goes on, what is no longer as it was, and what nobody could compare. */
export function resumeNotice(step: number, found: Pick<Fingerprint, "how" | "networks">, wanted: Fingerprint): string {
  const [was, is] = [found.how, wanted.how];
  const names = { learningRate: "learning rate", workers: "number of workers", kernels: "build of the kernels" };
  const others = (Object.keys(names) as (keyof Conditions)[]).filter((key) => was[key] !== is[key]);
  const changes = others.map((key) => `another ${names[key]} (${is[key]}, before ${was[key]})`);
  const own = found.networks && wanted.networks
    ? ""
    : " The objective is one's own: only its variables' shapes were compared.";
  const from = `Going on after step ${step}${changes.length ? `, with ${changes.join(" and ")}` : ""}.${own}`;
  if (was.workers === is.workers && was.kernels === is.kernels) return from;
  return `${from} The numbers will differ by rounding from those without the break.`;
}

/** Whether something is what a training may have been like. */
export function isConditions(how: unknown): how is Conditions {
  const { learningRate, workers, kernels } = Object(how);
  return Number.isFinite(learningRate) && Number.isSafeInteger(workers) && /^\w{1,20}$/.test(kernels);
}
