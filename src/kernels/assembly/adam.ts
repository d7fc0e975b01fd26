/** The update step of the Adam optimiser. */
import { total } from "./simd";

/**
 * Performs one step of Adam for `n` numbers: reads them from `x`, writes the updated ones to `out`, and updates the
 * moments `m` and `v` in place. `correction1` is 1 - β₁ᵗ, and `correction2` is 1 - β₂ᵗ. The results equal those of tfjs
 * except for the last bits. The function writes 0 to `finite`, or NaN if any number of `out` is not finite.
 */
export function adam(
  x: usize, out: usize, m: usize, v: usize, g: usize, finite: usize, n: i32, rate: f32, beta1: f32, beta2: f32,
  correction1: f32, correction2: f32, epsilon: f32,
): void {
  const none = f32x4.splat(0);
  // 0 times a finite number is 0, and 0 times any other is NaN. A sum with a NaN among its terms is NaN.
  let zeros = none;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = i << 2;
    const slope = v128.load(g + at);
    const mean = f32x4.add(f32x4.mul(v128.load(m + at), f32x4.splat(beta1)), f32x4.mul(slope, f32x4.splat(1 - beta1)));
    const square = f32x4.mul(slope, slope);
    const spread = f32x4.add(f32x4.mul(v128.load(v + at), f32x4.splat(beta2)), f32x4.mul(square, f32x4.splat(1 - beta2)));
    v128.store(m + at, mean);
    v128.store(v + at, spread);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(spread, f32x4.splat(correction2))), f32x4.splat(epsilon));
    const step = f32x4.mul(f32x4.div(f32x4.div(mean, f32x4.splat(correction1)), root), f32x4.splat(-rate));
    const moved = f32x4.add(v128.load(x + at), step);
    v128.store(out + at, moved);
    zeros = f32x4.add(zeros, f32x4.mul(moved, none));
  }
  let zero = total(zeros);
  for (; i < n; i++) {
    const at = i << 2;
    const slope = load<f32>(g + at);
    const mean = load<f32>(m + at) * beta1 + slope * (1 - beta1);
    const spread = load<f32>(v + at) * beta2 + slope * slope * (1 - beta2);
    store<f32>(m + at, mean);
    store<f32>(v + at, spread);
    const root = sqrt<f32>(spread / correction2) + epsilon;
    const moved = load<f32>(x + at) + mean / correction1 / root * -rate;
    store<f32>(out + at, moved);
    zero += moved * 0;
  }
  store<f32>(finite, zero);
}
