/**
 * The Bernoulli distribution, by its logits: `probability = sigmoid(logit)`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sumPerExample, type Tensor, type Tensor1D } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/**
 * log p(x | logits) of independent Bernoulli pixels, in nats: `Σ x·l - log(1 + e^l)`.
 *
 * Its negative is the summed cross-entropy. Taken from logits it is finite for every finite logit, where
 * `log(sigmoid(l))` is -∞ from about -104 on in float32. For grey pixels, which are neither 0 nor 1, it is a usual and
 * useful training objective, but no likelihood: the probabilities of all grey images do not sum to one (Loaiza-Ganem
 * and Cunningham 2019).
 *
 * Pixels outside [0, 1] are not refused here, where looking at them would stall a GPU. The formula goes on in a straight
 * line: a pixel of 2 under a logit of 10 gives +10, and more with every larger logit, so that pixels of 0 to 255 would
 * drive the logits up without end. NaN in an image or its logits makes its own result NaN and no other; an infinite logit
 * makes it infinite or NaN. No images have no results, `[0]`.
 *
 * @param x Pixels in [0, 1], `[B, ...]`.
 * @param logits One logit per pixel, the shape of `x`.
 * @returns One log-likelihood per example, `[B]`; never positive for pixels in [0, 1].
 * @throws {RangeError} If the shapes differ: broadcast, images of `[B, 28, 28]` would meet logits of `[B, 28, 28, 1]`.
 */
export function logBernoulli(x: Tensor, logits: Tensor): Tensor1D {
  if (!tf.util.arraysEqual(x.shape, logits.shape)) {
    throw new RangeError(`The pixels have shape ${shapeText(x.shape)}; the logits have ${shapeText(logits.shape)}.`);
  }
  return tf.tidy(() => sumPerExample(tf.sub(tf.mul(x, logits), tf.softplus(logits))));
}
