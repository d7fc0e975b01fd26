/**
 * # 9. How much does the bound leave behind?
 *
 * ```math
 * \mathrm{ELBO} \;\le\; \mathbb{E}\left[\log \frac{1}{K} \sum_{k=1}^{K} r_k\right] \;\le\; \log p(x), \qquad
 * r_k = \frac{p(x \mid z_k) \, p(z_k)}{q(z_k \mid x)}, \quad z_k \sim q(z \mid x)
 * ```
 *
 * - **You need**: lesson 5 for the bound, its gap and the toy; lesson 8 for the plane of codes.
 * - **You leave with**: log p(x) itself, image by image, beside the bound that training raised; importance weights,
 *   which narrow the gap of any VAE; what they cost; and where to read on.
 * - **Run** (about 25 seconds): `deno run lessons/09_evidence.ts`; with the model of lesson 7 (15 seconds):
 *   `deno run --allow-read=model lessons/09_evidence.ts --load model`, after `--save model` there.
 *
 * @module
 */
import { assertAlmostEquals, assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, convVae, type Dataset, elbo, gridCodes, importanceWeighted } from "../mod.ts";
import { klToStandardNormal, type LayersVae, loadImages, logEvidence, logGaussian, numbers } from "../mod.ts";
import { random, range, runLesson, type Show, type Tensor, trainOrLoad } from "../mod.ts";
import text from "./09_evidence.ts" with { type: "text" };

export const defaults = { epochs: 1, batch: 8, images: 8000, rate: 0.002, points: 14_400 };
type Options = typeof defaults & CommonOptions;

// ### Check
function near(show: Show, what: string, found: number, expected: number, margin: number, from: string): void {
  show.claim(what, assertAlmostEquals, { found, expected, margin, from });
}

// ## 9.1 A sum over a grid
//
// Training raised a bound. How far below log p(x) did it end? With a code of 20 numbers lesson 2 could not compute p(x)
// = ∫ p(x | z) p(z) dz. With a code of one or two numbers we can add it up. Take the toy once more: x = w z + noise of
// variance s, with w = 2 and s = ½, and x = 1.5 was seen. Cut the axis of codes into steps of length h, and add up p(x,
// z) h, where p(x, z) = p(x | z) p(z). By lesson 2 the truth is the density of N(0, w² + s) at 1.5.

const [x, w, s] = [1.5, 2, 0.5];
const logNormal = (value: number, m: number, variance: number) =>
  -0.5 * (Math.log(2 * Math.PI * variance) + (value - m) ** 2 / variance);
const truth = logNormal(x, 0, w ** 2 + s); // log p(x)
const logJointOfToy = (z: number) => logNormal(x, w * z, s) + logNormal(z, 0, 1); // log p(x, z)

/** log p(x) of the toy, by adding up steps of length h. */
export function evidenceBySum(h: number): number {
  let sum = 0;
  for (let z = -6; z <= 6; z += h) {
    sum += Math.exp(logJointOfToy(z)) * h; // ✎ 9.1a
  }
  return Math.log(sum);
}

// How short must a step be? **Halve it and compare**: a sum that still moves was too coarse.
//
// *Predict, then run.* By 5.3 p(x, z) is p(x) times the posterior, N(⅔, 1/9). How far off are steps of 1, and of ½?

// ### Check
function sums(show: Show): void {
  show.title("9.1 A sum over a grid: the toy");
  const [one, half, quarter] = [evidenceBySum(1), evidenceBySum(0.5), evidenceBySum(0.25)];
  show.text(`by steps of 1: ${one.toFixed(6)}; ½: ${half.toFixed(6)}; ¼: ${quarter.toFixed(6)}`);
  near(show, "log p(x) by steps of ¼", quarter, truth, 1e-9, "log N(1.5; 0, 4.5); rounding");
  const before = { expected: Math.abs(one - half) / 100, from: "a hundredth of the halving before" };
  show.claim("halving steps of ½ moves it by", assertLess, { found: Math.abs(half - quarter), ...before });
}

// ## 9.2 Importance weights
//
// No grid can cover codes of 20 numbers. So draw codes from q(z | x), which knows where the good ones are, and give
// each the **importance weight** r = p(x | z) p(z) / q(z | x). The average of r under q(z | x) is ∫ p(x | z) p(z) dz =
// p(x), whatever q is. Lesson 5 averaged log r, which by Jensen's inequality gives less than log p(x), and the more r
// scatters, the less. So average the r of K codes *first*, and then take the logarithm (Burda et al. 2015). With K = 1
// this is on average the ELBO. The mean of more codes scatters less, so on average its logarithm is nearer to log p(x),
// but by the same inequality never above it. On the toy, with a better guess than lesson 5's, N(½, e⁻²):

const guess = { mu: 0.5, variance: Math.exp(-2) };
const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const standardError = (values: number[], middle = mean(values)) =>
  Math.sqrt(mean(values.map((v) => (v - middle) ** 2)) / (values.length - 1));

/** log r of one code: with q's density at that very code. The KL's formula is an average, and has no place here. */
function logWeightOfToy(z: number): number {
  return logJointOfToy(z) - logNormal(z, guess.mu, guess.variance); // ✎ 9.2a
}

/** The logarithm of the mean of e^v. The largest is taken out first, so that one of them at least is e⁰ = 1. */
export function logMeanExp(values: number[]): number {
  const largest = values.reduce((a, b) => Math.max(a, b));
  return largest + Math.log(mean(values.map((v) => Math.exp(v - largest))));
}

/** Weights scaled to add up to 1, a **softmax** of their logarithms. */
export function shares(logR: number[]): number[] {
  const total = logMeanExp(logR) + Math.log(logR.length);
  return logR.map((v) => Math.exp(v - total));
}

// Why in logarithms? For most images log r is far below -104, and e^-104 is zero in the 32 bits of a tensor. The shares
// say how much each code counts. As q r is p(x, z), they make q's draws the posterior's: Σ shareₖ zₖ nears its mean, ⅔.
//
// *Predict, then run.* log p(x) is -1.921, and the ELBO of this guess -2.056. Where is the bound by 5 codes, and by 50?

// ### Check
function weights(show: Show, seed: number): void {
  show.title("9.2 Importance weights: the toy");
  const source = random(seed);
  const z = Array.from(range(50_000), () => guess.mu + Math.sqrt(guess.variance) * source.gaussian());
  const logR = z.map(logWeightOfToy);
  const by = (K: number) => Array.from(range(z.length / K), (_, i) => logMeanExp(logR.slice(K * i, K * i + K)));
  const rows = [1, 5, 50].map((K) => [K, mean(by(K)).toFixed(3), (truth - mean(by(K))).toFixed(3)]);
  show.table("The toy's bound by K codes", { columns: ["K", "nats", "below log p(x)"], rows });
  near(show, "one code", mean(logR), -2.0564, 4 * standardError(logR), "lesson 5's formula; 4 standard errors");
  const relative = logR.map((v) => Math.exp(v - truth));
  near(show, "mean of r / p(x)", mean(relative), 1, 4 * standardError(relative), "1, whatever q; 4 standard errors");
  const share = shares(logR);
  const found = share.reduce((sum, part, i) => sum + part * z[i]!, 0);
  const margin = 4 * Math.hypot(...share.map((part, i) => part * (z[i]! - found)));
  near(show, "mean code, by the shares", found, 2 / 3, margin, "the posterior's; 4 standard errors");
}

// ## 9.3 What a tighter bound costs the encoder
//
// So why not train with a large K? The decoder gains by it, but the encoder does not: with very many codes the bound is
// log p(x) *whatever* q is, and has no slope along q. Divide the mean of a gradient by its standard deviation, and you
// have its **signal-to-noise ratio**. Both gradients' deviations shrink as 1/√K. The decoder's mean hardly changes, so
// its ratio grows as √K. The encoder's mean, like the gap, shrinks as 1/K, its ratio as 1/√K (Rainforth et al. 2018).
//
// On the toy every slope can be written down. The slope of a log-mean-exp is the mean of the slopes of its logarithms,
// weighted by the shares. And with z = μ + σ ε a change of μ moves every z alike, and leaves log q(z | x) as it is.

/** The slopes of one bound by K codes of the toy: along the encoder's μ, and along the decoder's w. */
export function slopes(z: number[]): { encoder: number; decoder: number } {
  const share = shares(z.map(logWeightOfToy));
  const total = (slope: (z: number) => number) => z.reduce((sum, each, k) => sum + share[k]! * slope(each), 0);
  const missed = (z: number) => (x - w * z) / s; // the slope of log p(x | z) along the mean, w z
  const encoder = total((z) => w * missed(z) - z); // -z: the slope of log p(z)
  const decoder = total((z) => z * missed(z)); // ✎ 9.3a
  return { encoder, decoder };
}

// ### Check
async function signal(show: Show, seed: number): Promise<void> {
  show.title("9.3 What a tighter bound costs the encoder: the toy");
  const [source, rounds, K] = [random(seed), 30_000, [1, 4, 16, 64]];
  const draw = (K: number) => Array.from(range(K), () => guess.mu + Math.sqrt(guess.variance) * source.gaussian());
  const measured = K.map((K) => Array.from(range(rounds), () => slopes(draw(K))));
  const ratio = (each: number[]) => Math.abs(mean(each)) / standardError(each) / Math.sqrt(rounds);
  const encoder = measured.map((all) => ratio(all.map((slopes) => slopes.encoder)));
  const decoder = measured.map((all) => ratio(all.map((slopes) => slopes.decoder)));
  const series = [{ name: "encoder", x: K, y: encoder }, { name: "decoder", x: K, y: decoder }];
  const axes = { x: { label: "codes K", log: true }, y: { label: "signal-to-noise of one gradient", log: true } };
  await show.lines("signal", "More codes help the decoder, and weaken the encoder's signal", { series, ...axes });
  const [one, margin] = [encoder[1]!, 4 / Math.sqrt(rounds) / encoder[1]!];
  near(show, "encoder, 64 codes to 4", encoder[3]! / one, 1 / 4, margin, "1/√16; 4 standard errors");
  near(show, "decoder, 64 codes to 16", decoder[3]! / decoder[2]!, 2, 0.25, "√4 in the limit of many; an eighth off");
}

// ## 9.4 log p(x) of images
//
// The code of lesson 7 has two numbers, so the sum of 9.1 runs over a plane, with tiles of area h². All images share
// the decoded grid. By lesson 2 log p(x | z) = Σ x·l - Σ log(1 + eˡ), and the first sum, for all images and codes at
// once, is the product of a matrix of pixels and one of logits.

/** log p(x, z) of images `[N, 28, 28, 1]` at every code `[C, 2]`: `[N, C]`. */
export function logJoint(vae: LayersVae, images: Tensor, codes: Tensor): Tensor {
  const parts = Array.from(range(Math.ceil(codes.shape[0]! / 250)), (i) =>
    tf.tidy(() => { // 250 codes at a time: all of them would take much memory
      const some = codes.slice(250 * i, Math.min(250, codes.shape[0]! - 250 * i));
      const logits = vae.decode(some).reshape([some.shape[0]!, -1]); // [250, 784]
      const logOdds = tf.matMul(images.reshape([images.shape[0]!, -1]), logits, false, true); // Σ x·l, [N, 250]
      return tf.sub(logOdds, tf.softplus(logits).sum(1)); // log p(x | z)
    }));
  return tf.add(tf.concat(parts, 1), vae.prior.logProb(codes, vae));
}

/** log p(x), `[N]`: the logarithm of the sum of p(x, z) h², as in 9.1. */
export const evidenceOnGrid = (logJoint: Tensor, area: number) => tf.logSumExp(logJoint, 1).add(Math.log(area));

// The grid is a square from -4.5 to 4.5 with about `--points` codes. An image whose q(z | x) is narrower than one and a
// half steps, or reaches beyond the square, is left out; so the averages below are no estimate for all held-out images.

// ### Check
async function summed(show: Show, digits: Dataset, vae: LayersVae, options: Options) {
  show.title(`9.4 log p(x) of images: ${options.load ? `the model in ${options.load}` : "training as in lesson 8"}`);
  await trainOrLoad(show, vae, digits, options);
  const columns = Math.ceil(Math.sqrt(options.points));
  const step = 9 / (columns - 1); // h
  const fits = await numbers(() => {
    const { mu, logVar } = vae.encode(digits.test.batch(range(Math.min(2000, digits.test.count))).x); // [2000, 2]
    const sigma = tf.exp(tf.div(logVar, 2));
    return tf.logicalAnd(sigma.greaterEqual(1.5 * step), tf.abs(mu).add(sigma.mul(4)).lessEqual(4.5)).all(1); // [2000]
  });
  const chosen = fits.flatMap((fit, i) => fit ? [i] : []).slice(0, 50); // N of them
  const enough = { found: chosen.length, expected: 9, from: "enough to see" };
  show.claim(`images that ${columns}×${columns} codes resolve`, assertGreater, enough);
  if (!chosen.length) return;
  const codes = gridCodes(Array.from(range(columns), (i) => -4.5 + step * i)); // [C, 2]
  const images = tf.tidy(() => digits.test.batch(chosen).x); // [N, 28, 28, 1]
  const joint = tf.tidy(() => logJoint(vae, images, codes)); // [N, C]
  const evidence = await numbers(() => evidenceOnGrid(joint, step ** 2));
  const coarse = await numbers(() => {
    const some = joint.reshape([-1, columns, columns]).stridedSlice([0, 0, 0], [50, columns, columns], [1, 2, 2]);
    return evidenceOnGrid(some.reshape([chosen.length, -1]), 4 * step ** 2);
  });
  const moved = Math.max(...evidence.map((nats, i) => Math.abs(nats - coarse[i]!)));
  show.claim("halving the steps moves log p(x) by", assertLess, { found: moved, expected: 0.5, from: "half a nat" });
  return { vae, images, codes, joint, q: tf.tidy(() => vae.encode(images)), evidence };
}
type Summed = NonNullable<Awaited<ReturnType<typeof summed>>>;

// ## 9.5 The gap, and single draws
//
// By lesson 5 the ELBO lies below log p(x) by KL(q(z | x) ‖ p(z | x)). On the grid the posterior p(z | x) is p(x, z)
// scaled to add up to 1: a softmax of log p(x, z). Scale q(z | x) in the same way, and this gap is a sum over the grid.

/** log q(z | x) at codes `[C, 2]`, less a constant, from μ and log σ² `[N, 2]`: -(z - μ)² / 2σ², `[N, C]`. */
const logQ = (codes: Tensor, mu: Tensor, logVar: Tensor) =>
  tf.square(tf.sub(codes, mu.expandDims(1))).div(tf.exp(logVar).expandDims(1)).sum(2).mul(-0.5);

/** KL(q(z | x) ‖ p(z | x)) on the grid, from log p(x, z) `[N, C]`: `[N]`. */
export function gapOnGrid(codes: Tensor, logJoint: Tensor, mu: Tensor, logVar: Tensor): Tensor {
  const q = tf.logSoftmax(logQ(codes, mu, logVar)); // [N, C]
  const posterior = tf.logSoftmax(logJoint); // [N, C]
  return tf.mul(tf.exp(q), tf.sub(q, posterior)).sum(1);
}

// Training never saw this ELBO, which is an average over q(z | x). It saw log p(x | z) - KL at one z drawn from q(z |
// x). Jensen's inequality bounds only the average of such figures, which is the ELBO. Some draws give more, and a few
// more than log p(x). How many? On the grid, add up q(z | x) over all codes whose figure is above log p(x).
//
// *Predict, then run.* How many single draws in a hundred are above log p(x)?

// ### Check
async function theGap(show: Show, { vae, images, codes, joint, q, evidence }: Summed, seed: number) {
  show.title("9.5 The gap, and single draws");
  const N = evidence.length;
  const onGrid = await numbers(() => {
    const oneDraw = tf.sub(joint, vae.prior.logProb(codes, vae)).sub(klToStandardNormal(q).expandDims(1)); // [N, C]
    const above = oneDraw.greater(tf.tensor2d(evidence, [N, 1]));
    const average = (of: Tensor) => tf.mul(tf.softmax(logQ(codes, q.mu, q.logVar)), of).sum(1); // over q(z | x), [N]
    return tf.concat([average(oneDraw), gapOnGrid(codes, joint, q.mu, q.logVar), average(above)]); // [3 N]
  });
  const [bounds, gaps, above] = [onGrid.slice(0, N), onGrid.slice(N, 2 * N), mean(onGrid.slice(2 * N))];
  const single = await numbers(() => elbo(vae, images.tile([10, 1, 1, 1]), random(seed).normal([10 * N, 2])).elbo);
  const lost = bounds.map((bound, n) => evidence[n]! - bound);
  show.claim("log p(x) - ELBO, the least", assertGreater, { found: Math.min(...lost), expected: 0, from: "a bound" });
  const rest = Math.max(...lost.map((nats, n) => Math.abs(nats - gaps[n]!)));
  show.claim("log p(x) - ELBO - KL, the largest", assertLess, { found: rest, expected: 0.02, from: "0; grid of 4 σ" });
  const off = single.map((bound, i) => bound - bounds[i % N]!);
  near(show, "one-draw ELBO less the exact one", mean(off), 0, 4 * standardError(off), "4 standard errors");
  const found = mean(single.map((bound, i) => Number(bound > evidence[i % N]!)));
  const margin = 4 * Math.sqrt(above * (1 - above) / single.length);
  near(show, "share of the draws above log p(x)", found, above, margin, "q's, by the grid; 4 standard errors");
  const order = Array.from(range(N)).sort((a, b) => gaps[b]! - gaps[a]!);
  const below = (of: number[]) => ({ x: range(N), y: order.map((n) => of[n]! - evidence[n]!) });
  const dots = { name: "one draw", as: "dots", ...below(single) } as const;
  const series = [{ name: "log p(x)", ...below(evidence) }, { name: "ELBO", ...below(bounds) }, dots];
  const axes = { x: { label: "images, the largest gap first" }, y: { label: "nats above log p(x)" } };
  await show.lines("gaps", "Below log p(x) on average, but not in every single draw", { series, ...axes });
  show.figure("gaps", gaps);
  return { bounds, gaps };
}

// ## 9.6 The encoder's share
//
// The gap has two causes. q(z | x) is an **oval**, a Gaussian with axes along z[0] and z[1], but the posterior may be
// slanted or bent. And one encoder guesses for all images. So find the best oval for each image. What it leaves of the
// gap is the **approximation gap**; the rest, the **amortization gap**, is the encoder's (Cremer et al. 2018).

/** The μ and log σ² that make each image's gap least, from the encoder's on, `[N, 2]` each. */
export function bestOvals(codes: Tensor, logJoint: Tensor, q: { mu: Tensor; logVar: Tensor }, steps: number) {
  const [mu, logVar] = [tf.variable(q.mu), tf.variable(q.logVar)];
  const adam = tf.train.adam(0.05);
  for (let step = 0; step < steps; step++) {
    adam.minimize(() => gapOnGrid(codes, logJoint, mu, logVar).sum().asScalar(), false, [mu, logVar]);
  }
  adam.dispose();
  return { mu, logVar };
}

// ### Check
async function theShare(show: Show, { q, codes, joint }: Summed, gaps: number[]): Promise<void> {
  show.title("9.6 The encoder's share");
  const best = bestOvals(codes, joint, q, 60);
  const oval = mean(await numbers(() => gapOnGrid(codes, joint, best.mu, best.logVar)));
  show.text(`the gap: ${mean(gaps).toFixed(2)} nats on average; with the best oval: ${oval.toFixed(2)}`);
  const found = 1 - oval / mean(gaps);
  show.claim("the encoder's share of the gap", assertGreater, { found, expected: 0.5, from: "more than half" });
  tf.dispose([best.mu, best.logVar]);
}

// ## 9.7 Weights against the truth
//
// Importance weights need no grid. Encode an image, draw K codes from its q(z | x), and weigh each:

/** log r of one image `[1, 28, 28, 1]` at K codes, made of noise `[K, 2]`: `[K]`. */
export function logWeights(vae: LayersVae, image: Tensor, eps: Tensor): Tensor {
  const { mu, logVar } = vae.encode(image); // [1, 2] each
  const z = tf.add(mu, tf.exp(logVar.div(2)).mul(eps)); // [K, 2], lesson 3
  const logits = vae.decode(z); // [K, 28, 28, 1]
  const logLikelihood = tf.sub(image.mul(logits), tf.softplus(logits)).sum([1, 2, 3]); // log p(x | z), lesson 2
  const logPrior = logGaussian(z, { mu: tf.scalar(0), logVar: tf.scalar(0) }); // log p(z)
  const logQ = logGaussian(z, { mu, logVar }); // log q(z | x)
  return logLikelihood.add(logPrior).sub(logQ); // [K]
}

// In the library `importanceWeighted(vae, { samples: K })` is the loss to train with, and
// `logEvidence(vae, examples, { samples })` the estimate to report, often from 5,000 codes, with its standard error.
//
// *Predict, then run.* How much of the gap do 5 codes close, and how much do 50?

// ### Check
async function onImages(show: Show, { vae, images, evidence }: Summed, bounds: number[], seed: number): Promise<void> {
  show.title("9.7 Weights against the truth: 500 codes an image");
  const source = random(seed);
  const drawn = (n: number) => numbers(() => logWeights(vae, images.slice(n, 1), source.normal([500, 2])));
  const logR = await Array.fromAsync(evidence.keys(), drawn); // [N][500]
  const by = (K: number) => {
    const each = logR.map((row) => Array.from(range(500 / K), (i) => logMeanExp(row.slice(K * i, K * i + K))));
    return { nats: mean(each.map(mean)), error: Math.hypot(...each.map((nats) => standardError(nats))) / each.length };
  };
  const [exact, five, fifty, truth] = [mean(bounds), by(5), by(50), mean(evidence)];
  const found = { "ELBO": exact, "5 codes": five.nats, "50 codes": fifty.nats, "log p(x)": truth };
  const rows = Object.entries(found).map(([name, nats]) => [name, nats.toFixed(2), (truth - nats).toFixed(2)]);
  show.table("Nats an image, on average", { columns: ["", "nats", "below log p(x)"], rows });
  show.figure("bounds", found);
  const [low, high] = [exact - 4 * five.error, truth + 4 * fifty.error];
  show.claim("5 codes", assertGreaterOrEqual, { found: five.nats, expected: low, from: "the ELBO; 4 standard errors" });
  show.claim("50 codes", assertGreaterOrEqual, { found: fifty.nats, expected: five.nats, from: "5 codes: Jensen" });
  show.claim("50, too", assertLessOrEqual, { found: fifty.nats, expected: high, from: "log p(x); 4 standard errors" });
  const objective = importanceWeighted(vae, { samples: 500 });
  const [loss = NaN] = await numbers(() => objective.terms({ x: images.slice(0, 1) }, random(seed), {}).loss);
  near(show, "importanceWeighted, one image", loss, -logMeanExp(logR[0]!), 0.01, "ours, the same noise; float32");
  const batch = (of: ArrayLike<number>) => ({ x: tf.gather(images, Array.from(of)) });
  const library = await logEvidence(vae, { count: evidence.length, batch }, { samples: 50, seed: seed + 1 });
  const margin = 4 * Math.hypot(library.standardError, fifty.error * Math.sqrt(10));
  near(show, "logEvidence, 50 codes", library.mean, fifty.nats, margin, "ours, other noise; 4 standard errors");
}

// ## 9.8 What was left out, and where to read on
//
// - **To read next**: Kingma and Welling 2019, *An Introduction to Variational Autoencoders*.
// - **Tighter bounds**: Burda, Grosse and Salakhutdinov 2015. **Better guesses** than an oval: normalizing flows
//   (Rezende and Mohamed 2015). **Other weights of the KL**: β-VAE (Higgins et al. 2017). **Other priors**, to fill
//   lesson 8's holes: Tomczak and Welling 2018. **Discrete codes**: van den Oord et al. 2017.
// - **Many layers of codes**, with which pictures become sharp (Vahdat and Kautz 2020; Child 2021), and diffusion, a
//   VAE of very many layers whose encoder adds noise (Ho et al. 2020), often to codes (Rombach et al. 2022).
//
// The course ends here. Most VAEs have codes of more than two numbers, too many for a grid; importance weights remain.
//
// ## Try it
//
// 1. `--points 1000`. What does the first claim of 9.4 find, and what does it protect you from?
// 2. In 9.2 let `guess` be the posterior, `{ mu: 2 / 3, variance: 1 / 9 }`. First predict: what becomes of the table?
// 3. In 9.2 double the variance of `guess`. What does that cost with one code, and what with 50?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  sums(show);
  weights(show, options.seed);
  await signal(show, options.seed);
  const digits = await loadImages(options.data, show.fetch, { divisibleBy: 4, tell: show.text });
  const vae = convVae({ image: digits.train.shape, seed: options.seed });
  const sum = await summed(show, digits, vae, options);
  if (sum) {
    const { bounds, gaps } = await theGap(show, sum, options.seed);
    await theShare(show, sum, gaps);
    await onImages(show, sum, bounds, options.seed);
    tf.dispose([sum.images, sum.codes, sum.joint, sum.q.mu, sum.q.logVar]);
  }
  vae.dispose();
}

if (import.meta.main) {
  const question = "How much does the bound leave behind?";
  await runLesson({ name: "09_evidence", question, text, defaults, keepsModel: true, lesson });
}
