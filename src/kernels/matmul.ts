/**
 * Matrix products: plain, transposed or batched, with a bias and a ReLU.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { FLOAT, floorOf, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { mapTuple } from "./map_tuple.ts";
import { type Places, rowsTimes, transposeTimes } from "./product.ts";

/** The number of multiply-adds, and of rows of `a`, up to which packing `b` does not pay. */
const [SMALL, FEW] = [1 << 15, 4];

/** The length of a row above which its products are added up as sums of sums. */
const LONG = 1 << 15;

/** Matrices in memory: where each begins, and how many numbers apart their rows and their columns lie. */
interface Matrices {
  addresses: Uint32Array;
  row: number;
  column: number;
}

/** A product: `c = max(a b + bias, floor)`, `a` `[M, K]` and `b` `[K, N]`; `bias` is an address, or 0. */
interface Product {
  M: number;
  K: number;
  N: number;
  bias: number;
  floor: number;
}

/**
 * `a` `[..., M, K]` and `b` `[..., K, N]`, each as its flag says with the last two axes exchanged, to `[..., M, N]`;
 * leading axes are broadcast.
 */
export function product(
  heap: Heap,
  { inputs: { a, b, bias }, attrs: { transposeA, transposeB, activation } }: KernelArguments<"a" | "b", "bias">,
): TensorInfo | undefined {
  const floor = floorOf(activation);
  if (floor === undefined || a.dtype !== "float32" || b.dtype !== "float32") return;
  const [M, K] = sizes(a, transposeA);
  const [rows, N] = sizes(b, transposeB);
  if (a.shape.length < 2 || b.shape.length < 2 || K !== rows) return; // tfjs then throws its own error
  const [batchA, batchB] = mapTuple([a, b], ({ shape }) => shape.slice(0, -2));
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const c = heap.output([...batch, M, N]);
  const left = matrices(heap, a, transposeA, batch);
  const right = matrices(heap, b, transposeB, batch);
  const what = { M, K, N, bias: bias ? heap.address(bias) : 0, floor };
  // Many matrices that are multiplied by the same one form a single matrix with many rows.
  const pairs = left.addresses.length;
  if (!transposeA && tf.util.sizeFromShape(batchB) === 1 && tf.util.sizeFromShape(batchA) === pairs) {
    what.M *= pairs;
    for (const side of [left, right]) side.addresses = side.addresses.subarray(0, 1);
  }
  if (K <= LONG && (what.M <= FEW || what.M * K * N <= SMALL)) multiplySmall(heap, left, right, heap.address(c), what);
  else left.addresses.forEach((_, i) => multiply(heap, left, right, i, heap.address(c) + i * M * N * FLOAT, what));
  return c;
}

/** Multiplies all pairs of small matrices in one call. */
function multiplySmall({ kernels, list, scratch }: Heap, a: Matrices, b: Matrices, c: number, what: Product) {
  const { M, K, N, bias, floor } = what;
  const left = { a: list(a.addresses), aRow: a.row, aColumn: a.column };
  const right = { b: list(b.addresses), bRow: b.row, bColumn: b.column };
  const pairs = a.addresses.length;
  kernels.small({ ...left, ...right, pairs, m: M, k: K, n: N, c, bias, floor, scratch: scratch(N * FLOAT) });
}

/** Multiplies one of the pairs, into `c` `[M, N]`. */
function multiply(heap: Heap, a: Matrices, b: Matrices, i: number, c: number, { M, K, N, bias, floor }: Product) {
  const [left, address] = [a.addresses[i]!, b.addresses[i]!]; // each has a matrix for every pair
  const right = { address, rowStep: b.row, columnStep: b.column };
  const rows = places(c, M, N);
  const transposed = a.column !== 1;
  if (K > LONG || (transposed && !bias && floor === -Infinity)) {
    const columns = transposed ? left : turned(heap, left, M, K);
    const product = transposeTimes(heap, { runs: 1, run: M, stride: M }, N, c);
    product.add(places(columns, K, M), right);
    product.finish();
    const nothing = { offset: 0, runs: 0, run: 0, stride: 0, blocks: [] };
    if (bias || floor !== -Infinity) rowsTimes(heap, [nothing], N, bias, floor, true)(rows, rows);
    return;
  }
  const plain = transposed ? turned(heap, left, K, M) : left;
  const whole = { offset: 0, runs: 1, run: K, stride: K, blocks: [{ ...right, k: K }] };
  rowsTimes(heap, [whole], N, bias, floor)(places(plain, M, K), rows);
}

/** The places of `count` rows of `size` numbers. */
function places(base: number, count: number, size: number): Places {
  return { base, counts: [1, 1, count], steps: [0, 0, size * FLOAT] };
}

/** A copy of a matrix `[m, n]` with rows and columns exchanged. */
function turned({ kernels, scratch }: Heap, x: number, m: number, n: number): number {
  const out = scratch(m * n * FLOAT);
  kernels.spread({ x, rowStep: 1, columnStep: n, m: n, n: m, out, wide: m });
  return out;
}

/** The matrices of a tensor, broadcast to a batch; with `transpose` rows and columns are exchanged. */
function matrices({ address }: Heap, x: TensorInfo, transpose: boolean, batch: number[]): Matrices {
  const [rows, columns] = sizes(x, false);
  const steps = transpose ? { row: 1, column: columns } : { row: columns, column: 1 };
  const addresses = new Uint32Array(tf.util.sizeFromShape(batch));
  const [first, size] = [address(x), rows * columns * FLOAT];
  const source = sources(x.shape.slice(0, -2), batch);
  for (let i = 0; i < addresses.length; i++) addresses[i] = first + source(i) * size;
  return { addresses, ...steps };
}

/** Of each matrix of the broadcast batch, the number that it has in a batch of this shape. */
function sources(shape: number[], batch: number[]): (i: number) => number {
  if (tf.util.sizeFromShape(shape) === tf.util.sizeFromShape(batch)) return (i) => i;
  const aligned = [...Array(batch.length - shape.length).fill(1), ...shape];
  return (i) => {
    let [index, size] = [0, 1];
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const [own, all] = [aligned[axis]!, batch[axis]!]; // both have this axis
      if (own > 1) index += (i % all) * size;
      size *= own;
      i = Math.floor(i / all);
    }
    return index;
  };
}

/** A matrix's rows and columns. */
export function sizes({ shape }: TensorInfo, transpose: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transpose ? [columns, rows] : [rows, columns];
}
