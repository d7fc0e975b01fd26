/**
 * Finds out which images and labels belong together.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { LabelArray } from "./labels.ts";
import type { NumberArray } from "./numbers.ts";
import type { Half } from "./roles.ts";

/** What a directory should have, for messages. */
export const WANTED = "expected a directory with train-images-idx3-ubyte, train-labels-idx1-ubyte, " +
  "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with or without .gz, " +
  "or images in another form that data/README.md lists";

/** One array of a half of the data: its images or its labels. */
export type Piece = { half: Half | undefined; images: NumberArray } | { half: Half | undefined; labels: LabelArray };

/** The arrays found for one half. */
export interface FoundHalf {
  readonly images: NumberArray;
  readonly labels: LabelArray | undefined;
}

/** The order of preference for the half to learn from. */
const ORDER: readonly Half[] = ["train", "validation", "test"];

/**
 * Groups images and labels into the halves of the data.
 *
 * @param path Their path, for messages.
 * @param pieces The arrays found there.
 * @param tell Receives a sentence if validation images are left out.
 * @returns One or two halves, the one to learn from first. Either all of them have labels, or none.
 * @throws {InputError} If something is missing, or occurs twice with different contents.
 */
export function collectHalves(
  path: string,
  pieces: readonly Piece[],
  tell: (sentence: string) => void,
): FoundHalf[] {
  const found = collect(pieces);
  if (found.has("train") && found.has("test") && found.delete("validation")) {
    tell(`The validation images of ${path} are left out.`);
  }
  if (found.size === 0) throw missing(path, "train", "images");
  const halves = [...found].map(([half, { images, labels }]) => {
    if (!images) throw missing(path, half, "images");
    return { half, images, labels };
  }).sort((a, b) => ORDER.indexOf(a.half) - ORDER.indexOf(b.half));
  const without = halves.find(({ labels }) => !labels);
  const labelled = halves.find(({ labels }) => labels);
  if (without && labelled) {
    if (/idx\d/i.test(without.images.name)) throw missing(path, without.half, "labels");
    throw new InputError(`${without.images.name} has no labels, where ${labelled.images.name} has some.`);
  }
  return halves;
}

/** Joins the parts of each half. A part that occurs twice must be the same. */
function collect(pieces: readonly Piece[]): Map<Half, Partial<FoundHalf>> {
  const halves = new Map<Half, Partial<FoundHalf>>();
  for (const { half = "train", ...piece } of pieces) {
    const found = halves.get(half) ?? {};
    const [before, now] = "images" in piece ? [found.images, piece.images] : [found.labels, piece.labels];
    if (before && !same(before, now)) {
      throw new InputError(`${before.name} and ${now.name} differ, but only one can be used: remove the other.`);
    }
    halves.set(half, { ...piece, ...found });
  }
  return halves;
}

/** Whether two arrays have the same shape and values. */
function same(a: LabelArray, b: LabelArray): boolean {
  const [values, others]: ArrayLike<unknown>[] = [a, b].map((array) => "words" in array ? array.words : array.data);
  const shapes = [a, b].map((array) => "words" in array ? "" : array.shape.join());
  if (shapes[0] !== shapes[1] || values?.length !== others?.length) return false;
  for (let i = 0; i < values!.length; i++) if (values![i] !== others![i]) return false; // of the same length
  return true;
}

/** The error for a missing file. */
function missing(path: string, half: Half, part: "images" | "labels"): InputError {
  const file = `${half === "test" ? "t10k" : half}-${part === "images" ? "images-idx3" : "labels-idx1"}-ubyte`;
  return new InputError(`${path} has no ${file} or ${file}.gz: ${WANTED}.`);
}
