/**
 * Products of matrices whose rows may lie anywhere in memory. Matrix products and convolutions use them.
 *
 * @module
 */
import { FLOAT, type Heap } from "./assembled.ts";

/**
 * The places of a grid, in bytes. Place (i, j, k) lies at `base + i si + j sj + k sk`, and `steps` is `[si, sj, sk]`.
 */
export interface Places {
  base: number;
  counts: [number, number, number];
  steps: [number, number, number];
}

/** A stretch of each row of `a`, and the rows of `b` by which it is multiplied. */
export interface Stretch {
  /** Bytes from the row's place to the beginning of the stretch. */
  offset: number;
  /**
   * The number of runs, the number of consecutive numbers in each run, and the numbers from the beginning of one run to
   * the beginning of the next.
   */
  runs: number;
  run: number;
  stride: number;
  /** The rows of `b` by which the stretch is multiplied, block by block, in order. */
  blocks: Block[];
}

/**
 * `k` consecutive rows of `b`, from `address` on. The rows lie `rowStep` and the columns lie `columnStep` numbers
 * apart.
 */
export interface Block {
  address: number;
  k: number;
  rowStep: number;
  columnStep: number;
}

/**
 * How many numbers of a row are multiplied and added up in registers, few enough that the packed part of `b` stays in
 * the cache and rounding errors stay small.
 */
const DEPTH = 512;

/**
 * Prepares the product `c = max(a b + bias, floor)`, where the rows of `a` and of `c` are given by their places.
 *
 * The returned function computes the product for some rows. It may be called again for other rows, and packs `b` only
 * once.
 *
 * @param stretches The stretches of each row of `a` to multiply, in order. Their products are added up.
 * @param n The number of columns of `b` and `c`.
 * @param bias The address of `n` numbers, or 0 for none.
 * @param add Whether the product is added to what `c` already holds.
 */
export function rowsTimes(
  heap: Heap,
  stretches: Stretch[],
  n: number,
  bias = 0,
  floor = -Infinity,
  add = false,
): (a: Places, c: Places) => void {
  const { kernels, scratch } = heap;
  const wide = eights(n);
  const column = n === 1;
  const zeros = scratch(FLOAT * wide);
  kernels.clear({ at: zeros, bytes: FLOAT * wide });
  const start = bias ? scratch(FLOAT * wide) : zeros;
  if (bias) kernels.spread({ x: bias, rowStep: 0, columnStep: 1, m: 1, n, out: start, wide });
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
  const pieces = stretches.flatMap((stretch) => [...shortened(stretch)]);
  const blocks: number[] = []; // each is packed just before its first use, so that it is in the cache
  const bin = scratch(FLOAT * wide); // where the rows that fill up the last group of six are written
  const tile = scratch(kernels.rowsScratch({}));
  return (a, c) => {
    const [from, to, m] = [table(heap, a), table(heap, c, bin), count(a)];
    pieces.forEach((piece, i) => {
      const { offset, runs, run, stride } = piece;
      const b = blocks[i] ??= packed(piece);
      const [first, last] = [i === 0, i === pieces.length - 1];
      const left = { a: from, offset, runs, run, stride };
      const right = { add: first && !add ? 0 : 1, bias: first ? start : zeros, floor: last ? floor : -Infinity };
      if (column) kernels.dots({ ...left, b, c: to, m, ...right });
      else kernels.rows({ ...left, b, c: to, m, n, ...right, scratch: tile });
    });
  };
}

/** Splits a stretch into pieces of at most `DEPTH` numbers. A piece consists of whole runs, or of a part of one run. */
function* shortened({ offset, runs, run, stride, blocks }: Stretch): Generator<Stretch> {
  const together = Math.max(1, Math.floor(DEPTH / Math.max(1, run))); // the number of runs in a piece
  const width = Math.max(1, Math.min(run, DEPTH));
  for (let r = 0; r < Math.max(1, runs); r += together) {
    for (let from = 0; from === 0 || from < run; from += width) {
      const piece = { runs: Math.min(together, runs - r), run: Math.min(width, run - from), stride };
      const rows = cut(blocks, r * run + from, piece.runs * piece.run);
      yield { offset: offset + (r * stride + from) * FLOAT, ...piece, blocks: rows };
    }
  }
}

/** `count` of the rows that the blocks contain together, from row `from` on. */
function cut(blocks: Block[], from: number, count: number): Block[] {
  let before = 0;
  return blocks.flatMap(({ address, k, rowStep, columnStep }) => {
    const first = Math.max(0, from - before);
    const last = Math.min(k, from + count - before);
    before += k;
    return first < last ? [{ address: address + first * rowStep * FLOAT, k: last - first, rowStep, columnStep }] : [];
  });
}

/** A product that is added up part by part. It is complete when `finish` has been called. */
export interface Accumulation {
  /** Adds the product of more rows of both factors. */
  add(a: Places, y: Omit<Block, "k">): void;
  finish(): void;
}

/**
 * Prepares the product `c = aᵀ y`. The rows of `a`, of `runs × run` numbers, are given by their places. `y` has the
 * shape `[m, n]`, and `c` has the shape `[runs × run, n]`.
 *
 * A sum of millions of float32 numbers loses half its digits if they are added one by one. This function therefore adds
 * up sums of 64 rows, then sums of 64 of those sums, and so on.
 */
export function transposeTimes(
  heap: Heap,
  { runs, run, stride }: Pick<Stretch, "runs" | "run" | "stride">,
  n: number,
  c: number,
): Accumulation {
  const { kernels } = heap;
  const scratch = heap.scratch(kernels.columnsScratch({ n }));
  const depth = kernels.columnsDepth({});
  const most = depth * MOST_TERMS;
  const sum = sumOfSums(heap, runs * run * n, c);
  return {
    add(a, { address, rowStep, columnStep }) {
      const [from, rows] = [table(heap, a), count(a)];
      for (let first = 0; first < rows; first += most) {
        const m = Math.min(most, rows - first);
        const left = { a: from + first * FLOAT, m, runs, run, stride };
        kernels.columns({ ...left, y: address + first * rowStep * FLOAT, rowStep, columnStep, n, c, scratch });
        sum.added(Math.ceil(m / depth));
      }
    },
    finish: sum.finish,
  };
}

/** The number of terms that are added one by one before their sum becomes one term of the next sum. */
const MOST_TERMS = 64;

/**
 * Keeps a sum `c` of `size` numbers accurate while terms are added to it. `added` takes the number of terms that were
 * added to `c`. After `MOST_TERMS` terms, it adds their sum to the next sum as one term, and clears `c`. `finish` adds
 * all of these sums to `c`.
 */
function sumOfSums({ kernels, scratch }: Heap, size: number, c: number) {
  const emptied = (at: number): Sum => {
    kernels.clear({ at, bytes: size * FLOAT });
    return { at, terms: 0 };
  };
  const lowest = emptied(c);
  const added = (terms: number, sum = lowest) => {
    sum.terms += terms;
    if (sum.terms < MOST_TERMS) return;
    sum.above ??= emptied(scratch(size * FLOAT));
    kernels.accumulate({ x: sum.at, n: size, c: sum.above.at });
    Object.assign(sum, emptied(sum.at));
    added(1, sum.above);
  };
  const finish = () => {
    for (let sum = lowest.above; sum; sum = sum.above) kernels.accumulate({ x: sum.at, n: size, c });
  };
  return { added, finish };
}

/** A sum, its number of terms, and the sum of which it becomes a term. */
interface Sum {
  at: number;
  terms: number;
  above?: Sum;
}

/** The number of places. */
function count({ counts: [i, j, k] }: Places): number {
  return i * j * k;
}

function eights(n: number): number {
  return 8 * Math.ceil(n / 8);
}

/**
 * Writes the table of places that the kernels read. It is filled up to a multiple of six entries with `last`, or with
 * its own last entry if `last` is 0.
 */
function table({ kernels, scratch }: Heap, places: Places, last = 0): number {
  const at = scratch(FLOAT * 6 * Math.ceil(count(places) / 6));
  const [ni, nj, nk] = places.counts;
  const [si, sj, sk] = places.steps;
  kernels.table({ out: at, base: places.base, ni, nj, nk, si, sj, sk, last });
  return at;
}
