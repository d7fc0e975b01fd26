/**
 * Saves models on the disk. The networks are in tfjs's own layers format: `encoder/model.json`, `encoder/weights.bin`,
 * and the same for the decoder. The rest of the model is in `vae.json` and `vae.bin`. `weights.npz` is for programs
 * other than tfjs.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sha256 } from "../../disk/sha256.ts";
import { InputError } from "../../errors.ts";
import type { Tensor, Variable } from "../../tensor.ts";
import { shapeText } from "../../wording.ts";
import { exportNpz, namedWeights } from "../npz.ts";
import { replace } from "./replace_model.ts";
import {
  artifacts,
  type Half,
  HALVES,
  NUMBERS,
  ownVariables,
  REST,
  restOf,
  type SavedModel,
  TOPOLOGY,
  WEIGHTS,
} from "./saved_model.ts";

/** How to save. */
export interface SaveVaeOptions {
  /** Whether to replace a model that is already in the directory; by default, that is an error. */
  overwrite?: boolean;
}

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
  const { ensureDirectory, newFile } = await import("../../disk/write.ts"); // not in a browser, which has no disk
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
async function halfFiles(vae: SavedModel, half: Half): Promise<Record<string, Uint8Array>> {
  const { weightSpecs, weightData, ...model } = await artifacts(vae[half]);
  const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs, sha256: await sha256(bytes) }];
  const json = new TextEncoder().encode(JSON.stringify({ ...model, weightsManifest }));
  return { [`${half}/${WEIGHTS}`]: bytes, [`${half}/${TOPOLOGY}`]: json };
}

/** The files of the parts of a model other than its networks. */
async function restFiles(vae: SavedModel): Promise<Record<string, Uint8Array>> {
  const numbers = await Promise.all(ownVariables(vae).map((variable) => variable.data()));
  const bytes = await new Blob(numbers.map((values) => new Float32Array(values))).bytes();
  const json = JSON.stringify({ ...restOf(vae), sha256: await sha256(bytes) });
  return { [NUMBERS]: bytes, [REST]: new TextEncoder().encode(json) };
}

/**
 * Makes the directories of both networks and writes the files beside them. If anything fails, it removes all of them.
 */
async function begin(directory: string, files: Record<string, Uint8Array>): Promise<void> {
  const { newDirectory, newFile } = await import("../../disk/write.ts");
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
