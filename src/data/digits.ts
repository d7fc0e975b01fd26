/**
 * The digits that ship with the library.
 *
 * @module
 */
import { embeddedFile, type EmbeddedName } from "../embedded.ts";
import { parseIdx, unpack } from "./idx.ts";
import { type Dataset, imageSet, type LabelledImages } from "./images.ts";

/**
 * Loads the digits that ship with the library: 10,000 training images and 2,000 held-out images of 28×28. They were
 * drawn by a program, so their true `factors` are known. Loading them requires no permission.
 *
 * @returns The data set `digits`.
 * @example
 * ```ts
 * import { loadDigits } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * const { train, test } = await loadDigits();
 * assertEquals([train.count, test.count], [10_000, 2000]);
 * ```
 */
export async function loadDigits(): Promise<Dataset<LabelledImages>> {
  const [train, test] = await Promise.all([load("train"), load("t10k")]);
  return { name: "digits", train, test };
}

/** Reads one half of the set. */
async function load(half: "train" | "t10k") {
  const read = async (name: EmbeddedName, rank: number) =>
    parseIdx(await unpack(await embeddedFile(name), name), name, rank);
  const [images, labels, factors] = await Promise.all([
    read(`${half}-images-idx3-ubyte.gz`, 3),
    read(`${half}-labels-idx1-ubyte.gz`, 1),
    read(`${half}-factors-idx2-ubyte.gz`, 2),
  ]);
  return imageSet(images, labels, factors);
}
