import { at } from "../at.ts";
import type { Dataset, ImageSet } from "../data/images.ts";

/**
 * The loss of a model that ignores its input: the cross-entropy of held-out images under the mean of all training
 * images, in nats per image.
 *
 * A VAE whose code says nothing about its image cannot do better, so this is the loss to beat.
 *
 * @returns The mean over the test images. Probabilities are clipped to [1e-4, 1 - 1e-4], because at 0 or 1 a single
 * grey pixel would make the loss infinite.
 * @example
 * ```ts
 * import { loadDigits, meanImageLoss } from "@vae/steps";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(meanImageLoss(await loadDigits()), 197.8, 0.1); // nats per image
 * ```
 */
export function meanImageLoss({ train, test }: Dataset<ImageSet>): number {
  const heldOut = meanImage(test);
  return meanImage(train).reduce((nats, mean, i) => {
    const p = Math.min(1 - 1e-4, Math.max(1e-4, mean));
    const x = at(heldOut, i); // the loss is linear in x, so the mean image suffices
    return nats - x * Math.log(p) - (1 - x) * Math.log(1 - p);
  }, 0);
}

/** The mean of each pixel, in [0, 1], `[H · W · C]`. */
function meanImage({ pixels, count, height, width, channels }: ImageSet): Float64Array {
  const mean = new Float64Array(height * width * channels);
  pixels.forEach((grey, i) => mean[i % mean.length]! += grey / 255 / count); // in range, because of the remainder
  return mean;
}
