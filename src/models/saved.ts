/**
 * Models on disk, in tfjs's own layers format: `encoder/model.json`, `encoder/weights.bin`, and the same for the decoder.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { EnvironmentError, InputError } from "../errors.ts";
import { newDirectory, newFile } from "../new_files.ts";
import type { LayersModel } from "../tensor.ts";
import { type Architecture, difference } from "./architecture.ts";
import type { LayersVae } from "./vae.ts";

const HALVES = ["encoder", "decoder"] as const;

/**
 * Saves both halves of a VAE, each so that tfjs's `tf.loadLayersModel` reads it: `encoder/model.json` and
 * `decoder/model.json`, with a `weights.bin` beside each.
 *
 * @param vae What to save.
 * @param directory An existing directory that holds no model yet; {@linkcode newDirectory} makes one.
 * @throws {InputError} If there is a model in it already: nothing is overwritten.
 * @throws {EnvironmentError} If it cannot be written; without the permission, the message has the flag to add.
 */
export async function saveVae(vae: LayersVae, directory: string): Promise<void> {
  for (const half of HALVES) {
    const { weightSpecs, weightData, ...model } = await artifacts(vae[half]);
    const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
    const json = JSON.stringify({ ...model, weightsManifest });
    await newDirectory(`${directory}/${half}`, directory);
    await newFile(
      `${directory}/${half}/weights.bin`,
      new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
      directory,
    );
    await newFile(`${directory}/${half}/model.json`, new TextEncoder().encode(json), directory);
  }
}

/**
 * Fills a VAE with the weights of one that {@linkcode saveVae} saved: the same architecture, and then the same outputs, to
 * the bit on the same backend.
 *
 * @param vae What to fill. It stays as it was if anything is wrong with the files.
 * @param directory What was given to {@linkcode saveVae}.
 * @throws {InputError} If a file is missing or broken, the model has another architecture, or a weight is no finite number.
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
      const { shape } = weight.read(); // of the variable that training changes
      const end = start + tf.util.sizeFromShape(shape);
      tf.tidy(() => {
        weight.write(tf.tensor(weights.subarray(start, end), shape));
      });
      start = end;
    }
  }
}

/** The weights of one half, one after another, once everything about its files is as it should be. */
async function readWeights(network: LayersModel, directory: string, half: string): Promise<Float32Array> {
  const [topology, binary] = ["model.json", "weights.bin"].map((name) => `${directory}/${half}/${name}`);
  const found = parseJson(await readFile(topology, directory), topology);
  const { modelTopology, weightSpecs } = await artifacts(network);
  const other = difference(found, { modelTopology, weightsManifest: [{ weights: weightSpecs }] });
  if (other) throw new InputError(`${topology} is a model of another architecture: ${other}.`);
  const { buffer } = await readFile(binary, directory, 4 * network.countParams());
  const weights = new Float32Array(buffer);
  const odd = weights.findIndex((weight) => !Number.isFinite(weight));
  if (odd < 0) return weights;
  throw new InputError(`${binary} is broken: weights are finite numbers, and number ${odd} of it is ${weights[odd]}.`);
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
    throw new InputError(`${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** Reads a file, of a known size where one is given, and says what it takes if that fails. */
async function readFile(path: string, directory: string, size?: number): Promise<Uint8Array<ArrayBuffer>> {
  const wanted = "wanted is a directory with a saved model";
  try {
    const file = await Deno.stat(path);
    if (!file.isFile) throw new Error("it is no file");
    if (file.size !== (size ?? file.size)) throw new Error(`it has ${file.size} bytes, and the model ${size}`);
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      throw new EnvironmentError(`Reading ${directory} takes a permission: add --allow-read=${directory}.`, { cause });
    }
    if (cause instanceof Deno.errors.NotFound) throw new InputError(`There is no "${path}": ${wanted}.`, { cause });
    throw new InputError(`${path} cannot be read (${(cause as Error).message}): ${wanted}.`, { cause });
  }
}
