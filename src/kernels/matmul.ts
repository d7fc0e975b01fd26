/**
 * Matrix products: plain, transposed, of whole batches, with a bias and a ReLU.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { FLOAT, floorOf, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { assertBias, rowsTimes, type Stretch, transposeTimes } from "./product.ts";

/** Rows of `b` multiplied at a time: as many as, packed, the nearest cache holds. */
const DEPTH = 512;

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
  if (K !== rows) return; // to tfjs, and its message
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
  if (transposeA && !bias && floor === -Infinity) {
    transposeTimes(heap, { runs: 1, run: M, stride: M }, N, c)(places(a, K, M), { address: b, ...steps });
    return;
  }
  let plain = a;
  if (transposeA) {
    plain = heap.scratch(M * K * FLOAT);
    heap.kernels.spread({ x: a, rowStep: 1, columnStep: M, m: M, n: K, out: plain, wide: K });
  }
  const stretches = Array.from({ length: Math.max(1, Math.ceil(K / DEPTH)) }, (_, i): Stretch => {
    const k = Math.min(DEPTH, K - i * DEPTH);
    const address = b + i * DEPTH * steps.rowStep * FLOAT;
    return { offset: i * DEPTH * FLOAT, runs: 1, run: k, stride: k, blocks: [{ address, k, ...steps }] };
  });
  rowsTimes(heap, stretches, N, bias, floor)(places(plain, M, K), places(c, M, N));
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
