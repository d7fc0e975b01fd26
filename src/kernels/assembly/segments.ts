/** Sums of the rows of each segment. */

/**
 * Adds each of the `m` rows of `x` `[m, n]` to the row of `sums` whose index is its id, an int32 in `ids`. `sums` has
 * `segments` rows, and rows of `x` whose id is not the index of one of them are skipped. With `double`, `sums` holds
 * float64.
 */
export function segments(x: usize, ids: usize, m: i32, n: usize, sums: usize, segments: u32, double: bool): void {
  for (let i = 0; i < m; i++, x += n << 2) {
    const id = load<u32>(ids + (i << 2)); // a negative id becomes larger than any valid one
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
