/**
 * # 3. How can a gradient pass through a dice roll?
 *
 * ```math
 * z = \mu + \sigma \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, 1)
 * \qquad\Longrightarrow\qquad
 * \frac{d}{d\mu} \, \mathbb{E}\left[f(\mu + \sigma\varepsilon)\right] = \mathbb{E}\left[f'(\mu + \sigma\varepsilon)\right]
 * ```
 *
 * - **You need**: lesson 2 (why codes should be drawn at random, and the toy x = w z + noise); the chain rule.
 * - **You leave with**: two ways to the gradient of an average over random draws, each derived and measured; why VAEs use
 *   the second, and where it fails; and why they speak of log σ².
 * - **Run** (about a second): `deno run lessons/03_reparameterization.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, type Random, random, reparameterize, runLesson, type Show, type Tensor } from "../mod.ts";
import text from "./03_reparameterization.ts" with { type: "text" };

export const defaults = { samples: 100_000 };
type Options = typeof defaults & CommonOptions;

// Lesson 2 ended with a wish: an encoder that answers x with a *distribution* of codes, N(μ, σ²), from which the code z
// is drawn. Training asks of every number: if this one moved a little, how would the loss move? But between μ and the
// loss there is now a roll of dice, and the outcome of a roll has no derivative. Here is the trouble, on the left, and
// on the right the way out. Both columns draw z from the same distribution.

/** Where the slopes flow. */
export const FLOW = `
  z is drawn                        z is computed
     μ, σ                              μ, σ     ε ~ N(0, 1), drawn
      ↓                                ↓  ↑      ↓
    [dice]   no slope gets through    z = μ + σ ε
     ↓  ↑                              ↓  ↑
      z                                 z
     ↓  ↑                              ↓  ↑
     f(z)                              f(z)
  ↓ values go forward, ↑ slopes come back`;

// A line that ends in ✎ is yours: delete what follows `=` or `return`, write it from the formula above it, and run. A
// claim says whether you were right.

// ## 3.1 What has a slope: the average
//
// One roll has no slope, but the *average* over rolls has. Take lesson 2's toy: x = 1.5 is seen, the decoder says w z
// with w = 2, and the noise has the variance s = ½. The loss is -log p(x | z) without its constant:
//
// ```math
// f(z) = \frac{(x - w z)^2}{2 s} = (1.5 - 2 z)^2
// ```
//
// The encoder's guess is N(μ, σ²) with μ = 0 and σ = ¼: too low, as z = x/w = ¾ reconstructs best, and too sure of it.
// Under this guess x - w z has the mean x - w μ and the variance w²σ², and a mean square is the squared mean plus the
// variance:
//
// ```math
// \mathbb{E}[f(z)] = \frac{(x - w\mu)^2 + w^2 \sigma^2}{2 s}, \qquad
// \frac{\partial}{\partial \mu} \mathbb{E}[f(z)] = -\frac{w (x - w\mu)}{s}, \qquad
// \frac{\partial}{\partial \log \sigma^2} \mathbb{E}[f(z)] = \frac{w^2 \sigma^2}{2 s}
// ```
//
// In the last one σ² = exp(log σ²), and an exponential is its own derivative. Put in the numbers: the average loss is
// 2.5, its slope along μ is -6, and that along log σ² is ¼. Two estimators will have to find them without the formula.

const [x, w, s] = [1.5, 2, 0.5];
type Guess = { mu: number; sigma: number };
const guess: Guess = { mu: 0, sigma: 0.25 };

/** The loss at one code. */
export const loss = (z: number) => (x - w * z) ** 2 / (2 * s);

/** The average loss under N(μ, σ²), exactly. */
export const averageLoss = ({ mu, sigma }: Guess) => ((x - w * mu) ** 2 + (w * sigma) ** 2) / (2 * s);

// **Predict, then run**: the loss at the mean code, f(0), is 2.25. Why is the average loss higher, and by how much?

// ### Check
/** The mean and the variance of some numbers, each with its standard error (the variance's from the fourth moment). */
export function summary(values: number[]): { mean: number; error: number; variance: number; varianceError: number } {
  const average = (of: (v: number) => number) => values.reduce((sum, v) => sum + of(v), 0) / values.length;
  const mean = average((v) => v);
  const variance = average((v) => (v - mean) ** 2);
  const error = Math.sqrt(variance / values.length);
  const varianceError = Math.sqrt((average((v) => (v - mean) ** 4) - variance ** 2) / values.length);
  return { mean, error, variance, varianceError };
}

// ### Check
/** Claims that the mean of some numbers is the expected one, within four standard errors. */
function claimMean(show: Show, what: string, values: number[], expected: number, formula: string): void {
  const { mean, error } = summary(values);
  const from = `${formula}; 4 standard errors of ${values.length} draws`;
  show.claim(what, assertAlmostEquals, { found: mean, expected, margin: 4 * error, from });
}

// ### Check
function theAverage(show: Show, { samples }: Options, source: Random): void {
  show.title("3.1 What has a slope: the average");
  for (const line of FLOW.split("\n").slice(1)) show.text(line);
  const losses = Array.from({ length: samples }, () => loss(guess.mu + guess.sigma * source.gaussian()));
  show.text(`the average loss by the formula: ${averageLoss(guess)}`);
  claimMean(show, "average loss under the guess", losses, 2.5, "1.5² + ¼");
}

// ## 3.2 The score function: weigh what came out
//
// Write the average as an integral, with q for the density of N(μ, σ²), and differentiate under it. Only q contains μ.
// Since (log q)' = q' / q, we may write q (log q)' for q', and so have an average again:
//
// ```math
// \frac{\partial}{\partial \mu} \int f(z) \, q(z) \, dz = \int f(z) \, \frac{\partial q(z)}{\partial \mu} \, dz
// = \int f(z) \, \frac{\partial \log q(z)}{\partial \mu} \, q(z) \, dz = \mathbb{E}\left[ f(z) \, \frac{z - \mu}{\sigma^2} \right]
// ```
//
// The last step takes log q(z) = -(z - μ)² / 2σ² + constants. The slope ∂ log q / ∂μ is called the **score**, and the
// estimator the **score function** or REINFORCE (Williams 1992). It needs no slope of f, only its values: μ moves away
// from draws with a large loss. One summand for each draw:

/** Score-function summands for the slope along μ of the average of f. */
export function scoreFunction(f: (z: number) => number, q: Guess, samples: number, source: Random): number[] {
  return Array.from({ length: samples }, () => {
    const z = q.mu + q.sigma * source.gaussian();
    const score = (z - q.mu) / q.sigma ** 2;
    return f(z) * score;
  });
}

// ### Check
function byScore(show: Show, { samples }: Options, source: Random): number[] {
  show.title("3.2 The score function: weigh what came out");
  const summands = scoreFunction(loss, guess, samples, source);
  claimMean(show, "score function", summands, -6, "-w (x - w μ) / s");
  return summands;
}

// ## 3.3 The pathwise way: roll first
//
// Let the dice roll **before** μ enters. Draw ε from N(0, 1), which depends on nothing, and *compute* z = μ + σε. This
// z is distributed as before, but now it is an ordinary function of μ. Average over ε instead of z:
//
// ```math
// \frac{d}{d\mu} \, \mathbb{E}\left[f(\mu + \sigma\varepsilon)\right]
// = \mathbb{E}\left[\frac{\partial}{\partial\mu} f(\mu + \sigma\varepsilon)\right]
// = \mathbb{E}\left[f'(\mu + \sigma\varepsilon) \cdot 1\right]
// ```
//
// Why may average and slope swap? Fix n rolls ε₁ … εₙ. Their average is (f(μ + σε₁) + … + f(μ + σεₙ)) / n, a sum of
// ordinary functions of μ, and the slope of a sum is the sum of the slopes. The average over all rolls is the limit of
// such sums, because the distribution of ε does not contain μ. In 3.2 the distribution itself moved. The limit allows
// the swap where f may have kinks but no jumps, and its slope has a finite average, as in networks like ours.
//
// This is the **reparameterization trick** (Kingma and Welling 2013; Rezende, Mohamed and Wierstra 2014).

/** The slope f'(z) of the toy's loss. */
export function lossSlope(z: number): number {
  return -w * (x - w * z) / s; // ✎ 3.3a
}

/** Pathwise summands for the slope along μ of the average of a function with this slope. */
export function pathwise(slope: (z: number) => number, q: Guess, samples: number, source: Random): number[] {
  return Array.from({ length: samples }, () => {
    const eps = source.gaussian(); // the dice: no μ, no σ
    const z = q.mu + q.sigma * eps;
    return slope(z);
  });
}

// **Predict, then run**: both averages will be -6. Which of them will scatter more, and how many times as many draws
// would you give it to make up for that? Twice? Ten times?

// ### Check
function byPath(show: Show, { samples }: Options, source: Random): number[] {
  show.title("3.3 The pathwise way: roll first");
  const summands = pathwise(lossSlope, guess, samples, source);
  claimMean(show, "pathwise", summands, -6, "-w (x - w μ) / s");
  return summands;
}

// ## 3.4 Same mean, very different spread
//
// The first picture below has a thousand small averages of each kind. Both crowds stand around -6, but one is seven
// times as wide. How many draws does each need? Let r = (x/w - μ) / σ count the standard deviations between the guess
// and the best code; here r = 3. Then x - w z = wσ (r - ε), and both summands share a factor:
//
// ```math
// \text{score: } \frac{w^2 \sigma}{s} \cdot \tfrac12 (r - \varepsilon)^2 \varepsilon, \qquad
// \text{pathwise: } \frac{w^2 \sigma}{s} \cdot (\varepsilon - r)
// ```
//
// Without the factor the pathwise variance is 1. For the other one use E[ε²] = 1, E[ε⁴] = 3, E[ε⁶] = 15; odd powers
// average to zero. Its mean square is ¼ (r⁴ + 18 r² + 15), its mean is -r, and so
//
// ```math
// \frac{\operatorname{Var}[\text{score}]}{\operatorname{Var}[\text{pathwise}]} = \tfrac14 (r^4 + 18 r^2 + 15) - r^2
// = \tfrac14 (r^4 + 14 r^2 + 15)
// ```
//
// A standard error is √(variance / n), so that the score function needs 55.5 times as many draws here. It never looks
// at the slope of f; it finds it by trial. The second picture lets σ shrink: the surer an encoder is, the worse for the
// score function.

/** The ratio of the two variances. */
export const varianceRatio = (r: number) => (r ** 4 + 14 * r ** 2 + 15) / 4;

// ### Check
/** The averages of `groups` groups of numbers, in the order in which they come. */
export function averages(values: number[], groups: number): number[] {
  const size = Math.floor(values.length / groups);
  return Array.from({ length: groups }, (_, i) => summary(values.slice(i * size, (i + 1) * size)).mean);
}

// ### Check
async function spread(show: Show, scores: number[], paths: number[], source: Random): Promise<void> {
  show.title("3.4 Same mean, very different spread");
  const [score, path] = [summary(scores), summary(paths)];
  const ratio = score.variance / path.variance;
  show.claim("ratio of their variances", assertAlmostEquals, {
    found: ratio,
    expected: varianceRatio(3),
    margin: 4 * ratio * Math.hypot(score.varianceError / score.variance, path.varianceError / path.variance),
    from: "¼ (3⁴ + 14 · 3² + 15); 4 standard errors",
  });
  const samples = scores.length.toLocaleString("en");
  const groups = Math.min(1000, scores.length);
  const crowds = { "score function": averages(scores, groups), pathwise: averages(paths, groups) };
  const caption = `${groups} estimates of a slope that is -6, from ${Math.floor(scores.length / groups)} draws each`;
  await show.histogram("estimates", caption, crowds, { label: "estimated slope along μ" });
  const measured = [1, 2, 4, 8].map((r) => {
    const q = { mu: 0, sigma: x / w / r };
    const score = summary(scoreFunction(loss, q, scores.length, source)).variance;
    return score / summary(pathwise(lossSlope, q, scores.length, source)).variance;
  });
  const ratios = Array.from({ length: 31 }, (_, i) => 8 ** (i / 30)); // from 1 to 8
  await show.lines("ratio", "How many times as many draws the score function needs", {
    series: [
      { name: "the formula", x: ratios, y: ratios.map(varianceRatio) },
      { name: `measured on ${samples} draws`, x: [1, 2, 4, 8], y: measured, as: "dots" },
    ],
    x: { label: "r: standard deviations from the guess to the best code", log: true },
    y: { label: "ratio of variances, score function / pathwise", log: true },
  });
}

// ## 3.5 Where the pathwise way fails
//
// Count misses instead: the loss is 1 if z < ¼, and else 0. Its average is the probability of a miss. As μ grows that
// probability falls, at the rate of the density of z at the edge: e^-½ / (σ √2π) = 0.968. But this loss is flat
// wherever it has a slope at all, so f' = 0, and the pathwise estimate is 0 however many draws you take. The swap of
// 3.3 is not allowed here: f jumps. For the same reason the trick does not work for codes that are discrete, since no
// small step of μ changes such a code by a little. The score function does not mind.

/** A loss with a jump. */
export const miss = (z: number) => z < 0.25 ? 1 : 0;

// ### Check
function jump(show: Show, { samples }: Options, source: Random): void {
  show.title("3.5 Where the pathwise way fails: a loss that jumps");
  const density = Math.exp(-0.5) / (guess.sigma * Math.sqrt(2 * Math.PI));
  claimMean(show, "score function", scoreFunction(miss, guess, samples, source), -density, "the density at the edge");
  show.claim("pathwise", assertEquals, {
    found: summary(pathwise(() => 0, guess, samples, source)).mean,
    expected: 0,
    from: "flat on both sides of the jump, and so wrong",
  });
}

// ## 3.6 log σ², not σ
//
// A network may put out any number, but σ must be positive. So let it put out v = log σ². Then σ = √(e^v) = e^(v/2),
// and every v is fine. (log σ would do as well; log σ² is the custom.) Mind the half: e^v is the *variance*. Nothing
// crashes when the half is forgotten, so it gets a claim: what is drawn must have the variance that was asked for. What
// a forgotten half does to a VAE is an exercise in lesson 5. The slope along v comes by the chain rule again, ∂z/∂v = ½
// σ ε:

/** One draw, and the pathwise summand for the slope of the average loss along v = log σ². */
export function drawWithSlope(mu: number, logVar: number, eps: number): { z: number; slope: number } {
  const sigma = Math.exp(logVar / 2);
  const z = mu + sigma * eps;
  const slope = lossSlope(z) * 0.5 * sigma * eps; // ✎ 3.6a
  return { z, slope };
}

// ### Check
async function drawnVariance(show: Show, { samples }: Options, source: Random): Promise<void> {
  show.title("3.6 log σ², not σ: draws with μ = 1, log σ² = log ¼");
  const eps = source.normal([samples, 1]); // [K, 1]
  const z = tf.tidy(() => reparameterize({ mu: tf.onesLike(eps), logVar: tf.fill(eps.shape, Math.log(0.25)) }, eps));
  const values = Array.from(await z.data());
  const { variance, varianceError } = summary(values);
  const slopes = Array.from(await eps.data(), (e) => drawWithSlope(guess.mu, 2 * Math.log(guess.sigma), e).slope);
  tf.dispose([z, eps]);
  claimMean(show, "their mean", values, 1, "μ");
  const from = `σ²; 4 standard errors of ${samples} draws`;
  const margin = 4 * varianceError;
  show.claim("their variance", assertAlmostEquals, { found: variance, expected: 0.25, margin, from });
  show.claim("its distance from 1/16, what exp(log σ²) ε would give, in standard errors", assertGreater, {
    found: (variance - 1 / 16) / varianceError,
    expected: 4,
    from: "so this check would notice a forgotten half",
  });
  claimMean(show, "slope of the toy's loss along log σ²", slopes, 0.25, "w²σ² / 2s");
}

// ## 3.7 Let the machine differentiate
//
// tfjs remembers every operation and applies the chain rule backwards: **automatic differentiation**. With ε as an
// input, `reparameterize` is an operation like any other, and slopes pass through it. To test a slope without trusting
// it, nudge the input and look: (F(v + h) - F(v - h)) / 2h, a **finite difference**. Both nudges must use the *same* ε,
// or the dice would drown the difference.

/** The toy's loss averaged over the rolls ε `[K, 1]`, as a function of μ and log σ² (scalars). */
export function averageOverRolls(mu: Tensor, logVar: Tensor, eps: Tensor): tf.Scalar {
  return tf.tidy(() => {
    const q = { mu: tf.mul(tf.onesLike(eps), mu), logVar: tf.mul(tf.onesLike(eps), logVar) }; // [K, 1]
    const z = reparameterize(q, eps); // [K, 1]
    return tf.sub(x, z.mul(w)).square().div(2 * s).mean();
  });
}

// So z is a function of μ, log σ² and noise, and these two are functions of the encoder's weights: the chain rule goes
// all the way through, as if there were no dice. What is missing is something that keeps σ from shrinking to zero,
// since any noise in the code costs reconstruction, as 3.1 has shown. That is lesson 4.

// ### Check
async function autodiff(show: Show, source: Random): Promise<void> {
  show.title("3.7 Let the machine differentiate");
  const [mu, logVar, h] = [guess.mu, 2 * Math.log(guess.sigma), 0.05];
  const eps = source.normal([1000, 1]); // [K, 1]
  const gradient = tf.grads((m: Tensor, v: Tensor) => averageOverRolls(m, v, eps));
  const slopes = tf.tidy(() => tf.stack(gradient([tf.scalar(mu), tf.scalar(logVar)]))); // [2]
  const at = async (m: number, v: number) => {
    const average = tf.tidy(() => averageOverRolls(tf.scalar(m), tf.scalar(v), eps));
    const [value = NaN] = await average.data();
    average.dispose();
    return value;
  };
  const [alongMu = NaN, alongLogVar = NaN] = await slopes.data();
  const [finiteMu, finiteLogVar] = [
    (await at(mu + h, logVar) - await at(mu - h, logVar)) / (2 * h),
    (await at(mu, logVar + h) - await at(mu, logVar - h)) / (2 * h),
  ];
  const from = `a finite difference, h = ${h}, the same noise; h² and float32`;
  show.claim("along μ", assertAlmostEquals, { found: alongMu, expected: finiteMu, margin: 1e-3, from });
  show.claim("along log σ²", assertAlmostEquals, { found: alongLogVar, expected: finiteLogVar, margin: 1e-3, from });
  const { error } = summary(Array.from(await eps.data(), (e) => drawWithSlope(mu, logVar, e).slope));
  const formula = { expected: 0.25, margin: 4 * error, from: "w²σ² / 2s; 4 standard errors of 1000 draws" };
  show.claim("along log σ², against the formula", assertAlmostEquals, { found: alongLogVar, ...formula });
  tf.dispose([eps, slopes]);
}

// ## Try it
//
// 1. The ratio in 3.4 depends on r alone. What is it at r = 0, where the guess is centred on the best code? Why is the score
//    function bad even there?
// 2. In 3.2 replace `loss` by `(z) => loss(z) + 100`. The true slope is the same. What happens to the variance?
// 3. `--samples 1000`. Which claims get wider margins, and which do not change?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const source = random(options.seed);
  theAverage(show, options, source.split());
  const scores = byScore(show, options, source.split());
  const paths = byPath(show, options, source.split());
  await spread(show, scores, paths, source.split());
  jump(show, options, source.split());
  await drawnVariance(show, options, source.split());
  await autodiff(show, source.split());
}

if (import.meta.main) {
  const question = "How can a gradient pass through a dice roll?";
  await runLesson({ name: "03_reparameterization", question, text, defaults, usesData: false, lesson });
}
