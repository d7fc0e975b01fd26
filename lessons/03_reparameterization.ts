/**
 * # 3. How can a gradient pass through a dice roll?
 *
 * ```math
 * z = \mu + \sigma \odot \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I)
 * \qquad\Longrightarrow\qquad
 * \nabla_\mu \, \mathbb{E}\left[f(z)\right] = \mathbb{E}\left[\nabla f(z)\right]
 * ```
 *
 * (⊙ multiplies entry by entry; ∇ collects the slopes.)
 *
 * - **You need**: lesson 2 (why codes should be drawn at random); the chain rule.
 * - **You leave with**: two ways to the gradient of an average over random draws, the reason why VAEs use the second, and
 *   why they speak of log σ².
 * - **Run** (about a second): `deno run lessons/03_reparameterization.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertGreater } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, type Random, random, reparameterize, runLesson, type Show, type Tensor } from "../mod.ts";
import text from "./03_reparameterization.ts" with { type: "text" };

export const defaults = { samples: 100_000 };
type Options = typeof defaults & CommonOptions;

// The encoder of lesson 1 gave one code an image. The encoder we want gives a distribution of codes, N(μ, σ²), and the code z
// is drawn from it. Training wants to know: if μ moved a little, how would the loss move? But between μ and the loss
// there is a dice roll, and a dice roll has no derivative.
//
// What has one is the *average* over rolls. Take a case with a known answer: z from N(μ, σ²), and f(z) = z² in the place of
// the loss. The variance is the mean square minus the squared mean, σ² = E[z²] - μ², so E[z²] = μ² + σ², and
//
// ```math
// \frac{\partial}{\partial \mu} \mathbb{E}[z^2] = 2\mu, \qquad
// \frac{\partial}{\partial \log \sigma^2} \mathbb{E}[z^2] = \sigma^2
// ```
//
// (the second because σ² is the exponential of log σ², and an exponential is its own derivative). Two estimators of the first
// will be held against that pencil answer. Both draw samples and average something. Its standard error, √(variance / n),
// says how far an average can be trusted: so an estimator with 100 times the variance needs 100 times the draws.

/** The mean and the variance of some numbers, each with its standard error (the variance's from the fourth moment). */
export function summary(values: number[]): { mean: number; error: number; variance: number; varianceError: number } {
  const average = (of: (v: number) => number) => values.reduce((sum, v) => sum + of(v), 0) / values.length;
  const mean = average((v) => v);
  const variance = average((v) => (v - mean) ** 2);
  const fourth = average((v) => (v - mean) ** 4);
  return {
    mean,
    error: Math.sqrt(variance / values.length),
    variance,
    varianceError: Math.sqrt((fourth - variance ** 2) / values.length),
  };
}

// ## 3.1 The score function: weigh what came out
//
// Write the average as an integral, with q for the density of N(μ, σ²), and differentiate inside it. Only q contains μ, and
// ∂q/∂μ = q ∂(log q)/∂μ makes an average of it again. With log q = -(z - μ)² / 2σ² + constants:
//
// ```math
// \frac{\partial}{\partial \mu} \int f(z) \, q(z) \, dz = \int f(z) \, \frac{\partial \log q(z)}{\partial \mu} \, q(z) \, dz
// = \mathbb{E}\left[ f(z) \, \frac{z - \mu}{\sigma^2} \right]
// ```
//
// ∂ log q / ∂μ is called the **score**. The estimator needs no derivative of f, only its values: the larger f(z), the more
// weight a draw has. (To raise E[f], μ moves towards such draws; to lower a loss, away from them.) One summand for each draw:

/** Score-function summands for the slope of E[z²] along μ. */
export function scoreFunction(mu: number, sigma: number, samples: number, source: Random): number[] {
  return Array.from({ length: samples }, () => {
    const z = mu + sigma * source.gaussian();
    return z ** 2 * (z - mu) / sigma ** 2;
  });
}

// ## 3.2 The pathwise way: roll first
//
// Let the dice be rolled **before** μ enters. Draw ε from N(0, 1), which depends on nothing, and *compute* z = μ + σε. This z
// is distributed as N(μ, σ²), as before, but now it is an ordinary function of μ, with ∂z/∂μ = 1. So for each roll the
// chain rule gives the slope, f'(z) = 2z, and their average is the slope of the average. This is the
// **reparameterization trick**.

/** Pathwise summands for the slope of E[z²] along μ. */
export function pathwise(mu: number, sigma: number, samples: number, source: Random): number[] {
  return Array.from({ length: samples }, () => {
    const z = mu + sigma * source.gaussian();
    return 2 * z;
  });
}

// ## 3.3 Same mean, very different spread
//
// Both are right on average. How many draws does each need? The pathwise summand 2z has variance 4σ². For the other, put
// z = μ + σε into z⁴ (z - μ)² / σ⁴, use E[ε²] = 1, E[ε⁴] = 3, E[ε⁶] = 15 (odd powers average to zero), and subtract
// the squared mean, 4μ²:
//
// ```math
// \frac{\operatorname{Var}[\text{score}]}{\operatorname{Var}[\text{pathwise}]}
// = \frac{(\mu^4 + 18 \mu^2 \sigma^2 + 15 \sigma^4) / \sigma^2 - 4 \mu^2}{4 \sigma^2}
// = \frac{\mu^4 + 14 \mu^2 \sigma^2 + 15 \sigma^4}{4 \sigma^4}
// ```
//
// At μ = 2, σ = ½ that is 123.75: the score function needs 124 times as many draws for the same accuracy, in one dimension.
// It never uses the slope of f; it has to find it by trial. (It has its uses where f has no slope, or z is discrete.)
//
// Two pictures. In the first both estimators spend their draws on a thousand small averages each: both crowds stand around
// 2μ = 4, but one of them is eleven times as wide (√124). In the second σ shrinks, and the ratio grows like (μ/σ)⁴: the surer
// an encoder is of its codes, the worse for the score function.

/** The averages of `groups` groups of numbers, in the order in which they come. */
export function averages(values: number[], groups: number): number[] {
  const size = Math.floor(values.length / groups);
  return Array.from({ length: groups }, (_, i) => summary(values.slice(i * size, (i + 1) * size)).mean);
}

/** What 3.3 says about the ratio of the variances, as a function of μ / σ. */
export function varianceRatio(ratio: number): number {
  return (ratio ** 4 + 14 * ratio ** 2 + 15) / 4;
}

async function varianceRatios(show: Show, samples: number, source: Random): Promise<void> {
  const measured = [1, 2, 4, 8].map((ratio) => {
    const [score, path] = [scoreFunction, pathwise].map((estimator) => estimator(2, 2 / ratio, samples, source));
    return summary(score).variance / summary(path).variance;
  });
  const ratios = Array.from({ length: 31 }, (_, i) => 8 ** (i / 30)); // from 1 to 8
  await show.lines("ratio", "How many times as many draws the score function needs", {
    series: [
      { name: "the pencil", x: ratios, y: ratios.map(varianceRatio) },
      { name: `measured on ${samples.toLocaleString("en")} draws`, x: [1, 2, 4, 8], y: measured, as: "dots" },
    ],
    x: { label: "μ / σ", log: true },
    y: { label: "ratio of variances, score function / pathwise", log: true },
  });
}

async function twoEstimators(show: Show, { samples, seed }: Options): Promise<void> {
  show.title("3.1-3.3 The slope of E[z²] along μ, at μ = 2, σ = ½");
  const [mu, sigma] = [2, 0.5];
  const source = random(seed);
  const scores = scoreFunction(mu, sigma, samples, source.split());
  const paths = pathwise(mu, sigma, samples, source.split());
  const [score, path] = [summary(scores), summary(paths)];
  for (const [name, { mean, error }] of [["score function", score], ["pathwise", path]] as const) {
    const margin = { margin: 4 * error, from: `2μ; 4 standard errors of ${samples} draws` };
    show.claim(name, assertAlmostEquals, { found: mean, expected: 2 * mu, ...margin });
  }
  const ratio = score.variance / path.variance;
  show.claim("ratio of their variances", assertAlmostEquals, {
    found: ratio,
    expected: varianceRatio(mu / sigma),
    margin: 4 * ratio * Math.hypot(score.varianceError / score.variance, path.varianceError / path.variance),
    from: "the pencil; 4 standard errors",
  });
  const groups = Math.min(1000, samples);
  const each = Math.floor(samples / groups);
  await show.histogram(
    "estimates",
    `${groups.toLocaleString("en")} estimates of a slope that is 4 (draws for each: ${each})`,
    {
      "score function": averages(scores, groups),
      pathwise: averages(paths, groups),
    },
    { label: "estimated slope of E[z²] along μ" },
  );
  await varianceRatios(show, samples, source.split());
}

// ## 3.4 log σ², not σ
//
// A network may put out any number, and σ must be positive. So let it put out v = log σ², and take σ = exp(v / 2). (log σ
// would do as well; log σ² is the custom.) Any v is fine, and the slope along v comes with it: ∂z/∂v = ½ σ ε. Mind the
// half: exp(v) is the *variance*. Nothing crashes when the half is forgotten, and published programs did forget it, so it
// gets a claim of its own: what is drawn must have the variance that was asked for.

async function drawnVariance(show: Show, { samples, seed }: Options): Promise<void> {
  show.title("3.4 log σ², not σ: draws with μ = 1, log σ² = log ¼");
  const z = tf.tidy(() => {
    const eps = random(seed).normal([samples, 1]); // [K, 1]
    return reparameterize({ mu: tf.onesLike(eps), logVar: tf.fill(eps.shape, Math.log(0.25)) }, eps); // [K, 1]
  });
  const draws = summary(Array.from(await z.data()));
  z.dispose();
  const from = `4 standard errors of ${samples} draws`;
  show.claim("their mean", assertAlmostEquals, { found: draws.mean, expected: 1, margin: 4 * draws.error, from });
  const margin = 4 * draws.varianceError;
  show.claim("their variance", assertAlmostEquals, { found: draws.variance, expected: 0.25, margin, from });
  show.claim("their distance from 1/16, what exp(log σ²) ε would give, in standard errors", assertGreater, {
    found: (draws.variance - 1 / 16) / draws.varianceError,
    expected: 4,
    from: "so this check would notice",
  });
}

// ## 3.5 Let the machine differentiate
//
// tfjs differentiates what it computes (**automatic differentiation**: it remembers every operation and applies the chain
// rule backwards). With ε as an input, `reparameterize` is an operation like any other. To test a gradient without trusting
// it, nudge the input and look: (F(v + h) - F(v - h)) / (2h), a **finite difference**, with F(v) the average of f over the
// rolls. Both nudges must use the *same* ε, or the dice would drown the difference.

/** The average of f(z) = z² over the rolls ε, as a function of μ and log σ² (scalars). */
export function averageSquare(mu: Tensor, logVar: Tensor, eps: Tensor): tf.Scalar {
  return tf.tidy(() => {
    const q = { mu: tf.mul(tf.onesLike(eps), mu), logVar: tf.mul(tf.onesLike(eps), logVar) }; // [K, 1]
    return tf.square(reparameterize(q, eps)).mean();
  });
}

async function autodiff(show: Show, { seed }: Options): Promise<void> {
  show.title("3.5 Let the machine differentiate: slopes at μ = 2, log σ² = -1");
  const [mu, logVar, h] = [2, -1, 0.05];
  const sigma = Math.exp(logVar / 2);
  const eps = random(seed).normal([1000, 1]); // [K, 1]
  const slopes = tf.tidy(() => {
    const gradient = tf.grads((m: Tensor, v: Tensor) => averageSquare(m, v, eps));
    return tf.stack(gradient([tf.scalar(mu), tf.scalar(logVar)])); // [2]
  });
  const at = async (m: number, v: number) => {
    const average = tf.tidy(() => averageSquare(tf.scalar(m), tf.scalar(v), eps));
    const [value] = await average.data();
    average.dispose();
    return value;
  };
  const [alongMu, alongLogVar] = await slopes.data();
  const finite = [
    (await at(mu + h, logVar) - await at(mu - h, logVar)) / (2 * h),
    (await at(mu, logVar + h) - await at(mu, logVar - h)) / (2 * h),
  ];
  const from = `a finite difference, h = ${h}, the same noise; float32`;
  show.claim("along μ", assertAlmostEquals, { found: alongMu, expected: finite[0], margin: 1e-3, from });
  show.claim("along log σ²", assertAlmostEquals, { found: alongLogVar, expected: finite[1], margin: 1e-3, from });
  const rolls = summary(Array.from(await eps.data(), (e) => (mu + sigma * e) * sigma * e)); // ∂z²/∂v = 2z · ½σε
  show.claim("along log σ², against the pencil", assertAlmostEquals, {
    found: alongLogVar,
    expected: Math.exp(logVar),
    margin: 4 * rolls.error,
    from: "σ²; 4 standard errors of 1000 draws",
  });
  tf.dispose([eps, slopes]);
}

// With z a function of μ, log σ² and noise, and these two functions of the encoder's weights, the chain rule goes all the way
// through, as if there were no dice. What is still missing is something that keeps σ from shrinking to zero (a reconstruction
// is best without noise in the code), where the dice are gone and lesson 1 is back: lesson 4.
//
// ## Try it
//
// 1. The ratio in 3.3 depends on μ / σ alone. What is it at μ = 0? Why is the score function bad even there?
// 2. Replace f(z) = z² by f(z) = z² + 100 in `scoreFunction`. The true slope is the same. What happens to the variance?
// 3. `--samples 1000`. Which claims get wider margins, and which do not change?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  await twoEstimators(show, options);
  await drawnVariance(show, options);
  await autodiff(show, options);
}

if (import.meta.main) {
  const question = "How can a gradient pass through a dice roll?";
  await runLesson({ name: "03_reparameterization", question, text, defaults, usesData: false, lesson });
}
