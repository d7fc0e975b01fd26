/**
 * Which part of a data set a file or an array is, by the names that people give them.
 *
 * @module
 */

/** The images to learn from, those held out, and those that some sets have besides, to choose a model by. */
export type Half = "train" | "test" | "validation";

/** What a name says of what it names. */
export interface Role {
  /** Which half of the data it belongs to; undefined if the name does not say. */
  readonly half: Half | undefined;
  /** What it holds; undefined if the name does not say. */
  readonly part: "images" | "labels" | undefined;
  /** What else the name says: of which data set it is, such as `emnist letters`; often empty. */
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

/** Words that say how a file is written, and nothing of what is in it. */
const FORM = /^(idx\d?|ubyte|int|raw|gzip|gz|xz|bz2|zst|zip|bin|txt|npy|npz|csv|tsv|arr)$/;

/** A value under several names. */
function all<Value extends string>(value: Value, ...names: string[]): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, value]));
}

/**
 * What a name says.
 *
 * @param path A file's path inside the directory that was given, whose folders may say something too, as in
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

/** Whether a file holds an array, by its name. */
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

/** Whether a file is a picture, by its name. */
export function isPicture(path: string): boolean {
  return /\.(png|jpe?g|gif|webp|bmp|tiff?)$/i.test(path);
}
