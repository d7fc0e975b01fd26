import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { bernoulli, gaussian, type Likelihood, LIKELIHOODS } from "../src/distributions/likelihood.ts";
import { PRIORS, standardNormal } from "../src/distributions/prior.ts";
import { logBernoulli } from "../src/distributions/bernoulli.ts";
import { klToStandardNormal } from "../src/distributions/gaussian.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { random } from "../src/random.ts";
import { sumPerExample } from "../src/tensor.ts";
import { assertClose, assertKeeps, numbers, startBackend, testOnBackends } from "./_backends.ts";

/** Two examples of three values, no two alike. */
const X = [[0.25, -1, 2], [0, 0.5, -0.75]];
const MEANS = [[0.5, -1.5, 1], [1, 0.25, -0.5]];

/** log N(x | m, v), on doubles. */
const logNormal = (x: number, m: number, v: number) => -0.5 * (Math.log(2 * Math.PI * v) + (x - m) ** 2 / v);
const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
const dispose = ({ variables }: Likelihood) => tf.dispose(variables);

testOnBackends("a Gaussian of one variance: worked by hand, summed over an example's values", async () => {
  for (const variance of [0.3, "learned"] as const) {
    const likelihood = gaussian({ variance });
    if (variance === "learned") tf.tidy(() => likelihood.variables[0]!.assign(tf.scalar(Math.log(0.3))));
    const wanted = X.map((row, b) => sumOf(row.map((x, d) => logNormal(x, MEANS[b]![d]!, 0.3))));
    const found = await numbers(() => likelihood.logProb(tf.tensor2d(X), tf.tensor2d(MEANS)));
    assertClose(found, wanted, 1e-5, `${variance}`); // float32 of about 10
    assertEquals(await numbers(() => likelihood.mean(tf.tensor2d(MEANS))), MEANS.flat());
    assertEquals([likelihood.outputs, likelihood.range, likelihood.unbounded], [1, undefined, false]);
    dispose(likelihood);
  }
});

testOnBackends("a Gaussian of a variance per value: worked by hand, whatever the decoder outputs", async () => {
  const floor = 1e-3;
  const likelihood = gaussian({ variance: "per value", floor });
  const extremes = [-1e4, -20, Math.log(floor), 0, 3, 60]; // σ² from the floor to 1e26
  for (const r of extremes) {
    const rs = [[r, r + 0.5, r - 1], [r, 0, r]];
    const wanted = X.map((row, b) =>
      sumOf(row.map((x, d) => logNormal(x, MEANS[b]![d]!, floor + Math.exp(rs[b]![d]!))))
    );
    const decoded = () => tf.concat([tf.tensor2d(MEANS), tf.tensor2d(rs)], 1); // [2, 6]
    const found = await numbers(() => likelihood.logProb(tf.tensor2d(X), decoded()));
    found.forEach((value, b) => assertAlmostEquals(value, wanted[b]!, 1e-5 * (1 + Math.abs(wanted[b]!)), `r = ${r}`));
    const slopes = await numbers(() =>
      tf.grad((d: tf.Tensor) => likelihood.logProb(tf.tensor2d(X), d).sum())(decoded())
    );
    assert(slopes.every(Number.isFinite), `slopes at r = ${r}: ${slopes}`);
    assertEquals(await numbers(() => likelihood.mean(decoded())), MEANS.flat());
  }
  assertEquals([likelihood.outputs, likelihood.unbounded], [2, true]);
});

Deno.test("the variance per value has its floor where the decoder hits every value exactly", async () => {
  await startBackend("wasm");
  const hit = (r: number, floor?: number) =>
    numbers(() => {
      const how = floor === undefined ? { variance: "per value" as const } : { variance: "per value" as const, floor };
      return gaussian(how).logProb(tf.tensor2d([[2]]), tf.tensor2d([[2, r]]));
    });
  for (const [floor, bound] of [[undefined, 1e-4], [0.01, 0.01]] as const) {
    const most = -0.5 * Math.log(2 * Math.PI * bound);
    assertAlmostEquals((await hit(-50, floor))[0]!, most, 1e-5);
    assertAlmostEquals((await hit(-1e30, floor))[0]!, most, 1e-5);
    assert((await hit(Math.log(bound), floor))[0]! < most - 0.3, "twice the floor: ½ log 2 below");
  }
});

testOnBackends("draws have the likelihood's mean and variance", async () => {
  const many = 20_000;
  const cases: [Likelihood, number[], number, number][] = [
    [bernoulli(), [Math.log(0.2 / 0.8)], 0.2, 0.2 * 0.8],
    [gaussian({ variance: 0.25 }), [3], 3, 0.25],
    [gaussian({ variance: "learned" }), [-1], -1, 1],
    [gaussian({ variance: "per value", floor: 0.5 }), [-1, Math.log(1.5)], -1, 2],
  ];
  for (const [likelihood, decoded, mean, variance] of cases) {
    const drawn = await numbers(() => likelihood.sample(tf.tile(tf.tensor2d([decoded]), [many, 1]), random(1)));
    const average = sumOf(drawn) / many;
    const spread = sumOf(drawn.map((value) => (value - average) ** 2)) / many;
    assertAlmostEquals(average, mean, 4 * Math.sqrt(variance / many), `${likelihood.name}: 4 standard errors`);
    assertAlmostEquals(spread, variance, 4 * variance * Math.sqrt(2 / many), `${likelihood.name}: 4 standard errors`);
    if (likelihood.name === "bernoulli") assertEquals(new Set(drawn), new Set([0, 1]));
    dispose(likelihood);
  }
});

testOnBackends("bernoulli is logBernoulli, in [0, 1]", async () => {
  const { logProb, range, outputs, unbounded } = bernoulli();
  const found = await numbers(() => logProb(tf.tensor2d([[0, 1, 0.5]]), tf.tensor2d([[1, 2, -3]])));
  assertEquals(found, await numbers(() => logBernoulli(tf.tensor2d([[0, 1, 0.5]]), tf.tensor2d([[1, 2, -3]]))));
  assertEquals([range, outputs, unbounded], [[0, 1], 1, true]);
});

testOnBackends("the standard normal: density by hand, draws in the shape of codes, KL per dimension", async () => {
  const prior = standardNormal();
  const vae = { latent: 3, encode: () => ({ mu: tf.zeros([1, 3]), logVar: tf.zeros([1, 3]) }) };
  const wanted = X.map((row) => sumOf(row.map((z) => logNormal(z, 0, 1))));
  assertClose(await numbers(() => prior.logProb(tf.tensor2d(X), vae)), wanted, 1e-5);
  assertEquals(await numbers(() => prior.sample(2, random(4), vae)), await numbers(() => random(4).normal([2, 3])));
  const q = () => ({ mu: tf.tensor2d(X), logVar: tf.tensor2d(MEANS) });
  const each = await numbers(() => prior.kl!(q())); // it has one
  X.flat().forEach((mu, i) => {
    const logVar = MEANS.flat()[i]!;
    assertAlmostEquals(each[i]!, (mu ** 2 + Math.exp(logVar) - 1 - logVar) / 2, 1e-6);
  });
  assertEquals(await numbers(() => sumPerExample(prior.kl!(q()))), await numbers(() => klToStandardNormal(q())));
});

Deno.test("what the tables make of a name and options is what was written down", async () => {
  await startBackend("cpu");
  const likelihoods = [
    bernoulli(),
    gaussian({ variance: 0.5 }),
    gaussian({ variance: "learned" }),
    gaussian({ variance: "per value" }),
    gaussian({ variance: "per value", floor: 0.25 }),
  ];
  for (const made of likelihoods) {
    const again = LIKELIHOODS[made.name]!(JSON.parse(JSON.stringify(made.options)));
    assertEquals([again.name, again.options, again.outputs], [made.name, made.options, made.outputs]);
    assertEquals(again.variables.map(({ shape }) => shape), made.variables.map(({ shape }) => shape));
    dispose(made);
    dispose(again);
  }
  assertEquals(PRIORS[standardNormal().name]!({}).name, "standardNormal");
});

Deno.test("options that make no sense are refused in a sentence", async () => {
  await startBackend("cpu");
  for (const variance of [0, -1, NaN, Infinity]) {
    const sentence = `A Gaussian's variance must be a positive number, "learned" or "per value", not ${variance}.`;
    assertThrows(() => gaussian({ variance }), RangeError, sentence);
    assertThrows(
      () => gaussian({ variance: "per value", floor: variance }),
      RangeError,
      `A Gaussian's floor must be a positive number, not ${variance}.`,
    );
  }
  assertThrows(() => gaussian({ variance: 1, floor: 0.1 }), RangeError, 'only if its variance is "per value", not 1.');
});

testOnBackends(
  "likelihoods and priors leave nothing but their results, and a model frees what they learned",
  async () => {
    const [x, decoded, wide] = [tf.ones([2, 3]), tf.ones([2, 3]), tf.ones([2, 6])];
    for (
      const [likelihood, put] of [[bernoulli(), decoded], [gaussian({ variance: 2 }), decoded], [
        gaussian({ variance: "per value" }),
        wide,
      ]] as const
    ) {
      await assertKeeps(1, () => likelihood.logProb(x, put));
      await assertKeeps(1, () => likelihood.mean(put));
      await assertKeeps(1, () => likelihood.sample(put, random(0)));
    }
    await assertKeeps(1, () => standardNormal().logProb(x, { latent: 3, encode: () => ({ mu: x, logVar: x }) }));
    tf.dispose([x, decoded, wide]);
    const before = tf.memory().numTensors;
    const vae = denseVae({ latent: 2, hidden: 3, shape: [4], likelihood: gaussian({ variance: "learned" }) });
    assertEquals(vae.variables.at(-1), vae.likelihood.variables[0], "the model's variables end with the likelihood's");
    vae.dispose();
    assertEquals(tf.memory().numTensors, before);
  },
);
