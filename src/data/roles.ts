/**
 * Finds out from its name which part of a data set a file or an array is.
 *
 * @module
 */

/** The training images, the held-out images, and those that some data sets also have for choosing a model. */
export type Half = "train" | "test" | "validation";

/** What a name says about a file or an array. */
export interface Role {
  /** The half of the data; `undefined` if the name does not say. */
  readonly half: Half | undefined;
  /** What it holds; `undefined` if the name does not say. */
  readonly part: "images" | "labels" | undefined;
  /** The rest of the name, which tells the data set, such as `emnist letters`; often empty. */
  readonly set: string;
}

/** The words for a half. */
const HALVES: Readonly<Record<string, Half>> = {
  ...all("train", "train", "training"),
  ...all("test", "test", "testing", "t10k"),
  ...all("validation", "val", "valid", "validation"),
};

/** The words for a part. */
const PARTS = {
  ...all("images", "images", "image", "imgs", "img", "pixels", "data", "x"),
  ...all("labels", "labels", "label", "targets", "target", "classes", "y"),
};

/** Words that say only how a file is written. */
const FORM = /^(idx\d?|ubyte|int|raw|gzip|gz|xz|bz2|zst|zip|bin|txt|npy|npz|csv|tsv|arr)$/;

/** An object that maps several names to one value. */
function all<Value extends string>(value: Value, ...names: string[]): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, value]));
}

/**
 * Interprets a name. *
 * @param path The relative path of a file, whose folders also count, as in
 * `MNIST/raw/train-images-idx3-ubyte/train-images.idx3-ubyte`; or the name of an array, such as `x_train`.
 */
export function roleOf(path: string): Role {
  const words = path.replace(/ \(\d+\)/g, "").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()
    .split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "" && !FORM.test(word));
  const rest = new Set(words.filter((word) => !(word in HALVES) && !(word in PARTS)));
  return {
    half: HALVES[words.findLast((word) => word in HALVES) ?? ""],
    part: PARTS[words.findLast((word) => word in PARTS) ?? ""],
    set: [...rest].join(" "),
  };
}

/** Whether a file holds an array, judging by its name. */
export function isArrayFile(path: string): boolean {
  const file = path.slice(path.lastIndexOf("/") + 1).replace(/ \(\d+\)/g, "");
  if (isPicture(file)) return false;
  if (/idx\d|\.(idx|npy|npz|csv|tsv)(\.(gz|xz|bz2|zst))?$/i.test(file)) return true;
  const { half, part } = roleOf(file);
  return (half ?? part) !== undefined && !/\.(txt|md|json|ya?ml|toml|pdf|html?|log|py|ipynb|sh|[jt]s)$/i.test(file);
}

/** Whether a file is a table of text, by its name. */
export function isTable(path: string): boolean {
  return /\.[ct]sv(\.\w+)?$/i.test(path);
}

/** Whether a file is a picture, judging by its name. */
export function isPicture(path: string): boolean {
  return /\.(png|jpe?g|gif|webp|bmp|tiff?)$/i.test(path);
}
