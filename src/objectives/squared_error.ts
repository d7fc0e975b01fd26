import * as tf from "@tensorflow/tfjs";
import type { Autoencoder } from "../models/autoencoder.ts";
import { sumPerExample } from "../tensor.ts";
import type { Objective } from "./objective.ts";

/**
 * The objective of a plain autoencoder: the squared error of the reconstruction, summed over each example. It has no
 * parts.
 * @example
 * ```ts
 * import { autoencoder, loadDigits, squaredError, take, train, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const model = autoencoder({ latent: 2, hidden: [16] });
 * const digits = take((await loadDigits()).train, 256);
 * for await (const { step, loss } of train(squaredError(model), digits)) console.log(step, loss);
 * model.dispose();
 * ```
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
