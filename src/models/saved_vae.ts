/**
 * Models on disk, in tfjs's own layers format: `encoder/model.json`, `encoder/weights.bin`, and the same for the decoder.
 * Beside them lies `weights.npz`, for whoever goes on elsewhere.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sha256 } from "../disk/sha256.ts";
import { InputError } from "../errors.ts";
import type { LayersModel, Variable } from "../tensor.ts";
import { printable } from "../wording.ts";
import { type Architecture, difference } from "./architecture.ts";
import { exportNpz, namedWeights } from "./npz.ts";
import type { LayersVae } from "./vae.ts";

const HALVES = ["encoder", "decoder"] as const;
const WEIGHTS = "weights.bin";

/** The most bytes that are read of a `model.json`. The conv VAE's have 4,000, and a thousand layers fit. */
const MOST_JSON = 1_000_000;

/**
 * Saves both halves of a VAE, each so that tfjs's `tf.loadLayersModel` reads it: `encoder/model.json` and
 * `decoder/model.json`, with a `weights.bin` beside each. `weights.npz` has the weights of both once more, as NumPy reads
 * them ({@linkcode exportNpz}); nothing here reads it again.
 *
 * @param vae What to save.
 * @param directory A directory that holds no model yet; made if it is not there.
 * @throws {InputError} If a weight is no finite number, or there is a model in it already, or half of one: nothing is written then.
 * @throws {EnvironmentError} If it cannot be written; without the permission, the message has the flag to add.
 */
export async function saveVae(vae: LayersVae, directory: string): Promise<void> {
  const { ensureDirectory, newFile } = await import("../disk/write.ts"); // a browser has no disk
  const write = (name: string, bytes: Uint8Array) => newFile(`${directory}/${name}`, bytes, directory);
  for (const half of HALVES) await assertFinite(vae[half], half);
  await ensureDirectory(directory);
  await begin(directory, await exportNpz(vae));
  for (const half of HALVES) {
    const { weightSpecs, weightData, ...model } = await artifacts(vae[half]);
    const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
    const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs, sha256: await sha256(bytes) }];
    await write(`${half}/${WEIGHTS}`, bytes);
    await write(`${half}/model.json`, new TextEncoder().encode(JSON.stringify({ ...model, weightsManifest })));
  }
}

/** Makes the directories of both halves, and writes the weights for NumPy; all of it, or nothing. */
async function begin(directory: string, npz: Uint8Array): Promise<void> {
  const { newDirectory, newFile } = await import("../disk/write.ts");
  const made: string[] = [];
  try {
    for (const half of HALVES.map((half) => `${directory}/${half}`)) {
      await newDirectory(half, directory);
      made.push(half);
    }
    await newFile(`${directory}/weights.npz`, npz, directory);
  } catch (error) {
    for (const half of made) await Deno.remove(half).catch(() => {}); // the first error is the one to report
    throw error;
  }
}

/** Checks that every weight is a finite number: {@linkcode loadVae} takes no others. */
async function assertFinite(network: LayersModel, half: string): Promise<void> {
  for (const [path, weight] of namedWeights(network, half)) {
    const odd = (await weight.data()).find((value) => !Number.isFinite(value));
    if (odd === undefined) continue;
    throw new InputError(`The model is not saved: its weights ${path} are not all finite numbers, one is ${odd}.`);
  }
}

/**
 * Fills a VAE with the weights of one that {@linkcode saveVae} saved: the same architecture, and then the same outputs, to
 * the bit on the same backend.
 *
 * @param vae What to fill. It stays as it was if anything is wrong with the files.
 * @param directory What was given to {@linkcode saveVae}.
 * @throws {InputError} If a file is missing or broken, the model has another architecture, or a weight is no finite number
 * or another than was saved.
 * @throws {EnvironmentError} If the permission to read is missing; the message has the flag to add.
 */
export async function loadVae(vae: LayersVae, directory: string): Promise<void> {
  const halves = [];
  for (const half of HALVES) {
    halves.push({ network: vae[half], weights: await readWeights(vae[half], directory, half) });
  }
  for (const { network, weights } of halves) {
    let start = 0;
    for (const weight of network.weights) {
      const variable = weight.read() as Variable; // not write(), which applies a constraint once more, and rounds
      const end = start + variable.size;
      tf.tidy(() => variable.assign(tf.tensor(weights.subarray(start, end), variable.shape)));
      start = end;
    }
  }
}

/** The weights of one half, one after another, once everything about its files is as it should be. */
async function readWeights(network: LayersModel, directory: string, half: string): Promise<Float32Array> {
  const [topology, binary] = ["model.json", WEIGHTS].map((name) => `${directory}/${half}/${name}`);
  const found = parseJson(await readFile(topology, directory), topology);
  const { modelTopology, weightSpecs } = await artifacts(network);
  const other = difference(found, { modelTopology, weightsManifest: [{ paths: [WEIGHTS], weights: weightSpecs }] });
  if (other) throw new InputError(`${topology} is a model of another architecture: ${other}.`);
  const bytes = await readFile(binary, directory, 4 * network.countParams());
  const weights = new Float32Array(bytes.buffer);
  const odd = weights.findIndex((weight) => !Number.isFinite(weight));
  if (odd >= 0) {
    throw new InputError(
      `${binary} is broken: weights are finite numbers, and number ${odd} of it is ${weights[odd]}.`,
    );
  }
  const [{ sha256: wanted }] = (found as Architecture).weightsManifest; // tfjs itself writes none
  if (wanted === undefined || wanted === await sha256(bytes)) return weights;
  throw new InputError(`${binary} is broken: it has another SHA-256 than ${topology} says.`);
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
