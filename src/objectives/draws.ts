import * as tf from "@tensorflow/tfjs";
import { type Gaussian, logGaussian, reparameterize } from "../distributions/gaussian.ts";
import type { Vae } from "../models/vae.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor2D } from "../tensor.ts";

/** The log densities of `K` codes for each of `B` examples. */
export type Draws = {
  /** log p(x | z), `[B, K]`. */
  logLikelihood: Tensor2D;
  /** log q(z | x) - log p(z), `[B, K]`. */
  logRatio: Tensor2D;
};

/**
 * Draws `K` codes from q(z | x) for each example.
 *
 * The noise is drawn as `[B, K, L]`, example by example. Each example therefore gets the same noise whether one worker
 * draws it for the whole batch or several workers each draw a part.
 *
 * @param q The posteriors of `B` examples, `[B, L]`.
 * @param x The examples, `[B, ...]`.
 * @param y The one-hot labels of the examples, for a conditional VAE, `[B, classes]`.
 * @param K The number of codes per example.
 */
export function draws(
  vae: Vae,
  q: Gaussian,
  { x, y }: { x: Tensor; y: Tensor | undefined },
  noise: Random,
  K: number,
): Draws {
  return tf.tidy(() => {
    const [B, L] = [x.shape[0] ?? 0, vae.latent];
    const eps = noise.normal([B, K, L]).reshape([B * K, L]);
    const each = { mu: repeat(q.mu, K), logVar: repeat(q.logVar, K) }; // [B K, L]
    const z = reparameterize(each, eps); // [B K, L]
    const decoded = vae.decode(z, y && repeat(y, K)); // [B K, ...]
    const logLikelihood = vae.likelihood.logProb(repeat(x, K), decoded).reshape([B, K]) as Tensor2D;
    const logRatio = tf.sub(logGaussian(z, each), vae.prior.logProb(z, vae)).reshape([B, K]) as Tensor2D;
    return { logLikelihood, logRatio };
  });
}

/** Repeats each row `K` times: `[B, ...]` to `[B K, ...]`. */
function repeat(t: Tensor, K: number): Tensor {
  const [B = 0, ...rest] = t.shape;
  const flat = t.reshape([B, 1, tf.util.sizeFromShape(rest)]); // tfjs tiles at most four axes on WebGPU
  return tf.tile(flat, [1, K, 1]).reshape([B * K, ...rest]);
}
