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
 * - **You leave with**: two ways to the gradient of an average over random draws, each derived and measured; why VAEs
 *   use the second, and where it fails; and why their encoders put out log σ².
 * - **Run** (about a second): `deno run lessons/03_reparameterization.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, numbers, type Random, random, reparameterize } from "../mod.ts";
import { runLesson, type Show, type Tensor } from "../mod.ts";
import text from "./03_reparameterization.ts" with { type: "text" };

export const defaults = { samples: 100_000 };
type Options = typeof defaults & CommonOptions;

// Lesson 2 asked for an encoder that answers x with a *distribution* of codes, N(μ, σ²), from which the code z is
// drawn. Training needs a slope for every number on the way from a weight to the loss: if that number changed a little,
// how would the loss change? But between μ and the loss stands a random draw, like a roll of dice, and the outcome of a
// roll has no derivative. Below, the left column shows the obstacle, and the right one the way around it. Both draw z
// from the same distribution.

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

// ## 3.1 What has a slope: the average
//
// A single draw has no slope, but the *average* over draws has one. Take lesson 2's toy: we see x = 1.5, the decoder
// answers w z with w = 2, and the noise has the variance s = ½. The loss is -log p(x | z) without its constant:
//
// ```math
// f(z) = \frac{(x - w z)^2}{2 s} = (1.5 - 2 z)^2
// ```
//
// The encoder's guess is N(μ, σ²) with μ = 0 and σ = ¼. Its mean is too low, as z = x/w = ¾ reconstructs best; and it
// is too sure, as lesson 5 will show, where the best answer has σ = ⅓. Under this guess x - w z has the mean x - w μ
// and the variance w²σ². A mean square is the squared mean plus the variance, so:
//
// ```math
// \mathbb{E}[f(z)] = \frac{(x - w\mu)^2 + w^2 \sigma^2}{2 s}, \qquad
// \frac{\partial}{\partial \mu} \mathbb{E}[f(z)] = -\frac{w (x - w\mu)}{s}, \qquad
// \frac{\partial}{\partial \log \sigma^2} \mathbb{E}[f(z)] = \frac{w^2 \sigma^2}{2 s}
// ```
//
// The last slope follows from σ² = e^(log σ²), as an exponential is its own derivative. In numbers, the slope along μ
// is -6, and that along log σ² is ¼. The estimators below have to find these slopes from draws alone.

const [x, w, s] = [1.5, 2, 0.5];
type Guess = { mu: number; sigma: number };
const guess: Guess = { mu: 0, sigma: 0.25 };

/** The loss at one code. */
export const loss = (z: number) => (x - w * z) ** 2 / (2 * s);

/** The average loss under N(μ, σ²), exactly. */
export const averageLoss = ({ mu, sigma }: Guess) => ((x - w * mu) ** 2 + (w * sigma) ** 2) / (2 * s);

// An average of n draws has the standard error √(variance / n), and for one seed in 16,000 it is further than four
// standard errors from the truth (lesson 1). So the claims allow four.

/** The mean and the variance of some numbers, each with its standard error: a variance is the mean of (v - mean)². */
export function summary(values: number[]): { mean: number; error: number; variance: number; varianceError: number } {
  const average = (of: (v: number) => number) => values.reduce((sum, v) => sum + of(v), 0) / values.length;
  const mean = average((v) => v);
  const variance = average((v) => (v - mean) ** 2);
  const error = Math.sqrt(variance / values.length);
  const varianceError = Math.sqrt((average((v) => (v - mean) ** 4) - variance ** 2) / values.length);
  return { mean, error, variance, varianceError };
}

/** What a claim compares: the mean of some numbers with the expected one, within four standard errors. */
function withinErrors(values: number[], expected: number, formula: string) {
  const { mean, error } = summary(values);
  return { found: mean, expected, margin: 4 * error, from: `${formula}; 4 standard errors of ${values.length} draws` };
}

// *Predict, then run.* The loss at the mean code, f(0), is 2.25. Why is the average loss higher, and by how much?

// ### Check
function theAverage(show: Show, { samples }: Options, source: Random): void {
  show.title("3.1 What has a slope: the average");
  for (const line of FLOW.split("\n").slice(1)) show.text(line);
  const losses = Array.from({ length: samples }, () => loss(guess.mu + guess.sigma * source.gaussian()));
  show.text(`the average loss by the formula: ${averageLoss(guess)}`);
  show.claim("average loss under the guess", assertAlmostEquals, withinErrors(losses, 2.5, "1.5² + ¼"));
}

// ## 3.2 The score function: weigh the outcomes
//
// Write the average as an integral over z, with q for the density of N(μ, σ²), and differentiate under the integral.
// Only q depends on μ. Since (log q)' = q' / q, we may replace q' by q (log q)', and have an average over q again:
//
// ```math
// \frac{\partial}{\partial \mu} \int f(z) \, q(z) \, dz = \int f(z) \, \frac{\partial q(z)}{\partial \mu} \, dz
// = \int f(z) \, \frac{\partial \log q(z)}{\partial \mu} \, q(z) \, dz = \mathbb{E}\left[ f(z) \, \frac{z - \mu}{\sigma^2} \right]
// ```
//
// The last step uses log q(z) = -(z - μ)² / 2σ² + a constant. The slope ∂ log q / ∂μ is called the **score**, and the
// average of f(z) times the score over draws is the **score-function estimator**, or REINFORCE (Williams 1992). It
// needs only the values of f, not its slope. In gradient descent every draw z pushes μ away from z, and the larger the
// loss f(z), the harder; so μ moves away from where losses are large. One summand for each draw:

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
  show.title("3.2 The score function: weigh the outcomes");
  const summands = scoreFunction(loss, guess, samples, source);
  show.claim("score function", assertAlmostEquals, withinErrors(summands, -6, "-w (x - w μ) / s"));
  return summands;
}

// ## 3.3 The pathwise estimator: draw the noise first
//
// Draw the noise *before* μ enters: draw ε from N(0, 1), which depends on nothing, and *compute* z = μ + σε. This z has
// the same distribution as before, but is now an ordinary function of μ, with slope 1. So average over ε instead of z:
//
// ```math
// \frac{d}{d\mu} \, \mathbb{E}\left[f(\mu + \sigma\varepsilon)\right]
// = \mathbb{E}\left[\frac{\partial}{\partial\mu} f(\mu + \sigma\varepsilon)\right]
// = \mathbb{E}\left[f'(\mu + \sigma\varepsilon) \cdot 1\right]
// ```
//
// Why is the slope of the average the average of the slopes? For n fixed draws ε₁ … εₙ the average is (f(μ + σε₁) + … +
// f(μ + σεₙ)) / n, a sum of ordinary functions of μ, and the slope of a sum is the sum of the slopes. The average over
// all ε is the limit of such sums, whose draws stay where they are when μ moves: the distribution of ε does not contain
// μ, while in 3.2 the distribution itself moved. The rule stays true in the limit if f has no jumps, though it may have
// kinks, and if its slope has a finite average, as in networks like ours.
//
// This is the **reparameterization trick** (Kingma and Welling 2013; Rezende, Mohamed and Wierstra 2014).

/** The slope f'(z) of the toy's loss. */
export function lossSlope(z: number): number {
  return -w * (x - w * z) / s; // ✎ 3.3a
}

/** Pathwise summands for the slope along μ of the average of a function with this slope. */
export function pathwise(slope: (z: number) => number, q: Guess, samples: number, source: Random): number[] {
  return Array.from({ length: samples }, () => {
    const eps = source.gaussian(); // the noise: no μ, no σ
    const z = q.mu + q.sigma * eps;
    return slope(z);
  });
}

// *Predict, then run.* Both averages will be -6. Which estimator will scatter more? How many times as many draws does
// it need to make up for that?

// ### Check
function byPath(show: Show, { samples }: Options, source: Random): number[] {
  show.title("3.3 The pathwise estimator: draw the noise first");
  const summands = pathwise(lossSlope, guess, samples, source);
  show.claim("pathwise", assertAlmostEquals, withinErrors(summands, -6, "-w (x - w μ) / s"));
  return summands;
}

// ## 3.4 Same mean, very different spread
//
// The first picture shows a thousand averages of a hundred draws for each estimator. Both histograms are centred on -6,
// but one is seven times as wide. How many draws does each need, then? Let δ = (x/w - μ) / σ be the distance from the
// guess to the best code in standard deviations; here δ = 3. Then x - w z = wσ (δ - ε), and the two summands have a
// common factor:
//
// ```math
// \text{score: } \frac{w^2 \sigma}{s} \cdot \tfrac12 (\delta - \varepsilon)^2 \varepsilon, \qquad
// \text{pathwise: } \frac{w^2 \sigma}{s} \cdot (\varepsilon - \delta)
// ```
//
// Without this factor the variance of the pathwise summand is 1. For the score use 𝔼[ε²] = 1, 𝔼[ε⁴] = 3 and 𝔼[ε⁶] = 15;
// odd powers average to 0. The mean square of its summand is ¼ (δ⁴ + 18 δ² + 15), and the mean is -δ, so:
//
// ```math
// \frac{\operatorname{Var}[\text{score}]}{\operatorname{Var}[\text{pathwise}]} = \tfrac14 (\delta^4 + 18 \delta^2 + 15) - \delta^2
// = \tfrac14 (\delta^4 + 14 \delta^2 + 15)
// ```
//
// As a standard error is √(variance / n), the score function needs 55.5 times as many draws here. It does not know the
// slope of f, and must find it by trial and error. The second picture lets σ shrink, so that δ grows: the surer an
// encoder is, the more draws the score function needs.

/** The ratio of the two variances. */
export const varianceRatio = (delta: number) => (delta ** 4 + 14 * delta ** 2 + 15) / 4;

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
  const measured = [1, 2, 4, 8].map((delta) => {
    const q = { mu: 0, sigma: x / w / delta };
    const score = summary(scoreFunction(loss, q, scores.length, source)).variance;
    return score / summary(pathwise(lossSlope, q, scores.length, source)).variance;
  });
  const ratios = Array.from({ length: 31 }, (_, i) => 8 ** (i / 30)); // from 1 to 8
  await show.lines("ratio", "How many times as many draws the score function needs", {
    series: [
      { name: "the formula", x: ratios, y: ratios.map(varianceRatio) },
      { name: `measured on ${samples} draws`, x: [1, 2, 4, 8], y: measured, as: "dots" },
    ],
    x: { label: "δ: standard deviations from the guess to the best code", log: true },
    y: { label: "ratio of variances, score function / pathwise", log: true },
  });
}

// ## 3.5 Where the pathwise estimator fails
//
// Let the loss count misses instead: it is 1 if z < ¼, and else 0. Its average is the probability of a miss, which
// falls as μ grows, at the rate of the density of z at the edge: e^-½ / (σ √2π) = 0.968. But on either side of the edge
// this loss is flat. So f' = 0 at every z that is drawn, and the pathwise estimate is 0, however many draws you take:
// the rule of 3.3 does not hold, because f jumps. For the same reason the trick does not work for discrete codes: a
// small step of μ leaves such a code as it is, or makes it jump. The score function needs no slope of f, and is right
// here too.

/** A loss with a jump. */
export const miss = (z: number) => z < 0.25 ? 1 : 0;

/** The slope of any function, from its values a billionth to either side. */
const slopeOf = (f: (z: number) => number) => (z: number) => (f(z + 1e-9) - f(z - 1e-9)) / 2e-9;

// ### Check
function jump(show: Show, { samples }: Options, source: Random): void {
  show.title("3.5 Where the pathwise estimator fails: a loss that jumps");
  const density = Math.exp(-0.5) / (guess.sigma * Math.sqrt(2 * Math.PI));
  const scores = scoreFunction(miss, guess, samples, source);
  show.claim("score function", assertAlmostEquals, withinErrors(scores, -density, "the density at the edge"));
  const [flat, steep] = [miss, loss].map((f) => summary(pathwise(slopeOf(f), guess, samples, source)));
  const wrong = { found: flat!.mean, expected: 0, from: "flat at every draw, and so wrong" };
  show.claim("pathwise", assertEquals, wrong);
  const right = { found: steep!.mean, expected: -6, margin: 4 * steep!.error, from: "3.3; 4 standard errors" };
  show.claim("pathwise, the same for the loss of 3.1", assertAlmostEquals, right);
}

// ## 3.6 log σ², not σ
//
// A network may put out any number, but σ must be positive. So let it put out v = log σ²; then σ = √(e^v) = e^(v/2) is
// positive for every v. The output could be log σ as well, but log σ² is the custom. Do not forget the half: e^v is the
// *variance*. A program that forgets it still runs, but its draws have the variance (e^v)², which is 1/16 where ¼ was
// asked for. What this does to a VAE is an exercise in lesson 5. The slope along v comes by the chain rule, with ∂z/∂v
// = ½ σ ε:

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
  const logVar = Math.log(0.25);
  const eps = source.normal([samples, 1]); // [K, 1]
  const q = () => ({ mu: tf.onesLike(eps), logVar: tf.fill(eps.shape, logVar) });
  const values = await numbers(() => reparameterize(q(), eps));
  const noise = Array.from(await eps.data());
  eps.dispose();
  show.claim("their mean", assertAlmostEquals, withinErrors(values, 1, "μ"));
  const { variance, varianceError } = summary(values);
  const asked = { found: variance, expected: 0.25, margin: 4 * varianceError, from: "σ²; 4 standard errors" };
  show.claim("their variance", assertAlmostEquals, asked);
  const forgotten = summary(noise.map((e) => 1 + Math.exp(logVar) * e));
  const narrow = { found: forgotten.variance, expected: 1 / 16, margin: 4 * forgotten.varianceError };
  show.claim("with the half forgotten", assertAlmostEquals, { ...narrow, from: "σ⁴; 4 standard errors" });
  const slopes = noise.map((e) => drawWithSlope(guess.mu, 2 * Math.log(guess.sigma), e).slope);
  show.claim("slope of the toy's loss along log σ²", assertAlmostEquals, withinErrors(slopes, 0.25, "w²σ² / 2s"));
}

// ## 3.7 Let the machine differentiate
//
// tfjs remembers every operation and applies the chain rule backwards through them: **automatic differentiation**. With
// ε as an input, `reparameterize` is an operation like any other, and slopes pass through it. A slope can be tested
// without its formula: change the input by a little each way, and take (F(μ + h) - F(μ - h)) / 2h, a **finite
// difference** of the average loss F. Both values must be computed with the *same* ε, or the difference between the
// draws would hide the one that h makes.

/** The toy's loss averaged over the noise ε `[K, 1]`, as a function of μ and log σ² (scalars). */
export function averageOverNoise(mu: Tensor, logVar: Tensor, eps: Tensor): tf.Scalar {
  return tf.tidy(() => {
    const q = { mu: tf.mul(tf.onesLike(eps), mu), logVar: tf.mul(tf.onesLike(eps), logVar) }; // [K, 1]
    const z = reparameterize(q, eps); // [K, 1]
    return tf.sub(x, z.mul(w)).square().div(2 * s).mean();
  });
}

// So z is a function of μ, log σ² and ε, and μ and log σ² are functions of the encoder's weights: the chain rule goes
// all the way through, as if nothing were random. One thing is missing. By 3.1 any noise in the code makes the loss
// larger, so training would shrink σ to zero. What prevents that is the subject of lesson 4.

// ### Check
async function autodiff(show: Show, source: Random): Promise<void> {
  show.title("3.7 Let the machine differentiate");
  const [mu, logVar, h] = [guess.mu, 2 * Math.log(guess.sigma), 0.05];
  const eps = source.normal([10_000, 1]); // [K, 1]
  const gradient = tf.grads((m: Tensor, v: Tensor) => averageOverNoise(m, v, eps));
  const [alongMu = NaN, alongLogVar = NaN] = await numbers(() =>
    tf.stack(gradient([tf.scalar(mu), tf.scalar(logVar)]))
  );
  const at = async (m: number, v: number) =>
    (await numbers(() => averageOverNoise(tf.scalar(m), tf.scalar(v), eps)))[0] ?? NaN;
  const [finiteMu, finiteLogVar] = [
    (await at(mu + h, logVar) - await at(mu - h, logVar)) / (2 * h),
    (await at(mu, logVar + h) - await at(mu, logVar - h)) / (2 * h),
  ];
  const from = `a finite difference, h = ${h}, the same noise; h² and float32`;
  show.claim("along μ", assertAlmostEquals, { found: alongMu, expected: finiteMu, margin: 2e-4, from });
  show.claim("along log σ²", assertAlmostEquals, { found: alongLogVar, expected: finiteLogVar, margin: 2e-4, from });
  const { error } = summary(Array.from(await eps.data(), (e) => drawWithSlope(mu, logVar, e).slope));
  const formula = { expected: 0.25, margin: 4 * error, from: "w²σ² / 2s; 4 standard errors of 10,000 draws" };
  show.claim("along log σ², against the formula", assertAlmostEquals, { found: alongLogVar, ...formula });
  eps.dispose();
}

// ## Try it
//
// 1. The ratio in 3.4 depends on δ alone. What is it at δ = 0, where the guess is centred on the best code? Why does
//    the score function scatter more even there?
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
