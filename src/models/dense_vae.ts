import * as tf from "@tensorflow/tfjs";
import { bernoulli } from "../distributions/likelihood.ts";
import { random } from "../random.ts";
import { assertSizes, decoderOf, encoderInputs, glorot } from "./layers.ts";
import { type LayersVae, layersVae, type VaeOptions } from "./vae.ts";

/** The sizes and options of a dense VAE. */
export interface DenseVaeOptions extends VaeOptions {
  /** The number of latent dimensions, `L`, 20 by default. */
  latent?: number;
  /** Units of the hidden layer in each network, 400 by default. */
  hidden?: number;
  /** The shape of one example, `[28, 28, 1]` by default. */
  shape?: number[];
  /** The number of classes of a conditional VAE, whose two networks also take the label. None by default. */
  classes?: number;
  /** The seed of the initial weights, 0 by default. */
  seed?: number;
}

/**
 * Makes a dense VAE with one hidden layer in each network: by default 784-400-20 and back, a size that is common in the
 * literature.
 *
 * @returns A VAE over examples `[B, ...shape]`, by default images `[B, 28, 28, 1]`, pixels in [0, 1].
 * @throws {RangeError} If a size is not a whole number of at least 1.
 * @example
 * ```ts
 * import { denseVae, useBackend } from "@vae/steps";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const vae = denseVae({ shape: [12], latent: 3, hidden: 16 });
 * console.log(vae.encode(tf.zeros([4, 12])).mu.shape); // [4, 3]
 * vae.dispose();
 * ```
 */
export function denseVae(options: DenseVaeOptions = {}): LayersVae {
  const { latent = 20, hidden = 400, shape = [28, 28, 1], classes, seed = 0, ...rest } = options;
  const { likelihood = bernoulli() } = rest;
  assertSizes({ latent, hidden, shape, ...(classes !== undefined && { classes }) });
  const source = random(seed);

  const { x, inputs, joined } = encoderInputs(shape, classes ?? 0);
  const size = tf.util.sizeFromShape(shape); // D
  let h = tf.layers.reshape({ targetShape: [size] }).apply(x) as tf.SymbolicTensor; // [B, D]
  h = tf.layers.dense({ units: hidden, activation: "relu", ...glorot(source) }).apply(joined(h)) as tf.SymbolicTensor;
  const mu = tf.layers.dense({ units: latent, ...glorot(source) }).apply(h) as tf.SymbolicTensor; // [B, L]
  const logVar = tf.layers.dense({ units: latent, ...glorot(source) }).apply(h) as tf.SymbolicTensor; // [B, L]
  const encoder = tf.model({ name: "encoder", inputs, outputs: [mu, logVar] });

  const decoder = decoderOf(latent, classes ?? 0, (inputShape) => [
    tf.layers.dense({ inputShape, units: hidden, activation: "relu", ...glorot(source) }), // [B, hidden]
    tf.layers.dense({ units: size * likelihood.outputs, ...glorot(source) }), // [B, D · outputs]
    tf.layers.reshape({ targetShape: [...shape.slice(0, -1), (shape.at(-1) ?? 1) * likelihood.outputs] }),
  ]);
  return layersVae(encoder, decoder, { ...rest, likelihood });
}
