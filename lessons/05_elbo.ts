/**
 * # 5. What does the ELBO bound, and how tightly?
 *
 * ```math
 * \log p(x) \;\ge\; \mathbb{E}_{z \sim q(z \mid x)}\left[\log p(x \mid z)\right] - \mathrm{KL}(q(z \mid x) \,\|\, p(z))
 * ```
 *
 * - **You need**: lessons 2 (p(x) is an average over codes), 3 (drawing codes differentiably) and 4 (the KL).
 * - **You leave with**: the loss of every VAE, worked out in numbers and derived twice; what it leaves behind; and a VAE
 *   simple enough to know its optimum in advance, trained to it.
 * - **Run** (about 5 seconds): `deno run lessons/05_elbo.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Batch, type CommonOptions, kl, klPerDimension, klToStandardNormal, principalComponents } from "../mod.ts";
import {
  type Random,
  random,
  range,
  rows,
  runLesson,
  type Show,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  train,
} from "../mod.ts";
import text from "./05_elbo.ts" with { type: "text" };

export const defaults = { steps: 600 };
type Options = typeof defaults & CommonOptions;

// Lesson 2 ended with an average that draws from the prior get wrong, p(x) = E[p(x | z)], since almost no code explains
// x. The way out: an encoder that proposes, for each x, a distribution of codes that may have made it, q(z | x) = N(μ,
// σ²), to draw from. This is the whole machine. Each of its parts has had its lesson; the last lines are its loss. A
// line that ends in ✎ is yours: delete what follows `=` or `return`, write it from the formula above it, and run.

/** How x becomes a loss. */
export const DATA_FLOW = `
   x → [encoder] → μ, σ → z = μ + σ ε → [decoder] → x̂
                    │          ↑                     │
                    │     ε ~ N(0, 1)                │
                    ↓                                ↓
       KL(q(z | x) ‖ p(z))      +      -log p(x | z), how x̂ misses x
       how far q is from the prior     the reconstruction`;

// ## 5.1 In numbers
//
// Take the toy of lessons 2 to 4: x = 1.5, a decoder that says w z with w = 2, noise of variance s = ½, and a prior
// N(0, 1). An encoder might answer with the prior itself, N(0, 1): it has not looked. Or with lesson 4's good guess,
// N(½, ¼). Or, if it is perfect, with the true distribution of codes given x, which 5.3 will find to be N(⅔, 1/9). Both
// terms can be averaged over q exactly: the reconstruction by lesson 3's mean square, the KL by lesson 4's formula.
//
// ```math
// \mathbb{E}_q[-\log p(x \mid z)] = \tfrac12 \log 2\pi s + \frac{(x - w\mu)^2 + w^2\sigma^2}{2s}, \qquad
// \mathrm{KL} = \tfrac12 (\mu^2 + \sigma^2 - 1 - \log \sigma^2)
// ```
//
// Minus the sum of the two is the **ELBO**. And since x is w z plus noise, a sum of two independent Gaussians, p(x) =
// N(0, w² + s): the evidence is known, log p(x) = -1.92.
//
// **Predict, then run**: for the good guess the terms are 1.82 and 0.44. Work out those of the prior. Which answer has
// the smallest KL, which the best reconstruction, which the highest ELBO? By how much does each miss log p(x)?

const [X, W, S] = [1.5, 2, 0.5]; // the toy's x, w and s

/** The ELBO of the toy under q = N(μ, σ²), and its two terms, exactly. */
export function exactElbo(x: number, w: number, s: number, mu: number, variance: number) {
  const squares = (x - w * mu) ** 2 + w ** 2 * variance; // ✎ 5.1a
  const reconstruction = 0.5 * Math.log(2 * Math.PI * s) + squares / (2 * s);
  const kl = 0.5 * (mu ** 2 + variance - 1 - Math.log(variance));
  return { reconstruction, kl, elbo: -reconstruction - kl };
}

/** log p(x) of the toy, exactly. */
export const exactEvidence = (x: number, w: number, s: number) =>
  -0.5 * (Math.log(2 * Math.PI * (w ** 2 + s)) + x ** 2 / (w ** 2 + s));

// ### Check
const ANSWERS: [string, mu: number, variance: number, elbo: number][] = [
  ["the prior, N(0, 1)", 0, 1, -6.82],
  ["a good guess, N(½, ¼)", 0.5, 0.25, -2.27],
  ["the posterior, N(⅔, 1/9)", 2 / 3, 1 / 9, -1.92],
];

function inNumbers(show: Show): void {
  show.title("5.1 In numbers: x = 1.5, w = 2, s = ½");
  for (const line of DATA_FLOW.split("\n").slice(1)) show.text(line);
  const evidence = exactEvidence(X, W, S);
  const rows = ANSWERS.map(([name, mu, variance]) => {
    const { reconstruction, kl, elbo } = exactElbo(X, W, S, mu, variance);
    return [name, ...[reconstruction, kl, elbo, evidence - elbo].map((nats) => nats.toFixed(3))];
  });
  const table = { columns: ["q(z | x)", "reconstruction", "KL", "ELBO", "gap"], rows };
  show.table(`In nats; log p(x) = ${evidence.toFixed(3)}`, table);
  const byHand = { margin: 0.005, from: "worked out by hand, to two decimals" };
  show.claim("log p(x)", assertAlmostEquals, { found: evidence, expected: -1.92, ...byHand });
  for (const [name, mu, variance, expected] of ANSWERS) {
    const found = exactElbo(X, W, S, mu, variance).elbo;
    show.claim(`ELBO of ${name}`, assertAlmostEquals, { found, expected, ...byHand });
  }
}

// ## 5.2 The bound, by Jensen
//
// Why is the ELBO a loss worth having? Because it never exceeds log p(x), whatever q. Multiply and divide by q(z | x),
// and the average over the prior becomes an average over q:
//
// ```math
// \log p(x) = \log \int p(x \mid z) \, p(z) \, dz = \log \int q(z \mid x) \, \frac{p(x \mid z) \, p(z)}{q(z \mid x)} \, dz
// = \log \mathbb{E}_q\left[\frac{p(x \mid z) \, p(z)}{q(z \mid x)}\right]
// ```
//
// The log of an average is at least the average of the logs (Jensen's inequality, 4.7):
//
// ```math
// \log p(x) \ge \mathbb{E}_q\left[\log \frac{p(x \mid z) \, p(z)}{q(z \mid x)}\right]
// = \mathbb{E}_q\left[\log p(x \mid z)\right] - \mathbb{E}_q\left[\log \frac{q(z \mid x)}{p(z)}\right]
// ```
//
// The last term is lesson 4's KL: this is the **evidence lower bound**. As a loss, with its sign turned, it says:
// *reconstruct well, and stay near the prior*. No impossible average is left, as one code drawn from q gives an
// unbiased estimate of the bound. *Variational* means just this: q is varied until the bound is as high as it gets.
// (Kingma and Welling 2013; Rezende, Mohamed and Wierstra 2014.)

/** The toy's ELBO from one draw of z: right on average, and differentiable along μ and σ (lesson 3). */
export function oneDrawElbo(mu: number, variance: number, eps: number): number {
  const z = mu + Math.sqrt(variance) * eps;
  const reconstruction = 0.5 * Math.log(2 * Math.PI * S) + (X - W * z) ** 2 / (2 * S);
  return -reconstruction - exactElbo(X, W, S, mu, variance).kl;
}

// ### Check
function oneDraw(show: Show, source: Random): void {
  show.title("5.2 The bound, by Jensen: the good guess, one draw of z at a time");
  const draws = Array.from({ length: 20_000 }, () => oneDrawElbo(0.5, 0.25, source.gaussian()));
  const mean = draws.reduce((sum, v) => sum + v / draws.length, 0);
  const error = Math.sqrt(draws.reduce((sum, v) => sum + (v - mean) ** 2, 0)) / draws.length;
  const exact = { expected: exactElbo(X, W, S, 0.5, 0.25).elbo, margin: 4 * error, from: "5.1's; 4 standard errors" };
  show.claim("the mean of 20,000 one-draw ELBOs", assertAlmostEquals, { found: mean, ...exact });
}

// ## 5.3 The gap, by Bayes
//
// How much does the bound leave behind? Given x, the codes that could have made it are distributed as the
// **posterior**, p(z | x) = p(x | z) p(z) / p(x) by Bayes' rule. So p(x | z) p(z) = p(z | x) p(x). Put that into 5.2's
// average of a log. Since log p(x) contains no z, its average is itself:
//
// ```math
// \mathrm{ELBO} = \mathbb{E}_q\left[\log \frac{p(z \mid x) \, p(x)}{q(z \mid x)}\right]
// = \log p(x) - \mathbb{E}_q\left[\log \frac{q(z \mid x)}{p(z \mid x)}\right]
// = \log p(x) - \mathrm{KL}(q(z \mid x) \,\|\, p(z \mid x))
// ```
//
// This is the second derivation, for a KL is never negative. And it says what the gap is: how far q is from the true
// posterior. It is zero exactly when q is the posterior. So a higher ELBO means a likelier x, or a better guess, or
// both.
//
// The toy's posterior: as a function of z, the log of p(x | z) p(z) is -(x - w z)² / 2s - z² / 2. The coefficient of
// -z² / 2 is the posterior's precision, one over its variance: 1 + w²/s. The coefficient of z, w x / s, is mean times
// precision.

/** The toy's posterior p(z | x), a Gaussian. */
export function posterior(x: number, w: number, s: number): { mu: number; variance: number } {
  const precision = 1 + w ** 2 / s; // 9
  return { mu: w * x / s / precision, variance: 1 / precision }; // ⅔, 1/9
}

// ### Check
async function theGap(show: Show): Promise<void> {
  show.title("5.3 The gap, by Bayes");
  const [evidence, exact] = [exactEvidence(X, W, S), posterior(X, W, S)];
  const asTensors = (m: number, v: number) => ({ mu: tf.tensor2d([[m]]), logVar: tf.tensor2d([[Math.log(v)]]) });
  const gapAt = (mu: number, variance: number) => evidence - exactElbo(X, W, S, mu, variance).elbo;
  for (const [name, mu, variance] of ANSWERS) {
    const gap = tf.tidy(() => kl(asTensors(mu, variance), asTensors(exact.mu, exact.variance))); // [1]
    const library = { expected: (await gap.data())[0] ?? NaN, margin: 1e-5, from: "KL(q ‖ posterior); float32" };
    show.claim(`log p(x) - ELBO with q = ${name}`, assertAlmostEquals, { found: gapAt(mu, variance), ...library });
    gap.dispose();
  }
  const mus = Array.from(range(61), (i) => (i - 20) / 30); // from -⅔ to 4/3
  const sigmas = Array.from(range(31), (i) => (i + 3) / 30); // from 0.1 to 1.1
  const gaps = sigmas.flatMap((sigma) => mus.map((mu) => gapAt(mu, sigma ** 2)));
  const bound = { expected: -1e-12, from: "5.2: no q is above log p(x); rounding" };
  show.claim(`the smallest gap of ${gaps.length} other q`, assertGreater, { found: Math.min(...gaps), ...bound });
  await show.heat("bound", "What the bound leaves behind: nothing, where q is the posterior", {
    values: gaps,
    columns: mus.length,
    x: { label: "μ", from: Math.min(...mus), to: Math.max(...mus) },
    y: { label: "σ", from: Math.min(...sigmas), to: Math.max(...sigmas) },
    value: { label: "log p(x) - ELBO, nats" },
    marks: ANSWERS.map(([name, mu, variance]) => ({ name: name.replace(/,.*/, ""), x: mu, y: Math.sqrt(variance) })),
  });
}

// ## 5.4 Which latents are worth their price
//
// The same in more dimensions: x = W z + noise of a fixed variance s in every direction, with an encoder μ = A x and
// one log σ² per latent dimension, the same for all x. This is a **linear VAE**, and its optimum is **probabilistic
// PCA** (Tipping and Bishop 1999; Lucas et al. 2019). One direction at a time: let λ be the variance of the data along
// it, an eigenvalue of their covariance. There the model says x has the variance V = w² + s, and the mean log-density
// of the data is -½ (log 2πV + λ/V). Its slope along V, -½ (1/V - λ/V²), is zero at V = λ: the best w has w² + s = λ.
//
// If λ < s there is no such w, as w² is not negative. The density falls all the way from V = s on, and w = 0 is best.
// So a latent dimension **collapses**, its column of W zero and its q the prior, exactly where its eigenvalue is below
// the variance of the noise. That is no fault of training, it *is* the optimum.
//
// What does an active dimension cost? By 5.3 with w² = λ - s the posterior's variance is 1 / (1 + w²/s) = s/λ, and its
// mean is w x / λ, whose square averages w²λ/λ² = 1 - s/λ. The two add up to 1, so of ½ (μ² + σ² - 1 - log σ²) there
// remains ½ log(λ/s) on average.

/** The mean log-density of data of variance λ under a Gaussian of variance V. */
export const meanLogDensity = (lambda: number, V: number) => -0.5 * (Math.log(2 * Math.PI * V) + lambda / V);

/** The highest mean log p(x) that a linear model with `latent` dimensions reaches, from the eigenvalues, largest first. */
export function bestEvidence(eigenvalues: number[], latent: number, s: number): number {
  const best = (lambda: number, i: number) => i < latent ? Math.max(lambda, s) : s; // V along direction i
  return eigenvalues.reduce((sum, lambda, i) => sum + meanLogDensity(lambda, best(lambda, i)), 0);
}

/** What a latent dimension costs at the optimum, in nats. */
export const bestKl = (lambda: number, s: number) => 0.5 * Math.log(Math.max(lambda / s, 1));

// ## 5.5 Trained to its known optimum
//
// One more thing is known in advance. With several latent dimensions the log of p(x | z) p(z) is -|x - W z|² / 2s -
// |z|² / 2, and its part quadratic in z is -½ zᵀ (I + WᵀW / s) z. So the posterior's precision is the matrix I + WᵀW /
// s, the same for every x. But q has one σ for each dimension and no correlations: it can match the posterior only
// where this matrix is diagonal, where the columns of W are at right angles. Turning all codes, and W with them,
// changes neither W Wᵀ nor p(x), but it turns the posterior off q's axes, and opens a gap (exercise 3). So the ELBO
// prefers the principal axes. Mirrored or renamed axes cost nothing: which of these you get, the seed decides.
//
// Now train, on data of 6 numbers with eigenvalues of about 6, 3, 1.6, 0.6, 0.4 and 0.2, and a code of 5 numbers. The
// average over q needs no dice. As in 5.1, E|x - W z|² is |x - W μ|² plus what noise in the code costs: for each latent
// dimension, its σ² times the squared length of its column of W. In the program a latent dimension is a row of W.
//
// **Predict, then run**: with s = 1, how many of the 5 dimensions will stay active? With s = 2, and with s = 4?

/** A linear VAE with untrained weights and noise of variance s: its encoder, its W, and its loss, the negative ELBO. */
export function linearVae(size: number, latent: number, s: number, seed: number) {
  const source = random(seed);
  const weights = (shape: [number, number]) => tf.tidy(() => tf.variable(source.normal(shape).mul(0.3) as Tensor2D));
  const [A, W] = [weights([size, latent]), weights([latent, size])];
  const logVar = tf.tidy(() => tf.variable(tf.zeros([1, latent])));
  const encode = (x: Tensor) => ({ mu: tf.matMul(x as Tensor2D, A), logVar: tf.tile(logVar, [x.shape[0], 1]) }); // [B, L]
  // The noise in the code costs Σ σ² |w|², the sum over latent dimensions, [B].
  const terms = ({ x }: Batch) =>
    tf.tidy(() => {
      const q = encode(x);
      const missed = tf.squaredDifference(x, tf.matMul(q.mu, W)).sum(1); // |x - W μ|², [B]
      const noise = tf.exp(q.logVar).mul(W.square().sum(1)).sum(1); // ✎ 5.5a
      const reconstruction = missed.add(noise).div(2 * s).add(size / 2 * Math.log(2 * Math.PI * s)) as Tensor1D;
      const kl = klToStandardNormal(q); // [B]
      return { loss: tf.add(reconstruction, kl) as Tensor1D, parts: { reconstruction, kl } };
    });
  return { encode, W, objective: { variables: [A, W, logVar], terms } };
}

// ### Check
/** The variances of the data that {@linkcode linearData} draws, along directions at right angles. */
export const VARIANCES = [6, 3, 1.6, 0.6, 0.4, 0.2];

/** Centred data with about these variances, in a random orientation, `[N, 6]`. */
export function linearData(count: number, seed: number): Tensor2D {
  return tf.tidy(() => {
    const source = random(seed);
    const axes = tf.linalg.gramSchmidt(source.normal([6, 6]) as Tensor2D) as Tensor2D; // rows of length 1, at right angles
    const along = source.normal([count, 6]).mul(tf.sqrt(VARIANCES)); // [N, 6]
    return tf.matMul(along.sub(along.mean(0)) as Tensor2D, axes);
  });
}

// ### Check
/** The mean log p(x) of centred data `[N, D]` under a linear model with weights `[L, D]`, by the model's own directions. */
export async function linearEvidence(x: Tensor2D, W: Tensor2D, s: number): Promise<number> {
  // The rows of W and their opposites, √L times as long, are points with mean 0 and covariance Σ w wᵀ.
  const points = tf.tidy(() => tf.concat([W, W.neg()]).mul(Math.sqrt(W.shape[0])));
  const { mean, components, variances } = await principalComponents(points);
  const along = tf.tidy(() => tf.matMul(x, components, false, true).square().mean(0)); // [D]
  const lambdas = Array.from(await along.data());
  tf.dispose([points, mean, components, along]);
  return lambdas.reduce((sum, lambda, i) => sum + meanLogDensity(lambda, (variances[i] ?? NaN) + s), 0);
}

// ### Check
/** Trains a linear VAE: its bounds and log p(x) on the way, what each dimension costs, the worst of WᵀW / s off its diagonal. */
async function fit(x: Tensor2D, s: number, { steps, seed }: Options) {
  const { encode, W, objective } = linearVae(6, 5, s, seed);
  const data = rows(await x.data() as Float32Array, x.shape); // one batch, so an epoch is a step, and nothing is random
  const options = { epochs: steps, batchSize: x.shape[0], learningRate: 0.03, seed };
  const [bounds, ceilings] = [[] as number[], [await linearEvidence(x, W, s)]];
  for await (const { loss } of train(objective, data, options)) {
    bounds.push(-loss!); // as it was before the step
    ceilings.push(await linearEvidence(x, W, s));
  }
  const costs = tf.tidy(() => klPerDimension(encode(x)).mean(0)); // [L]
  const nats = Array.from(await costs.data()).toSorted((a, b) => b - a);
  const askew = tf.tidy(() => tf.matMul(W, W, false, true).div(s).mul(tf.sub(1, tf.eye(5))).abs().max());
  const [offDiagonal = NaN] = await askew.data();
  tf.dispose([costs, askew, ...objective.variables]);
  return { bounds, ceilings: ceilings.slice(0, -1), nats, offDiagonal };
}

// ### Check
async function linear(show: Show, options: Options): Promise<void> {
  const x = linearData(1000, options.seed);
  const { mean, components, variances } = await principalComponents(x);
  tf.dispose([mean, components]);
  show.title("5.5 Trained to its known optimum: 6 numbers, 5 latent dimensions");
  const [prices, lambdas] = [[] as number[], [] as number[]];
  for (const s of [1, 2, 4]) {
    show.text(`\nnoise of variance ${s}:`);
    const { bounds, ceilings, nats, offDiagonal } = await fit(x, s, options);
    const best = { expected: bestEvidence(variances, 5, s), margin: 1e-3, from: "the best mean log p(x), by PCA" };
    show.claim("mean ELBO after training", assertAlmostEquals, { found: bounds.at(-1)!, ...best });
    const above = Math.max(...bounds.map((bound, i) => bound - (ceilings[i] ?? NaN)));
    const never = { found: above, expected: 1e-4, from: "never above; float32" };
    show.claim("the most by which the ELBO was above log p(x) at any step", assertLess, never);
    const found = nats.filter((price) => price > 0.01).length;
    const from = `eigenvalues above ${s} among ${variances.map((v) => v.toFixed(2)).join(" ")}`;
    const expected = variances.slice(0, 5).filter((lambda) => lambda > s).length;
    show.claim("active dimensions (KL above 0.01 nats)", assertEquals, { found, expected, from });
    variances.slice(0, 5).forEach((lambda, i) => {
      const from = lambda > s ? `½ log (λ/s), λ = ${lambda.toFixed(2)}` : "λ is below s: collapsed";
      const measured = { found: nats[i] ?? NaN, expected: bestKl(lambda, s), margin: 5e-3, from };
      show.claim(`KL of dimension ${i + 1}, in nats`, assertAlmostEquals, measured);
    });
    const rightAngles = { found: offDiagonal, expected: 0.045, from: "√(2 · 1e-3), as the gap is below 1e-3" };
    show.claim("largest entry of WᵀW / s off the diagonal", assertLess, rightAngles);
    prices.push(...nats);
    lambdas.push(...variances.slice(0, 5).map((lambda) => lambda / s));
    if (s !== 1) continue;
    const at = Array.from(bounds, (_, i) => i + 1);
    await show.lines("gap", "The bound closes on log p(x), and both on the best that a linear model can do", {
      series: [
        { name: "log p(x)", x: at, y: ceilings },
        { name: "ELBO", x: at, y: bounds },
        { name: "the best, by PCA", x: [1, at.length], y: [best.expected, best.expected] },
      ],
      x: { label: "steps", log: true },
      y: { label: "nats, mean over the data" },
    });
  }
  x.dispose();
  const ratios = Array.from(range(61), (i) => 10 ** ((i - 33) / 30)); // from 0.08 to 8
  await show.lines("hinge", "What each latent dimension costs: nothing, where its eigenvalue is below the noise", {
    series: [
      { name: "½ log (λ/s), or 0 below λ = s", x: ratios, y: ratios.map((ratio) => bestKl(ratio, 1)) },
      { name: "trained, with s = 1, 2 and 4", x: lambdas, y: prices, as: "dots" },
    ],
    x: { label: "λ/s: eigenvalue over variance of the noise", log: true },
    y: { label: "KL, nats", from: 0 },
  });
}

// ## Try it
//
// 1. In 5.5 change the third of `VARIANCES` from 1.6 to 0.9. How many dimensions stay active with s = 1?
// 2. Forget lesson 3's half: draw with σ̃ = exp(log σ²) while the KL still charges for σ². Which log σ² is best for the toy at
//    μ = ⅔, and what does the program then report as its ELBO? Compare with log p(x).
// 3. A posterior has the standard deviations 0.3 and 0.1. Turn it by 45°: each axis gets the mean of the two precisions, the
//    determinant stays. How large is the gap of the best q without correlations, which takes over these two precisions?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  inNumbers(show);
  oneDraw(show, random(options.seed));
  await theGap(show);
  await linear(show, options);
}

if (import.meta.main) {
  const question = "What does the ELBO bound, and how tightly?";
  await runLesson({ name: "05_elbo", question, text, defaults, usesData: false, lesson });
}
