import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { logBernoulli } from "../src/distributions/bernoulli.ts";
import { kl, logGaussian } from "../src/distributions/gaussian.ts";
import { autoencoder } from "../src/models/autoencoder.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import type { Vae } from "../src/models/vae.ts";
import { elbo } from "../src/objectives/elbo.ts";
import { negativeElbo, squaredError } from "../src/objectives/objective.ts";
import { random } from "../src/random.ts";
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
    logLikelihood: (x, decoded) => logGaussian(x, { mu: decoded, logVar: tf.scalar(Math.log(s2)) }),
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
      const terms = objective.terms(x(), random(7));
      assertEquals(Object.values(terms).map(({ shape }) => shape), [[3], [3], [3]]);
      return terms[name];
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
    await numbers(() => objective.terms(x(), source).loss),
    await numbers(() => objective.terms(x(), source).loss),
  ];
  assert(twice[0].every((value, i) => value !== twice[1][i]), "each call draws new noise");
  tf.dispose(eps);
  vae.dispose();
});

testOnBackends("the gradient of the negative ELBO matches finite differences", async () => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [4], seed: 2 });
  const x = () => tf.tensor2d([[0, 1, 0.5, 1], [1, 0.75, 0, 0.25]]);
  const total = () => negativeElbo(vae).terms(x(), random(3)).loss.sum() as tf.Scalar;
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
  for (const name of ["loss", "reconstruction", "kl"] as const) {
    const found = await numbers(() => {
      const terms = objective.terms(tf.tensor([1, 2, 3, 0, 1, 0], [2, 1, 3, 1]), random(0));
      assertEquals(Object.values(terms).map(({ shape }) => shape), [[2], [2], [2]]);
      return terms[name];
    });
    assertEquals(found, name === "kl" ? [0, 0] : [108.25, 18.25], name);
  }
  model.dispose();
});

testOnBackends("objectives leave nothing but their three terms", async () => {
  const vae = denseVae({ latent: 2, hidden: 3, shape: [4] });
  const model = autoencoder({ latent: 2, hidden: [3], shape: [4] });
  const [x, eps] = [tf.ones([3, 4]), tf.ones([3, 2])];
  await assertKeeps(3, () => elbo(vae, x, eps));
  await assertKeeps(3, () => negativeElbo(vae).terms(x, random(0)));
  await assertKeeps(3, () => squaredError(model).terms(x, random(0)));
  tf.dispose([x, eps]);
  vae.dispose();
  model.dispose();
});

Deno.test("only where the likelihood is known to be Bernoulli's do examples have a range", async () => {
  await useBackend("cpu");
  const vae = denseVae({ latent: 2, hidden: 3, shape: [2] });
  assertEquals(negativeElbo(vae).range, [0, 1]);
  const gaussian = {
    ...vae,
    logLikelihood: (x: tf.Tensor, decoded: tf.Tensor) => x.sub(decoded).square().sum(1).neg(),
  };
  assertEquals(negativeElbo(gaussian as typeof vae).range, undefined);
  vae.dispose();
});
