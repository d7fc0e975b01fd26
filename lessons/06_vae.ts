/**
 * # 6. What is a VAE, in forty lines?
 *
 * ```math
 * \text{loss}(x) = -\log p(x \mid z) + \mathrm{KL}(q(z \mid x) \,\|\, p(z)),
 * \qquad z = \mu(x) + \sigma(x) \odot \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I)
 * ```
 *
 * - **You need**: lessons 2 (the reconstruction), 3 (how z is drawn), 4 (the KL) and 5 (why their sum is the loss).
 * - **You leave with**: every line of a VAE, written out and trained; the library's words for the same lines; and what
 *   goes wrong when a sum is replaced by a mean.
 * - **Run** (about 25 seconds): `deno run lessons/06_vae.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { autoencoder, type CommonOptions, type Dataset, denseVae, elbo, klPerDimension } from "../mod.ts";
import { loadImages, logBernoulli, meanImageLoss, negativeElbo, numbers, type Tensor, train } from "../mod.ts";
import { principalComponents, type Random, random, range, runLesson, type Show, squaredError, take } from "../mod.ts";
import text from "./06_vae.ts" with { type: "text" };

export const defaults = { epochs: 4, batch: 128, latent: 20, hidden: 400 };
type Options = typeof defaults & CommonOptions;

// Lesson 5 ended with a loss: make it smaller, and a model of x gets better. This lesson does that for images of
// digits, with the machine of Kingma and Welling (2013) and of Rezende, Mohamed and Wierstra (2014).

// ## 6.1 What flows where
//
// Read the drawing from left to right. The **encoder** looks at x and says where its code may lie: it gives a μ and a
// log σ² for each number of the code. The noise ε comes from outside. The **decoder** turns z into x̂, a probability
// for each pixel. Below stand the two terms of the loss: the KL depends on μ and σ, the reconstruction on x and x̂.
//
// The gradient runs along the same arrows backwards. From the reconstruction it goes through the decoder into z, from
// there into μ with slope 1 and into σ with slope ε (lesson 3), and on into the encoder. From the KL it goes straight
// into the encoder. Nothing has to go into ε, which depends on no weight. As ε is an input, a draw can be repeated.

export const DRAWING = `
                                   ε ~ N(0, I)
                                   ▼
   x ──▶ encoder ──▶ μ, σ ──▶ z = μ + σε ──▶ decoder ──▶ x̂
   │                  ▼                                  │
   │         KL(q(z | x) ‖ p(z))                         │
   └──────────────────▶ -log p(x | z) ◀──────────────────┘
`;

// ## 6.2 The machine
//
// Now the machine itself, in about forty lines, from here to the end of 6.3. Two sizes recur: B images in a batch, L
// numbers in a code. A layer has a matrix W and a bias b, and turns h into h W + b. W starts with random numbers of
// variance 2 / (inputs + outputs), a compromise under which neither what goes through a layer nor the slopes that come
// back through it grow or shrink much (Glorot and Bengio 2010).

/** A matrix and a bias. */
type Layer = { W: tf.Variable; b: tf.Variable };

const layer = (inputs: number, outputs: number, source: Random): Layer =>
  tf.tidy(() => ({
    W: tf.variable(source.normal([inputs, outputs]).mul(Math.sqrt(2 / (inputs + outputs)))),
    b: tf.variable(tf.zeros([outputs])),
  }));

const through = ({ W, b }: Layer, h: Tensor) => tf.matMul(h, W).add(b);

/** Five layers: three for the encoder, of which two share the first one's output, and two for the decoder. */
export function machine(H: number, L: number, seed: number, D = 784) {
  const source = random(seed);
  const [look, toMu, toLogVar] = [layer(D, H, source), layer(H, L, source), layer(H, L, source)];
  const [unfold, draw] = [layer(L, H, source), layer(H, D, source)];
  return { look, toMu, toLogVar, unfold, draw };
}
type Machine = ReturnType<typeof machine>;
const weights = (m: Machine) => Object.values(m).flatMap(({ W, b }) => [W, b]);

// The encoder ends in two layers side by side. The second gives log σ², because any number can be a logarithm, whereas
// σ would have to be kept positive. For the same reason the decoder ends in **logits**: lesson 2's cross-entropy takes
// them as they are, and the probabilities 1 / (1 + e^-logit) are only needed to draw a picture.

export function encode(m: Machine, x: Tensor) {
  const h = tf.relu(through(m.look, x)); // [B, H]
  return { mu: through(m.toMu, h), logVar: through(m.toLogVar, h) }; // [B, L] each
}

export function decode(m: Machine, z: Tensor) {
  return through(m.draw, tf.relu(through(m.unfold, z))); // logits, [B, 784]
}

// ## 6.3 Two terms, and a step
//
// Here are the two terms of the loss, each line from a lesson of its own. The check compares their slopes with the
// library's, and so shows whether the lines marked ✎ are right.

/** What each pixel and each number of the code costs, in nats: `[B, 784]` and `[B, L]`. */
export function terms(m: Machine, x: Tensor, eps: Tensor) {
  const { mu, logVar } = encode(m, x);
  const z = mu.add(tf.exp(logVar.mul(0.5)).mul(eps)); // ✎ 6.3a
  const logits = decode(m, z);
  const pixels = tf.softplus(logits).sub(x.mul(logits)); // lesson 2: log(1 + e^l) - x l
  const codes = mu.square().add(tf.exp(logVar)).sub(1).sub(logVar).mul(0.5); // ✎ 6.3b
  return { pixels, codes };
}

/** The loss: summed over pixels, summed over the numbers of the code, averaged over the batch. */
export const sums: Reduction = ({ pixels, codes }) => pixels.sum(1).add(codes.sum(1)).mean();
export type Reduction = (costs: { pixels: Tensor; codes: Tensor }) => tf.Scalar;

// Last, a step. As in lesson 1, `minimize` runs the chain rule, here along 6.1's arrows backwards, and **Adam** (Kingma
// and Ba 2014) moves every weight against its slopes: by their running mean, divided by the root of the running mean of
// their squares, times the learning rate. Where a slope keeps its sign the step is long; where the sign changes, short.

/** Makes a step; returns the loss as it was before. */
export const step = (adam: tf.Optimizer, m: Machine, x: Tensor, eps: Tensor, reduce = sums) =>
  adam.minimize(() => reduce(terms(m, x, eps)), true, weights(m))!;

// That is all. Our library has the same parts: `denseVae` makes the five layers, `elbo(vae, x, eps)` draws z and
// returns both terms and the ELBO, `negativeElbo(vae)` is the loss, and `train(negativeElbo(vae), images)` is a
// generator, which makes a step whenever your loop asks for the next one. Do they do what we wrote down? Start both
// from the same weights, give both the same images and ε, and let both make a hundred steps. Compare every slope of the
// first step, and the loss of the last, in which small differences would have grown.

// ### Check
async function twoVersions(show: Show, digits: Dataset, seed: number): Promise<void> {
  const [D, H, L, steps, B] = [sizeOf(digits), 64, 20, 100, Math.min(32, digits.train.count)];
  show.title(`6.3 Two terms, and a step: ${D}-${H}-${L}, ${steps} steps of ours and of the library's`);
  const [m, vae] = [machine(H, L, seed, D), denseVae({ shape: [D], hidden: H, latent: L })];
  weights(m).forEach((w, i) => vae.variables[i]?.assign(w));
  const [x, eps] = [flat(digits.train, range(B)), random(seed).normal([B, L])];
  const slopes = (of: tf.Variable[], loss: () => Tensor) =>
    tf.concat(Object.values(tf.variableGrads(() => loss().mean(), of).grads).map((slope) => slope.flatten()));
  const [apart = NaN] = await numbers(() => {
    const ours = slopes(weights(m), () => sums(terms(m, x, eps)));
    const theirs = slopes(vae.variables, () => elbo(vae, x, eps).elbo.neg());
    return ours.sub(theirs).abs().max().div(theirs.abs().max());
  });
  show.claim("largest difference of slopes", assertLess, { found: apart, expected: 1e-5, from: "0; float32" });
  const [objective, adam] = [negativeElbo(vae), tf.train.adam(0.001)];
  const sameNoise = { ...objective, terms: () => objective.terms({ x }, random(seed), {}) };
  const images = { count: B, batch: () => ({ x: x.clone() }) };
  let [ours, theirs] = [NaN, NaN];
  for await (const { loss = NaN } of train(sameNoise, images, { epochs: steps, batchSize: B, readEvery: 1 })) {
    [[ours = NaN], theirs] = [await numbers(() => step(adam, m, x, eps)), loss];
  }
  const last = { expected: theirs, margin: 3e-4 * theirs, from: "the library's; in float32 differences grow" };
  show.claim(`loss of step ${steps}`, assertAlmostEquals, { found: ours, ...last });
  tf.dispose([x, eps, weights(m)]);
  vae.dispose();
  adam.dispose();
}

// ## 6.4 It learns
//
// Let it run: shuffle the images, take a batch, draw the noise, make a step.
//
// *Predict, then run.* At first all logits are near 0, so each of 784 pixels is grey, ρ = ½. What is the first loss?

/** Trains a machine for some epochs; yields the loss of each step. */
export async function* learn(m: Machine, images: Images, { epochs, batch, latent, seed }: Options, reduce = sums) {
  const [source, adam] = [random(seed), tf.train.adam(0.001)];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = source.permutation(images.count);
    for (let from = 0; from < images.count; from += batch) {
      const some = order.subarray(from, from + batch); // B of them
      const eps = () => source.normal([some.length, latent]); // [B, L]
      const [loss = NaN] = await numbers(() => step(adam, m, flat(images, some), eps(), reduce));
      yield loss;
    }
  }
  adam.dispose();
}

type Images = Dataset["train"];
const flat = (images: Images, indices: ArrayLike<number>) =>
  tf.tidy(() => images.batch(indices).x.reshape([indices.length, -1])); // [B, D], D = H·W·C: 784
const sizeOf = (digits: Dataset) => tf.util.sizeFromShape(digits.train.shape); // D

// Is the result any good? MNIST has 70,000 scanned digits, 10,000 of them held out; `--data mnist` fetches it. For a
// machine of just these sizes the held-out losses on MNIST have been published, so we know what each epoch should give.
// Judge a VAE with z **drawn**, as it was trained: at z = μ the loss looks better, but it is not the negative ELBO.

/** Held-out losses after epochs 1 to 10, as published for this model on grey MNIST (pytorch/examples, z drawn). */
export const PUBLISHED = [127.3, 115.79, 112.22, 109.64, 108.54, 107.7, 107.07, 106.66, 106.04, 105.56];

/** Held-out reconstruction, KL and their sum in nats per image: at z drawn or, without a seed, at z = μ. */
export async function judge(m: Machine, images: Images, seed?: number) {
  const shape = [images.count, m.toMu.b.size]; // [B, L]
  const [reconstruction = NaN, kl = NaN] = await numbers(() => {
    const eps = seed === undefined ? tf.zeros(shape) : random(seed).normal(shape);
    const { pixels, codes } = terms(m, flat(images, range(images.count)), eps);
    return tf.stack([pixels.sum(1).mean(), codes.sum(1).mean()]); // [2]
  });
  return { reconstruction, kl, loss: reconstruction + kl };
}
type Nats = Awaited<ReturnType<typeof judge>>;

// ### Check
/** Shows rows of digits, `[8, 784]` each, by their names, and frees them. */
async function gallery(show: Show, digits: Dataset, name: string, caption: string, rows: Record<string, Tensor>) {
  const all = Object.values(rows);
  const images = tf.tidy(() => tf.concat(all.map((row) => row.reshape([-1, ...digits.train.shape]))));
  await show.images(name, caption, images, { columns: all[0]!.shape[0]!, rows: Object.keys(rows) });
  tf.dispose([images, ...all]);
}

// ### Check
async function itLearns(show: Show, digits: Dataset, m: Machine, options: Options): Promise<void> {
  const { batch, latent, hidden, seed, epochs } = options;
  show.title(`6.4 It learns: ${epochs} epochs of ${digits.train.count} images`);
  const x = flat(digits.test, range(Math.min(8, digits.test.count))); // [8, 784]
  const seen = () => tf.tidy(() => tf.sigmoid(decode(m, encode(m, x).mu))); // [8, 784]
  const pictures: Record<string, Tensor> = { "held-out": x, "before": seen() };
  const [losses, test]: [number[], number[]] = [[], []];
  const [D, steps] = [m.draw.b.size, Math.ceil(digits.train.count / batch)]; // pixels; steps in an epoch
  for await (const loss of learn(m, digits.train, options)) {
    if (losses.push(loss) === Math.ceil(steps / 10)) pictures["after a tenth of an epoch"] = seen();
    if (losses.length % steps) continue;
    const { reconstruction, kl, loss: sum } = await judge(m, digits.test, seed);
    const parts = `${reconstruction.toFixed(2)} + KL ${kl.toFixed(2)}`;
    show.text(`epoch ${test.push(sum)}: held-out ${sum.toFixed(2)} = ${parts}`);
  }
  show.figure("test", test);
  await gallery(show, digits, "learning", "What it makes of held-out digits", { ...pictures, "in the end": seen() });
  const [first = NaN, heldOut = NaN] = [losses[0], test.at(-1)];
  const grey = { expected: D * Math.log(2), margin: D / 39, from: `${D} log 2; logits and codes are only nearly 0` };
  show.claim("the first loss, in nats per image", assertAlmostEquals, { found: first, ...grey });
  const blind = { expected: meanImageLoss(digits), from: "the mean image's" };
  show.claim("held-out loss", assertLess, { found: heldOut, ...blind });
  const { loss: atMean } = await judge(m, digits.test);
  show.claim("the same at z = μ", assertLess, { found: atMean, expected: heldOut, from: "with z drawn" });
  const asPublished = digits.name === "mnist" && batch === 128 && latent === 20 && hidden === 400;
  for (const [epoch, margin] of asPublished ? [[1, 2], [10, 1]] as const : []) {
    const [found, expected = NaN] = [test[epoch - 1], PUBLISHED[epoch - 1]];
    const published = { expected, margin, from: "published; runs differ by their seeds" };
    if (found) show.claim(`held-out loss after epoch ${epoch}`, assertAlmostEquals, { found, ...published });
  }
}

// ## 6.5 Sums, means, and what goes wrong
//
// Why sums over pixels and over the numbers of the code, and a mean over the batch? log p(x | z) of independent pixels
// is a **sum** over pixels, and the KL of independent numbers a **sum** over numbers. The batch stands for a data set,
// whose log-likelihood per image is a **mean** over images. A sum over the batch would only multiply the loss, and Adam
// divides that out again. But frameworks often take means over pixels and numbers by default. The loss is then a ·
// reconstruction + b · KL, and what counts is β = b / a: a nat of KL must improve the reconstruction by β nats.

/** Over pixels, and over the numbers of the code: sum or mean? With the β that it trains, for codes of 20 numbers. */
export const lossesOf = (D: number): [name: string, beta: number, reduce: Reduction][] => [
  ["sum, sum", 1, sums],
  ["mean, mean", D / 20, ({ pixels, codes }) => pixels.mean(1).add(codes.mean(1)).mean()],
  ["mean, sum", D, ({ pixels, codes }) => pixels.mean(1).add(codes.sum(1)).mean()],
  ["sum, mean", 1 / 20, ({ pixels, codes }) => pixels.sum(1).add(codes.mean(1)).mean()],
];

// *Predict, then run.* What becomes of the KL under each of the other three? "Mean, sum" looks innocent, but its β is
// 784: times 784, the loss is R + 784 KL. A decoder that always says the mean image costs R₀, about 200 nats, and no
// KL. Anything better has R + 784 KL < R₀ and, as R is not negative, a KL below R₀ / 784, a quarter of a nat. That says
// hardly anything about an image: the code must **collapse**, whatever the network. "Mean, mean", a common mistake, has
// a β of 39.2, and the code collapses too. Under "sum, mean" β is 1/20, and a code is almost free. The KL rises and the
// reconstruction gets better, but lesson 1's trouble comes back: little keeps q(z | x) from shrinking towards a point,
// and the decoder hardly meets what the prior draws. A VAE with another β, chosen on purpose, is a **β-VAE**.

// ### Check
async function reductions(show: Show, digits: Dataset, options: Options): Promise<void> {
  const [hidden, latent, D] = [100, 20, sizeOf(digits)];
  show.title(`6.5 Sums, means, and what goes wrong: ${D}-${hidden}-${latent}`);
  const x = flat(digits.test, range(Math.min(8, digits.test.count))); // [8, 784]
  const z = random(options.seed).normal([x.shape[0], latent]);
  const [pictures, found]: [Record<string, Tensor>, Nats[]] = [{ "held-out": x }, []];
  for (const [name, , reduce] of lossesOf(D)) {
    const m = machine(hidden, latent, options.seed, D);
    await Array.fromAsync(learn(m, take(digits.train, 10_000), { ...options, latent }, reduce)); // to its end
    found.push(await judge(m, digits.test, options.seed));
    pictures[name] = tf.tidy(() => tf.sigmoid(decode(m, encode(m, x).mu)));
    pictures[`draws: ${name}`] = tf.tidy(() => tf.sigmoid(decode(m, z)));
    tf.dispose(weights(m));
  }
  const rows = lossesOf(D).map(([name, beta], i) => [name, beta, ...Object.values(found[i]!).map((v) => v.toFixed(2))]);
  const columns = ["pixels, codes", "β", "reconstruction", "KL", "-ELBO"];
  show.table("Held-out, in nats per image: what each of them trains", { columns, rows });
  await gallery(show, digits, "reductions", "Reconstructions, and draws", pictures);
  const [one, means, none, free] = found as [Nats, Nats, Nats, Nats];
  const [from, ceiling] = ["that at β = 1", { expected: meanImageLoss(digits) / D, from: `R₀ / ${D}` }];
  show.claim(`KL at β = ${D}, in nats`, assertLess, { found: none.kl, ...ceiling });
  show.claim(`KL at β = ${D / 20}`, assertLess, { found: means.kl, expected: one.kl / 10, from: `a tenth of ${from}` });
  const [better, worse] = [{ expected: one.reconstruction, from }, { expected: one.loss, from }];
  show.claim("KL at β = 0.05", assertGreater, { found: free.kl, expected: one.kl, from });
  show.claim("reconstruction at β = 0.05", assertLess, { found: free.reconstruction, ...better });
  show.claim("-ELBO at β = 0.05", assertGreater, { found: free.loss, ...worse });
  z.dispose();
}

// ## 6.6 A fair contest of dreams
//
// Lesson 1's autoencoder could not dream, because nothing said where its codes should lie. Give it a fair chance: the
// same sizes, the same epochs, and for its dreams the Gaussian that fits its own codes, as in 1.5. Shift, turn and
// scale its codes to mean 0 and covariance I. Then N(0, I) is a prior for them, and the autoencoder can be scored as if
// it were a VAE. Only a q(z | x) is missing: take N(its code, τ²), and try several τ. Each number of the code then
// costs ½ (μ² + τ² - 1 - log τ²); as μ² is about 1 on average, that is ½ τ² + log(1/τ), which is much if τ is small. If
// τ is large the decoder cannot tell one code from another.
//
// The prior also shows in the codes. A VAE's code, drawn from q(z | x), has the mean square μ² + σ², averaged over
// images. It would be 1 if all q(z | x) together were the prior. The smaller part of it is σ², the variance of a single
// q(z | x); the rest, μ², tells images apart. Nothing keeps the autoencoder's codes, before they are scaled, small.
//
// *Predict, then run.* For every τ the result is a bound, as the VAE's is. How near to the VAE's does the best come?

// ### Check
async function dreams(show: Show, digits: Dataset, m: Machine, options: Options): Promise<void> {
  const { epochs, batch: batchSize, latent, hidden, seed } = options;
  show.title("6.6 A fair contest of dreams");
  const plain = autoencoder({ latent, hidden: [hidden], shape: digits.train.shape, seed });
  for await (const step of train(squaredError(plain), digits.train, { epochs, batchSize, seed })) show.progress(step);
  const codes = tf.tidy(() => plain.encode(digits.train.batch(range(Math.min(1e4, digits.train.count))).x)); // [N, L]
  const { mean, components, variances } = await principalComponents(codes);
  const outwards = (z: Tensor) => plain.decode(tf.matMul(z.mul(tf.sqrt(variances)), components).add(mean));
  const x = tf.tidy(() => digits.test.batch(range(digits.test.count)).x); // [N, 28, 28, 1]
  const eps = random(seed).normal([digits.test.count, latent]);
  const noises = [0.05, 0.1, 0.2, 0.3, 0.5, 1];
  const nats = await numbers(() => {
    const mu = tf.matMul(plain.encode(x).sub(mean), components, false, true).div(tf.sqrt(variances)); // [N, L]
    return tf.stack(noises.map((tau) => {
      const rho = tf.clipByValue(outwards(mu.add(eps.mul(tau))), 1e-4, 1 - 1e-4);
      const kl = klPerDimension({ mu, logVar: tf.fill(mu.shape, 2 * Math.log(tau)) }).sum(1);
      return kl.sub(logBernoulli(x, tf.log(rho.div(tf.sub(1, rho))))).mean();
    })); // [6]
  });
  const table = { columns: ["τ", ...noises.map(String)], rows: [["nats", ...nats.map((each) => each.toFixed(1))]] };
  show.table("The autoencoder's held-out -ELBO with its own Gaussian, by the noise τ in its codes", table);
  const z = eps.slice(0, Math.min(8, digits.test.count));
  await gallery(show, digits, "dreams", "Real digits, and dreams", {
    "held-out": x.slice(0, z.shape[0]),
    "VAE, prior": tf.tidy(() => tf.sigmoid(decode(m, z))),
    "autoencoder, its Gaussian": tf.tidy(() => outwards(z)),
    "autoencoder, N(0, I)": plain.decode(z),
  });
  const [{ loss }, sharp = NaN, best] = [await judge(m, digits.test, seed), nats[0], Math.min(...nats)];
  const told = { expected: sharp, from: "the autoencoder's at τ = 0.05, where log(1/τ) alone is 3 nats a number" };
  show.claim("held-out -ELBO of the VAE", assertLess, { found: loss, ...told });
  const close = { found: best - loss, expected: (sharp - loss) / 2, from: "half of what is missing at τ = 0.05" };
  if (latent >= 10) show.claim("what the autoencoder misses with the best τ", assertLess, close); // few cost little
  const [one = NaN, all = NaN, elsewhere = NaN] = await numbers(() => {
    const { mu, logVar } = encode(m, flat(digits.test, range(digits.test.count))); // [N, L] each
    return tf.stack([tf.exp(logVar).mean(), mu.square().add(tf.exp(logVar)).mean(), codes.square().mean()]); // [3]
  });
  const [half, twice] = [{ expected: all / 2, from: "half of μ² + σ²" }, { expected: 2 * all, from: "twice μ² + σ²" }];
  show.claim("mean variance of a single q(z | x)", assertLess, { found: one, ...half });
  show.claim("mean square of the autoencoder's codes", assertGreater, { found: elsewhere, ...twice });
  tf.dispose([codes, mean, components, x, eps, z]);
  plain.dispose();
}

// So with the best τ, and a Gaussian fitted to its codes, a trained autoencoder comes near to a VAE. Training a VAE
// does both from the start: its encoder chooses a σ for each image and number, its decoder learns from draws, and its
// many small q(z | x) together come near to the prior. It takes two networks, a line with noise, and two sums.
//
// ## Try it
//
// 1. In 6.4's `learn` multiply the noise by 0: `.mul(0)` behind `source.normal(…)`. What becomes of σ, and of the loss
//    with z drawn?
// 2. `--latent 2`. Does the held-out loss of 6.4 rise or fall? What happens to its KL part?
// 3. With MNIST's four files in a directory (see `data/README.md`), compare with `PUBLISHED` (a few minutes):
//    `deno run --allow-read=DIRECTORY lessons/06_vae.ts --data DIRECTORY --epochs 10`.
//
// Answers, and those of the lines marked ✎: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  show.text(DRAWING);
  const digits = await loadImages(options.data, show.fetch, { tell: show.text });
  const m = machine(options.hidden, options.latent, options.seed, sizeOf(digits));
  await twoVersions(show, digits, options.seed);
  await itLearns(show, digits, m, options);
  await reductions(show, digits, options);
  await dreams(show, digits, m, options);
  tf.dispose(weights(m));
}

if (import.meta.main) {
  await runLesson({ name: "06_vae", question: "What is a VAE, in forty lines?", text, defaults, lesson });
}
