/**
 * What the models share: checks of sizes and shapes, and layers whose initial weights depend only on the seed.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Random } from "../random.ts";
import type { LayersModel, Tensor, Variable } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/** Checks that every size is a whole number of at least 1. */
export function assertSizes(sizes: Record<string, number | readonly number[]>): void {
  for (const [name, value] of Object.entries(sizes)) {
    for (const size of [value].flat()) {
      if (!(Number.isInteger(size) && size >= 1)) {
        throw new RangeError(`A model's ${name} must be a whole number of at least 1, not ${size}.`);
      }
    }
  }
}

/**
 * The initial values of every layer: weights uniform in ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010), biases
 * zero. They are explicit because the default of tfjs is another distribution, Glorot normal.
 */
export function glorot(source: Random): {
  kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform>;
  biasInitializer: "zeros";
} {
  const seed = Math.floor(source.uniform() * 2 ** 31);
  return { kernelInitializer: tf.initializers.glorotUniform({ seed }), biasInitializer: "zeros" };
}

/**
 * Checks the shape of a batch, applies a network to it, and returns all outputs.
 *
 * @param verb What the network does, for messages: `encode` or `decode`.
 * @param y One-hot labels, for a network that takes them.
 * @throws {RangeError} If a shape is not one that the network takes, or labels are missing.
 */
export function applyNetwork(verb: string, network: LayersModel, batch: Tensor, y?: Tensor): Tensor[] {
  const given = network.inputs.length > 1 ? [batch, y] : [batch]; // a network without a second input ignores labels
  network.inputs.forEach(({ shape: wanted }, i) => {
    const t = given[i];
    const what = i === 0 ? `a batch of shape ${t && shapeText(t.shape)}` : `labels of shape ${t && shapeText(t.shape)}`;
    if (!t) {
      throw new RangeError(`Cannot ${verb} without labels: this network takes them one-hot, ${shapeText(wanted)}.`);
    }
    const fits = t.rank === wanted.length && wanted.every((size, axis) => size === null || size === t.shape[axis]);
    if (!fits) throw new RangeError(`Cannot ${verb} ${what}: this network takes ${shapeText(wanted)}.`);
  });
  return [network.apply(given as Tensor[])].flat() as Tensor[];
}

/**
 * Makes a sequential decoder that takes codes, and labels too if there are `classes`.
 *
 * @param make Makes the layers, given the input shape of the first one.
 */
export function decoderOf(
  latent: number,
  classes: number,
  make: (inputShape: [number]) => tf.layers.Layer[],
): LayersModel {
  const layers = make([latent + classes]);
  if (classes === 0) return tf.sequential({ name: "decoder", layers });
  const inputs = [tf.input({ shape: [latent] }), tf.input({ shape: [classes] })]; // z [B, L], y [B, classes]
  const joined = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor; // [B, L + classes]
  const outputs = layers.reduce((h, layer) => layer.apply(h) as tf.SymbolicTensor, joined);
  return tf.model({ name: "decoder", inputs, outputs });
}

/**
 * The inputs of an encoder, and a function that appends the labels to a hidden layer `[B, D]` if there are `classes`.
 */
export function encoderInputs(shape: number[], classes: number): {
  x: tf.SymbolicTensor;
  inputs: tf.SymbolicTensor[];
  joined(h: tf.SymbolicTensor): tf.SymbolicTensor;
} {
  const x = tf.input({ shape }); // [B, ...shape]
  if (classes === 0) return { x, inputs: [x], joined: (h) => h };
  const y = tf.input({ shape: [classes] }); // [B, classes]
  return { x, inputs: [x, y], joined: (h) => tf.layers.concatenate().apply([h, y]) as tf.SymbolicTensor };
}

/** The trainable variables of two networks, each listed once even if the networks share layers. */
export function trainableVariables({ encoder, decoder }: Networks): Variable[] {
  const weights = [...encoder.trainableWeights, ...decoder.trainableWeights];
  return [...new Set(weights.map((weight) => weight.read() as Variable))];
}

/** What two networks must satisfy to form a model. */
export interface Fit {
  /** How many tensors of a code's shape the encoder outputs, and what messages call them. */
  codes: number;
  codesAre: string;
  /** How many numbers the decoder outputs for each number of x, along the last axis, and what messages call them. */
  outputs: number;
  decodedIs: string;
  /** Whether both may take one-hot labels as a second input. */
  labels: boolean;
}

/**
 * Checks that two networks fit together: the decoder must take codes `[B, L]` as the encoder outputs them, and have one
 * output of the shape that the encoder takes, except for its last axis.
 *
 * @returns The size of a code, `L`, and the number of classes, which is 0 if there are no labels.
 * @throws {RangeError} If they do not fit, or if one of them has a regulariser, which training would ignore.
 */
export function assertFit({ encoder, decoder }: Networks, fit: Fit): { latent: number; classes: number } {
  const { x, z, classes } = inputsOf({ encoder, decoder }, fit.labels);
  const code = shapeText(z.shape);
  const put = shapesText(encoder.outputs);
  if (put !== Array(fit.codes).fill(code).join(" and ")) {
    throw new RangeError(`The encoder outputs ${put}, but the decoder takes ${code}; expected ${fit.codesAre}.`);
  }
  const last = x.shape.at(-1);
  const wanted = [...x.shape.slice(0, -1), typeof last === "number" ? last * fit.outputs : null];
  const decoded = shapesText(decoder.outputs);
  if (decoded !== shapeText(wanted)) {
    throw new RangeError(
      `The decoder outputs ${decoded}, but the encoder takes ${shapeText(x.shape)}; expected ${fit.decodedIs}.`,
    );
  }
  assertNoRegulariser("encoder", encoder);
  assertNoRegulariser("decoder", decoder);
  return { latent: z.shape[1] as number, classes };
}

/** The inputs of two networks: examples, codes, and the number of classes, which is 0 if there are no labels. */
function inputsOf({ encoder, decoder }: Networks, labels: boolean) {
  const [taken, given] = [encoder.inputs, decoder.inputs].map(shapesText);
  const [[x, y, ...moreX], [z, yToo, ...moreZ]] = [encoder.inputs, decoder.inputs];
  const second = labels ? ", or a second one for one-hot labels" : "";
  const same = y && yToo && isVector(y) && isVector(yToo) && y.shape[1] === yToo.shape[1];
  if (!x || (y && !labels) || moreX.length || (y && yToo && !same)) {
    throw new RangeError(`The encoder takes ${taken}; expected one input for examples${second}.`);
  }
  if (!z || !isVector(z) || (yToo && !labels) || moreZ.length) {
    throw new RangeError(`The decoder takes ${given}; expected one input for codes [B,L]${second}.`);
  }
  if (!y !== !yToo) {
    throw new RangeError(`The encoder takes ${taken}, but the decoder takes ${given}; expected labels for both.`);
  }
  return { x, z, classes: y ? y.shape[1] as number : 0 };
}

const shapesText = (ends: tf.SymbolicTensor[]) => ends.map(({ shape }) => shapeText(shape)).join(" and ");

const isVector = ({ shape }: tf.SymbolicTensor) => shape.length === 2 && typeof shape[1] === "number";

/** Refuses a regulariser: training minimises the objective, which does not include it. */
function assertNoRegulariser(half: string, network: LayersModel): void {
  for (const layer of network.layers) {
    if (layer instanceof tf.LayersModel) {
      assertNoRegulariser(half, layer);
      continue;
    }
    const found = Object.entries(layer.getConfig()).find(([key, value]) => /Regularizer$/.test(key) && value !== null);
    if (!found) continue;
    throw new RangeError(
      `The ${half}'s layer ${layer.name} has a ${found[0]}, which training would ignore: remove it.`,
    );
  }
}

/** Activations and layers whose output is never negative. */
const NEVER_NEGATIVE = [
  "relu",
  "relu6",
  "sigmoid",
  "hardSigmoid",
  "softplus",
  "softmax",
  "ReLU",
  "Softmax",
  "ThresholdedReLU",
];

/** Activations and layers whose output has a negative lower bound, of at least -2, or lies between -1 and 1. */
const LIMITED = ["elu", "selu", "swish", "mish", "gelu", "gelu_new", "tanh", "softsign", "ELU"];

/** Layers that move numbers without changing them. */
const MOVING = ["Reshape", "Flatten", "Permute", "Cropping2D", "UpSampling2D", "ZeroPadding2D"];

/**
 * Checks that an output of a network can be any number, as far as its last layers tell.
 *
 * @param half Which network it is. An encoder's output may be bounded, as long as it can be negative.
 * @param what The name of the output, for messages.
 * @throws {RangeError} If the range of the last activation is limited.
 */
export function assertUnbounded(half: "encoder" | "decoder", output: tf.SymbolicTensor, what: string): void {
  let layer: tf.layers.Layer | undefined = output.sourceLayer;
  while (layer) {
    if (layer instanceof tf.LayersModel) return assertUnbounded(half, layer.outputs[0] as tf.SymbolicTensor, what);
    const name = layer.getClassName();
    const end: unknown = [...NEVER_NEGATIVE, ...LIMITED].includes(name) ? name : layer.getConfig()["activation"];
    if (typeof end === "string" && NEVER_NEGATIVE.includes(end)) {
      throw new RangeError(
        `The ${half} ends in ${end}, so ${what} could never be negative: end it with a linear layer.`,
      );
    }
    if (half === "decoder" && typeof end === "string" && LIMITED.includes(end)) {
      throw new RangeError(`The ${half} ends in ${end}, which limits ${what}: end it with a linear layer.`);
    }
    layer = MOVING.includes(name) ? layer.inboundNodes[0]?.inboundLayers[0] : undefined;
  }
}

/** Two networks of tfjs layers. */
export interface Networks {
  /** The network from examples to codes. */
  encoder: LayersModel;
  /** The network from codes to examples. */
  decoder: LayersModel;
}
