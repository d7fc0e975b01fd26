/**
 * What a variational autoencoder is, to everything that trains or judges one.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { logBernoulli } from "../distributions/bernoulli.ts";
import type { Gaussian } from "../distributions/gaussian.ts";
import type { LayersModel, Tensor, Tensor1D, Variable } from "../tensor.ts";
import { applyNetwork, assertFit, ofLayers, trainableVariables } from "./layers.ts";

/** A variational autoencoder: q(z | x), p(x | z) and what there is to train. The prior is N(0, I). */
export interface Vae {
  /** The number of latent dimensions, `L`. */
  latent: number;
  /** The approximate posterior q(z | x): examples `[B, ...]` to Gaussians of `[B, L]`. */
  encode(x: Tensor): Gaussian;
  /** Codes `[B, L]` to the parameters of p(x | z), `[B, ...]`, such as a logit a pixel. */
  decode(z: Tensor): Tensor;
  /** log p(x | z) in nats, `[B]`, of examples `[B, ...]` under what {@linkcode decode} returned. */
  logLikelihood(x: Tensor, decoded: Tensor): Tensor1D;
  /** Everything that training changes. */
  variables: Variable[];
  /** Frees the variables; the model is of no use after that. */
  dispose(): void;
}

/** A VAE whose two halves are networks of tfjs layers. */
export interface LayersVae extends Vae {
  /** Examples `[B, ...]` to two outputs, mu and logVar, each `[B, L]`. */
  encoder: LayersModel;
  /** Codes `[B, L]` to logits `[B, ...]`. */
  decoder: LayersModel;
}

/**
 * Makes a VAE of any two networks, with a Bernoulli likelihood a pixel.
 *
 * @param encoder A network with two outputs, mu and logVar, each `[B, L]`.
 * @param decoder A network from `[B, L]` to one logit a pixel, of the shape the encoder takes.
 * @returns A VAE that applies them as for inference: a dropout layer drops nothing, batch normalisation does not adapt.
 * @throws {RangeError} If the networks do not fit together; from `encode` and `decode`, for a batch of a shape that the
 * network does not take.
 */
export function layersVae(encoder: LayersModel, decoder: LayersModel): LayersVae {
  const latent = assertFit({ encoder, decoder }, 2, {
    codes: "mu and logVar, each of the shape of a code",
    decoded: "one logit for each pixel",
  });
  return ofLayers({
    encoder,
    decoder,
    latent,
    encode(x) {
      const [mu, logVar] = applyNetwork("encode", encoder, x);
      return { mu, logVar };
    },
    decode: (z) => applyNetwork("decode", decoder, z)[0],
    logLikelihood: logBernoulli,
    variables: trainableVariables({ encoder, decoder }),
    dispose() {
      encoder.dispose();
      decoder.dispose();
    },
  });
}

/** Turns logits into what a person looks at: the probability of ink, a pixel in [0, 1], in the shape of the logits. */
export function pixels(logits: Tensor): Tensor {
  return tf.sigmoid(logits);
}
