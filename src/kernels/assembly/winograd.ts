/**
 * The maps of `../winograd.ts` along one axis, and their transposes. All of their factors are 0, 1 or -1.
 *
 * An array here has the shape `[outer, n, …]`. Each of the `n` elements along the axis has `size` bytes, a multiple of
 * 16. Every two outputs y₀ and y₁ along the axis make a tile. If the number of outputs is odd, the last y₀ makes half a
 * tile.
 */

@inline
function get(address: usize): v128 {
  return v128.load(address);
}

@inline
function put(address: usize, x: v128): void {
  v128.store(address, x);
}

/**
 * X: maps the even pixels e and the odd pixels o of `[outer, 2n, …]` to e₀ - e₁, o₀, e₁, o₁ and e₁ - e₂ for each tile,
 * and to e₀ and o₀ for half a tile.
 */
export function expand(x: usize, outer: i32, n: i32, size: i32, out: usize): void {
  for (; outer > 0; outer--) {
    for (let y = 0; y + 1 < n; y += 2) {
      const e0 = x, o0 = x + size, e1 = o0 + size, o1 = e1 + size, e2 = o1 + size;
      const p0 = out, p1 = out + size, p2 = p1 + size, p3 = p2 + size, p4 = p3 + size;
      const last = y + 2 == n; // e₂ of the last tile lies beyond the image and is zero
      for (let j: usize = 0; j < <usize> size; j += 16) {
        const middle = get(e1 + j);
        put(p0 + j, f32x4.sub(get(e0 + j), middle));
        put(p1 + j, get(o0 + j));
        put(p2 + j, middle);
        put(p3 + j, get(o1 + j));
        put(p4 + j, last ? middle : f32x4.sub(middle, get(e2 + j)));
      }
      x = e2;
      out = p4 + size;
    }
    if (n & 1) {
      memory.copy(out, x, 2 * size);
      x += 2 * size;
      out += 2 * size;
    }
  }
}

/**
 * Xᵀ: maps p₀, p₁, p₂, p₃ and p₄ of each tile to the pixels p₀ - p₄ of the previous tile, p₁, p₂ - p₀ + p₄ and p₃. Half
 * a tile gives only the first two.
 */
export function contract(p: usize, outer: i32, n: i32, size: i32, out: usize): void {
  for (; outer > 0; outer--) {
    let before: usize = 0;
    for (let y = 0; y < n; y += 2) {
      const p0 = p, p1 = p + size, p2 = p1 + size, p3 = p2 + size, p4 = p3 + size;
      const x0 = out, x1 = out + size, x2 = x1 + size, x3 = x2 + size;
      if (before) {
        for (let j: usize = 0; j < <usize> size; j += 16) put(x0 + j, f32x4.sub(get(p0 + j), get(before + j)));
      } else memory.copy(x0, p0, size);
      memory.copy(x1, p1, size);
      if (y + 1 < n) {
        for (let j: usize = 0; j < <usize> size; j += 16) {
          put(x2 + j, f32x4.add(f32x4.sub(get(p2 + j), get(p0 + j)), get(p4 + j)));
        }
        memory.copy(x3, p3, size);
        p = p4 + size;
        out = x3 + size;
      } else {
        p = p2;
        out = x2;
      }
      before = p4;
    }
  }
}

/** T: maps y₀ and y₁ of each tile to y₀, y₀ + y₁ and y₁, each in its own array. Half a tile gives only y₀. */
export function split(y: usize, outer: i32, n: i32, size: i32, a: usize, b: usize, c: usize): void {
  for (; outer > 0; outer--) {
    for (let i = 0; i + 1 < n; i += 2) {
      const next = y + size;
      for (let j: usize = 0; j < <usize> size; j += 16) {
        const y0 = get(y + j), y1 = get(next + j);
        put(a + j, y0);
        put(b + j, f32x4.add(y0, y1));
        put(c + j, y1);
      }
      y = next + size;
      a += size;
      b += size;
      c += size;
    }
    if (n & 1) {
      memory.copy(a, y, size);
      y += size;
      a += size;
    }
  }
}

/** Tᵀ: maps three arrays a, b and c to a + b and b + c for each tile. Half a tile gives only a. */
export function merge(a: usize, b: usize, c: usize, outer: i32, n: i32, size: i32, out: usize): void {
  for (; outer > 0; outer--) {
    for (let i = 0; i + 1 < n; i += 2) {
      const next = out + size;
      for (let j: usize = 0; j < <usize> size; j += 16) {
        const middle = get(b + j);
        put(out + j, f32x4.add(get(a + j), middle));
        put(next + j, f32x4.add(middle, get(c + j)));
      }
      out = next + size;
      a += size;
      b += size;
      c += size;
    }
    if (n & 1) {
      memory.copy(out, a, size);
      out += size;
      a += size;
    }
  }
}

/** W: maps w₀, w₁ and w₂ to w₀, w₁, w₀ + w₂, w₁ and -w₂. */
export function widen(w: usize, outer: i32, size: i32, out: usize): void {
  for (; outer > 0; outer--) {
    const w1 = w + size, w2 = w1 + size;
    for (let j: usize = 0; j < <usize> size; j += 16) {
      const first = get(w + j), middle = get(w1 + j), last = get(w2 + j);
      const to = out + j;
      put(to, first);
      put(to + size, middle);
      put(to + 2 * size, f32x4.add(first, last));
      put(to + 3 * size, middle);
      put(to + 4 * size, f32x4.neg(last));
    }
    w = w2 + size;
    out += 5 * size;
  }
}

/** Wᵀ: maps g₀, g₁, g₂, g₃ and g₄ to g₀ + g₂, g₁ + g₃ and g₂ - g₄. */
export function narrow(g: usize, outer: i32, size: i32, out: usize): void {
  for (; outer > 0; outer--) {
    for (let j: usize = 0; j < <usize> size; j += 16) {
      const from = g + j, to = out + j;
      const g2 = get(from + 2 * size);
      put(to, f32x4.add(get(from), g2));
      put(to + size, f32x4.add(get(from + size), get(from + 3 * size)));
      put(to + 2 * size, f32x4.sub(g2, get(from + 4 * size)));
    }
    g += 5 * size;
    out += 3 * size;
  }
}
