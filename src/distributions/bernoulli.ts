/**
 * The Bernoulli distribution, parameterised by its logit: `probability = sigmoid(logit)`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sumPerExample, type Tensor, type Tensor1D } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/**
 * log p(x | logits) of independent Bernoulli pixels, in nats: `Σ x·l - log(1 + e^l)`.
 *
 * Its negative is the summed cross-entropy. Computed from logits, it is finite for every finite logit, whereas
 * `log(sigmoid(l))` is -∞ in float32 for logits below about -104. For grey pixels, which are neither 0 nor 1, it is a
 * common and useful training objective, but not a likelihood: the probabilities of all grey images do not sum to one
 * (Loaiza-Ganem and Cunningham 2019).
 *
 * This function does not refuse pixels outside [0, 1], because reading them would stall a GPU. The formula extends
 * linearly: a pixel of 2 with a logit of 10 gives +10, and larger logits give more, so pixels from 0 to 255 would drive
 * the logits up without limit. A NaN in an image or its logits makes only that image's result NaN; an infinite logit
 * makes it infinite or NaN. An empty batch gives an empty result, `[0]`.
 *
 * @param x Pixels in [0, 1], `[B, ...]`.
 * @param logits One logit per pixel, in the shape of `x`.
 * @returns One log-likelihood per example, `[B]`; never positive for pixels in [0, 1].
 * @throws {RangeError} If the shapes differ. Broadcasting would silently combine images `[B, 28, 28]` with logits
 * `[B, 28, 28, 1]`.
 * @example
 * ```ts
 * import { logBernoulli, useBackend } from "@vae/steps";
 * import { assertAlmostEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const [logProb = NaN] = await logBernoulli(tf.tensor2d([[1, 0]]), tf.zeros([1, 2])).array();
 * assertAlmostEquals(logProb, 2 * Math.log(0.5), 1e-6);
 * ```
 */
export function logBernoulli(x: Tensor, logits: Tensor): Tensor1D {
  if (!tf.util.arraysEqual(x.shape, logits.shape)) {
    throw new RangeError(`The pixels have shape ${shapeText(x.shape)}; the logits have ${shapeText(logits.shape)}.`);
  }
  return tf.tidy(() => sumPerExample(tf.sub(tf.mul(x, logits), tf.softplus(logits))));
}
