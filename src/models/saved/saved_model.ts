/**
 * The parts and files of a saved model: two networks in tfjs's own layers format, and the rest of the model beside
 * them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Likelihood } from "../../distributions/likelihood.ts";
import type { Prior } from "../../distributions/prior.ts";
import type { Json } from "../../json.ts";
import type { LayersModel, Variable } from "../../tensor.ts";
import type { Architecture } from "../architecture.ts";
import type { Networks } from "../layers.ts";

/** The two networks of a model. */
export const HALVES = ["encoder", "decoder"] as const;

/** The name of one of the two networks. */
export type Half = typeof HALVES[number];

/** The names of the files of a network, and of the files of the rest. */
export const [WEIGHTS, TOPOLOGY] = ["weights.bin", "model.json"] as const;
export const [REST, NUMBERS] = ["vae.json", "vae.bin"] as const;

/** Every file of a saved model. */
export const FILES = [
  ...HALVES.flatMap((half) => [`${half}/${WEIGHTS}`, `${half}/${TOPOLOGY}`]),
  "weights.npz",
  NUMBERS,
  REST,
];

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

/** The parts of a model other than its networks, as `vae.json` describes them. */
export interface Rest {
  likelihood: { name: string; options: Json } | null;
  prior: { name: string; options: Json } | null;
  /** The shapes of the variables in `vae.bin`: those of the likelihood, the prior and the state, in this order. */
  shapes: number[][];
}

/** The variables of a model that are not in its networks. */
export function ownVariables({ likelihood, prior, state = [] }: SavedModel): Variable[] {
  return [...likelihood?.variables ?? [], ...prior?.variables ?? [], ...state];
}

/** The parts of a model other than its networks. */
export function restOf(vae: SavedModel): Rest {
  const named = (part?: Likelihood | Prior) => part ? { name: part.name, options: part.options } : null;
  const shapes = ownVariables(vae).map(({ shape }) => shape);
  return { likelihood: named(vae.likelihood), prior: named(vae.prior), shapes };
}

/** A network in the form in which tfjs saves it. */
export async function artifacts(network: LayersModel) {
  let taken!: tf.io.ModelArtifacts;
  await network.save(tf.io.withSaveHandler((model) => {
    taken = model;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } });
  }));
  const { format, generatedBy, convertedBy, weightSpecs, weightData } = taken;
  const modelTopology = taken.modelTopology as unknown as Architecture["modelTopology"];
  return { format, generatedBy, convertedBy, modelTopology, weightSpecs: weightSpecs!, weightData: weightData! };
}
