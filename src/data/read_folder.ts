/**
 * Reads images from the disk in common formats, from a directory or a single file.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { random } from "../random.ts";
import { collectHalves, type FoundHalf, type Piece, WANTED } from "./collect_halves.ts";
import { chosen, type ImageSet, imageSet } from "./images.ts";
import { labelsOf } from "./labels.ts";
import { type FoundFile, listFiles } from "./list_files.ts";
import { imagesOf } from "./pixels.ts";
import { readPictures } from "./png_folder.ts";
import { readArrays } from "./read_arrays.ts";
import { isArrayFile, isPicture, isTable, roleOf } from "./roles.ts";

/** Training images and held-out images. */
export interface Halves {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/**
 * Reads images, and their labels if there are any. If there is only one half, a fifth of it is held out, drawn at
 * random but always the same.
 *
 * @param path The path of a directory or a single file.
 * @param tell Receives a sentence about anything unexpected that is done with the data.
 * @throws {InputError} If nothing is there, a file cannot be read, or files do not belong together.
 * @throws {EnvironmentError} If permission to read is missing.
 */
export async function readFolder(path: string, tell: (sentence: string) => void = () => {}): Promise<Halves> {
  const files = await listFiles(path, WANTED);
  const single = files.length === 1 && files[0]?.path === path;
  const pictures = files.filter(({ inside }) => !single && isPicture(inside));
  const arrays = single ? files : arraysAmong(files, pictures.length > 0, tell);
  assertOneSet(path, arrays);
  const pieces = arrays.length > 0 ? await readPieces(arrays) : await picturePieces(pictures, path);
  if (single && !pieces.some((piece) => "images" in piece)) throw new InputError(`${path} holds labels, no images.`);
  const halves = collectHalves(path, pieces, tell);
  const transposed = arrays.some(({ inside }) => /emnist/i.test(inside.replace(/.*\//, "")));
  if (transposed) tell(`The images of ${path} are turned upright: EMNIST's files have rows and columns exchanged.`);
  return setsOf(path, halves, transposed, tell);
}

/** The files that hold arrays, by their names; tables beside others, or beside pictures, are left out. */
function arraysAmong(files: readonly FoundFile[], pictures: boolean, tell: (sentence: string) => void): FoundFile[] {
  const arrays = files.filter(({ inside }) => isArrayFile(inside));
  const { tables = [], others = [] } = Object.groupBy(arrays, ({ inside }) => isTable(inside) ? "tables" : "others");
  if (others.length === 0 && !pictures) return tables;
  for (const { path } of tables) tell(`${path} is left out: a table beside other data is taken for a list of it.`);
  return others;
}

/** Refuses the files of several data sets. */
function assertOneSet(path: string, files: readonly FoundFile[]): void {
  const sets = Map.groupBy(files, ({ inside }) => roleOf(inside).set);
  if (sets.size < 2) return;
  const some = [...sets.values()].slice(0, 3).map(([file]) => file?.inside).join(", ");
  const way = "give the path of one file, or of a directory with the files of one set alone";
  throw new InputError(`${path} holds ${sets.size} data sets, by names such as ${some}: ${way}.`);
}

/** Reads all arrays in some files. */
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

/** The error for images without the labels that are needed. */
export function noLabels(path: string): InputError {
  const where = "in files beside those of the images, in a column, or as the folders that the images are in";
  return new InputError(`${path} has no labels; expected a class for each image, ${where}.`);
}

/** Makes the two sets of images: from two halves, or by splitting one. */
function setsOf(
  path: string,
  halves: readonly FoundHalf[],
  transposed: boolean,
  tell: (sentence: string) => void,
): Halves {
  const images = halves.map(({ images }) => imagesOf(images, transposed));
  const { labels, classes } = labelsOf(halves.flatMap(({ labels }) => labels ?? []));
  const [train, test] = images.map((array, i) => ({ ...imageSet(array, labels[i]), ...(classes && { classes }) }));
  if (!test) return split(path, train!, tell); // there is at least one half, as checked
  const size = ({ height, width, channels }: ImageSet) =>
    [height, width, ...(channels > 1 ? [channels] : [])].join(" x ");
  if (size(train!) === size(test)) return { train: train!, test };
  throw new InputError(`${images[1]?.name} has images of ${size(test)} pixels; expected ${size(train!)}.`);
}

/** Holds out a fifth of some images, at least one. */
function split(path: string, all: ImageSet, tell: (sentence: string) => void): Halves {
  const { count } = all;
  if (count < 2) throw new InputError(`${path} has one image; expected two, one to learn from and one held out.`);
  const held = Math.max(Math.round(count / 5), 1);
  const are = held === 1 ? "is" : "are";
  tell(`${path} has no held-out images of its own: ${held} of its ${count}, drawn at random, ${are} held out.`);
  const order = random(0).permutation(count);
  const part = (indices: Uint32Array) => chosen(all, Array.from(indices.toSorted()));
  return { train: part(order.subarray(held)), test: part(order.subarray(0, held)) };
}
