/** The sine and cosine functions. */

/**
 * sin(x + turns π / 2) of `n` numbers, computed in double precision.
 *
 * @returns The number of arguments beyond ±2²⁸. Their quarter turns are not counted exactly, so their results are
 * invalid.
 */
export function sine(x: usize, out: usize, n: usize, turns: i32): i32 {
  let beyond = 0;
  for (; n > 0; n--, x += 4, out += 4) {
    const angle = <f64> load<f32>(x);
    if (abs(angle) > 268435456) beyond++;
    const quarters = nearest(angle * 0.63661977236758134308);
    // π / 2 is the sum of two parts. The first has so few digits that its product with `quarters` is exact.
    const r = (angle - quarters * 1.57079631090164184570) - quarters * 1.58932547735281966916e-8;
    const q = r * r;
    const odd = 1 + q * (-1.0 / 6 + q * (1.0 / 120 + q * (-1.0 / 5040 + q * (1.0 / 362880))));
    const even = 1 + q * (-1.0 / 2 + q * (1.0 / 24 + q * (-1.0 / 720 + q * (1.0 / 40320 - q * (1.0 / 3628800)))));
    const quadrant = <i32> quarters + turns;
    const y = quadrant & 1 ? even : r * odd;
    store<f32>(out, <f32> (quadrant & 2 ? -y : y));
  }
  return beyond;
}
