/**
 * Products of matrices whose rows may lie anywhere in memory. Matrix products and convolutions are made of them.
 *
 * @module
 */
import { FLOAT, type Heap } from "./assembled.ts";

/** The places of a grid, in bytes: place (i, j, k) lies at `base + i si + j sj + k sk`. */
export interface Places {
  base: number;
  counts: [number, number, number];
  steps: [number, number, number];
}

/** A stretch of each row of `a`, and the rows of `b` that it is multiplied with. */
export interface Stretch {
  /** Bytes from the row's place to where it begins. */
  offset: number;
  /** Runs of consecutive numbers, how many numbers each has, and numbers from one's beginning to the next one's. */
  runs: number;
  run: number;
  stride: number;
  /** The rows of `b` that it is multiplied with, block by block, in order. */
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
 * How many numbers of a row are multiplied and added up in registers, few enough that the packed part of `b` stays in
 * the cache and rounding errors stay small.
 */
const DEPTH = 512;

/**
 * `c = max(a b + bias, floor)`, rows of `a` and of `c` by their places. What it returns may be called for some rows
 * after others; `b` is packed once.
 *
 * @param stretches What of each row of `a` to multiply, in turn; it is added up.
 * @param n Columns of `b` and `c`.
 * @param bias The address of `n` numbers, or 0 for none.
 * @param add Whether the product is added to what `c` holds.
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
  const blocks: number[] = []; // each is packed when it is first used, and then in the cache
  const bin = scratch(FLOAT * wide); // for the rows that fill up the last six
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

/** The same stretch in pieces of at most `DEPTH` numbers: of whole runs, or of parts of one. */
function* shortened({ offset, runs, run, stride, blocks }: Stretch): Generator<Stretch> {
  const together = Math.max(1, Math.floor(DEPTH / Math.max(1, run))); // runs
  const width = Math.max(1, Math.min(run, DEPTH));
  for (let r = 0; r < Math.max(1, runs); r += together) {
    for (let from = 0; from === 0 || from < run; from += width) {
      const piece = { runs: Math.min(together, runs - r), run: Math.min(width, run - from), stride };
      const rows = cut(blocks, r * run + from, piece.runs * piece.run);
      yield { offset: offset + (r * stride + from) * FLOAT, ...piece, blocks: rows };
    }
  }
}

/** Some of the rows that the blocks have together. */
function cut(blocks: Block[], from: number, count: number): Block[] {
  let before = 0;
  return blocks.flatMap(({ address, k, rowStep, columnStep }) => {
    const first = Math.max(0, from - before);
    const last = Math.min(k, from + count - before);
    before += k;
    return first < last ? [{ address: address + first * rowStep * FLOAT, k: last - first, rowStep, columnStep }] : [];
  });
}

/** A product that is added up part by part; it is whole when finished. */
export interface Accumulation {
  /** Adds the product of some more rows of both factors. */
  add(a: Places, y: Omit<Block, "k">): void;
  finish(): void;
}

/**
 * `c = aᵀ y`: rows of `a`, of `runs` times `run` numbers, by their places; `y` `[m, n]`; `c` `[runs × run, n]`.
 *
 * A sum of millions of float32 numbers, added one by one, loses half its digits. So what is added up here are sums of
 * 64 rows, then sums of 64 of those, and so on.
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

/** Terms that are added one by one before their sum becomes one term of the next sum. */
const MOST_TERMS = 64;

/**
 * Keeps a sum `c` of `size` numbers accurate while terms are added to it. Told how many terms were added, it moves
 * their sum away in time, as one term of the next sum, and adds up all of these sums at the end.
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

/** A sum, how many terms it has, and the sum that it becomes a term of. */
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

/** The table of places that the kernels read, filled up to a multiple of six with `last` or its own last entry. */
function table({ kernels, scratch }: Heap, places: Places, last = 0): number {
  const at = scratch(FLOAT * 6 * Math.ceil(count(places) / 6));
  const [ni, nj, nk] = places.counts;
  const [si, sj, sk] = places.steps;
  kernels.table({ out: at, base: places.base, ni, nj, nk, si, sj, sk, last });
  return at;
}
