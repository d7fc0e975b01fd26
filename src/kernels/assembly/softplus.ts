/** The softplus function. */
import { madd } from "./simd";

/**
 * log(1 + eˣ) of four numbers, computed as max(x, 0) + log(1 + t) with t = e^-|x|. Each is accurate to a few units in
 * the last place.
 */
@inline
function softened(x: v128): v128 {
  const one = f32x4.splat(1);
  // t = 2ⁿ eʳ, where |r| is at most log(2) / 2. A polynomial gives eʳ, and the exponent bits give 2ⁿ. 2ⁿ is the product
  // of two factors, so that t may be subnormal. -|x| is limited to -104, where t rounds to zero.
  const z = f32x4.max(f32x4.neg(f32x4.abs(x)), f32x4.splat(-104));
  const n = f32x4.nearest(f32x4.mul(z, f32x4.splat(1.44269504)));
  const r = f32x4.sub(f32x4.sub(z, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let e = madd(r, f32x4.splat(1.0 / 5040), f32x4.splat(1.0 / 720));
  e = madd(r, e, f32x4.splat(1.0 / 120));
  e = madd(r, e, f32x4.splat(1.0 / 24));
  e = madd(r, e, f32x4.splat(1.0 / 6));
  e = madd(r, e, f32x4.splat(0.5));
  e = madd(r, e, one);
  e = madd(r, e, one);
  const power = i32x4.trunc_sat_f32x4_s(n), half = i32x4.shr_s(power, 1);
  const t = f32x4.mul(f32x4.mul(e, two(half)), two(i32x4.sub(power, half)));
  // log(1 + t) = 2 artanh(s / 2) with s = 2 t / (2 + t), which is at most 2 / 3.
  const s = f32x4.div(f32x4.add(t, t), f32x4.add(t, f32x4.splat(2)));
  const q = f32x4.mul(f32x4.mul(s, s), f32x4.splat(0.25));
  let a = madd(q, f32x4.splat(1.0 / 13), f32x4.splat(1.0 / 11));
  a = madd(q, a, f32x4.splat(1.0 / 9));
  a = madd(q, a, f32x4.splat(1.0 / 7));
  a = madd(q, a, f32x4.splat(1.0 / 5));
  a = madd(q, a, f32x4.splat(1.0 / 3));
  a = madd(q, a, one);
  return madd(s, a, f32x4.max(x, f32x4.splat(0)));
}

/** 2ⁿ for four integers n from -126 to 127. */
@inline
function two(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** log(1 + eˣ) of `n` numbers. */
export function softplus(x: usize, out: usize, n: i32): void {
  const end = x + (n << 2);
  for (; x + 16 <= end; x += 16) {
    v128.store(out, softened(v128.load(x)));
    out += 16;
  }
  for (; x < end; x += 4) {
    v128.store_lane<f32>(out, softened(v128.load32_splat(x)), 0);
    out += 4;
  }
}
