import { InputError } from "../errors.ts";
import { oneHotRows } from "../models/one_hot.ts";
import type { Vae } from "../models/vae.ts";
import type { Batch, Tensor } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/**
 * Returns the labels of a batch one-hot, `[B, classes]`, as a conditional VAE takes them. The batch may hold class
 * numbers, `[B]`, or one-hot labels. For a VAE that is not conditional, the result is `undefined`.
 *
 * @throws {InputError} If the VAE is conditional and the labels are missing or have another shape.
 */
export function labelsFor({ classes }: Vae, { y }: Batch): Tensor | undefined {
  if (classes === undefined) return;
  if (!y) {
    throw new InputError(
      `The model is conditional, but the examples have no labels: expected labels of ${classes} classes.`,
    );
  }
  if (y.rank === 1) return oneHotRows(y, classes);
  if (y.rank === 2 && y.shape[1] === classes) return y;
  throw new InputError(
    `The labels have shape ${shapeText(y.shape)}; expected a class number for each example, [B], or [B,${classes}].`,
  );
}
