/**
 * Matrix products: plain, transposed, of whole batches, with a bias and a ReLU.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { FLOAT, floorOf, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { assertBias, rowsTimes, transposeTimes } from "./product.ts";

/** Numbers of a row above which they are added up as sums of sums. */
const LONG = 1 << 15;

/**
 * `a` `[..., M, K]` and `b` `[..., K, N]`, each as its flag says with the last two axes exchanged, to `[..., M, N]`; leading
 * axes are broadcast.
 */
export function product(
  heap: Heap,
  { inputs: { a, b, bias }, attrs: { transposeA, transposeB, activation } }: KernelArguments,
): TensorInfo | undefined {
  const floor = floorOf(activation);
  if (floor === undefined || a.dtype !== "float32" || b.dtype !== "float32") return;
  const [M, K] = sizes(a, transposeA);
  const [rows, N] = sizes(b, transposeB);
  if (a.shape.length < 2 || b.shape.length < 2 || K !== rows) return; // to tfjs, and its message
  assertBias(bias, N);
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const c = heap.output([...batch, M, N]);
  const pairs = tf.util.sizeFromShape(batch);
  const start = bias ? heap.address(bias) : 0;
  const [fromA, fromB] = [a, b].map(({ shape }) => sources(shape.slice(0, -2), batch));
  // Many matrices that meet the same one are one with many rows.
  const stacked = !transposeA && tf.util.sizeFromShape(b.shape.slice(0, -2)) === 1 &&
    tf.util.sizeFromShape(a.shape.slice(0, -2)) === pairs;
  for (let i = 0; i < (stacked ? 1 : pairs); i++) {
    const pair = {
      a: heap.address(a) + fromA[i] * M * K * FLOAT,
      b: heap.address(b) + fromB[i] * K * N * FLOAT,
      c: heap.address(c) + i * M * N * FLOAT,
    };
    one(heap, pair, stacked ? pairs * M : M, K, N, transposeA, transposeB, start, floor);
  }
  return c;
}

/** One product of two matrices. */
function one(
  heap: Heap,
  { a, b, c }: { a: number; b: number; c: number },
  M: number,
  K: number,
  N: number,
  transposeA: boolean,
  transposeB: boolean,
  bias: number,
  floor: number,
): void {
  const steps = { rowStep: transposeB ? 1 : N, columnStep: transposeB ? K : 1 };
  const places = (base: number, count: number, step: number) => ({
    base,
    counts: [1, 1, count] as [number, number, number],
    steps: [0, 0, step * FLOAT] as [number, number, number],
  });
  const rows = places(c, M, N);
  if (K > LONG || (transposeA && !bias && floor === -Infinity)) {
    const columns = transposeA ? a : turned(heap, a, M, K);
    const part = { a: places(columns, K, M), y: { address: b, ...steps } };
    transposeTimes(heap, { runs: 1, run: M, stride: M }, N, c, [part]);
    const nothing = { offset: 0, runs: 0, run: 0, stride: 0, blocks: [] };
    if (bias || floor !== -Infinity) rowsTimes(heap, [nothing], N, bias, floor, true)(rows, rows);
    return;
  }
  const plain = transposeA ? turned(heap, a, K, M) : a;
  const whole = { offset: 0, runs: 1, run: K, stride: K, blocks: [{ address: b, k: K, ...steps }] };
  rowsTimes(heap, [whole], N, bias, floor)(places(plain, M, K), rows);
}

/** A copy of a matrix `[m, n]` with rows and columns exchanged. */
function turned({ kernels, scratch }: Heap, x: number, m: number, n: number): number {
  const out = scratch(m * n * FLOAT);
  kernels.spread({ x, rowStep: 1, columnStep: n, m: n, n: m, out, wide: m });
  return out;
}

/** For each matrix of the broadcast batch, the index of the one in a batch of this shape that it comes from. */
function sources(shape: number[], batch: number[]): number[] {
  const aligned = [...Array(batch.length - shape.length).fill(1), ...shape];
  return batch.reduce<number[]>(
    (indices, size, axis) =>
      indices.flatMap((index) =>
        Array.from({ length: size }, (_, i) => index * aligned[axis] + (aligned[axis] === 1 ? 0 : i))
      ),
    [0],
  );
}

/** A matrix's rows and columns. */
function sizes({ shape }: TensorInfo, transpose: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transpose ? [columns, rows] : [rows, columns];
}
