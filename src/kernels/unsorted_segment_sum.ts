/**
 * Sums the rows of a tensor by segment: the gradient of `gather`, and so of an embedding.
 *
 * ```math
 * out[n] = \sum_{i : id_i = n} x[i]
 * ```
 *
 * Ids that name no segment are passed over, as on tfjs's other backends.
 *
 * @module
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build, FLOAT } from "./assembled.ts";
import { type KernelArguments, outputOn, type TensorInfo, wasmKernel } from "./compose.ts";

/** Rows of one segment from which on they are added in double precision. */
const MANY = 64;

/** tfjs's `UnsortedSegmentSum` for the WASM backend, which has none: `x` `[N..., ...]` and ids `[N...]` to `[numSegments, ...]`. */
export function unsortedSegmentSum(build: Build): tf.KernelConfig {
  const floats = assembledKernel("UnsortedSegmentSum", build, (heap, { inputs: { x, segmentIds }, attrs, backend }) => {
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
  return wasmKernel("UnsortedSegmentSum", (args) => {
    return args.inputs.x.dtype === "float32" ? floats.kernelFunc(args as never) as TensorInfo : whole(args);
  });
}

/** The sums of whole numbers, as whole numbers. */
function whole({ inputs: { x, segmentIds }, attrs, backend }: KernelArguments): TensorInfo {
  const { row, m, n, numSegments } = sizes(x, segmentIds, attrs);
  const out = outputOn(backend, [numSegments, ...row], "int32");
  const [sums, numbers, ids] = [out, x, segmentIds].map((t) => backend.typedArrayFromHeap(t));
  sums.fill(0);
  for (let i = 0; i < m; i++) {
    if (!(ids[i] >= 0 && ids[i] < numSegments)) continue;
    for (let j = 0; j < n; j++) sums[ids[i] * n + j] += numbers[i * n + j];
  }
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
  for (const id of backend.typedArrayFromHeap(segmentIds)) counts[id]++; // elsewhere it is nobody's
  return counts.reduce((most, count) => Math.max(most, count), 0);
}
