import * as tf from "@tensorflow/tfjs";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { at } from "./at.ts";
import type { Tensor, Tensor1D, Tensor2D } from "./tensor.ts";
import { shapeText } from "./wording.ts";

/** The principal components of a data set. */
export interface PrincipalComponents {
  /** The mean of the data, `[D]`. */
  mean: Tensor1D;
  /** Directions of length 1 at right angles, one per row, the direction of the largest variance first, `[D, D]`. */
  components: Tensor2D;
  /** The variance along each: the eigenvalues of the 1/N covariance, descending, `D` of them. */
  variances: number[];
}

/**
 * Principal component analysis: the directions along which data vary most (Pearson 1901).
 *
 * The mean squared distance from the data to the plane of the first `L` components is the sum of the other variances, and
 * no other plane of `L` dimensions comes closer.
 *
 * @param x Data, one row per example, `[N, D]`.
 * @returns The components; the caller disposes `mean` and `components`.
 * @throws {RangeError} If the data are not a matrix, or not all finite.
 */
export async function principalComponents(x: Tensor): Promise<PrincipalComponents> {
  if (x.rank !== 2) {
    throw new RangeError(`Principal components are those of a matrix [N, D], not ${shapeText(x.shape)}.`);
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
    throw new RangeError("Principal components need data that are all finite numbers, and at least one row of them.");
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(size, size, values as Float32Array),
    { assumeSymmetric: true },
  ); // ascending, one eigenvector per column
  const descending = realEigenvalues.map((_, i) => size - 1 - i);
  const rows = descending.map((i) => eigenvectorMatrix.getColumn(i));
  return { mean, components: tf.tensor2d(rows), variances: descending.map((i) => Math.max(0, at(realEigenvalues, i))) };
}
