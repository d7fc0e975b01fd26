import { at } from "../at.ts";
import type { Dataset, ImageSet } from "../data/images.ts";

/**
 * The loss of not looking: the cross-entropy of held-out images under the mean of all training images, in nats an image.
 *
 * A VAE whose code says nothing about its image can do this well and no better, so it is the loss to beat.
 *
 * @returns The mean over the test images. Probabilities are kept 1e-4 away from 0 and 1, where one grey pixel would cost
 * infinitely much.
 */
export function meanImageLoss({ train, test }: Dataset<ImageSet>): number {
  const heldOut = meanImage(test);
  return meanImage(train).reduce((nats, mean, i) => {
    const p = Math.min(1 - 1e-4, Math.max(1e-4, mean));
    const x = at(heldOut, i); // the loss is linear in x: the mean image will do
    return nats - x * Math.log(p) - (1 - x) * Math.log(1 - p);
  }, 0);
}

/** The mean of each pixel, in [0, 1], `[H · W · C]`. */
function meanImage({ pixels, count, height, width, channels }: ImageSet): Float64Array {
  const mean = new Float64Array(height * width * channels);
  pixels.forEach((grey, i) => mean[i % mean.length]! += grey / 255 / count); // within, by the remainder
  return mean;
}
