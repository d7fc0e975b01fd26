/** The function log(1 + x). */
import { madd } from "./simd";

/** log(1 + x) of four numbers. Each is accurate to a few units in the last place, even where 1 + x rounds to 1. */
@inline
function logarithm(x: v128): v128 {
  const one = f32x4.splat(1);
  const u = f32x4.add(one, x);
  // u = 2ᵏ (1 + f), where 1 + f lies between √½ and √2. Where k is 0, f is x itself. Elsewhere the rounding error of u
  // is too small to matter.
  const k = i32x4.shr_s(i32x4.sub(u, i32x4.splat(0x3f3504f3)), 23);
  const f = v128.bitselect(x, f32x4.sub(i32x4.sub(u, i32x4.shl(k, 23)), one), i32x4.eq(k, i32x4.splat(0)));
  // log(1 + f) = 2 artanh(s / 2) with s = 2 f / (2 + f).
  const s = f32x4.div(f32x4.add(f, f), f32x4.add(f, f32x4.splat(2)));
  const q = f32x4.mul(f32x4.mul(s, s), f32x4.splat(0.25));
  let a = madd(q, f32x4.splat(1.0 / 9), f32x4.splat(1.0 / 7));
  a = madd(q, a, f32x4.splat(1.0 / 5));
  a = madd(q, a, f32x4.splat(1.0 / 3));
  const n = f32x4.convert_i32x4_s(k);
  const small = f32x4.mul(n, f32x4.splat(-2.12194440e-4));
  const y = f32x4.add(f32x4.mul(n, f32x4.splat(0.693359375)), f32x4.add(s, madd(f32x4.mul(s, q), a, small)));
  // The result is -∞ at -1 and NaN below. ∞ and NaN stay as they are.
  const within = v128.and(f32x4.gt(u, f32x4.splat(0)), f32x4.lt(u, f32x4.splat(Infinity)));
  const below = v128.bitselect(f32x4.splat(-Infinity), f32x4.splat(NaN), f32x4.eq(u, f32x4.splat(0)));
  return v128.bitselect(y, v128.bitselect(x, below, v128.not(f32x4.le(u, f32x4.splat(0)))), within);
}

/** log(1 + x) of `n` numbers. */
export function log1p(x: usize, out: usize, n: usize): void {
  for (let fours = n >> 2; fours > 0; fours--, x += 16, out += 16) v128.store(out, logarithm(v128.load(x)));
  for (let rest = n & 3; rest > 0; rest--, x += 4, out += 4) {
    v128.store_lane<f32>(out, logarithm(v128.load32_splat(x)), 0);
  }
}
