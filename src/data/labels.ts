/**
 * Turns the labels in files into class numbers.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { shapeText } from "../wording.ts";
import { type Idx, wrongRank } from "./idx.ts";
import type { NumberArray } from "./numbers.ts";

/** Labels from a file, as numbers or words. */
export type LabelArray = NumberArray | { readonly name: string; readonly words: readonly string[] };

/** The labels of all halves of a data set, and the names of the classes, if they are not the numbers in the files. */
export interface Labels {
  /** The class numbers of each half, `[N]`. */
  readonly labels: readonly Idx[];
  /** The names of classes 0, 1, …; `undefined` if the numbers are those in the files. */
  readonly classes?: readonly string[];
}

/**
 * Turns labels into class numbers from 0 to 255. If all labels are whole numbers in that range, they stay as they are.
 * Otherwise each label becomes its index in the sorted list of all labels.
 *
 * @param arrays The labels in the files: `[N]`, `[N, 1]`, or `[N, 8]` integers with the class first, as in QMNIST.
 * @throws {InputError} If an array has another shape or a number that is not whole, or if there are more than 256
 * classes.
 */
export function labelsOf(arrays: readonly LabelArray[]): Labels {
  const columns = arrays.map((array) => "words" in array ? array.words : numbersOf(array));
  const numeric = columns.every((values) => values.every((value) => /^-?\d{1,15}$/.test(String(value))));
  const all = new Set(columns.flatMap((values) => [...new Set<string | number>(values)]).map(String));
  const bytes = numeric && [...all].every((value) => Number(value) >= 0 && Number(value) < 256);
  const classes = [...all].sort(numeric ? (a, b) => Number(a) - Number(b) : undefined);
  if (classes.length > 256) {
    throw new InputError(`${arrays[0]?.name} has ${classes.length} classes; expected at most 256.`);
  }
  const places = new Map(classes.map((value, place) => [value, bytes ? Number(value) : place]));
  const labels = arrays.map(({ name }, i) => {
    // Every value has a place.
    const data = Uint8Array.from(columns[i]!, (value: string | number) => places.get(String(value))!);
    return { name, shape: [data.length], data };
  });
  return { labels, ...(!bytes && { classes }) };
}

/** The class numbers in an array, one per row. */
function numbersOf({ name, shape, data, kind }: NumberArray): number[] {
  const [, columns = 1] = shape;
  if (shape.length > 2) throw wrongRank(name, shape.length, 1);
  if (columns !== 1 && !(columns === 8 && kind === "32-bit integers")) {
    throw new InputError(`${name} has shape ${shapeText(shape)}; expected [N], a class number for each image.`);
  }
  const values = Array.from<number>(data).filter((_, i) => i % columns === 0);
  const odd = values.findIndex((value) => !Number.isSafeInteger(value));
  if (odd < 0) return values;
  throw new InputError(`${name} gives image ${odd} the label ${values[odd]}; expected a whole number.`);
}
