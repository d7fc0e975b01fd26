/**
 * Matrix products with transpose flags, which every gradient of a matrix product sets.
 *
 * ```math
 * \operatorname{matmul}(a, b, \text{transposeA}, \text{transposeB}) = \operatorname{matmul}(a^T, b^T)
 * ```
 *
 * tfjs's own kernel is fast only for one plain product of two matrices. So transpose first; where many matrices meet one,
 * stack their rows; and where many meet many, multiply pair by pair, unless they are too small for that to pay.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type KernelArguments, type TensorInfo } from "./compose.ts";

/** Multiplications below which tfjs's own loop beats a call for each pair of matrices. */
const SMALL = 2 ** 14;

/** Wraps tfjs's own `BatchMatMul` of the WASM backend. */
export function batchMatMul(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel("BatchMatMul", (composer, args) => product(composer, args, own), own);
}

/** `a` `[..., M, K]` and `b` `[..., K, N]`, each as its flag says with the last two axes exchanged, to `[..., M, N]`. */
function product(
  { run, view }: Composer,
  { inputs: { a, b }, attrs }: KernelArguments,
  own: tf.KernelConfig,
): TensorInfo {
  const { transposeA, transposeB } = attrs;
  const [batchA, M, K] = sizes(a, transposeA);
  const [batchB, rowsB, N] = sizes(b, transposeB);
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const pairs = tf.util.sizeFromShape(batch);
  // Mismatches are left to tfjs's messages, and many small products to its loop, which knows no partial broadcast.
  const even = batchA === pairs && batchB === pairs;
  if (K !== rowsB || even && batchB > 1 && M * K * N < SMALL) return run(own, { a, b }, attrs);

  const plainA = transposeA ? transposed(run, a) : a;
  const plainB = transposeB ? transposed(run, b) : b;
  const plain = { transposeA: false, transposeB: false };
  if (batchB === 1) {
    const rows = run("Reshape", { x: plainA }, { shape: [batchA * M, K] });
    const matrix = run("Reshape", { x: plainB }, { shape: [K, N] });
    const stacked = run(own, { a: rows, b: matrix }, plain);
    return run("Reshape", { x: stacked }, { shape: [...batch, M, N] });
  }
  const [fromA, fromB] = [a, b].map(({ shape }) => sources(shape.slice(0, -2), batch));
  const products = Array.from({ length: pairs }, (_, i) => {
    const pair = { a: view(plainA, fromA[i] * M * K, [M, K]), b: view(plainB, fromB[i] * K * N, [K, N]) };
    return run(own, pair, plain);
  });
  return run("Reshape", { x: run("Concat", products, { axis: 0 }) }, { shape: [...batch, M, N] });
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

/** How many matrices, their rows and their columns. */
function sizes({ shape }: TensorInfo, transpose: boolean): [number, number, number] {
  const [rows, columns] = shape.slice(-2);
  return [
    tf.util.sizeFromShape(shape.slice(0, -2)),
    ...(transpose ? [columns, rows] : [rows, columns]) as [number, number],
  ];
}

function transposed(run: Composer["run"], x: TensorInfo): TensorInfo {
  const rank = x.shape.length;
  return run("Transpose", { x }, { perm: [...Array(rank - 2).keys(), rank - 1, rank - 2] });
}
