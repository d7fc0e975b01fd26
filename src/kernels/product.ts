/**
 * Products of matrices whose rows lie anywhere in memory: what matrix products and convolutions are made of.
 *
 * @module
 */
import type { Heap } from "./assembled.ts";

/** Bytes of a float32. */
export const FLOAT = 4;

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
 * `c = max(a b + bias, floor)`, rows of `a` and of `c` by their places.
 *
 * @param stretches What of each row of `a` to multiply, in turn; it is added up.
 * @param n Columns of `b` and `c`.
 * @param bias The address of `n` numbers, or 0 for none.
 */
export function rowsTimes(
  heap: Heap,
  a: Places,
  stretches: Stretch[],
  c: Places,
  n: number,
  bias = 0,
  floor = -Infinity,
): void {
  const { kernels, scratch } = heap;
  const wide = eights(n);
  const bin = scratch(FLOAT * wide); // where the rows go that fill up the last six
  const from = table(heap, a);
  const to = table(heap, c, bin);
  const tile = scratch(216);
  const start = scratch(FLOAT * wide);
  kernels.spread(bias, 0, 1, 1, bias ? n : 0, start, wide);
  const packed = scratch(FLOAT * wide * Math.max(...stretches.map(({ runs, run }) => runs * run)));
  stretches.forEach(({ offset, runs, run, stride, blocks }, i) => {
    const [add, least] = [i > 0 ? 1 : 0, i === stretches.length - 1 ? floor : -Infinity];
    const [column, panel] = [n === 1, 8 * FLOAT * runs * run];
    let at = packed;
    for (const { address, k, rowStep, columnStep } of blocks) {
      if (column) kernels.spread(address, 0, rowStep, 1, k, at, k);
      else kernels.pack(address, rowStep, columnStep, k, n, at, panel);
      at += (column ? 1 : 8) * FLOAT * k;
    }
    if (column) kernels.dots(from, offset, runs, run, stride, packed, to, count(a), add, start, least);
    else kernels.rows(from, offset, runs, run, stride, packed, to, count(a), n, add, start, least, tile);
  });
}

/**
 * `c = aᵀ y`: rows of `a`, of `runs` times `run` numbers, by their places; `y` `[m, n]`; `c` `[runs × run, n]`. Up to 20 bytes
 * behind a row of `a` are read, whatever they are.
 */
export function transposeTimes(
  heap: Heap,
  a: Places,
  { runs, run, stride }: Pick<Stretch, "runs" | "run" | "stride">,
  y: Omit<Block, "k">,
  n: number,
  c: number,
): void {
  const { kernels, scratch } = heap;
  const m = count(a);
  let rows = y.address;
  let wide = n;
  if (n % 8 || y.columnStep !== 1 || y.rowStep !== n) {
    wide = eights(n);
    rows = scratch(FLOAT * m * wide);
    kernels.spread(y.address, y.rowStep, y.columnStep, m, n, rows, wide);
  }
  kernels.columns(table(heap, a), m, runs, run, stride, rows, wide, n, c, scratch(192));
}

/** Bytes behind a matrix that {@linkcode transposeTimes} may read. */
export const SLACK = 32;

/** The address of `bytes` at `address` with readable memory behind them: the same, but a copy's at the memory's very end. */
export function readable({ kernels, scratch, end }: Heap, address: number, bytes: number): number {
  if (address + bytes + SLACK <= end()) return address;
  const copy = scratch(bytes + SLACK);
  kernels.pad(address, 1, 1, 1, bytes, copy, 1, 1, 0, 0);
  return copy;
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
  kernels.table(at, places.base, ...places.counts, ...places.steps, last);
  return at;
}
