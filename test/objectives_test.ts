import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { logBernoulli } from "../src/distributions/bernoulli.ts";
import { kl } from "../src/distributions/gaussian.ts";
import { gaussian } from "../src/distributions/likelihood.ts";
import { standardNormal } from "../src/distributions/prior.ts";
import { autoencoder } from "../src/models/autoencoder.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import type { Vae } from "../src/models/vae.ts";
import { elbo } from "../src/objectives/elbo.ts";
import { importanceWeighted } from "../src/objectives/importance_weighted.ts";
import { negativeElbo, type NegativeElboOptions } from "../src/objectives/negative_elbo.ts";
import { squaredError } from "../src/objectives/squared_error.ts";
import { InputError } from "../src/errors.ts";
import { type Examples, rows } from "../src/data/examples.ts";
import { oneHot } from "../src/models/one_hot.ts";
import { random } from "../src/random.ts";
import { warmUp } from "../src/schedules.ts";
import { evaluate } from "../src/training/evaluate.ts";
import { logEvidence } from "../src/training/log_evidence.ts";
import { assertClose, assertKeeps, numbers, testOnBackends } from "./_backends.ts";

/** Float32 keeps 6e-8 of a number; the sums here stay below 60 nats. */
const TOLERANCE = 3e-5;

// A linear VAE: z ~ N(0, I) of two dimensions, x ~ N(V z + b, s²) of three. The columns of V are at right angles, so the
// true posterior has a diagonal covariance, and q can be it.
const V = [[2, -1], [1, 2], [0, 3]]; // columns of lengths² 5 and 14
const b = [0.5, -1, 2];
const s2 = 0.3;
const LENGTHS = [5, 14];
const X = [[1, 0, 2.5], [-2, 0.5, 4]]; // [B = 2, D = 3]

/** Codes whose weighted sum over three points a dimension integrates any polynomial up to degree five under N(0, 1). */
const GAUSS_HERMITE = [-Math.sqrt(3), 0, Math.sqrt(3)].map((eps, i) => ({ eps, weight: [1 / 6, 2 / 3, 1 / 6][i] }));

const dot = (a: number[], c: number[]) => a.reduce((sum, value, i) => sum + value * c[i], 0);
const column = (l: number) => V.map((row) => row[l]);

/** The linear VAE, with the true posterior for q or one beside it. */
function linearVae(shift = 0, logFactor = 0): Vae {
  const posterior = (x: tf.Tensor) => {
    const projected = tf.matMul(x.sub(tf.tensor1d(b)) as tf.Tensor2D, tf.tensor2d(V)); // [B, L]
    const mu = projected.div(tf.tensor1d(LENGTHS.map((length) => length + s2)));
    return { mu, logVar: tf.zerosLike(mu).add(tf.tensor1d(LENGTHS.map((length) => Math.log(s2 / (length + s2))))) };
  };
  return {
    latent: 2,
    encode: (x) => ({ mu: posterior(x).mu.add(shift), logVar: posterior(x).logVar.add(logFactor) }),
    decode: (z) => tf.matMul(z as tf.Tensor2D, tf.tensor2d(V), false, true).add(tf.tensor1d(b)),
    likelihood: gaussian({ variance: s2 }),
    prior: standardNormal(),
    mean: (decoded) => decoded.clone(),
    variables: [],
    dispose() {},
  };
}

/** log p(x) without any z: along the three axes that V and the axis across it define, x is three independent Gaussians. */
function evidence(x: number[]): number {
  const across = [3, -6, 5]; // the cross product of the columns
  const axes = [...[0, 1].map((l) => ({ axis: column(l), variance: LENGTHS[l] + s2 })), { axis: across, variance: s2 }];
  return axes.reduce((sum, { axis, variance }) => {
    const along = dot(axis, x.map((value, i) => value - b[i])) / Math.sqrt(dot(axis, axis));
    return sum - Math.log(2 * Math.PI * variance) / 2 - along ** 2 / (2 * variance);
  }, 0);
}

/** The expectation over ε of the estimate `elbo`, exact because it is quadratic in ε. */
async function expectedElbo(vae: Vae): Promise<number[]> {
  let sum = X.map(() => 0);
  for (const first of GAUSS_HERMITE) {
    for (const second of GAUSS_HERMITE) {
      const eps = X.map(() => [first.eps, second.eps]);
      const values = await numbers(() => elbo(vae, tf.tensor2d(X), tf.tensor2d(eps)).elbo);
      sum = sum.map((total, i) => total + first.weight * second.weight * values[i]);
    }
  }
  return sum;
}

testOnBackends("with the true posterior the ELBO of a linear VAE is log p(x)", async () => {
  assertClose(await expectedElbo(linearVae()), X.map(evidence), TOLERANCE);
});

testOnBackends("with another q it is lower by the divergence from the posterior", async () => {
  for (const [shift, logFactor] of [[0.3, 0], [0, 0.7], [-0.2, -0.5]]) {
    const gap = await numbers(() =>
      kl(linearVae(shift, logFactor).encode(tf.tensor2d(X)), linearVae().encode(tf.tensor2d(X)))
    );
    assert(gap.every((nats) => nats > 0.05));
    const expected = X.map((x, i) => evidence(x) - gap[i]);
    assertClose(await expectedElbo(linearVae(shift, logFactor)), expected, TOLERANCE, `${shift}, ${logFactor}`);
  }
});

testOnBackends("the parts of the ELBO, one value an example each, at a given noise", async () => {
  const eps = [[1, -0.5], [0.25, 2]];
  const part = (name: "elbo" | "logLikelihood" | "kl") =>
    numbers(() => elbo(linearVae(0.3, 0.2), tf.tensor2d(X), tf.tensor2d(eps))[name]);
  const variances = LENGTHS.map((length) => s2 / (length + s2) * Math.exp(0.2));
  const expected = X.map((x, i) => {
    const mu = [0, 1].map((l) => dot(column(l), x.map((value, d) => value - b[d])) / (LENGTHS[l] + s2) + 0.3);
    const z = mu.map((value, l) => value + Math.sqrt(variances[l]) * eps[i][l]);
    const logLikelihood = x.reduce(
      (sum, value, d) => sum - Math.log(2 * Math.PI * s2) / 2 - (value - dot(V[d], z) - b[d]) ** 2 / (2 * s2),
      0,
    );
    const kl = mu.reduce((sum, value, l) => sum + (value ** 2 + variances[l] - 1 - Math.log(variances[l])) / 2, 0);
    return { logLikelihood, kl, elbo: logLikelihood - kl };
  });
  for (const name of ["elbo", "logLikelihood", "kl"] as const) {
    assertClose(await part(name), expected.map((example) => example[name]), TOLERANCE, name);
  }
});

testOnBackends(
  "a log variance of 100 makes the ELBO of its own example -∞, one of -100 costs what it should",
  async () => {
    const vae: Vae = {
      ...linearVae(),
      encode: () => ({ mu: tf.zeros([3, 2]), logVar: tf.tensor2d([[0, 100], [0, -100], [0, 0]]) }),
    };
    const x = [X[0], X[0], X[0]], eps = [[0, 0.5], [0, 0], [0, 0]];
    const part = (name: "elbo" | "kl") => numbers(() => elbo(vae, tf.tensor2d(x), tf.tensor2d(eps))[name]);
    assertEquals(await part("kl"), [Infinity, 49.5, 0]);
    const [wide, narrow, prior] = await part("elbo");
    assertEquals(wide, -Infinity);
    assertClose([narrow], [prior - 49.5], TOLERANCE);
  },
);

testOnBackends("negativeElbo is the ELBO's negative at the noise drawn, and loss = reconstruction + kl", async () => {
  const vae = denseVae({ latent: 2, hidden: 4, shape: [5] });
  const objective = negativeElbo(vae);
  assertEquals(objective.variables, vae.variables);
  const x = () => tf.tensor2d([[0, 1, 0.5, 1, 0], [1, 1, 0, 0.25, 1], [0, 0, 0, 1, 1]]);
  const eps = [random(7), random(7)].map((source) => source.normal([3, 2]));
  const bound = (name: "elbo" | "logLikelihood" | "kl") => numbers(() => elbo(vae, x(), eps[0].clone())[name]);
  const term = (name: "loss" | "reconstruction" | "kl") =>
    numbers(() => {
      const { loss, parts } = objective.terms({ x: x() }, random(7), {});
      assertEquals([loss, ...Object.values(parts)].map(({ shape }) => shape), [[3], [3], [3]]);
      return { loss, ...parts }[name];
    });
  const [loss, reconstruction, klTerm] = [await term("loss"), await term("reconstruction"), await term("kl")];
  assertClose(loss, (await bound("elbo")).map((value) => -value), 0, "loss");
  assertClose(reconstruction, (await bound("logLikelihood")).map((value) => -value), 0, "reconstruction");
  assertClose(klTerm, await bound("kl"), 0, "kl");
  assertClose(loss, reconstruction.map((value, i) => value + klTerm[i]), TOLERANCE, "sum");
  const byHand = await numbers(() => {
    const { mu, logVar } = vae.encode(x());
    return tf.neg(logBernoulli(x(), vae.decode(mu.add(tf.exp(logVar.div(2)).mul(eps[1])))));
  });
  assertClose(reconstruction, byHand, TOLERANCE, "-log p(x | μ + σ ε)");
  assert(klTerm.every((value) => value > 0) && new Set(loss).size === 3);
  const source = random(7);
  const twice = [
    await numbers(() => objective.terms({ x: x() }, source, {}).loss),
    await numbers(() => objective.terms({ x: x() }, source, {}).loss),
  ];
  assert(twice[0].every((value, i) => value !== twice[1][i]), "each call draws new noise");
  tf.dispose(eps);
  vae.dispose();
});

testOnBackends("the gradient of the negative ELBO matches finite differences", async () => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [4], seed: 2 });
  const x = () => tf.tensor2d([[0, 1, 0.5, 1], [1, 0.75, 0, 0.25]]);
  const total = () => negativeElbo(vae).terms({ x: x() }, random(3), {}).loss.sum() as tf.Scalar;
  const { value, grads } = tf.variableGrads(total, vae.variables);
  const h = 0.01; // the loss, about 6, keeps 5e-7 in float32: 5e-5 in a difference over 2h; the curvature adds h²
  for (const variable of vae.variables.filter((_, i) => i % 3 !== 1)) {
    const gradient = [...await grads[variable.name].data()];
    const own = [...await variable.data()];
    const k = own.length - 1;
    const at = async (shift: number) => {
      const moved = own.map((w, i) => i === k ? w + shift : w);
      tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
      const [loss] = await numbers(total);
      return loss;
    };
    assertClose([gradient[k]], [(await at(h) - await at(-h)) / (2 * h)], 1e-3, variable.name);
    await at(0);
  }
  tf.dispose([value, grads]);
  vae.dispose();
});

testOnBackends("squaredError: worked by hand on a linear autoencoder, summed over pixels", async () => {
  const model = autoencoder({ latent: 1, hidden: [], shape: [1, 3, 1], output: "linear" });
  const objective = squaredError(model);
  assertEquals(objective.variables, model.variables);
  const weights = [[[1], [2], [0]], [1], [[1, 0, -1]], [0, 0.5, 0]];
  tf.tidy(() => model.variables.forEach((variable, i) => variable.assign(tf.tensor(weights[i]))));
  // (1, 2, 3) has the code 1 + 4 + 1 = 6 and comes back as (6, ½, -6): 25 + 2.25 + 81.
  // (0, 1, 0) has the code 3 and comes back as (3, ½, -3): 9 + 0.25 + 9.
  const found = await numbers(() => {
    const { loss, parts } = objective.terms({ x: tf.tensor([1, 2, 3, 0, 1, 0], [2, 1, 3, 1]) }, random(0), {});
    assertEquals(parts, {}, "no part stands for one that it does not have");
    return loss;
  });
  assertEquals(found, [108.25, 18.25]);
  model.dispose();
});

testOnBackends("objectives leave nothing but their terms", async () => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [4] });
  const model = autoencoder({ latent: 2, hidden: [3], shape: [4] });
  const [x, eps] = [tf.ones([3, 4]), tf.ones([3, 2])];
  await assertKeeps(3, () => elbo(vae, x, eps));
  await assertKeeps(3, () => negativeElbo(vae).terms({ x }, random(0), {}));
  await assertKeeps(1, () => squaredError(model).terms({ x }, random(0), {}));
  tf.dispose([x, eps]);
  vae.dispose();
  model.dispose();
});

Deno.test("examples have the range that the likelihood has", async () => {
  await useBackend("cpu");
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  assertEquals(negativeElbo(vae).range, [0, 1]);
  assertEquals(negativeElbo({ ...vae, likelihood: gaussian({ variance: 1 }) }).range, undefined);
  vae.dispose();
});

testOnBackends(
  "with the true posterior every weight is p(x): the importance-weighted bound is exact, however many codes",
  async () => {
    for (const samples of [1, 2, 7]) {
      const objective = importanceWeighted(linearVae(), { samples });
      const found = await numbers(() => objective.terms({ x: tf.tensor2d(X) }, random(2), {}).loss);
      assertClose(found, X.map((x) => -evidence(x)), TOLERANCE, `${samples} codes`);
    }
  },
);

testOnBackends("importance weighting: worked by hand from the noise, and parts that add up", async () => {
  const [samples, vae] = [3, linearVae(0.2, 0.3)];
  const terms = () => importanceWeighted(vae, { samples }).terms({ x: tf.tensor2d(X) }, random(5), {});
  const eps = await numbers(() => random(5).normal([2, samples, 2]));
  // A code at a time: -ELBO there with the KL sampled, and the logarithm of the mean of the weights on doubles.
  const { kl: _, ...prior } = standardNormal();
  const sampled = { ...vae, prior };
  const logWeights: number[][] = [[], []];
  for (let k = 0; k < samples; k++) {
    const own = [0, 1].map((b) => [0, 1].map((l) => eps[(b * samples + k) * 2 + l]!));
    const bounds = await numbers(() => elbo(sampled, tf.tensor2d(X), tf.tensor2d(own)).elbo);
    bounds.forEach((bound, b) => logWeights[b]!.push(bound));
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const wanted = logWeights.map((row) => -Math.log(mean(row.map(Math.exp))));
  assertClose(await numbers(() => terms().loss), wanted, TOLERANCE, "loss");
  const part = (name: "reconstruction" | "kl" | "tightening") => numbers(() => terms().parts[name]);
  const [reconstruction, kl, tightening] = [await part("reconstruction"), await part("kl"), await part("tightening")];
  assertClose(reconstruction.map((r, b) => r + kl[b]!), logWeights.map((row) => -mean(row)), TOLERANCE, "the ELBO's");
  assertClose(reconstruction.map((r, b) => r + kl[b]! + tightening[b]!), wanted, TOLERANCE, "sum");
  assert(tightening.every((value) => value < -1e-3), `${tightening}`);
});

Deno.test("importance weights that underflow are added in log space", async () => {
  await useBackend("wasm");
  const objective = importanceWeighted(linearVae(30), { samples: 4 }); // weights of e^-1000 and less
  const terms = (x: tf.Tensor) => objective.terms({ x }, random(1), {}).loss;
  assert((await numbers(() => terms(tf.tensor2d(X)))).every((loss) => loss > 1000 && loss < 1e6));
  const slopes = await numbers(() => tf.grad((x: tf.Tensor) => terms(x).sum())(tf.tensor2d(X)));
  assert(slopes.every(Number.isFinite) && slopes.some((slope) => slope !== 0), `${slopes}`);
});

Deno.test("log p(x) is estimated within its standard error, which is the spread of the estimates", async () => {
  await useBackend("wasm");
  const truth = X.map(evidence);
  const examples = rows(Float32Array.from(X.flat()), [2, 3]);
  const exact = await logEvidence(linearVae(), examples, { samples: 3 });
  exact.each.forEach((value, i) => assert(Math.abs(value - truth[i]!) < TOLERANCE, `${value}, not ${truth[i]}`));
  assert(exact.standardError < TOLERANCE && Math.abs(exact.mean - (truth[0]! + truth[1]!) / 2) < TOLERANCE);
  const before = tf.memory().numTensors;
  const runs = [];
  for (let seed = 0; seed < 40; seed++) {
    runs.push(await logEvidence(linearVae(0.15, 0.2), examples, { samples: 600, seed })); // more than are decoded at a time
  }
  assertEquals(tf.memory().numTensors, before);
  const mean = (truth[0]! + truth[1]!) / 2;
  const errors = runs.map((run) => (run.mean - mean) / run.standardError);
  const spread = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / runs.length);
  // In units of its standard error an estimate has a mean square of 1; of 40 it is within 0.55 and 1.45, 4 standard errors.
  assert(spread ** 2 > 0.37 && spread ** 2 < 1.9, `${spread}`);
  for (const samples of [1, 0, 2.5]) {
    await assertRejects(() => logEvidence(linearVae(), examples, { samples }), RangeError);
  }
});

testOnBackends("several codes: the parts are averages over them, and the KL stays the closed one", async () => {
  const [samples, vae] = [3, linearVae(0.2, 0.3)];
  const terms = () => negativeElbo(vae, { samples }).terms({ x: tf.tensor2d(X) }, random(5), {});
  const eps = await numbers(() => random(5).normal([2, samples, 2]));
  const sums = [0, 0];
  for (let k = 0; k < samples; k++) {
    const own = [0, 1].map((b) => [0, 1].map((l) => eps[(b * samples + k) * 2 + l]!));
    const found = await numbers(() => elbo(vae, tf.tensor2d(X), tf.tensor2d(own)).logLikelihood);
    found.forEach((value, b) => sums[b]! -= value / samples);
  }
  assertClose(await numbers(() => terms().parts.reconstruction), sums, TOLERANCE);
  const closed = await numbers(() => elbo(vae, tf.tensor2d(X), tf.zeros([2, 2])).kl);
  assertClose(await numbers(() => terms().parts.kl), closed, TOLERANCE);
});

testOnBackends("several codes of images, whose batches have four axes", async () => {
  const vae = denseVae({ shape: [3, 2, 1], latent: 2, hidden: 4 });
  const x = random(1).normal([2, 3, 2, 1]);
  const flat = denseVae({ shape: [6], latent: 2, hidden: 4 });
  const loss = (vae: Vae, shape: number[]) =>
    numbers(() => importanceWeighted(vae, { samples: 5 }).terms({ x: x.reshape(shape) }, random(5), {}).loss);
  assertClose(await loss(vae, [2, 3, 2, 1]), await loss(flat, [2, 6]), TOLERANCE);
  x.dispose();
  for (const each of [vae, flat]) each.dispose();
});

testOnBackends("β weighs the KL in the loss, and the parts stay as they are", async () => {
  const vae = linearVae();
  const of = (options: NegativeElboOptions, knobs = {}) => {
    const terms = () => negativeElbo(vae, options).terms({ x: tf.tensor2d(X) }, random(5), knobs);
    return Promise.all([
      numbers(() => terms().loss),
      numbers(() => terms().parts.reconstruction),
      numbers(() => terms().parts.kl),
    ]);
  };
  const [, reconstruction, kl] = await of({});
  const cases: [NegativeElboOptions, Record<string, number>, number][] = [
    [{ beta: 4 }, {}, 4],
    [{ beta: 0 }, {}, 0],
    [{ beta: warmUp(10) }, {}, 1], // its final value
    [{ beta: warmUp(10) }, { beta: 0.3 }, 0.3],
  ];
  for (const [options, knobs, beta] of cases) {
    const found = await of(options, knobs);
    assertClose(found[0], reconstruction.map((r, b) => r + beta * kl[b]!), TOLERANCE, JSON.stringify(knobs));
    assertEquals(found.slice(1), [reconstruction, kl]);
  }
  assertEquals([1, 5, 10, Infinity].map((step) => negativeElbo(vae, { beta: warmUp(10) }).knobs?.(step)), [
    { beta: 0.1 },
    { beta: 0.5 },
    { beta: 1 },
    { beta: 1 },
  ]);
});

testOnBackends("free bits: each dimension of each example costs λ at least, and below that has no slope", async () => {
  const mu = [[0.1, 2], [1.5, -0.2]], logVar = [[0.1, -1], [0, -0.1]];
  const each = mu.map((row, b) => row.map((m, l) => (m ** 2 + Math.exp(logVar[b]![l]!) - 1 - logVar[b]![l]!) / 2));
  const base = linearVae();
  const at = (mu: tf.Tensor) => ({ ...base, encode: () => ({ mu, logVar: tf.tensor2d(logVar) }) });
  const freeBits = 0.5;
  const terms = (mu: tf.Tensor) => negativeElbo(at(mu), { freeBits }).terms({ x: tf.tensor2d(X) }, random(1), {});
  const price = await numbers(() => {
    const { loss, parts } = terms(tf.tensor2d(mu));
    return tf.sub(loss, parts.reconstruction);
  });
  assertClose(price, each.map(([a, b]) => Math.max(freeBits, a!) + Math.max(freeBits, b!)), TOLERANCE);
  assertClose(await numbers(() => terms(tf.tensor2d(mu)).parts.kl), each.map(([a, b]) => a! + b!), TOLERANCE);
  const slopes = await numbers(() =>
    tf.grad((mu: tf.Tensor) => {
      const { loss, parts } = terms(mu);
      return tf.sub(loss, parts.reconstruction).sum();
    })(tf.tensor2d(mu))
  );
  assertClose(slopes, [0, 2, 1.5, 0], TOLERANCE);
});

testOnBackends("a prior without a closed KL: the KL is sampled, right on average, and has no free bits", async () => {
  const { kl: _, ...prior } = standardNormal();
  const vae = { ...linearVae(0.2, 0.3), prior };
  const draws = 4000;
  const x = () => tf.tile(tf.tensor2d(X.slice(0, 1)), [draws, 1]);
  const sampled = await numbers(() => elbo(vae, x(), random(3).normal([draws, 2])).kl);
  const [closed] = await numbers(() => elbo(linearVae(0.2, 0.3), tf.tensor2d(X), tf.zeros([2, 2])).kl);
  const mean = sampled.reduce((sum, value) => sum + value, 0) / draws;
  const variance = sampled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws;
  assert(Math.abs(mean - closed!) < 4 * Math.sqrt(variance / draws), `${mean}, not ${closed}: 4 standard errors`);
  assertThrows(
    () => negativeElbo(vae, { freeBits: 0.1 }),
    RangeError,
    "the prior standardNormal has no closed-form KL.",
  );
});

Deno.test("a conditional model takes class numbers or one-hot labels, and says what it misses", async () => {
  await useBackend("wasm");
  const vae = denseVae({ latent: 2, hidden: 3, shape: [4], classes: 3 });
  const objective = negativeElbo(vae);
  const loss = (y?: tf.Tensor) =>
    numbers(() => objective.terms({ x: tf.ones([2, 4]), ...(y && { y }) }, random(0), {}).loss);
  const found = await loss(tf.tensor1d([2, 0]));
  assertEquals(found, await loss(tf.tensor2d([[0, 0, 1], [1, 0, 0]])));
  assert(found.every((value, i) => value !== [0, 0][i]) && String(found) !== String(await loss(tf.tensor1d([1, 1]))));
  await assertRejects(
    () => loss(),
    InputError,
    "The model is conditional, but the examples have no labels: expected labels of 3",
  );
  await assertRejects(() => loss(tf.ones([2, 4])), InputError, "The labels have shape [2,4]; expected a class number");
  const one = oneHot(1, { count: 2, classes: 3 });
  assertThrows(() => vae.encode(tf.ones([2, 4])), RangeError, "Cannot encode without labels: this network takes them");
  assertThrows(() => vae.decode(tf.ones([3, 2]), tf.ones([3, 2])), RangeError, "Cannot decode labels of shape [3,2]");
  assertEquals(await one.array(), [[0, 1, 0], [0, 1, 0]]);
  for (const label of [3, -1, 0.5]) assertThrows(() => oneHot(label, { count: 1, classes: 3 }), RangeError, "no class");
  const bad: Examples = { count: 2, batch: () => ({ x: tf.ones([2, 4]), y: tf.tensor1d([1, 3]) }) };
  const sentence = "its labels range from 1 to 3, expected class numbers from 0 to 2";
  await assertRejects(() => evaluate(objective, bad), InputError, sentence);
  one.dispose();
  vae.dispose();
});

Deno.test("options of objectives that make no sense are refused in a sentence", () => {
  const vae = linearVae();
  for (const bad of [-1, NaN, Infinity]) {
    assertThrows(() => negativeElbo(vae, { beta: bad }), RangeError, "beta must be a number of at least 0");
    assertThrows(() => negativeElbo(vae, { freeBits: bad }), RangeError, "freeBits must be a number of at least 0");
    assertThrows(() => negativeElbo(vae, { samples: bad }), RangeError, "samples must be a whole number of at least 1");
    assertThrows(
      () => importanceWeighted(vae, { samples: bad }),
      RangeError,
      "samples must be a whole number of at least 1",
    );
  }
});
