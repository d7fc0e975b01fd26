/**
 * Convolutions of 3 × 3 taps and stride 2 by Winograd's minimal filtering, which takes 25 multiplications instead of 36
 * for 2 × 2 outputs.
 *
 * Along one axis, two outputs depend on even pixels `e` and odd pixels `o`. The odd pixels are multiplied by the middle
 * tap only, and the even pixels by the first and the last tap:
 *
 * ```math
 * y_0 = e_0 w_0 + o_0 w_1 + e_1 w_2 , \qquad y_1 = e_1 w_0 + o_1 w_1 + e_2 w_2
 * ```
 *
 * These are six products, but five are enough:
 *
 * ```math
 * m_1 = (e_0 - e_1) w_0 + o_0 w_1 , \quad m_2 = e_1 (w_0 + w_2) , \quad m_3 = o_1 w_1 + (e_1 - e_2)(-w_2) ;
 * \qquad y_0 = m_1 + m_2 , \quad y_1 = m_2 + m_3
 * ```
 *
 * So `y = Tᵀ (X x ⊙ W w)`, where the three maps `X`, `W` and `T` only add and subtract. Both gradients have the same
 * form: `dx = Xᵀ (W w ⊙ T dy)` and `dw = Wᵀ (X x ⊙ T dy)`. In two dimensions, the maps are applied along one axis and
 * then along the other, and every product `⊙` is a product of matrices over the channels. Lavin and Gray (2016)
 * describe the method for stride 1.
 *
 * An infinite pixel gives NaN even where the direct sum gives infinity, because the maps subtract it from itself.
 *
 * @module
 */
import { FLOAT, type Heap } from "./assembled.ts";
import type { Axis, Convolution } from "./geometry.ts";
import { mapTuple } from "./map_tuple.ts";
import { type Places, rowsTimes, transposeTimes } from "./product.ts";

/**
 * Whether this method can compute a convolution: it has 3 × 3 taps, stride 2, an image of even size that is padded only
 * at its end, and numbers of channels that are multiples of eight. The products over so many channels take longer than
 * the maps.
 */
export function isWinograd({ C, O, rows, columns }: Convolution): boolean {
  const fits = ({ taps, stride, dilation, before, size, out }: Axis) =>
    taps === 3 && stride === 2 && dilation === 1 && before === 0 && size === 2 * out;
  return fits(rows) && fits(columns) && C % 8 === 0 && O % 8 === 0;
}

/**
 * For each of `m₁`, `m₂` and `m₃` along one axis, the index of the first number that it takes from the five of a tile
 * of `X x`, and how many numbers it takes.
 */
const SUMS = [{ first: 0, size: 2 }, { first: 2, size: 1 }, { first: 3, size: 2 }] as const;

/** The bytes of `X x` of the images that are processed together. They fit into the second-level cache. */
const GROUP = 1 << 20;

/** One of the nine products of a tile of 2 × 2 outputs, for one of the three `m` of the rows and one of the columns. */
interface Product {
  /** The address of its array of `T y`, `[b, tiles, tiles, O]`, and the number of tiles of `b` images. */
  plane: number;
  tiles(b: number): number;
  /**
   * The numbers of rows and columns of `X x` that it takes, and the places where they begin in each tile, from their
   * row `i` on.
   */
  rows: number;
  columns: number;
  places(b: number, i?: number): Places;
  /** The address of its taps in `W w`, from row `i` on. */
  taps(i?: number): number;
}

/** What the convolution and its two gradients share: the maps, and memory for their results. */
function workspace({ kernels, scratch }: Heap, conv: Convolution) {
  const { B: batchSize, C, O, rows: { out: H }, columns: { out: W } } = conv;
  const [pixel, slope, tap] = [C * FLOAT, O * FLOAT, C * O * FLOAT];
  const expanded = (n: number) => 5 * (n >> 1) + 2 * (n & 1);
  const tiles = (n: number, sum: number) => sum === 0 ? Math.ceil(n / 2) : n >> 1; // half a tile has only m₁
  const [tall, wide] = [expanded(H), expanded(W)];
  const B = Math.max(1, Math.min(batchSize, Math.floor(GROUP / (tall * wide * pixel))));
  const x = scratch(B * tall * wide * pixel);
  const expandedRows = scratch(B * 2 * H * wide * pixel);
  const w = scratch(25 * tap);
  const widenedRows = scratch(15 * tap);
  const halves = mapTuple(SUMS, (row, p) => ({
    half: scratch(B * tiles(H, p) * W * slope),
    products: mapTuple(SUMS, (column, q): Product => ({
      plane: scratch(B * tiles(H, p) * tiles(W, q) * slope),
      tiles: (b) => b * tiles(H, p) * tiles(W, q),
      rows: row.size,
      columns: column.size,
      places: (b, i = 0) => ({
        base: x + ((row.first + i) * wide + column.first) * pixel,
        counts: [b, tiles(H, p), tiles(W, q)],
        steps: [tall * wide * pixel, 5 * wide * pixel, 5 * pixel],
      }),
      taps: (i = 0) => w + ((row.first + i) * 5 + column.first) * tap,
    })),
  }));
  return {
    C,
    O,
    products: halves.flatMap(({ products }) => products),
    /** The numbers from the beginning of one row of `X x` to the beginning of the next. */
    stride: wide * C,
    /** The bytes of the images and of the slopes before image `first`. */
    images: (first: number) => first * 4 * H * W * pixel,
    slopes: (first: number) => first * H * W * slope,
    /** The groups of images: the index of the first image, and the number of images. */
    *groups(): Generator<[first: number, b: number]> {
      for (let first = 0; first < batchSize; first += B) yield [first, Math.min(B, batchSize - first)];
    },
    /** `X` of `b` images. */
    expand(images: number, b: number) {
      kernels.expand({ x: images, outer: b * 2 * H, n: W, size: pixel, out: expandedRows });
      kernels.expand({ x: expandedRows, outer: b, n: H, size: wide * pixel, out: x });
    },
    /** `Xᵀ` of `b` images. */
    contract(b: number, images: number) {
      kernels.contract({ p: x, outer: b, n: H, size: wide * pixel, out: expandedRows });
      kernels.contract({ p: expandedRows, outer: b * 2 * H, n: W, size: pixel, out: images });
    },
    /** `T` of `b` images' slopes. */
    split(slopes: number, b: number) {
      const [first, second, third] = halves;
      const parts = { a: first.half, b: second.half, c: third.half };
      kernels.split({ y: slopes, outer: b, n: H, size: W * slope, ...parts });
      halves.forEach(({ half, products }, p) =>
        kernels.split({ y: half, outer: b * tiles(H, p), n: W, size: slope, ...planesOf(products) })
      );
    },
    /** `Tᵀ` of `b` images. */
    merge(b: number, out: number) {
      halves.forEach(({ half, products }, p) =>
        kernels.merge({ ...planesOf(products), outer: b * tiles(H, p), n: W, size: slope, out: half })
      );
      const [first, second, third] = halves;
      const parts = { a: first.half, b: second.half, c: third.half };
      kernels.merge({ ...parts, outer: b, n: H, size: W * slope, out });
    },
    /** `W` of a filter. */
    widen(filter: number) {
      kernels.widen({ w: filter, outer: 3, size: tap, out: widenedRows });
      kernels.widen({ w: widenedRows, outer: 1, size: 5 * tap, out: w });
    },
    /** `Wᵀ`. */
    narrow(filter: number) {
      kernels.narrow({ g: w, outer: 1, size: 5 * tap, out: widenedRows });
      kernels.narrow({ g: widenedRows, outer: 3, size: tap, out: filter });
    },
  };
}

/** The addresses of three products' arrays of `T y`. */
function planesOf([a, b, c]: [Product, Product, Product]): { a: number; b: number; c: number } {
  return { a: a.plane, b: b.plane, c: c.plane };
}

/** The places of consecutive rows of `n` numbers. */
function dense(base: number, rows: number, n: number): Places {
  return { base, counts: [1, 1, rows], steps: [0, 0, n * FLOAT] };
}

/** The addresses that a convolution or a gradient reads from and writes to. */
type Addresses<Names extends string> = Record<Names, number>;

/** `y = Tᵀ (X x ⊙ W w)`. */
export function convolve(
  heap: Heap,
  conv: Convolution,
  { x, filter, y }: Addresses<"x" | "filter" | "y">,
): void {
  const { C, O, products, stride, groups, images, slopes, expand, merge, widen } = workspace(heap, conv);
  widen(filter);
  const passes = products.map(({ rows, columns, taps, ...product }) => {
    const k = columns * C;
    const blocks = Array.from({ length: rows }, (_, i) => ({ address: taps(i), k, rowStep: O, columnStep: 1 }));
    return { ...product, multiply: rowsTimes(heap, [{ offset: 0, runs: rows, run: k, stride, blocks }], O) };
  });
  for (const [first, b] of groups()) {
    expand(x + images(first), b);
    for (const { plane, tiles, places, multiply } of passes) multiply(places(b), dense(plane, tiles(b), O));
    merge(b, y + slopes(first));
  }
}

/** `dx = Xᵀ (W w ⊙ T dy)`. */
export function inputGradient(
  heap: Heap,
  conv: Convolution,
  { dy, filter, dx }: Addresses<"dy" | "filter" | "dx">,
): void {
  const { C, O, products, groups, images, slopes, split, contract, widen } = workspace(heap, conv);
  widen(filter);
  const rows = products.flatMap(({ rows, columns, taps, ...product }) =>
    Array.from({ length: rows }, (_, i) => {
      const blocks = [{ address: taps(i), k: O, rowStep: 1, columnStep: O }]; // the transpose of the taps
      return {
        ...product,
        i,
        multiply: rowsTimes(heap, [{ offset: 0, runs: 1, run: O, stride: O, blocks }], columns * C),
      };
    })
  );
  for (const [first, b] of groups()) {
    split(dy + slopes(first), b);
    for (const { plane, tiles, places, i, multiply } of rows) multiply(dense(plane, tiles(b), O), places(b, i));
    contract(b, dx + images(first));
  }
}

/** `dw = Wᵀ (X x ⊙ T dy)`. */
export function filterGradient(
  heap: Heap,
  conv: Convolution,
  { x, dy, dw }: Addresses<"x" | "dy" | "dw">,
): void {
  const { C, O, products, stride, groups, images, slopes, expand, split, narrow } = workspace(heap, conv);
  const sums = products.map(({ rows, columns, ...product }) => {
    const [run, c] = [columns * C, heap.scratch(rows * columns * C * O * FLOAT)];
    return { ...product, rows, c, size: run * O * FLOAT, ...transposeTimes(heap, { runs: rows, run, stride }, O, c) };
  });
  for (const [first, b] of groups()) {
    expand(x + images(first), b);
    split(dy + slopes(first), b);
    for (const { plane, places, add } of sums) add(places(b), { address: plane, rowStep: O, columnStep: 1 });
  }
  for (const { rows, taps, c, size, finish } of sums) {
    finish();
    for (let i = 0; i < rows; i++) heap.kernels.copy({ from: c + i * size, bytes: size, to: taps(i) });
  }
  narrow(dw);
}
