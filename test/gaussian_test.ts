import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { type Gaussian, kl, klToStandardNormal, logGaussian, reparameterize } from "../src/distributions/gaussian.ts";
import { random } from "../src/random.ts";
import { assertClose, assertKeeps, numbers, testOnBackends } from "./_backends.ts";

/** Float32 keeps 6e-8 of a number; the numbers added up here stay below 30. */
const TOLERANCE = 1e-5;

const gaussian = (mu: number[][], logVar: number[][]): Gaussian => ({
  mu: tf.tensor2d(mu),
  logVar: tf.tensor2d(logVar),
});

/** The density of N(mu, variance) at x, as textbooks write it. */
const density = (x: number, mu: number, variance: number) =>
  Math.exp(-((x - mu) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);

/** Its logarithm, where the density itself would underflow. */
const logDensity = (x: number, mu: number, variance: number) =>
  -((x - mu) ** 2) / (2 * variance) - Math.log(2 * Math.PI * variance) / 2;

/**
 * KL(q ‖ p) in one dimension as what it is: the expectation under q of log q - log p, by the trapezoid rule over ±10
 * standard deviations, which is exact to 1e-12 for a polynomial under a Gaussian.
 */
function klByQuadrature(q: { mu: number; logVar: number }, p: { mu: number; logVar: number }): number {
  const [varianceOfQ, varianceOfP] = [Math.exp(q.logVar), Math.exp(p.logVar)];
  const step = Math.sqrt(varianceOfQ) / 5;
  let sum = 0;
  for (let i = -50; i <= 50; i++) {
    const z = q.mu + i * step;
    sum += density(z, q.mu, varianceOfQ) * (logDensity(z, q.mu, varianceOfQ) - logDensity(z, p.mu, varianceOfP));
  }
  return sum * step;
}

// Two examples, three dimensions, no two numbers alike.
const MU = [[1, 0, -2], [0.5, 3, -1]];
const LOG_VAR = [[0, Math.log(4), -Math.log(4)], [-0.3, 0.2, 1]];
const X = [[0.5, 2, -1.5], [-1, 0.25, 4]];
const P_MU = [[0.2, -0.7, 1.1], [2, -0.4, 0.3]];
const P_LOG_VAR = [[0.4, -1.1, 0.9], [1.3, -0.6, -0.2]];

testOnBackends("logGaussian: worked by hand, and the product of textbook densities", async () => {
  // At the mean of N(0, 1): -½ log 2π = -0.9189385 a dimension. Two from the mean of N(·, 4): that - ½ log 4 - ½.
  assertClose(
    await numbers(() => logGaussian(tf.tensor2d([[0, 1]]), gaussian([[0, 3]], [[0, Math.log(4)]]))),
    [-0.9189385 - 0.9189385 - 0.6931472 - 0.5],
    TOLERANCE,
  );
  const expected = X.map((row, b) =>
    Math.log(row.reduce((product, x, i) => product * density(x, MU[b][i], Math.exp(LOG_VAR[b][i])), 1))
  );
  assertClose(await numbers(() => logGaussian(tf.tensor2d(X), gaussian(MU, LOG_VAR))), expected, TOLERANCE);
});

testOnBackends("logGaussian: a shared variance, a shared mean, and images", async () => {
  const shared = { mu: MU, logVar: [[0.7, 0.7, 0.7], [0.7, 0.7, 0.7]] };
  assertClose(
    await numbers(() => logGaussian(tf.tensor2d(X), { mu: tf.tensor2d(MU), logVar: tf.scalar(0.7) })),
    await numbers(() => logGaussian(tf.tensor2d(X), gaussian(shared.mu, shared.logVar))),
    TOLERANCE,
    "a scalar logVar counts once a dimension",
  );
  assertClose(
    await numbers(() => logGaussian(tf.tensor2d(X), { mu: tf.scalar(0), logVar: tf.scalar(0) })),
    X.map((row) => row.reduce((sum, x) => sum + Math.log(density(x, 0, 1)), 0)),
    TOLERANCE,
  );
  const image = (values: number[][]) => tf.tensor2d(values).reshape([2, 3, 1, 1]);
  assertClose(
    await numbers(() => logGaussian(image(X), { mu: image(MU), logVar: image(LOG_VAR) })),
    await numbers(() => logGaussian(tf.tensor2d(X), gaussian(MU, LOG_VAR))),
    TOLERANCE,
  );
});

testOnBackends("a density integrates to one, whatever the mean and the variance", async (backend) => {
  const parameters = fc.record({
    mu: fc.double({ min: -3, max: 3, noNaN: true }),
    logVar: fc.double({ min: -4, max: 4, noNaN: true }),
  });
  for (const { mu, logVar } of fc.sample(parameters, { seed: 1, numRuns: backend === "webgpu" ? 3 : 30 })) {
    const sigma = Math.exp(logVar / 2);
    const grid = Array.from({ length: 401 }, (_, i) => [mu + (i - 200) * sigma / 20]); // [401, 1]
    const logs = await numbers(() => logGaussian(tf.tensor2d(grid), { mu: tf.scalar(mu), logVar: tf.scalar(logVar) }));
    const area = logs.reduce((sum, log) => sum + Math.exp(log) * sigma / 20, 0);
    assertClose([area], [1], 1e-4, `${mu}, ${logVar}`); // float32 of (x - μ)² / σ² where that is 100 and more
  }
});

testOnBackends("klToStandardNormal: worked by hand", async () => {
  // ½·1² = 0.5; ½ (4 - 1 - log 4) = 0.806853; ½ ((-2)² + ¼ - 1 + log 4) = 2.318147: the logarithms cancel.
  // ½·3² + ½ (4 - 1 - log 4) = 5.306853.
  const q = () => gaussian([MU[0], [0, 3, 0]], [LOG_VAR[0], [0, 0, Math.log(4)]]);
  assertEquals(tf.tidy(() => klToStandardNormal(q()).shape), [2]);
  assertClose(await numbers(() => klToStandardNormal(q())), [3.625, 5.3068528], TOLERANCE);
});

testOnBackends("kl: worked by hand, and not symmetric", async () => {
  // q = N(1, 4), p = N(3, 16): ½ (2²/16 + 4/16 - 1 - log ¼) = 0.443147; the other way ½ (2²/4 + 16/4 - 1 - log 4) = 1.306853.
  const [q, p] = [gaussian([[1]], [[Math.log(4)]]), gaussian([[3]], [[Math.log(16)]])];
  assertClose(await numbers(() => kl(q, p)), [0.4431472], TOLERANCE);
  assertClose(await numbers(() => kl(p, q)), [1.3068528], TOLERANCE);
  tf.dispose([q, p]);
});

testOnBackends("both divergences match quadrature of their definition, on random Gaussians", async (backend) => {
  const one = fc.record({
    mu: fc.double({ min: -3, max: 3, noNaN: true }),
    logVar: fc.double({ min: -2, max: 2, noNaN: true }),
  });
  const batch = fc.array(fc.tuple(one, one, one), { minLength: 2, maxLength: 2 }); // [B = 2, L = 3]
  const tensors = (rows: { mu: number; logVar: number }[][]) =>
    gaussian(rows.map((row) => row.map(({ mu }) => mu)), rows.map((row) => row.map(({ logVar }) => logVar)));
  const prior = { mu: 0, logVar: 0 };
  await fc.assert(
    fc.asyncProperty(batch, batch, async (q, p) => {
      const sums = (other: (b: number, i: number) => typeof prior) =>
        q.map((row, b) => row.reduce((sum, dimension, i) => sum + klByQuadrature(dimension, other(b, i)), 0));
      // A divergence of up to 200 nats here (means 6 apart, variance e^-2), in float32.
      assertClose(await numbers(() => kl(tensors(q), tensors(p))), sums((b, i) => p[b][i]), 2e-4, "kl");
      assertClose(await numbers(() => klToStandardNormal(tensors(q))), sums(() => prior), 2e-4, "to the prior");
      assertClose(await numbers(() => kl(tensors(q), tensors(q))), [0, 0], 0, "to itself");
    }),
    { seed: 1, numRuns: backend === "webgpu" ? 2 : 20 },
  );
});

testOnBackends("kl is the mean of log q - log p over samples, within standard errors", async (backend) => {
  const samples = backend === "webgpu" ? 1_000 : 10_000;
  for (const b of [0, 1]) {
    const tiled = (row: number[]) => tf.tensor2d([row]).tile([samples, 1]); // [K, 3]
    const differences = await numbers(() => {
      const q = { mu: tiled(MU[b]), logVar: tiled(LOG_VAR[b]) };
      const z = reparameterize(q, random(b).normal([samples, 3]));
      return logGaussian(z, q).sub(logGaussian(z, gaussian([P_MU[b]], [P_LOG_VAR[b]])));
    });
    const mean = differences.reduce((sum, d) => sum + d, 0) / samples;
    const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (samples - 1);
    const [exact] = await numbers(() => kl(gaussian([MU[b]], [LOG_VAR[b]]), gaussian([P_MU[b]], [P_LOG_VAR[b]])));
    assertLess(Math.abs(mean - exact), 4 * Math.sqrt(variance / samples), `${mean} for ${exact}`);
  }
});

testOnBackends("kl takes one Gaussian, or one variance, for the whole batch", async () => {
  const whole = await numbers(() =>
    kl(gaussian(MU, LOG_VAR), gaussian([P_MU[0], P_MU[0]], [[0.4, 0.4, 0.4], [0.4, 0.4, 0.4]]))
  );
  assertClose(
    await numbers(() => kl(gaussian(MU, LOG_VAR), { mu: tf.tensor2d([P_MU[0]]), logVar: tf.scalar(0.4) })),
    whole,
    TOLERANCE,
  );
  assertClose(
    await numbers(() =>
      kl({ mu: tf.tensor2d(MU), logVar: tf.scalar(0.3) }, { mu: tf.scalar(0), logVar: tf.scalar(0) })
    ),
    await numbers(() => klToStandardNormal(gaussian(MU, [[0.3, 0.3, 0.3], [0.3, 0.3, 0.3]]))),
    TOLERANCE,
  );
  assertClose(
    await numbers(() => klToStandardNormal({ mu: tf.tensor2d(MU), logVar: tf.scalar(0.3) })),
    await numbers(() => klToStandardNormal(gaussian(MU, [[0.3, 0.3, 0.3], [0.3, 0.3, 0.3]]))),
    TOLERANCE,
  );
});

testOnBackends(
  "klToStandardNormal is zero at the prior, never negative near it, and as exact as float32 allows",
  async (backend) => {
    assertEquals(await numbers(() => klToStandardNormal(gaussian([[0, 0, 0]], [[0, 0, 0]]))), [0]);
    const powers = Array.from({ length: 40 }, (_, i) => 10 ** (-i / 5)).flatMap((v) => [v, -v]); // 1 down to 1e-8
    const random = fc.sample(fc.double({ min: -0.01, max: 0.01, noNaN: true }), { seed: 1, numRuns: 400 });
    const logVars = [...powers, ...random].map(Math.fround);
    const found = await numbers(() => klToStandardNormal(gaussian(logVars.map(() => [0]), logVars.map((v) => [v]))));
    assert(found.every((divergence) => divergence >= 0), `smallest: ${Math.min(...found)}`);
    found.forEach((divergence, i) => {
      const exact = (Math.expm1(logVars[i]) - logVars[i]) / 2;
      // Half a unit of float32 in expm1(v), which is about v; on WebGPU a few in exp(v), which is about 1.
      const rounding = backend === "webgpu" ? 5e-7 : 1.2e-7 * Math.abs(logVars[i]);
      assertClose([divergence], [exact], rounding * Math.exp(Math.max(0, logVars[i])), `log variance ${logVars[i]}`);
    });
  },
);

testOnBackends("a Gaussian that is no longer a number never looks like the prior", async () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    // tfjs uploads constants as they are, and makes other NaNs (with the sign set) itself: both must show.
    for (const made of [() => tf.tensor2d([[bad]]), () => tf.tensor2d([[bad]]).sub(tf.tensor2d([[bad]]))]) {
      const sane = () => tf.zeros([1, 1]);
      for (const q of [{ mu: sane, logVar: made }, { mu: made, logVar: sane }]) {
        const found = [
          ...await numbers(() => klToStandardNormal({ mu: q.mu(), logVar: q.logVar() })),
          ...await numbers(() => kl({ mu: q.mu(), logVar: q.logVar() }, { mu: sane(), logVar: sane() })),
        ];
        assert(found.every((value) => !Number.isFinite(value)), `${bad} gives ${found}`);
      }
    }
  }
});

testOnBackends(
  "from log variances of -174 to 174, means of ±1e4: finite, unless it is beyond float32",
  async (backend) => {
    const corners = [-174, -100, -89, -88, -1, 0, 1, 88, 89, 100, 174].flatMap((v) =>
      [0, 1e4, -1e4].map((m) => [m, v])
    );
    const [mu, logVar] = [() => tf.tensor2d(corners.map(([m]) => [m])), () => tf.tensor2d(corners.map(([, v]) => [v]))];
    const q = () => ({ mu: mu(), logVar: logVar() });
    const narrow = () => ({ mu: mu(), logVar: tf.scalar(-100) }), wide = () => ({ mu: mu(), logVar: tf.scalar(100) });
    const gap = (v: number) => (Math.fround(Math.expm1(v)) - v) / 2; // of a variance e^v against 1; infinite where e^v is
    const expected: [string, () => tf.Tensor, (m: number, v: number) => number][] = [
      ["logGaussian at the mean", () => logGaussian(mu(), q()), (_, v) => -(Math.log(2 * Math.PI) + v) / 2],
      ["klToStandardNormal", () => klToStandardNormal(q()), (m, v) => m ** 2 / 2 + gap(v)],
      ["kl to itself", () => kl(q(), q()), () => 0],
      ["kl to a narrow one", () => kl(q(), narrow()), (_, v) => gap(v + 100)],
      ["kl to a wide one", () => kl(q(), wide()), (_, v) => gap(v - 100)],
      ["a sample", () => reparameterize(q(), tf.onesLike(mu())).reshape([-1]), (m, v) => m + Math.exp(v / 2)],
      ["the mean, as a sample", () => reparameterize(q(), tf.zerosLike(mu())).reshape([-1]), (m) => m],
    ];
    for (const [what, compute, formula] of expected) {
      const found = await numbers(compute);
      corners.forEach(([m, v], i) => {
        const wanted = Math.fround(formula(m, v));
        // A few roundings; on WebGPU exp(e) is promised to within 3 + 2 |e| units, and here |e| is at most 189.
        const unit = (backend === "webgpu" ? 2 * 189 + 5 : 5) * 2 ** -23;
        const near = Number.isFinite(wanted)
          ? Math.abs(found[i] - wanted) <= unit * Math.abs(wanted)
          : found[i] === wanted;
        assert(near, `${what}, mu ${m}, logVar ${v}: found ${found[i]}, expected ${wanted}`);
      });
    }
  },
);

testOnBackends("at those corners gradients are what the formulas say", async (backend) => {
  const logVars = [-174, -100, -89, 0, 80, 100, 174], column = () => tf.tensor2d(logVars.map((v) => [v]));
  const means = () => tf.fill([logVars.length, 1], 1e4);
  const gradients = async (f: (x: tf.Tensor, mu: tf.Tensor, logVar: tf.Tensor) => tf.Tensor) => {
    const found = tf.tidy(() => tf.grads(f)([means(), means(), column()]));
    return [await numbers(() => found[0]), await numbers(() => found[1]), await numbers(() => found[2])];
  };
  const zeros = logVars.map(() => 0);
  const [x, mu, logVar] = await gradients((x, mu, logVar) => logGaussian(x, { mu, logVar }));
  assertClose([...x, ...mu], [...zeros, ...zeros], 0, "logGaussian at the mean, by x and mu");
  assertClose(logVar, logVars.map(() => -0.5), 0, "by logVar");
  const divergence = await gradients((x, mu, logVar) => klToStandardNormal({ mu, logVar }).add(x.mul(0).reshape([-1])));
  assertClose(divergence[1], logVars.map(() => 1e4), 0, "klToStandardNormal by mu");
  const unit = (backend === "webgpu" ? 2 * 80 + 5 : 5) * 2 ** -23;
  divergence[2].forEach((found, i) => {
    const wanted = Math.fround(Math.expm1(logVars[i])) / 2;
    const near = Number.isFinite(wanted) ? Math.abs(found - wanted) <= unit * Math.abs(wanted) : found === wanted;
    assert(near, `by logVar ${logVars[i]}: ${found}`);
  });
});

testOnBackends("gradients of the divergences match finite differences of quadrature", async () => {
  const h = 1e-4;
  const gradients = (f: (mu: tf.Tensor, logVar: tf.Tensor) => tf.Tensor) =>
    numbers(() => tf.stack(tf.grads(f)([tf.tensor2d([MU[1]]), tf.tensor2d([LOG_VAR[1]])])).reshape([6]));
  const differences = (p: (i: number) => { mu: number; logVar: number }) =>
    (["mu", "logVar"] as const).flatMap((name) =>
      [0, 1, 2].map((i) => {
        const q = { mu: MU[1][i], logVar: LOG_VAR[1][i] };
        const at = (value: number) => klByQuadrature({ ...q, [name]: value }, p(i));
        return (at(q[name] + h) - at(q[name] - h)) / (2 * h);
      })
    );
  const toPrior = await gradients((mu, logVar) => klToStandardNormal({ mu, logVar }));
  assertClose(toPrior, differences(() => ({ mu: 0, logVar: 0 })), TOLERANCE, "to the prior");
  const toP = await gradients((mu, logVar) => kl({ mu, logVar }, gaussian([P_MU[1]], [P_LOG_VAR[1]])));
  assertClose(toP, differences((i) => ({ mu: P_MU[1][i], logVar: P_LOG_VAR[1][i] })), 2 * TOLERANCE, "to p");
});

testOnBackends("gradients reach a mean and a variance that the whole batch shares", async () => {
  // Of the sum over the batch of log N(x | μ, σ²): Σ (x - μ) / σ² and ½ Σ ((x - μ)² / σ² - 1).
  const [mu, logVar] = [P_MU[0], 0.4];
  const gradients = async (f: (mu: tf.Tensor, logVar: tf.Tensor) => tf.Tensor) => {
    const found = tf.tidy(() => tf.grads(f)([tf.tensor1d(mu), tf.scalar(logVar)]));
    return [...await numbers(() => found[0]), ...await numbers(() => found[1])];
  };
  const precision = Math.exp(-logVar);
  const expected = [0, 1, 2].map((i) => X.reduce((sum, row) => sum + (row[i] - mu[i]) * precision, 0));
  const scale = X.flat().reduce((sum, x, i) => sum + ((x - mu[i % 3]) ** 2 * precision - 1) / 2, 0);
  const found = await gradients((mu, logVar) => logGaussian(tf.tensor2d(X), { mu, logVar }));
  assertClose(found, [...expected, scale], TOLERANCE, "logGaussian");

  // Of the sum over the batch of KL(q ‖ p), by p: Σ (μp - μq) / σp² and ½ Σ (1 - ((μq - μp)² + σq²) / σp²).
  const means = [0, 1, 2].map((i) => MU.reduce((sum, row) => sum + (mu[i] - row[i]) * precision, 0));
  const squares = MU.flatMap((row, b) => row.map((value, i) => (value - mu[i]) ** 2 + Math.exp(LOG_VAR[b][i])));
  const variance = squares.reduce((sum, square) => sum + (1 - square * precision) / 2, 0);
  const prior = await gradients((mu, logVar) => kl(gaussian(MU, LOG_VAR), { mu, logVar }));
  assertClose(prior, [...means, variance], TOLERANCE, "kl");
});

testOnBackends("the gradient pulls the smallest of variances towards the prior's", async (backend) => {
  const logVars = [1e-8, -1e-8, 1e-5, -1e-5, 1e-3, -1e-3, 0.1, -0.1, 0];
  const found = await numbers(() =>
    tf.grad((v) => klToStandardNormal({ mu: tf.zerosLike(v), logVar: v }))(tf.tensor1d(logVars))
  );
  // Float32 of e^v - 1; where the divergence was rounded below zero (only on WebGPU, below 1e-3), the gradient is lost.
  assertClose(found, logVars.map((v) => Math.expm1(v) / 2), backend === "webgpu" ? 5e-4 : 1e-7);
});

testOnBackends("reparameterize: worked by hand, and its gradients are 1 and ½ σ ε", async () => {
  const eps = [[1, -2, 0.5], [0.25, 3, -1]];
  const z = await numbers(() => reparameterize(gaussian(MU, LOG_VAR), tf.tensor2d(eps)));
  // σ is 1, 2 and ½ in the first example.
  assertClose(z.slice(0, 3), [1 + 1, 0 + 2 * -2, -2 + 0.5 * 0.5], TOLERANCE);
  const sigma = LOG_VAR[1].map((v) => Math.sqrt(Math.exp(v)));
  assertClose(z.slice(3), MU[1].map((mu, i) => mu + sigma[i] * eps[1][i]), TOLERANCE);
  const gradients = await numbers(() =>
    tf.stack(
      tf.grads((mu, logVar) => reparameterize({ mu, logVar }, tf.tensor2d([eps[1]])))(
        [tf.tensor2d([MU[1]]), tf.tensor2d([LOG_VAR[1]])],
      ),
    )
  );
  assertClose(gradients, [1, 1, 1, ...sigma.map((s, i) => s * eps[1][i] / 2)], TOLERANCE);
});

testOnBackends("samples have the mean and the variance asked for, within standard errors", async (backend) => {
  const samples = backend === "webgpu" ? 1_000 : 10_000;
  const z = await numbers(() => {
    const q = { mu: tf.fill([samples, 1], -2), logVar: tf.fill([samples, 1], Math.log(9)) };
    return reparameterize(q, random(1).normal([samples, 1]));
  });
  const mean = z.reduce((sum, value) => sum + value, 0) / samples;
  const variance = z.reduce((sum, value) => sum + (value + 2) ** 2, 0) / samples;
  assertLess(Math.abs(mean + 2), 4 * 3 / Math.sqrt(samples));
  assertLess(Math.abs(variance - 9), 4 * 9 * Math.sqrt(2 / samples));
});

testOnBackends("noise that would be shared between examples or dimensions is refused in a sentence", () => {
  tf.tidy(() => {
    const q = gaussian(MU, LOG_VAR);
    for (const shape of [[1, 3], [2, 1], [3], [], [3, 2], [1, 2, 3], [4, 2, 3]]) {
      assertThrows(
        () => reparameterize(q, tf.zeros(shape)),
        RangeError,
        `The noise has shape [${shape}]; the Gaussians have [2,3].`,
      );
    }
  });
});

testOnBackends("the functions leave nothing but their result", async () => {
  const [q, p, x] = [gaussian(MU, LOG_VAR), gaussian(P_MU, P_LOG_VAR), tf.tensor2d(X)];
  await assertKeeps(1, () => logGaussian(x, q));
  await assertKeeps(1, () => klToStandardNormal(q));
  await assertKeeps(1, () => kl(q, p));
  await assertKeeps(1, () => reparameterize(q, x));
  tf.dispose([q, p, x]);
});

Deno.test("what would broadcast the wrong way round, and count numbers more than once, is refused in a sentence", () => {
  const zeros = (...shape: number[]) => tf.zeros(shape);
  const refused: [string, () => unknown][] = [
    [
      "The points have shape [28,28]; a tensor of shape [28,28,1] does",
      () => logGaussian(zeros(28, 28), { mu: zeros(28, 28, 1), logVar: tf.scalar(0) }),
    ],
    [
      "The points have shape [3,1]; a tensor of shape [3,4] does",
      () => logGaussian(zeros(3, 1), { mu: zeros(3, 1), logVar: zeros(3, 4) }),
    ],
    [
      "The means have shape [3,4]; a tensor of shape [5,3,4] does",
      () => klToStandardNormal({ mu: zeros(3, 4), logVar: zeros(5, 3, 4) }),
    ],
    [
      "The means of q have shape [3,1]; a tensor of shape [3,4] does",
      () => kl({ mu: zeros(3, 1), logVar: zeros(3, 1) }, { mu: zeros(3, 4), logVar: zeros(3, 4) }),
    ],
    [
      "The means have shape [3,4]; a tensor of shape [5,3,4] does",
      () => reparameterize({ mu: zeros(3, 4), logVar: zeros(5, 3, 4) }, zeros(3, 4)),
    ],
  ];
  for (const [sentence, run] of refused) assertThrows(run, RangeError, `${sentence} not broadcast to it.`);
});
