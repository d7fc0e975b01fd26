/**
 * Data by name, as the flag `--data` gives it.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { loadDigits } from "./digits.ts";
import type { OnProgress } from "./download.ts";
import type { Dataset, LabelledImages } from "./images.ts";
import { isLabelled, isMnist, loadMnist } from "./mnist.ts";
import { noLabels, readFolder } from "./read_folder.ts";

/** What is wanted of a data set, and who is told what is done with it. */
export interface ImageNeeds {
  /** How many images to learn from are needed, at least; 1 by default. */
  readonly train?: number;
  /** How many held-out images are needed, at least; 1 by default. */
  readonly test?: number;
  /** What must divide the height and the width of the images, as 4 must for `convVae`; 1 by default. */
  readonly divisibleBy?: number;
  /** Whether labels are needed; not by default. */
  readonly labels?: boolean;
  /** Is told, in a sentence, what is done with the data that is not to be expected: that some of it is held out, say. */
  readonly tell?: (sentence: string) => void;
}

/**
 * Loads a data set of images by name: `digits` ({@linkcode loadDigits}), `mnist` ({@linkcode loadMnist}, fetched and
 * cached), or else the path of a directory or of a single file.
 *
 * On the disk, images may be IDX files under MNIST's, EMNIST's or QMNIST's names, `.npy`, `.npz`, CSV with a column of
 * labels, or PNG images in a folder for each class, packed or not; `data/README.md` has a table of what is read and what
 * is refused. Labels may be any numbers or words, at most 256 different ones. Where nothing is held out, a fifth of the
 * images is, drawn at random and always the same.
 *
 * @example
 * ```ts ignore
 * import { loadImages } from "@vae/steps";
 *
 * const { train, test } = await loadImages("my-folder", undefined, { tell: console.log });
 * console.log(train.count, train.height, train.width, train.channels, train.labels?.[0], test.count);
 * ```
 * @param name The name, or the path.
 * @param onProgress Is told, while MNIST is fetched, how many bytes have come, and how many there will be.
 * @param needs How many images are needed, where one is too few, and whether labels are.
 * @throws {InputError} If nothing is at the path, what is there cannot be used, or has too few images or no labels; the
 * message names the file and what it is.
 * @throws {EnvironmentError} If a permission or the network is missing.
 */
export function loadImages(
  name: "digits" | "mnist",
  onProgress?: OnProgress,
  needs?: ImageNeeds,
): Promise<Dataset<LabelledImages>>;
/** Images that need labels. */
export function loadImages(
  name: string,
  onProgress: OnProgress | undefined,
  needs: ImageNeeds & { labels: true },
): Promise<Dataset<LabelledImages>>;
/** Images, perhaps without labels. */
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
    const wanted = `a height and a width that ${divisibleBy} divides are wanted`;
    throw new InputError(`${name} has images of ${height} x ${width} pixels, where ${wanted}.`);
  }
  for (const [half, kind] of [["train", "training"], ["test", "held-out"]] as const) {
    const [{ count }, wanted] = [images[half], needs[half] ?? 1];
    if (count < wanted) {
      throw new InputError(`${name} has too few ${kind} images: ${count}, where at least ${wanted} are wanted.`);
    }
    if (needs.labels && !isLabelled(images[half])) throw noLabels(name);
  }
  return images;
}

/** Loads a data set by name, however many images it has. */
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
