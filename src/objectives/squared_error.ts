import * as tf from "@tensorflow/tfjs";
import type { Autoencoder } from "../models/autoencoder.ts";
import { sumPerExample } from "../tensor.ts";
import type { Objective } from "./objective.ts";

/**
 * The objective of a plain autoencoder: the squared error of the reconstruction, summed over each example. It has no
 * parts.
 */
export function squaredError(model: Autoencoder): Objective<never> {
  const { encoder, decoder, range, variables } = model;
  return {
    recipe: { name: "squaredError", options: {}, networks: { encoder, decoder } },
    variables,
    ...(range && { range }),
    terms: ({ x }) =>
      tf.tidy(() => ({ loss: sumPerExample(tf.squaredDifference(x, model.decode(model.encode(x)))), parts: {} })),
  };
}
