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
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
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

// A VAE's encoder answers each x not with one code but with a distribution of codes, q(z | x) = N(μ, σ²): "somewhere
// around here". If nothing held it back, σ would shrink to zero, as noise in the code costs reconstruction (lesson 3),
// and μ would wander anywhere: a plain autoencoder again. So we charge for every answer that is unlike one fixed
// distribution, lesson 2's prior p(z) = N(0, 1). For one x, write q(z) for q(z | x).

// ## 4.1 Three pairs
//
// Before any algebra, look: the prior p, with three answers q that an encoder might give, and what each will be
// charged. Lesson 3's first guess, N(0, ¼²), stands in the middle of p, but claims to know z well. A better one for the
// toy's x = 1.5 is N(½, ½²), which lesson 5 will use. The third has p's width, but is far away.
//
// **Predict, then run**: which of them costs the most: the sure guess, the good guess, or the one far away?

/** Three answers q = N(μ, σ²). */
export const ANSWERS = [
  { name: "a sure guess", mu: 0, sigma: 0.25 },
  { name: "a good guess", mu: 0.5, sigma: 0.5 },
  { name: "far away", mu: 2, sigma: 1 },
];

// ### Check
async function threePairs(show: Show): Promise<void> {
  show.title("4.1 Three pairs");
  const z = Array.from(range(161), (i) => (i - 60) / 20); // from -3 to 5
  const density = async (mu: number, sigma: number) => {
    const p = () => ({ mu: tf.scalar(mu), logVar: tf.scalar(2 * Math.log(sigma)) });
    const values = tf.tidy(() => tf.exp(logGaussian(tf.tensor2d(z, [z.length, 1]), p()))); // [161]
    return await values.data().finally(() => values.dispose());
  };
  const series = [{ name: "the prior, N(0, 1)", x: z, y: await density(0, 1) }];
  for (const { name, mu, sigma } of ANSWERS) {
    const nats = klByHand(mu, 2 * Math.log(sigma)).toFixed(2);
    series.push({ name: `${name}, N(${mu}, ${sigma}²): ${nats} nats`, x: z, y: await density(mu, sigma) });
  }
  await show.lines("pairs", "The prior, three answers, and what each costs", {
    series,
    x: { label: "code z" },
    y: { label: "density", from: 0 },
  });
}

// ## 4.2 By hand
//
// How well can you tell, from a draw z, that it came from q and not from p? The log-ratio log q(z) - log p(z) says how
// much more likely q made it. Its average over draws from q is the **Kullback–Leibler divergence**, KL(q ‖ p), in
// **nats** (units of information by the natural logarithm; 1 nat = 1.44 bits). The log-densities:
//
// ```math
// \log q(z) = -\tfrac12 \log 2\pi - \tfrac12 \log \sigma^2 - \frac{(z - \mu)^2}{2\sigma^2}, \qquad
// \log p(z) = -\tfrac12 \log 2\pi - \frac{z^2}{2}
// ```
//
// Subtract; 2π cancels:
//
// ```math
// \log q(z) - \log p(z) = \tfrac12 \left( z^2 - \frac{(z - \mu)^2}{\sigma^2} - \log \sigma^2 \right)
// ```
//
// Average over z from q, term by term:
//
// ```math
// \mathrm{KL} = \tfrac12 \left( \mathbb{E}[z^2] - \frac{\mathbb{E}[(z - \mu)^2]}{\sigma^2} - \log \sigma^2 \right)
// ```
//
// By the definition of a variance E[(z - μ)²] = σ², so the middle term is 1. A mean square is the squared mean plus the
// variance, so E[z²] = μ² + σ². What remains (Kingma and Welling 2013, appendix B):
//
// ```math
// \mathrm{KL} = \tfrac12 \left( \mu^2 + \sigma^2 - 1 - \log \sigma^2 \right)
// ```
//
// For the good guess, ½ (¼ + ¼ - 1 - log ¼) = 0.443 nats. Two parts act on two things. μ² pulls the mean to 0. And σ² -
// 1 - log σ² is least at σ = 1: it keeps q from shrinking to a point, where -log σ² grows without limit, and from
// spreading, where σ² does.
//
// A line that ends in ✎ is yours: delete what follows `return`, write it from the formula, and run.

/** KL(N(μ, σ²) ‖ N(0, 1)) in nats, from μ and log σ². */
export function klByHand(mu: number, logVar: number): number {
  return 0.5 * (mu ** 2 + Math.exp(logVar) - 1 - logVar); // ✎ 4.2a
}

// ### Check
function byHand(show: Show): void {
  show.title("4.2 By hand: μ = ½, σ = ½");
  const found = klByHand(0.5, Math.log(0.25));
  const guess = { found, expected: 0.443, margin: 0.0005, from: "½ (¼ + ¼ - 1 - log ¼), to three digits" };
  show.claim("the good guess", assertAlmostEquals, guess);
  show.claim("the price at μ = 1, σ = 1", assertEquals, { found: klByHand(1, 0), expected: 0.5, from: "½ · 1²" });
}

// ## 4.3 By adding up the integral
//
// A formula derived by hand should be checked by something that does not know it. The divergence is an integral, and an
// integral is a sum of thin strips: the density, times the log-ratio, times the width of the strip.

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

// ### Check
function byStrips(show: Show): void {
  show.title("4.3 By adding up the integral");
  for (const { name, mu, sigma } of ANSWERS) {
    const [found, expected] = [klByQuadrature(mu, 2 * Math.log(sigma)), klByHand(mu, 2 * Math.log(sigma))];
    show.claim(name, assertAlmostEquals, { found, expected, margin: 1e-5, from: "the closed form; 4,001 points" });
  }
}

// ## 4.4 By throwing dice
//
// An expectation under q is an average over draws from q. This way works also where no formula is known, and it comes
// with its own error bar, lesson 1's standard error. Draw as in lesson 3, z = μ + σε, and average the log-ratio:

/** The log-ratio log q(z) - log p(z) at one draw z = μ + σε for each ε `[K, 1]`, `[K]`. */
export function logRatios(mu: number, logVar: number, eps: Tensor): Tensor {
  return tf.tidy(() => {
    const q = { mu: tf.fill(eps.shape, mu), logVar: tf.fill(eps.shape, logVar) }; // [K, 1]
    const p = { mu: tf.scalar(0), logVar: tf.scalar(0) };
    const z = reparameterize(q, eps); // [K, 1]
    return tf.sub(logGaussian(z, q), logGaussian(z, p)); // [K]
  });
}

// ### Check
/** The KL as an average over samples, with its standard error. */
export async function klByMonteCarlo(
  mu: number,
  logVar: number,
  eps: Tensor,
): Promise<{ mean: number; error: number }> {
  const figures = tf.tidy(() => {
    const { mean, variance } = tf.moments(logRatios(mu, logVar, eps));
    return tf.stack([mean, tf.sqrt(variance.div(eps.shape[0]))]); // [2]
  });
  const [mean = NaN, error = NaN] = await figures.data();
  figures.dispose();
  return { mean, error };
}

// ### Check
async function byDice(show: Show, { samples, seed }: typeof defaults & CommonOptions): Promise<void> {
  show.title("4.4 By throwing dice: the good guess");
  const [mu, logVar, eps] = [0.5, Math.log(0.25), random(seed).normal([samples, 1])];
  const { mean: found, error } = await klByMonteCarlo(mu, logVar, eps);
  eps.dispose();
  const from = `the closed form; 4 standard errors of ${samples} draws`;
  const measured = { found, expected: klByHand(mu, logVar), margin: 4 * error, from };
  show.claim("averaging over draws", assertAlmostEquals, measured);
}

// ## 4.5 Many dimensions: a sum
//
// A code has L dimensions, each with its own μ and σ. Log-ratios of independent dimensions add up, so the divergence of
// the whole code is the **sum** over dimensions: one number for each image, from `[B, L]` to `[B]`. A mean would charge
// only 1/L of the price, and so train something else.

/** The divergence of a whole code, from its μ and log σ² in each dimension, as many of one as of the other. */
export const klOfCode = (mu: number[], logVar: number[]) => mu.reduce((sum, m, l) => sum + klByHand(m, logVar[l]!), 0);

// ### Check
async function manyDimensions(show: Show): Promise<void> {
  show.title("4.5 Many dimensions: a sum");
  const q = [{ mu: [1, 0, -2], logVar: [0, -1, 1] }, { mu: [0.5, -0.5, 0], logVar: [0.5, 0, -3] }];
  const [mu, logVar] = [q.map(({ mu }) => mu), q.map(({ logVar }) => logVar)]; // [2, 3] each
  const divergence = tf.tidy(() => klToStandardNormal({ mu: tf.tensor2d(mu), logVar: tf.tensor2d(logVar) })); // [2]
  const found = await divergence.data();
  divergence.dispose();
  for (const [row, { mu, logVar }] of q.entries()) {
    const byHand = { expected: klOfCode(mu, logVar), margin: 1e-5, from: "three closed forms; float32" };
    show.claim(`klToStandardNormal, row ${row}`, assertAlmostEquals, { found: found[row] ?? NaN, ...byHand });
  }
}

// ## 4.6 Its gradient
//
// Training never looks at the price, only at its slope. Differentiate the closed form; σ² is the exponential of log σ²,
// so its slope along log σ² is σ² itself:
//
// ```math
// \frac{\partial\,\mathrm{KL}}{\partial \mu} = \mu, \qquad
// \frac{\partial\,\mathrm{KL}}{\partial \log \sigma^2} = \tfrac12 (\sigma^2 - 1)
// ```
//
// A spring on μ. On log σ² a force that never exceeds ½ while σ < 1, however small σ gets, and that grows like σ²/2
// above. These are the slopes of a valley. The picture shows it from above: its lowest point, the only one that is
// free, is the prior.
//
// **Predict, then run**: lesson 3's guess N(0, ¼²) felt a slope of ¼ along log σ² from the reconstruction, which wants
// σ smaller. Does this force win against it?

/** The slopes of the KL along μ and log σ². */
export function klSlopes(mu: number, logVar: number): [number, number] {
  return [mu, 0.5 * (Math.exp(logVar) - 1)]; // ✎ 4.6a
}

// ### Check
/** The gradient of the library's KL by automatic differentiation, at one point. */
export async function klGradient(mu: number, logVar: number): Promise<[number, number]> {
  const gradient = tf.grads((m: Tensor, v: Tensor) => klToStandardNormal({ mu: m, logVar: v }).sum());
  const slopes = tf.tidy(() => tf.concat(gradient([tf.tensor2d([[mu]]), tf.tensor2d([[logVar]])]), 1)); // [1, 2]
  const [dMu = NaN, dLogVar = NaN] = await slopes.data();
  slopes.dispose();
  return [dMu, dLogVar];
}

// ### Check
async function slopes(show: Show): Promise<void> {
  show.title("4.6 Its gradient, by automatic differentiation");
  for (const [mu, logVar] of [[1, Math.log(0.5)], [-2, 1], [0, 0]] as const) {
    const [found, expected] = [await klGradient(mu, logVar), klSlopes(mu, logVar)];
    for (const [i, name] of [[0, "μ"], [1, "log σ²"]] as const) {
      const what = `along ${name} at μ = ${mu}, log σ² = ${logVar.toFixed(2)}`;
      const formula = { expected: expected[i], margin: 1e-6, from: "the formula; float32" };
      show.claim(what, assertAlmostEquals, { found: found[i], ...formula });
    }
  }
  const stronger = { expected: -0.25, from: "the reconstruction pulls with ¼ the other way, and loses: σ grows" };
  show.claim("slope at lesson 3's guess", assertLess, { found: klSlopes(0, Math.log(1 / 16))[1], ...stronger });
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

// ## 4.7 Never negative, and a sign that went missing
//
// The line t - 1 touches log t at t = 1 and lies above it elsewhere, so log t ≤ t - 1. Put t = p/q and average under q:
//
// ```math
// -\mathrm{KL}(q \,\|\, p) = \mathbb{E}_q\left[\log \frac{p(z)}{q(z)}\right] \le \mathbb{E}_q\left[\frac{p(z)}{q(z)}\right] - 1
// = \int q(z) \, \frac{p(z)}{q(z)} \, dz - 1 = \int p(z) \, dz - 1 = 0
// ```
//
// So KL ≥ 0, and it is zero only if t = 1 everywhere, when q is p. This is a case of **Jensen's inequality**: log is
// concave, so an average of logs is at most the log of the average.
//
// It makes a cheap test of any program. The notebook on VAEs that this course grew from prints the formula as below,
// with every sign of 4.2 turned round. (Its code multiplies by -½, and is right.) Whoever trained on the printed
// formula would be *paid* for leaving the prior, without limit. One look at the sign catches it.

/** The formula as that notebook prints it: ½ Σ (1 + log σ² - μ² - σ²). */
export const klAsPrinted = (mu: number, logVar: number) => 0.5 * (1 + logVar - mu ** 2 - Math.exp(logVar));

// ### Check
async function neverNegative(show: Show): Promise<void> {
  show.title("4.7 Never negative, and a sign that went missing");
  const prior = tf.tidy(() => klToStandardNormal({ mu: tf.zeros([1, 20]), logVar: tf.zeros([1, 20]) })); // [1]
  const [free = NaN] = await prior.data();
  prior.dispose();
  show.claim("at the prior itself, 20 dimensions", assertEquals, { found: free, expected: 0, from: "q is p" });
  const grid = Array.from(range(101), (i) => (i - 50) / 10).filter((v) => v !== 0); // from -5 to 5
  const elsewhere = grid.flatMap((mu) => grid.map((logVar) => klByHand(mu, logVar)));
  const least = Math.min(...elsewhere);
  show.claim("the smallest of 10,000 elsewhere", assertGreater, { found: least, expected: 0, from: "q is not p" });
  const [right, printed] = [klByHand(2, -1), klAsPrinted(2, -1)];
  show.claim("as printed, at μ = 2, log σ² = -1", assertLess, { found: printed, expected: 0, from: "no divergence" });
  show.claim("the two formulas added", assertEquals, { found: right + printed, expected: 0, from: "opposite signs" });
  const strips = { expected: klByQuadrature(2, -1), margin: 1e-5, from: "the integral of 4.3" };
  show.claim("the right one", assertAlmostEquals, { found: right, ...strips });
}

// ## 4.8 Not a distance
//
// For any two Gaussians, measure z from p's mean and in units of p's standard deviation: u = (z - m) / s. Both
// densities are then multiplied by s, so their ratio does not change, nor does its average; and p has become the
// standard normal:
//
// ```math
// \mathrm{KL}(\mathcal{N}(\mu, \sigma^2) \,\|\, \mathcal{N}(m, s^2))
// = \tfrac12 \left( \frac{(\mu - m)^2}{s^2} + \frac{\sigma^2}{s^2} - 1 - \log \frac{\sigma^2}{s^2} \right)
// ```
//
// The average is taken under q, so what counts is where q has its mass. Let one have the standard deviation 0.1,
// and the other one 1. With the narrow one as q, inside the broad one, little is wasted: ½ (0.01 - 1 - log 0.01) = 1.81 nats.
// With the broad one as q, draws often land where the narrow one says "practically never", and each of them is expensive:
// ½ (100 - 1 + log 0.01) = 47.20 nats.
//
// A VAE charges KL(q(z | x) ‖ p(z)), the cheap way round: each single q(z | x) may be narrow, at under two nats per
// dimension here. The picture has both ways round, for every σ of q: they agree only where both are zero.

/** KL(N(μ, σ²) ‖ N(m, s²)): 4.2's, with z measured from m in units of s. */
export function klBetween(mu: number, sigma: number, m: number, s: number): number {
  return klByHand((mu - m) / s, 2 * Math.log(sigma / s));
}

// ### Check
async function asymmetry(show: Show): Promise<void> {
  show.title("4.8 Not a distance");
  const gaussian = (sigma: number) => ({ mu: tf.tensor2d([[0]]), logVar: tf.tensor2d([[2 * Math.log(sigma)]]) });
  const between = (q: number, p: number) => tf.tidy(() => kl(gaussian(q), gaussian(p))); // [1]
  const [one, other] = [between(0.1, 1), between(1, 0.1)];
  const [[inside = NaN], [outside = NaN]] = [await one.data(), await other.data()];
  tf.dispose([one, other]);
  const hand = { margin: 0.005, from: "by hand, to two decimals" };
  show.claim("KL(narrow ‖ broad)", assertAlmostEquals, { found: inside, expected: 1.81, ...hand });
  show.claim("KL(broad ‖ narrow)", assertAlmostEquals, { found: outside, expected: 47.2, ...hand });
  const sigma = Array.from(range(61), (i) => 10 ** ((i - 30) / 30)); // from 0.1 to 10
  await show.lines("asymmetry", "A q too narrow is cheap one way round, and expensive the other", {
    series: [
      { name: "KL(q ‖ p), the VAE's", x: sigma, y: sigma.map((s) => klBetween(0, s, 0, 1)) },
      { name: "KL(p ‖ q)", x: sigma, y: sigma.map((s) => klBetween(0, 1, 0, s)) },
    ],
    x: { label: "σ of q = N(0, σ²), with p = N(0, 1)", log: true },
    y: { label: "nats", from: 0 },
  });
}

// ## Try it
//
// 1. `--samples 1000000`. By what factor does the margin in 4.4 shrink, and why not by ten?
// 2. In 4.2 μ = 1 costs half a nat. What does μ = 2 cost, with σ = 1? Predict, then ask `klByHand`.
// 3. In 4.8 use σ = 0.01 for the narrow one. Which of the two divergences grows by much, which by little?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: typeof defaults & CommonOptions, show: Show): Promise<void> {
  await threePairs(show);
  byHand(show);
  byStrips(show);
  await byDice(show, options);
  await manyDimensions(show);
  await slopes(show);
  await neverNegative(show);
  await asymmetry(show);
}

if (import.meta.main) {
  const question = "How far is one Gaussian from another?";
  await runLesson({ name: "04_kl", question, text, defaults, usesData: false, lesson });
}
