import * as tf from "@tensorflow/tfjs";
import { random } from "../random.ts";
import { assertSizes, glorot } from "./layers.ts";
import { type LayersVae, layersVae } from "./vae.ts";

/** The sizes of a dense VAE. */
export interface DenseVaeOptions {
  /** Latent dimensions `L`, 20 by default. */
  latent?: number;
  /** Units of the hidden layer of each half, 400 by default. */
  hidden?: number;
  /** The shape of one example, `[28, 28, 1]` by default. */
  shape?: number[];
  /** The seed of the initial weights, 0 by default. */
  seed?: number;
}

/**
 * A dense VAE with one hidden layer a half: by default 784-400-20 and back, a much published size.
 *
 * @returns A VAE over examples `[B, ...shape]`, by default images `[B, 28, 28, 1]`, pixels in [0, 1].
 * @throws {RangeError} If a size is not a whole number of at least 1.
 */
export function denseVae(options: DenseVaeOptions = {}): LayersVae {
  const { latent = 20, hidden = 400, shape = [28, 28, 1], seed = 0 } = options;
  assertSizes({ latent, hidden, shape });
  const source = random(seed);

  const x = tf.input({ shape }); // [B, ...shape]
  const size = tf.util.sizeFromShape(shape); // D
  let h = tf.layers.reshape({ targetShape: [size] }).apply(x); // [B, D]
  h = tf.layers.dense({ units: hidden, activation: "relu", ...glorot(source) }).apply(h); // [B, hidden]
  const mu = tf.layers.dense({ units: latent, ...glorot(source) }).apply(h) as tf.SymbolicTensor; // [B, L]
  const logVar = tf.layers.dense({ units: latent, ...glorot(source) }).apply(h) as tf.SymbolicTensor; // [B, L]
  const encoder = tf.model({ name: "encoder", inputs: x, outputs: [mu, logVar] });

  const decoder = tf.sequential({
    name: "decoder",
    layers: [
      tf.layers.dense({ inputShape: [latent], units: hidden, activation: "relu", ...glorot(source) }), // [B, hidden]
      tf.layers.dense({ units: size, ...glorot(source) }), // [B, D]
      tf.layers.reshape({ targetShape: shape }), // [B, ...shape]
    ],
  });
  return layersVae(encoder, decoder);
}
