/**
 * Loads data by name, as the flag `--data` gives it.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { loadDigits } from "./digits.ts";
import type { OnProgress } from "./download.ts";
import type { Dataset, LabelledImages } from "./images.ts";
import { isLabelled, isMnist, loadMnist } from "./mnist.ts";
import { noLabels, readFolder } from "./read_folder.ts";

/** What a program needs from a data set. */
export interface ImageNeeds {
  /** The smallest number of training images, 1 by default. */
  readonly train?: number;
  /** The smallest number of held-out images, 1 by default. */
  readonly test?: number;
  /**
   * A number by which the height and the width of the images must be divisible, such as 4 for `convVae`; 1 by default.
   */
  readonly divisibleBy?: number;
  /** Whether labels are needed; false by default. */
  readonly labels?: boolean;
  /**
   * Receives a sentence about anything unexpected that is done with the data, for example that a part of it is held
   * out.
   */
  readonly tell?: (sentence: string) => void;
}

/**
 * Loads a data set of images by name: `digits` ({@linkcode loadDigits}), `mnist` ({@linkcode loadMnist}, downloaded and
 * cached), or otherwise the path of a directory or a single file.
 *
 * On the disk, images may be IDX files with the names of MNIST, EMNIST or QMNIST, `.npy`, `.npz`, CSV with a column of
 * labels, or PNG images in a folder per class, compressed or not. `data/README.md` has a table of what is read and what
 * is refused. Labels may be any numbers or words, with at most 256 different ones. If there are no held-out images, a
 * fifth of the images is held out, drawn at random but always the same.
 *
 * @example
 * ```ts ignore
 * import { loadImages } from "@vae/steps";
 *
 * const { train, test } = await loadImages("my-folder", undefined, { tell: console.log });
 * console.log(train.count, train.height, train.width, train.channels, train.labels?.[0], test.count);
 * ```
 * @param name The name or the path.
 * @param onProgress Receives the progress of the download of MNIST.
 * @param needs What the caller needs, such as a number of images or labels.
 * @throws {InputError} If nothing is at the path, or if the data there cannot be read or does not have what is needed.
 * The message names the file and what it is.
 * @throws {EnvironmentError} If a permission or the network is missing.
 */
export function loadImages(
  name: "digits" | "mnist",
  onProgress?: OnProgress,
  needs?: ImageNeeds,
): Promise<Dataset<LabelledImages>>;
/** Loads images that must have labels. */
export function loadImages(
  name: string,
  onProgress: OnProgress | undefined,
  needs: ImageNeeds & { labels: true },
): Promise<Dataset<LabelledImages>>;
/** Loads images, perhaps without labels. */
export function loadImages(name: string, onProgress?: OnProgress, needs?: ImageNeeds): Promise<Dataset>;
export async function loadImages(
  name: string,
  onProgress?: OnProgress,
  needs: ImageNeeds = {},
): Promise<Dataset> {
  const images = await load(name, onProgress, needs.tell);
  const { height, width } = images.train;
  const { divisibleBy = 1 } = needs;
  if (height % divisibleBy || width % divisibleBy) {
    const wanted = `a height and a width divisible by ${divisibleBy}`;
    throw new InputError(`${name} has images of ${height} x ${width} pixels; expected ${wanted}.`);
  }
  for (const [half, kind] of [["train", "training"], ["test", "held-out"]] as const) {
    const [{ count }, wanted] = [images[half], needs[half] ?? 1];
    if (count < wanted) {
      throw new InputError(`${name} has too few ${kind} images: ${count}; expected at least ${wanted}.`);
    }
    if (needs.labels && !isLabelled(images[half])) throw noLabels(name);
  }
  return images;
}

/** Loads a data set by name, without checking the caller's needs. */
async function load(name: string, onProgress?: OnProgress, tell?: ImageNeeds["tell"]): Promise<Dataset> {
  if (name === "digits") return await loadDigits();
  if (name === "mnist") return await loadMnist(onProgress ? { onProgress } : {});
  try {
    const halves = await readFolder(name, tell);
    return { name: await isMnist(halves) ? "mnist" : name, ...halves };
  } catch (error) {
    const mayBeName = /^[\w-]+$/.test(name) && error instanceof EnvironmentError;
    if (mayBeName) error.message += ` If no directory is meant: the names of data sets are "digits" and "mnist".`;
    throw error;
  }
}
