/**
 * Images on the disk, in the forms and under the names that people have them: a directory, or a single file.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { random } from "../random.ts";
import { chosen, type ImageSet, imageSet } from "./images.ts";
import { type LabelArray, labelsOf } from "./labels.ts";
import { type FoundFile, listFiles } from "./list_files.ts";
import type { NumberArray } from "./numbers.ts";
import { imagesOf } from "./pixels.ts";
import { readPictures } from "./png_folder.ts";
import { readArrays } from "./read_arrays.ts";
import { type Half, isArrayFile, isPicture, roleOf } from "./roles.ts";

/** What a directory should have. */
export const WANTED = "expected a directory with train-images-idx3-ubyte, train-labels-idx1-ubyte, " +
  "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with or without .gz, or images in another form that data/README.md lists";

/** Images to learn from, and held-out ones. */
export interface Halves {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/** What was found of one half. */
interface Found {
  images?: NumberArray;
  labels?: LabelArray;
}

/** A part of a half. */
type Piece = { half: Half | undefined; images: NumberArray } | { half: Half | undefined; labels: LabelArray };

/**
 * Reads images, and their labels where there are some. Of a set of one half alone, a fifth is held out, drawn at random and
 * always the same.
 *
 * @param path The directory, or a single file.
 * @param tell Is told, in a sentence, what is done with the data that is not to be expected.
 * @throws {InputError} If nothing is there, something cannot be read, or does not belong together.
 * @throws {EnvironmentError} If the permission is missing.
 */
export async function readFolder(path: string, tell: (sentence: string) => void = () => {}): Promise<Halves> {
  const files = await listFiles(path, WANTED);
  const single = files.length === 1 && files[0]?.path === path;
  const arrays = single ? files : files.filter(({ inside }) => isArrayFile(inside));
  assertOneSet(path, arrays);
  const pictures = files.filter(({ inside }) => isPicture(inside));
  const found = collect(arrays.length > 0 ? await readPieces(arrays) : await picturePieces(pictures, path));
  if (single && !found.values().some(({ images }) => images)) throw new InputError(`${path} holds labels, no images.`);
  const halves = assertWhole(path, found, tell);
  const transposed = arrays.some(({ inside }) => /emnist/i.test(inside.replace(/.*\//, "")));
  if (transposed) tell(`The images of ${path} are turned upright: EMNIST's files have rows and columns exchanged.`);
  return setsOf(path, halves, transposed, tell);
}

/** Refuses files of several data sets. */
function assertOneSet(path: string, files: readonly FoundFile[]): void {
  const sets = Map.groupBy(files, ({ inside }) => roleOf(inside).set);
  if (sets.size < 2) return;
  const some = [...sets.values()].slice(0, 3).map(([file]) => file?.inside).join(", ");
  const way = "give the path of one file, or of a directory with the files of one set alone";
  throw new InputError(`${path} holds ${sets.size} data sets, by names such as ${some}: ${way}.`);
}

/** Reads all arrays of some files. */
async function readPieces(files: readonly FoundFile[]): Promise<Piece[]> {
  const pieces = [];
  for (const { path, inside } of files) {
    const file = roleOf(inside);
    const found = await readArrays(path, WANTED, file.part === "labels" ? 1 : 3);
    for (const { title = "", part, array } of found) {
      const own = roleOf(title);
      const half = own.half ?? file.half;
      const named = part ?? own.part ?? (found.length === 1 ? file.part : undefined);
      const labels = "words" in array || (named ?? (array.shape.length === 1 ? "labels" : "images")) === "labels";
      pieces.push(labels ? { half, labels: array } : { half, images: array });
    }
  }
  return pieces;
}

/** Reads all pictures. */
async function picturePieces(files: readonly FoundFile[], path: string): Promise<Piece[]> {
  return (await readPictures(files, path)).flatMap(({ half, images, labels }) => [
    { half, images: { ...images, kind: "bytes" } },
    ...(labels ? [{ half, labels }] : []),
  ]);
}

/** Puts the parts of each half together; what is there twice must be the same. */
function collect(pieces: readonly Piece[]): Map<Half, Found> {
  const halves = new Map<Half, Found>();
  for (const { half = "train", ...piece } of pieces) {
    const found = halves.get(half) ?? {};
    const [before, now] = "images" in piece ? [found.images, piece.images] : [found.labels, piece.labels];
    if (before && !same(before, now)) {
      throw new InputError(`${before.name} and ${now.name} differ, where one alone is wanted: remove one of them.`);
    }
    halves.set(half, { ...piece, ...found });
  }
  return halves;
}

/** Whether two arrays have the same sizes and values. */
function same(a: LabelArray, b: LabelArray): boolean {
  const [values, others]: ArrayLike<unknown>[] = [a, b].map((array) => "words" in array ? array.words : array.data);
  const shapes = [a, b].map((array) => "words" in array ? "" : array.shape.join());
  if (shapes[0] !== shapes[1] || values?.length !== others?.length) return false;
  for (let i = 0; i < values!.length; i++) if (values![i] !== others![i]) return false; // as long as each other
  return true;
}

/** One or two halves with images, all of them with labels or none. */
function assertWhole(path: string, found: Map<Half, Found>, tell: (sentence: string) => void) {
  if (found.has("train") && found.has("test") && found.delete("validation")) {
    tell(`The validation images of ${path} are left out.`);
  }
  if (found.size === 0) throw missing(path, "train", "images");
  const halves = [...found].map(([half, { images, labels }]) => {
    if (!images) throw missing(path, half, "images");
    return { half, images, labels };
  }).sort(({ half }) => half === "train" ? -1 : 1);
  const without = halves.find(({ labels }) => !labels);
  const labelled = halves.find(({ labels }) => labels);
  if (without && labelled) {
    if (/idx\d/i.test(without.images.name)) throw missing(path, without.half, "labels");
    throw new InputError(`${without.images.name} has no labels, where ${labelled.images.name} has some.`);
  }
  return halves;
}

/** What to throw where a file is missing. */
function missing(path: string, half: Half, part: "images" | "labels"): InputError {
  const file = `${half === "test" ? "t10k" : half}-${part === "images" ? "images-idx3" : "labels-idx1"}-ubyte`;
  return new InputError(`${path} has no ${file} or ${file}.gz: ${WANTED}.`);
}

/** What to throw where there are no labels, but wanted. */
export function noLabels(path: string): InputError {
  const where = "in files beside those of the images, in a column, or as the folders that the images are in";
  return new InputError(`${path} has no labels; expected a class for each image, ${where}.`);
}

/** The sets of images: the two that are there, or those that one is split into. */
function setsOf(
  path: string,
  halves: readonly { images: NumberArray; labels: LabelArray | undefined }[],
  transposed: boolean,
  tell: (sentence: string) => void,
): Halves {
  const images = halves.map(({ images }) => imagesOf(images, transposed));
  const { labels, classes } = labelsOf(halves.flatMap(({ labels }) => labels ?? []));
  const [train, test] = images.map((array, i) => ({ ...imageSet(array, labels[i]), ...(classes && { classes }) }));
  if (!test) return split(path, train!, tell); // there is one half, as checked
  const size = ({ height, width, channels }: ImageSet) =>
    [height, width, ...(channels > 1 ? [channels] : [])].join(" x ");
  if (size(train!) === size(test)) return { train: train!, test };
  throw new InputError(`${images[1]?.name} has images of ${size(test)} pixels, where ${size(train!)} is wanted.`);
}

/** Holds out a fifth of some images, at least one. */
function split(path: string, all: ImageSet, tell: (sentence: string) => void): Halves {
  const { count } = all;
  if (count < 2) throw new InputError(`${path} has one image, where two are wanted: one to learn from, one held out.`);
  const held = Math.max(Math.round(count / 5), 1);
  const are = held === 1 ? "is" : "are";
  tell(`${path} has no held-out images of its own: ${held} of its ${count}, drawn at random, ${are} held out.`);
  const order = random(0).permutation(count);
  const part = (indices: Uint32Array) => chosen(all, Array.from(indices.toSorted()));
  return { train: part(order.subarray(held)), test: part(order.subarray(0, held)) };
}
