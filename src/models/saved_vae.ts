/**
 * Models on disk: the networks in tfjs's own layers format, `encoder/model.json`, `encoder/weights.bin`, and the same for the
 * decoder; the rest of the model in `vae.json` and `vae.bin`. Beside them lies `weights.npz`, for whoever goes on elsewhere.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sha256 } from "../disk/sha256.ts";
import { InputError } from "../errors.ts";
import { type Likelihood, LIKELIHOODS } from "../distributions/likelihood.ts";
import { type Prior, PRIORS } from "../distributions/prior.ts";
import type { Json } from "../json.ts";
import type { LayersModel, Tensor, Variable } from "../tensor.ts";
import { printable, shapeText } from "../wording.ts";
import { type Architecture, difference, same, text } from "./architecture.ts";
import { exportNpz, namedWeights } from "./npz.ts";
import type { Networks } from "./layers.ts";
import { type LayersVae, layersVae } from "./vae.ts";

const HALVES = ["encoder", "decoder"] as const;
const [WEIGHTS, TOPOLOGY] = ["weights.bin", "model.json"] as const;
const [REST, NUMBERS] = ["vae.json", "vae.bin"] as const;

/** Every file of a saved model. */
const FILES = [
  ...HALVES.flatMap((half) => [`${half}/${WEIGHTS}`, `${half}/${TOPOLOGY}`]),
  "weights.npz",
  NUMBERS,
  REST,
];

/** Where a model lies whole that replaces the one in the directory, until all of its files have moved there. */
const REPLACING = "replacing";

/** What can be saved: two networks, and what else a model has. Every `LayersVae` can. */
export interface SavedModel extends Networks {
  /** Its likelihood, with what that has learned. */
  readonly likelihood?: Likelihood;
  /** Its prior, with what that has learned. */
  readonly prior?: Prior;
  /** What else changes as it trains, but not by gradients. */
  readonly state?: readonly Variable[];
  /** All that training changes by gradients, to see that it is saved. */
  readonly variables?: readonly Variable[];
}

/** How to save. */
export interface SaveVaeOptions {
  /** Whether a model that is in the directory already is replaced; by default that is an error. */
  overwrite?: boolean;
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
 * With `overwrite`, a model that is in the directory stays until the new one is whole, even if the program is killed or the
 * machine stops meanwhile: {@linkcode loadVae} reads one of the two, never a mixture. Other files there are left alone.
 *
 * @param vae What to save.
 * @param directory A directory that holds no model yet, unless `overwrite` is given; made if it is missing.
 * @throws {InputError} If a weight is not a finite number, a variable is in none of the parts that are saved, or there is a model
 * in it already, or half of one: nothing is written then.
 * @throws {EnvironmentError} If it cannot be written; without permission, the message names the flag to add.
 * @example
 * ```ts ignore
 * import { denseVae, loadVae, saveVae } from "@vae/steps";
 *
 * const vae = denseVae();
 * await saveVae(vae, "model");
 * await saveVae(vae, "model", { overwrite: true });
 * const again = await loadVae("model");
 * ```
 */
export async function saveVae(
  vae: SavedModel,
  directory: string,
  { overwrite = false }: SaveVaeOptions = {},
): Promise<void> {
  for (const half of HALVES) await assertFinite(namedWeights(vae[half], half));
  await assertFinite(ownVariables(vae).map((variable) => [variable.name, variable]));
  assertAllSaved(vae);
  const { ensureDirectory, newFile } = await import("../disk/write.ts"); // a browser has no disk
  await ensureDirectory(directory);
  const beside = { "weights.npz": await exportNpz(vae), ...await restFiles(vae) };
  const halves = { ...await halfFiles(vae, "encoder"), ...await halfFiles(vae, "decoder") };
  if (overwrite) return await replace(directory, { ...halves, ...beside });
  await begin(directory, beside);
  for (const [name, bytes] of Object.entries(halves)) await newFile(`${directory}/${name}`, bytes, directory);
}

/** Checks that every variable is in a part that is saved. */
function assertAllSaved(vae: SavedModel): void {
  const weights = [...vae.encoder.weights, ...vae.decoder.weights].map((weight) => weight.read() as Variable);
  const saved = new Set([...weights, ...ownVariables(vae)]);
  const lost = vae.variables?.find((variable) => !saved.has(variable));
  if (!lost) return;
  throw new InputError(
    `The model is not saved: its variable ${lost.name}, of shape ${
      shapeText(lost.shape)
    }, would be lost, as it is in neither network, and not the likelihood's, the prior's or the state's.`,
  );
}

/** The files of a network. */
async function halfFiles(vae: SavedModel, half: typeof HALVES[number]): Promise<Record<string, Uint8Array>> {
  const { weightSpecs, weightData, ...model } = await artifacts(vae[half]);
  const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs, sha256: await sha256(bytes) }];
  const json = new TextEncoder().encode(JSON.stringify({ ...model, weightsManifest }));
  return { [`${half}/${WEIGHTS}`]: bytes, [`${half}/${TOPOLOGY}`]: json };
}

/**
 * Replaces the model in a directory, if there is one: the new one is written whole beside it, gets its name by one renaming,
 * from where on it is the one that is read, and then its files move, each over the old one.
 */
async function replace(directory: string, files: Record<string, Uint8Array>): Promise<void> {
  const { ensureDirectory, flushDirectory, replaceFile, writing } = await import("../disk/write.ts");
  await finishReplacing(directory); // what a killed program left to do
  const [partial, whole] = [`${directory}/${REPLACING}.partial`, `${directory}/${REPLACING}`];
  for (const path of [partial, ...HALVES.map((half) => `${partial}/${half}`)]) await ensureDirectory(path, directory);
  for (const [name, bytes] of Object.entries(files)) {
    const path = `${partial}/${name}`;
    await replaceFile(path, bytes, path.slice(0, path.lastIndexOf("/")), directory);
  }
  await writing(whole, directory, () => Deno.rename(partial, whole));
  await flushDirectory(directory);
  await finishReplacing(directory);
}

/** Moves what is left of a whole model to its place. */
async function finishReplacing(directory: string): Promise<void> {
  const { ensureDirectory, flushDirectory, writing } = await import("../disk/write.ts");
  const whole = `${directory}/${REPLACING}`;
  await writing(directory, directory, async () => {
    if (!await isThere(whole)) return;
    for (const half of HALVES) await ensureDirectory(`${directory}/${half}`, directory);
    for (const name of FILES) {
      if (await isThere(`${whole}/${name}`)) await Deno.rename(`${whole}/${name}`, `${directory}/${name}`);
    }
    for (const path of ["", ...HALVES.map((half) => `/${half}`)]) await flushDirectory(`${directory}${path}`);
    await Deno.remove(whole, { recursive: true });
  });
}

/** Whether there is something at a path. */
async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
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
 * Makes the VAE that {@linkcode saveVae} saved: its networks, its likelihood and its prior, as the files say, and then the same
 * outputs, to the bit on the same backend. As layers are made before their weights are read, load only models of people whom
 * you trust.
 *
 * @param directory What was given to {@linkcode saveVae}.
 * @throws {InputError} If a file is missing or broken; if a layer is not one that this program knows, or the likelihood or the
 * prior is of one's own, or the model has a state: make the model then, and fill it.
 * @throws {EnvironmentError} If the permission to read is missing; the message names the flag to add.
 */
export async function loadVae(directory: string): Promise<LayersVae>;
/**
 * Fills a VAE with the weights of one that {@linkcode saveVae} saved: the same architecture, likelihood and prior, and then the
 * same outputs, to the bit on the same backend.
 *
 * @param vae What to fill. It stays as it was if anything is wrong with the files.
 * @param directory What was given to {@linkcode saveVae}.
 * @throws {InputError} If a file is missing or broken, the model has another architecture, likelihood or prior, or a weight is
 * no finite number or differs from what was saved.
 * @throws {EnvironmentError} If the permission to read is missing; the message names the flag to add.
 */
export async function loadVae(vae: SavedModel, directory: string): Promise<void>;
export async function loadVae(...given: [directory: string] | [vae: SavedModel, directory: string]) {
  if (given.length === 2) return await fillVae(...given);
  const [directory] = given;
  const made: { dispose(): unknown }[] = [];
  const keep = <Made extends { dispose(): unknown }>(each: Made) => (made.push(each), each);
  const keepPart = <Part extends Likelihood | Prior>(part: Part) => {
    keep({ dispose: () => tf.dispose(part.variables) });
    return part;
  };
  try {
    const encoder = keep(await networkFrom(directory, "encoder"));
    const decoder = keep(await networkFrom(directory, "decoder"));
    const likelihood = keepPart(await partFrom(directory, "likelihood", LIKELIHOODS));
    const prior = keepPart(await partFrom(directory, "prior", PRIORS));
    const vae = layersVae(encoder, decoder, { likelihood, prior });
    await fillVae(vae, directory, { ofFiles: true });
    return vae;
  } catch (error) {
    for (const each of made) each.dispose();
    throw error;
  }
}

/** A network as a file says it, with weights of its own. */
async function networkFrom(directory: string, half: typeof HALVES[number]): Promise<LayersModel> {
  const path = `${directory}/${half}/${TOPOLOGY}`;
  const { modelTopology } = Object(parseJson(await readFile(path, directory), path));
  try {
    return await tf.models.modelFromJSON({ modelTopology } as Parameters<typeof tf.models.modelFromJSON>[0]);
  } catch (cause) {
    const [first = ""] = (cause as Error).message.split("\n");
    throw new InputError(`${path} is not a network of layers that this program knows: ${printable(first)}.`, { cause });
  }
}

/** A likelihood or a prior as a file says it. */
async function partFrom<Part>(
  directory: string,
  kind: "likelihood" | "prior",
  table: Readonly<Record<string, (options: Json) => Part>>,
): Promise<Part> {
  const path = `${directory}/${REST}`;
  const { name, options } = Object((await readRestJson(directory))[kind]);
  const make = typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined;
  if (!make) {
    const sentence = `${path} names the ${kind} ${
      text(name)
    }, which is not this library's: make the model, and fill it.`;
    throw new InputError(sentence);
  }
  try {
    return make(options);
  } catch (cause) { // options that make no sense
    throw new InputError(`${path} describes a ${kind} that cannot be made: ${(cause as Error).message}`, { cause });
  }
}

/** Fills a VAE with the weights of a saved one; `ofFiles` says that its networks were made as the files say. */
async function fillVae(vae: SavedModel, directory: string, { ofFiles = false } = {}): Promise<void> {
  const [encoder, decoder] = [
    await readWeights(vae, directory, "encoder", ofFiles),
    await readWeights(vae, directory, "decoder", ofFiles),
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
  const found = await readRestJson(directory);
  const wanted = restOf(vae);
  const other = restDifference(found, wanted);
  if (other) {
    throw new InputError(`${found === PLAIN ? `There is no "${path}", so this` : path} is another model: ${other}.`);
  }
  const size = wanted.shapes.reduce((sum, shape) => sum + tf.util.sizeFromShape(shape), 0);
  if (found === PLAIN) return new Float32Array(size);
  return await readNumbers(binary, directory, size, { path, sha256: found.sha256 });
}

/** What a model has besides its networks that was saved without files of that, by version 0.1.0 or by tfjs itself. */
const PLAIN: Rest & { sha256?: unknown } = {
  likelihood: { name: "bernoulli", options: {} },
  prior: { name: "standardNormal", options: {} },
  shapes: [],
};

/** What a file says that a model has besides its networks, which may be anything. */
async function readRestJson(directory: string): Promise<Partial<Rest> & { sha256?: unknown }> {
  const path = `${directory}/${REST}`;
  try {
    return Object(parseJson(await readFile(path, directory), path));
  } catch (error) {
    if (!(error instanceof InputError && error.cause instanceof Deno.errors.NotFound)) throw error;
    if (!await isThere(`${directory}/${NUMBERS}`)) return PLAIN;
    throw new InputError(`There is no "${path}", which says what the numbers in ${NUMBERS} beside it are.`);
  }
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
async function readWeights(
  vae: SavedModel,
  directory: string,
  half: typeof HALVES[number],
  ofFiles: boolean,
): Promise<Float32Array> {
  const network = vae[half];
  const [topology, binary] = [`${directory}/${half}/${TOPOLOGY}`, `${directory}/${half}/${WEIGHTS}`];
  const found = parseJson(await readFile(topology, directory), topology);
  const { modelTopology: own, weightSpecs } = await artifacts(network);
  const modelTopology = ofFiles ? (found as Architecture).modelTopology : own; // tfjs may write what it made another way
  const other = difference(found, { modelTopology, weightsManifest: [{ paths: [WEIGHTS], weights: weightSpecs }] });
  if (other) throw new InputError(`${topology} is a model of a different architecture: ${other}.`);
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
  throw new InputError(`${binary} is broken: its SHA-256 differs from what ${said.path} says.`);
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
    const replacing = `${directory}/${REPLACING}${path.slice(directory.length)}`;
    const from = await isThere(replacing) ? replacing : path; // of a new model that is whole, but has not moved yet
    const above = [from, from.slice(0, from.lastIndexOf("/")), ...from === path ? [] : [`${directory}/${REPLACING}`]];
    const [file, ...folders] = await Promise.all(above.map((path) => Deno.lstat(path))) as [
      Deno.FileInfo,
      Deno.FileInfo,
    ];
    if ([file, ...folders].some(({ isSymlink }) => isSymlink)) throw new Error("it is a link, which may lead anywhere");
    if (!file.isFile) throw new Error("it is not a file"); // but perhaps a pipe, and opening that could wait for ever
    if (file.size !== (size ?? file.size)) throw new Error(`it has ${file.size} bytes, and the model ${size}`);
    if (file.size > (size ?? MOST_JSON)) throw new Error(`it has ${file.size} bytes, and ${MOST_JSON} are the most`);
    const bytes = await Deno.readFile(from);
    if (bytes.length !== file.size) throw new Error("it changed while it was read");
    return bytes;
  }, { permit: directory, wanted: "expected a directory with a saved model" });
}
