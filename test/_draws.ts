/**
 * Whether the samplers draw what they say, tested on many draws.
 *
 * @module
 */
import { assertLess } from "@std/assert";
import { random } from "../src/random.ts";
import references from "./references.json" with { type: "json" };

const NORMAL_CDF = references.normalCdf.split(" ").map(Number); // Φ from -6 to 6 in steps of 1/16

/**
 * Asserts that draws follow a distribution whose function is known at rising points: that Kolmogorov and Smirnov's
 * distance, times √n, is below 2.3, which it exceeds once in 20,000 times.
 */
function assertFollows(draws: Float64Array, points: number[], cdf: number[], what: string): void {
  const sorted = draws.toSorted();
  let below = 0, farthest = 0;
  for (const [i, point] of points.entries()) {
    while (below < sorted.length && sorted[below] <= point) below++;
    farthest = Math.max(farthest, Math.abs(below / sorted.length - cdf[i]));
  }
  assertLess(farthest * Math.sqrt(sorted.length), 2.3, what);
}

/** The mean of x^k under N(0, 1). */
const moment = (k: number): number => k === 0 ? 1 : k % 2 ? 0 : (k - 1) * moment(k - 2);

/**
 * Asserts that normals follow Φ, also those drawn first and second in their pairs; that as many lie in the tails as
 * should, and that the first eight moments are those of N(0, 1), within four standard errors.
 */
export function assertNormal(seed: number, count: number): void {
  const draws = Float64Array.from({ length: count }, random(seed).gaussian);
  const points = NORMAL_CDF.map((_, i) => i / 16 - 6);
  assertFollows(draws, points, NORMAL_CDF, `seed ${seed}`);
  for (const rest of [0, 1]) assertFollows(draws.filter((_, i) => i % 2 === rest), points, NORMAL_CDF, `half ${rest}`);

  const sums = new Float64Array(9), tails = [3, 3.5, 4, 4.5].map((from) => ({ from, above: 0, below: 0 }));
  for (const x of draws) {
    for (let k = 1, power = x; k <= 8; k++, power *= x) sums[k] += power;
    for (const tail of tails) {
      if (x > tail.from) tail.above++;
      if (x < -tail.from) tail.below++;
    }
  }
  for (let k = 1; k <= 8; k++) {
    const error = Math.sqrt((moment(2 * k) - moment(k) ** 2) / count);
    assertLess(Math.abs(sums[k] / count - moment(k)), 4 * error, `seed ${seed}, moment ${k}`);
  }
  for (const { from, above, below } of tails) {
    const expected = count * NORMAL_CDF[points.indexOf(-from)];
    for (const found of [above, below]) {
      assertLess(Math.abs(found - expected), 4 * Math.sqrt(expected), `seed ${seed}, beyond ${from}`);
    }
  }
}

/** Asserts that uniforms follow the uniform distribution. */
export function assertUniform(seed: number, count: number): void {
  const draws = Float64Array.from({ length: count }, random(seed).uniform);
  const points = Array.from({ length: 1001 }, (_, i) => i / 1000);
  assertFollows(draws, points, points, `seed ${seed}`);
}
