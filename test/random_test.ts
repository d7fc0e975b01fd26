import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Random, random, type RandomState } from "../src/random.ts";
import { assertKeeps, numbers, testOnBackends } from "./_backends.ts";

const draws = (n: number, draw: () => number) => Array.from({ length: n }, draw);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Asserts that an average over `n` independent draws is within 4 standard errors of its expectation. */
function assertMean(values: number[], expected: number, deviation: number, what: string) {
  assertLess(Math.abs(mean(values) - expected), 4 * deviation / Math.sqrt(values.length), what);
}

Deno.test("the words are those of the Mersenne Twister's reference implementation, seed 5489", () => {
  const words = [3499211612, 581869302, 3890346734, 3586334585, 545404204, 4161255391]; // std::mt19937, from the first
  const source = random(5489);
  for (let i = 0; i < words.length; i += 2) {
    // 26 bits of one word above 27 bits of the next: 53 bits, as many as a double keeps.
    const expected = (words[i] % 2 ** 26) / 2 ** 26 + (words[i + 1] % 2 ** 27) / 2 ** 53;
    assertEquals(source.uniform(), expected);
  }
  const tenThousandth = 4123659995; // the word by which the C++ standard defines std::mt19937
  const [last] = draws(5000 - words.length / 2, source.uniform).slice(-1);
  assertEquals((last * 2 ** 53) % 2 ** 27, tenThousandth % 2 ** 27);
});

Deno.test("one seed is one sequence, and only its lowest 32 bits count", () => {
  const some = (seed: number) => {
    const source = random(seed);
    return [source.uniform(), source.gaussian(), ...source.permutation(5), source.gaussian(), source.split().uniform()];
  };
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      assertEquals(some(seed), some(seed));
      assertEquals(some(seed), some(seed + 2 ** 32));
      assert(some(seed)[0] !== some(seed + 1)[0]);
    }),
    { seed: 1, numRuns: 20 },
  );
  assertEquals(some(-1), some(2 ** 32 - 1));
});

Deno.test("uniform numbers lie in [0, 1), with the mean and the variance of the uniform distribution", () => {
  const values = draws(50_000, random(1).uniform);
  assert(values.every((value) => value >= 0 && value < 1));
  assertMean(values, 1 / 2, Math.sqrt(1 / 12), "mean");
  assertMean(values.map((u) => (u - 1 / 2) ** 2), 1 / 12, Math.sqrt(1 / 180), "variance");
  assertMean(values.slice(1).map((u, i) => (u - 1 / 2) * (values[i] - 1 / 2)), 0, 1 / 12, "neighbours");
});

Deno.test("normal numbers have the moments of N(0, 1), and those of one Box-Muller pair are independent", () => {
  for (const seed of [1, 2]) {
    const values = draws(50_000, random(seed).gaussian);
    assertMean(values, 0, 1, "mean");
    assertMean(values.map((x) => x ** 2), 1, Math.sqrt(2), "variance");
    assertMean(values.map((x) => x ** 3), 0, Math.sqrt(15), "skewness");
    assertMean(values.map((x) => x ** 4), 3, Math.sqrt(96), "kurtosis");
    assertMean(values.map((x) => Number(x > 2)), 0.02275, Math.sqrt(0.02275), "tail"); // 1 - Φ(2)
    const pairs = values.filter((_, i) => i % 2 === 0).map((x, i) => [x, values[2 * i + 1]]);
    assertMean(pairs.map(([x, y]) => x * y), 0, 1, "pairs");
    assertMean(pairs.map(([x, y]) => (x ** 2 - 1) * (y ** 2 - 1)), 0, 2, "squares of pairs");
  }
});

Deno.test("two normals are the point whose radius and angle two uniforms give, as Box and Muller say", () => {
  const source = random(2), twin = random(2);
  for (let i = 0; i < 1000; i++) {
    const [x, y] = [source.gaussian(), source.gaussian()];
    const [u, v] = [twin.uniform(), twin.uniform()];
    assertAlmostEquals(Math.exp(-(x ** 2 + y ** 2) / 2), 1 - u, 1e-12);
    const turn = Math.atan2(y, x) / (2 * Math.PI); // in (-½, ½]
    assertAlmostEquals(turn < 0 ? turn + 1 : turn, v, 1e-12);
  }
});

testOnBackends("normal(shape) holds the draws of gaussian() in order, as float32", async () => {
  const tensor = random(3).normal([2, 1, 3]);
  assertEquals([tensor.shape, tensor.dtype], [[2, 1, 3], "float32"]);
  assertEquals(await numbers(() => tensor), draws(6, random(3).gaussian).map(Math.fround));
  const source = random(3);
  const parts = [...await numbers(() => source.normal([1])), ...await numbers(() => source.normal([5]))];
  assertEquals(parts, await numbers(() => random(3).normal([6])), "drawn in parts or at once");
  await assertKeeps(1, () => random(3).normal([4, 5]));
});

Deno.test("a permutation holds every integer once", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat({ max: 60 }), (seed, n) => {
      assertEquals([...random(seed).permutation(n)].sort((a, b) => a - b), Array.from({ length: n }, (_, i) => i));
    }),
    { seed: 1 },
  );
});

Deno.test("the six permutations of three are equally likely, also right after one another", () => {
  const source = random(1);
  const counts = new Map<string, number>();
  const pairs = new Map<string, number>();
  let previous = "";
  for (let i = 0; i < 12_000; i++) {
    const order = source.permutation(3).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
    pairs.set(previous + order, (pairs.get(previous + order) ?? 0) + 1);
    previous = order;
  }
  const chiSquared = (found: number[], expected: number) =>
    found.reduce((sum, n) => sum + (n - expected) ** 2, 0) / expected;
  assertEquals(counts.size, 6);
  assertLess(chiSquared([...counts.values()], 2000), 20.5); // 5 degrees of freedom: one seed in a thousand exceeds it
  pairs.delete([...pairs.keys()][0]); // the first had no predecessor
  assertEquals(pairs.size, 36);
  assertLess(chiSquared([...pairs.values()], 12_000 / 36), 66.6); // 35 degrees of freedom
});

Deno.test("a split source draws the same whatever its parent does later, and neither disturbs the other", () => {
  const parent = random(1), twin = random(1);
  const child = parent.split(), childOfTwin = twin.split();
  draws(10, parent.gaussian);
  assertEquals(draws(10, child.uniform), draws(10, childOfTwin.uniform));
  draws(10, twin.gaussian);
  assertEquals(parent.uniform(), twin.uniform());

  const sources = [random(1), random(1).split(), parent.split(), parent.split(), child.split()];
  assertEquals(new Set(sources.map((source) => source.uniform())).size, sources.length);
});

Deno.test("the streams of a source and of its splits are not correlated", () => {
  const parent = random(1);
  const [a, b] = [parent.split(), parent.split()].map((source) => draws(20_000, source.gaussian));
  const c = draws(20_000, parent.gaussian);
  for (const [x, y] of [[a, b], [a, c], [b, c]]) assertMean(x.map((value, i) => value * y[i]), 0, 1, "correlation");
});

Deno.test("a seed that is no integer is refused", () => {
  for (const seed of [1.5, NaN, Infinity, -Infinity]) {
    assertThrows(() => random(seed), RangeError, `A seed must be an integer, not ${seed}.`);
  }
});

const DRAWS: ((source: Random) => unknown)[] = [
  (source) => source.uniform(),
  (source) => source.gaussian(),
  (source) => [...source.permutation(7)],
  (source) => source.split().gaussian(),
];

Deno.test("a source restored from its state draws the same to the bit, from any point on and by way of JSON", () => {
  const plan = fc.array(fc.nat({ max: DRAWS.length - 1 }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.integer(), fc.nat({ max: 3000 }), plan, plan, (seed, skipped, before, after) => {
      const source = random(seed);
      draws(skipped, source.uniform); // past the 624 words of the generator, which are made anew one by one
      for (const kind of before) DRAWS[kind](source);
      const state = source.state(), text = JSON.stringify(state);
      const restored = [random(state), random(JSON.parse(text))];
      const expected = after.map((kind) => DRAWS[kind](source));
      for (const twin of restored) assertEquals(after.map((kind) => DRAWS[kind](twin)), expected);
      assertEquals(
        [...restored, random(source.state())].map((twin) => twin.uniform()),
        draws(3, () => 0).fill(source.uniform()),
      );
      assertEquals(JSON.stringify(state), text, "a state does not move with the source");
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("the state keeps the second normal of a pair, and every draw moves it", () => {
  const source = random(1);
  assertEquals(source.state().spare, null);
  const [first, second] = [random(1), source].map((twin) => (twin.gaussian(), twin.state()));
  assertEquals(first, second);
  assert(second.spare !== null);
  assertEquals(random(second).gaussian(), second.spare);
  assertEquals(random({ ...second, spare: null }).gaussian(), (source.gaussian(), source.gaussian()));
  for (const draw of DRAWS) {
    const before = source.state();
    draw(source);
    assert(JSON.stringify(source.state()) !== JSON.stringify(before), `${draw}`);
  }
});

Deno.test("a state that no source can be in is refused in a sentence", () => {
  const good = random(1).state();
  const words = (change: (words: number[]) => void) => {
    const changed = [...good.words];
    change(changed);
    return { ...good, words: changed };
  };
  const position = "a position from 0 to 623 before its words";
  const integers = "integers of 32 bits for words", spare = "a spare normal, or null for it";
  const refused: [string, unknown][] = [
    ...[undefined, null, "1", {}, [], { words: null, spare: null }, { words: "1".repeat(625), spare: null }, {
      words: { length: 625 },
      spare: null,
    }].map((state): [string, unknown] => ["625 words", state]),
    ["625 words", words((w) => w.pop())],
    ["625 words", words((w) => w.push(0))],
    ...[0.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1, null, "1", undefined].flatMap((bad): [string, unknown][] => [
      [integers, words((w) => w[0] = bad as number)],
      [integers, words((w) => w[300] = bad as number)],
    ]),
    [integers, words((w) => delete w[624])],
    [position, words((w) => w[0] = -1)],
    [position, words((w) => w[0] = 624)],
    ["words that are not all zero", words((w) => w.fill(0, 1))],
    ...[undefined, NaN, Infinity, "1", 9, -1e300, {}].map((bad): [string, unknown] => [spare, { ...good, spare: bad }]),
  ];
  for (const [wanted, state] of refused) {
    const sentence = `A random source starts from an integer, or from a state with ${wanted}.`;
    assertThrows(() => random(state as RandomState), RangeError, sentence);
  }
  random(words((w) => w[0] = 623));
  random({ ...good, spare: -8.57 }); // the farthest that a pair goes is √(2·53·log 2) = 8.5716
});
