/**
 * What the models share: sizes checked, layers that start the same for the same seed, networks that refuse in sentences.
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
        throw new RangeError(`A model's ${name} is a whole number of at least 1, not ${size}.`);
      }
    }
  }
}

/**
 * How every layer starts: weights uniform in ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010), biases zero. Said
 * explicitly, because what tfjs does unasked is another distribution, Glorot normal.
 */
export function glorot(source: Random): {
  kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform>;
  biasInitializer: "zeros";
} {
  const seed = Math.floor(source.uniform() * 2 ** 31);
  return { kernelInitializer: tf.initializers.glorotUniform({ seed }), biasInitializer: "zeros" };
}

/**
 * Applies a network to a batch, after checking the batch's shape; returns all outputs.
 *
 * @param y Labels, one-hot, for a network that takes them.
 * @throws {RangeError} If a shape is not what the network takes, or labels are missing.
 */
export function applyNetwork(verb: string, network: LayersModel, batch: Tensor, y?: Tensor): Tensor[] {
  const given = network.inputs.length > 1 ? [batch, y] : [batch]; // labels are of no use to a network without a place for them
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
 * A network from codes, and labels where there are `classes`, through layers one after another.
 *
 * @param make Makes the layers, given the shape that the first of them is to say it takes.
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

/** The inputs of an encoder, and a way to join labels to what it has made of x, `[B, D]`, where there are `classes`. */
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

/** The variables of two networks that training changes, each once: the networks may share layers. */
export function trainableVariables({ encoder, decoder }: Networks): Variable[] {
  const weights = [...encoder.trainableWeights, ...decoder.trainableWeights];
  return [...new Set(weights.map((weight) => weight.read() as Variable))];
}

/** What two networks are to be to each other. */
export interface Fit {
  /** How many codes the encoder outputs for an example, and what messages call them. */
  codes: number;
  codesAre: string;
  /** How many numbers the decoder outputs for each of x's, along the last axis, and what messages call them. */
  outputs: number;
  decodedIs: string;
  /** Whether both may take labels too, one-hot, as their second input. */
  labels: boolean;
}

/**
 * Checks that two networks fit together: codes `[B, L]` from one to the other, and out of the decoder one output of the shape
 * that the encoder takes, but for its last axis.
 *
 * @returns The size of a code, `L`, and how many classes the labels are of, 0 where there are none.
 * @throws {RangeError} If they do not, or if one of them has a regulariser, which training would ignore.
 */
export function assertFit({ encoder, decoder }: Networks, fit: Fit): { latent: number; classes: number } {
  const { x, z, classes } = inputsOf({ encoder, decoder }, fit.labels);
  const code = shapeText(z.shape);
  const put = shapesText(encoder.outputs);
  if (put !== Array(fit.codes).fill(code).join(" and ")) {
    throw new RangeError(`The encoder outputs ${put}, and the decoder takes ${code}; expected ${fit.codesAre}.`);
  }
  const last = x.shape.at(-1);
  const wanted = [...x.shape.slice(0, -1), typeof last === "number" ? last * fit.outputs : null];
  const decoded = shapesText(decoder.outputs);
  if (decoded !== shapeText(wanted)) {
    throw new RangeError(
      `The decoder outputs ${decoded}, and the encoder takes ${shapeText(x.shape)}; expected ${fit.decodedIs}.`,
    );
  }
  assertNoRegulariser("encoder", encoder);
  assertNoRegulariser("decoder", decoder);
  return { latent: z.shape[1] as number, classes };
}

/** What two networks take: examples, codes, and labels of how many classes, 0 where there are none. */
function inputsOf({ encoder, decoder }: Networks, labels: boolean) {
  const [taken, given] = [encoder.inputs, decoder.inputs].map(shapesText);
  const [[x, y, ...moreX], [z, yToo, ...moreZ]] = [encoder.inputs, decoder.inputs];
  const expected = labels ? "one input, or two with labels, one-hot" : "one input";
  const same = y && yToo && isVector(y) && isVector(yToo) && y.shape[1] === yToo.shape[1];
  if (!x || (y && !labels) || moreX.length || (y && yToo && !same)) {
    throw new RangeError(`The encoder takes ${taken}; expected ${expected}.`);
  }
  if (!z || !isVector(z) || (yToo && !labels) || moreZ.length) {
    throw new RangeError(`The decoder takes ${given}; expected ${expected}, codes [B,L].`);
  }
  if (!y !== !yToo) {
    throw new RangeError(`The encoder takes ${taken}, and the decoder ${given}; expected labels for both.`);
  }
  return { x, z, classes: y ? y.shape[1] as number : 0 };
}

const shapesText = (ends: tf.SymbolicTensor[]) => ends.map(({ shape }) => shapeText(shape)).join(" and ");

const isVector = ({ shape }: tf.SymbolicTensor) => shape.length === 2 && typeof shape[1] === "number";

/** Refuses a regulariser: training makes an objective small, and that has no such term. */
function assertNoRegulariser(half: string, network: LayersModel): void {
  for (const layer of network.layers) {
    if (layer instanceof tf.LayersModel) {
      assertNoRegulariser(half, layer);
      continue;
    }
    const found = Object.entries(layer.getConfig()).find(([key, value]) => /Regularizer$/.test(key) && value !== null);
    if (!found) continue;
    throw new RangeError(
      `The ${half}'s layer ${layer.name} has a ${found[0]}, which training here ignores: leave it out.`,
    );
  }
}

/** Activations, and layers, whose output is never negative. */
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

/** Activations, and layers, whose output is never below some number, -2 at most, or never beyond -1 and 1. */
const LIMITED = ["elu", "selu", "swish", "mish", "gelu", "gelu_new", "tanh", "softsign", "ELU"];

/** Layers that only move numbers. */
const MOVING = ["Reshape", "Flatten", "Permute", "Cropping2D", "UpSampling2D", "ZeroPadding2D"];

/**
 * Checks that an output of a network can be any number, as far as its last layers show.
 *
 * @param half Which network it is. What an encoder outputs may have limits, as long as it can be negative.
 * @param what What the output is, for messages.
 * @throws {RangeError} If its activation cannot be any number.
 */
export function assertUnbounded(half: "encoder" | "decoder", output: tf.SymbolicTensor, what: string): void {
  let layer: tf.layers.Layer | undefined = output.sourceLayer;
  while (layer) {
    if (layer instanceof tf.LayersModel) return assertUnbounded(half, layer.outputs[0] as tf.SymbolicTensor, what);
    const name = layer.getClassName();
    const end: unknown = [...NEVER_NEGATIVE, ...LIMITED].includes(name) ? name : layer.getConfig()["activation"];
    if (typeof end === "string" && NEVER_NEGATIVE.includes(end)) {
      throw new RangeError(`The ${half} ends in ${end}, so ${what} could never be negative: end it in a linear layer.`);
    }
    if (half === "decoder" && typeof end === "string" && LIMITED.includes(end)) {
      throw new RangeError(`The ${half} ends in ${end}, which limits ${what}: end it in a linear layer.`);
    }
    layer = MOVING.includes(name) ? layer.inboundNodes[0]?.inboundLayers[0] : undefined;
  }
}

/** Two networks of tfjs layers. */
export interface Networks {
  /** What makes codes. */
  encoder: LayersModel;
  /** What reads them. */
  decoder: LayersModel;
}
