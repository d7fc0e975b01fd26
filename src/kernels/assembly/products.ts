/**
 * Matrix products that read their left factor in place.
 *
 * {@link rows}, {@link dots} and {@link columns} find the rows of `a` through a table of addresses. A convolution is
 * therefore a matrix product that never copies its input into a matrix: the row of an output pixel is the window of the
 * input under this pixel. The window consists of `runs` runs of `run` consecutive numbers. The runs begin `stride`
 * numbers apart, and the table holds the address at which each window begins.
 */
import { madd, total } from "./simd";

/** Entry `i` of a table of addresses. */
@inline
function entry(table: usize, i: usize): usize {
  return <usize> load<u32>(table + (i << 2));
}

/**
 * Writes a table of the addresses `base + i si + j sj + k sk`, in order. Fills the table up to a multiple of six
 * entries with `last`, or with its own last entry if `last` is 0.
 */
export function table(
  out: usize, base: usize, ni: i32, nj: i32, nk: i32, si: i32, sj: i32, sk: i32, last: usize,
): void {
  let to = out;
  for (let i = 0; i < ni; i++) {
    for (let j = 0; j < nj; j++) {
      let address = base + i * si + j * sj;
      for (let k = 0; k < nk; k++) {
        store<u32>(to, <u32> address);
        address += sk;
        to += 4;
      }
    }
  }
  const fill = last != 0 ? <u32> last : load<u32>(to - 4);
  for (let n = ni * nj * nk; n % 6 != 0; n++) {
    store<u32>(to, fill);
    to += 4;
  }
}

/**
 * Copies images `[b, h, w]`, with `bytes` bytes per pixel, into larger images `[b, H, W]` at row `top` and column
 * `left`, and fills the rest with zeros.
 */
export function pad(
  x: usize, b: i32, h: i32, w: i32, bytes: i32, out: usize, H: i32, W: i32, top: i32, left: i32,
): void {
  const row = w * bytes;
  const wide = W * bytes;
  const before = left * bytes;
  for (let i = 0; i < b; i++) {
    memory.fill(out, 0, top * wide);
    out += top * wide;
    for (let j = 0; j < h; j++) {
      memory.fill(out, 0, before);
      memory.copy(out + before, x, row);
      memory.fill(out + before + row, 0, wide - before - row);
      out += wide;
      x += row;
    }
    const below = (H - top - h) * wide;
    memory.fill(out, 0, below);
    out += below;
  }
}

/** Transposes a block of 4 × 4 numbers. Its rows lie `next` bytes apart, and those of the result lie 32 bytes apart. */
@inline
function turn(from: usize, next: usize, to: usize): void {
  const a = v128.load(from), b = v128.load(from + next);
  const c = v128.load(from + 2 * next), d = v128.load(from + 3 * next);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7), CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 32);
  v128.store(to, v128.shuffle<i64>(AB, CD, 0, 2), 64);
  v128.store(to, v128.shuffle<i64>(AB, CD, 1, 3), 96);
}

/**
 * Packs a matrix `[k, n]`, whose rows lie `rowStep` and whose columns lie `columnStep` numbers apart, into panels of
 * eight columns. Zeros fill up the last panel. The panels lie `panel` bytes apart, so that several matrices can be
 * packed one below another.
 */
export function pack(b: usize, rowStep: i32, columnStep: i32, k: i32, n: i32, out: usize, panel: i32): void {
  for (let j = 0; j < n; j += 8) {
    const width = min(8, n - j);
    let from = b + ((j * columnStep) << 2);
    let to = out;
    if (width == 8 && columnStep == 1) {
      for (let i = 0; i < k; i++) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        to += 32;
        from += rowStep << 2;
      }
    } else if (width == 8 && rowStep == 1) { // the numbers of a column are consecutive: transposes four rows at a time
      const next = columnStep << 2;
      let i = 0;
      for (; i + 4 <= k; i += 4) {
        turn(from, next, to);
        turn(from + 4 * next, next, to + 16);
        to += 128;
        from += 16;
      }
      for (; i < k; i++) {
        for (let c = 0; c < 8; c++) store<f32>(to + (c << 2), load<f32>(from + c * next));
        to += 32;
        from += 4;
      }
    } else {
      for (let i = 0; i < k; i++) {
        for (let c = 0; c < 8; c++) {
          store<f32>(to + (c << 2), c < width ? load<f32>(from + ((c * columnStep) << 2)) : 0);
        }
        to += 32;
        from += rowStep << 2;
      }
    }
    out += panel;
  }
}

/**
 * Multiplies six rows of `a` by one panel of `b`. Writes the result to eight columns of six rows of `c`, or with `add`
 * adds it to them.
 */
@inline
function tile(
  a: usize, offset: usize, runs: i32, run: i32, stride: i32, b: usize, c: usize, column: usize, add: bool,
  bias: usize, floor: v128,
): void {
  let p0 = entry(a, 0) + offset, p1 = entry(a, 1) + offset, p2 = entry(a, 2) + offset;
  let p3 = entry(a, 3) + offset, p4 = entry(a, 4) + offset, p5 = entry(a, 5) + offset;
  const c0 = entry(c, 0) + column, c1 = entry(c, 1) + column, c2 = entry(c, 2) + column;
  const c3 = entry(c, 3) + column, c4 = entry(c, 4) + column, c5 = entry(c, 5) + column;
  let x0 = v128.load(bias), y0 = v128.load(bias, 16);
  let x1 = x0, x2 = x0, x3 = x0, x4 = x0, x5 = x0;
  let y1 = y0, y2 = y0, y3 = y0, y4 = y0, y5 = y0;
  const jump = (stride - run) << 2;
  for (let r = 0; r < runs; r++) {
    const end = p0 + (run << 2);
    const most = p0 + ((run & ~3) << 2);
    while (p0 < most) { // four numbers of each row at a time
      let u = v128.load(b, 0), w = v128.load(b, 16);
      let s = v128.load32_splat(p0, 0); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
      s = v128.load32_splat(p1, 0); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
      s = v128.load32_splat(p2, 0); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
      s = v128.load32_splat(p3, 0); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
      s = v128.load32_splat(p4, 0); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
      s = v128.load32_splat(p5, 0); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
      u = v128.load(b, 32); w = v128.load(b, 48);
      s = v128.load32_splat(p0, 4); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
      s = v128.load32_splat(p1, 4); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
      s = v128.load32_splat(p2, 4); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
      s = v128.load32_splat(p3, 4); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
      s = v128.load32_splat(p4, 4); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
      s = v128.load32_splat(p5, 4); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
      u = v128.load(b, 64); w = v128.load(b, 80);
      s = v128.load32_splat(p0, 8); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
      s = v128.load32_splat(p1, 8); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
      s = v128.load32_splat(p2, 8); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
      s = v128.load32_splat(p3, 8); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
      s = v128.load32_splat(p4, 8); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
      s = v128.load32_splat(p5, 8); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
      u = v128.load(b, 96); w = v128.load(b, 112);
      s = v128.load32_splat(p0, 12); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
      s = v128.load32_splat(p1, 12); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
      s = v128.load32_splat(p2, 12); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
      s = v128.load32_splat(p3, 12); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
      s = v128.load32_splat(p4, 12); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
      s = v128.load32_splat(p5, 12); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
      b += 128; p0 += 16; p1 += 16; p2 += 16; p3 += 16; p4 += 16; p5 += 16;
    }
    while (p0 < end) {
      let u = v128.load(b, 0), w = v128.load(b, 16);
      let s = v128.load32_splat(p0, 0); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
      s = v128.load32_splat(p1, 0); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
      s = v128.load32_splat(p2, 0); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
      s = v128.load32_splat(p3, 0); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
      s = v128.load32_splat(p4, 0); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
      s = v128.load32_splat(p5, 0); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
      b += 32; p0 += 4; p1 += 4; p2 += 4; p3 += 4; p4 += 4; p5 += 4;
    }
    p0 += jump; p1 += jump; p2 += jump; p3 += jump; p4 += jump; p5 += jump;
  }
  if (add) {
    x0 = f32x4.add(x0, v128.load(c0)); y0 = f32x4.add(y0, v128.load(c0, 16));
    x1 = f32x4.add(x1, v128.load(c1)); y1 = f32x4.add(y1, v128.load(c1, 16));
    x2 = f32x4.add(x2, v128.load(c2)); y2 = f32x4.add(y2, v128.load(c2, 16));
    x3 = f32x4.add(x3, v128.load(c3)); y3 = f32x4.add(y3, v128.load(c3, 16));
    x4 = f32x4.add(x4, v128.load(c4)); y4 = f32x4.add(y4, v128.load(c4, 16));
    x5 = f32x4.add(x5, v128.load(c5)); y5 = f32x4.add(y5, v128.load(c5, 16));
  }
  v128.store(c0, f32x4.max(x0, floor)); v128.store(c0, f32x4.max(y0, floor), 16);
  v128.store(c1, f32x4.max(x1, floor)); v128.store(c1, f32x4.max(y1, floor), 16);
  v128.store(c2, f32x4.max(x2, floor)); v128.store(c2, f32x4.max(y2, floor), 16);
  v128.store(c3, f32x4.max(x3, floor)); v128.store(c3, f32x4.max(y3, floor), 16);
  v128.store(c4, f32x4.max(x4, floor)); v128.store(c4, f32x4.max(y4, floor), 16);
  v128.store(c5, f32x4.max(x5, floor)); v128.store(c5, f32x4.max(y5, floor), 16);
}

/** The bytes of scratch memory that {@link rows} needs: six addresses, and a tile of six rows of eight numbers. */
export function rowsScratch(): i32 {
  return 24 + 6 * 32;
}

/**
 * `c = max(a b + bias, floor)`, or with `add`, `c = max(c + a b + bias, floor)`.
 *
 * @param a A table of the addresses of `m` rows, filled up to a multiple of six entries. A row begins `offset` bytes
 * after its address.
 * @param b The packed matrix, which has `n` columns.
 * @param c A table of the addresses of `m` rows, filled up to a multiple of six entries.
 * @param bias The address of `n` numbers, filled up to a multiple of eight.
 * @param scratch The address of `rowsScratch()` bytes. They hold a tile before the part of it that lies inside `c` is
 * copied.
 */
export function rows(
  a: usize, offset: i32, runs: i32, run: i32, stride: i32, b: usize, c: usize, m: i32, n: i32, add: bool,
  bias: usize, floor: f32, scratch: usize,
): void {
  const least = f32x4.splat(floor);
  const panel: usize = (runs * run) << 5;
  const whole = n & ~7;
  const rest = (n - whole) << 2; // bytes of a row in an incomplete last panel
  for (let i: usize = 0; i < 6; i++) store<u32>(scratch + (i << 2), <u32> (scratch + 24 + (i << 5)));
  for (let i = 0; i < m; i += 6) {
    let p = b;
    let j = 0;
    for (; j < whole; j += 8) {
      tile(a, offset, runs, run, stride, p, c, j << 2, add, bias + (j << 2), least);
      p += panel;
    }
    if (rest) {
      if (add) {
        for (let r: usize = 0; r < 6; r++) memory.copy(entry(scratch, r), entry(c, r) + (j << 2), rest);
      }
      tile(a, offset, runs, run, stride, p, scratch, 0, add, bias + (j << 2), least);
      for (let r: usize = 0; r < 6; r++) memory.copy(entry(c, r) + (j << 2), entry(scratch, r), rest);
    }
    a += 24;
    c += 24;
  }
}

/** The same as {@link rows}, but `b` is a single column and is not packed. */
export function dots(
  a: usize, offset: i32, runs: i32, run: i32, stride: i32, b: usize, c: usize, m: i32, add: bool, bias: usize,
  floor: f32,
): void {
  const jump = (stride - run) << 2;
  const start = load<f32>(bias);
  for (let i = 0; i < m; i += 6) {
    let p0 = entry(a, 0) + offset, p1 = entry(a, 1) + offset, p2 = entry(a, 2) + offset;
    let p3 = entry(a, 3) + offset, p4 = entry(a, 4) + offset, p5 = entry(a, 5) + offset;
    let x0 = f32x4.splat(0), x1 = x0, x2 = x0, x3 = x0, x4 = x0, x5 = x0;
    let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0, s4: f32 = 0, s5: f32 = 0;
    let q = b;
    for (let r = 0; r < runs; r++) {
      const end = p0 + (run << 2);
      const most = p0 + ((run & ~3) << 2);
      while (p0 < most) {
        const u = v128.load(q);
        x0 = madd(v128.load(p0), u, x0); x1 = madd(v128.load(p1), u, x1); x2 = madd(v128.load(p2), u, x2);
        x3 = madd(v128.load(p3), u, x3); x4 = madd(v128.load(p4), u, x4); x5 = madd(v128.load(p5), u, x5);
        q += 16; p0 += 16; p1 += 16; p2 += 16; p3 += 16; p4 += 16; p5 += 16;
      }
      while (p0 < end) {
        const u = load<f32>(q);
        s0 += load<f32>(p0) * u; s1 += load<f32>(p1) * u; s2 += load<f32>(p2) * u;
        s3 += load<f32>(p3) * u; s4 += load<f32>(p4) * u; s5 += load<f32>(p5) * u;
        q += 4; p0 += 4; p1 += 4; p2 += 4; p3 += 4; p4 += 4; p5 += 4;
      }
      p0 += jump; p1 += jump; p2 += jump; p3 += jump; p4 += jump; p5 += jump;
    }
    const c0 = entry(c, 0), c1 = entry(c, 1), c2 = entry(c, 2), c3 = entry(c, 3), c4 = entry(c, 4), c5 = entry(c, 5);
    store<f32>(c0, max(total(x0) + s0 + start + (add ? load<f32>(c0) : 0), floor));
    store<f32>(c1, max(total(x1) + s1 + start + (add ? load<f32>(c1) : 0), floor));
    store<f32>(c2, max(total(x2) + s2 + start + (add ? load<f32>(c2) : 0), floor));
    store<f32>(c3, max(total(x3) + s3 + start + (add ? load<f32>(c3) : 0), floor));
    store<f32>(c4, max(total(x4) + s4 + start + (add ? load<f32>(c4) : 0), floor));
    store<f32>(c5, max(total(x5) + s5 + start + (add ? load<f32>(c5) : 0), floor));
    a += 24;
    c += 24;
  }
}

/** The number of products that {@link small} adds up before it adds their sum to the other sums. */
const TOGETHER = 512;

/**
 * Multiplies one row `a` `[k]` by `b` `[k, n]`, whose rows lie `row` bytes apart, and adds the result to `c` `[n]`.
 * Takes eight rows of `b` at a time.
 */
function rowTimes(a: usize, step: i32, k: i32, b: usize, row: i32, n: i32, c: usize): void {
  const size: usize = n << 2;
  const whole: usize = size & ~15;
  for (; k >= 8; k -= 8) {
    const s0 = v128.load32_splat(a + 0 * step), s1 = v128.load32_splat(a + 1 * step);
    const s2 = v128.load32_splat(a + 2 * step), s3 = v128.load32_splat(a + 3 * step);
    const s4 = v128.load32_splat(a + 4 * step), s5 = v128.load32_splat(a + 5 * step);
    const s6 = v128.load32_splat(a + 6 * step), s7 = v128.load32_splat(a + 7 * step);
    const b1 = b + row, b2 = b1 + row, b3 = b2 + row, b4 = b3 + row, b5 = b4 + row, b6 = b5 + row, b7 = b6 + row;
    let j: usize = 0;
    for (; j < whole; j += 16) {
      let x = madd(s0, v128.load(b + j), v128.load(c + j));
      x = madd(s1, v128.load(b1 + j), x); x = madd(s2, v128.load(b2 + j), x);
      x = madd(s3, v128.load(b3 + j), x); x = madd(s4, v128.load(b4 + j), x);
      x = madd(s5, v128.load(b5 + j), x); x = madd(s6, v128.load(b6 + j), x);
      x = madd(s7, v128.load(b7 + j), x);
      v128.store(c + j, x);
    }
    for (; j < size; j += 4) {
      let x = madd(s0, v128.load32_splat(b + j), v128.load32_splat(c + j));
      x = madd(s1, v128.load32_splat(b1 + j), x); x = madd(s2, v128.load32_splat(b2 + j), x);
      x = madd(s3, v128.load32_splat(b3 + j), x); x = madd(s4, v128.load32_splat(b4 + j), x);
      x = madd(s5, v128.load32_splat(b5 + j), x); x = madd(s6, v128.load32_splat(b6 + j), x);
      x = madd(s7, v128.load32_splat(b7 + j), x);
      v128.store_lane<f32>(c + j, x, 0);
    }
    a += 8 * step;
    b += 8 * row;
  }
  for (; k > 0; k--) {
    const s = v128.load32_splat(a);
    let j: usize = 0;
    for (; j < whole; j += 16) v128.store(c + j, madd(s, v128.load(b + j), v128.load(c + j)));
    for (; j < size; j += 4) {
      v128.store_lane<f32>(c + j, madd(s, v128.load32_splat(b + j), v128.load32_splat(c + j)), 0);
    }
    a += step;
    b += row;
  }
}

/**
 * Multiplies one row `a` `[k]` by `n` columns of `b`, which lie `next` bytes apart, and adds the result to `c` `[n]`.
 */
function dotEach(a: usize, aStep: i32, k: i32, b: usize, bStep: i32, n: i32, next: i32, c: usize): void {
  if (aStep == 4 && bStep == 4) {
    for (; n >= 4; n -= 4) { // four columns at a time, four numbers of each
      const b1 = b + next, b2 = b1 + next, b3 = b2 + next;
      let x0 = f32x4.splat(0), x1 = x0, x2 = x0, x3 = x0;
      let i = 0;
      for (; i + 4 <= k; i += 4) {
        const u = v128.load(a + (i << 2));
        x0 = madd(u, v128.load(b + (i << 2)), x0); x1 = madd(u, v128.load(b1 + (i << 2)), x1);
        x2 = madd(u, v128.load(b2 + (i << 2)), x2); x3 = madd(u, v128.load(b3 + (i << 2)), x3);
      }
      const p = a + (i << 2), rest = k - i;
      store<f32>(c, load<f32>(c) + total(x0) + dot(p, 4, rest, b + (i << 2), 4));
      store<f32>(c, load<f32>(c, 4) + total(x1) + dot(p, 4, rest, b1 + (i << 2), 4), 4);
      store<f32>(c, load<f32>(c, 8) + total(x2) + dot(p, 4, rest, b2 + (i << 2), 4), 8);
      store<f32>(c, load<f32>(c, 12) + total(x3) + dot(p, 4, rest, b3 + (i << 2), 4), 12);
      b = b3 + next;
      c += 16;
    }
  }
  for (; n > 0; n--) {
    store<f32>(c, load<f32>(c) + dot(a, aStep, k, b, bStep));
    b += next;
    c += 4;
  }
}

/** The dot product of `k` numbers of `a`, `aStep` bytes apart, and `k` numbers of `b`, `bStep` bytes apart. */
@inline
function dot(a: usize, aStep: i32, k: i32, b: usize, bStep: i32): f32 {
  let sum: f32 = 0;
  if (aStep == 4 && bStep == 4) {
    let x = f32x4.splat(0);
    for (; k >= 4; k -= 4) {
      x = madd(v128.load(a), v128.load(b), x);
      a += 16;
      b += 16;
    }
    sum = total(x);
  }
  for (; k > 0; k--) {
    sum += load<f32>(a) * load<f32>(b);
    a += aStep;
    b += bStep;
  }
  return sum;
}

/**
 * `c = max(a b + bias, floor)` for `pairs` pairs of matrices `[m, k]` and `[k, n]`, which are read in place. This
 * function is for products so small that packing costs more than it saves.
 *
 * @param a A table of the address of each pair's `a`, whose rows lie `aRow` and whose columns lie `aColumn` numbers
 * apart.
 * @param b The same for each pair's `b`.
 * @param c The address of `[pairs, m, n]`.
 * @param bias The address of `n` numbers, or 0 for none.
 * @param scratch The address of memory for `n` numbers.
 */
export function small(
  a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, bColumn: i32, pairs: i32, m: i32, k: i32, n: i32, c: usize,
  bias: usize, floor: f32, scratch: usize,
): void {
  for (let pair = 0; pair < pairs; pair++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) store<f32>(c + (j << 2), bias ? load<f32>(bias + (j << 2)) : 0);
      for (let first = 0; first < k; first += TOGETHER) {
        const some = min(TOGETHER, k - first);
        const p = entry(a, pair) + ((i * aRow + first * aColumn) << 2);
        const q = entry(b, pair) + ((first * bRow) << 2);
        if (bColumn == 1 && k > TOGETHER) {
          memory.fill(scratch, 0, n << 2);
          rowTimes(p, aColumn << 2, some, q, bRow << 2, n, scratch);
          accumulate(scratch, n, c);
        } else if (bColumn == 1) rowTimes(p, aColumn << 2, some, q, bRow << 2, n, c);
        else dotEach(p, aColumn << 2, some, q, bRow << 2, n, bColumn << 2, c);
      }
      if (floor != -Infinity) {
        for (let j = 0; j < n; j++) {
          const to = c + (j << 2);
          store<f32>(to, max(load<f32>(to), floor));
        }
      }
      c += n << 2;
    }
  }
}

/**
 * Adds `m` outer products, each of six packed numbers of `a` and eight packed numbers of `y`, to six rows of `c`, which
 * lie `below` bytes apart. `m` is a multiple of four.
 */
@inline
function outer(a: usize, m: i32, y: usize, c: usize, below: i32): void {
  let x0 = f32x4.splat(0), y0 = x0, x1 = x0, y1 = x0, x2 = x0, y2 = x0;
  let x3 = x0, y3 = x0, x4 = x0, y4 = x0, x5 = x0, y5 = x0;
  const end = a + m * 24;
  while (a < end) { // four outer products at a time
    let u = v128.load(y, 0), w = v128.load(y, 16);
    let s = v128.load32_splat(a, 0); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
    s = v128.load32_splat(a, 4); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
    s = v128.load32_splat(a, 8); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
    s = v128.load32_splat(a, 12); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
    s = v128.load32_splat(a, 16); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
    s = v128.load32_splat(a, 20); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
    u = v128.load(y, 32); w = v128.load(y, 48);
    s = v128.load32_splat(a, 24); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
    s = v128.load32_splat(a, 28); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
    s = v128.load32_splat(a, 32); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
    s = v128.load32_splat(a, 36); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
    s = v128.load32_splat(a, 40); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
    s = v128.load32_splat(a, 44); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
    u = v128.load(y, 64); w = v128.load(y, 80);
    s = v128.load32_splat(a, 48); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
    s = v128.load32_splat(a, 52); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
    s = v128.load32_splat(a, 56); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
    s = v128.load32_splat(a, 60); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
    s = v128.load32_splat(a, 64); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
    s = v128.load32_splat(a, 68); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
    u = v128.load(y, 96); w = v128.load(y, 112);
    s = v128.load32_splat(a, 72); x0 = madd(s, u, x0); y0 = madd(s, w, y0);
    s = v128.load32_splat(a, 76); x1 = madd(s, u, x1); y1 = madd(s, w, y1);
    s = v128.load32_splat(a, 80); x2 = madd(s, u, x2); y2 = madd(s, w, y2);
    s = v128.load32_splat(a, 84); x3 = madd(s, u, x3); y3 = madd(s, w, y3);
    s = v128.load32_splat(a, 88); x4 = madd(s, u, x4); y4 = madd(s, w, y4);
    s = v128.load32_splat(a, 92); x5 = madd(s, u, x5); y5 = madd(s, w, y5);
    a += 96;
    y += 128;
  }
  v128.store(c, f32x4.add(v128.load(c), x0)); v128.store(c, f32x4.add(v128.load(c, 16), y0), 16); c += below;
  v128.store(c, f32x4.add(v128.load(c), x1)); v128.store(c, f32x4.add(v128.load(c, 16), y1), 16); c += below;
  v128.store(c, f32x4.add(v128.load(c), x2)); v128.store(c, f32x4.add(v128.load(c, 16), y2), 16); c += below;
  v128.store(c, f32x4.add(v128.load(c), x3)); v128.store(c, f32x4.add(v128.load(c, 16), y3), 16); c += below;
  v128.store(c, f32x4.add(v128.load(c), x4)); v128.store(c, f32x4.add(v128.load(c, 16), y4), 16); c += below;
  v128.store(c, f32x4.add(v128.load(c), x5)); v128.store(c, f32x4.add(v128.load(c, 16), y5), 16);
}

/** The bytes from a row's address to its number `k`, or to its last number if it has no number `k`. */
@inline
function offset(k: i32, runs: i32, run: i32, stride: i32): i32 {
  const i = min(k, runs * run - 1);
  return ((i / run) * stride + i % run) << 2;
}

/**
 * Copies the numbers `k` to `k + 5` of each of `m` rows of `a` side by side. Repeats the last number of a row for those
 * beyond its end.
 */
function six(a: usize, m: i32, runs: i32, run: i32, stride: i32, k: i32, out: usize): void {
  const o0 = offset(k, runs, run, stride), o1 = offset(k + 1, runs, run, stride), o2 = offset(k + 2, runs, run, stride);
  const o3 = offset(k + 3, runs, run, stride), o4 = offset(k + 4, runs, run, stride), o5 = offset(k + 5, runs, run, stride);
  const end = a + (m << 2);
  // Offsets grow with `k`, except for those that repeat the last one. Six numbers are therefore consecutive only if
  // none is a repetition.
  const together = k + 5 < runs * run && o5 - o0 == 20;
  for (; a < end; a += 4) {
    const p = entry(a, 0);
    if (together) {
      v128.store(out, v128.load(p + o0));
      v128.store64_lane(out, v128.load64_zero(p + o4), 0, 16);
    } else {
      store<f32>(out, load<f32>(p + o0)); store<f32>(out, load<f32>(p + o1), 4); store<f32>(out, load<f32>(p + o2), 8);
      store<f32>(out, load<f32>(p + o3), 12); store<f32>(out, load<f32>(p + o4), 16); store<f32>(out, load<f32>(p + o5), 20);
    }
    out += 24;
  }
}

/**
 * The number of rows that {@link columns} adds up in registers before it adds their sums to `c`. There are so few that
 * rounding to float32 changes each sum by about a millionth.
 */
const DEPTH = 64;

/** The rows that {@link columns} adds up in registers. */
export function columnsDepth(): i32 {
  return DEPTH;
}

/**
 * The bytes of scratch memory that {@link columns} needs: a tile of six rows of eight numbers, and `DEPTH` packed rows
 * of six numbers of `a` and of the numbers of `y`.
 */
export function columnsScratch(n: i32): i32 {
  return 6 * 32 + DEPTH * (24 + (((n + 7) & ~7) << 2));
}

/**
 * `c = c + aᵀ y`.
 *
 * @param a A table of the addresses of `m` rows of `runs × run` numbers.
 * @param y The address of `[m, n]`, whose rows lie `rowStep` and whose columns lie `columnStep` numbers apart.
 * @param c The address of `[runs × run, n]`.
 * @param scratch The address of `columnsScratch(n)` bytes.
 */
export function columns(
  a: usize, m: i32, runs: i32, run: i32, stride: i32, y: usize, rowStep: i32, columnStep: i32, n: i32, c: usize, scratch: usize,
): void {
  const below = n << 2;
  const tall = runs * run;
  const left = scratch + 6 * 32;
  const right = left + DEPTH * 24;
  for (let first = 0; first < m; first += DEPTH) {
    const some = min(DEPTH, m - first);
    const full = (some + 3) & ~3; // rows of zeros fill up the last group of four
    const panel = full << 5;
    pack(y + ((first * rowStep) << 2), rowStep, columnStep, some, n, right, panel);
    if (full > some) {
      memory.fill(left + some * 24, 0, (full - some) * 24);
      for (let j = 0; j < n; j += 8) memory.fill(right + (j >> 3) * panel + (some << 5), 0, (full - some) << 5);
    }
    for (let k = 0; k < tall; k += 6) {
      six(a + (first << 2), some, runs, run, stride, k, left);
      const height = min(6, tall - k);
      let to = right;
      for (let j = 0; j < n; j += 8) {
        const width = min(8, n - j) << 2;
        const corner = c + k * below + (j << 2);
        if (height == 6 && width == 32) {
          outer(left, full, to, corner, below);
        } else {
          for (let i = 0; i < height; i++) memory.copy(scratch + (i << 5), corner + i * below, width);
          outer(left, full, to, scratch, 32);
          for (let i = 0; i < height; i++) memory.copy(corner + i * below, scratch + (i << 5), width);
        }
        to += panel;
      }
    }
  }
}

/** `c = c + x` for `n` numbers. */
export function accumulate(x: usize, n: i32, c: usize): void {
  const end = x + (n << 2);
  for (; x + 16 <= end; x += 16) {
    v128.store(c, f32x4.add(v128.load(c), v128.load(x)));
    c += 16;
  }
  for (; x < end; x += 4) {
    store<f32>(c, load<f32>(c) + load<f32>(x));
    c += 4;
  }
}

export function copy(from: usize, bytes: i32, to: usize): void {
  memory.copy(to, from, bytes);
}

export function clear(at: usize, bytes: i32): void {
  memory.fill(at, 0, bytes);
}

/**
 * Copies a matrix `[m, n]`, whose rows lie `rowStep` and whose columns lie `columnStep` numbers apart, to rows of
 * `wide` numbers. Zeros fill the end of each row.
 */
export function spread(x: usize, rowStep: i32, columnStep: i32, m: i32, n: i32, out: usize, wide: i32): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < wide; j++) {
      store<f32>(out + (j << 2), j < n ? load<f32>(x + ((i * rowStep + j * columnStep) << 2)) : 0);
    }
    out += wide << 2;
  }
}
