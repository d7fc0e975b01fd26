/**
 * # 4. How far is one Gaussian from another?
 *
 * ```math
 * \mathrm{KL}(q \,\|\, p) = \mathbb{E}_{z \sim q}\left[\log q(z) - \log p(z)\right]
 * ```
 *
 * - **You need**: lesson 3 (σ is kept as log σ²; z = μ + σε), integrals and logarithms.
 * - **You leave with**: the one formula that a VAE adds to an autoencoder's loss, derived and checked three ways; its
 *   gradient; and what it charges for.
 * - **Run** (under a second): `deno run lessons/04_kl.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type CommonOptions,
  kl,
  klToStandardNormal,
  logGaussian,
  random,
  range,
  reparameterize,
  runLesson,
  type Show,
  type Tensor,
} from "../mod.ts";
import text from "./04_kl.ts" with { type: "text" };

export const defaults = { samples: 100_000 };

// A VAE's encoder answers each image x not with one code but with a distribution of codes, q(z | x) = N(μ, σ²): "somewhere
// around here". If nothing held it back, σ would shrink to zero and μ would wander anywhere: a plain autoencoder again. So
// we charge for every answer that is unlike one fixed distribution, lesson 2's prior p(z) = N(0, 1). This lesson is about
// the price.

// ## 4.1 By hand
//
// How well can you tell, from a draw z, that it came from q and not from p? The log-ratio log q(z) - log p(z) says how much
// more likely q made it. Its average over draws from q is the **Kullback–Leibler divergence**, KL(q ‖ p), in **nats** (units
// of information by the natural logarithm; 1 nat = 1.44 bits).
//
// For q = N(μ, σ²) and p = N(0, 1) the integral can be done with a pencil. The two log-densities are
//
// ```math
// \log q(z) = -\tfrac12 \log 2\pi - \tfrac12 \log \sigma^2 - \frac{(z - \mu)^2}{2\sigma^2}, \qquad
// \log p(z) = -\tfrac12 \log 2\pi - \frac{z^2}{2}
// ```
//
// Subtract, and the 2π cancels:
//
// ```math
// \log q(z) - \log p(z) = \tfrac12 \left( z^2 - \frac{(z - \mu)^2}{\sigma^2} - \log \sigma^2 \right)
// ```
//
// Now average over z from q. By the definition of a variance, E[(z - μ)²] = σ², so the middle term is 1. And since
// E[z²] is the variance plus the squared mean, E[z²] = μ² + σ². What remains:
//
// ```math
// \mathrm{KL} = \tfrac12 \left( \mu^2 + \sigma^2 - 1 - \log \sigma^2 \right)
// ```

/** KL(N(μ, σ²) ‖ N(0, 1)) in nats, from μ and log σ². */
export function klByHand(mu: number, logVar: number): number {
  return 0.5 * (mu ** 2 + Math.exp(logVar) - 1 - logVar);
}

// Two parts act on two things: μ² pulls the mean to 0; σ² - 1 - log σ² is least at σ = 1, so it keeps q from shrinking to a
// point (where log σ² → -∞) as well as from spreading.

// ## 4.2 By adding up the integral
//
// A formula derived by hand wants a check by something that does not know it. The integral is a sum of thin strips:

/** The same by the trapezium rule, on 4,001 points that reach 12 standard deviations to either side of μ. */
export function klByQuadrature(mu: number, logVar: number): number {
  const sigma = Math.exp(logVar / 2);
  const logQ = (z: number) => -0.5 * (Math.log(2 * Math.PI) + logVar + ((z - mu) / sigma) ** 2);
  const logP = (z: number) => -0.5 * (Math.log(2 * Math.PI) + z ** 2);
  const step = 24 * sigma / 4000;
  let sum = 0;
  for (let i = 0; i <= 4000; i++) {
    const z = mu - 12 * sigma + i * step;
    sum += Math.exp(logQ(z)) * (logQ(z) - logP(z)) * step; // both ends are zero to all digits, so no half strips
  }
  return sum;
}

// ## 4.3 By throwing dice
//
// An expectation under q is an average over draws from q. This way works also where no pencil reaches, and it comes with its
// own error bar, lesson 1's standard error.

/** The same as an average over samples, with its standard error. */
export async function klByMonteCarlo(
  mu: number,
  logVar: number,
  eps: Tensor,
): Promise<{ mean: number; error: number }> {
  const [mean, error] = tf.tidy(() => {
    const q = { mu: tf.fill(eps.shape, mu), logVar: tf.fill(eps.shape, logVar) }; // [K, 1]
    const z = reparameterize(q, eps); // [K, 1]
    const ratio = tf.sub(logGaussian(z, q), logGaussian(z, { mu: tf.scalar(0), logVar: tf.scalar(0) })); // [K]
    const { mean, variance } = tf.moments(ratio);
    return [mean, tf.sqrt(variance.div(eps.shape[0]))];
  });
  const figures = { mean: (await mean.data())[0], error: (await error.data())[0] };
  tf.dispose([mean, error]);
  return figures;
}

async function threeWays(show: Show, { samples, seed }: typeof defaults & CommonOptions): Promise<void> {
  show.title("4.1-4.3 The same number three ways: μ = 1, σ² = ½");
  const [mu, logVar] = [1, Math.log(0.5)];
  const expected = klByHand(mu, logVar);
  show.text(`closed form: ½ (1 + ½ - 1 - log ½) = ${expected.toFixed(6)} nats`);
  show.claim("adding up the integral", assertAlmostEquals, {
    found: klByQuadrature(mu, logVar),
    expected,
    margin: 1e-5,
    from: "the closed form; 4,001 points",
  });
  const eps = random(seed).normal([samples, 1]);
  const { mean, error } = await klByMonteCarlo(mu, logVar, eps);
  eps.dispose();
  show.claim("averaging over draws", assertAlmostEquals, {
    found: mean,
    expected,
    margin: 4 * error,
    from: `the closed form; 4 standard errors of ${samples} draws`,
  });
}

// ## 4.4 Many dimensions: a sum
//
// A code has L dimensions, each with its own μ and σ. Independent log-ratios add up, so the divergence of the whole code is
// the **sum** over dimensions, one number for each image: from `[B, L]` to `[B]`. A mean would charge only 1/L of the price.

async function manyDimensions(show: Show): Promise<void> {
  show.title("4.4 Many dimensions");
  const mu = [[1, 0, -2], [0.5, -0.5, 0]];
  const logVar = [[0, -1, 1], [0.5, 0, -3]];
  const divergence = tf.tidy(() => klToStandardNormal({ mu: tf.tensor2d(mu), logVar: tf.tensor2d(logVar) })); // [2]
  const found = await divergence.data();
  divergence.dispose();
  for (const image of [0, 1]) {
    const expected = mu[image].reduce((sum, m, l) => sum + klByHand(m, logVar[image][l]), 0);
    show.claim(`klToStandardNormal, row ${image}`, assertAlmostEquals, {
      found: found[image],
      expected,
      margin: 1e-5,
      from: "three closed forms added up; float32",
    });
  }
  show.claim("the price at μ = 1, σ = 1, in nats", assertEquals, {
    found: klByHand(1, 0),
    expected: 0.5,
    from: "½ · 1²",
  });
}

// ## 4.5 Its gradient
//
// Training never looks at the price, only at its slope. Differentiate the closed form:
//
// ```math
// \frac{\partial\,\mathrm{KL}}{\partial \mu} = \mu, \qquad
// \frac{\partial\,\mathrm{KL}}{\partial \log \sigma^2} = \tfrac12 (\sigma^2 - 1)
// ```
//
// (again because σ² is the exponential of log σ²). A spring on μ; and on log σ² a force that never exceeds ½ while σ < 1,
// however small σ gets, and grows like σ²/2 above.

/** The gradient of the library's KL by automatic differentiation, at one point. */
export async function klGradient(mu: number, logVar: number): Promise<[number, number]> {
  const gradient = tf.grads((m: Tensor, v: Tensor) => klToStandardNormal({ mu: m, logVar: v }).sum());
  const slopes = tf.tidy(() => tf.concat(gradient([tf.tensor2d([[mu]]), tf.tensor2d([[logVar]])]), 1)); // [1, 2]
  const [dMu, dLogVar] = await slopes.data();
  slopes.dispose();
  return [dMu, dLogVar];
}

async function slopes(show: Show): Promise<void> {
  show.title("4.5 Its gradient, by automatic differentiation");
  for (const [mu, logVar] of [[1, Math.log(0.5)], [-2, 1], [0, 0]]) {
    const [dMu, dLogVar] = await klGradient(mu, logVar);
    const at = `at μ = ${mu}, log σ² = ${logVar.toFixed(2)}`;
    const float32 = { margin: 1e-6, from: "the pencil; float32" };
    show.claim(`along μ ${at}`, assertAlmostEquals, { found: dMu, expected: mu, ...float32 });
    const expected = 0.5 * (Math.exp(logVar) - 1);
    show.claim(`along log σ² ${at}`, assertAlmostEquals, { found: dLogVar, expected, ...float32 });
  }
  await valley(show);
}

// These are the slopes of a valley. Here it is from above: its lowest point, and the only one that is free, is the prior.

async function valley(show: Show): Promise<void> {
  const mus = Array.from(range(61), (i) => (i - 30) / 10);
  const sigmas = Array.from(range(30), (i) => (i + 1) / 10);
  await show.heat("kl", "What q = N(μ, σ²) costs: only the prior is free", {
    values: sigmas.flatMap((sigma) => mus.map((mu) => klByHand(mu, 2 * Math.log(sigma)))),
    columns: mus.length,
    x: { label: "μ", from: -3, to: 3 },
    y: { label: "σ", from: 0.1, to: 3 },
    value: { label: "KL(q ‖ p), nats" },
    marks: [{ x: 0, y: 1, name: "the prior, N(0, 1)" }],
  });
}

// ## 4.6 Never negative, in float32 too
//
// KL is never negative. The line t - 1 touches log t at t = 1 and lies above it elsewhere. Put t = p/q. The average under
// q of log(p/q), which is -KL, is at most (the average of p/q) - 1. That average is ∫ q · p/q = ∫ p = 1, so -KL ≤ 0. It is
// zero only if t = 1 everywhere, when q is p. (A case of **Jensen's inequality**: log is concave, so an average of logs is
// at most the log of the average.) Computers need help with that. Near the prior σ² - 1 and log σ² are nearly equal, and
// float32 keeps seven digits: exp(v) - 1 has lost the last digits of v, and once log σ² = v is subtracted the last digits
// are all that is left. `expm1(v)` computes e^v - 1 without passing through a number near 1.

async function neverNegative(show: Show, seed: number): Promise<void> {
  show.title("4.6 Never negative");
  const logVar = tf.tidy(() => random(seed).normal([10_000, 1]).mul(1e-3)); // [10000, 1], all close to the prior's 0
  const [ours, naive] = tf.tidy(() => [
    klToStandardNormal({ mu: tf.zerosLike(logVar), logVar }).min(),
    tf.exp(logVar).sub(1).sub(logVar).mul(0.5).min(),
  ]);
  const prior = tf.tidy(() => klToStandardNormal({ mu: tf.zeros([1, 20]), logVar: tf.zeros([1, 20]) })); // [1]
  const least = (await ours.data())[0];
  show.claim("the smallest of 10,000, by expm1", assertGreaterOrEqual, { found: least, expected: 0, from: "4.6" });
  show.claim("the smallest of 10,000, by exp", assertLess, {
    found: (await naive.data())[0],
    expected: 0,
    from: "rounding: an impossible divergence",
  });
  show.claim("at the prior itself, 20 dimensions", assertEquals, {
    found: (await prior.data())[0],
    expected: 0,
    from: "q is p",
  });
  tf.dispose([logVar, ours, naive, prior]);
}

// ## 4.7 Not a distance
//
// For any two Gaussians, measure z from p's mean and in units of p's deviation. That changes no log-ratio, and makes p the
// standard normal:
//
// ```math
// \mathrm{KL}(\mathcal{N}(\mu, \sigma^2) \,\|\, \mathcal{N}(m, s^2))
// = \tfrac12 \left( \frac{(\mu - m)^2}{s^2} + \frac{\sigma^2}{s^2} - 1 - \log \frac{\sigma^2}{s^2} \right)
// ```
//
// The average is taken under q, so what counts is where q has its mass. A narrow q inside a broad p wastes little; a broad
// q against a narrow p often lands where p says "practically never", and pays each time. With deviations 0.1 and 1:
//
// ```math
// \mathrm{KL}(\text{narrow} \,\|\, \text{broad}) = \tfrac12 (0.01 - 1 - \log 0.01) = 1.81, \qquad
// \mathrm{KL}(\text{broad} \,\|\, \text{narrow}) = \tfrac12 (100 - 1 + \log 0.01) = 47.20
// ```
//
// A VAE charges KL(q(z | x) ‖ p(z)), the cheap way round: each single q(z | x) may be narrow, at under two nats per dimension
// here. The picture has both ways round, for every σ of q: they agree only where both are zero.

async function asymmetry(show: Show): Promise<void> {
  show.title("4.7 Not a distance");
  const narrow = { mu: tf.tensor2d([[0]]), logVar: tf.tensor2d([[Math.log(0.01)]]) };
  const broad = { mu: tf.tensor2d([[0]]), logVar: tf.tensor2d([[0]]) };
  const both = tf.tidy(() => tf.concat([kl(narrow, broad), kl(broad, narrow)])); // [2]
  const [inside, outside] = await both.data();
  const pencil = { margin: 0.005, from: "the pencil, to two decimals" };
  show.claim("KL(narrow ‖ broad)", assertAlmostEquals, { found: inside, expected: 1.81, ...pencil });
  show.claim("KL(broad ‖ narrow)", assertAlmostEquals, { found: outside, expected: 47.2, ...pencil });
  tf.dispose([both, ...Object.values(narrow), ...Object.values(broad)]);
  const sigma = Array.from(range(61), (i) => 10 ** ((i - 30) / 30)); // from 0.1 to 10
  await show.lines("asymmetry", "A q too narrow is cheap one way round, and dear the other", {
    series: [
      { name: "KL(q ‖ p), the VAE's", x: sigma, y: sigma.map((s) => klByHand(0, 2 * Math.log(s))) },
      { name: "KL(p ‖ q)", x: sigma, y: sigma.map((s) => klByHand(0, -2 * Math.log(s))) }, // in units of q's deviation, p's is 1/σ
    ],
    x: { label: "σ of q = N(0, σ²), with p = N(0, 1)", log: true },
    y: { label: "nats", from: 0 },
  });
}

// ## 4.8 A sign that went missing
//
// This course grew from a notebook on VAEs, which prints the formula as KL = ½ Σ (1 + log σ² - μ² - σ²). Compare 4.1:
// every sign is turned round. (Its code multiplies by -½, and is right.) Whoever trained on the printed formula would be
// *paid* for leaving the prior, without limit. One look at the sign catches it: a divergence is never negative.

/** The formula as that notebook prints it. */
export function klAsPrinted(mu: number, logVar: number): number {
  return 0.5 * (1 + logVar - mu ** 2 - Math.exp(logVar));
}

function missingSign(show: Show): void {
  show.title("4.8 A sign that went missing");
  const [right, printed] = [klByHand(2, -1), klAsPrinted(2, -1)];
  show.claim("as printed, at μ = 2, log σ² = -1", assertLess, {
    found: printed,
    expected: 0,
    from: "so no divergence",
  });
  show.claim("the two formulas added", assertEquals, {
    found: right + printed,
    expected: 0,
    from: "they differ in sign",
  });
  show.claim("the right one", assertAlmostEquals, {
    found: right,
    expected: klByQuadrature(2, -1),
    margin: 1e-5,
    from: "the integral of 4.2",
  });
}

// ## Try it
//
// 1. `--samples 1000000`. By what factor does the margin in 4.3 shrink, and why not by ten?
// 2. In 4.4 one μ = 1 costs half a nat. What does μ = 2 cost, with σ = 1? Predict, then ask `klByHand`.
// 3. In 4.7 use σ = 0.01 for the narrow one. Which of the two divergences grows by much, which by little?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: typeof defaults & CommonOptions, show: Show): Promise<void> {
  await threeWays(show, options);
  await manyDimensions(show);
  await slopes(show);
  await neverNegative(show, options.seed);
  await asymmetry(show);
  missingSign(show);
}

if (import.meta.main) {
  await runLesson({
    name: "04_kl",
    question: "How far is one Gaussian from another?",
    text,
    defaults,
    usesData: false,
    lesson,
  });
}
