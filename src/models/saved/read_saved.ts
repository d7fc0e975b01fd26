/**
 * Reads and checks the files of a saved model, which may contain anything.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sha256 } from "../../disk/sha256.ts";
import { InputError } from "../../errors.ts";
import { printable } from "../../wording.ts";
import { type Architecture, difference, same, text } from "../architecture.ts";
import { isThere, REPLACING } from "./replace_model.ts";
import {
  artifacts,
  type Half,
  NUMBERS,
  REST,
  type Rest,
  restOf,
  type SavedModel,
  TOPOLOGY,
  WEIGHTS,
} from "./saved_model.ts";

/**
 * The largest `model.json` that is read, in bytes. Those of the convolutional VAE have 4,000; a thousand layers fit.
 */
const MOST_JSON = 1_000_000;

/** Reads the numbers of the parts of a model other than its networks, after checking that the parts are the same. */
export async function readRest(vae: SavedModel, directory: string): Promise<Float32Array> {
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
export async function readRestJson(directory: string): Promise<Partial<Rest> & { sha256?: unknown }> {
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
export async function readWeights(
  vae: SavedModel,
  directory: string,
  half: Half,
  ofFiles: boolean,
): Promise<Float32Array> {
  const network = vae[half];
  const [topology, binary] = [`${directory}/${half}/${TOPOLOGY}`, `${directory}/${half}/${WEIGHTS}`];
  const found = parseJson(await readFile(topology, directory), topology);
  const { modelTopology: own, weightSpecs } = await artifacts(network);
  // tfjs may write a network differently from how it read it.
  const modelTopology = ofFiles ? (found as Architecture).modelTopology : own;
  const other = difference(found, { modelTopology, weightsManifest: [{ paths: [WEIGHTS], weights: weightSpecs }] });
  if (other) throw new InputError(`${topology} is a model of a different architecture: ${other}.`);
  // Files that tfjs itself wrote have no SHA-256.
  const [{ sha256 } = {}] = (found as Architecture).weightsManifest as { sha256?: string }[];
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

/** Parses a file that holds JSON. */
export function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new InputError(`${path} is not JSON: ${printable((cause as Error).message)}.`, { cause });
  }
}

/** Reads a file, and checks its size if one is given. */
export async function readFile(path: string, directory: string, size?: number): Promise<Uint8Array<ArrayBuffer>> {
  const { reading } = await import("../../disk/read.ts");
  return await reading(path, async () => {
    const replacing = `${directory}/${REPLACING}${path.slice(directory.length)}`;
    // A complete new model may not have been moved to its place yet.
    const from = await isThere(replacing) ? replacing : path;
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
