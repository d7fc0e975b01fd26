/**
 * Classes as numbers, in the forms that files have.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { shapeText } from "../wording.ts";
import { type Idx, wrongRank } from "./idx.ts";
import type { NumberArray } from "./numbers.ts";

/** Labels from a file: numbers, or words. */
export type LabelArray = NumberArray | { readonly name: string; readonly words: readonly string[] };

/** Labels of all halves of a data set, and the words that their numbers stand for, if they do. */
export interface Labels {
  /** Class numbers, `[N]` each. */
  readonly labels: readonly Idx[];
  /** What number 0 stands for, what 1, …; undefined where the numbers are those of the files. */
  readonly classes?: readonly string[];
}

/**
 * Labels as class numbers from 0 to 255. Whole numbers in that range stay as they are; others, and words, become their
 * places among all that there are, in order.
 *
 * @param arrays What the files hold: `[N]`, `[N, 1]`, or QMNIST's form, `[N, 8]` of integers, the class first.
 * @throws {InputError} If one has another shape, a number that is not whole, or there are more than 256 classes.
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
    const data = Uint8Array.from(columns[i]!, (value: string | number) => places.get(String(value))!); // made of all
    return { name, shape: [data.length], data };
  });
  return { labels, ...(!bytes && { classes }) };
}

/** The class numbers in an array, one a row. */
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
