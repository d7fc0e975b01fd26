import * as tf from "@tensorflow/tfjs";
import { type Gaussian, logGaussian, reparameterize } from "../distributions/gaussian.ts";
import type { Vae } from "../models/vae.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor2D } from "../tensor.ts";

/** `K` codes for each of `B` examples, and what is known of them. */
export type Draws = {
  /** log p(x | z), `[B, K]`. */
  logLikelihood: Tensor2D;
  /** log q(z | x) - log p(z), `[B, K]`. */
  logRatio: Tensor2D;
};

/**
 * Draws codes from q(z | x).
 *
 * The noise is drawn as `[B, K, L]`, an example's after the one's before: so it is the same for each example, whether one
 * worker draws it for the whole batch or several for a part each.
 *
 * @param q The posteriors of `B` examples, `[B, L]`.
 * @param x The examples, `[B, ...]`.
 * @param y For a conditional VAE their labels, one-hot, `[B, classes]`.
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

/** Every row `K` times, one after another: `[B, ...]` to `[B K, ...]`. */
function repeat(t: Tensor, K: number): Tensor {
  const [B = 0, ...rest] = t.shape;
  const flat = t.reshape([B, 1, tf.util.sizeFromShape(rest)]); // as tfjs tiles only four axes on WebGPU
  return tf.tile(flat, [1, K, 1]).reshape([B * K, ...rest]);
}
