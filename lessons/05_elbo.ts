/**
 * # 5. What does the ELBO bound, and how tightly?
 *
 * ```math
 * \log p(x) \;\ge\; \mathbb{E}_{z \sim q(z \mid x)}\left[\log p(x \mid z)\right] - \mathrm{KL}(q(z \mid x) \,\|\, p(z))
 * ```
 *
 * - **You need**: lessons 2 (p(x) is an average over codes), 3 (drawing codes differentiably) and 4 (the KL).
 * - **You leave with**: the loss of every VAE, derived twice; a model on which the bound and its gap are known exactly,
 *   trained to the known optimum; and a VAE of digits, where only the bound is known.
 * - **Run** (about 15 seconds): `deno run lessons/05_elbo.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type Autoencoder,
  autoencoder,
  type CommonOptions,
  type Dataset,
  denseVae,
  elbo,
  type ElboPart,
  type Gaussian,
  gaussian,
  kl,
  klToStandardNormal,
  type LayersVae,
  loadImages,
  meanImageLoss,
  negativeElbo,
  type Objective,
  principalComponents,
  random,
  range,
  rows,
  runLesson,
  type Show,
  squaredError,
  standardNormal,
  type Step,
  type Tensor1D,
  type Tensor2D,
  train,
  type Vae,
} from "../mod.ts";
import text from "./05_elbo.ts" with { type: "text" };

export const defaults = { epochs: 4, batch: 128, latent: 20, hidden: 400 };
type Options = typeof defaults & CommonOptions;

// Lesson 2 ended with an average that draws from the prior get wrong: p(x) = E[p(x | z)], when in 20 dimensions one code
// in 10²⁰ explains x. The way out: draw codes from where the good ones are. An encoder proposes a distribution for each
// image, q(z | x) = N(μ, σ²), with a μ and a σ for each dimension of the code. For short, q(z).

// ## 5.1 The bound, by Jensen
//
// Multiply and divide by q, and the average over the prior becomes an average over q:
//
// ```math
// \log p(x) = \log \int q(z) \, \frac{p(x \mid z) \, p(z)}{q(z)} \, dz
// = \log \mathbb{E}_q\left[\frac{p(x \mid z) \, p(z)}{q(z)}\right]
// \ge \mathbb{E}_q\left[\log \frac{p(x \mid z) \, p(z)}{q(z)}\right]
// ```
//
// The last step is Jensen's inequality (4.6): the log of an average is at least the average of the logs. Split the last
// logarithm, and lesson 4's KL appears:
//
// ```math
// \mathrm{ELBO} = \mathbb{E}_q\left[\log p(x \mid z)\right] - \mathrm{KL}(q(z) \,\|\, p(z))
// ```
//
// the **evidence lower bound**. Read it as a loss with its sign turned: *reconstruct well* (lesson 2's -log p(x | z), at a
// code that was drawn) *and stay near the prior*. No impossible average is left: one code from q gives an **unbiased**
// estimate of the bound, one that is right on average, however noisy. The name *variational* means just this: q is varied
// until the bound is as high as it gets.

// ## 5.2 The gap, by Bayes
//
// How much does the bound lose? Given x, the codes that could have made it are distributed as the **posterior**,
// p(z | x) = p(x | z) p(z) / p(x) by Bayes' rule. So p(x | z) p(z) = p(z | x) p(x). Put that into 5.1's last average:
//
// ```math
// \mathrm{ELBO} = \mathbb{E}_q\left[\log \frac{p(z \mid x) \, p(x)}{q(z)}\right] = \log p(x) - \mathrm{KL}(q(z) \,\|\, p(z \mid x))
// ```
//
// The gap is exactly a KL divergence: how far the encoder's guess is from the true posterior. So a larger ELBO means a
// likelier image, or a better guess, or both. (It can also trade one for the other: a model whose posteriors q cannot
// match pays for it.)
//
// Check it where everything is known. One number x, one code z: x = w z + noise of variance s, z from N(0, 1). Variances of
// independent parts add, so p(x) = N(0, w² + s). For the posterior, complete the square in -(x - w z)² / 2s - z² / 2: it is
// Gaussian, N(w x / (w² + s), s / (w² + s)).

/** The exact ELBO of the one-dimensional linear model under q = N(m, e^v): the average over q done with a pencil. */
export function exactElbo(x: number, w: number, s: number, m: number, v: number): number {
  const squares = (x - w * m) ** 2 + w ** 2 * Math.exp(v); // E[(x - w z)²]: the squared mean plus the variance
  const logLikelihood = -0.5 * Math.log(2 * Math.PI * s) - squares / (2 * s);
  const divergence = 0.5 * (m ** 2 + Math.exp(v) - 1 - v);
  return logLikelihood - divergence;
}

/** The exact log p(x) of the same model. */
export function exactEvidence(x: number, w: number, s: number): number {
  return -0.5 * Math.log(2 * Math.PI * (w ** 2 + s)) - x ** 2 / (2 * (w ** 2 + s));
}

async function theGap(show: Show): Promise<void> {
  const [x, w, s] = [1.5, 2, 0.5];
  show.title(`5.2 The gap is a KL: x = ${x}, w = ${w}, noise variance ${s}`);
  const evidence = exactEvidence(x, w, s);
  const posterior = { mu: w * x / (w ** 2 + s), logVar: Math.log(s / (w ** 2 + s)) };
  show.text(`log p(x) = ${evidence.toFixed(4)}; the posterior is N(${posterior.mu.toFixed(3)}, 1/9)`);
  const gaussian = (m: number, v: number): Gaussian => ({ mu: tf.tensor2d([[m]]), logVar: tf.tensor2d([[v]]) });
  for (
    const [name, m, v] of [["the prior", 0, 0], ["a fair guess", 0.5, -2], [
      "the posterior",
      posterior.mu,
      posterior.logVar,
    ]] as const
  ) {
    const bound = exactElbo(x, w, s, m, v);
    const gap = tf.tidy(() => kl(gaussian(m, v), gaussian(posterior.mu, posterior.logVar))); // [1]
    show.claim(`log p(x) - ELBO with q = ${name}`, assertAlmostEquals, {
      found: evidence - bound,
      expected: (await gap.data())[0],
      margin: 1e-5,
      from: "KL(q ‖ posterior) by the library; float32",
    });
    gap.dispose();
  }
}

// ## 5.3 A linear VAE, trained to a known optimum
//
// The same in more dimensions, now with training. Decoder: x = W z + noise of a fixed variance s = 1, as in 5.2. Encoder:
// μ = A x, and one log σ² per latent dimension, the same for all x. That is a linear VAE, and its best is known: it is
// **probabilistic PCA** (Tipping and Bishop 1999). With λ₁ ≥ λ₂ ≥ … the eigenvalues of the data's covariance (lesson 1):
//
// - a latent dimension pays for itself only if its eigenvalue exceeds the noise: λ > s. The others **collapse**: their
//   column of W goes to zero, and q in that dimension to the prior. In this model that is no fault of training, it *is* the
//   optimum (Lucas et al. 2019).
// - the average of log p(x) is then that of a Gaussian with variance λ in the active directions and s in all others.
// - an active dimension costs ½ log(λ / s) nats of KL on average.
// - the gap closes: the posterior is Gaussian, with the same covariance for all x. Turning all codes together changes no p(x),
//   and the ELBO settles where the columns of W are at right angles: then the posterior's dimensions are independent, as
//   q's are, and q can match it.
//
// Why λ > s? Along one principal direction the model's variance is V = w² + s, and the average log-density of the data is
// -½ (log 2πV + λ/V). Its slope along V is zero at V = λ. If λ < s no w reaches that, and w = 0 is best. Else, by 5.2,
// the posterior has variance s/λ, and the mean of μ² = (w x / λ)² is w²/λ = 1 - s/λ. The two add up to 1, so that lesson 4's
// ½ (μ² + σ² - 1 - log σ²) is ½ log(λ / s) on average.

/** The variances of the data that {@linkcode linearData} draws, along directions at right angles. */
export const VARIANCES = [6, 3, 1.6, 0.6, 0.4, 0.2];

/** Centred data with about these variances, in a random orientation, `[N, 6]`. */
export function linearData(count: number, seed: number): Tensor2D {
  return tf.tidy(() => {
    const source = random(seed);
    const axes = tf.linalg.gramSchmidt(source.normal([6, 6]) as Tensor2D) as Tensor2D; // rows of length 1, at right angles
    const along = tf.mul(source.normal([count, 6]), tf.sqrt(VARIANCES)) as Tensor2D; // [N, 6]
    const x = tf.matMul(along, axes);
    return tf.sub(x, x.mean(0)) as Tensor2D;
  });
}

/** A linear VAE with `latent` dimensions over data of `size` dimensions, the noise's variance s fixed at 1. */
export function linearVae(size: number, latent: number, seed: number): Vae & { decoderWeights: Tensor2D } {
  const source = random(seed);
  const weights = (shape: number[]) => tf.tidy(() => tf.variable(source.normal(shape).mul(0.3)));
  const [encoderWeights, decoderWeights] = [weights([size, latent]), weights([latent, size])];
  const logVar = tf.tidy(() => tf.variable(tf.zeros([1, latent])));
  return {
    latent,
    likelihood: gaussian({ variance: 1 }), // log N(x | Wz, s)
    prior: standardNormal(),
    decoderWeights: decoderWeights as Tensor2D,
    encode: (x) =>
      tf.tidy(() => {
        const mu = tf.matMul(x as Tensor2D, encoderWeights as Tensor2D); // [B, L]
        return { mu, logVar: tf.add(tf.zerosLike(mu), logVar) }; // the same for every x
      }),
    decode: (z) => tf.matMul(z as Tensor2D, decoderWeights as Tensor2D), // [B, D]
    mean: (decoded) => decoded.clone(),
    variables: [encoderWeights, decoderWeights, logVar],
    dispose: () => tf.dispose([encoderWeights, decoderWeights, logVar]),
  };
}

// Here even the average over q needs no dice. As in `exactElbo`, E|x - Wz|² is |x - Wμ|² plus, for each latent dimension,
// its σ² times the squared length of its column of W. Half of the second part is what the noise in the code costs.
// (`decoderWeights` is W with rows and columns exchanged: a latent dimension is a row.)

/** The negative ELBO of the linear VAE with the average over q done exactly. */
export function exactObjective(vae: ReturnType<typeof linearVae>): Objective<ElboPart> {
  return {
    variables: vae.variables,
    terms: ({ x }) =>
      tf.tidy(() => {
        const q = vae.encode(x);
        const lengths = vae.decoderWeights.square().sum(1); // [L]
        const noise = tf.exp(q.logVar).mul(lengths).sum(1).mul(0.5); // [B]
        const reconstruction = tf.sub(noise, vae.likelihood.logProb(x, vae.decode(q.mu))) as Tensor1D; // [B]
        const kl = klToStandardNormal(q); // [B]
        return { loss: tf.add(reconstruction, kl) as Tensor1D, parts: { reconstruction, kl } };
      }),
  };
}

// How high is the bound's ceiling on the way there? The model says that x is Gaussian with the covariance C = I + Σ w wᵀ,
// one w for each latent dimension. Adding w wᵀ to C takes u uᵀ / g from its inverse, with u = C⁻¹w and g = 1 + w·u, and
// multiplies its determinant by g (Sherman and Morrison's formula); so start from the identity and add one latent
// dimension after the other.

/** The mean log p(x) of centred data with this covariance, `[D, D]`, under a linear model with weights `[L, D]`, exactly. */
export function linearEvidence(covariance: number[][], weights: number[][]): number {
  const inverse: number[][] = covariance.map((row, i) => row.map((_, j) => i === j ? 1 : 0)); // C⁻¹
  let logDeterminant = 0;
  for (const w of weights) {
    const u = inverse.map((row) => row.reduce((sum, value, j) => sum + value * w[j], 0));
    const g = w.reduce((sum, value, i) => sum + value * u[i], 1);
    inverse.forEach((row, i) => row.forEach((_, j) => row[j] -= u[i] * u[j] / g));
    logDeterminant += Math.log(g);
  }
  const square = inverse.flat().reduce((sum, value, i) => sum + value * covariance.flat()[i], 0); // the mean of xᵀ C⁻¹ x
  return -0.5 * (covariance.length * Math.log(2 * Math.PI) + logDeterminant + square);
}

/** The largest mean log p(x) that any linear model with noise of variance 1 reaches, from the eigenvalues. */
export function bestEvidence(eigenvalues: number[], latent: number): number {
  const cost = eigenvalues.reduce((sum, lambda, i) => {
    const variance = i < latent ? Math.max(lambda, 1) : 1; // what the model says the variance in this direction is
    return sum + Math.log(variance) + lambda / variance;
  }, 0);
  return -0.5 * (eigenvalues.length * Math.log(2 * Math.PI) + cost);
}

/** The KL of each latent dimension in nats, averaged over a batch, the dearest first: `[B, L]` to `[L]`. */
export function klPerDimension({ mu, logVar }: Gaussian): Tensor1D {
  return tf.tidy(() => {
    const each = tf.square(mu).add(tf.expm1(logVar)).sub(logVar).mul(0.5).mean(0) as Tensor1D; // lesson 4, with 4.6's expm1
    return tf.topk(each, each.size).values;
  });
}

async function linear(show: Show, seed: number): Promise<void> {
  show.title("5.3 A linear VAE: 6 numbers, 5 latent dimensions, noise of variance 1");
  const [count, latent] = [1000, 5];
  const x = linearData(count, seed);
  const { mean, components, variances } = await principalComponents(x);
  const vae = linearVae(6, latent, seed);
  const data = rows(await x.data() as Float32Array, [count, 6]);
  const moments = tf.tidy(() => tf.matMul(x, x, true).div(count) as Tensor2D); // [6, 6]
  const covariance = await moments.array();
  // The whole data set is one batch, so an epoch is a step, and nothing in it is random.
  const options = { epochs: 600, batchSize: count, learningRate: 0.03, seed };
  const [bounds, ceilings] = [[] as number[], [] as number[]];
  let ceiling = linearEvidence(covariance, await vae.decoderWeights.array());
  for await (const { loss } of train(exactObjective(vae), data, options)) {
    bounds.push(-loss!); // as it was before the step
    ceilings.push(ceiling);
    ceiling = linearEvidence(covariance, await vae.decoderWeights.array());
  }
  const costs = tf.tidy(() => klPerDimension(vae.encode(x))); // [L]
  const dearest = await costs.data();
  show.claim("mean ELBO after training", assertAlmostEquals, {
    found: bounds.at(-1)!,
    expected: bestEvidence(variances, latent),
    margin: 1e-3,
    from: "the best mean log p(x), by PCA: the gap closes",
  });
  show.claim("the most by which the ELBO was above log p(x) at any step", assertLess, {
    found: bounds.reduce((most, bound, i) => Math.max(most, bound - ceilings[i]), -Infinity),
    expected: 1e-4,
    from: "never above; float32",
  });
  await closing(show, bounds, ceilings, bestEvidence(variances, latent));
  show.claim("active dimensions (KL above 0.01 nats)", assertEquals, {
    found: dearest.filter((nats) => nats > 0.01).length,
    expected: variances.filter((lambda) => lambda > 1).length,
    from: `eigenvalues above 1 among ${variances.map((v) => v.toFixed(2)).join(" ")}`,
  });
  for (let i = 0; i < latent; i++) {
    show.claim(`KL of dimension ${i + 1}, in nats`, assertAlmostEquals, {
      found: dearest[i],
      expected: 0.5 * Math.log(Math.max(variances[i], 1)),
      margin: 5e-3,
      from: variances[i] > 1 ? `½ log ${variances[i].toFixed(2)}` : `${variances[i].toFixed(2)} is below 1: collapsed`,
    });
  }
  await hinge(show, variances.slice(0, latent), dearest);
  tf.dispose([x, mean, components, moments, costs]);
  vae.dispose();
}

// Two pictures of that. In the first the ELBO catches up with log p(x), as the encoder's guess gets better; then both rise
// to the best there is, as the model does. In the second the price of a latent dimension has a hinge at the variance of the
// noise: to its left a direction of the data is not worth a code.

async function closing(show: Show, bounds: number[], ceilings: number[], best: number): Promise<void> {
  const steps = Array.from(bounds, (_, i) => i + 1);
  await show.lines("gap", "The bound closes on log p(x), and both on the best that a linear model can do", {
    series: [
      { name: "log p(x)", x: steps, y: ceilings },
      { name: "ELBO", x: steps, y: bounds },
      { name: "the best, by PCA", x: [1, steps.length], y: [best, best] },
    ],
    x: { label: "steps", log: true },
    y: { label: "nats, mean over the data" },
  });
}

async function hinge(show: Show, variances: number[], nats: ArrayLike<number>): Promise<void> {
  const lambdas = Array.from(range(61), (i) => 10 ** ((i - 30) / 30)); // from 0.1 to 10
  await show.lines("hinge", "What each latent dimension costs: nothing, where its eigenvalue is below the noise", {
    series: [
      {
        name: "½ log λ, or 0 below λ = 1",
        x: lambdas,
        y: lambdas.map((lambda) => 0.5 * Math.log(Math.max(lambda, 1))),
      },
      { name: "trained", x: variances, y: nats, as: "dots" },
    ],
    x: { label: "eigenvalue λ, with noise of variance 1", log: true },
    y: { label: "KL, nats", from: 0 },
  });
}

// ## 5.4 One sample is enough
//
// For a network the average over q has no formula. `elbo` draws one code for each image. Is that unbiased? On a fresh
// linear VAE the exact answer is at hand: draw often, and compare.

async function oneSample(show: Show, seed: number): Promise<void> {
  show.title("5.4 The ELBO from samples");
  const [draws, latent] = [20_000, 5];
  const vae = linearVae(6, latent, seed);
  const [exact, mean, error] = tf.tidy(() => {
    const x = linearData(10, seed).slice(0, 1); // [1, 6]
    const sampled = elbo(vae, x.tile([draws, 1]), random(seed).normal([draws, latent])).elbo; // [20000]
    const { mean, variance } = tf.moments(sampled);
    const exact = tf.neg(exactObjective(vae).terms({ x }, random(seed), {}).loss).asScalar(); // (it makes no use of the noise)
    return [exact, mean, variance.div(draws).sqrt()];
  });
  show.claim(`the mean of ${draws} one-sample ELBOs of one x`, assertAlmostEquals, {
    found: (await mean.data())[0],
    expected: (await exact.data())[0],
    margin: 4 * (await error.data())[0],
    from: "the exact ELBO; 4 standard errors",
  });
  tf.dispose([exact, mean, error]);
  vae.dispose();
}

// ## 5.5 A VAE of digits
//
// Now the encoder and the decoder are networks with one hidden layer: 784 pixels, a hidden layer of 400, a code of 20, and
// back. The likelihood is lesson 2's Bernoulli (for grey images a loss and no likelihood, as said there).
// `train(negativeElbo(vae), …)` makes -ELBO small, in nats per image. The loss to beat is that of not looking: say "the
// mean training image" whatever comes, and spend nothing on a KL. And on MNIST (70,000 scanned digits, 10,000 of them held
// out, on which such models are usually compared: `--data mnist`) the result is known in advance, since this model has
// often been published; these are the figures to compare with:

/** Held-out losses after epochs 1 to 10, as published for this model on grey MNIST (pytorch/examples, z sampled). */
export const PUBLISHED = [127.3, 115.79, 112.22, 109.64, 108.54, 107.7, 107.07, 106.66, 106.04, 105.56];

async function digitsVae(show: Show, digits: Dataset, options: Options): Promise<LayersVae> {
  const { epochs, batch, latent, hidden, seed } = options;
  show.title(`5.5 A VAE of digits: 784-${hidden}-${latent}, ${digits.train.count} images`);
  const vae = denseVae({ latent, hidden, seed });
  const steps: Step<ElboPart>[] = [];
  for await (
    const step of train(negativeElbo(vae), digits.train, { epochs, batchSize: batch, seed, heldOut: digits.test })
  ) {
    show.progress(step);
    steps.push(step);
  }
  const { history } = steps.at(-1)!;
  show.figure("train", history.train);
  show.figure("test", history.test);
  const end = history.test.at(-1)!;
  if (epochs > 1) {
    show.claim("training loss of the last epoch", assertLess, {
      found: history.train.at(-1)!.loss,
      expected: history.train[0].loss,
      from: "the first epoch's",
    });
  }
  show.claim("held-out loss", assertLess, {
    found: end.loss,
    expected: meanImageLoss(digits),
    from: "the mean training image's: no looking",
  });
  show.claim("reconstruction + KL", assertAlmostEquals, {
    found: end.reconstruction + end.kl,
    expected: end.loss,
    margin: 1e-3,
    from: "the loss; float32",
  });
  const usual = batch === defaults.batch && latent === defaults.latent && hidden === defaults.hidden;
  if (digits.name === "mnist" && usual) {
    for (const [epoch, margin] of [[1, 2], [10, 1]].filter(([epoch]) => epoch <= epochs)) {
      show.claim(`held-out loss after epoch ${epoch}, on MNIST`, assertAlmostEquals, {
        found: history.test[epoch - 1].loss,
        expected: PUBLISHED[epoch - 1],
        margin,
        from: "published; runs differ by their seeds",
      });
    }
  }
  await show.losses("loss", steps);
  await tradeOff(show, steps, meanImageLoss(digits));
  await pricePerDimension(show, digits, vae);
  return vae;
}

// Look at the KL as training goes on: after a first swing it *rises*. Not looking costs no KL at all; but a nat spent on
// the code may buy many nats of reconstruction. The plane of the two (the KL is then called **rate**, the reconstruction
// **distortion**) shows that trade: below the line a code has saved more than it costs. Last, where the nats went: which
// dimensions of the code say how much.

async function tradeOff(show: Show, steps: Step<ElboPart>[], notLooking: number): Promise<void> {
  const { test } = steps.at(-1)!.history;
  const [rates, distortions] = [test.map(({ kl }) => kl), test.map(({ reconstruction }) => reconstruction)];
  const most = Math.max(...rates);
  await show.lines("trade_off", "Each epoch pays more for the code, and saves far more on the pixels", {
    series: [
      { name: "as good as not looking", x: [0, most], y: [notLooking, notLooking - most] },
      { name: "held-out, after each epoch", x: rates, y: distortions, as: "dots" },
    ],
    x: { label: "KL, nats an image", from: 0 },
    y: { label: "reconstruction, nats an image" },
  });
}

async function pricePerDimension(show: Show, digits: Dataset, vae: LayersVae): Promise<void> {
  const nats = tf.tidy(() => klPerDimension(vae.encode(digits.test.batch(range(digits.test.count)).x))); // [L]
  await show.bars("dimensions", "What each dimension of the code costs on held-out images, the dearest first", {
    labels: Array.from(range(vae.latent), (i) => `${i + 1}`),
    values: await nats.data(),
    x: { label: "latent dimension, sorted" },
    y: { label: "KL, nats an image" },
  });
  nats.dispose();
}

// ## 5.6 It can dream
//
// Lesson 1 had to guess where codes lie. Here each image's q is narrow, but the loss has pulled them together, so that all
// of them *taken together* roughly fill the prior, and the prior is where to draw fresh codes from. Roughly: in 5.3 σ² and
// the mean of μ² add up to exactly 1 in an active dimension, as N(0, 1) would have it; here they come near that only with
// time, and holes between the codes remain.
//
// Beside it, lesson 1's autoencoder with a code of the same length, after one epoch on the same images. It reconstructs
// too, but of the *same* random codes it makes mud: its own lie elsewhere. (A Gaussian fitted to its codes, as in 1.4, does
// better; but then somebody must first go and look where they are. A VAE's loss has called its codes to the prior.)

/** A plain autoencoder after one epoch. */
async function plainAutoencoder(digits: Dataset, latent: number, seed: number): Promise<Autoencoder> {
  const model = autoencoder({ latent, seed });
  for await (const _ of train(squaredError(model), digits.train, { learningRate: 3e-3, seed }));
  return model;
}

async function dreams(show: Show, digits: Dataset, vae: LayersVae, seed: number): Promise<void> {
  show.title("5.6 It can dream");
  const plain = await plainAutoencoder(digits, vae.latent, seed);
  const columns = Math.min(8, digits.test.count);
  const shown = tf.tidy(() => {
    const x = digits.test.batch(range(columns)).x; // [8, 28, 28, 1]
    const z = random(seed).normal([columns, vae.latent]); // [8, L], the same for both
    const byVae = [vae.mean(vae.decode(vae.encode(x).mu)), vae.mean(vae.decode(z))];
    return tf.concat([x, plain.decode(plain.encode(x)), ...byVae, plain.decode(z)]); // [40, 28, 28, 1]
  });
  await show.images(
    "dreams",
    "Both reconstruct; of codes drawn from N(0, I) only the VAE makes something like digits",
    shown,
    {
      columns,
      rows: ["held-out", "plain", "VAE", "VAE, random codes", "plain, the same codes"],
    },
  );
  const squares = tf.tidy(() => {
    const x = digits.test.batch(range(digits.test.count)).x;
    const { mu, logVar } = vae.encode(x); // [N, L]
    const together = tf.square(mu).add(tf.exp(logVar)).mean();
    return tf.stack([tf.exp(logVar).mean(), together, plain.encode(x).square().mean()]); // [3]
  });
  const [each, together, elsewhere] = await squares.data();
  show.claim("variance of a single q, on average", assertLess, {
    found: each,
    expected: together / 2,
    from: "half the mean of μ² + σ², all of them together",
  });
  show.claim("mean square of a number in the plain autoencoder's codes", assertGreater, {
    found: elsewhere,
    expected: 2 * together,
    from: "twice the mean of μ² + σ²; the prior's is 1",
  });
  tf.dispose([shown, squares]);
  plain.dispose();
}

// ## Try it
//
// 1. In 5.3 change the third of `VARIANCES` from 1.6 to 0.9. How many dimensions stay active?
// 2. `--latent 2`. Does the held-out loss rise or fall? What happens to its KL part?
// 3. With MNIST's four files in a directory: `deno run --allow-read=DIRECTORY lessons/05_elbo.ts --data DIRECTORY --epochs 10`.
//    Compare with `PUBLISHED` (a few minutes).
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  await theGap(show);
  await linear(show, options.seed);
  await oneSample(show, options.seed);
  const digits = await loadImages(options.data, show.fetch);
  const vae = await digitsVae(show, digits, options);
  await dreams(show, digits, vae, options.seed);
  vae.dispose();
}

if (import.meta.main) {
  await runLesson({ name: "05_elbo", question: "What does the ELBO bound, and how tightly?", text, defaults, lesson });
}
