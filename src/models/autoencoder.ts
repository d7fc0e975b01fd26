import * as tf from "@tensorflow/tfjs";
import { random } from "../random.ts";
import type { LayersModel, Tensor, Variable } from "../tensor.ts";
import { applyNetwork, assertFit, assertSizes, glorot, trainableVariables } from "./layers.ts";

/** A plain autoencoder: it maps every example to a code and every code to an example, without any distribution. */
export interface Autoencoder {
  /** The size of a code, `L`. */
  latent: number;
  /** Maps examples `[B, ...]` to codes `[B, L]`. */
  encode(x: Tensor): Tensor;
  /** Maps codes `[B, L]` to reconstructions `[B, ...]`. */
  decode(z: Tensor): Tensor;
  /** The network behind {@linkcode encode}. */
  encoder: LayersModel;
  /** The network behind {@linkcode decode}. */
  decoder: LayersModel;
  /**
   * The smallest and the largest number that {@linkcode decode} can output, if there are limits: 0 and 1 for pixels.
   */
  range?: readonly [number, number];
  /** All variables that training changes. */
  variables: Variable[];
  /** Frees the variables; the model cannot be used after that. */
  dispose(): void;
}

/** The sizes and options of an autoencoder. */
export interface AutoencoderOptions {
  /** The size of a code, `L`, 2 by default. */
  latent?: number;
  /**
   * Units of the encoder's hidden layers, mirrored in the decoder, `[128]` by default. An empty list makes a linear
   * autoencoder, apart from the output's sigmoid.
   */
  hidden?: number[];
  /** The decoder's last activation: `sigmoid`, the default, for pixels in [0, 1]; `linear` for any real number. */
  output?: "sigmoid" | "linear";
  /** The shape of one example, `[28, 28, 1]` by default. */
  shape?: number[];
  /** The seed of the initial weights, 0 by default. */
  seed?: number;
}

/**
 * Makes a dense autoencoder with ReLUs between its layers.
 *
 * @returns An autoencoder over examples `[B, ...shape]`, by default images `[B, 28, 28, 1]`.
 * @throws {RangeError} If a size is not a whole number of at least 1.
 * @example
 * ```ts
 * import { autoencoder, useBackend } from "@vae/steps";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const model = autoencoder({ latent: 3 });
 * console.log(model.encode(tf.zeros([2, 28, 28, 1])).shape); // [2, 3]
 * model.dispose();
 * ```
 */
export function autoencoder(options: AutoencoderOptions = {}): Autoencoder {
  const { latent = 2, hidden = [128], output = "sigmoid", shape = [28, 28, 1], seed = 0 } = options;
  assertSizes({ latent, hidden, shape });
  const source = random(seed);
  const relu = (units: number) => tf.layers.dense({ units, activation: "relu", ...glorot(source) });
  const size = tf.util.sizeFromShape(shape); // D
  const encoder = tf.sequential({
    name: "encoder",
    layers: [
      tf.layers.reshape({ inputShape: shape, targetShape: [size] }), // [B, D]
      ...hidden.map(relu),
      tf.layers.dense({ units: latent, ...glorot(source) }), // [B, L]
    ],
  });
  const decoder = tf.sequential({
    name: "decoder",
    layers: [
      tf.layers.inputLayer({ inputShape: [latent] }), // [B, L]
      ...hidden.toReversed().map(relu),
      tf.layers.dense({ units: size, activation: output, ...glorot(source) }), // [B, D]
      tf.layers.reshape({ targetShape: shape }), // [B, ...shape]
    ],
  });
  return layersAutoencoder(encoder, decoder, output === "sigmoid" ? [0, 1] : undefined);
}

/**
 * Makes an autoencoder from two networks, one from examples to codes `[B, L]` and one back.
 *
 * @param range The smallest and the largest number that the decoder can output, if there are limits.
 * @throws {RangeError} If the networks do not fit together.
 * @example
 * ```ts
 * import { layersAutoencoder, useBackend } from "@vae/steps";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const encoder = tf.sequential({ layers: [tf.layers.dense({ inputShape: [5], units: 2 })] });
 * const decoder = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 5 })] });
 * const model = layersAutoencoder(encoder, decoder);
 * console.log(model.latent); // 2
 * model.dispose();
 * ```
 */
export function layersAutoencoder(
  encoder: LayersModel,
  decoder: LayersModel,
  range?: readonly [number, number],
): Autoencoder {
  const { latent } = assertFit({ encoder, decoder }, {
    codes: 1,
    codesAre: "one code",
    outputs: 1,
    decodedIs: "the shape of an example",
    labels: false,
  });
  return Object.freeze({
    latent,
    encoder,
    decoder,
    ...(range && { range }),
    encode: (x: Tensor) => (applyNetwork("encode", encoder, x) as [Tensor])[0],
    decode: (z: Tensor) => (applyNetwork("decode", decoder, z) as [Tensor])[0],
    variables: Object.freeze(trainableVariables({ encoder, decoder })) as Variable[],
    dispose() {
      encoder.dispose();
      decoder.dispose();
    },
  });
}
