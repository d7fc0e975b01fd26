/**
 * A VAE with a layer that tfjs does not have, and its objective made by a function that workers can call too.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type LayersVae, layersVae, negativeElbo, type Objective } from "../mod.ts";

/** Twice as much. */
class Doubled extends tf.layers.Layer {
  static className = "Doubled";
  override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.mul(Array.isArray(x) ? x[0]! : x, 2));
  }
}
tf.serialization.registerClass(Doubled);

/** The VAE, of examples `[B, 4]`. */
export function doubledVae(): LayersVae {
  const x = tf.input({ shape: [4] });
  const twice = new Doubled({}).apply(x) as tf.SymbolicTensor;
  const heads = [1, 2].map(() => tf.layers.dense({ units: 2 }).apply(twice) as tf.SymbolicTensor);
  const decoder = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 4 })] });
  return layersVae(tf.model({ inputs: x, outputs: heads }), decoder);
}

/** Its objective. */
export function doubled(): Objective {
  return { ...negativeElbo(doubledVae()), recipe: { module: import.meta.url, export: "doubled", options: {} } };
}
