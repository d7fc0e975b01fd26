/**
 * Reads pictures in folders, where each folder is a class.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { foreignKind } from "./foreign.ts";
import type { Idx } from "./idx.ts";
import type { LabelArray } from "./labels.ts";
import type { FoundFile } from "./list_files.ts";
import { readPacked } from "./read_file.ts";
import { type Half, roleOf } from "./roles.ts";

/** The images of one half of a data set, and their labels if they have any. */
export interface Pictures {
  readonly half: Half | undefined;
  readonly images: Idx;
  readonly labels?: LabelArray;
}

/**
 * Reads PNG images. A folder named `train` or `test`, for example, is a half of the data; any other folder is the class
 * of the images in it.
 *
 * @param files The pictures.
 * @param directory Their directory, for messages.
 * @throws {InputError} If a picture is not a PNG, is transparent, or differs from the others in size, or if only some
 * have a class.
 * @throws {EnvironmentError} If permission to read is missing.
 */
export async function readPictures(files: readonly FoundFile[], directory: string): Promise<Pictures[]> {
  const placed = files.map(({ path, inside }) => ({ path, ...placeOf(inside.split("/").slice(0, -1)) }));
  const halves = [];
  for (const [half, some] of Map.groupBy(placed, ({ half }) => half)) {
    const name = half === undefined ? directory : `${directory} (${half})`;
    const words = some.flatMap(({ word }) => word ?? []);
    if (words.length > 0 && words.length < some.length) {
      const stray = some.find(({ word }) => word === undefined)?.path;
      throw new InputError(`${stray} is in no folder of a class, where others are: expected all or none to be.`);
    }
    const labels = words.length > 0 && { name: `the labels of ${name}`, words };
    halves.push({ half, images: await stack(some, name), ...(labels && { labels }) });
  }
  return halves;
}

/**
 * The half and the class of a picture, from the folders that it is in: the first one that names a half, and the last
 * other one.
 */
function placeOf(folders: readonly string[]): { half: Half | undefined; word: string | undefined } {
  const halfOf = (folder: string) => roleOf(folder).set === "" ? roleOf(folder).half : undefined;
  const at = folders.findIndex(halfOf);
  const word = folders.findLast((folder, i) => i !== at && !/^(images?|imgs?|data|png|raw)$/i.test(folder));
  return { half: halfOf(folders[at] ?? ""), word };
}

/** Reads the pixels of pictures into one array, `[N, H, W, C]`. */
async function stack(files: readonly { path: string }[], name: string): Promise<Idx> {
  let [data, first] = [new Uint8Array(), { path: "", size: "", shape: [0, 0, 0] }];
  for (const [i, { path }] of files.entries()) {
    const { pixels, shape } = await readPicture(path);
    const size = `${shape[0]} x ${shape[1]} pixels of ${shape[2] === 1 ? "one number" : `${shape[2]} numbers`}`;
    if (i === 0) {
      first = { path, size, shape };
      data = new Uint8Array(files.length * pixels.length);
    }
    if (size !== first.size) throw new InputError(`${path} has ${size}, where ${first.path} has ${first.size}.`);
    data.set(pixels, i * pixels.length);
  }
  return { name, shape: [files.length, ...first.shape], data };
}

/** Reads a PNG in grey or colour, of any bit depth. */
async function readPicture(path: string): Promise<{ pixels: Uint8Array; shape: number[] }> {
  const bytes = await readPacked(path, "expected a PNG image");
  const { convertIndexedToRgb, decode, hasPngSignature } = await import("fast-png");
  if (!hasPngSignature(bytes)) {
    throw new InputError(`${path} is ${foreignKind(bytes) ?? "no PNG image"}.`);
  }
  try {
    const png = decode(bytes);
    const { width, height, depth } = png;
    const most = 2 ** depth - 1;
    if (depth < 8) png.palette ??= Array.from({ length: most + 1 }, (_, level) => [Math.round(255 * level / most)]);
    const data = png.palette ? convertIndexedToRgb(png) : depth === 16 ? png.data.map((value) => value >> 8) : png.data;
    const values = Uint8Array.from(data);
    const perPixel = values.length / (width * height);
    const channels = perPixel > 2 ? 3 : 1;
    if (perPixel === channels) return { pixels: values, shape: [height, width, channels] };
    if (values.some((value, i) => i % perPixel === channels && value < 255)) {
      throw new InputError(`${path} is transparent: expected an image whose every pixel has a colour.`);
    }
    return { pixels: values.filter((_, i) => i % perPixel < channels), shape: [height, width, channels] };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${path} is broken: it cannot be decoded as a PNG image.`, { cause });
  }
}
