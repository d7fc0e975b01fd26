/**
 * Loads the models that `saveVae` saved.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Likelihood, LIKELIHOODS } from "../../distributions/likelihood.ts";
import { type Prior, PRIORS } from "../../distributions/prior.ts";
import { InputError } from "../../errors.ts";
import type { Json } from "../../json.ts";
import type { LayersModel, Variable } from "../../tensor.ts";
import { printable } from "../../wording.ts";
import { text } from "../architecture.ts";
import { type LayersVae, layersVae } from "../vae.ts";
import { parseJson, readFile, readRest, readRestJson, readWeights } from "./read_saved.ts";
import { type Half, ownVariables, REST, type SavedModel, TOPOLOGY } from "./saved_model.ts";

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
 * @example
 * ```ts ignore
 * import { loadVae, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const vae = await loadVae("model");
 * ```
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
 * @example
 * ```ts ignore
 * import { convVae, loadVae, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const vae = convVae({ latent: 2 });
 * await loadVae(vae, "model");
 * ```
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
async function networkFrom(directory: string, half: Half): Promise<LayersModel> {
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
  } catch (cause) { // invalid options
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
