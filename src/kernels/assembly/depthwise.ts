/**
 * Depthwise convolutions, which filter every channel by itself.
 *
 * The convolution and its gradients work on four channels at a time, so their number of channels is a multiple of four.
 * {@link repeat} and {@link fold} convert other numbers of channels to such multiples and back.
 *
 * Along an axis, output `i` and tap `k` of the filter meet at input `start + i step + k tapStep`. The functions skip
 * inputs outside the image, so no infinite number is multiplied by a padding zero, which would give NaN.
 */
import { madd } from "./simd";

/** The smallest index `k >= 0` with `start + k step >= 0`, where `step` is positive. */
@inline
function least(start: i32, step: i32): i32 {
  return start < 0 ? (step - 1 - start) / step : 0;
}

/** The number of indices `k`, from 0 up to `most - 1`, with `start + k step < size`. */
@inline
function below(start: i32, step: i32, size: i32, most: i32): i32 {
  return start < size ? min(most, (size - start + step - 1) / step) : 0;
}

/**
 * Convolves four channels of four output pixels. Their windows begin `apart` bytes apart, and their results lie
 * `outApart` bytes apart.
 */
@inline
function four(
  x: usize, apart: i32, down: i32, right: i32, tall: i32, wide: i32, w: usize, wDown: i32, wRight: i32, start: v128,
  floor: v128, out: usize, outApart: i32,
): void {
  let a = start, b = start, c = start, d = start;
  for (let k = 0; k < tall; k++) {
    let p = x + k * down;
    let q = w + k * wDown;
    for (let l = 0; l < wide; l++) {
      const u = v128.load(q);
      a = madd(v128.load(p), u, a);
      b = madd(v128.load(p + apart), u, b);
      c = madd(v128.load(p + 2 * apart), u, c);
      d = madd(v128.load(p + 3 * apart), u, d);
      p += right;
      q += wRight;
    }
  }
  v128.store(out, f32x4.max(a, floor));
  v128.store(out + outApart, f32x4.max(b, floor));
  v128.store(out + 2 * outApart, f32x4.max(c, floor));
  v128.store(out + 3 * outApart, f32x4.max(d, floor));
}

/** Convolves four channels of one output pixel, or eight with `eight`. */
@inline
function one(
  x: usize, down: i32, right: i32, tall: i32, wide: i32, w: usize, wDown: i32, wRight: i32, start: v128, start2: v128,
  floor: v128, out: usize, eight: bool,
): void {
  let a = start, b = start2;
  for (let k = 0; k < tall; k++) {
    let p = x + k * down;
    let q = w + k * wDown;
    for (let l = 0; l < wide; l++) {
      a = madd(v128.load(p), v128.load(q), a);
      if (eight) b = madd(v128.load(p, 16), v128.load(q, 16), b);
      p += right;
      q += wRight;
    }
  }
  v128.store(out, f32x4.max(a, floor));
  if (eight) v128.store(out, f32x4.max(b, floor), 16);
}

/**
 * Convolves an image `[H, W, n]` to `rows × columns` pixels of `n` channels, each `max(convolution + bias, floor)`.
 *
 * @param row The input row under the first tap of the first output row. The input row under the next output row lies
 * `down` rows further, and the one under the next of the `tall` taps lies `tapDown` rows further. `column`, `right`,
 * `wide` and `tapRight` have the same meaning for columns.
 * @param w The address of the `n` weights of the first tap. Those of the tap below lie `wDown` bytes further, and those
 * of the tap to the right lie `wRight` bytes further.
 * @param bias The address of `n` numbers.
 * @param out The address of the first output pixel. The pixel below lies `outDown` bytes further, and the pixel to the
 * right lies `outRight` bytes further.
 */
export function depthwise(
  x: usize, H: i32, W: i32, n: i32, rows: i32, row: i32, down: i32, tall: i32, tapDown: i32, columns: i32, column: i32,
  right: i32, wide: i32, tapRight: i32, w: usize, wDown: i32, wRight: i32, bias: usize, floor: f32, out: usize,
  outDown: i32, outRight: i32,
): void {
  const limit = f32x4.splat(floor);
  const pixel = n << 2;
  const xDown = tapDown * W * pixel;
  const xRight = tapRight * pixel;
  const apart = right * pixel;
  for (let r = 0; r < rows; r++) {
    const top = row + r * down;
    const k = least(top, tapDown);
    const high = below(top, tapDown, H, tall) - k;
    const line = x + (top + k * tapDown) * W * pixel;
    for (let c = 0; c < columns;) {
      const left = column + c * right;
      let p = line + left * pixel;
      let q = w + k * wDown;
      let b = bias;
      let to = out + r * outDown + c * outRight;
      const end = to + pixel;
      if (left >= 0 && c + 4 <= columns && left + 3 * right + (wide - 1) * tapRight < W) {
        for (; to < end; to += 16) {
          four(p, apart, xDown, xRight, high, wide, q, wDown, wRight, v128.load(b), limit, to, outRight);
          p += 16; q += 16; b += 16;
        }
        c += 4;
      } else {
        const l = least(left, tapRight);
        const across = below(left, tapRight, W, wide) - l;
        p += l * xRight;
        q += l * wRight;
        for (; to + 32 <= end; to += 32) {
          one(p, xDown, xRight, high, across, q, wDown, wRight, v128.load(b), v128.load(b, 16), limit, to, true);
          p += 32; q += 32; b += 32;
        }
        if (to < end) {
          const start = v128.load(b);
          one(p, xDown, xRight, high, across, q, wDown, wRight, start, start, limit, to, false);
        }
        c++;
      }
    }
  }
}

/**
 * The number of pixels whose products are added in single precision. Sums over so many pixels are then added in double
 * precision.
 */
const STRETCH = 64;

/**
 * Adds the filter's gradient to `out` `[tall, wide, n]`, which holds float64. The arguments are an image `[H, W, n]`
 * and the gradients `dy` of `rows × columns` pixels, whose rows lie `dyDown` bytes apart. The other parameters are
 * those of {@link depthwise}.
 */
export function depthwiseFilter(
  x: usize, H: i32, W: i32, n: i32, rows: i32, row: i32, down: i32, tall: i32, tapDown: i32, columns: i32, column: i32,
  right: i32, wide: i32, tapRight: i32, dy: usize, dyDown: i32, out: usize,
): void {
  const pixel = n << 2;
  const apart = right * pixel;
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < tall; k++) {
      const y = row + r * down + k * tapDown;
      if (y < 0 || y >= H) continue;
      for (let l = 0; l < wide; l++) {
        const left = column + l * tapRight;
        const c = least(left, right);
        const m = below(left, right, W, columns) - c;
        const from = x + (y * W + left + c * right) * pixel;
        const slope = dy + r * dyDown + c * pixel;
        let to = out + ((k * wide + l) * pixel << 1);
        for (let j = 0; j < pixel; j += 16, to += 32) {
          let p = from + j;
          let q = slope + j;
          let low = v128.load(to), high = v128.load(to, 16);
          for (let rest = m; rest > 0; rest -= STRETCH) {
            const some = min(rest, STRETCH);
            let even = f32x4.splat(0), odd = even;
            let i = 0;
            for (; i + 2 <= some; i += 2) {
              even = madd(v128.load(p), v128.load(q), even);
              odd = madd(v128.load(p + apart), v128.load(q + pixel), odd);
              p += 2 * apart;
              q += 2 * pixel;
            }
            if (i < some) even = madd(v128.load(p), v128.load(q), even);
            const sum = f32x4.add(even, odd);
            low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
            high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i64>(sum, sum, 1, 1)));
          }
          v128.store(to, low);
          v128.store(to, high, 16);
        }
      }
    }
  }
}

/**
 * Copies pixels `[m, n]` to `[m, wide]`. Each channel is repeated `times` times, and zeros fill the end of each pixel.
 */
export function repeat(x: usize, m: i32, n: i32, times: i32, out: usize, wide: i32): void {
  const behind = (wide - n * times) << 2;
  let i = 0;
  if (times == 1) { // four channels at a time, as long as no load reaches beyond the end
    const inside = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n - wide + 4));
    for (const last = x + ((m * n - wide) << 2); x <= last; x += n << 2) {
      const end = out + (wide << 2) - 16;
      for (let p = x; out < end; p += 16) {
        v128.store(out, v128.load(p));
        out += 16;
      }
      v128.store(out, v128.and(v128.load(x + (wide << 2) - 16), inside));
      out += 16;
      i++;
    }
  }
  for (; i < m; i++) {
    for (const end = x + (n << 2); x < end; x += 4) {
      const value = load<f32>(x);
      for (let j = 0; j < times; j++) {
        store<f32>(out, value);
        out += 4;
      }
    }
    for (const end = out + behind; out < end; out += 4) store<f32>(out, 0);
  }
}

/**
 * Adds up every `times` consecutive channels of pixels `[m, wide]`, and writes the sums to `[m, n]`. The channels that
 * fill the end of each pixel are skipped.
 */
export function fold(x: usize, m: i32, n: i32, times: i32, out: usize, wide: i32): void {
  const behind = (wide - n * times) << 2;
  let i = 0;
  // Copies four channels at a time, as long as no store reaches beyond the end. Where a store reaches into the next
  // pixel, that pixel's own stores overwrite it.
  if (times == 1) {
    for (const last = out + ((m * n - wide) << 2); out <= last; out += n << 2) {
      for (let j = 0; j < wide << 2; j += 16) v128.store(out + j, v128.load(x + j));
      x += wide << 2;
      i++;
    }
  }
  for (; i < m; i++) {
    for (const end = out + (n << 2); out < end; out += 4) {
      let sum: f32 = 0;
      for (let j = 0; j < times; j++) {
        sum += load<f32>(x);
        x += 4;
      }
      store<f32>(out, sum);
    }
    x += behind;
  }
}
