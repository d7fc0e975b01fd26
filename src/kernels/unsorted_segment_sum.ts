/**
 * Sums the rows of a tensor by segment: the gradient of `gather`, and so of an embedding.
 *
 * ```math
 * out[n] = \sum_{i : id_i = n} x[i]
 * ```
 *
 * `ScatterNd` adds rows that fall on the same index, which is all there is to do. It does not look where it writes.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type KernelArguments, type TensorInfo } from "./compose.ts";

/** tfjs's `UnsortedSegmentSum` for the WASM backend, which has none. */
export const unsortedSegmentSum: tf.KernelConfig = composedKernel("UnsortedSegmentSum", segmentSum);

/** `x` `[N..., ...]` and `segmentIds` `[N...]` to `[numSegments, ...]`. */
function segmentSum({ run }: Composer, { inputs: { x, segmentIds }, attrs, backend }: KernelArguments): TensorInfo {
  const { numSegments } = attrs;
  const stray = backend.typedArrayFromHeap(segmentIds).find((id) => !(id >= 0 && id < numSegments));
  if (stray !== undefined) {
    throw new RangeError(`There is no segment ${stray}: unsortedSegmentSum was given ${numSegments}, numbered from 0.`);
  }
  const N = tf.util.sizeFromShape(segmentIds.shape);
  const row = x.shape.slice(segmentIds.shape.length);
  const indices = run("Reshape", { x: segmentIds }, { shape: [N, 1] });
  const updates = run("Reshape", { x }, { shape: [N, ...row] });
  return run("ScatterNd", { indices, updates }, { shape: [numSegments, ...row] });
}
