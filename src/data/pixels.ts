/**
 * Turns the images in files into pixels that are bytes.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { shapeText } from "../wording.ts";
import { type Idx, wrongRank } from "./idx.ts";
import type { NumberArray } from "./numbers.ts";

/**
 * Turns images into bytes, `[N, H, W]` or `[N, H, W, C]`. Rows of pixels become square images, and numbers from 0 to 1
 * are scaled to 0 to 255.
 *
 * @param array The array in a file: `[N, D]`, `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]`, where `C` is 1 or 3.
 * @param transposed Whether rows and columns are exchanged in the file, as in EMNIST; they are then exchanged back.
 * @throws {InputError} If it has another shape, or its numbers are not pixels.
 */
export function imagesOf(array: NumberArray, transposed = false): Idx {
  const shape = imageShape(array);
  const images = { name: array.name, shape, data: bytesOf(array) };
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  const planes = channels > 1 && array.shape[3] !== channels;
  const [down, right, deep] = planes ? [width, 1, height * width] : [width * channels, channels, 1];
  if (transposed) return gather(images, [count, width, height, ...shape.slice(3)], [right, down, deep]);
  return planes ? gather(images, shape, [down, right, deep]) : images;
}

/** The shape of images, `[N, H, W]` or `[N, H, W, C]`. */
function imageShape({ name, shape }: NumberArray): number[] {
  const [count = 0, a = 0, b = 0, c = 0] = shape;
  const colours = (size: number) => size === 1 || size === 3;
  if (shape.length < 2) throw wrongRank(name, shape.length, 3);
  if (shape.length === 2 && Number.isInteger(Math.sqrt(a))) return [count, Math.sqrt(a), Math.sqrt(a)];
  if (shape.length === 3) return [...shape];
  if (shape.length === 4 && colours(c)) return [...shape];
  if (shape.length === 4 && colours(a)) return [count, b, c, a];
  const forms = "[N, H, W], [N, H, W, C] with C of 1 or 3, or rows of square images";
  throw new InputError(`${name} has shape ${shapeText(shape)}; expected ${forms}.`);
}

/** Turns numbers into bytes. If all are from 0 to 1, they are multiplied by 255. */
function bytesOf({ name, data, kind }: NumberArray): Uint8Array {
  if (data instanceof Uint8Array && data.some((value) => value > 1)) return data;
  let [least, most] = [Infinity, -Infinity];
  for (const value of data) {
    if (!Number.isFinite(value)) throw new InputError(`${name} has a pixel that is ${value}.`);
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least < 0 || most > 255) {
    const wanted = "expected pixels from 0 to 255, or numbers from 0 to 1";
    throw new InputError(`${name} holds ${kind} from ${least} to ${most}; ${wanted}.`);
  }
  const factor = most <= 1 ? 255 : 1;
  return Uint8Array.from(data as ArrayLike<number>, (value) => Math.round(factor * value));
}

/** Reorders pixels, given the strides of rows, columns and channels in the file. */
function gather({ name, data }: Idx, shape: number[], [down, right, deep]: readonly [number, number, number]): Idx {
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let n = 0; n < count; n++) {
    const from = to;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) out[to++] = data[from + y * down + x * right + c * deep]!; // in range
      }
    }
  }
  return { name, shape, data: out };
}
