/**
 * # 1. What survives a squeeze?
 *
 * ```math
 * \min_{f, g} \; \frac1N \sum_{n=1}^{N} |x_n - g(f(x_n))|^2, \qquad
 * f : \mathbb{R}^{784} \to \mathbb{R}^{8}, \quad g : \mathbb{R}^{8} \to \mathbb{R}^{784}
 * ```
 *
 * with N images x, |v| the length of a vector v, and f and g from a family of functions that can be trained.
 *
 * - **You need**: derivatives, matrices, what a variance and a Gaussian are; a little TypeScript.
 * - **You leave with**: an encoder, a code and a decoder, trained; what the best *linear* squeeze is; and why a plain
 *   autoencoder cannot make new digits.
 * - **Run** (about 10 seconds): `deno run lessons/01_autoencoder.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Autoencoder, autoencoder, type CommonOptions, type Dataset, InputError, loadImages } from "../mod.ts";
import { type PrincipalComponents, principalComponents, type Random, random, range, runLesson } from "../mod.ts";
import { type Show, squaredDistances, squaredError, type Step, type Tensor, type Tensor2D, train } from "../mod.ts";
import text from "./01_autoencoder.ts" with { type: "text" };

export const defaults = { epochs: 5, latent: 8, hidden: 128 };
type Options = typeof defaults & CommonOptions;

// A digit here is 28×28 = 784 numbers between 0 (black) and 1 (white). Draw 784 random numbers and you will never see a
// digit: almost all of that space is noise. So a digit should have a shorter description. We make a machine find one,
// by forcing every image through a code of a few numbers:
//
// ```text
//   image x  ──▶  encoder f  ──▶  code z  ──▶  decoder g  ──▶  reconstruction x̂
//  784 numbers                   8 numbers                        784 numbers
// ```
//
// Encoder and decoder are formulas full of adjustable numbers, the **weights**, which are random at first. **Training**
// changes them so that x̂ comes closer to x. How far apart the two are, averaged over images, is the **loss**.
//
// Read a lesson from top to bottom, each section beside what it prints. What follows the line `### Check` compares the
// numbers found with numbers known in advance; you can skip it at first. A line that ends in ✎ is an exercise: replace
// what follows its `=` or `return` with `NaN`, work it out from the text, and run the lesson: the checks say whether
// you were right. At *Predict, then run* decide on an answer before you look. All answers are in `lessons/answers.md`.

// ## 1.1 By hand: two numbers into one
//
// The smallest squeeze takes points (x₁, x₂), here of a long, slanted cloud, through a code of one number. The code is
// z = f₁ x₁ + f₂ x₂, the reconstruction is x̂ = (g₁ z, g₂ z), on the line through 0 along g, and the loss |x - x̂|².
//
// How does the loss change with each weight? Call its derivative with respect to a weight its **slope** along that
// weight. With the error r = x - x̂, the chain rule gives the slope -2 r₁ z along g₁ and -2 (g₁ r₁ + g₂ r₂) along z. As
// ∂z/∂f₁ = x₁, the slope along f₁ is x₁ times the one along z. The same holds for g₂ and f₂. **Gradient descent** takes
// a small step against the slopes, averaged over all points, again and again. The **learning rate** sets its size.

/** Trains the two-number autoencoder by gradient descent; returns its mean squared error after the last step. */
export function trainByHand(points: [number, number][], steps: number, rate: number): number {
  let [f1, f2, g1, g2] = [0.1, 0.2, 0.2, 0.1];
  let loss = 0;
  for (let step = 0; step <= steps; step++) {
    let [df1, df2, dg1, dg2] = [0, 0, 0, 0]; // the slopes
    loss = 0;
    for (const [x1, x2] of points) {
      const z = f1 * x1 + f2 * x2; // ✎ 1.1a
      const [r1, r2] = [x1 - g1 * z, x2 - g2 * z]; // decode, and compare
      loss += (r1 ** 2 + r2 ** 2) / points.length;
      const alongZ = -2 * (g1 * r1 + g2 * r2) / points.length; // ✎ 1.1b
      [df1, df2] = [df1 + alongZ * x1, df2 + alongZ * x2];
      [dg1, dg2] = [dg1 - 2 * r1 * z / points.length, dg2 - 2 * r2 * z / points.length];
    }
    [f1, f2, g1, g2] = [f1 - rate * df1, f2 - rate * df2, g1 - rate * dg1, g2 - rate * dg2];
  }
  return loss;
}

// What is the best it can do? All reconstructions lie on one line through 0, so a point's loss is at least its squared
// distance to that line. The best line runs along the cloud; what remains is the mean square across it. Let a, b and d
// be the means of x₁², x₁x₂ and x₂². Along a direction u of length 1 the mean square is a u₁² + 2b u₁u₂ + d u₂²; its
// least value is the smaller eigenvalue of the matrix [[a, b], [b, d]], which is (a + d - √((a - d)² + 4b²)) / 2.
//
// *Predict, then run.* The cloud's standard deviation is 1.5 along its length and 0.5 across. What will the loss be?

/** Points of a long cloud along a slanted line. */
export function cloud(count: number, source: Random): [number, number][] {
  return Array.from({ length: count }, () => {
    const [along, across] = [1.5 * source.gaussian(), 0.5 * source.gaussian()];
    return [0.8 * along - 0.6 * across, 0.6 * along + 0.8 * across];
  });
}

/** The least mean square of the points along any direction: the smaller eigenvalue. */
export function varianceAcross(points: [number, number][]): number {
  const mean = (of: (x1: number, x2: number) => number) => points.reduce((sum, x) => sum + of(...x), 0) / points.length;
  const [a, b, d] = [mean((x1) => x1 * x1), mean((x1, x2) => x1 * x2), mean((_, x2) => x2 * x2)];
  return (a + d - Math.sqrt((a - d) ** 2 + 4 * b ** 2)) / 2;
}

// ### Check
function byHand(show: Show, seed: number): void {
  show.title("1.1 By hand: two numbers into one");
  const points = cloud(500, random(seed));
  show.claim("after 500 steps of gradient descent", assertAlmostEquals, {
    found: trainByHand(points, 500, 0.05),
    expected: varianceAcross(points),
    margin: 1e-6,
    from: "the mean square across the best line",
  });
}

// ## 1.2 A linear squeeze of digits, and the best one
//
// Now an image x is a row of 784 numbers, and its code z has 8. Two matrices are still enough: z = x F and x̂ = z G. A
// **tensor** is an array of numbers with a shape, which comments give: `[B, D]` is a batch of B images of D numbers
// each, and a code has L numbers. TensorFlow.js, `tf`, computes with tensors, and finds slopes by itself. Its
// `minimize` does what we did by hand: it computes the loss, finds its slope along every `tf.variable`, and takes a
// step. Two things are new. A step looks at a random **batch** of images, not at all of them, which is faster and
// nearly as good. And the algorithm, **Adam**, adapts the learning rate to each weight. In the code `tf.gather` picks
// rows of a matrix, `as Tensor2D` tells TypeScript that a tensor has two axes, and a `!` that a value is there.

/** Trains a linear autoencoder on images, `[N, D]`; returns its matrices F, `[D, L]`, and G, `[L, D]`. */
export function trainLinear(images: Tensor2D, latent: number, source: Random): [tf.Variable, tf.Variable] {
  const [count, size] = images.shape;
  const f = tf.tidy(() => tf.variable(source.normal([size, latent]).mul(0.05)));
  const g = tf.tidy(() => tf.variable(source.normal([latent, size]).mul(0.05)));
  for (const learningRate of [5e-3, 5e-4]) { // long steps first, then short ones to settle
    const optimizer = tf.train.adam(learningRate);
    for (let step = 0; step < 250; step++) {
      const batch = Int32Array.from({ length: 256 }, () => Math.floor(count * source.uniform()));
      optimizer.minimize(() => {
        const x = tf.gather(images, batch); // [B, D]
        const z = tf.matMul(x, f as Tensor2D); // [B, L]
        return tf.squaredDifference(x, tf.matMul(z, g as Tensor2D)).sum(1).mean(); // ✎ 1.2a
      });
    }
    optimizer.dispose();
  }
  return [f, g];
}

// `tf.tidy` frees all tensors that a function made except those it returns; `await t.data()` fetches the numbers.
//
// Where should it end? The best plane through a cloud of points is known without any training: it is found by
// **principal component analysis**, PCA. The plane is spanned by the directions along which the points vary most, the
// eigenvectors of their covariance matrix with the largest eigenvalues. What is left over is the variance along all
// other directions, the sum of their eigenvalues; in 1.1 the smaller one. The mean is subtracted first, because the
// plane of the reconstructions z G goes through 0.
//
// *Predict, then run.* Of the variance that is left, each principal component takes away as much as one direction can.
// How much of the total will the first 8 of 784 leave over: nearly all, half, or less? The picture tries other numbers.

// ### Check
async function linearSqueeze(show: Show, images: Tensor2D, pca: PrincipalComponents, options: Options): Promise<void> {
  const { latent, seed } = options;
  const rest = [...pca.variances, 0]; // to become what 0, 1, 2, … components leave over
  for (let i = rest.length - 2; i >= 0; i--) rest[i]! += rest[i + 1]!;
  const [all = 0, best = 0] = [rest[0], rest[latent]];
  show.text(`variance: ${all.toFixed(2)}; left over by ${latent} principal components: ${best.toFixed(2)}`);
  const centred = tf.sub(images, pca.mean) as Tensor2D;
  const [f, g] = trainLinear(centred, latent, random(seed));
  const decoded = tf.tidy(() => tf.matMul(tf.matMul(centred, f as Tensor2D), g as Tensor2D)); // [N, D]
  const error = tf.tidy(() => tf.squaredDifference(centred, decoded).sum(1).mean());
  const [found = NaN] = await error.data();
  tf.dispose([centred, f, g, decoded, error]);
  const bound = { found, expected: best * (1 - 1e-4), from: "nothing linear beats PCA; float32" };
  show.claim("squared error of a trained linear autoencoder", assertGreaterOrEqual, bound);
  show.claim("and no more than 1 % above", assertLess, { found, expected: best * 1.01, from: "PCA's residual" });
  await show.lines("left_over", "What a linear squeeze loses: the trained one ends on the curve of the best", {
    series: [
      { name: "PCA", x: range(rest.length).slice(0, 8 * latent), y: rest.slice(0, 8 * latent) },
      { name: "the trained linear autoencoder", x: [latent], y: [found], as: "dots" },
    ],
    x: { label: "numbers in the code" },
    y: { label: "squared error, summed over pixels", from: 0 },
  });
}

// ## 1.3 The network, in eight lines
//
// Digits do not lie in a plane. So put a **hidden layer** h of 128 numbers between x and z, another between z and x̂:
//
// ```text
//   x ──▶ h = max(0, x M₁ + b₁) ──▶ z = h M₂ + b₂ ──▶ h = max(0, z M₃ + b₃) ──▶ x̂ = sigmoid(h M₄ + b₄)
//  784             128                    8                    128                       784
// ```
//
// The constants b, the **biases**, are trained like the matrices. max(0, ·) is called **ReLU**; its kink bends the
// surface on which the decoder's images lie. So does the **sigmoid**, 1 / (1 + e^-l), a little; above all it turns any
// number l into one between 0 and 1, where pixels are. Layers in a row make a **network**, and this is all of it:

/** Weights and biases of two layers: M, b, M, b. */
type Layers = tf.Tensor[];

/** Images to codes, `[B, D]` to `[B, L]`. */
export function encode(x: tf.Tensor, [m1, b1, m2, b2]: Layers): tf.Tensor {
  const h = tf.relu(tf.add(tf.matMul(x, m1!), b1!)); // [B, hidden]
  return tf.add(tf.matMul(h, m2!), b2!); // [B, L]
}

/** Codes to images, `[B, L]` to `[B, D]`. */
export function decode(z: tf.Tensor, [m3, b3, m4, b4]: Layers): tf.Tensor {
  const h = tf.relu(tf.add(tf.matMul(z, m3!), b3!)); // [B, hidden]
  return tf.sigmoid(tf.add(tf.matMul(h, m4!), b4!)); // [B, D]
}

// The library's `autoencoder` is the same network: given its weights, our eight lines make the same codes and images.

// ### Check
async function eightLines(show: Show, digits: Dataset, model: Autoencoder): Promise<void> {
  show.title("1.3 The network, in eight lines");
  const off = tf.tidy(() => {
    const x = digits.test.batch(range(Math.min(8, digits.test.count))).x;
    const [z, theirs] = [encode(x.reshape([x.shape[0], -1]), model.variables.slice(0, 4)), model.encode(x)];
    const images = decode(z, model.variables.slice(4)).reshape(x.shape);
    const differences = [z.sub(theirs), images.sub(model.decode(theirs))];
    return tf.stack(differences.map((difference) => difference.abs().max())).max();
  });
  const [found = NaN] = await off.data();
  off.dispose();
  const agreement = { found, expected: 1e-5, from: "0; float32" };
  show.claim("codes and images of our eight lines, furthest from the library's", assertLess, agreement);
}

// ## 1.4 A bent squeeze
//
// The library's `train` is the loop of 1.2. One pass over all images is an **epoch**. Every epoch takes them in a new
// random order, made from a **seed**, so that you see the same numbers as the next reader.
//
// A model may fit its training images better than new ones. So we judge by **held-out** images, unseen by PCA and the
// autoencoder. One picture shows the loss on both kinds: as long as the two stay together, what is learned holds for
// digits in general. The other shows reconstructions: look at what the linear squeeze smears and the bent one keeps.

async function trainBent(show: Show, digits: Dataset, model: Autoencoder, { epochs, seed }: Options): Promise<Step[]> {
  const steps: Step[] = [];
  const options = { epochs, learningRate: 3e-3, seed, heldOut: digits.test };
  for await (const step of train(squaredError(model), digits.train, options)) { // 1.2's loop, each step handed to us
    show.progress(step);
    steps.push(step);
  }
  return steps;
}

/** PCA's reconstructions of images from the first `latent` components, `[B, D]` to `[B, D]`. */
export function pcaReconstruct(x: Tensor2D, pca: PrincipalComponents, latent: number): Tensor2D {
  const directions = pca.components.slice(0, latent); // [L, D]
  const z = tf.matMul(tf.sub(x, pca.mean), directions, false, true); // [B, L]
  return tf.add(tf.matMul(z, directions), pca.mean) as Tensor2D;
}

// ### Check
async function bentSqueeze(show: Show, digits: Dataset, pca: PrincipalComponents, model: Autoencoder, steps: Step[]) {
  const [{ latent }, { history }] = [model, steps.at(-1)!];
  show.figure("train", history.train.map(({ loss }) => loss));
  show.figure("test", history.test.map(({ loss }) => loss));
  await show.losses("loss", steps);
  const columns = Math.min(8, digits.test.count);
  const [error, shown] = tf.tidy(() => {
    const { x } = digits.test.batch(range(digits.test.count)); // [N, 28, 28, 1]
    const linear = pcaReconstruct(x.reshape([x.shape[0], -1]), pca, latent).reshape(x.shape);
    const rows = [x, linear, model.decode(model.encode(x))].map((images) => images.slice(0, columns));
    return [tf.squaredDifference(x, linear).sum([1, 2, 3]).mean(), tf.concat(rows)]; // [], [24, 28, 28, 1]
  });
  const layout = { columns, rows: ["held-out", "PCA", "autoencoder"] };
  await show.images("reconstructions", `What survives a code of ${latent} numbers`, shown, layout);
  show.claim("held-out squared error of the bent one", assertLess, {
    found: history.test.at(-1)!.loss,
    expected: (await error.data())[0]!,
    from: "PCA's, with a code of the same length",
  });
  tf.dispose([error, shown]);
}

// ## 1.5 It cannot dream
//
// A decoder turns codes into digits. Can it **dream**, and turn new codes into new digits? Which codes? Nothing in
// training said where codes should lie; the encoder put them anywhere. The simplest guess is a Gaussian with the mean
// and the covariance of real digits' codes. Draw from it, decode, and look: many dreams are no digits. Why?
//
// Nothing made the codes fill a Gaussian. So some draws from it fall where no image has its code, and there the decoder
// was never trained. Does that matter? Spread 10,000 codes over a square, and there are √10,000 = 100 of them along
// each side: even a wrong place has real codes close by, and decodes to much the same as they do. In 8 dimensions it is
// the eighth root, about 3 along each side: a wrong place has no real code near it.
//
// We measure two distances: from a code to the *nearest* code of a training image, and from a decoded image to the
// nearest held-out digit. Each is measured for draws and, for comparison, for real digits. The second flatters dreams:
// a grey blur is never far from a digit. For codes of fewer than 8 numbers we claim nothing: real codes are close by.

/** Squared distance from each row, `[B, D]`, to the nearest of others, `[N, D]`: its mean, with its standard error. */
export async function distanceToNearest(x: Tensor2D, others: Tensor2D): Promise<{ mean: number; error: number }> {
  const [average, squared] = tf.tidy(() => {
    const { mean, variance } = tf.moments(squaredDistances(x, others).min(1));
    return [mean, variance.div(x.shape[0])];
  });
  const [[mean = NaN], [square = NaN]] = [await average.data(), await squared.data()];
  tf.dispose([average, squared]);
  return { mean, error: Math.sqrt(square) };
}

// An average of n draws is itself uncertain, by about their standard deviation divided by √n: its **standard error**.
// For one seed in 16,000 an average is further than four standard errors from the truth. The squares of independent
// errors add up, so the error of a difference is `Math.hypot` of both.

/** Draws `[count, L]` from the Gaussian with the codes' mean and covariance: along each eigenvector independently. */
export async function dreamCodes(codes: Tensor2D, count: number, source: Random): Promise<Tensor2D> {
  const { mean, components, variances } = await principalComponents(codes);
  const dreamt = tf.tidy(() => {
    const along = source.normal([count, variances.length]).mul(tf.sqrt(tf.tensor1d(variances))) as Tensor2D;
    return tf.add(tf.matMul(along, components), mean) as Tensor2D;
  });
  tf.dispose([mean, components]);
  return dreamt;
}

// ### Check
async function dreams(show: Show, digits: Dataset, model: Autoencoder, { latent, seed }: Options): Promise<void> {
  show.title("1.5 It cannot dream");
  const count = Math.min(500, digits.train.count, digits.test.count);
  const { codes, heldOut, images } = tf.tidy(() => {
    const { x } = digits.test.batch(range(digits.test.count)); // [N, 28, 28, 1]
    const some = digits.train.batch(range(Math.min(10_000, digits.train.count))).x; // more would fill the memory
    const codes = model.encode(some) as Tensor2D; // [N, L]
    return { codes, heldOut: model.encode(x) as Tensor2D, images: x.reshape([x.shape[0], -1]) as Tensor2D };
  });
  const [real, drawn] = [codes.slice(0, count), await dreamCodes(codes, count, random(seed).split())];
  const [shown, realImages, drawnImages] = tf.tidy((): [Tensor, Tensor2D, Tensor2D] => {
    const [ofReal, ofDrawn] = [model.decode(real), model.decode(drawn)];
    const first = [ofReal, ofDrawn].map((images) => images.slice(0, Math.min(8, count)));
    return [tf.concat(first), ofReal.reshape([count, -1]), ofDrawn.reshape([count, -1])];
  });
  const layout = { columns: Math.min(8, count), rows: ["codes of digits", "random codes"] };
  await show.images("dreams", "Decoded: from codes of real digits, and from codes drawn at random", shown, layout);
  const ofCodes = ["a code to the nearest training code", heldOut, drawn, codes] as const;
  const ofImages = ["a decoded image to the nearest held-out digit", realImages, drawnImages, images] as const;
  for (const [what, ofDigits, ofDraws, others] of [ofCodes, ofImages]) {
    const [near, far] = [await distanceToNearest(ofDigits, others), await distanceToNearest(ofDraws, others)];
    const expected = near.mean + 4 * Math.hypot(near.error, far.error);
    const measured = { found: far.mean, expected, from: `real ones: ${near.mean.toFixed(2)}; 4 standard errors more` };
    if (latent >= 8) show.claim(`squared distance of ${what}, for draws`, assertGreater, measured);
    else show.text(`squared distance of ${what}: real ${near.mean.toFixed(2)}, draws ${far.mean.toFixed(2)}`);
  }
  tf.dispose([codes, heldOut, images, real, drawn, shown, realImages, drawnImages]);
}

// So what survives a squeeze is what it takes to rebuild an image. What is kept nowhere is *which codes are those of
// digits*: the space of codes has holes, and the loss does not count them. The loss of a **variational** autoencoder,
// or VAE, has a second term, which draws all codes towards one known distribution. To write it down, we must first know
// what a reconstruction error claims about the world: lesson 2.
//
// ## Try it
//
// 1. `--latent 2`. By how much do the reconstructions suffer, and what becomes of the dreams?
// 2. `--latent 32`. Predict first: which of the two, PCA or the bent squeeze, gains more?
// 3. `--hidden 16`. The code is as long as before. Which claims fail, and what was lost?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const { latent, hidden, seed } = options;
  byHand(show, seed);
  show.title(`1.2 A linear squeeze of digits: into ${latent} numbers`);
  const digits = await loadImages(options.data, show.fetch, { train: latent + 2, tell: show.text });
  const { count, shape } = digits.train;
  const size = tf.util.sizeFromShape(shape);
  if (latent >= size) throw new InputError(`--latent ${latent} is no squeeze: an image has ${size} numbers.`);
  const images = tf.tidy(() => digits.train.batch(range(count)).x.reshape([count, -1]) as Tensor2D); // [N, D]
  const pca = await principalComponents(images);
  await linearSqueeze(show, images, pca, options);
  images.dispose();
  const model = autoencoder({ latent, hidden: [hidden], shape, seed });
  await eightLines(show, digits, model);
  show.title(`1.4 A bent squeeze: hidden layers of ${hidden}, a code of ${latent}`);
  await bentSqueeze(show, digits, pca, model, await trainBent(show, digits, model, options));
  await dreams(show, digits, model, options);
  tf.dispose([pca.mean, pca.components]);
  model.dispose();
}

if (import.meta.main) {
  await runLesson({ name: "01_autoencoder", question: "What survives a squeeze?", text, defaults, lesson });
}
