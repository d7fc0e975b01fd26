/**
 * Densities, divergences, the ELBO and the samplers against references of 50 digits, which test/make_references.py
 * computes. The inputs are float32 numbers, and a reference is of those very numbers: what differs is rounding, and each
 * tolerance is a bound on that.
 */
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { logBernoulli } from "../src/distributions/bernoulli.ts";
import { bernoulli } from "../src/distributions/likelihood.ts";
import { standardNormal } from "../src/distributions/prior.ts";
import { squaredDistances } from "../src/distances.ts";
import { kl, klToStandardNormal, logGaussian, reparameterize } from "../src/distributions/gaussian.ts";
import { elbo } from "../src/objectives/elbo.ts";
import { random } from "../src/random.ts";
import type { Tensor, Tensor2D } from "../src/tensor.ts";
import { numbers, testOnBackends } from "./_backends.ts";
import { assertNormal, assertUniform } from "./_draws.ts";
import references from "./references.json" with { type: "json" };

type Input = "mu" | "logVar" | "pMu" | "pLogVar" | "x" | "eps" | "pixels";

/** A function with references: the inputs it has, and which of four results NaN in the first row's end makes NaN. */
type Referenced = {
  of: Input[];
  compute: (given: Record<Input, Tensor2D>) => Tensor;
  spoils?: (input: Input) => number[];
};

const FUNCTIONS: Record<string, Referenced> = {
  klToStandardNormal: {
    of: ["mu", "logVar"],
    compute: ({ mu, logVar }) => klToStandardNormal({ mu, logVar }),
  },
  kl: {
    of: ["mu", "logVar", "pMu", "pLogVar"],
    compute: ({ mu, logVar, pMu, pLogVar }) => kl({ mu, logVar }, { mu: pMu, logVar: pLogVar }),
  },
  logGaussian: {
    of: ["mu", "logVar", "x"],
    compute: ({ mu, logVar, x }) => logGaussian(x, { mu, logVar }),
  },
  logBernoulli: {
    of: ["pixels", "x"],
    compute: ({ pixels, x }) => logBernoulli(pixels, x),
  },
  elbo: { // of a model whose logits are its codes
    of: ["mu", "logVar", "eps", "pixels"],
    compute: ({ mu, logVar, eps, pixels }) => {
      const likelihood = bernoulli(), prior = standardNormal();
      const [encode, decode] = [() => ({ mu, logVar }), (z: Tensor) => z];
      const how = { latent: mu.shape[1], likelihood, prior, mean: likelihood.mean, variables: [], dispose() {} };
      const vae = { ...how, encode, decode };
      return elbo(vae, pixels, eps).elbo;
    },
  },
  squaredDistances: {
    of: ["x", "pMu"],
    compute: ({ x, pMu }) => squaredDistances(x, pMu),
    spoils: (input) => input === "x" ? [0, 1] : [0, 2],
  },
  reparameterize: {
    of: ["mu", "logVar", "eps"],
    compute: ({ mu, logVar, eps }) => reparameterize({ mu, logVar }, eps),
    spoils: () => [1],
  },
};

/** Calls a function with inputs made by `make`, and reads what it returns. */
const call = ({ of, compute }: Referenced, make: (input: Input) => Tensor) =>
  numbers(() => compute(Object.fromEntries(of.map((input) => [input, make(input)])) as Record<Input, Tensor2D>));

/** The numbers that the script has written into one string. */
const list = (text: string) => text.split(" ").map(Number);

/** Half a unit in the last place of 1, in float32: one rounding is wrong by that much, relatively. */
const HALF_UNIT = 2 ** -24;
/** The smallest number with all its digits, in float32. A GPU may take what is smaller for zero. */
const SMALLEST = 2 ** -126;

/**
 * What rounding can do to a sum over `n` dimensions. Adding rounds each term up to `n` times, and making a term takes up
 * to eight roundings. An exponent e, if it is rounded itself, makes |e| roundings of error in its exponential.
 *
 * WebGPU promises less (WGSL, "Floating Point Accuracy"): for exp(e) 3 + 2 |e| units, two roundings each; for log
 * between ½ and 2 an error of 2^-21; and it has neither expm1 nor log1p, so a 1 comes and goes in each dimension.
 */
function rounding(backend: string, n: number, size: number, steep: number): number {
  const [roundings, ones, slopes] = backend === "webgpu" ? [n + 16, n, 5] : [n + 8, 0, 1];
  return HALF_UNIT * (roundings * (size + ones) + slopes * steep) + n * SMALLEST;
}

/** Asserts that a number is the expected one, if that is infinite, or lies within a bound of it. */
function assertWithin(found: number, expected: number, bound: number, what: string): void {
  const near = Number.isFinite(expected) ? Math.abs(found - expected) <= bound : found === expected;
  assert(near, `${what}: found ${found}, expected ${expected} within ${bound}`);
}

for (const [name, referenced] of Object.entries(FUNCTIONS)) {
  testOnBackends(`${name} is its reference of 50 digits, but for float32's rounding`, async (backend) => {
    let compared = 0;
    for (const stored of references.cases) {
      const wanted = stored[name as "kl"] as typeof stored["kl"] | undefined;
      if (!wanted) continue; // some are stored for small batches only, which is enough for them
      const shape = list(stored.shape) as [number, number];
      const found = await call(referenced, (input) => tf.tensor2d(list(stored[input]), shape));
      const [values, sizes, steeps] = [list(wanted.value), list(wanted.size), list(wanted.steep)];
      assertEquals([found.length, sizes.length, steeps.length], Array(3).fill(values.length));
      const terms = name === "reparameterize" ? 1 : shape[1];
      for (const [i, value] of values.entries()) {
        assertWithin(found[i], value, rounding(backend, terms, sizes[i], steeps[i]), `${stored.name} [${i}]`);
      }
      compared += values.length;
    }
    assert(compared > 100, `${compared} references`);
  });
}

testOnBackends(
  "NaN in one example is NaN in its result, whichever input it is in, and in no other result",
  async () => {
    const values = [[0.1, -0.2], [0.3, 0.4]];
    // NaN as tfjs uploads it, and as a computation makes it, with the sign set: some kernels take one of them for zero.
    const infinite = () => tf.tensor2d([[0, Infinity], [0, 0]]);
    const bads = [() => tf.tensor2d([[0, NaN], [0, 0]]), () => infinite().sub(infinite())];
    for (const [name, referenced] of Object.entries(FUNCTIONS)) {
      const sane = await call(referenced, () => tf.tensor2d(values));
      for (const bad of referenced.of) {
        for (const nan of bads) {
          const found = await call(referenced, (input) => input === bad ? nan().add(values) : tf.tensor2d(values));
          const spoiled = referenced.spoils?.(bad) ?? [0];
          assertEquals(found, sane.map((value, i) => spoiled.includes(i) ? NaN : value), `${name} with ${bad}`);
        }
      }
    }
  },
);

testOnBackends("of no examples there are no results, and no error", async () => {
  for (const [name, referenced] of Object.entries(FUNCTIONS)) {
    assertEquals(await call(referenced, () => tf.zeros([0, 3])), [], name);
  }
});

Deno.test("uniforms and permutations are those of Python's Mersenne Twister, normals Box and Muller's of 20 digits", () => {
  for (const { seed, skipped, uniform53, normal, permutation, split } of references.draws) {
    const source = random(seed);
    for (let i = 0; i < skipped; i++) source.uniform();
    assertEquals(list(uniform53).map(() => source.uniform() * 2 ** 53), list(uniform53));
    const wanted = list(normal), found = wanted.map(source.gaussian);
    wanted.forEach((value, i) => {
      // In doubles: an angle of up to 2π, rounded twice, and some ten roundings in the radius and the product.
      const radius = Math.hypot(...wanted.slice(i - i % 2, i - i % 2 + 2));
      assertWithin(found[i], value, radius * (2 * 2 * Math.PI + 10) * 2 ** -53, `seed ${seed}, normal ${i}`);
    });
    assertEquals([...source.permutation(100)], list(permutation));
    const child = source.split();
    for (const value of list(split)) assertWithin(child.gaussian(), value, 1e-13, `seed ${seed}, split`);
  }
});

testOnBackends("normal(shape) holds the references rounded to float32", async () => {
  for (const { seed, skipped, uniform53, normal } of references.draws) {
    const source = random(seed), wanted = list(normal);
    for (let i = 0; i < skipped + list(uniform53).length; i++) source.uniform();
    assertEquals(await numbers(() => source.normal([wanted.length / 4, 4])), wanted.map(Math.fround), `seed ${seed}`);
  }
});

Deno.test("300,000 normals follow Φ, in the tails too, and 300,000 uniforms are uniform", () => {
  for (const seed of [1, 2]) {
    assertNormal(seed, 300_000);
    assertUniform(seed, 300_000);
  }
});
