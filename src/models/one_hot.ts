import * as tf from "@tensorflow/tfjs";
import type { Tensor, Tensor2D } from "../tensor.ts";

/**
 * Repeats one label `count` times, one-hot, as a conditional VAE takes it: rows of zeros with a one at the label's
 * index.
 *
 * @param label A class number from 0 to `classes - 1`.
 * @returns The rows, `[count, classes]`.
 * @throws {RangeError} If the label is not a class number, or a size is not a whole number of at least 1.
 * @example
 * ```ts
 * import { oneHot, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const y = oneHot(2, { count: 2, classes: 3 });
 * console.log(await y.array()); // [[0, 0, 1], [0, 0, 1]]
 * y.dispose();
 * ```
 */
export function oneHot(label: number, { count, classes }: { count: number; classes: number }): Tensor2D {
  for (const [name, value] of Object.entries({ count, classes })) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`${name} must be a whole number of at least 1, not ${value}.`);
    }
  }
  if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
    throw new RangeError(`There is no class ${label}: classes are numbered from 0 to ${classes - 1}.`);
  }
  return tf.tidy(() => oneHotRows(tf.fill([count], label, "int32"), classes));
}

/** Turns class numbers `[B]` into one-hot rows, `[B, classes]`. */
export function oneHotRows(labels: Tensor, classes: number): Tensor2D {
  return tf.tidy(() => tf.oneHot(labels.toInt(), classes, 1, 0, "float32") as Tensor2D);
}
