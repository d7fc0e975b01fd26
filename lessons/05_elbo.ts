/**
 * # 5. What does the ELBO bound, and how tightly?
 *
 * ```math
 * \log p(x) \;\ge\; \mathbb{E}_{z \sim q(z \mid x)}\left[\log p(x \mid z)\right] - \mathrm{KL}(q(z \mid x) \,\|\, p(z))
 * ```
 *
 * - **You need**: lessons 2 (p(x) is an average over codes), 3 (drawing codes differentiably) and 4 (the KL).
 * - **You leave with**: the loss of every VAE, worked out in numbers and derived twice; how far it is from log p(x);
 *   and a VAE so simple that its optimum is known in advance, trained to that optimum.
 * - **Run** (about 5 seconds): `deno run lessons/05_elbo.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Batch, type CommonOptions, kl, klPerDimension, klToStandardNormal, numbers } from "../mod.ts";
import { principalComponents, type Random, random, range, rows, runLesson, type Show, type Tensor } from "../mod.ts";
import { type Tensor1D, type Tensor2D, train } from "../mod.ts";
import text from "./05_elbo.ts" with { type: "text" };

export const defaults = { steps: 600 };
type Options = typeof defaults & CommonOptions;

// Lesson 2 ended with a problem: the evidence p(x) = 𝔼[p(x | z)] is an average over codes from the prior, but almost no
// such code explains x. The way out is an encoder, which proposes for each x a distribution of the codes that may have
// made it, q(z | x) = N(μ, σ²). The code z is drawn from it, as in lesson 3. The loss has two terms: the
// reconstruction, which is lesson 2's -log p(x | z), and lesson 4's KL. This lesson says why it is their sum.

// ## 5.1 In numbers
//
// Take the toy of lessons 2 to 4: x = 1.5, a decoder that says w z with w = 2, noise of variance s = ½, and the prior
// N(0, 1). An encoder that has not looked at x might answer with the prior itself; a better one with lesson 4's good
// guess, N(½, ¼); and a perfect one with the true distribution of codes for this x, N(⅔, 1/9) by 5.3. Averaged over q,
// both terms are known exactly; the first follows as in lesson 3, the second is lesson 4's:
//
// ```math
// \mathbb{E}_q[-\log p(x \mid z)] = \tfrac12 \log 2\pi s + \frac{(x - w\mu)^2 + w^2\sigma^2}{2s}, \qquad
// \mathrm{KL} = \tfrac12 (\mu^2 + \sigma^2 - 1 - \log \sigma^2)
// ```
//
// The **ELBO** is minus the sum of the two. For the toy the evidence is known as well: x is w z plus noise, a sum of
// two independent Gaussians, so x has the distribution N(0, w² + s), and log p(x) = -1.92.
//
// *Predict, then run.* For the good guess the terms are 1.82 and 0.44. Work out those of the prior. Which answer has
// the smallest KL, which the best reconstruction, and which the highest ELBO? By how much does each ELBO miss log p(x)?

const TOY = [1.5, 2, 0.5] as const; // x, w and s

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
  const evidence = exactEvidence(...TOY);
  const cells = ANSWERS.map(([name, mu, variance]) => {
    const { reconstruction, kl, elbo } = exactElbo(...TOY, mu, variance);
    return [name, ...[reconstruction, kl, elbo, evidence - elbo].map((nats) => nats.toFixed(3))];
  });
  const table = { columns: ["q(z | x)", "reconstruction", "KL", "ELBO", "gap"], rows: cells };
  show.table(`In nats; log p(x) = ${evidence.toFixed(3)}`, table);
  const byHand = { margin: 0.005, from: "worked out by hand, to two decimals" };
  show.claim("log p(x)", assertAlmostEquals, { found: evidence, expected: -1.92, ...byHand });
  for (const [name, mu, variance, expected] of ANSWERS) {
    const found = exactElbo(...TOY, mu, variance).elbo;
    show.claim(`ELBO of ${name}`, assertAlmostEquals, { found, expected, ...byHand });
  }
}

// ## 5.2 The bound, by Jensen
//
// Why make the ELBO large? Because log p(x), which we want to be large, is never below it, whatever q is. To see this,
// multiply and divide by q(z | x), so that the average over the prior becomes an average over q:
//
// ```math
// \log p(x) = \log \int p(x \mid z) \, p(z) \, dz = \log \int q(z \mid x) \, \frac{p(x \mid z) \, p(z)}{q(z \mid x)} \, dz
// = \log \mathbb{E}_q\left[\frac{p(x \mid z) \, p(z)}{q(z \mid x)}\right]
// ```
//
// By Jensen's inequality (4.7) the log of an average is at least the average of the log:
//
// ```math
// \log p(x) \ge \mathbb{E}_q\left[\log \frac{p(x \mid z) \, p(z)}{q(z \mid x)}\right]
// = \mathbb{E}_q\left[\log p(x \mid z)\right] - \mathbb{E}_q\left[\log \frac{q(z \mid x)}{p(z)}\right]
// ```
//
// The last average is lesson 4's KL, so this is the ELBO, the **evidence lower bound**. The loss is minus the ELBO, and
// says: *reconstruct well, and stay near the prior*. A single code drawn from q gives an estimate of the ELBO that is
// right on average and, by lesson 3, can be differentiated along μ and σ. The method is called *variational* because q
// is varied until the bound is as high as possible (Kingma and Welling 2013; Rezende, Mohamed and Wierstra 2014).

/** The toy's ELBO, estimated from a single draw z = μ + σε. */
export function oneDrawElbo(mu: number, variance: number, eps: number): number {
  const [x, w, s] = TOY;
  const z = mu + Math.sqrt(variance) * eps;
  const reconstruction = 0.5 * Math.log(2 * Math.PI * s) + (x - w * z) ** 2 / (2 * s);
  return -reconstruction - exactElbo(x, w, s, mu, variance).kl;
}

// ### Check
function oneDraw(show: Show, source: Random): void {
  show.title("5.2 The bound, by Jensen: the good guess, one draw of z at a time");
  const draws = Array.from({ length: 20_000 }, () => oneDrawElbo(0.5, 0.25, source.gaussian()));
  const mean = draws.reduce((sum, v) => sum + v / draws.length, 0);
  const error = Math.sqrt(draws.reduce((sum, v) => sum + (v - mean) ** 2, 0)) / draws.length;
  const exact = { expected: exactElbo(...TOY, 0.5, 0.25).elbo, margin: 4 * error, from: "5.1's; 4 standard errors" };
  show.claim("the mean of 20,000 one-draw ELBOs", assertAlmostEquals, { found: mean, ...exact });
}

// ## 5.3 The gap, by Bayes
//
// How far below log p(x) is the bound? The true distribution of the codes that may have made x is the **posterior**, by
// Bayes' rule p(z | x) = p(x | z) p(z) / p(x). So p(x | z) p(z) = p(z | x) p(x). Put that into 5.2's average of a log.
// Since log p(x) does not contain z, its average is log p(x) itself:
//
// ```math
// \mathrm{ELBO} = \mathbb{E}_q\left[\log \frac{p(z \mid x) \, p(x)}{q(z \mid x)}\right]
// = \log p(x) - \mathbb{E}_q\left[\log \frac{q(z \mid x)}{p(z \mid x)}\right]
// = \log p(x) - \mathrm{KL}(q(z \mid x) \,\|\, p(z \mid x))
// ```
//
// This derives the bound a second time, because a KL is never negative. It also says what the gap is: the divergence of
// q from the posterior, which is zero exactly when q is the posterior. So whenever the ELBO rises, log p(x) has risen,
// or q has come nearer to the posterior.
//
// What is the toy's posterior? Up to terms without z, its log is that of p(x | z) p(z), on the left. Compare it with
// the log-density of a Gaussian with mean m and variance v, on the right:
//
// ```math
// -\frac{(x - w z)^2}{2s} - \frac{z^2}{2} = -\frac{z^2}{2} \left( 1 + \frac{w^2}{s} \right) + z \, \frac{w x}{s} + \ldots, \qquad
// -\frac{(z - m)^2}{2v} = -\frac{z^2}{2} \cdot \frac1v + z \, \frac{m}{v} + \ldots
// ```
//
// The posterior is the Gaussian with 1/v = 1 + w²/s and m/v = w x / s. For the toy these are 9 and 6, so it is N(⅔,
// 1/9). The inverse of a variance, 1/v, is called a **precision**.

/** The toy's posterior p(z | x), a Gaussian. */
export function posterior(x: number, w: number, s: number): { mu: number; variance: number } {
  const precision = 1 + w ** 2 / s; // 9
  return { mu: w * x / s / precision, variance: 1 / precision }; // ⅔, 1/9
}

// ### Check
async function theGap(show: Show): Promise<void> {
  show.title("5.3 The gap, by Bayes");
  const [evidence, exact] = [exactEvidence(...TOY), posterior(...TOY)];
  const asTensors = (m: number, v: number) => ({ mu: tf.tensor2d([[m]]), logVar: tf.tensor2d([[Math.log(v)]]) });
  const gapAt = (mu: number, variance: number) => evidence - exactElbo(...TOY, mu, variance).elbo;
  for (const [name, mu, variance] of ANSWERS) {
    const [gap = NaN] = await numbers(() => kl(asTensors(mu, variance), asTensors(exact.mu, exact.variance))); // [1]
    const library = { expected: gap, margin: 1e-5, from: "the library's KL(q ‖ posterior); float32" };
    show.claim(`log p(x) - ELBO with q = ${name}`, assertAlmostEquals, { found: gapAt(mu, variance), ...library });
  }
  const mus = Array.from(range(61), (i) => (i - 20) / 30); // from -⅔ to 4/3
  const sigmas = Array.from(range(31), (i) => (i + 3) / 30); // from 0.1 to 1.1
  const gaps = sigmas.flatMap((sigma) => mus.map((mu) => gapAt(mu, sigma ** 2)));
  const bound = { expected: -1e-12, from: "5.2: no q is above log p(x); rounding" };
  show.claim(`the smallest gap of ${gaps.length} other q`, assertGreater, { found: Math.min(...gaps), ...bound });
  await show.heat("bound", "How far the ELBO is below log p(x): nothing is missing where q is the posterior", {
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
// In more dimensions the model is x = z W + noise, with the same variance s in every direction. As in lesson 1, x and z
// are rows of numbers: each latent dimension has its own row of W. The encoder is linear too, μ = x A, with one log σ²
// per latent dimension, the same for all x. This is a **linear VAE** (Lucas et al. 2019).
//
// Under the model x is Gaussian with the covariance WᵀW + s I. The model is called **probabilistic PCA**. Tipping
// and Bishop (1999) show that an optimal W has its rows along the eigenvectors of the data's covariance with the
// largest eigenvalues. These are then eigenvectors of WᵀW + s I as well, so x varies independently along each of them,
// and its log-density is a sum over these directions.
//
// Look at a single one. Let λ be the variance of the data along it, which is the eigenvalue, and w the length of its
// row of W. There the model gives x the variance V = w² + s, and the data have the mean log-density -½ (log 2πV + λ/V).
// Its slope along V is (λ - V) / 2V², so it rises up to V = λ and falls from there on. If λ > s, the best w has w² + s
// = λ, and the dimension is **active**. If not, every w but 0 makes V too large. Then the dimension **collapses**: its
// row of W is zero, and its q is the prior. This is not a failure of training: it *is* the optimum.
//
// What does an active dimension cost? By 5.3 with w² = λ - s the posterior's variance is 1 / (1 + w²/s) = s/λ. Its mean
// is w x / λ, and since x² averages to λ, the square of the mean averages to w²/λ = 1 - s/λ. The two add up to 1, so
// what remains of the KL, ½ (μ² + σ² - 1 - log σ²), is ½ log(λ/s) on average.

/** The mean log-density of data of variance λ under a Gaussian of variance V. */
export const meanLogDensity = (lambda: number, V: number) => -0.5 * (Math.log(2 * Math.PI * V) + lambda / V);

/** The highest mean log p(x) of a linear model, from eigenvalues, largest first: after `latent` of them V is s. */
export const bestEvidence = (eigenvalues: number[], latent: number, s: number) =>
  eigenvalues.reduce((sum, lambda, i) => sum + meanLogDensity(lambda, i < latent ? Math.max(lambda, s) : s), 0);

/** What a latent dimension costs at the optimum, in nats. */
export const bestKl = (lambda: number, s: number) => 0.5 * Math.log(Math.max(lambda / s, 1));

// ### Check
function oneDirection(show: Show): void {
  show.title("5.4 Which latents are worth their price: one direction, s = ½");
  const tried = Array.from(range(1001), (i) => 0.5 + i / 200); // V = w² + s, from s on
  for (const lambda of [4.5, 0.2]) {
    const found = tried.reduce((best, V) => meanLogDensity(lambda, V) > meanLogDensity(lambda, best) ? V : best);
    const larger = { expected: Math.max(lambda, 0.5), margin: 0.005, from: "the larger of λ and s; by steps of 0.005" };
    show.claim(`the best V where λ = ${lambda}`, assertAlmostEquals, { found, ...larger });
  }
}

// ## 5.5 Trained to its known optimum
//
// One more thing is known. With several latent dimensions the log of p(x | z) p(z) is -|x - z W|²/2s - |z|²/2 plus a
// constant. Its part quadratic in z is -½ z P zᵀ with P = I + W Wᵀ/s, so P, now a matrix, is the posterior's precision,
// for every x. But q has no correlations: it is the posterior only if P is diagonal, with the rows of W at right
// angles. Rotate all codes, and W so that z W stays the same. Then p(x) stays the same too, as the prior is round. But
// the posterior, unless it is round, turns away from q's axes, and a gap opens. For a code of two numbers let c = P₁₂ /
// √(P₁₁ P₂₂). The best q leaves a gap of -½ log(1 - c²) ≥ ½ c² (see the answer to exercise 3); in a longer code the gap
// is at least that of any one pair. So the ELBO prefers the principal axes; the seed decides order and signs.
//
// Now we train, on data of 6 numbers whose covariance has eigenvalues of about 6, 3, 1.6, 0.6, 0.4 and 0.2, with a code
// of 5. No code need be drawn: averaged over q, |x - z W|² is |x - μ W|² plus every σ² times its row's squared length.
//
// *Predict, then run.* How many of the 5 dimensions will stay active with s = 1? With s = 2? And with s = 4?

/** A linear VAE with untrained weights and noise of variance s: its encoder, its W, and its loss, the negative ELBO. */
export function linearVae(size: number, latent: number, s: number, seed: number) {
  const source = random(seed);
  const weights = (shape: [number, number]) => tf.tidy(() => tf.variable(source.normal(shape).mul(0.3) as Tensor2D));
  const [A, W] = [weights([size, latent]), weights([latent, size])];
  const logVar = tf.tidy(() => tf.variable(tf.zeros([1, latent])));
  const encode = (x: Tensor) => ({ mu: tf.matMul(x as Tensor2D, A), logVar: tf.tile(logVar, [x.shape[0], 1]) });
  const terms = ({ x }: Batch) =>
    tf.tidy(() => {
      const q = encode(x);
      const missed = tf.squaredDifference(x, tf.matMul(q.mu, W)).sum(1); // |x - μ W|², [B]
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
    const axes = tf.linalg.gramSchmidt(source.normal([6, 6]) as Tensor2D) as Tensor2D; // unit rows, at right angles
    const along = source.normal([count, 6]).mul(tf.sqrt(VARIANCES)); // [N, 6]
    return tf.matMul(along.sub(along.mean(0)) as Tensor2D, axes);
  });
}

// ### Check
/** The mean log p(x) of centred data `[N, D]` under a linear model with any weights `[L, D]`: 5.4's sum. */
export async function linearEvidence(x: Tensor2D, W: Tensor2D, s: number): Promise<number> {
  // The directions are the eigenvectors of WᵀW, the covariance of 2L points: each row of W times √L, and its negative.
  const points = tf.tidy(() => tf.concat([W, W.neg()]).mul(Math.sqrt(W.shape[0])));
  const { mean, components, variances } = await principalComponents(points);
  const lambdas = await numbers(() => tf.matMul(x, components, false, true).square().mean(0)); // [D]
  tf.dispose([points, mean, components]);
  return lambdas.reduce((sum, lambda, i) => sum + meanLogDensity(lambda, (variances[i] ?? NaN) + s), 0);
}

// ### Check
/** Trains a linear VAE: its bounds and log p(x) on the way, what each dimension costs, and the largest |c| of 5.5. */
async function fit(x: Tensor2D, s: number, { steps, seed }: Options) {
  const { encode, W, objective } = linearVae(6, 5, s, seed);
  const data = rows(await x.data() as Float32Array, x.shape); // one batch, so an epoch is a step, and nothing is random
  const options = { epochs: steps, batchSize: x.shape[0], learningRate: 0.03, seed };
  const [bounds, ceilings] = [[] as number[], [await linearEvidence(x, W, s)]];
  for await (const { loss } of train(objective, data, options)) {
    bounds.push(-loss!); // as it was before the step
    ceilings.push(await linearEvidence(x, W, s));
  }
  const nats = (await numbers(() => klPerDimension(encode(x)).mean(0))).toSorted((a, b) => b - a); // [L]
  const [c = NaN] = await numbers(() => {
    const P = tf.matMul(W, W, false, true).div(s).add(tf.eye(5)); // [L, L]
    const roots = tf.sqrt(P.mul(tf.eye(5)).sum(0)); // of its diagonal, [L]
    return P.div(roots).div(roots.expandDims(1)).sub(tf.eye(5)).abs().max();
  });
  tf.dispose(objective.variables);
  return { bounds, ceilings: ceilings.slice(0, -1), nats, c };
}

// ### Check
async function linear(show: Show, options: Options): Promise<void> {
  const x = linearData(1000, options.seed);
  const { mean, components, variances } = await principalComponents(x);
  tf.dispose([mean, components]);
  show.title("5.5 Trained to its known optimum: 6 numbers, 5 latent dimensions");
  const [prices, lambdas] = [[] as number[], variances.slice(0, 5)];
  for (const s of [1, 2, 4]) {
    show.text(`\nnoise of variance ${s}:`);
    const { bounds, ceilings, nats, c } = await fit(x, s, options);
    const best = { expected: bestEvidence(variances, 5, s), margin: 1e-3, from: "the best mean log p(x), by PCA" };
    show.claim("mean ELBO after training", assertAlmostEquals, { found: bounds.at(-1)!, ...best });
    const above = Math.max(...bounds.map((bound, i) => bound - (ceilings[i] ?? NaN)));
    show.claim("largest ELBO - log p(x) of any step", assertLess, { found: above, expected: 1e-4, from: "0; float32" });
    const found = nats.filter((price) => price > 0.01).length;
    const from = `eigenvalues above ${s} among ${variances.map((v) => v.toFixed(2)).join(" ")}`;
    const expected = lambdas.filter((lambda) => lambda > s).length;
    show.claim("active dimensions (KL above 0.01 nats)", assertEquals, { found, expected, from });
    lambdas.forEach((lambda, i) => {
      const from = lambda > s ? `½ log (λ/s), λ = ${lambda.toFixed(2)}` : "λ is below s: collapsed";
      const measured = { found: nats[i] ?? NaN, expected: bestKl(lambda, s), margin: 5e-3, from };
      show.claim(`KL of dimension ${i + 1}, in nats`, assertAlmostEquals, measured);
    });
    const small = { found: c, expected: 0.045, from: "½ c² is no more than the gap, so c is below √(2 · 1e-3)" };
    show.claim("largest c of two latent dimensions", assertLess, small);
    prices.push(...nats);
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
  const scaled = [1, 2, 4].flatMap((s) => lambdas.map((lambda) => lambda / s));
  const ratios = Array.from(range(61), (i) => 10 ** ((i - 33) / 30)); // from 0.08 to 8
  await show.lines("hinge", "What each latent dimension costs: nothing, where its eigenvalue is below the noise", {
    series: [
      { name: "½ log (λ/s), or 0 below λ = s", x: ratios, y: ratios.map((ratio) => bestKl(ratio, 1)) },
      { name: "trained, with s = 1, 2 and 4", x: scaled, y: prices, as: "dots" },
    ],
    x: { label: "λ/s: eigenvalue over variance of the noise", log: true },
    y: { label: "KL, nats", from: 0 },
  });
}

// ## Try it
//
// 1. In 5.5 change the third of `VARIANCES` from 1.6 to 0.9. How many dimensions stay active with s = 1?
// 2. Forget lesson 3's half: draw with the standard deviation exp(log σ²), while the KL still charges for the variance
//    σ². Which log σ² is best for the toy at μ = ⅔, and what does the program then report as its ELBO? Is it a bound?
// 3. A posterior has the standard deviations 0.3 and 0.1. Rotate it by 45°: P₁₁ and P₂₂ become the mean of the two
//    precisions, and the determinant P₁₁ P₂₂ - P₁₂² stays the same. How large are c and the gap of the best q?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  inNumbers(show);
  oneDraw(show, random(options.seed));
  await theGap(show);
  oneDirection(show);
  await linear(show, options);
}

if (import.meta.main) {
  const question = "What does the ELBO bound, and how tightly?";
  await runLesson({ name: "05_elbo", question, text, defaults, usesData: false, lesson });
}
