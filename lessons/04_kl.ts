/**
 * # 4. How far is one Gaussian from another?
 *
 * ```math
 * \mathrm{KL}(q \,\|\, p) = \mathbb{E}_{z \sim q}\left[\log q(z) - \log p(z)\right]
 * ```
 *
 * - **You need**: lesson 3 (σ is kept as log σ²; z = μ + σε), integrals and logarithms.
 * - **You leave with**: the formula that a VAE adds to an autoencoder's loss, derived and checked in three ways; its
 *   gradient; and what it makes an encoder pay for.
 * - **Run** (under a second): `deno run lessons/04_kl.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, kl, klToStandardNormal, logGaussian, numbers, random, range } from "../mod.ts";
import { reparameterize, runLesson, type Show, type Tensor } from "../mod.ts";
import text from "./04_kl.ts" with { type: "text" };

export const defaults = { samples: 100_000 };

// A VAE's encoder answers each x not with one code but with a distribution of codes, q(z | x) = N(μ, σ²). If only the
// reconstruction counted, σ would shrink to zero, because noise in the code makes the reconstruction worse (lesson 3),
// and μ could lie anywhere: the result would be a plain autoencoder again. So the loss of a VAE has a second term,
// which charges the encoder for every answer that differs from one fixed distribution, the prior of lesson 2, p(z) =
// N(0, 1). This lesson is about that charge. It looks at one x at a time, so it writes q(z) for q(z | x).

// ## 4.1 Three pairs
//
// A picture first: the prior p, and three answers q that an encoder might give, with what each is charged. The first is
// the guess of lesson 3, N(0, ¼²). It lies in the middle of p but is much narrower, as if the code were known well. The
// second, N(½, ½²), is a better guess for the toy's x = 1.5; lesson 5 will use it. The third is as wide as p, but lies
// far away.
//
// *Predict, then run.* Which of them costs the most: the sure guess, the good guess, or the one far away?

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
  const density = (mu: number, sigma: number) =>
    numbers(() => {
      const p = { mu: tf.scalar(mu), logVar: tf.scalar(2 * Math.log(sigma)) };
      return tf.exp(logGaussian(tf.tensor2d(z, [z.length, 1]), p)); // [161]
    });
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
// Suppose that z was drawn from q. How clearly does z show that it was not drawn from p? The ratio q(z) / p(z) says how
// much denser q is than p at z. The average of its logarithm over draws from q is the **Kullback–Leibler divergence**,
// KL(q ‖ p). As the logarithm is the natural one, the unit is the **nat**; 1 nat is 1.44 bits. The two log-densities
// are
//
// ```math
// \log q(z) = -\tfrac12 \log 2\pi - \tfrac12 \log \sigma^2 - \frac{(z - \mu)^2}{2\sigma^2}, \qquad
// \log p(z) = -\tfrac12 \log 2\pi - \frac{z^2}{2}
// ```
//
// Subtract the second from the first, and the terms with 2π cancel:
//
// ```math
// \log q(z) - \log p(z) = \tfrac12 \left( z^2 - \frac{(z - \mu)^2}{\sigma^2} - \log \sigma^2 \right)
// ```
//
// Now average over draws of z from q, term by term:
//
// ```math
// \mathrm{KL} = \tfrac12 \left( \mathbb{E}[z^2] - \frac{\mathbb{E}[(z - \mu)^2]}{\sigma^2} - \log \sigma^2 \right)
// ```
//
// By the definition of the variance 𝔼[(z - μ)²] = σ², so the middle term is 1. A mean square is the squared mean plus
// the variance, so 𝔼[z²] = μ² + σ². What remains is also in Kingma and Welling (2013, appendix B):
//
// ```math
// \mathrm{KL} = \tfrac12 \left( \mu^2 + \sigma^2 - 1 - \log \sigma^2 \right)
// ```
//
// For the good guess it gives ½ (¼ + ¼ - 1 - log ¼) = 0.443 nats. The mean and the variance are charged separately. The
// part with μ is least at μ = 0, and the part with σ at σ = 1. The latter grows without limit if q shrinks to a point,
// because of -log σ², and if q spreads out, because of σ².

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
  show.claim("the KL at μ = 1, σ = 1", assertEquals, { found: klByHand(1, 0), expected: 0.5, from: "½ · 1²" });
}

// ## 4.3 By adding up the integral
//
// A formula derived by hand should be checked by a computation that does not use it. An average under q is an integral,
// and an integral is the limit of a sum over thin strips. Here each strip adds q's density times the log-ratio times
// the width of the strip.

/** KL(N(μ, σ²) ‖ N(0, 1)) by the trapezium rule, on 4,001 points from 12 standard deviations below μ to 12 above. */
export function klByQuadrature(mu: number, logVar: number): number {
  const sigma = Math.exp(logVar / 2);
  const logQ = (z: number) => -0.5 * (Math.log(2 * Math.PI) + logVar + ((z - mu) / sigma) ** 2);
  const logP = (z: number) => -0.5 * (Math.log(2 * Math.PI) + z ** 2);
  const step = 24 * sigma / 4000;
  let sum = 0;
  for (let i = 0; i <= 4000; i++) {
    const z = mu - 12 * sigma + i * step;
    sum += Math.exp(logQ(z)) * (logQ(z) - logP(z)) * step; // the two ends, which count half, are as good as zero
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

// ## 4.4 By averaging over draws
//
// The third way follows the definition: draw z from q many times, as in lesson 3 by z = μ + σε, and average the
// log-ratio. This **Monte Carlo** estimate needs no formula for the average, so it works for other distributions too.
// It is not exact, but it comes with a measure of its own error, lesson 1's standard error.

/** The log-ratio log q(z) - log p(z) of each draw z = μ + σε, one for each ε: `[K, 1]` to `[K]`. */
export function logRatios(mu: number, logVar: number, eps: Tensor): Tensor {
  return tf.tidy(() => {
    const q = { mu: tf.fill(eps.shape, mu), logVar: tf.fill(eps.shape, logVar) }; // [K, 1]
    const p = { mu: tf.scalar(0), logVar: tf.scalar(0) };
    const z = reparameterize(q, eps); // [K, 1]
    return tf.sub(logGaussian(z, q), logGaussian(z, p)); // [K]
  });
}

/** The KL as an average over draws, one for each ε `[K, 1]`, with its standard error. */
export async function klByMonteCarlo(
  mu: number,
  logVar: number,
  eps: Tensor,
): Promise<{ mean: number; error: number }> {
  const [mean = NaN, error = NaN] = await numbers(() => {
    const { mean, variance } = tf.moments(logRatios(mu, logVar, eps));
    return tf.stack([mean, tf.sqrt(variance.div(eps.shape[0]))]); // [2]
  });
  return { mean, error };
}

// ### Check
async function byDraws(show: Show, { samples, seed }: typeof defaults & CommonOptions): Promise<void> {
  show.title("4.4 By averaging over draws: the good guess");
  const [mu, logVar, eps] = [0.5, Math.log(0.25), random(seed).normal([samples, 1])];
  const { mean: found, error } = await klByMonteCarlo(mu, logVar, eps);
  eps.dispose();
  const from = `the closed form; 4 standard errors of ${samples} draws`;
  const measured = { found, expected: klByHand(mu, logVar), margin: 4 * error, from };
  show.claim("the mean log-ratio", assertAlmostEquals, measured);
}

// ## 4.5 Many dimensions: a sum
//
// A code has L dimensions, each with its own μ and σ. They are independent under both q and p, so densities multiply,
// log-ratios add up, and the divergence of the whole code is the **sum** over dimensions. For a batch, `[B, L]` becomes
// `[B]`, one number for each image. A mean over dimensions would charge only 1/L of the divergence, and so train a
// different model, as lesson 6 will show.

/** The divergence of a whole code, from the μ and the log σ² of each dimension. */
export const klOfCode = (mu: number[], logVar: number[]) => mu.reduce((sum, m, l) => sum + klByHand(m, logVar[l]!), 0);

// ### Check
async function manyDimensions(show: Show): Promise<void> {
  show.title("4.5 Many dimensions: a sum");
  const q = [{ mu: [1, 0, -2], logVar: [0, -1, 1] }, { mu: [0.5, -0.5, 0], logVar: [0.5, 0, -3] }];
  const [mu, logVar] = [q.map(({ mu }) => mu), q.map(({ logVar }) => logVar)]; // [2, 3] each
  const found = await numbers(() => klToStandardNormal({ mu: tf.tensor2d(mu), logVar: tf.tensor2d(logVar) })); // [2]
  for (const [row, { mu, logVar }] of q.entries()) {
    const byHand = { expected: klOfCode(mu, logVar), margin: 1e-5, from: "three closed forms; float32" };
    show.claim(`klToStandardNormal, row ${row}`, assertAlmostEquals, { found: found[row] ?? NaN, ...byHand });
  }
}

// ## 4.6 Its gradient
//
// Training uses only the slopes of a loss. Differentiate 4.2's formula with respect to what an encoder puts out, μ and
// log σ². Since σ² is the exponential of log σ², its slope along log σ² is σ² itself:
//
// ```math
// \frac{\partial\,\mathrm{KL}}{\partial \mu} = \mu, \qquad
// \frac{\partial\,\mathrm{KL}}{\partial \log \sigma^2} = \tfrac12 (\sigma^2 - 1)
// ```
//
// Gradient descent moves against the slope. So the KL pulls μ towards 0, in proportion to its distance from 0. It pulls
// log σ² towards 0 as well: where σ < 1 it pulls upwards with a slope that never exceeds ½, however small σ is; where
// σ > 1 it pulls downwards, with a slope that grows like σ²/2. The picture shows the KL for many μ and σ. The only
// point that costs nothing is the prior.
//
// *Predict, then run.* At lesson 3's guess, N(0, ¼²), the reconstruction loss has the slope ¼ along log σ², so it pulls
// σ downwards. The KL pulls σ upwards. Is the pull of the KL the stronger one?

/** The slopes of the KL along μ and log σ². */
export function klSlopes(mu: number, logVar: number): [number, number] {
  return [mu, 0.5 * (Math.exp(logVar) - 1)]; // ✎ 4.6a
}

// The library's KL takes whole batches, and tfjs finds its slopes by automatic differentiation, as training will:

/** The slopes of the library's KL along μ and log σ², at one point. */
export async function klGradient(mu: number, logVar: number): Promise<[number, number]> {
  const gradient = tf.grads((m: Tensor, v: Tensor) => klToStandardNormal({ mu: m, logVar: v }).sum());
  const slopes = () => tf.concat(gradient([tf.tensor2d([[mu]]), tf.tensor2d([[logVar]])]), 1); // [1, 2]
  const [alongMu = NaN, alongLogVar = NaN] = await numbers(slopes);
  return [alongMu, alongLogVar];
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
  const stronger = { expected: -0.25, from: "steeper than the reconstruction's ¼, so together they make σ grow" };
  show.claim("along log σ² at lesson 3's guess", assertLess, { found: klSlopes(0, Math.log(1 / 16))[1], ...stronger });
  const steepest = { found: -klSlopes(0, 2 * Math.log(0.01))[1], expected: 0.5, from: "½ (1 - σ²)" };
  show.claim("the pull upwards at σ = 0.01", assertLess, steepest);
  const mus = Array.from(range(61), (i) => (i - 30) / 10);
  const sigmas = Array.from(range(30), (i) => (i + 1) / 10);
  await show.heat("kl", "What q = N(μ, σ²) costs; only the prior costs nothing", {
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
// The line t - 1 touches log t at t = 1 and lies above it elsewhere, so log t ≤ t - 1. Put t = p(z) / q(z), and average
// over draws from q:
//
// ```math
// -\mathrm{KL}(q \,\|\, p) = \mathbb{E}_q\left[\log \frac{p(z)}{q(z)}\right] \le \mathbb{E}_q\left[\frac{p(z)}{q(z)}\right] - 1
// = \int q(z) \, \frac{p(z)}{q(z)} \, dz - 1 = \int p(z) \, dz - 1 = 0
// ```
//
// So the KL is never negative, and it is zero only if t = 1 everywhere, that is if q is p. This is a case of **Jensen's
// inequality**: because log is concave, the average of a log is at most the log of the average. To prove it for any
// positive t, put t / 𝔼[t] for t in log t ≤ t - 1: log t - log 𝔼[t] ≤ t / 𝔼[t] - 1. The right side averages to 0, so
// 𝔼[log t] ≤ log 𝔼[t]. Above, 𝔼[t] was 1, and its log 0.
//
// It also gives a simple test of any program: a negative KL, unless estimated from draws, is a mistake, most likely a
// wrong sign. Kingma and Welling print 4.2's formula with every sign reversed, ½ Σ (1 + log σ² - μ² - σ²), because they
// need -KL. The anonymous notebook from which this course grew printed just that as the KL itself, though its code had
// the sign right. Minimising that would *reward* an encoder for leaving the prior, without limit: at σ = 1 it is -½ μ².

/** 4.2's formula with every sign reversed, ½ (1 + log σ² - μ² - σ²): minus the KL, printed for the KL. */
export const klAsPrinted = (mu: number, logVar: number) => 0.5 * (1 + logVar - mu ** 2 - Math.exp(logVar));

// ### Check
async function neverNegative(show: Show): Promise<void> {
  show.title("4.7 Never negative, and a sign that went missing");
  const prior = () => klToStandardNormal({ mu: tf.zeros([1, 20]), logVar: tf.zeros([1, 20]) }); // [1]
  const [free = NaN] = await numbers(prior);
  show.claim("at the prior itself, 20 dimensions", assertEquals, { found: free, expected: 0, from: "q is p" });
  const grid = Array.from(range(101), (i) => (i - 50) / 10).filter((v) => v !== 0); // from -5 to 5
  const elsewhere = grid.flatMap((mu) => grid.map((logVar) => klByHand(mu, logVar)));
  const least = Math.min(...elsewhere);
  show.claim("the smallest of 10,000 elsewhere", assertGreater, { found: least, expected: 0, from: "q is not p" });
  const rewarded = { found: klAsPrinted(100, 0), expected: -5000, from: "-½ · 100²: the further, the better" };
  show.claim("as printed, at μ = 100, σ = 1", assertEquals, rewarded);
}

// ## 4.8 Not a distance
//
// What if p is not N(0, 1) but any Gaussian, with mean m and standard deviation τ? Measure z from m and in units of τ:
// u = (z - m) / τ. Then p is the standard normal, and q has mean (μ - m) / τ and variance σ² / τ². The change
// multiplies both densities by τ, so their ratio stays what it was, and so does its average. Hence, by 4.2,
//
// ```math
// \mathrm{KL}(\mathcal{N}(\mu, \sigma^2) \,\|\, \mathcal{N}(m, \tau^2))
// = \tfrac12 \left( \frac{(\mu - m)^2}{\tau^2} + \frac{\sigma^2}{\tau^2} - 1 - \log \frac{\sigma^2}{\tau^2} \right)
// ```
//
// Exchanging q and p changes the result, so the KL is not a distance. Take a narrow Gaussian and a broad one, both with
// mean 0, and with standard deviations of 0.1 and 1. The average is taken over draws from q. If q is the narrow one,
// all its draws lie where p is dense too, and the KL is small: ½ (0.01 - 1 - log 0.01) = 1.81 nats. If q is the broad
// one, most of its draws lie where p is practically zero, and the KL is large: ½ (100 - 1 - log 100) = 47.20 nats.
//
// A VAE charges KL(q(z | x) ‖ p(z)), and its q(z | x) is the narrow one. So the encoder can afford to be precise: even
// a standard deviation of 0.1 costs less than two nats per dimension. The picture shows both directions for every σ of
// q. They agree only at σ = 1, where both are zero.

/** KL(N(μ, σ²) ‖ N(m, τ²)): 4.2's formula, with z measured from m in units of τ. */
export function klBetween(mu: number, sigma: number, m: number, tau: number): number {
  return klByHand((mu - m) / tau, 2 * Math.log(sigma / tau));
}

// ### Check
async function asymmetry(show: Show): Promise<void> {
  show.title("4.8 Not a distance");
  const hand = { margin: 0.005, from: "by hand, to two decimals" };
  show.claim("KL(narrow ‖ broad)", assertAlmostEquals, { found: klBetween(0, 0.1, 0, 1), expected: 1.81, ...hand });
  show.claim("KL(broad ‖ narrow)", assertAlmostEquals, { found: klBetween(0, 1, 0, 0.1), expected: 47.2, ...hand });
  const gaussian = (m: number, tau: number) => ({ mu: tf.tensor2d([[m]]), logVar: tf.tensor2d([[2 * Math.log(tau)]]) });
  const [found = NaN] = await numbers(() => kl(gaussian(2, 0.5), gaussian(-1, 3))); // [1]
  const formula = { expected: klBetween(2, 0.5, -1, 3), margin: 1e-5, from: "the formula; float32" };
  show.claim("the library's KL(N(2, ½²) ‖ N(-1, 3²))", assertAlmostEquals, { found, ...formula });
  const sigma = Array.from(range(61), (i) => 10 ** ((i - 30) / 30)); // from 0.1 to 10
  await show.lines("asymmetry", "A q too narrow costs little in one direction, and much in the other", {
    series: [
      { name: "KL(q ‖ p), the VAE's", x: sigma, y: sigma.map((each) => klBetween(0, each, 0, 1)) },
      { name: "KL(p ‖ q)", x: sigma, y: sigma.map((each) => klBetween(0, 1, 0, each)) },
    ],
    x: { label: "σ of q = N(0, σ²), with p = N(0, 1)", log: true },
    y: { label: "nats", from: 0 },
  });
}

// ## Try it
//
// 1. `--samples 1000000`. By what factor does the margin in 4.4 shrink, and why not by ten?
// 2. In 4.2 μ = 1 costs half a nat, with σ = 1. What does μ = 2 cost? Predict, then ask `klByHand`.
// 3. In 4.8 give the narrow one a standard deviation of 0.01. Which divergence grows a lot, and which only a little?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: typeof defaults & CommonOptions, show: Show): Promise<void> {
  await threePairs(show);
  byHand(show);
  byStrips(show);
  await byDraws(show, options);
  await manyDimensions(show);
  await slopes(show);
  await neverNegative(show);
  await asymmetry(show);
}

if (import.meta.main) {
  const question = "How far is one Gaussian from another?";
  await runLesson({ name: "04_kl", question, text, defaults, usesData: false, lesson });
}
