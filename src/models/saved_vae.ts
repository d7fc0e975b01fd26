/**
 * Models on disk: the networks in tfjs's own layers format, `encoder/model.json`, `encoder/weights.bin`, and the same for the
 * decoder; the rest of the model in `vae.json` and `vae.bin`. Beside them lies `weights.npz`, for whoever goes on elsewhere.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sha256 } from "../disk/sha256.ts";
import { InputError } from "../errors.ts";
import type { Likelihood } from "../distributions/likelihood.ts";
import type { Prior } from "../distributions/prior.ts";
import type { Json } from "../json.ts";
import type { LayersModel, Tensor, Variable } from "../tensor.ts";
import { printable } from "../wording.ts";
import { type Architecture, difference, same, text } from "./architecture.ts";
import { exportNpz, namedWeights } from "./npz.ts";
import type { Networks } from "./layers.ts";

const HALVES = ["encoder", "decoder"] as const;
const WEIGHTS = "weights.bin";
const [REST, NUMBERS] = ["vae.json", "vae.bin"] as const;

/** What can be saved: two networks, and what else a model has. Every `LayersVae` can. */
export interface SavedModel extends Networks {
  /** Its likelihood, with what that has learned. */
  readonly likelihood?: Likelihood;
  /** Its prior, with what that has learned. */
  readonly prior?: Prior;
  /** What else changes as it trains, but not by gradients. */
  readonly state?: readonly Variable[];
}

/** What a model has besides its networks, as `vae.json` says it. */
interface Rest {
  likelihood: { name: string; options: Json } | null;
  prior: { name: string; options: Json } | null;
  /** The shapes of the variables whose numbers `vae.bin` holds: the likelihood's, the prior's, the state. */
  shapes: number[][];
}

/** The most bytes that are read of a `model.json`. The conv VAE's have 4,000, and a thousand layers fit. */
const MOST_JSON = 1_000_000;

/**
 * Saves a VAE: both halves, each so that tfjs's `tf.loadLayersModel` reads it: `encoder/model.json` and
 * `decoder/model.json`, with a `weights.bin` beside each. `weights.npz` has the weights of both once more, as NumPy reads
 * them ({@linkcode exportNpz}); nothing here reads it again. `vae.json` and `vae.bin` have the likelihood and the prior, with
 * what they learned, and the model's state.
 *
 * @param vae What to save.
 * @param directory A directory that holds no model yet; made if it is not there.
 * @throws {InputError} If a weight is no finite number, or there is a model in it already, or half of one: nothing is written then.
 * @throws {EnvironmentError} If it cannot be written; without the permission, the message has the flag to add.
 */
export async function saveVae(vae: SavedModel, directory: string): Promise<void> {
  const { ensureDirectory, newFile } = await import("../disk/write.ts"); // a browser has no disk
  const write = (name: string, bytes: Uint8Array) => newFile(`${directory}/${name}`, bytes, directory);
  for (const half of HALVES) await assertFinite(namedWeights(vae[half], half));
  await assertFinite(ownVariables(vae).map((variable) => [variable.name, variable]));
  await ensureDirectory(directory);
  await begin(directory, { "weights.npz": await exportNpz(vae), ...await restFiles(vae) });
  for (const half of HALVES) {
    const { weightSpecs, weightData, ...model } = await artifacts(vae[half]);
    const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
    const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs, sha256: await sha256(bytes) }];
    await write(`${half}/${WEIGHTS}`, bytes);
    await write(`${half}/model.json`, new TextEncoder().encode(JSON.stringify({ ...model, weightsManifest })));
  }
}

/** The files of what a model has besides its networks. */
async function restFiles(vae: SavedModel): Promise<Record<string, Uint8Array>> {
  const numbers = await Promise.all(ownVariables(vae).map((variable) => variable.data()));
  const bytes = await new Blob(numbers.map((values) => new Float32Array(values))).bytes();
  const json = JSON.stringify({ ...restOf(vae), sha256: await sha256(bytes) });
  return { [NUMBERS]: bytes, [REST]: new TextEncoder().encode(json) };
}

/** What a model has that changes and is not in its networks. */
function ownVariables({ likelihood, prior, state = [] }: SavedModel): Variable[] {
  return [...likelihood?.variables ?? [], ...prior?.variables ?? [], ...state];
}

/** What a model has besides its networks. */
function restOf(vae: SavedModel): Rest {
  const named = (part?: Likelihood | Prior) => part ? { name: part.name, options: part.options } : null;
  const shapes = ownVariables(vae).map(({ shape }) => shape);
  return { likelihood: named(vae.likelihood), prior: named(vae.prior), shapes };
}

/** Makes the directories of both halves, and writes the files beside them; all of it, or nothing. */
async function begin(directory: string, files: Record<string, Uint8Array>): Promise<void> {
  const { newDirectory, newFile } = await import("../disk/write.ts");
  const made: string[] = [];
  try {
    for (const half of HALVES.map((half) => `${directory}/${half}`)) {
      await newDirectory(half, directory);
      made.push(half);
    }
    for (const [name, bytes] of Object.entries(files)) {
      await newFile(`${directory}/${name}`, bytes, directory);
      made.push(`${directory}/${name}`);
    }
  } catch (error) {
    for (const path of made) await Deno.remove(path).catch(() => {}); // the first error is the one to report
    throw error;
  }
}

/** Checks that every weight is a finite number: {@linkcode loadVae} takes no others. */
async function assertFinite(weights: Iterable<[path: string, weight: Tensor]>): Promise<void> {
  for (const [path, weight] of weights) {
    const odd = (await weight.data()).find((value) => !Number.isFinite(value));
    if (odd === undefined) continue;
    throw new InputError(`The model is not saved: its weights ${path} are not all finite numbers, one is ${odd}.`);
  }
}

/**
 * Fills a VAE with the weights of one that {@linkcode saveVae} saved: the same architecture, likelihood and prior, and then the
 * same outputs, to the bit on the same backend.
 *
 * @param vae What to fill. It stays as it was if anything is wrong with the files.
 * @param directory What was given to {@linkcode saveVae}.
 * @throws {InputError} If a file is missing or broken, the model has another architecture, likelihood or prior, or a weight is
 * no finite number or another than was saved.
 * @throws {EnvironmentError} If the permission to read is missing; the message has the flag to add.
 */
export async function loadVae(vae: SavedModel, directory: string): Promise<void> {
  const [encoder, decoder] = [
    await readWeights(vae, directory, "encoder"),
    await readWeights(vae, directory, "decoder"),
  ];
  const own = await readRest(vae, directory);
  for (const [network, weights] of [[vae.encoder, encoder], [vae.decoder, decoder]] as const) {
    fill(network.weights.map((weight) => weight.read() as Variable), weights);
  }
  fill(ownVariables(vae), own);
}

/** Gives variables the values that lie one after another; not as layers do it, who apply a constraint once more, and round. */
function fill(variables: readonly Variable[], values: Float32Array): void {
  let start = 0;
  for (const variable of variables) {
    const end = start + variable.size;
    tf.tidy(() => variable.assign(tf.tensor(values.subarray(start, end), variable.shape)));
    start = end;
  }
}

/** The numbers of what a model has besides its networks, once that is the same. */
async function readRest(vae: SavedModel, directory: string): Promise<Float32Array> {
  const [path, binary] = [`${directory}/${REST}`, `${directory}/${NUMBERS}`];
  const found = Object(parseJson(await readFile(path, directory), path)) as Partial<Rest> & { sha256?: unknown };
  const wanted = restOf(vae);
  const other = restDifference(found, wanted);
  if (other) throw new InputError(`${path} is another model: ${other}.`);
  const size = wanted.shapes.reduce((sum, shape) => sum + tf.util.sizeFromShape(shape), 0);
  return await readNumbers(binary, directory, size, { path, sha256: found.sha256 });
}

/** Says what makes one model another than the wanted one, besides its networks; nothing if they are the same. */
function restDifference(found: Partial<Rest>, wanted: Rest): string | undefined {
  for (const part of ["likelihood", "prior"] as const) {
    const [theirs, ours] = [Object(found[part]), Object(wanted[part])];
    if (theirs.name !== ours.name) return `its ${part} is ${text(theirs.name)}, expected ${text(ours.name)}`;
    for (const [key, value] of Object.entries(Object(ours.options))) {
      const option = Object(theirs.options)[key];
      if (!same(option, value)) return `its ${part} has ${key} ${text(option)}, expected ${text(value)}`;
    }
  }
  if (!same(found.shapes, wanted.shapes)) return "the likelihood, the prior or the state has variables of other shapes";
}

/** The weights of one half, one after another, once everything about its files is as it should be. */
async function readWeights(vae: SavedModel, directory: string, half: typeof HALVES[number]): Promise<Float32Array> {
  const network = vae[half];
  const [topology, binary] = ["model.json", WEIGHTS].map((name) => `${directory}/${half}/${name}`) as [string, string];
  const found = parseJson(await readFile(topology, directory), topology);
  const { modelTopology, weightSpecs } = await artifacts(network);
  const other = difference(found, { modelTopology, weightsManifest: [{ paths: [WEIGHTS], weights: weightSpecs }] });
  if (other) throw new InputError(`${topology} is a model of another architecture: ${other}.`);
  const [{ sha256 } = {}] = (found as Architecture).weightsManifest as { sha256?: string }[]; // tfjs itself writes none
  return await readNumbers(binary, directory, network.countParams(), { path: topology, sha256 });
}

/** Reads numbers, if they are as many as there should be, finite, and those that were written. */
async function readNumbers(
  binary: string,
  directory: string,
  size: number,
  said: { path: string; sha256: unknown },
): Promise<Float32Array> {
  const bytes = await readFile(binary, directory, 4 * size);
  const weights = new Float32Array(bytes.buffer);
  const odd = weights.findIndex((weight) => !Number.isFinite(weight));
  if (odd >= 0) {
    throw new InputError(
      `${binary} is broken: weights are finite numbers, and number ${odd} of it is ${weights[odd]}.`,
    );
  }
  if (said.sha256 === undefined || said.sha256 === await sha256(bytes)) return weights;
  throw new InputError(`${binary} is broken: it has another SHA-256 than ${said.path} says.`);
}

/** A network as tfjs saves it. */
async function artifacts(network: LayersModel) {
  let taken!: tf.io.ModelArtifacts;
  await network.save(tf.io.withSaveHandler((model) => {
    taken = model;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } });
  }));
  const { format, generatedBy, convertedBy, weightSpecs, weightData } = taken;
  const modelTopology = taken.modelTopology as unknown as Architecture["modelTopology"];
  return { format, generatedBy, convertedBy, modelTopology, weightSpecs: weightSpecs!, weightData: weightData! };
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new InputError(`${path} is not JSON: ${printable((cause as Error).message)}.`, { cause });
  }
}

/** Reads a file, of a known size where one is given. */
async function readFile(path: string, directory: string, size?: number): Promise<Uint8Array<ArrayBuffer>> {
  const { reading } = await import("../disk/read.ts");
  return await reading(path, async () => {
    const above = path.slice(0, path.lastIndexOf("/"));
    const [folder, file] = await Promise.all([Deno.lstat(above), Deno.lstat(path)]);
    if (folder.isSymlink || file.isSymlink) throw new Error("it is a link, which may lead anywhere");
    if (!file.isFile) throw new Error("it is not a file"); // but perhaps a pipe, and opening that could wait for ever
    if (file.size !== (size ?? file.size)) throw new Error(`it has ${file.size} bytes, and the model ${size}`);
    if (file.size > (size ?? MOST_JSON)) throw new Error(`it has ${file.size} bytes, and ${MOST_JSON} are the most`);
    const bytes = await Deno.readFile(path);
    if (bytes.length !== file.size) throw new Error("it changed while it was read");
    return bytes;
  }, { permit: directory, wanted: "expected a directory with a saved model" });
}
