/**
 * Data by name, as the flag `--data` gives it.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { loadDigits } from "./digits.ts";
import type { OnProgress } from "./download.ts";
import type { Dataset } from "./images.ts";
import { loadMnist } from "./mnist.ts";

/**
 * Loads a data set of 28×28 images by name.
 *
 * @param name `digits` ({@linkcode loadDigits}), `mnist` ({@linkcode loadMnist}, fetched and cached), or else the path of a
 * directory with four files in MNIST's form.
 * @param onProgress Is told, while MNIST is fetched, how many bytes have come, and how many there will be.
 * @param least How many images of either kind are needed, where one is too few.
 * @throws {InputError} If it is a directory that is missing, or whose files cannot be used, or hold too few images.
 * @throws {EnvironmentError} If a permission or the network is missing.
 */
export async function loadImages(
  name: string,
  onProgress?: OnProgress,
  least: { train?: number; test?: number } = {},
): Promise<Dataset> {
  const digits = await load(name, onProgress);
  for (const [half, kind] of [["train", "training"], ["test", "held-out"]] as const) {
    const [{ count }, wanted] = [digits[half], least[half] ?? 1];
    if (count < wanted) {
      throw new InputError(`${name} has too few ${kind} images: ${count}, where at least ${wanted} are wanted.`);
    }
  }
  return digits;
}

/** Loads a data set by name, however many images it has. */
async function load(name: string, onProgress?: OnProgress): Promise<Dataset> {
  if (name === "digits") return await loadDigits();
  if (name === "mnist") return await loadMnist(onProgress ? { onProgress } : {});
  try {
    return await loadMnist({ directory: name });
  } catch (error) {
    const mayBeName = /^[\w-]+$/.test(name) && error instanceof EnvironmentError;
    if (mayBeName) error.message += ` If no directory is meant: the names of data sets are "digits" and "mnist".`;
    throw error;
  }
}
