import * as tf from "@tensorflow/tfjs";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { at } from "./at.ts";
import type { Tensor, Tensor1D, Tensor2D } from "./tensor.ts";
import { shapeText } from "./wording.ts";

/** The principal components of a data set. */
export interface PrincipalComponents {
  /** The mean of the data, `[D]`. */
  mean: Tensor1D;
  /** Orthogonal directions of length 1, one per row, the direction of the largest variance first, `[D, D]`. */
  components: Tensor2D;
  /** The variance along each direction: the `D` eigenvalues of the covariance with divisor N, in descending order. */
  variances: number[];
}

/**
 * Principal component analysis (Pearson 1901): the directions along which the data vary most.
 *
 * The mean squared distance from the data to the plane of the first `L` components is the sum of the remaining
 * variances. No other plane of `L` dimensions is closer to the data.
 *
 * @param x Data, one row per example, `[N, D]`.
 * @returns The components; the caller disposes `mean` and `components`.
 * @throws {RangeError} If the data are not a matrix, have no rows, or are not all finite.
 * @example
 * ```ts
 * import { principalComponents, useBackend } from "@vae/steps";
 * import { assertAlmostEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const { variances } = await principalComponents(tf.tensor2d([[-1, -1], [1, 1]]));
 * assertAlmostEquals(variances[0] ?? NaN, 2, 1e-6);
 * ```
 */
export async function principalComponents(x: Tensor): Promise<PrincipalComponents> {
  if (x.rank !== 2) {
    throw new RangeError(`Principal components need a matrix [N, D], not a tensor of shape ${shapeText(x.shape)}.`);
  }
  const [count = 0, size = 0] = x.shape;
  const [mean, covariance] = tf.tidy(() => {
    const mean = x.mean(0) as Tensor1D; // [D]
    const centred = x.sub(mean) as Tensor2D; // [N, D]
    return [mean, tf.matMul(centred, centred, true).div(count)]; // [D, D]
  });
  const values = await covariance.data();
  covariance.dispose();
  if (!values.every(Number.isFinite)) {
    mean.dispose();
    throw new RangeError("Principal components need at least one row of data, and only finite numbers.");
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(size, size, values as Float32Array),
    { assumeSymmetric: true },
  ); // ascending, one eigenvector per column
  const descending = realEigenvalues.map((_, i) => size - 1 - i);
  const rows = descending.map((i) => eigenvectorMatrix.getColumn(i));
  return { mean, components: tf.tensor2d(rows), variances: descending.map((i) => Math.max(0, at(realEigenvalues, i))) };
}
