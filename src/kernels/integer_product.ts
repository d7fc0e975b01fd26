/**
 * Matrix products of whole numbers, such as counts, exact modulo 2³².
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type KernelArguments, outputOn, type TensorInfo, wasmKernel } from "./compose.ts";
import { mapTuple } from "./map_tuple.ts";
import { sizes } from "./matmul.ts";
import { runOnCpu } from "./on_cpu.ts";

/** Wraps a `BatchMatMul` of the WASM backend that is right for float32. */
export function integerProduct(own: tf.KernelConfig): tf.KernelConfig {
  return wasmKernel<"a" | "b">("BatchMatMul", (args) => {
    const [a, b] = [args.inputs.a.dtype, args.inputs.b.dtype];
    if (a === "float32" && b === "float32") return own.kernelFunc(args as never) as TensorInfo;
    return a === b && multipliable(args) ? product(args) : runOnCpu("BatchMatMul", args);
  }, own);
}

/** Whether these matrices can be multiplied; if not, tfjs throws its own error. */
function multipliable({ inputs: { a, b }, attrs: { transposeA, transposeB } }: KernelArguments<"a" | "b">): boolean {
  return a.shape.length > 1 && b.shape.length > 1 &&
    a.shape.at(transposeA ? -2 : -1) === b.shape.at(transposeB ? -1 : -2);
}

/**
 * `a` `[..., M, K]` and `b` `[..., K, N]`, each as its flag says with the last two axes exchanged, to `[..., M, N]`.
 */
function product(
  { inputs: { a, b }, attrs: { transposeA, transposeB }, backend }: KernelArguments<"a" | "b">,
): TensorInfo {
  const [M, K] = sizes(a, transposeA);
  const [, N] = sizes(b, transposeB);
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const c = outputOn(backend, [...batch, M, N], a.dtype);
  const [left, right, out] = mapTuple([a, b, c], (x) => backend.typedArrayFromHeap(x));
  const [fromA, fromB] = mapTuple([a, b], ({ shape }) => firsts(shape, batch));
  const [rowA, columnA] = transposeA ? [1, M] : [K, 1];
  const [rowB, columnB] = transposeB ? [1, K] : [N, 1];
  out.fill(0);
  // Every place lies inside: there are as many matrices as pairs, and as many numbers in each as its sizes say.
  for (let pair = 0; pair < fromA.length; pair++) {
    for (let i = 0; i < M; i++) {
      const to = (pair * M + i) * N;
      for (let k = 0; k < K; k++) {
        const factor = left[fromA[pair]! + i * rowA + k * columnA]!;
        const from = fromB[pair]! + k * rowB;
        for (let j = 0; j < N; j++) out[to + j]! += Math.imul(factor, right[from + j * columnB]!);
      }
    }
  }
  return c;
}

/** For each matrix of a broadcast batch, where the one begins that it comes from, in numbers. */
function firsts(shape: number[], batch: number[]): number[] {
  const size = shape.at(-1)! * shape.at(-2)!;
  const own = [...Array(batch.length + 2 - shape.length).fill(1), ...shape.slice(0, -2)];
  return batch.reduce<number[]>(
    (before, count, axis) =>
      before.flatMap((index) => Array.from({ length: count }, (_, i) => index * own[axis] + (own[axis] === 1 ? 0 : i))),
    [0],
  ).map((index) => index * size);
}
