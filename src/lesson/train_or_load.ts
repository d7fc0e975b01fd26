import type { Dataset } from "../data/images.ts";
import { take } from "../data/images.ts";
import { loadVae } from "../models/saved/load_vae.ts";
import { saveVae } from "../models/saved/save_vae.ts";
import type { LayersVae } from "../models/vae.ts";
import { negativeElbo } from "../objectives/negative_elbo.ts";
import type { Show } from "../show/show.ts";
import { train } from "../training/train.ts";
import type { CommonOptions } from "./lesson.ts";

/** The flags of a lesson that trains a VAE: epochs, batch size, number of images and learning rate. */
export type TrainingFlags = CommonOptions & { epochs: number; batch: number; images: number; rate: number };

/**
 * Trains or loads a VAE as a lesson's flags say, and saves it if they say so. The objective is the negative ELBO.
 *
 * @param show Receives every training step.
 * @param vae The model, whose weights change.
 * @param digits The images to learn from.
 * @param flags The options of the lesson.
 * @throws {InputError} If training fails, or a model cannot be loaded or saved.
 * @example
 * ```ts
 * import { convVae, loadDigits, showOn, trainOrLoad, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const vae = convVae({ filters: [2, 3] });
 * const flags = { epochs: 1, batch: 10, images: 40, rate: 0.001, data: "digits", seed: 0 };
 * await trainOrLoad(showOn(), vae, await loadDigits(), flags);
 * vae.dispose();
 * ```
 */
export async function trainOrLoad(show: Show, vae: LayersVae, digits: Dataset, flags: TrainingFlags): Promise<void> {
  const { epochs, batch: batchSize, images, rate: learningRate, seed, training, load, save } = flags;
  if (load !== undefined) await loadVae(vae, load);
  else {
    const how = { epochs, batchSize, learningRate, seed, ...training };
    for await (const step of train(negativeElbo(vae), take(digits.train, images), how)) show.progress(step);
  }
  if (save !== undefined) await saveVae(vae, save);
}
