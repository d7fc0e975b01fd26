/**
 * Sums the rows of a tensor by segment, which is the gradient of `gather` and so of an embedding.
 *
 * ```math
 * out[n] = \sum_{i : id_i = n} x[i]
 * ```
 *
 * Ids that name no segment are ignored, as on tfjs's other backends.
 *
 * @module
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build, FLOAT } from "./assembled.ts";
import { type KernelArguments, outputOn, type TensorInfo, wasmKernel } from "./compose.ts";

type Arguments = KernelArguments<"x" | "segmentIds">;

/** The number of rows in a segment from which they are added in double precision. */
const MANY = 64;

/**
 * `UnsortedSegmentSum` for the WASM backend, where tfjs has none: `x` `[N..., ...]` and ids `[N...]` to
 * `[numSegments, ...]`.
 */
export function unsortedSegmentSum(build: Build): tf.KernelConfig {
  const floats = assembledKernel("UnsortedSegmentSum", build, (heap, args: Arguments) => {
    const { inputs: { x, segmentIds }, attrs, backend } = args;
    const { kernels, scratch, address, output } = heap;
    const { row, m, n, numSegments } = sizes(x, segmentIds, attrs);
    const out = output([numSegments, ...row]);
    const double = largest(backend, segmentIds, numSegments) > MANY;
    const bytes = 2 * FLOAT * numSegments * n;
    const to = double ? scratch(bytes) : address(out);
    kernels.clear({ at: to, bytes: double ? bytes : bytes / 2 });
    const rows = { x: address(x), ids: address(segmentIds), m, n };
    kernels.segments({ ...rows, sums: to, segments: numSegments, double: Number(double) });
    if (double) kernels.round({ x: to, n: numSegments * n, out: address(out) });
    return out;
  });
  return wasmKernel("UnsortedSegmentSum", (args: Arguments) => {
    return args.inputs.x.dtype === "float32" ? floats.kernelFunc(args as never) as TensorInfo : whole(args);
  });
}

/** The gradient of sums by segment. tfjs's own ignores negative ids but refuses ids that are too large. */
export const SEGMENTS_GRADIENT: tf.GradConfig = {
  kernelName: "UnsortedSegmentSum",
  inputsToSave: ["segmentIds"],
  gradFunc(dy, saved) {
    const [ids] = saved as [tf.Tensor];
    return { x: () => rowsOf(dy as tf.Tensor, ids) };
  },
};

/** The row of `dy` that each id names, or zeros. */
function rowsOf(dy: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const [segments, ...row] = dy.shape as [number, ...number[]];
  if (dy.size === 0 || ids.size === 0) return tf.zeros([...ids.shape, ...row]);
  const exists = ids.greaterEqual(0).logicalAnd(ids.less(segments));
  const rows = dy.gather(ids.mul(exists.cast("int32")));
  return tf.where(exists.reshape([...ids.shape, ...row.map(() => 1)]), rows, tf.zerosLike(rows));
}

/** The sums of whole numbers, as whole numbers. */
function whole({ inputs: { x, segmentIds }, attrs, backend }: Arguments): TensorInfo {
  const { row, m, n, numSegments } = sizes(x, segmentIds, attrs);
  const out = outputOn(backend, [numSegments, ...row], "int32");
  const sums = backend.typedArrayFromHeap(out).fill(0);
  const numbers = backend.typedArrayFromHeap(x);
  const ids = backend.typedArrayFromHeap(segmentIds).subarray(0, m);
  ids.forEach((id, i) => {
    if (!(id >= 0 && id < numSegments)) return;
    // Row `id` of the sums and row `i` of the numbers are there, with `n` numbers each.
    for (let j = 0; j < n; j++) sums[id * n + j]! += numbers[i * n + j]!;
  });
  return out;
}

/** A row's shape; how many rows and numbers in each; and how many segments. */
function sizes(x: TensorInfo, { shape }: TensorInfo, { numSegments }: KernelArguments["attrs"]) {
  const row = x.shape.slice(shape.length);
  return { row, m: tf.util.sizeFromShape(shape), n: tf.util.sizeFromShape(row), numSegments };
}

/** How many rows the largest segment has. */
function largest(backend: BackendWasm, segmentIds: TensorInfo, numSegments: number): number {
  const counts = new Int32Array(numSegments);
  for (const id of backend.typedArrayFromHeap(segmentIds)) counts[id]!++; // an id that names no segment has no count
  return counts.reduce((most, count) => Math.max(most, count), 0);
}
