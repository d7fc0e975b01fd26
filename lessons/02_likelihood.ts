/**
 * # 2. What does a reconstruction loss claim?
 *
 * ```math
 * \text{loss}(x, \hat x) = -\log p(x \mid z), \qquad p(x) = \int p(x \mid z) \, p(z) \, dz
 * ```
 *
 * - **You need**: lesson 1; logarithms; what a probability density is.
 * - **You leave with**: squared error and cross-entropy as the same thing, minus the log of a probability or of a density;
 *   why sums and not means; the model behind every VAE, and why it cannot be trained head-on.
 * - **Run** (about a second): `deno run lessons/02_likelihood.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, type Dataset, InputError, loadImages, logBernoulli, logGaussian } from "../mod.ts";
import { type Random, random, range, runLesson, type Series, type Show, type Tensor } from "../mod.ts";
import text from "./02_likelihood.ts" with { type: "text" };

export const defaults = { samples: 10_000 };
type Options = typeof defaults & CommonOptions;

// Lesson 1 measured a reconstruction by its squared error. Why squared? Why not the absolute value, or the fourth power?
// Because behind every loss stands a claim about the world: that the decoder says what the image is, and that every pixel is
// then disturbed by noise. You choose the noise, and the loss follows. Squared error belongs to Gaussian noise, the
// absolute value to noise with a density like e^-|r|, the fourth power to one like e^-r⁴.

// ## 2.1 Squared error is a Gaussian's
//
// Take three pixels, x = (0, 0.5, 1), which the decoder reconstructs as x̂ = (0.1, 0.3, 0.6): the squared error is 0.01 +
// 0.04 + 0.16 = 0.21. Now say that each pixel was drawn from N(x̂, σ²), the Gaussian with mean x̂ and variance σ², where
// x̂ = g(z). Given the code, the noise of each pixel is independent of the others', so densities multiply and their
// logarithms add. Write p(x | z) for the density of a whole image of D pixels, given its code:
//
// ```math
// -\log p(x \mid z) = \frac{|x - \hat x|^2}{2\sigma^2} + \frac{D}{2} \log(2\pi\sigma^2)
// ```

/** -log p(x | z) of an image under N(x̂, σ²) a pixel, in nats. */
export function gaussianLoss(x: number[], reconstruction: number[], variance: number): number {
  const squared = x.reduce((sum, pixel, i) => sum + (pixel - reconstruction[i]!) ** 2, 0);
  return squared / (2 * variance) + (x.length / 2) * Math.log(2 * Math.PI * variance); // ✎ 2.1a
}

// Seen as a function of z, for the x that was observed, p(x | z) is called the **likelihood** of z. Its logarithm is
// measured in **nats**, and a small -log p is a good reconstruction.
//
// *Predict, then run*: for which σ² is the first term exactly the squared error? For σ² = ½; the second is then a constant,
// (D/2) log π, which training never sees. So plain squared error claims that every pixel is off by about √½, or ±0.7: very
// modest, for a pixel between 0 and 1. Alone that does no harm, as every fixed σ² has the same best decoder. In lesson 5 a
// second term will stand beside this one, and then σ² decides how much the picture counts.

// ### Check
async function squaredErrorIsGaussian(show: Show): Promise<void> {
  show.title("2.1 Squared error is a Gaussian's");
  const [x, reconstruction] = [[0, 0.5, 1], [0.1, 0.3, 0.6]];
  const half = { found: gaussianLoss(x, reconstruction, 0.5), expected: 0.21 + 1.5 * Math.log(Math.PI) };
  const from = "squared error + (3/2) log π";
  show.claim("with σ² = ½, three pixels", assertAlmostEquals, { ...half, margin: 1e-12, from });
  const p = (logVar: number) => ({ mu: tf.tensor2d([reconstruction]), logVar: tf.scalar(logVar) });
  const found = await first(() => logGaussian(tf.tensor2d([x]), p(Math.log(0.1))));
  const byHand = { expected: -gaussianLoss(x, reconstruction, 0.1), margin: 1e-6, from: "minus the loss; float32" };
  show.claim("logGaussian with σ² = 0.1", assertAlmostEquals, { found, ...byHand });
}

/** The first number of a tensor that is computed by `of`, everything else being freed. */
async function first(of: () => Tensor): Promise<number> {
  const t = tf.tidy(of);
  const [value = NaN] = await t.data();
  t.dispose();
  return value;
}

// ## 2.2 The best σ² is the mean squared error
//
// Take the dullest model, which says "the mean image" whatever comes. The picture has its loss on digits for every σ²: to
// claim too much noise is costly, to claim too little is worse. Where is the valley? Write S for the squared error of an
// image. The slope of 2.1's loss along σ² is -S / 2σ⁴ + D / 2σ², and it is zero at σ² = S / D, the squared error per pixel. A σ²
// of c times that costs (D/2) (log c + 1/c - 1) nats more.
//
// *Predict, then run*: which costs more: twice the best σ², or half of it? (Such a loss can be *negative*: where a density is
// narrow it exceeds 1. Here that happens, with the best σ², once the squared error per pixel is below 1 / (2πe) = 0.0585.)

// ### Check
async function bestVariance(show: Show, digits: Dataset): Promise<void> {
  show.title("2.2 The best σ² is the mean squared error");
  const images = tf.tidy(() => digits.train.batch(range(Math.min(2000, digits.train.count))).x); // [N, 28, 28, 1]
  const meanImage = images.mean(0, true); // [1, 28, 28, 1]
  const size = images.size / images.shape[0]; // D
  const mse = await first(() => tf.squaredDifference(images, meanImage).sum([1, 2, 3]).mean()) / size;
  if (mse < 1e-12) { // float32 leaves that much of 0
    tf.dispose([images, meanImage]);
    throw new InputError(`All training images of ${digits.name} are alike, where two that differ are wanted.`);
  }
  const loss = (logVar: Tensor) => tf.neg(logGaussian(images, { mu: meanImage, logVar })).mean() as tf.Scalar;
  const everywhere = (variance: number) => tf.fill([images.shape[0], 1, 1, 1], Math.log(variance)); // [N, 1, 1, 1]
  const nats = (variance: number) => first(() => loss(everywhere(variance)));
  const [best, half, more, less] = [await nats(mse), await nats(0.5), await nats(2 * mse), await nats(mse / 2)];
  show.text(`mean squared error: ${mse.toFixed(4)} a pixel`);
  show.text(`loss, nats an image: ${half.toFixed(1)} at σ² = ½, ${best.toFixed(1)} at the best σ²`);
  const slope = await first(() => tf.grad(loss)(everywhere(mse)).sum()); // image by image: float32 adds up millions badly
  const least = { expected: 0, margin: 1e-4 * size, from: `a minimum; float32 over ${size} pixels` };
  show.claim("slope along log σ² at σ² = mse", assertAlmostEquals, { found: slope, ...least });
  for (const [c, found] of [[2, more - best], [0.5, less - best]] as const) {
    const expected = (size / 2) * (Math.log(c) + 1 / c - 1);
    const above = { found, expected, margin: 0.01, from: "(D/2) (log c + 1/c - 1); float32" };
    show.claim(`loss at ${c} times that σ², above the best`, assertAlmostEquals, above);
  }
  tf.dispose([images, meanImage]);
  const variances = Array.from(range(61), (i) => 0.02 * 50 ** (i / 60)); // from 0.02 to 1
  const formula = (variance: number) => (size / 2) * (mse / variance + Math.log(2 * Math.PI * variance));
  await show.lines("variance", "What a claim about σ² costs: least at the mean squared error", {
    series: [
      { name: "the formula of 2.1", x: variances, y: variances.map(formula) },
      { name: "the library", x: [mse, 2 * mse, mse / 2, 0.5], y: [best, more, less, half], as: "dots" },
    ],
    x: { label: "σ² claimed", log: true },
    y: { label: "-log p(x | z), nats an image" },
  });
}

// ## 2.3 Cross-entropy is a coin's
//
// Another world: every pixel is black or white, and the decoder gives the probability ρ of white. A **Bernoulli** pixel has
// p(x | z) = ρ if x = 1, and 1 - ρ if x = 0. In one formula, -log p(x | z) = -x log ρ - (1 - x) log(1 - ρ), which is the
// **cross-entropy**.
//
// In the picture a white pixel costs little if the decoder says "surely white", and without limit if it says "surely
// black", where the Gaussian with σ² = ½ hardly minds.
//
// A network puts out any real number l, the **logit**, and lesson 1's sigmoid makes a probability of it, ρ = 1 / (1 + e^-l).
// Then log(1 - ρ) = -log(1 + e^l) and log ρ = l - log(1 + e^l), so the cross-entropy is log(1 + e^l) - x l. Computed
// like that it overflows: in float32 e^l does from l = 89 on. By way of ρ it breaks down sooner, as float32 rounds ρ to
// exactly 1 from about l = 17 on, and log(1 - 1) is minus infinity. So take the larger of 0 and l out of the logarithm first:

/** -log p(x | z) of a black or white pixel at a logit, in nats. */
export function bernoulliLoss(x: number, logit: number): number {
  return Math.max(logit, 0) + Math.log(1 + Math.exp(-Math.abs(logit))) - x * logit; // ✎ 2.3a
}

// ### Check
async function crossEntropyIsBernoulli(show: Show): Promise<void> {
  show.title("2.3 Cross-entropy is a coin's");
  const library = (x: number[], logits: number[]) =>
    first(() => tf.neg(logBernoulli(tf.tensor2d([x]), tf.tensor2d([logits]))));
  const logits = [0.8, 0.3].map((rho) => Math.log(rho / (1 - rho)));
  const two = { expected: -Math.log(0.8) - Math.log(1 - 0.3), margin: 1e-6, from: "-log 0.8 - log 0.7; float32" };
  const byHand = bernoulliLoss(1, logits[0]!) + bernoulliLoss(0, logits[1]!); // a white pixel, and a black one
  show.claim("two pixels by hand", assertAlmostEquals, { found: byHand, ...two });
  show.claim("two pixels by logBernoulli", assertAlmostEquals, { found: await library([1, 0], logits), ...two });
  const roundabout = await first(() => tf.log(tf.sub(1, tf.sigmoid(tf.scalar(200)))));
  const infinite = { found: `${roundabout}`, expected: "-Infinity", from: "log 0: float32 rounds the sigmoid to 1" };
  show.claim("log(1 - sigmoid(200))", assertEquals, infinite);
  for (const [x, logit] of [[0, 200], [1, -200]] as const) {
    const found = await library([x], [logit]);
    const nats = { found, expected: bernoulliLoss(x, logit), margin: 1e-4, from: "log(1 + e^200) = 200; float32" };
    show.claim(`pixel ${x} at logit ${logit}`, assertAlmostEquals, nats);
  }
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

// ## 2.4 Grey, or black and white
//
// Our digits are grey, 0 ≤ x ≤ 1, and a coin shows no grey. Papers that compare likelihoods **binarise**: each pixel becomes
// white with the probability x. Others, and this course, put the grey value itself into the cross-entropy. For training the
// two are nearly the same, since the formula is a straight line in x: what a grey pixel costs is what its black and white
// versions cost on average.
//
// As a likelihood they are not. Probabilities of 0 and 1 add up to ρ + (1 - ρ) = 1, as they must. But the integral of
// ρ^x (1 - ρ)^(1-x) over all greys is (2ρ - 1) / log(ρ / (1 - ρ)), which is 0.364 for ρ = 0.9 (Loaiza-Ganem and Cunningham
// 2019). So on greys the cross-entropy is a loss and the likelihood of nothing: its nats compare with those of the same grey
// images, and not with those of papers that binarise.

/** What e^-cross-entropy integrates to over grey values x from 0 to 1, by the midpoint rule. */
export function greyTotal(probability: number): number {
  const middles = Array.from(range(10_000), (i) => (i + 0.5) / 10_000);
  return middles.reduce((sum, x) => sum + probability ** x * (1 - probability) ** (1 - x) / 10_000, 0);
}

// ### Check
function greyIsNoLikelihood(show: Show, { samples, seed }: Options): void {
  show.title("2.4 Grey, or black and white");
  const total = { expected: 0.8 / Math.log(9), margin: 1e-6, from: "0.8 / log 9; 10,000 strips" };
  show.claim("grey values under ρ = 0.9 add up to", assertAlmostEquals, { found: greyTotal(0.9), ...total });
  const [grey, logit, source] = [0.3, Math.log(9), random(seed)];
  const binarised = Array.from(range(samples), () => bernoulliLoss(Number(source.uniform() < grey), logit));
  show.claim(`a pixel of grey ${grey}, binarised ${samples} times, costs on average`, assertAlmostEquals, {
    found: binarised.reduce((sum, nats) => sum + nats) / samples,
    expected: bernoulliLoss(grey, logit),
    margin: 4 * logit * Math.sqrt(grey * (1 - grey) / samples), // black and white differ by the logit
    from: "the cross-entropy of the grey; 4 standard errors",
  });
}

// ## 2.5 Sums, not means
//
// Log-probabilities of independent pixels **add up**. Many programs take the mean over pixels instead. Alone, that only
// scales the loss. But from lesson 5 on a second term of some 3 to 25 nats stands beside it, which pays for what the code
// says. A mean over 784 pixels makes the image count 784 times less: then saying nothing is cheapest, and the code
// collapses. So the library sums over everything that belongs to one image, and averages over images alone.
//
// *Predict, then run*: how much does an image of 784 pixels cost a decoder that knows nothing and says ρ = ½ everywhere?

// ### Check
async function sumsNotMeans(show: Show, digits: Dataset): Promise<void> {
  show.title("2.5 Sums, not means");
  const size = digits.test.height * digits.test.width;
  const { each, mean } = tf.tidy(() => {
    const { x } = digits.test.batch([0, 1, 2]); // [3, 28, 28, 1]
    const each = tf.neg(logBernoulli(x, tf.zerosLike(x))); // [3], summed over pixels
    return { each, mean: each.mean() };
  });
  const shape = { found: `[${each.shape}]`, expected: "[3]", from: "one number per image" };
  show.claim("the shape of the loss of 3 images", assertEquals, shape);
  const nothing = { expected: size * Math.LN2, margin: 1e-3, from: `${size} pixels of log 2 each; float32` };
  const [found = NaN] = await mean.data();
  show.claim("a decoder that knows nothing (ρ = ½)", assertAlmostEquals, { found, ...nothing });
  tf.dispose([each, mean]);
}

// ## 2.6 The evidence: a spike in a bell
//
// Put the two halves together, as Kingma and Welling (2013) and Rezende et al. (2014) did. Somebody draws a code z from a
// fixed, simple distribution, the **prior** p(z): by custom N(0, I), independent standard normals. The decoder turns z into
// p(x | z), and the image is drawn from that. Nobody tells us z; it is **latent**. All that the model says about x alone is
// the average of p(x | z) over codes, p(x) = 𝔼[p(x | z)], the **evidence**. (𝔼, the expectation, is the average over all
// draws.) This is what we want to make large for real images: a model that finds them likely tends to draw things like
// them, and its codes come from a distribution that we know, which is what lesson 1's autoencoder lacked.
//
// Here is the smallest such model; it stays with us to lesson 5. An "image" is one number, a code is one number, and x = w z +
// noise of variance s. We have seen x = 1.5, and w = 2, s = ½. In the picture the prior is a wide bell; the likelihood, which
// says how well each z explains this x, is a narrower one around x/w = 0.75, and with a hundredth of that s a thin spike.
// p(x) is the area under prior times likelihood.

/** The running toy: what was seen, the decoder's weight, the noise's variance; and a hundredth of that variance. */
export const [X, W, S, THIN] = [1.5, 2, 0.5, 0.005];

/** The density of N(mean, variance) at x. */
const density = (x: number, mean: number, variance: number) => Math.exp(-gaussianLoss([x], [mean], variance));

/** p(x) of the toy as the area under prior times likelihood, in strips of a thousandth. */
export function evidenceByStrips(s: number): number {
  let area = 0;
  for (let z = -8; z < 8; z += 0.001) {
    area += density(z, 0, 1) * density(X, W * z, s) * 0.001; // ✎ 2.6a
  }
  return area;
}

/** The same exactly: w z has the variance w², the noise s, and a sum of independent Gaussians is Gaussian: N(0, w² + s). */
export const evidence = (s: number): number => density(X, 0, W ** 2 + s);

// ### Check
async function spikeInABell(show: Show): Promise<void> {
  show.title(`2.6 The evidence: x = ${X}, w = ${W}, s = ${S}`);
  show.text(`log p(x) = ${Math.log(evidence(S)).toFixed(3)}; with s = ${THIN}: ${Math.log(evidence(THIN)).toFixed(3)}`);
  for (const s of [S, THIN]) {
    const known = { expected: evidence(s), margin: 1e-9, from: "the density of N(0, w² + s)" };
    show.claim(`p(x) by strips, s = ${s}`, assertAlmostEquals, { found: evidenceByStrips(s), ...known });
  }
  const z = Array.from(range(1201), (i) => i / 200 - 3);
  await show.lines("spike", "Which codes there are, and which explain x = 1.5", {
    series: [
      { name: "prior p(z)", x: z, y: z.map((z) => density(z, 0, 1)) },
      { name: `likelihood p(x | z), s = ${S}`, x: z, y: z.map((z) => density(X, W * z, S)) },
      { name: `likelihood, s = ${THIN}`, x: z, y: z.map((z) => density(X, W * z, THIN)) },
    ],
    x: { label: "z" },
    y: { label: "density", from: 0 },
  });
}

// ## 2.7 Why not simply average?
//
// An expectation is an average over draws: take K codes from the prior, and average p(x | z). That is right on average, but how
// far off is it? Most draws fall beside the spike and count next to nothing; the few that hit it count a lot. The square of
// the density N(x; wz, s) is N(x; wz, s/2) / (2√(πs)), so the average of the squares is known as well:

/** The variance of p(x | z) over the prior, as a multiple of p(x)², for L independent copies of the toy. */
export function relativeVariance(latent: number, s: number): number {
  const squares = density(X, 0, W ** 2 + s / 2) / (2 * Math.sqrt(Math.PI * s)); // the average of p(x | z)²
  return (squares / evidence(s) ** 2) ** latent - 1; // ✎ 2.7a
}

// An average of K draws is off by about √(this / K), relative to p(x). *Predict, then run*: for one code 176 draws bring that
// down to a tenth. How many do it for 20 codes, when the ratio of the last line, 2.76, is raised to the power of 20?

/** log p(x | z) of L toys, for codes drawn from the prior. */
export function drawnLogs(latent: number, s: number, samples: number, source: Random): number[] {
  const log = () => -gaussianLoss([X], [W * source.gaussian()], s);
  return Array.from(range(samples), () => range(latent).reduce((sum) => sum + log(), 0));
}

/** The log of the average of numbers given by their logs. The largest is taken out first: e^-1000 is 0 for a computer. */
export function logOfAverage(logs: number[]): number {
  const top = logs.reduce((a, b) => Math.max(a, b));
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0) / logs.length);
}

// ### Check
async function naiveSampling(show: Show, { samples, seed }: Options): Promise<void> {
  show.title(`2.7 Averaging p(x | z) over ${samples} codes from the prior`);
  const dimensions = [1, 2, 5, 10, 20];
  const needed = (s: number) => dimensions.map((latent) => Number((100 * relativeVariance(latent, s)).toPrecision(3)));
  show.table("Draws that bring the error down to a tenth", {
    columns: ["codes", ...dimensions.map(String)],
    rows: [S, THIN].map((s) => [`s = ${s}`, ...needed(s)]),
  });
  const source = random(seed);
  const draws = [10, 30, 100, 300, 1000, 3000, 10_000, 100_000, 1e6].filter((n) => n < samples).concat(samples);
  const series: Series[] = dimensions.map((latent) => {
    const [logs, truth] = [drawnLogs(latent, S, samples, source), latent * Math.log(evidence(S))];
    const off = draws.map((n) => logOfAverage(logs.slice(0, n)) - truth);
    const name = `${latent} dimension${latent > 1 ? "s" : ""}`;
    show.text(`${name}: log p(x) = ${truth.toFixed(2)}, estimate ${(truth + off.at(-1)!).toFixed(2)}`);
    if (latent === 1) {
      const ratios = logs.map((log) => Math.exp(log) / evidence(S));
      const mean = (of: (ratio: number) => number) => ratios.reduce((sum, ratio) => sum + of(ratio), 0) / samples;
      const [variance, fourth] = [mean((r) => (r - 1) ** 2), mean((r) => (r - 1) ** 4)];
      const close = (v: number) => ({ margin: 4 * Math.sqrt(v / samples), from: "by hand; 4 standard errors" });
      const [works, known] = [{ found: mean((r) => r), expected: 1 }, relativeVariance(1, S)];
      show.claim("in 1 dimension the average works: estimate / p(x)", assertAlmostEquals, {
        ...works,
        ...close(known),
      });
      const spread = { found: variance, expected: known, ...close(fourth - variance ** 2) };
      show.claim("variance of p(x | z) / p(x)", assertAlmostEquals, spread);
    }
    return { name, x: draws, y: off };
  });
  await show.lines("naive", "The more dimensions, the further the estimate stays below the truth, at 0", {
    series,
    x: { label: "draws from the prior", log: true },
    y: { label: "estimate of log p(x) minus the truth, nats" },
  });
  const off = logOfAverage(drawnLogs(20, THIN, samples, source)) - 20 * Math.log(evidence(THIN));
  const missed = { found: off, expected: -10, from: "not one draw comes near the right codes" };
  show.claim(`in 20 dimensions with s = ${THIN} it is off by, in nats`, assertLess, missed);
}

// A decoder of images is sharper than any s here. The average over the prior misses the codes that explain x, and finds x
// far too unlikely. What we need is a guess, given x, of where the right codes are: an encoder. It must give a distribution to
// draw from, not a single code, as p(x) is an average over codes; and each draw must be weighed by how often the prior would
// have made it (lesson 5). So the next question is how to train something that throws dice: lesson 3.
//
// ## Try it
//
// 1. `--samples 1000000`. By how many nats does the estimate in 20 dimensions improve? Does the last claim still hold?
// 2. In 2.2, how many nats an image does the claim σ² = ½ cost? Which part of that could a better decoder win back?
// 3. Set `THIN` to 8. Which claim fails, and why is the average suddenly easy?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const digits = await loadImages(options.data, show.fetch, { test: 3 }); // 2.5 looks at three
  await squaredErrorIsGaussian(show);
  await bestVariance(show, digits);
  await crossEntropyIsBernoulli(show);
  greyIsNoLikelihood(show, options);
  await sumsNotMeans(show, digits);
  await spikeInABell(show);
  await naiveSampling(show, options);
}

if (import.meta.main) {
  const question = "What does a reconstruction loss claim?";
  await runLesson({ name: "02_likelihood", question, text, defaults, lesson });
}
