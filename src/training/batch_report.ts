/**
 * What is read of a batch: its losses, and whether its numbers can be trusted.
 *
 * Everything is found on the device, one small vector a batch; reading many at once costs one wait. So a batch that went
 * wrong is named at the next read, however many came after it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { LossTerms, Objective } from "../objectives/objective.ts";
import type { Tensor } from "../tensor.ts";

/** Averages over examples: nats an image for a VAE, summed squares an example for an autoencoder. */
export type Losses = {
  /** What training makes small: `reconstruction + kl`. */
  loss: number;
  /** The part that asks for a good reconstruction. */
  reconstruction: number;
  /** The part that asks for a simple code; 0 where there is none. */
  kl: number;
};

/** What was found of a batch, and what is wrong with it, as the rest of a sentence, if anything is. */
export type Found = { losses: Losses; wrong?: string };

/**
 * The sums over examples of loss, reconstruction and KL, `[3]`, divided by `whole`: the means, where `whole` is the number of
 * these examples; a part of the means, where they are a part of a batch.
 */
export function lossSums({ loss, reconstruction, kl }: LossTerms, whole: number): tf.Tensor1D {
  return tf.tidy(() => tf.stack([loss, reconstruction, kl]).sum(1).div(whole) as tf.Tensor1D);
}

/**
 * A batch in one vector, `[6]`.
 *
 * @param means The mean loss, reconstruction and KL, `[3]`.
 * @param x The examples.
 * @param finite A scalar that is 0, or NaN where the step that the batch made left a weight that is not finite.
 */
export function report(means: tf.Tensor1D, x: Tensor, finite?: tf.Scalar): tf.Tensor1D {
  return tf.tidy(() => tf.concat([means, tf.stack([x.min(), x.max(), finite ?? tf.scalar(0)])]) as tf.Tensor1D);
}

/** Reads and frees reports. */
export async function readReports(reports: tf.Tensor1D[], { range }: Objective): Promise<Found[]> {
  const stacked = tf.tidy(() => tf.stack(reports)); // [batches, 6]
  tf.dispose(reports);
  const values = await stacked.data();
  stacked.dispose();
  return reports.map((_, i) => {
    const [loss, reconstruction, kl, least, most, finite] = values.subarray(6 * i, 6 * i + 6);
    const losses = { loss, reconstruction, kl };
    return { losses, wrong: strayed(least, most, range) ?? diverged(losses, finite) };
  });
}

function strayed(least: number, most: number, range?: readonly [number, number]): string | undefined {
  if (!range) {
    if (Number.isFinite(least) && Number.isFinite(most)) return;
    return `its examples hold numbers from ${least} to ${most}, expected finite numbers`;
  }
  if (least >= range[0] && most <= range[1]) return;
  return `its examples hold numbers from ${least} to ${most}, expected numbers in [${range}], as pixels are once divided by 255`;
}

function diverged({ loss, reconstruction, kl }: Losses, finite: number): string | undefined {
  const remedy = "try a smaller learning rate";
  if (!Number.isFinite(kl)) return `its KL is ${kl}, so log σ² or μ has run away: ${remedy}`;
  if (!Number.isFinite(reconstruction)) {
    return `its reconstruction loss is ${reconstruction}, so what the decoder puts out has run away: ${remedy}`;
  }
  if (!Number.isFinite(loss)) return `its loss is ${loss}: ${remedy}`;
  if (!Number.isFinite(finite)) {
    return `its loss is finite, but its gradient, or the weights after it, are not: ${remedy}`;
  }
}

/** An average over batches of different sizes, kept as sums. */
export type Sums = Losses & { count: number };

/** The sums over no batch at all. */
export const nothing = (): Sums => ({ loss: 0, reconstruction: 0, kl: 0, count: 0 });

/** Takes in a batch's means. */
export function add(sums: Sums, losses: Losses, batch: number): void {
  for (const name of ["loss", "reconstruction", "kl"] as const) sums[name] += batch * losses[name];
  sums.count += batch;
}

/** The average so far. */
export function average({ loss, reconstruction, kl, count }: Sums): Losses {
  return { loss: loss / count, reconstruction: reconstruction / count, kl: kl / count };
}
