import * as tf from "@tensorflow/tfjs";
import { bernoulli } from "../distributions/likelihood.ts";
import { random } from "../random.ts";
import { assertSizes, decoderOf, encoderInputs, glorot } from "./layers.ts";
import { type LayersVae, layersVae, type VaeOptions } from "./vae.ts";

/** The sizes and options of a convolutional VAE. */
export interface ConvVaeOptions extends VaeOptions {
  /** The number of latent dimensions, `L`, 2 by default. */
  latent?: number;
  /** Channels after the first and the second convolution, 32 and 64 by default. */
  filters?: [number, number];
  /** Units of the dense layer between the convolutions and the code, 16 by default. */
  hidden?: number;
  /** Height, width and channels of an image, 28×28×1 by default; height and width must be divisible by four. */
  image?: [number, number, number];
  /** The number of classes of a conditional VAE, whose two networks also take the label. None by default. */
  classes?: number;
  /** The seed of the initial weights, 0 by default. */
  seed?: number;
}

/**
 * Makes a convolutional VAE. Two convolutions of stride 2 reduce an image to a quarter of its height and width, and
 * dense layers turn the result into the Gaussian q(z | x). The decoder mirrors them with transposed convolutions and,
 * by default, outputs one logit per pixel.
 *
 * With the defaults, the encoder has 69,076 parameters and the decoder 65,089.
 *
 * @returns A VAE over images `[B, H, W, C]`, pixels in [0, 1].
 * @throws {RangeError} If a size is not a whole number of at least 1, or the height or width is not divisible by four.
 * @example
 * ```ts
 * import { convVae, useBackend } from "@vae/steps";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const vae = convVae({ image: [32, 32, 3], latent: 16 });
 * console.log(vae.decode(tf.zeros([4, 16])).shape); // [4, 32, 32, 3]
 * vae.dispose();
 * ```
 */
export function convVae(options: ConvVaeOptions = {}): LayersVae {
  const { latent = 2, filters = [32, 64], hidden = 16, image = [28, 28, 1], classes, seed = 0, ...rest } = options;
  const { likelihood = bernoulli() } = rest;
  assertSizes({ latent, filters, hidden, image, ...(classes !== undefined && { classes }) });
  const [height, width, channels] = image;
  if (height % 4 || width % 4) {
    throw new RangeError(
      `convVae needs an image whose height and width are divisible by four, not ${height}×${width}.`,
    );
  }
  const source = random(seed);
  const halving = (filters: number) => ({ filters, kernelSize: 3, strides: 2, padding: "same" as const });
  const relu = { activation: "relu" as const };

  const { x, inputs, joined } = encoderInputs(image, classes ?? 0); // [B, H, W, C]
  let h = tf.layers.conv2d({ ...halving(filters[0]), ...relu, ...glorot(source) }).apply(x); // [B, H/2, W/2, F₁]
  h = tf.layers.conv2d({ ...halving(filters[1]), ...relu, ...glorot(source) }).apply(h); // [B, H/4, W/4, F₂]
  h = joined(tf.layers.flatten().apply(h) as tf.SymbolicTensor); // [B, H/4 · W/4 · F₂ + classes]
  h = tf.layers.dense({ units: hidden, ...relu, ...glorot(source) }).apply(h); // [B, hidden]
  const mu = tf.layers.dense({ units: latent, ...glorot(source) }).apply(h) as tf.SymbolicTensor; // [B, L]
  const logVar = tf.layers.dense({ units: latent, ...glorot(source) }).apply(h) as tf.SymbolicTensor; // [B, L]
  const encoder = tf.model({ name: "encoder", inputs, outputs: [mu, logVar] });

  const small: [number, number, number] = [height / 4, width / 4, filters[1]];
  const last = { filters: channels * likelihood.outputs, kernelSize: 3, padding: "same" as const };
  const decoder = decoderOf(latent, classes ?? 0, (inputShape) => [
    tf.layers.dense({ inputShape, units: tf.util.sizeFromShape(small), ...relu, ...glorot(source) }),
    tf.layers.reshape({ targetShape: small }), // [B, H/4, W/4, F₂]
    tf.layers.conv2dTranspose({ ...halving(filters[1]), ...relu, ...glorot(source) }), // [B, H/2, W/2, F₂]
    tf.layers.conv2dTranspose({ ...halving(filters[0]), ...relu, ...glorot(source) }), // [B, H, W, F₁]
    tf.layers.conv2dTranspose({ ...last, ...glorot(source) }), // [B, H, W, C · outputs]
  ]);
  return layersVae(encoder, decoder, { ...rest, likelihood });
}
