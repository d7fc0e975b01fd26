import { InputError } from "../errors.ts";
import { oneHotRows } from "../models/one_hot.ts";
import type { Vae } from "../models/vae.ts";
import type { Batch, Tensor } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/**
 * The labels of a batch as a VAE takes them: one-hot, `[B, classes]`, whether they are class numbers, `[B]`, or one-hot
 * already; `undefined` for a VAE that is not conditional.
 *
 * @throws {InputError} If it is conditional, and there are no labels, or they have another shape.
 */
export function labelsFor({ classes }: Vae, { y }: Batch): Tensor | undefined {
  if (classes === undefined) return;
  if (!y) {
    throw new InputError(`The model is conditional, and the examples have no labels: expected ${classes} classes.`);
  }
  if (y.rank === 1) return oneHotRows(y, classes);
  if (y.rank === 2 && y.shape[1] === classes) return y;
  throw new InputError(
    `The labels have shape ${shapeText(y.shape)}; expected a class number for each example, [B], or [B,${classes}].`,
  );
}
