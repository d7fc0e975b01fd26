/**
 * Pooling and its gradients, for images with the channels last.
 *
 * A table describes the windows of an image's `P` output pixels. It holds four integers for each window: the index of
 * the window's first pixel inside the image, and the numbers of planes, rows and columns of the window that lie inside
 * the image. An image has `pixels` pixels, a plane has `plane`, and a row has `row`.
 */

/** Loads four channels, or with `one` only the first channel, and zeros in the other lanes. */
@inline
function channels(at: usize, one: bool): v128 {
  return one ? v128.load32_zero(at) : v128.load(at);
}

/** Stores what {@link channels} loads. */
@inline
function store(at: usize, x: v128, one: bool): void {
  if (one) v128.store_lane<f32>(at, x, 0);
  else v128.store(at, x);
}

/** The sum, or the maximum of the two numbers, which ignores a NaN in `x`. */
@inline
function joined(largest: bool, sum: v128, x: v128): v128 {
  return largest ? f32x4.pmax(sum, x) : f32x4.add(sum, x);
}

/**
 * The number of pixels that are added directly. Kahan summation adds sums of so many pixels, so that the rounding error
 * does not grow.
 */
const STRETCH = 128;

/** The sum of four channels or one over a window of any size, divided by `divisor`. */
@inline
function meanOf(
  one: bool, from: usize, to: usize, planes: i32, rows: i32, columns: i32, planeBytes: usize, rowBytes: usize,
  pixelBytes: usize, divisor: v128,
): void {
  let all = f32x4.splat(0), some = f32x4.splat(0), lost = f32x4.splat(0);
  let n = 0;
  for (let i = 0; i < planes; i++) {
    let line = from;
    for (let j = 0; j < rows; j++) {
      let at = line;
      for (let k = 0; k < columns; k++) {
        some = f32x4.add(some, channels(at, one));
        at += pixelBytes;
        if (++n == STRETCH) {
          some = f32x4.sub(some, lost);
          const sum = f32x4.add(all, some);
          lost = f32x4.sub(f32x4.sub(sum, all), some);
          all = sum;
          some = f32x4.splat(0);
          n = 0;
        }
      }
      line += rowBytes;
    }
    from += planeBytes;
  }
  store(to, f32x4.div(f32x4.add(all, f32x4.sub(some, lost)), divisor), one);
}

/**
 * The maximum over a window, or the sum over a window of at most `STRETCH` pixels, divided by `divisor`. It works on
 * `width` channels: 16, 4 or 1.
 */
@inline
function over(
  largest: bool, width: i32, from: usize, to: usize, planes: i32, rows: i32, columns: i32, planeBytes: usize,
  rowBytes: usize, pixelBytes: usize, divisor: v128,
): void {
  const one = width == 1;
  let a = f32x4.splat(largest ? -Infinity : 0), b = a, c = a, d = a;
  for (let i = 0; i < planes; i++) {
    let line = from;
    for (let j = 0; j < rows; j++) {
      let at = line;
      for (let k = 0; k < columns; k++) {
        a = joined(largest, a, channels(at, one));
        if (width == 16) {
          b = joined(largest, b, v128.load(at, 16));
          c = joined(largest, c, v128.load(at, 32));
          d = joined(largest, d, v128.load(at, 48));
        }
        at += pixelBytes;
      }
      line += rowBytes;
    }
    from += planeBytes;
  }
  store(to, largest ? a : f32x4.div(a, divisor), one);
  if (width == 16) {
    v128.store(to, largest ? b : f32x4.div(b, divisor), 16);
    v128.store(to, largest ? c : f32x4.div(c, divisor), 32);
    v128.store(to, largest ? d : f32x4.div(d, divisor), 48);
  }
}

/** The same as {@link over}, but for four channels or one and for a window of any size. */
@inline
function any(
  largest: bool, one: bool, from: usize, to: usize, planes: i32, rows: i32, columns: i32, planeBytes: usize,
  rowBytes: usize, pixelBytes: usize, divisor: v128,
): void {
  if (!largest) meanOf(one, from, to, planes, rows, columns, planeBytes, rowBytes, pixelBytes, divisor);
  else over(true, one ? 1 : 4, from, to, planes, rows, columns, planeBytes, rowBytes, pixelBytes, divisor);
}

/**
 * The maximum over each window, or the sum over each window divided by its number of pixels. This divisor is limited to
 * the range from `least` to `most`.
 */
@inline
function pool(
  largest: bool, x: usize, y: usize, windows: usize, B: i32, P: i32, C: i32, pixels: i32, plane: i32, row: i32,
  least: f32, most: f32,
): void {
  const pixelBytes: usize = C << 2;
  const rowBytes = row * pixelBytes, planeBytes = plane * pixelBytes;
  const xEnd = x + B * pixels * pixelBytes, yEnd = y + B * P * pixelBytes;
  for (let b = 0; b < B; b++) {
    let window = windows;
    for (let p = 0; p < P; p++) {
      let from = x + load<u32>(window) * pixelBytes;
      const planes = load<i32>(window, 4), rows = load<i32>(window, 8), columns = load<i32>(window, 12);
      const seen = planes * rows * columns;
      const divisor = f32x4.splat(min(max(<f32> seen, least), most));
      const end = y + pixelBytes;
      // Fewer than four channels are processed as four if the loads and stores stay inside `x` and `y`. The stores then
      // reach into the next output pixel, which is computed later.
      const reach = (planes - 1) * planeBytes + (rows - 1) * rowBytes + (columns - 1) * pixelBytes + 16;
      for (; y + 64 <= end && (largest || seen <= STRETCH); y += 64) {
        over(largest, 16, from, y, planes, rows, columns, planeBytes, rowBytes, pixelBytes, divisor);
        from += 64;
      }
      while (y < end) {
        let back: usize = 0;
        if (y + 16 > end) {
          if (C >= 4) back = y + 16 - end; // the last four channels, some of them a second time
          else if (from + reach > xEnd || y + 16 > yEnd) {
            any(largest, true, from, y, planes, rows, columns, planeBytes, rowBytes, pixelBytes, divisor);
            from += 4;
            y += 4;
            continue;
          }
        }
        any(largest, false, from - back, y - back, planes, rows, columns, planeBytes, rowBytes, pixelBytes, divisor);
        from += 16;
        y += 16 - back;
      }
      y = end;
      window += 16;
    }
    x += pixels * pixelBytes;
  }
}

/**
 * The maximum over each window of `x` `[B, pixels, C]`, to `y` `[B, P, C]`. NaN is ignored, and a window without
 * numbers gives -∞.
 */
export function maxPool(
  x: usize, y: usize, windows: usize, B: i32, P: i32, C: i32, pixels: i32, plane: i32, row: i32,
): void {
  pool(true, x, y, windows, B, P, C, pixels, plane, row, 1, 1);
}

/**
 * The sum over each window of `x` `[B, pixels, C]`, divided by its number of pixels, to `y` `[B, P, C]`. The divisor is
 * limited to the range from `least` to `most`.
 */
export function averagePool(
  x: usize, y: usize, windows: usize, B: i32, P: i32, C: i32, pixels: i32, plane: i32, row: i32, least: f32, most: f32,
): void {
  pool(false, x, y, windows, B, P, C, pixels, plane, row, least, most);
}

/**
 * For each channel, the index of the image's pixel with the largest number of a window, or -1 if there is none. Among
 * equal numbers it is the last if all bits of `ties` are 1, and the first if they are 0. The window begins at the
 * address `from` with the pixel `first`.
 */
@inline
function place(
  one: bool, from: usize, first: i32, planes: i32, rows: i32, columns: i32, plane: i32, row: i32, pixelBytes: usize,
  ties: v128,
): v128 {
  let best = f32x4.splat(-Infinity);
  let found = i32x4.splat(-1);
  for (let i = 0; i < planes; i++) {
    let line = from;
    let n = first;
    for (let j = 0; j < rows; j++) {
      let at = line;
      for (let k = 0; k < columns; k++) {
        const x = channels(at, one);
        const better = v128.or(f32x4.gt(x, best), v128.and(f32x4.eq(x, best), ties));
        best = v128.bitselect(x, best, better);
        found = v128.bitselect(i32x4.splat(n + k), found, better);
        at += pixelBytes;
      }
      line += row * pixelBytes;
      n += row;
    }
    from += plane * pixelBytes;
    first += plane;
  }
  return found;
}

/**
 * Adds `dy` to those pixels of a window whose indices are in `found`, or to all of its pixels if every bit of `all`
 * is 1.
 */
@inline
function share(
  one: bool, dy: v128, found: v128, all: v128, to: usize, first: i32, planes: i32, rows: i32, columns: i32, plane: i32,
  row: i32, pixelBytes: usize,
): void {
  for (let i = 0; i < planes; i++) {
    let line = to;
    let n = first;
    for (let j = 0; j < rows; j++) {
      let at = line;
      for (let k = 0; k < columns; k++) {
        const chosen = v128.or(i32x4.eq(found, i32x4.splat(n + k)), all);
        store(at, f32x4.add(channels(at, one), v128.and(dy, chosen)), one);
        at += pixelBytes;
      }
      line += row * pixelBytes;
      n += row;
    }
    to += plane * pixelBytes;
    first += plane;
  }
}

/**
 * What {@link visit} does with a window: it notes the place of the largest number, adds the gradient of the output to
 * that number, or shares the gradient among all pixels.
 */
const NOTE = 0, TO_LARGEST = 1, TO_ALL = 2;

/**
 * Processes four channels of a window, or one channel, from channel `c` on. The window begins with the pixel `first`.
 */
@inline
function visit(
  what: i32, one: bool, x: usize, dy: usize, out: usize, first: i32, planes: i32, rows: i32, columns: i32, plane: i32,
  row: i32, c: i32, C: i32, ties: v128, before: i32,
): void {
  const pixelBytes: usize = C << 2;
  const offset = (first * C + c) << 2;
  let found = i32x4.splat(-1);
  if (what != TO_ALL) found = place(one, x + offset, first, planes, rows, columns, plane, row, pixelBytes, ties);
  if (what == NOTE) {
    const number = i32x4.add(i32x4.mul(found, i32x4.splat(C)), i32x4.add(i32x4.splat(before + c), i32x4(0, 1, 2, 3)));
    store(out, v128.bitselect(number, found, i32x4.ge_s(found, i32x4.splat(0))), one);
    return;
  }
  const all = i32x4.splat(what == TO_ALL ? -1 : 0);
  const divisor: f32 = what == TO_ALL ? <f32> (planes * rows * columns) : 1;
  const part = f32x4.div(channels(dy, one), f32x4.splat(divisor));
  share(one, part, found, all, out + offset, first, planes, rows, columns, plane, row, pixelBytes);
}

/** Visits every window of every image. */
function each(
  what: i32, x: usize, dy: usize, out: usize, windows: usize, B: i32, P: i32, C: i32, pixels: i32, plane: i32, row: i32,
  last: bool, before: i32,
): void {
  const bytes = (pixels * C) << 2;
  const ties = i32x4.splat(last ? -1 : 0);
  if (what != NOTE) memory.fill(out, 0, B * bytes);
  for (let b = 0; b < B; b++) {
    let window = windows;
    for (let p = 0; p < P; p++) {
      const first = load<i32>(window);
      const planes = load<i32>(window, 4), rows = load<i32>(window, 8), columns = load<i32>(window, 12);
      for (let c = 0; c < C;) {
        const one = c + 4 > C;
        if (one) visit(what, true, x, dy, out, first, planes, rows, columns, plane, row, c, C, ties, before * b);
        else visit(what, false, x, dy, out, first, planes, rows, columns, plane, row, c, C, ties, before * b);
        const width = one ? 4 : 16;
        c += width >> 2;
        if (what == NOTE) out += width;
        else dy += width;
      }
      window += 16;
    }
    x += bytes;
    if (what != NOTE) out += bytes;
  }
}

/**
 * The gradient of {@link maxPool}: adds each output's gradient in `dy` `[B, P, C]` to the largest number of its window.
 * Among equal numbers, the first receives the gradient, or with `last` the last.
 */
export function maxPoolGradient(
  x: usize, dy: usize, dx: usize, windows: usize, B: i32, P: i32, C: i32, pixels: i32, plane: i32, row: i32, last: bool,
): void {
  each(TO_LARGEST, x, dy, dx, windows, B, P, C, pixels, plane, row, last, 0);
}

/**
 * The gradient of the mean over each window: shares each output's gradient in `dy` `[B, P, C]` equally among the pixels
 * of its window.
 */
export function averagePoolGradient(
  dy: usize, dx: usize, windows: usize, B: i32, P: i32, C: i32, pixels: i32, plane: i32, row: i32,
): void {
  each(TO_ALL, 0, dy, dx, windows, B, P, C, pixels, plane, row, false, 0);
}

/**
 * The places in `x` of the numbers that {@link maxPool} finds, as int32 `[B, P, C]`, or -1 if a window has none. A
 * place is an index from the beginning of the image, or with `batch` from the beginning of the first image.
 */
export function maxPoolPlaces(
  x: usize, places: usize, windows: usize, B: i32, P: i32, C: i32, pixels: i32, plane: i32, row: i32, batch: bool,
): void {
  each(NOTE, x, 0, places, windows, B, P, C, pixels, plane, row, false, batch ? pixels * C : 0);
}
