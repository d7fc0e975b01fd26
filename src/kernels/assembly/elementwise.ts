/** Elementwise operations on numbers and on pairs of numbers. */

/** Clips `n` numbers: max(least, min(most, x)). NaN stays NaN. */
export function clip(x: usize, out: usize, n: usize, least: f32, most: f32): void {
  const low = f32x4.splat(least), high = f32x4.splat(most);
  for (let sixteens = n >> 4; sixteens > 0; sixteens--, x += 64, out += 64) {
    v128.store(out, within(v128.load(x), low, high));
    v128.store(out, within(v128.load(x, 16), low, high), 16);
    v128.store(out, within(v128.load(x, 32), low, high), 32);
    v128.store(out, within(v128.load(x, 48), low, high), 48);
  }
  for (let rest = n & 15; rest > 0; rest--, x += 4, out += 4) {
    v128.store_lane<f32>(out, within(v128.load32_splat(x), low, high), 0);
  }
}

/**
 * Clips four numbers. `pmin` and `pmax` return their first argument unless the second is smaller or larger, so a NaN in
 * `x` stays NaN.
 */
@inline
function within(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, high), low);
}

/** The gradient of a ReLU, for `n` numbers: `dy` where `x` is positive, and 0 elsewhere. */
export function gate(dy: usize, x: usize, out: usize, n: usize): void {
  for (let eights = n >> 3; eights > 0; eights--, dy += 32, x += 32, out += 32) {
    v128.store(out, gated(v128.load(dy), v128.load(x)));
    v128.store(out, gated(v128.load(dy, 16), v128.load(x, 16)), 16);
  }
  for (let rest = n & 7; rest > 0; rest--, dy += 4, x += 4, out += 4) {
    v128.store_lane<f32>(out, gated(v128.load32_splat(dy), v128.load32_splat(x)), 0);
  }
}

@inline
function gated(dy: v128, x: v128): v128 {
  return v128.and(dy, f32x4.gt(x, f32x4.splat(0)));
}

/** The signs of `n` numbers: -1, 0 or 1. The sign of NaN is 0. */
export function sign(x: usize, out: usize, n: usize): void {
  for (let fours = n >> 2; fours > 0; fours--, x += 16, out += 16) v128.store(out, signs(v128.load(x)));
  for (let rest = n & 3; rest > 0; rest--, x += 4, out += 4) {
    v128.store_lane<f32>(out, signs(v128.load32_splat(x)), 0);
  }
}

/** The signs of four numbers. In a lane where a comparison holds, its result is the integer -1. */
@inline
function signs(x: v128): v128 {
  const zero = f32x4.splat(0);
  return f32x4.convert_i32x4_s(i32x4.sub(f32x4.lt(x, zero), f32x4.gt(x, zero)));
}

// The operations of `pairs`.
const MAXIMUM = 0;
const MINIMUM = 1;
const PRELU = 2;

/**
 * The maximum or the minimum of `a` and `b`, which is NaN if either is NaN, or the PReLU of `a` with the slope `b`,
 * which is `a b` where `a` is negative and `a` elsewhere.
 */
@inline
function paired(operation: i32, a: v128, b: v128): v128 {
  if (operation == MAXIMUM) return f32x4.max(a, b);
  if (operation == MINIMUM) return f32x4.min(a, b);
  return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, f32x4.splat(0)));
}

/**
 * Applies an operation to `n` pairs of numbers from `a` and `b`. `nextA` and `nextB` are the bytes from one number to
 * the next: 4, or 0 if a single number is paired with all numbers of the other side.
 */
export function pairs(operation: i32, a: usize, nextA: usize, b: usize, nextB: usize, out: usize, n: usize): void {
  if (operation == MAXIMUM) row(MAXIMUM, a, nextA, b, nextB, out, n);
  else if (operation == MINIMUM) row(MINIMUM, a, nextA, b, nextB, out, n);
  else row(PRELU, a, nextA, b, nextB, out, n);
}

@inline
function row(operation: i32, a: usize, nextA: usize, b: usize, nextB: usize, out: usize, n: usize): void {
  let rest = n;
  if (nextA == 4 && nextB == 4) {
    for (; rest >= 8; rest -= 8, a += 32, b += 32, out += 32) {
      v128.store(out, paired(operation, v128.load(a), v128.load(b)));
      v128.store(out, paired(operation, v128.load(a, 16), v128.load(b, 16)), 16);
    }
  } else if (nextA == 4) {
    const v = v128.load32_splat(b);
    for (; rest >= 4; rest -= 4, a += 16, out += 16) v128.store(out, paired(operation, v128.load(a), v));
  } else {
    const u = v128.load32_splat(a);
    for (; rest >= 4; rest -= 4, b += 16, out += 16) v128.store(out, paired(operation, u, v128.load(b)));
  }
  for (; rest > 0; rest--, a += nextA, b += nextB, out += 4) {
    v128.store_lane<f32>(out, paired(operation, v128.load32_splat(a), v128.load32_splat(b)), 0);
  }
}

/**
 * Applies an operation to pairs of numbers from `a` and `b`, which are broadcast to a common shape.
 *
 * @param axes Three integers for each of `rank` axes: its size, and the bytes from one number to the next along this
 * axis of `a` and of `b`. For the last axis, these are as in {@link pairs}.
 * @returns The address after the last result.
 */
export function broadcast(operation: i32, a: usize, b: usize, out: usize, axes: usize, rank: i32): usize {
  const size = load<usize>(axes), nextA = load<usize>(axes, 4), nextB = load<usize>(axes, 8);
  if (rank == 1) {
    pairs(operation, a, nextA, b, nextB, out, size);
    return out + (size << 2);
  }
  for (let i: usize = 0; i < size; i++) {
    out = broadcast(operation, a, b, out, axes + 12, rank - 1);
    a += nextA;
    b += nextB;
  }
  return out;
}
