/**
 * Sums whose rounding errors do not grow with the number of terms.
 *
 * The functions add eight rows in pairs in single precision, and then add these sums in double precision.
 */
import { total } from "./simd";

/**
 * The number of columns that are summed at a time. Their sums in double precision take 2 KB and stay in the nearest
 * cache.
 */
const COLUMNS: usize = 256;

/** The bytes of scratch memory that {@link sums} needs. */
export function sumsScratch(): i32 {
  return <i32> COLUMNS << 3;
}

/**
 * Sums `x` `[outer, m, n]` over its middle axis, and writes the sums times `scale` to `out` `[outer, n]`.
 *
 * @param scratch The address of `sumsScratch()` bytes.
 */
export function sums(x: usize, outer: i32, m: usize, n: usize, out: usize, scale: f64, scratch: usize): void {
  if (n == 1 && m < 32) return few(x, outer, m, out, scale);
  for (let i = 0; i < outer; i++) {
    if (n == 1) store<f32>(out, <f32> (line(x, m) * scale));
    else columns(x, m, n, out, scale, scratch);
    x += (m * n) << 2;
    out += n << 2;
  }
}

/** Adds four numbers to two sums in double precision, two numbers to each. */
@inline
function onto(sum: v128, four: v128): v128 {
  const high = v128.shuffle<i64>(four, four, 1, 1);
  return f64x2.add(sum, f64x2.add(f64x2.promote_low_f32x4(four), f64x2.promote_low_f32x4(high)));
}

/** The sum of eight groups of four numbers, which lie `next` bytes apart and are added in pairs. */
function eight(p: usize, next: usize): v128 {
  const a = f32x4.add(v128.load(p), v128.load(p + next));
  p += next << 1;
  const b = f32x4.add(v128.load(p), v128.load(p + next));
  p += next << 1;
  const c = f32x4.add(v128.load(p), v128.load(p + next));
  p += next << 1;
  const d = f32x4.add(v128.load(p), v128.load(p + next));
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

/** The sums of `outer` rows, times `scale`. The rows are so short that single precision is accurate enough. */
function few(x: usize, outer: i32, m: usize, out: usize, scale: f64): void {
  const fours = m & ~3;
  for (let i = 0; i < outer; i++, out += 4) {
    let sum: f32 = 0;
    const end = x + (m << 2);
    if (fours > 4) {
      let four = v128.load(x);
      for (const last = x + (fours << 2) - 16; x != last;) four = f32x4.add(four, v128.load(x += 16));
      x += 16;
      sum = total(four);
    }
    for (; x != end; x += 4) sum += load<f32>(x);
    store<f32>(out, <f32> (sum * scale));
  }
}

/** The sum of `m` consecutive numbers. */
function line(x: usize, m: usize): f64 {
  const end = x + (m << 2);
  let sum = f64x2.splat(0);
  for (let n = m >> 5; n > 0; n--, x += 128) sum = onto(sum, eight(x, 16));
  for (let n = (m & 31) >> 2; n > 0; n--, x += 16) sum = onto(sum, v128.load(x));
  let rest = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; x != end; x += 4) rest += load<f32>(x);
  return rest;
}

/** The sums of the columns of `x` `[m, n]`, times `scale`. */
function columns(x: usize, m: usize, n: usize, out: usize, scale: f64, scratch: usize): void {
  // Four short rows are treated as one row that is four times as wide. Its width is a multiple of four.
  const fold: usize = n * 4 <= COLUMNS ? 4 : 1;
  const wide = n * fold;
  const rows = m / fold;
  for (let first: usize = 0; first < wide; first += COLUMNS) {
    const some = min(COLUMNS, wide - first);
    memory.fill(scratch, 0, some << 3);
    add(x + (first << 2), rows, wide << 2, some, scratch);
    if (fold > 1) add(x + ((rows * wide) << 2), m - rows * fold, n << 2, n, scratch);
    const width = some / fold;
    for (let j: usize = 0; j < width; j++) {
      let sum: f64 = 0;
      for (let k = j; k < some; k += width) sum += load<f64>(scratch + (k << 3));
      store<f32>(out + ((first + j) << 2), <f32> (sum * scale));
    }
  }
}

/** Adds `m` rows of `n` numbers, `next` bytes apart, to `sums`. */
function add(x: usize, m: usize, next: usize, n: usize, sums: usize): void {
  for (; m >= 8; m -= 8, x += next << 3) {
    let j: usize = 0;
    for (; j + 4 <= n; j += 4) put(eight(x + (j << 2), next), sums + (j << 3));
    for (; j < n; j++) {
      for (let i: usize = 0; i < 8; i++) one(x + i * next + (j << 2), sums + (j << 3));
    }
  }
  for (; m > 0; m--, x += next) {
    let j: usize = 0;
    for (; j + 4 <= n; j += 4) put(v128.load(x + (j << 2)), sums + (j << 3));
    for (; j < n; j++) one(x + (j << 2), sums + (j << 3));
  }
}

/** Adds four numbers to four sums. */
@inline
function put(four: v128, sums: usize): void {
  const high = v128.shuffle<i64>(four, four, 1, 1);
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(four)));
  v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.promote_low_f32x4(high)), 16);
}

/** Adds one number to one sum. */
@inline
function one(x: usize, sum: usize): void {
  store<f64>(sum, load<f64>(sum) + load<f32>(x));
}
