/** Sums of rows by segment. */

/**
 * Adds each of `m` rows of `x` `[m, n]` to the row of `sums` that its id, an int32, names; ids that name none of the `segments` rows
 * are passed over. With `double`, `sums` is of float64.
 */
export function segments(x: usize, ids: usize, m: i32, n: usize, sums: usize, segments: u32, double: bool): void {
  for (let i = 0; i < m; i++, x += n << 2) {
    const id = load<u32>(ids + (i << 2)); // a negative one is larger than any
    if (id >= segments) continue;
    let to = sums + ((<usize> id * n) << (double ? 3 : 2));
    const end = x + (n << 2);
    let from = x;
    if (double) {
      for (; from < end; from += 4, to += 8) store<f64>(to, load<f64>(to) + load<f32>(from));
      continue;
    }
    for (let fours = n >> 2; fours > 0; fours--, from += 16, to += 16) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    }
    for (; from < end; from += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
  }
}

/** Rounds `n` numbers of float64 to float32. */
export function round(x: usize, n: usize, out: usize): void {
  for (; n > 0; n--, x += 8, out += 4) store<f32>(out, <f32> load<f64>(x));
}
