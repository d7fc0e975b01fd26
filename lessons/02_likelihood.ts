/**
 * # 2. What does a reconstruction loss claim?
 *
 * ```math
 * \text{loss}(x, \hat x) = -\log p(x \mid z), \qquad p(x) = \int p(x \mid z) \, p(z) \, dz
 * ```
 *
 * - **You need**: lesson 1; logarithms; what a probability density is.
 * - **You leave with**: squared error and cross-entropy as one thing, minus the log of a probability or of a density;
 *   why a loss is summed over pixels; the model behind every VAE, and why averaging over random codes cannot train it.
 * - **Run** (about a second): `deno run lessons/02_likelihood.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, type Dataset, InputError, loadImages, logBernoulli, logGaussian } from "../mod.ts";
import { numbers, type Random, random, range, runLesson, type Series, type Show, type Tensor } from "../mod.ts";
import text from "./02_likelihood.ts" with { type: "text" };

export const defaults = { samples: 10_000 };
type Options = typeof defaults & CommonOptions;

// Lesson 1 measured a reconstruction by its squared error. Why the square, and not the absolute value or the fourth
// power? Because every loss makes a claim about how images arise: the decoder says what the image is, and then random
// noise changes every pixel. Whoever chooses the noise has chosen the loss. Squared error belongs to Gaussian noise,
// the absolute error to noise r with a density proportional to e^-|r|, the fourth power to one proportional to e^-r⁴.

// ## 2.1 Squared error comes from a Gaussian
//
// Take an image of three pixels, x = (0, 0.5, 1), and its reconstruction from a code z, x̂ = g(z) = (0.1, 0.3, 0.6).
// The squared error is 0.01 + 0.04 + 0.16 = 0.21. Now say that every pixel of x was drawn from a Gaussian whose mean is
// the pixel of x̂ and whose variance is σ². Given the code, the noise of each pixel is independent of the others', so
// densities multiply and their logarithms add up. Write p(x | z) for the density of a whole image of D pixels:
//
// ```math
// -\log p(x \mid z) = \frac{|x - \hat x|^2}{2\sigma^2} + \frac{D}{2} \log(2\pi\sigma^2)
// ```

/** -log p(x | z) of an image under N(x̂, σ²) a pixel, in nats. */
export function gaussianLoss(x: number[], reconstruction: number[], variance: number): number {
  const squared = x.reduce((sum, pixel, i) => sum + (pixel - reconstruction[i]!) ** 2, 0);
  return squared / (2 * variance) + (x.length / 2) * Math.log(2 * Math.PI * variance); // ✎ 2.1a
}

// For the image x that we have, p(x | z) says how well each code z explains it. As a function of z it is called the
// **likelihood**. Logarithms in this course are natural, and what they measure is counted in **nats**; a nat is 1/log 2
// = 1.44 bits. The smaller -log p(x | z), the better the reconstruction.
//
// With σ² = ½ the first term is exactly the squared error, and the second is a constant, (D/2) log π, which no training
// can change. So plain squared error claims noise with a standard deviation of √½ = 0.71, which is very large for
// pixels between 0 and 1. On its own that does no harm, since the best decoder is the same for every fixed σ². But from
// lesson 5 on a second term stands beside this one, and then σ² decides how much the reconstruction counts.
//
// *Predict, then run.* What is the loss of the three pixels with σ² = ½?

// ### Check
async function squaredErrorIsGaussian(show: Show): Promise<void> {
  show.title("2.1 Squared error comes from a Gaussian");
  const [x, mean] = [[0, 0.5, 1], [0.1, 0.3, 0.6]];
  const half = { found: gaussianLoss(x, mean, 0.5), expected: 0.21 + 1.5 * Math.log(Math.PI), margin: 1e-12 };
  show.claim("three pixels, σ² = ½", assertAlmostEquals, { ...half, from: "squared error + (3/2) log π" });
  const found = await first(() => logGaussian(tf.tensor2d([x]), { mu: tf.tensor2d([mean]), logVar: tf.log(0.1) }));
  const byHand = { expected: -gaussianLoss(x, mean, 0.1), margin: 1e-6, from: "minus the loss; float32" };
  show.claim("logGaussian with σ² = 0.1", assertAlmostEquals, { found, ...byHand });
}

/** The first number of a tensor that is computed by `of`. */
const first = async (of: () => Tensor): Promise<number> => (await numbers(of))[0] ?? NaN;

// ## 2.2 The best σ² is the mean squared error
//
// How much noise should a decoder claim? Take the simplest decoder, which answers every image with the mean image. The
// picture shows its loss on digits: too large a σ² is costly, and too small a one even more so. In between, the slope
// of 2.1's loss along σ² is zero: -|x - x̂|² / 2σ⁴ + D / 2σ² = 0 at σ² = |x - x̂|² / D, the squared error per pixel.
// For many images take its average over them. Claiming c times the best costs (D/2) (log c + 1/c - 1) nats more.
//
// The loss with the best σ² is (D/2) log(2πe σ²). It is negative once the squared error per pixel is below 1 / (2πe) =
// 0.0585: a narrow density exceeds 1, so its logarithm exceeds 0. The mean image's error is 0.065.
//
// *Predict, then run.* Which costs more: twice the best σ², or half of it?

// ### Check
async function bestVariance(show: Show, digits: Dataset): Promise<void> {
  show.title("2.2 The best σ² is the mean squared error");
  const images = tf.tidy(() => digits.train.batch(range(Math.min(2000, digits.train.count))).x); // [N, 28, 28, 1]
  const meanImage = images.mean(0, true); // [1, 28, 28, 1]
  const size = images.size / images.shape[0]; // D
  const mse = await first(() => tf.squaredDifference(images, meanImage).sum([1, 2, 3]).mean()) / size;
  if (mse < 1e-12) { // float32 leaves that much of 0
    tf.dispose([images, meanImage]);
    throw new InputError(`All training images of ${digits.name} are alike; expected at least two that differ.`);
  }
  const loss = (logVar: Tensor) => tf.neg(logGaussian(images, { mu: meanImage, logVar })).mean() as tf.Scalar;
  const everywhere = (variance: number) => tf.fill([images.shape[0], 1, 1, 1], Math.log(variance)); // [N, 1, 1, 1]
  const nats = (variance: number) => first(() => loss(everywhere(variance)));
  const [best, half, more, less] = [await nats(mse), await nats(0.5), await nats(2 * mse), await nats(mse / 2)];
  show.text(`mean squared error: ${mse.toFixed(4)} a pixel`);
  show.text(`loss, nats per image: ${half.toFixed(1)} at σ² = ½, ${best.toFixed(1)} at the best σ²`);
  const slope = await first(() => tf.grad(loss)(everywhere(mse)).sum()); // image by image: float32 adds millions badly
  const lowest = { found: best, expected: (size / 2) * Math.log(2 * Math.PI * Math.E * mse), margin: 0.01 };
  show.claim("the loss at σ² = mse", assertAlmostEquals, { ...lowest, from: "(D/2) log(2πe σ²); float32" });
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
  const series: Series[] = [
    { name: "the formula of 2.1", x: variances, y: variances.map(formula) },
    { name: "the library", x: [mse, 2 * mse, mse / 2, 0.5], y: [best, more, less, half], as: "dots" },
  ];
  const [x, y] = [{ label: "σ² claimed", log: true }, { label: "-log p(x | z), nats per image" }];
  await show.lines("variance", "What a claim about σ² costs: least at the mean squared error", { series, x, y });
}

// ## 2.3 Cross-entropy comes from a coin
//
// Now let every pixel be black or white, x = 0 or 1, as if by the toss of a coin: the decoder gives the probability ρ
// of white. Such a pixel is called **Bernoulli**. It has p(x | z) = ρ if x = 1, and 1 - ρ if x = 0; in one formula,
// -log p(x | z) = -x log ρ - (1 - x) log(1 - ρ), which is the **cross-entropy**.
//
// The picture shows what a white pixel costs: little if the decoder is sure of white, and ever more, without limit, the
// surer it is of black. The Gaussian with σ² = ½ charges a black answer only 1 nat more than a white one.
//
// A network puts out any real number l, the **logit**, and lesson 1's sigmoid makes a probability of it, ρ = 1 / (1 +
// e^-l). Then log(1 - ρ) = -log(1 + e^l) and log ρ = l - log(1 + e^l), so the cross-entropy is log(1 + e^l) - x l. As
// it stands this overflows: in float32 e^l is infinite from l = 89 on. Computed from ρ it fails sooner: from about l =
// 18 on float32 rounds ρ to exactly 1, and log(1 - 1) is -∞. So take the larger of 0 and l out of the logarithm:

/** -log p(x | z) of a black or white pixel at a logit, in nats. */
export function bernoulliLoss(x: number, logit: number): number {
  return Math.max(logit, 0) + Math.log(1 + Math.exp(-Math.abs(logit))) - x * logit; // ✎ 2.3a
}

// ### Check
async function crossEntropyIsBernoulli(show: Show): Promise<void> {
  show.title("2.3 Cross-entropy comes from a coin");
  const library = (x: number[], l: number[]) => first(() => tf.neg(logBernoulli(tf.tensor2d([x]), tf.tensor2d([l]))));
  const logits = [0.8, 0.3].map((rho) => Math.log(rho / (1 - rho)));
  const two = { expected: -Math.log(0.8) - Math.log(1 - 0.3), margin: 1e-6, from: "-log 0.8 - log 0.7; float32" };
  const byHand = bernoulliLoss(1, logits[0]!) + bernoulliLoss(0, logits[1]!); // a white pixel, and a black one
  show.claim("two pixels by hand", assertAlmostEquals, { found: byHand, ...two });
  show.claim("two pixels by logBernoulli", assertAlmostEquals, { found: await library([1, 0], logits), ...two });
  const fromRho = await numbers(() => tf.log(tf.sub(1, tf.sigmoid(tf.range(0, 30))))); // log(1 - ρ) at l = 0, 1, … 29
  const fails = { found: fromRho.indexOf(-Infinity), expected: 18, margin: 1, from: "float32 rounds ρ to 1" };
  show.claim("the first l with log(1 - ρ) = -∞", assertAlmostEquals, fails);
  const ends = range(200).findIndex((l) => Math.fround(Math.exp(l)) === Infinity);
  show.claim("the first l with e^l = ∞", assertEquals, { found: ends, expected: 89, from: "float32 ends at 3.4e38" });
  for (const [x, logit] of [[0, 200], [1, -200]] as const) {
    const nats = { found: await library([x], [logit]), expected: bernoulliLoss(x, logit), margin: 1e-4 };
    show.claim(`pixel ${x} at logit ${logit}`, assertAlmostEquals, { ...nats, from: "log(1 + e^200) = 200; float32" });
  }
  const said = Array.from(range(99), (i) => (i + 1) / 100); // what the decoder says
  const gaussian = (variance: number) => said.map((mean) => gaussianLoss([1], [mean], variance));
  const wrong = { found: gaussianLoss([1], [0], 0.5) - gaussianLoss([1], [1], 0.5), expected: 1, margin: 1e-12 };
  show.claim("black instead of white, σ² = ½, costs more by", assertAlmostEquals, { ...wrong, from: "1² / 2σ²" });
  const series: Series[] = [
    { name: "cross-entropy", x: said, y: said.map((rho) => -Math.log(rho)) },
    { name: "Gaussian, σ² = ½", x: said, y: gaussian(0.5) },
    { name: "Gaussian, σ² = 0.1", x: said, y: gaussian(0.1) },
  ];
  const [x, y] = [{ label: "what the decoder says: the mean, or ρ", from: 0, to: 1 }, { label: "-log p(x | z), nats" }];
  await show.lines("pixel", "What a white pixel (x = 1) costs", { series, x, y });
}

// ## 2.4 Grey, or black and white
//
// Our digits are grey, 0 ≤ x ≤ 1, but a coin shows only black or white. Papers that compare likelihoods **binarise**:
// they make each pixel white with the probability x. Others, and this course, put the grey value itself into the
// cross-entropy. For training that makes little difference: the formula is a straight line in x, so with the same code
// a grey pixel costs what its black and white versions cost on average. Only what the encoder sees is different.
//
// But the cost of a grey pixel is not minus the log of a density of greys. The probabilities of white and black, ρ and
// 1 - ρ, add up to 1. A density of greys would have to integrate to 1, but ρ^x (1 - ρ)^(1-x), whose log is minus the
// cost, integrates to (2ρ - 1) / log(ρ / (1 - ρ)), 0.364 for ρ = 0.9 (Loaiza-Ganem and Cunningham 2019). Our nats
// compare with those of models that put the same grey images into this loss, not with those of papers that binarise.

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
  const once = () => bernoulliLoss(Number(source.uniform() < grey), logit); // black and white differ by the logit
  const found = range(samples).reduce((sum) => sum + once(), 0) / samples;
  const margin = 4 * logit * Math.sqrt(grey * (1 - grey) / samples);
  const asGrey = { expected: bernoulliLoss(grey, logit), margin, from: "the grey pixel's cost; 4 standard errors" };
  show.claim(`mean cost of ${samples} binarised pixels of grey ${grey}`, assertAlmostEquals, { found, ...asGrey });
}

// ## 2.5 Sums, not means
//
// Log-probabilities of independent pixels add up, so an image costs the **sum** over its pixels. Many programs take the
// mean over pixels instead. On its own, that only scales the loss. But in lesson 5 it is joined by a second term, which
// charges for what the code says. If the reconstruction is divided by 784, and this term is not, then whatever a code
// gains counts 784 times less than what it costs. Saying nothing is then cheapest, and the code collapses, as lesson 6
// will show. So the library sums over everything that belongs to one image, and takes the mean over images only. That
// divides both terms by the same number, so the best weights stay the same, and batches of any size can be compared.
//
// *Predict, then run.* What does an image of 784 pixels cost, in nats and in bits, if the decoder always says ρ = ½?

// ### Check
async function sumsNotMeans(show: Show, digits: Dataset): Promise<void> {
  show.title("2.5 Sums, not means");
  const size = digits.test.pixels.length / digits.test.count; // H·W·C
  const each = await numbers(() => {
    const { x } = digits.test.batch([0, 1, 2]); // [3, 28, 28, 1]
    return tf.neg(logBernoulli(x, tf.zerosLike(x))); // [3], summed over pixels
  });
  show.claim("losses of 3 images", assertEquals, { found: each.length, expected: 3, from: "one number per image" });
  const nothing = { expected: size * Math.LN2, margin: 1e-3, from: `${size} pixels of log 2 each; float32` };
  show.claim("a decoder that knows nothing (ρ = ½)", assertAlmostEquals, { found: each[0]!, ...nothing });
  const bits = { found: each[0]! / Math.LN2, expected: size, margin: 2e-3, from: "one bit per pixel; float32" };
  show.claim("the same in bits", assertAlmostEquals, bits);
}

// ## 2.6 The evidence: a spike in a bell
//
// A full model also says where codes come from (Kingma and Welling 2013, Rezende et al. 2014). A code z is drawn from a
// fixed, simple distribution, the **prior** p(z), usually N(0, I): independent standard normals. The decoder turns z
// into p(x | z), from which x is drawn. We see only x; the code is **latent**, that is, hidden. The density of x alone,
// the **evidence**, is the average of p(x | z) over the prior's codes: p(x) = 𝔼[p(x | z)], where 𝔼, the
// **expectation**, is the average over all draws. Training should make p(x) large for real images, as a model that
// finds them likely tends to draw images like them. It knows where its codes lie, unlike lesson 1's autoencoder.
//
// The smallest such model is a toy that lessons 3, 4, 5 and 9 use again. Image and code are one number each, and x = w
// z + noise of variance s, with w = 2 and s = ½. The variance that 2.1 calls σ² is called s here, because from lesson 3
// on σ belongs to the code. We see x = 1.5. In the picture the prior is a wide bell, and the likelihood a narrower one
// around x/w = 0.75, the code that explains x best. With s / 100 it becomes a thin spike. The same happens when one
// code has to explain a hundred pixels, each w z plus noise of variance s: they say as much about z as their mean,
// whose noise has the variance s / 100. p(x) is the area under prior times likelihood.

/** The running toy: the x that we see, the decoder's weight, the noise's variance; and a hundredth of that variance. */
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

/** The same exactly: w z has the variance w², the noise s, and their sum is a Gaussian too, N(0, w² + s). */
export const evidence = (s: number): number => density(X, 0, W ** 2 + s);

// ### Check
async function spikeInABell(show: Show): Promise<void> {
  show.title(`2.6 The evidence: x = ${X}, w = ${W}, s = ${S}`);
  show.text(`log p(x) = ${Math.log(evidence(S)).toFixed(3)}; with s = ${THIN}: ${Math.log(evidence(THIN)).toFixed(3)}`);
  for (const s of [S, THIN]) {
    const known = { expected: evidence(s), margin: 1e-9, from: "the density of N(0, w² + s)" };
    show.claim(`p(x) by strips, s = ${s}`, assertAlmostEquals, { found: evidenceByStrips(s), ...known });
  }
  const hundred = Array.from(range(100), (i) => X + (-1) ** i); // their mean is X
  const cost = (x: number[], z: number, s: number) => gaussianLoss(x, x.map(() => W * z), s);
  const found = cost(hundred, 1, S) - cost(hundred, 0.75, S);
  const one = { expected: cost([X], 1, S / 100) - cost([X], 0.75, S / 100), margin: 1e-9, from: "their mean, s / 100" };
  show.claim("nats by which z = 1 explains 100 pixels worse than z = ¾", assertAlmostEquals, { found, ...one });
  const z = Array.from(range(1201), (i) => i / 200 - 3);
  const series: Series[] = [
    { name: "prior p(z)", x: z, y: z.map((z) => density(z, 0, 1)) },
    { name: `likelihood p(x | z), s = ${S}`, x: z, y: z.map((z) => density(X, W * z, S)) },
    { name: `likelihood, s = ${THIN}`, x: z, y: z.map((z) => density(X, W * z, THIN)) },
  ];
  const axes = { x: { label: "z" }, y: { label: "density", from: 0 } };
  await show.lines("spike", "Which codes there are, and which explain x = 1.5", { series, ...axes });
}

// ## 2.7 Why not simply average?
//
// An expectation is an average over draws. So draw K codes from the prior, and average p(x | z) over them. The result
// is right on average, but how far off is it? Most draws miss the spike and count next to nothing; the few that hit it
// count a lot. The variance of p(x | z) is 𝔼[p(x | z)²] - p(x)²; divided by p(x)², it is 𝔼[p(x | z)²] / p(x)² - 1. Here
// it is known exactly. Write N(x; m, v) for the density of N(m, v) at x. The square of N(x; wz, s) is N(x; wz, s/2) /
// (2√(πs)), and N(x; wz, s/2) averages over the prior to N(x; 0, w² + s/2), as in 2.6. For L toys at once, image and
// code have L numbers, and 𝔼[p(x | z)²] and p(x) are both raised to the power of L.

/** The variance of p(x | z) over the prior, in multiples of p(x)², for L independent copies of the toy. */
export function relativeVariance(latent: number, s: number): number {
  const squares = density(X, 0, W ** 2 + s / 2) / (2 * Math.sqrt(Math.PI * s)); // 𝔼[p(x | z)²]
  const ratio = squares / evidence(s) ** 2; // 2.76 for s = ½
  return ratio ** latent - 1; // ✎ 2.7a
}

// The average of K draws is off by about √(this variance / K), in multiples of p(x): at L = 1 and K = 176, by a tenth.
//
// *Predict, then run.* How many draws does a code of 20 numbers take, where `ratio` is raised to the power of 20?

/** log p(x | z) of L toys, for codes drawn from the prior. */
export function drawnLogs(latent: number, s: number, samples: number, source: Random): number[] {
  const log = () => -gaussianLoss([X], [W * source.gaussian()], s);
  return Array.from(range(samples), () => range(latent).reduce((sum) => sum + log(), 0));
}

/** The log of the average of numbers given by their logs. The largest is taken out first: e^-1000 would round to 0. */
export function logOfAverage(logs: number[]): number {
  const top = logs.reduce((a, b) => Math.max(a, b));
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0) / logs.length);
}

// ### Check
async function naiveSampling(show: Show, { samples, seed }: Options): Promise<void> {
  show.title(`2.7 Averaging p(x | z) over ${samples} codes from the prior`);
  const dimensions = [1, 2, 5, 10, 20];
  const needed = (s: number) => dimensions.map((latent) => Number((100 * relativeVariance(latent, s)).toPrecision(3)));
  const rows = [S, THIN].map((s) => [`s = ${s}`, ...needed(s)]);
  show.table("Draws that bring the error down to a tenth", { columns: ["L numbers", ...dimensions.map(String)], rows });
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
      const works = { found: mean((r) => r), expected: 1, ...close(relativeVariance(1, S)) };
      show.claim("in 1 dimension it works: estimate / p(x)", assertAlmostEquals, works);
      const spread = { found: variance, expected: relativeVariance(1, S), ...close(fourth - variance ** 2) };
      show.claim("variance of p(x | z) / p(x)", assertAlmostEquals, spread);
    }
    return { name, x: draws, y: off };
  });
  const [x, y] = [{ label: "draws from the prior", log: true }, { label: "estimate minus log p(x), nats" }];
  await show.lines("naive", "The more dimensions, the further the estimate stays below 0, the truth", { series, x, y });
  const off = logOfAverage(drawnLogs(20, THIN, samples, source)) - 20 * Math.log(evidence(THIN));
  const missed = { found: off, expected: -1000, from: "not one draw comes near the right codes" };
  show.claim(`in 20 dimensions with s = ${THIN} it is off by, in nats`, assertLess, missed);
}

// In 20 dimensions, with the thin spike, the estimate of log p(x) is off by more than a thousand nats. The code of an
// image has to explain not 100 pixels but 784; its spike is thinner still, and draws from the prior miss it. What we
// need is a guess, made from x, of where the right codes are: an encoder. As p(x) is an average over codes, the guess
// must be a distribution to draw from, not one code; and each draw must be weighted by p(z) divided by the guess's
// density at z, or the average is not p(x) (lessons 5 and 9). How to train through a random draw is lesson 3.
//
// ## Try it
//
// 1. `--samples 1000000`. By how many nats does the estimate in 20 dimensions improve? Does the last claim still hold?
// 2. In 2.2, how many nats per image are lost by the claim σ² = ½? Which part of that loss could a better decoder win
//    back?
// 3. Set `THIN` to 8. Which claim fails, and why is the average suddenly easy?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const digits = await loadImages(options.data, show.fetch, { test: 3, tell: show.text }); // 2.5 looks at three
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
