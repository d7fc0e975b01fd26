/**
 * Data by name, as the flag `--data` gives it.
 *
 * @module
 */
import { loadDigits } from "./digits.ts";
import type { OnProgress } from "./download.ts";
import type { Digits } from "./images.ts";
import { loadMnist } from "./mnist.ts";

/**
 * Loads a data set of 28×28 images by name.
 *
 * @param name `digits` ({@linkcode loadDigits}), `mnist` ({@linkcode loadMnist}, fetched and cached), or else the path of a
 * directory with four files in MNIST's form.
 * @param onProgress Is told, while MNIST is fetched, how many bytes have come, and how many there will be.
 * @throws {InputError} If it is a directory that is missing, or whose files cannot be used.
 * @throws {EnvironmentError} If a permission or the network is missing.
 */
export function loadImages(name: string, onProgress?: OnProgress): Promise<Digits> {
  if (name === "digits") return loadDigits();
  if (name === "mnist") return loadMnist({ onProgress });
  return loadMnist({ directory: name });
}
