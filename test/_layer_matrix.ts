/**
 * A step of training through every kind of layer. It imports tfjs alone, so that other platforms can run it too.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply, flat, KINDS, type Middle } from "./_layer_kinds.ts";

/** Layers that draw random numbers. */
const RANDOM = ["alphaDropout", "dropout", "gaussianDropout", "gaussianNoise", "spatialDropout1d"];

/** Unequal numbers in (-1, 1). */
const numbers = (shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(1.7 * i + i * i / 100)),
    shape,
  );

/** Layers that have no gradient with respect to what they take, and so come first. */
const FIRST = ["embedding", "masking"];

/** A model with a kind of layer behind a dense layer, so that a gradient passes through it, if it has one. */
function modelOf(kind: string): tf.LayersModel {
  const [shape, middle] = KINDS[kind]!;
  const before: Middle = FIRST.includes(kind) ? (x) => x : apply(() => tf.layers.dense({ units: shape.at(-1)! }));
  const x = tf.input({ shape });
  const y = apply(() => tf.layers.dense({ units: 1 }))(flat(middle(before(x))));
  const model = tf.model({ inputs: x, outputs: y });
  tf.tidy(() => model.setWeights(model.getWeights().map((weight) => numbers(weight.shape).mul(0.5))));
  return model;
}

/** The weights of a model with each kind of layer after a step on two examples; of random ones, how many are numbers. */
export async function layerMatrix(): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for (const kind of Object.keys(KINDS)) {
    const model = modelOf(kind);
    model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
    const shape = [2, ...KINDS[kind]![0]];
    const x = kind === "embedding" ? numbers(shape).greater(0).toFloat() : numbers(shape);
    const y = tf.tensor2d([1, -1], [2, 1]);
    await model.fit(x, y, { batchSize: 2, epochs: 1, shuffle: false, verbose: 0 });
    const weights = (await Promise.all(model.getWeights().map((weight) => weight.data()))).flatMap((data) => [...data]);
    found[kind] = RANDOM.includes(kind) ? [weights.filter(Number.isFinite).length] : weights;
    tf.dispose([x, y]);
    model.dispose();
  }
  return found;
}
