/** Sums of many numbers. */

/**
 * The sums of the columns of `x` `[m, n]`, `[n]`, over a divisor; added in stretches of 128 rows, so that rounding grows
 * slowly with `m`.
 */
export function sums(x: usize, m: i32, n: i32, out: usize, divisor: f32): void {
  memory.fill(out, 0, n << 2);
  for (let first = 0; first < m; first += 128) {
    const some = min(128, m - first);
    const from = x + ((first * n) << 2);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      let sum = f32x4.splat(0);
      let p = from + (j << 2);
      for (let i = 0; i < some; i++) {
        sum = f32x4.add(sum, v128.load(p));
        p += n << 2;
      }
      const q = out + (j << 2);
      v128.store(q, f32x4.add(v128.load(q), sum));
    }
    for (; j < n; j++) {
      let sum: f32 = 0;
      let p = from + (j << 2);
      for (let i = 0; i < some; i++) {
        sum += load<f32>(p);
        p += n << 2;
      }
      const q = out + (j << 2);
      store<f32>(q, load<f32>(q) + sum);
    }
  }
  for (let j = 0; j < n; j++) store<f32>(out + (j << 2), load<f32>(out + (j << 2)) / divisor);
}
