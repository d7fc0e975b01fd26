/**
 * Products of matrices whose rows lie anywhere in memory: what matrix products and convolutions are made of.
 *
 * @module
 */
import { FLOAT, type Heap } from "./assembled.ts";
import type { TensorInfo } from "./compose.ts";

/** The places of a grid, in bytes: place (i, j, k) lies at `base + i si + j sj + k sk`. */
export interface Places {
  base: number;
  counts: [number, number, number];
  steps: [number, number, number];
}

/** A stretch of each row of `a`, and what of `b` meets it. */
export interface Stretch {
  /** Bytes from the row's place to where it begins. */
  offset: number;
  /** Runs of consecutive numbers, how many numbers each has, and numbers from one's beginning to the next one's. */
  runs: number;
  run: number;
  stride: number;
  /** The rows of `b` that meet it, block by block, in order. */
  blocks: Block[];
}

/** Consecutive rows of `b`: `k` of them from `address`, rows and columns so many numbers apart. */
export interface Block {
  address: number;
  k: number;
  rowStep: number;
  columnStep: number;
}

/**
 * `c = max(a b + bias, floor)`, rows of `a` and of `c` by their places. What it returns may be called for some rows after
 * others; `b` is packed once.
 *
 * @param stretches What of each row of `a` to multiply, in turn; it is added up.
 * @param n Columns of `b` and `c`.
 * @param bias The address of `n` numbers, or 0 for none.
 */
export function rowsTimes(
  heap: Heap,
  stretches: Stretch[],
  n: number,
  bias = 0,
  floor = -Infinity,
): (a: Places, c: Places) => void {
  const { kernels, scratch } = heap;
  const wide = eights(n);
  const column = n === 1;
  const start = scratch(FLOAT * wide);
  kernels.spread({ x: bias, rowStep: 0, columnStep: 1, m: 1, n: bias ? n : 0, out: start, wide });
  const packed = ({ runs, run, blocks }: Stretch) => {
    const b = scratch(FLOAT * wide * runs * run);
    let at = b;
    for (const { address, k, rowStep, columnStep } of blocks) {
      if (column) kernels.spread({ x: address, rowStep: 0, columnStep: rowStep, m: 1, n: k, out: at, wide: k });
      else kernels.pack({ b: address, rowStep, columnStep, k, n, out: at, panel: 8 * FLOAT * runs * run });
      at += (column ? 1 : 8) * FLOAT * k;
    }
    return b;
  };
  const blocks: number[] = []; // each packed when first used, and then near
  const bin = scratch(FLOAT * wide); // where the rows go that fill up the last six
  const tile = scratch(kernels.rowsScratch({}));
  return (a, c) => {
    const [from, to, m] = [table(heap, a), table(heap, c, bin), count(a)];
    stretches.forEach((stretch, i) => {
      const { offset, runs, run, stride } = stretch;
      const b = blocks[i] ??= packed(stretch);
      const add = i > 0 ? 1 : 0;
      const least = i === stretches.length - 1 ? floor : -Infinity;
      const product = { a: from, offset, runs, run, stride, b, c: to, m, add, bias: start, floor: least };
      if (column) kernels.dots(product);
      else kernels.rows({ ...product, n, scratch: tile });
    });
  };
}

/**
 * `c = aᵀ y`: rows of `a`, of `runs` times `run` numbers, by their places; `y` `[m, n]`; `c` `[runs × run, n]`. It clears `c`,
 * and each call of what it returns adds the product of some more rows.
 */
export function transposeTimes(
  heap: Heap,
  { runs, run, stride }: Pick<Stretch, "runs" | "run" | "stride">,
  n: number,
  c: number,
): (a: Places, y: Omit<Block, "k">) => void {
  const { kernels, scratch } = heap;
  const packed = scratch(kernels.columnsScratch({ n }));
  kernels.clear({ at: c, bytes: FLOAT * runs * run * n });
  return (a, { address, rowStep, columnStep }) => {
    const rows = { a: table(heap, a), m: count(a), runs, run, stride };
    kernels.columns({ ...rows, y: address, rowStep, columnStep, n, c, scratch: packed });
  };
}

/**
 * Checks that a bias has one number for each column, `[n]`.
 *
 * @throws {RangeError} If it has not.
 */
export function assertBias(bias: TensorInfo | undefined, n: number): void {
  if (!bias || (bias.shape.length === 1 && bias.shape[0] === n)) return;
  throw new RangeError(`A bias on wasm has one number a column, [${n}], and not the shape [${bias.shape}].`);
}

/** How many places there are. */
function count({ counts: [i, j, k] }: Places): number {
  return i * j * k;
}

function eights(n: number): number {
  return 8 * Math.ceil(n / 8);
}

/** The table of places that the kernels read, filled up to a multiple of six with `last` or its own last entry. */
function table({ kernels, scratch }: Heap, places: Places, last = 0): number {
  const at = scratch(FLOAT * 6 * Math.ceil(count(places) / 6));
  const [ni, nj, nk] = places.counts;
  const [si, sj, sk] = places.steps;
  kernels.table({ out: at, base: places.base, ni, nj, nk, si, sj, sk, last });
  return at;
}
