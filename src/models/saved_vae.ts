/**
 * Models on the disk. The networks are in tfjs's own layers format: `encoder/model.json`, `encoder/weights.bin`, and
 * the same for the decoder. The rest of the model is in `vae.json` and `vae.bin`. `weights.npz` is for programs other
 * than tfjs.
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

/**
 * The subdirectory of a complete model that replaces the one in the directory, until all of its files have been moved.
 */
const REPLACING = "replacing";

/** A model that can be saved: two networks, and the other parts of a model. Every `LayersVae` is one. */
export interface SavedModel extends Networks {
  /** Its likelihood, saved with the variables it has learned. */
  readonly likelihood?: Likelihood;
  /** Its prior, saved with the variables it has learned. */
  readonly prior?: Prior;
  /** Variables that training changes without gradients. */
  readonly state?: readonly Variable[];
  /** All variables that gradients change, so that {@linkcode saveVae} can check that none is lost. */
  readonly variables?: readonly Variable[];
}

/** How to save. */
export interface SaveVaeOptions {
  /** Whether to replace a model that is already in the directory; by default, that is an error. */
  overwrite?: boolean;
}

/** The parts of a model other than its networks, as `vae.json` describes them. */
interface Rest {
  likelihood: { name: string; options: Json } | null;
  prior: { name: string; options: Json } | null;
  /** The shapes of the variables in `vae.bin`: those of the likelihood, the prior and the state, in this order. */
  shapes: number[][];
}

/**
 * The largest `model.json` that is read, in bytes. Those of the convolutional VAE have 4,000; a thousand layers fit.
 */
const MOST_JSON = 1_000_000;

/**
 * Saves a VAE in a directory. `encoder/model.json` and `decoder/model.json`, with a `weights.bin` beside each, hold the
 * networks, and tfjs's `tf.loadLayersModel` reads them. `weights.npz` holds the same weights for NumPy
 * ({@linkcode exportNpz}); {@linkcode loadVae} does not read it. `vae.json` and `vae.bin` hold the likelihood and the
 * prior, with the variables they have learned, and the model's state.
 *
 * With `overwrite`, the model in the directory stays valid until the new one is complete, even if the program is killed
 * or the machine stops: {@linkcode loadVae} reads one of the two, never a mixture. Other files in the directory are
 * left alone.
 *
 * @param vae The model to save.
 * @param directory A directory without a model, unless `overwrite` is true. It is created if it is missing.
 * @throws {InputError} If a weight is not a finite number, if a variable belongs to none of the parts that are saved,
 * or if the directory already holds a model or a part of one. Nothing is written then.
 * @throws {EnvironmentError} If the files cannot be written. If a permission is missing, the message names the flag to
 * add.
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
  const { ensureDirectory, newFile } = await import("../disk/write.ts"); // loaded here, because a browser has no disk
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
    }, would be lost, because it belongs to neither network, nor to the likelihood, the prior or the state.`,
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
 * Replaces the model in a directory, if there is one. The new model is written beside the old one and then renamed;
 * from that moment on it is the one that is read. Finally its files are moved, each over an old one.
 */
async function replace(directory: string, files: Record<string, Uint8Array>): Promise<void> {
  const { ensureDirectory, flushDirectory, replaceFile, writing } = await import("../disk/write.ts");
  await finishReplacing(directory); // in case a program was killed here
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

/** Moves the remaining files of a complete model to their places. */
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

/** The files of the parts of a model other than its networks. */
async function restFiles(vae: SavedModel): Promise<Record<string, Uint8Array>> {
  const numbers = await Promise.all(ownVariables(vae).map((variable) => variable.data()));
  const bytes = await new Blob(numbers.map((values) => new Float32Array(values))).bytes();
  const json = JSON.stringify({ ...restOf(vae), sha256: await sha256(bytes) });
  return { [NUMBERS]: bytes, [REST]: new TextEncoder().encode(json) };
}

/** The variables of a model that are not in its networks. */
function ownVariables({ likelihood, prior, state = [] }: SavedModel): Variable[] {
  return [...likelihood?.variables ?? [], ...prior?.variables ?? [], ...state];
}

/** The parts of a model other than its networks. */
function restOf(vae: SavedModel): Rest {
  const named = (part?: Likelihood | Prior) => part ? { name: part.name, options: part.options } : null;
  const shapes = ownVariables(vae).map(({ shape }) => shape);
  return { likelihood: named(vae.likelihood), prior: named(vae.prior), shapes };
}

/**
 * Makes the directories of both networks and writes the files beside them. If anything fails, it removes all of them.
 */
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
    for (const path of made) await Deno.remove(path).catch(() => {}); // report the first error
    throw error;
  }
}

/** Checks that every weight is a finite number: {@linkcode loadVae} accepts no others. */
async function assertFinite(weights: Iterable<[path: string, weight: Tensor]>): Promise<void> {
  for (const [path, weight] of weights) {
    const odd = (await weight.data()).find((value) => !Number.isFinite(value));
    if (odd === undefined) continue;
    throw new InputError(`The model is not saved: its weights ${path} must be finite numbers, but one is ${odd}.`);
  }
}

/**
 * Rebuilds the VAE that {@linkcode saveVae} saved, with its networks, its likelihood and its prior. Its outputs are bit
 * for bit the same on the same backend. Load only models that you trust, because layers are built before their weights
 * are checked.
 *
 * @param directory The directory given to {@linkcode saveVae}.
 * @throws {InputError} If a file is missing or broken, if a layer is unknown to this program, if the likelihood or the
 * prior is custom, or if the model has a state. In the last three cases, make the model first, and load its weights
 * with the second form of this function.
 * @throws {EnvironmentError} If permission to read is missing. The message names the flag to add.
 */
export async function loadVae(directory: string): Promise<LayersVae>;
/**
 * Loads the weights that {@linkcode saveVae} saved into a VAE of the same architecture, likelihood and prior. Its
 * outputs are then bit for bit the same on the same backend.
 *
 * @param vae The model to load into. If anything is wrong with the files, it stays as it was.
 * @param directory The directory given to {@linkcode saveVae}.
 * @throws {InputError} If a file is missing or broken, if the saved model has another architecture, likelihood or
 * prior, or if a weight is not a finite number or differs from what was saved.
 * @throws {EnvironmentError} If permission to read is missing. The message names the flag to add.
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

/** Builds the network that a file describes, with new weights. */
async function networkFrom(directory: string, half: typeof HALVES[number]): Promise<LayersModel> {
  const path = `${directory}/${half}/${TOPOLOGY}`;
  const { modelTopology } = Object(parseJson(await readFile(path, directory), path));
  try {
    return await tf.models.modelFromJSON({ modelTopology } as Parameters<typeof tf.models.modelFromJSON>[0]);
  } catch (cause) {
    const [first = ""] = (cause as Error).message.split("\n");
    throw new InputError(`${path} is not a network of layers known to this program: ${printable(first)}.`, { cause });
  }
}

/** Builds the likelihood or the prior that a file describes. */
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
    }, which is not part of this library: make the model first, then load its weights with loadVae(vae, directory).`;
    throw new InputError(sentence);
  }
  try {
    return make(options);
  } catch (cause) { // options that make no sense
    throw new InputError(`${path} describes a ${kind} that cannot be built: ${(cause as Error).message}`, { cause });
  }
}

/** Loads the weights of a saved VAE into another; `ofFiles` says that its networks were built from the same files. */
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

/**
 * Assigns consecutive values to variables. It does not use layers' `setWeights`, which applies constraints again and so
 * rounds.
 */
function fill(variables: readonly Variable[], values: Float32Array): void {
  let start = 0;
  for (const variable of variables) {
    const end = start + variable.size;
    tf.tidy(() => variable.assign(tf.tensor(values.subarray(start, end), variable.shape)));
    start = end;
  }
}

/** Reads the numbers of the parts of a model other than its networks, after checking that the parts are the same. */
async function readRest(vae: SavedModel, directory: string): Promise<Float32Array> {
  const [path, binary] = [`${directory}/${REST}`, `${directory}/${NUMBERS}`];
  const found = await readRestJson(directory);
  const wanted = restOf(vae);
  const other = restDifference(found, wanted);
  if (other) {
    throw new InputError(
      `${found === PLAIN ? `There is no "${path}", so this` : path} is a different model: ${other}.`,
    );
  }
  const size = wanted.shapes.reduce((sum, shape) => sum + tf.util.sizeFromShape(shape), 0);
  if (found === PLAIN) return new Float32Array(size);
  return await readNumbers(binary, directory, size, { path, sha256: found.sha256 });
}

/** The other parts of a model that was saved without `vae.json` and `vae.bin`, by version 0.1.0 or by tfjs itself. */
const PLAIN: Rest & { sha256?: unknown } = {
  likelihood: { name: "bernoulli", options: {} },
  prior: { name: "standardNormal", options: {} },
  shapes: [],
};

/** Reads the description of the parts of a model other than its networks. It may contain anything. */
async function readRestJson(directory: string): Promise<Partial<Rest> & { sha256?: unknown }> {
  const path = `${directory}/${REST}`;
  try {
    return Object(parseJson(await readFile(path, directory), path));
  } catch (error) {
    if (!(error instanceof InputError && error.cause instanceof Deno.errors.NotFound)) throw error;
    if (!await isThere(`${directory}/${NUMBERS}`)) return PLAIN;
    throw new InputError(`There is no "${path}", which describes the numbers in ${NUMBERS} beside it.`);
  }
}

/**
 * Returns the first difference between a model and the expected one outside their networks; `undefined` if there is
 * none.
 */
function restDifference(found: Partial<Rest>, wanted: Rest): string | undefined {
  for (const part of ["likelihood", "prior"] as const) {
    const [theirs, ours] = [Object(found[part]), Object(wanted[part])];
    if (theirs.name !== ours.name) return `its ${part} is ${text(theirs.name)}, expected ${text(ours.name)}`;
    for (const [key, value] of Object.entries(Object(ours.options))) {
      const option = Object(theirs.options)[key];
      if (!same(option, value)) return `its ${part} has ${key} ${text(option)}, expected ${text(value)}`;
    }
  }
  if (!same(found.shapes, wanted.shapes)) return "its likelihood, prior or state has variables of other shapes";
}

/** Reads the weights of one network in order, after checking its files. */
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
  const modelTopology = ofFiles ? (found as Architecture).modelTopology : own; // tfjs may write a network differently from how it read it
  const other = difference(found, { modelTopology, weightsManifest: [{ paths: [WEIGHTS], weights: weightSpecs }] });
  if (other) throw new InputError(`${topology} is a model of a different architecture: ${other}.`);
  const [{ sha256 } = {}] = (found as Architecture).weightsManifest as { sha256?: string }[]; // undefined in files that tfjs itself wrote
  return await readNumbers(binary, directory, network.countParams(), { path: topology, sha256 });
}

/** Reads numbers, and checks their count, that they are finite, and their checksum. */
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
      `${binary} is broken: weights must be finite numbers, but number ${odd} is ${weights[odd]}.`,
    );
  }
  if (said.sha256 === undefined || said.sha256 === await sha256(bytes)) return weights;
  throw new InputError(`${binary} is broken: its SHA-256 differs from what ${said.path} says.`);
}

/** A network in the form in which tfjs saves it. */
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

/** Reads a file, and checks its size if one is given. */
async function readFile(path: string, directory: string, size?: number): Promise<Uint8Array<ArrayBuffer>> {
  const { reading } = await import("../disk/read.ts");
  return await reading(path, async () => {
    const replacing = `${directory}/${REPLACING}${path.slice(directory.length)}`;
    const from = await isThere(replacing) ? replacing : path; // a file of a complete new model that has not been moved yet
    const above = [from, from.slice(0, from.lastIndexOf("/")), ...from === path ? [] : [`${directory}/${REPLACING}`]];
    const [file, ...folders] = await Promise.all(above.map((path) => Deno.lstat(path))) as [
      Deno.FileInfo,
      Deno.FileInfo,
    ];
    if ([file, ...folders].some(({ isSymlink }) => isSymlink)) throw new Error("it is a link, which is not followed");
    if (!file.isFile) throw new Error("it is not a file"); // opening a pipe, for example, could block for ever
    if (file.size !== (size ?? file.size)) throw new Error(`it has ${file.size} bytes, expected ${size}`);
    if (file.size > (size ?? MOST_JSON)) {
      throw new Error(`it has ${file.size} bytes, more than the limit of ${MOST_JSON}`);
    }
    const bytes = await Deno.readFile(from);
    if (bytes.length !== file.size) throw new Error("it changed while it was read");
    return bytes;
  }, { permit: directory, wanted: "expected a directory with a saved model" });
}
