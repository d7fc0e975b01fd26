/**
 * # 2. What does a reconstruction loss claim?
 *
 * ```math
 * \text{loss}(x, \hat x) = -\log p(x \mid z), \qquad p(x) = \int p(x \mid z) \, p(z) \, dz
 * ```
 *
 * - **You need**: lesson 1; logarithms; what a probability density is.
 * - **You leave with**: squared error and cross-entropy as the same thing, minus the log of a probability (or of a density);
 *   why sums and not means; the model behind every VAE, and why it cannot be trained head-on.
 * - **Run** (about a second): `deno run lessons/02_likelihood.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type CommonOptions,
  type Dataset,
  InputError,
  loadImages,
  logBernoulli,
  logGaussian,
  type Random,
  random,
  range,
  runLesson,
  type Series,
  type Show,
  type Tensor,
  type Tensor1D,
} from "../mod.ts";
import text from "./02_likelihood.ts" with { type: "text" };

export const defaults = { samples: 10_000 };
type Options = typeof defaults & CommonOptions;

// Lesson 1 measured a reconstruction by its squared error. Why squared? Why not the absolute value, or the fourth power?
// Because behind every loss stands a claim about the world. Here is the world in which squared error is right: the decoder
// says what the image is, and every pixel is then disturbed by Gaussian noise. (The absolute value belongs to noise with a
// density like e^-|r|, the fourth power to one like e^-r⁴: you choose the noise, and the loss follows.)

// ## 2.1 Squared error is a Gaussian's
//
// Say each pixel is drawn from N(x̂, σ²), the Gaussian with mean x̂ and variance σ², where x̂ = g(z) is what the decoder
// says. Write p(x | z) for the density of the whole image x given the code. Given the code, each pixel's noise is
// independent of the others', so densities multiply and their logarithms add. For D pixels:
//
// ```math
// -\log p(x \mid z) = \frac{|x - \hat x|^2}{2\sigma^2} + \frac{D}{2} \log(2\pi\sigma^2)
// ```
//
// A small -log p is a good reconstruction; p is called the **likelihood** (of z: x is what we have seen), and the unit of
// its logarithm is the **nat**. With σ² = ½ the first term is exactly the squared error, and the second is a constant,
// (D/2) log π, that training never sees. So plain squared error claims that every pixel is off by about √½, or ±0.7: very
// modest, for a pixel between 0 and 1. Alone it does no harm, as any fixed σ² has the same best decoder. But in lesson 5 a
// second term stands beside this one, and then σ² decides how much the picture counts.

/** -log p(x | z) of an image under N(x̂, σ²) a pixel, in nats. */
export function gaussianLoss(x: number[], reconstruction: number[], variance: number): number {
  const squared = x.reduce((sum, pixel, i) => sum + (pixel - reconstruction[i]) ** 2, 0);
  return squared / (2 * variance) + (x.length / 2) * Math.log(2 * Math.PI * variance);
}

async function first(t: Tensor): Promise<number> {
  const [value] = await t.data();
  t.dispose();
  return value;
}

async function squaredErrorIsGaussian(show: Show): Promise<void> {
  show.title("2.1 Squared error is a Gaussian's");
  const [x, reconstruction] = [[0, 0.5, 1], [0.1, 0.3, 0.6]]; // squared error 0.01 + 0.04 + 0.16 = 0.21
  show.claim("with σ² = ½, three pixels", assertAlmostEquals, {
    found: gaussianLoss(x, reconstruction, 0.5),
    expected: 0.21 + 1.5 * Math.log(Math.PI),
    margin: 1e-12,
    from: "squared error + (3/2) log π",
  });
  const found = tf.tidy(() => {
    const p = { mu: tf.tensor2d([reconstruction]), logVar: tf.scalar(Math.log(0.1)) };
    return logGaussian(tf.tensor2d([x]), p); // [1]
  });
  show.claim("logGaussian with σ² = 0.1", assertAlmostEquals, {
    found: await first(found),
    expected: -gaussianLoss(x, reconstruction, 0.1),
    margin: 1e-6,
    from: "minus the loss by hand; float32",
  });
}

// ## 2.2 The best σ² is the mean squared error
//
// Which σ² makes given errors most likely? Write S for the squared error of the image, and set the derivative of 2.1's loss
// along σ² to zero:
//
// ```math
// -\frac{S}{2\sigma^4} + \frac{D}{2\sigma^2} = 0 \quad\Longrightarrow\quad \sigma^2 = \frac{S}{D}
// ```
//
// the squared error per pixel. Take the dullest model, which says "the mean image" whatever comes, and look at what the
// claim σ² = ½ costs it on digits. (The library takes log σ², written `logVar`, so the slope below is along that; it is
// summed over images with one log σ² each, because float32 numbers, with their 7 digits, add up badly in millions.) The
// picture has 2.1's formula as a curve, and the library's loss at four σ² as points.

async function bestVariance(show: Show, digits: Dataset): Promise<void> {
  show.title("2.2 The best σ² is the mean squared error");
  const images = tf.tidy(() => digits.train.batch(range(Math.min(2000, digits.train.count))).x); // [N, 28, 28, 1]
  const meanImage = images.mean(0, true); // [1, 28, 28, 1]
  const size = images.size / images.shape[0]; // D
  const mse = await first(tf.tidy(() => tf.squaredDifference(images, meanImage).sum([1, 2, 3]).mean())) / size;
  if (mse < 1e-12) { // float32 leaves that much of 0
    tf.dispose([images, meanImage]);
    throw new InputError(`All training images of ${digits.name} are alike, where two that differ are wanted.`);
  }
  const loss = (logVar: Tensor) => tf.neg(logGaussian(images, { mu: meanImage, logVar })).mean() as tf.Scalar;
  const everywhere = (variance: number) => tf.fill([images.shape[0], 1, 1, 1], Math.log(variance)); // [N, 1, 1, 1]
  const nats = (variance: number) => first(tf.tidy(() => loss(everywhere(variance))));
  const [best, half] = [await nats(mse), await nats(0.5)];
  show.text(`the mean image against ${images.shape[0]} digits: mean squared error ${mse.toFixed(4)} a pixel`);
  show.text(`loss at σ² = ½: ${half.toFixed(1)} nats an image; at the best σ²: ${best.toFixed(1)}`);
  show.claim("slope along log σ² at σ² = mse", assertAlmostEquals, {
    found: await first(tf.tidy(() => tf.grad(loss)(everywhere(mse)).sum())),
    expected: 0,
    margin: 1e-4 * size,
    from: `a minimum; float32 over ${size} pixels`,
  });
  // In 2.1's formula a σ² of c times the best costs (D/2) (log c + 1/c - 1) nats more.
  const beside = [await nats(2 * mse), await nats(0.5 * mse)];
  for (const [i, factor] of [2, 0.5].entries()) {
    show.claim(`loss at ${factor} times that σ², above the best`, assertAlmostEquals, {
      found: beside[i] - best,
      expected: (size / 2) * (Math.log(factor) + 1 / factor - 1),
      margin: 0.01,
      from: "(D/2) (log c + 1/c - 1); float32",
    });
  }
  tf.dispose([images, meanImage]);
  const variances = Array.from(range(61), (i) => 0.02 * 50 ** (i / 60)); // from 0.02 to 1
  const formula = (variance: number) => (size / 2) * (mse / variance + Math.log(2 * Math.PI * variance));
  await show.lines("variance", "What a claim about σ² costs: least at the mean squared error", {
    series: [
      { name: "the formula of 2.1", x: variances, y: variances.map(formula) },
      { name: "the library", x: [mse, 2 * mse, mse / 2, 0.5], y: [best, ...beside, half], as: "dots" },
    ],
    x: { label: "σ² claimed", log: true },
    y: { label: "-log p(x | z), nats an image" },
  });
}

// (Such a loss can be *negative*: a density is no probability; where it is narrow it exceeds 1, and its logarithm 0. Here
// that happens, with the best σ², once the squared error per pixel is below 1 / (2πe) = 0.0585.)

// ## 2.3 Cross-entropy is a coin's
//
// Another world: every pixel is black or white, and the decoder gives the probability ρ of white. A **Bernoulli** pixel has
// p(x | z) = ρ if x = 1 and 1 - ρ if x = 0. In one formula, with a minus and a logarithm:
//
// ```math
// -\log p(x \mid z) = -x \log \rho - (1 - x) \log(1 - \rho)
// ```
//
// This is the **cross-entropy**. A network puts out any real number l, the **logit**, and lesson 1's squeeze into (0, 1),
// ρ = 1 / (1 + e^-l), is called the **sigmoid**. Written with the logit the formula is log(1 + e^l) - x l, and computed as
// max(l, 0) + log(1 + e^-|l|) - x l, since e^l itself overflows float32 from l = 89 on. By way of the probability it breaks
// down sooner: from about l = 17 on float32 rounds ρ to exactly 1, and log(1 - 1) is minus infinity. Two pixels show it:

async function crossEntropyIsBernoulli(show: Show): Promise<void> {
  show.title("2.3 Cross-entropy is a coin's");
  const logitOf = (probability: number) => Math.log(probability / (1 - probability));
  const byHand = -Math.log(0.8) - Math.log(1 - 0.3); // a white pixel given ρ = 0.8, a black one given ρ = 0.3
  const found = tf.tidy(() => logBernoulli(tf.tensor2d([[1, 0]]), tf.tensor2d([[logitOf(0.8), logitOf(0.3)]])));
  show.claim("two pixels by logBernoulli", assertAlmostEquals, {
    found: -await first(found),
    expected: byHand,
    margin: 1e-6,
    from: "-log 0.8 - log 0.7; float32",
  });
  const roundabout = await first(tf.tidy(() => tf.log(tf.sub(1, tf.sigmoid(tf.scalar(200))))));
  show.claim("log(1 - sigmoid(200))", assertEquals, {
    found: String(roundabout),
    expected: "-Infinity",
    from: "log 0: float32 rounds the sigmoid to 1",
  });
  for (const [x, logit] of [[0, 200], [1, -200]]) {
    const loss = await first(tf.tidy(() => tf.neg(logBernoulli(tf.tensor2d([[x]]), tf.tensor2d([[logit]])))));
    const nats = { found: loss, expected: 200, margin: 1e-4, from: "log(1 + e^200) = 200; float32" };
    show.claim(`pixel ${x} at logit ${logit}`, assertAlmostEquals, nats);
  }
  const total = {
    found: greyTotal(0.9),
    expected: 0.8 / Math.log(9),
    margin: 1e-6,
    from: "0.8 / log 9; 10,000 strips",
  };
  show.claim("grey values under ρ = 0.9 add up to", assertAlmostEquals, total);
  await whatAPixelCosts(show);
}

// Side by side, for a white pixel: the Gaussian with σ² = ½ hardly minds what the decoder said, one with σ² = 0.1 minds, and
// the coin charges without limit for "surely black".

async function whatAPixelCosts(show: Show): Promise<void> {
  const said = Array.from(range(99), (i) => (i + 1) / 100); // what the decoder says
  const gaussian = (variance: number) => said.map((mean) => gaussianLoss([1], [mean], variance));
  await show.lines("pixel", "What a white pixel (x = 1) costs", {
    series: [
      { name: "cross-entropy", x: said, y: said.map((rho) => -Math.log(rho)) },
      { name: "Gaussian, σ² = ½", x: said, y: gaussian(0.5) },
      { name: "Gaussian, σ² = 0.1", x: said, y: gaussian(0.1) },
    ],
    x: { label: "what the decoder says: the mean, or ρ", from: 0, to: 1 },
    y: { label: "-log p(x | z), nats" },
  });
}

// Our digits are grey, 0 ≤ x ≤ 1, and the course feeds them to the cross-entropy all the same, as everybody does. Say it
// once: then it is a loss, no longer the likelihood of anything. A density must integrate to 1 over all x; the integral of
// ρ^x (1 - ρ)^(1-x) from 0 to 1 is (2ρ - 1) / log(ρ / (1 - ρ)), which is 0.364 for ρ = 0.9 (Loaiza-Ganem and Cunningham
// 2019). So nats of grey images compare with nats of grey images only.

/** What e^-cross-entropy integrates to over grey values x from 0 to 1, by the midpoint rule. */
export function greyTotal(probability: number): number {
  const strips = 10_000;
  let total = 0;
  for (let i = 0; i < strips; i++) {
    const x = (i + 0.5) / strips;
    total += probability ** x * (1 - probability) ** (1 - x) / strips;
  }
  return total;
}

// ## 2.4 Sums, not means
//
// Log-probabilities of independent pixels **add up**. Many programs take the mean over pixels instead. Alone, it only
// scales the loss. Beside another term it changes what is trained: from lesson 5 on there will be a second term, of some 3
// to 25 nats, and a mean would shrink the image's share of the loss 784-fold. This library sums over everything that
// belongs to one example, and averages over examples only, in one place.

async function sumsNotMeans(show: Show, digits: Dataset): Promise<void> {
  show.title("2.4 Sums, not means");
  const size = digits.test.height * digits.test.width;
  const nothing = tf.tidy(() => {
    const x = digits.test.batch([0, 1, 2]).x; // [3, 28, 28, 1]
    return tf.neg(logBernoulli(x, tf.zerosLike(x))) as Tensor1D; // [3]
  });
  show.claim("the shape of the loss of 3 images", assertEquals, {
    found: `[${nothing.shape}]`,
    expected: "[3]",
    from: "one number per image",
  });
  show.claim("a decoder that knows nothing (ρ = ½)", assertAlmostEquals, {
    found: await first(nothing),
    expected: size * Math.LN2,
    margin: 1e-3,
    from: `${size} pixels of log 2 each; float32`,
  });
}

// ## 2.5 The model: images with a hidden cause
//
// Put the two halves together. Somebody draws a code z from a fixed, simple distribution, the **prior** p(z): by custom
// N(0, I), independent standard normals. The decoder turns z into p(x | z), and the image is drawn from that. Nobody tells us
// z; it is **latent**. All that the model says about x alone is the average over codes, the **evidence**:
//
// ```math
// p(x) = \int p(x \mid z) \, p(z) \, dz = \mathbb{E}_{z \sim p(z)} \left[ p(x \mid z) \right]
// ```
//
// This is what we want to make large for real images. A model that finds real digits likely tends to draw things like them,
// and its codes come from a distribution that we know, which is what lesson 1's autoencoder lacked.
//
// ## 2.6 Why not simply average?
//
// An expectation is an average over draws: take K codes from the prior, average p(x | z). Try it where the answer is
// known. Let x = z + noise of deviation 0.1, in L dimensions. The sum of two independent Gaussians is Gaussian with added
// variances, so p(x) is N(0, 1.01) in each dimension.

/** The deviation of the toy's noise. */
const NOISE = 0.1;

/** log p(x) of the toy, exactly: N(0, 1 + NOISE²) in each dimension. */
export function toyEvidence(x: number[]): number {
  const variance = 1 + NOISE ** 2;
  return x.reduce((sum, v) => sum - 0.5 * (Math.log(2 * Math.PI * variance) + v ** 2 / variance), 0);
}

/** log p(x | z) of the toy for codes drawn from the prior. */
export async function drawnLogs(x: number[], samples: number, source: Random): Promise<number[]> {
  const logs = tf.tidy(() => {
    const z = source.normal([samples, x.length]); // [K, L]
    return logGaussian(tf.tile(tf.tensor2d([x]), [samples, 1]), { mu: z, logVar: tf.scalar(2 * Math.log(NOISE)) }); // [K]
  });
  const values = Array.from(await logs.data());
  logs.dispose();
  return values;
}

/** The log of the average of numbers that are given by their logs, with the standard error of that log. */
export function logOfAverage(logs: number[]): { log: number; error: number } {
  const top = logs.reduce((a, b) => Math.max(a, b)); // taken out first, or every e^log would underflow to 0
  const ratios = logs.map((log) => Math.exp(log - top));
  const mean = ratios.reduce((a, b) => a + b) / logs.length;
  const variance = ratios.reduce((sum, r) => sum + (r - mean) ** 2, 0) / logs.length;
  return { log: top + Math.log(mean), error: Math.sqrt(variance / logs.length) / mean }; // a small error of the log is a relative one
}

async function naiveSampling(show: Show, { samples, seed }: Options): Promise<void> {
  show.title(`2.6 Averaging p(x | z) over ${samples} codes from the prior`);
  const source = random(seed);
  const [causes, codes] = [source.split(), source.split()]; // two sources, so that x is the same for any --samples
  const draws = [10, 30, 100, 300, 1000, 3000, 10_000, 100_000, 1e6].filter((n) => n < samples).concat(samples);
  const series: Series[] = [];
  for (const latent of [1, 2, 5, 10, 20]) {
    const x = Array.from({ length: latent }, () => Math.hypot(1, NOISE) * causes.gaussian());
    const truth = toyEvidence(x);
    const logs = await drawnLogs(x, samples, codes);
    const { log, error } = logOfAverage(logs);
    const off = draws.map((n) => logOfAverage(logs.slice(0, n)).log - truth);
    const name = `${latent} dimension${latent > 1 ? "s" : ""}`;
    series.push({ name, x: draws, y: off });
    show.text(`${name}: log p(x) = ${truth.toFixed(2)}, estimate ${log.toFixed(2)}`);
    if (latent === 1) {
      const measured = {
        found: log,
        expected: truth,
        margin: 4 * error,
        from: "the known integral; 4 standard errors",
      };
      show.claim("in 1 dimension the average works", assertAlmostEquals, measured);
    }
    if (latent === 20) {
      show.claim("in 20 dimensions it is off by, in nats", assertLess, {
        found: log - truth,
        expected: -10,
        from: "not one draw comes near the right code",
      });
    }
  }
  await show.lines("naive", "The more dimensions, the further the estimate stays below the truth, at 0", {
    series,
    x: { label: "draws from the prior", log: true },
    y: { label: "estimate of log p(x) minus the truth, nats" },
  });
}

// The codes that explain x have a deviation of about 0.1, a tenth of the prior's: in one dimension about one draw in ten
// hits them, in 20 dimensions one in 10²⁰. The average misses them all, and finds x far too unlikely; in the picture more
// draws bring its curve up to the truth in a few dimensions, and nowhere near it in many. What we need is a guess,
// given x, of where the right codes are: an encoder. A single code would not do, since it is an *average over codes* that we
// are after; the guess has to be a distribution to draw from. So the next question is how to train something that throws
// dice: lesson 3.
//
// ## Try it
//
// 1. `--samples 1000000`. By how many nats does the estimate in 20 dimensions improve? In 5?
// 2. In 2.2, how many nats an image does the claim σ² = ½ cost? Which part of that could a better decoder win back?
// 3. Repeat 2.6 with noise of deviation `NOISE` = 1 instead of 0.1. Why is it suddenly easy?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const digits = await loadImages(options.data, show.fetch, { test: 3 }); // 2.4 looks at three
  await squaredErrorIsGaussian(show);
  await bestVariance(show, digits);
  await crossEntropyIsBernoulli(show);
  await sumsNotMeans(show, digits);
  await naiveSampling(show, options);
}

if (import.meta.main) {
  await runLesson({
    name: "02_likelihood",
    question: "What does a reconstruction loss claim?",
    text,
    defaults,
    lesson,
  });
}
