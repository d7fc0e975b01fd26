/**
 * What training makes small.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { logBernoulli } from "../distributions/bernoulli.ts";
import { type Autoencoder, layersAutoencoder } from "../models/autoencoder.ts";
import { type Networks, networksOf } from "../models/layers.ts";
import { layersVae, type Vae } from "../models/vae.ts";
import type { Random } from "../random.ts";
import { sumPerExample, type Tensor, type Tensor1D, type Variable } from "../tensor.ts";
import { elbo } from "./elbo.ts";

/** A loss and its parts, one value an example, `[B]`; `loss = reconstruction + kl`. */
export type LossTerms = {
  /** What training makes small. */
  loss: Tensor1D;
  /** The part that asks for a good reconstruction. */
  reconstruction: Tensor1D;
  /** The part that asks for a simple code; zeros where there is none. */
  kl: Tensor1D;
};

/** Something to make small, and the variables to do it with. */
export interface Objective {
  /** The terms for examples `[B, ...]`, with noise drawn from `noise`. Never averaged: the training loop does that. */
  terms(x: Tensor, noise: Random): LossTerms;
  /** What training changes. */
  variables: Variable[];
  /** The least and the largest number that an example may hold, where that is known: 0 and 1 for pixels. */
  range?: readonly [number, number];
}

/** An objective by name, and the networks it is about. */
export interface Parts extends Networks {
  /** Which objective. */
  name: "negativeElbo" | "squaredError";
}

/** The parts of the objectives made here; one that was spread into another, changed, is not among them. */
const made = new WeakMap<object, Parts>();

/** What an objective can be made of again in another thread, by {@linkcode objectiveOf}; of one's own, nothing. */
export function partsOf(objective: Objective): Parts | undefined {
  return made.get(objective);
}

function ofParts(name: Parts["name"], networks: Networks | undefined, objective: Objective): Objective {
  if (networks) made.set(Object.freeze(objective), { name, ...networks });
  return objective;
}

/** Makes an objective of its parts. */
export function objectiveOf({ name, encoder, decoder }: Parts): Objective {
  if (name === "negativeElbo") return negativeElbo(layersVae(encoder, decoder));
  return squaredError(layersAutoencoder(encoder, decoder));
}

/** The objective of a VAE: the negative ELBO by one sample an example, in nats. */
export function negativeElbo(vae: Vae): Objective {
  return ofParts("negativeElbo", networksOf(vae), {
    variables: vae.variables,
    range: vae.logLikelihood === logBernoulli ? [0, 1] : undefined,
    terms: (x, noise) =>
      tf.tidy(() => {
        const bound = elbo(vae, x, noise.normal([x.shape[0], vae.latent]));
        const loss = tf.neg(bound.elbo) as Tensor1D;
        const reconstruction = tf.neg(bound.logLikelihood) as Tensor1D;
        return { loss, reconstruction, kl: bound.kl };
      }),
  });
}

/** The objective of a plain autoencoder: the squared error of the reconstruction, summed over pixels. */
export function squaredError(model: Autoencoder): Objective {
  return ofParts("squaredError", networksOf(model), {
    variables: model.variables,
    range: model.range,
    terms: (x) =>
      tf.tidy(() => {
        const error = sumPerExample(tf.squaredDifference(x, model.decode(model.encode(x)))); // [B]
        return { loss: error, reconstruction: error.clone(), kl: tf.zerosLike(error) };
      }),
  });
}
