/**
 * # 1. What survives a squeeze?
 *
 * ```math
 * \min_{f, g} \; \frac1N \sum_{n=1}^{N} |x_n - g(f(x_n))|^2, \qquad
 * f : \mathbb{R}^{784} \to \mathbb{R}^{8}, \quad g : \mathbb{R}^{8} \to \mathbb{R}^{784}
 * ```
 *
 * (N images x, and |v| the length of a vector v; f and g from a family of functions that we can train.)
 *
 * - **You need**: derivatives, matrices, what a variance and a Gaussian are; a little TypeScript.
 * - **You leave with**: an encoder, a code and a decoder, trained; what the best *linear* squeeze is; and the reason why a
 *   plain autoencoder does not know how to dream up a new digit.
 * - **Run** (about 10 seconds): `deno run lessons/01_autoencoder.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type Autoencoder,
  autoencoder,
  type CommonOptions,
  type Dataset,
  evaluate,
  InputError,
  loadImages,
  type PrincipalComponents,
  principalComponents,
  type Random,
  random,
  range,
  rows,
  runLesson,
  type Show,
  squaredError,
  type Step,
  type Tensor2D,
  train,
} from "../mod.ts";
import text from "./01_autoencoder.ts" with { type: "text" };

export const defaults = { epochs: 5, latent: 8, hidden: 128 };
type Options = typeof defaults & CommonOptions;

// A digit here is 28×28 = 784 numbers between 0 (black) and 1 (white). Most of the 784-dimensional space is noise: draw 784
// random numbers and you will never see a digit. So a digit should have a shorter description than 784 numbers. Let us
// make a machine find one, by forcing every image through a narrow place:
//
// - the **encoder** f turns an image x into a short **code** z = f(x);
// - the **decoder** g turns the code into an image again, the **reconstruction** g(z).
//
// Both are formulas full of adjustable numbers, the **weights**, that start as nonsense. **Training** changes the weights
// so that x and g(f(x)) come closer. How far apart they are, averaged over images, is the **loss**.
//
// A word on the code. A **tensor** is an array of numbers with a shape, which comments give: B images in a batch, N in all, D
// numbers an image, L numbers a code. TensorFlow.js, `tf`, computes with them and frees no memory by itself: `tf.tidy` frees
// all tensors that a function made but those it returns, `dispose` frees one, and `await t.data()` fetches the numbers.
// `show.claim` prints a number found beside the one expected, and marks it if they disagree; `margin` is how far apart they
// may be, and `from` says where the expected one comes from.

// ## 1.1 By hand: two numbers into one
//
// The smallest squeeze there is: points (x₁, x₂) through a code of one number. Encoder and decoder have two weights each:
// the code is z = w·x, the reconstruction x̂ = v z. With the error r = x - v z, a point's loss is |r|², and the chain rule
// gives its slopes: -2 r z along v, and -2 (v·r) x along w. The slopes of the whole loss are their means over the points.
// **Gradient descent** takes a small step against the slopes, again and again; how small is the **rate**.

/** Points of a long cloud along a slanted line. */
export function cloud(count: number, source: Random): [number, number][] {
  return Array.from({ length: count }, () => {
    const [along, across] = [1.5 * source.gaussian(), 0.5 * source.gaussian()];
    return [0.8 * along - 0.6 * across, 0.6 * along + 0.8 * across];
  });
}

/** Trains the two-number autoencoder by gradient descent; returns its mean squared error after the last step. */
export function trainByHand(points: [number, number][], steps: number, rate: number): number {
  let [w1, w2, v1, v2] = [0.1, 0.2, 0.2, 0.1];
  let loss = 0;
  for (let step = 0; step <= steps; step++) {
    let [dw1, dw2, dv1, dv2] = [0, 0, 0, 0];
    loss = 0;
    for (const [x1, x2] of points) {
      const z = w1 * x1 + w2 * x2; // encode
      const [r1, r2] = [x1 - v1 * z, x2 - v2 * z]; // decode, and compare
      loss += (r1 ** 2 + r2 ** 2) / points.length;
      const slope = -2 * (v1 * r1 + v2 * r2) / points.length;
      [dw1, dw2] = [dw1 + slope * x1, dw2 + slope * x2];
      [dv1, dv2] = [dv1 - 2 * r1 * z / points.length, dv2 - 2 * r2 * z / points.length];
    }
    [w1, w2, v1, v2] = [w1 - rate * dw1, w2 - rate * dw2, v1 - rate * dv1, v2 - rate * dv2];
  }
  return loss;
}

// What is the best it can do? The decoder's outputs all lie on one line through 0, so a point's loss is at least its squared
// distance to that line. The best line runs along the cloud, and what is left over is the mean square across it. Let a, b
// and d be the means of x₁², x₁x₂ and x₂². Along a direction u of length 1 the mean square is a u₁² + 2b u₁u₂ + d u₂²;
// over all directions it is least at the smaller eigenvalue of the matrix [[a, b], [b, d]], which is
// (a + d - √((a - d)² + 4b²)) / 2.

/** The least mean square of the points along any direction: the smaller eigenvalue. */
export function varianceAcross(points: [number, number][]): number {
  const moment = (i: 0 | 1, j: 0 | 1) => points.reduce((sum, point) => sum + point[i] * point[j], 0) / points.length;
  const [a, b, d] = [moment(0, 0), moment(0, 1), moment(1, 1)];
  return (a + d - Math.sqrt((a - d) ** 2 + 4 * b ** 2)) / 2;
}

function byHand(show: Show, seed: number): void {
  show.title("1.1 By hand: two numbers into one");
  const points = cloud(500, random(seed));
  show.text(`mean squared error at the start: ${trainByHand(points, 0, 0.05).toFixed(3)}`);
  show.claim("after 500 steps of gradient descent", assertAlmostEquals, {
    found: trainByHand(points, 500, 0.05),
    expected: varianceAcross(points),
    margin: 1e-6,
    from: "the mean square across the best line",
  });
}

// ## 1.2 A linear squeeze of digits, and the best one
//
// Now 784 numbers into 8, with no more than matrices: z = W x, x̂ = V z. The best plane through a cloud of points is known
// without any training (**principal component analysis**, PCA). It is spanned by the directions along which the points vary
// most, the eigenvectors of their covariance matrix, and what is left over is the sum of the variances along all other
// directions: the other eigenvalues. The data must be **centred** for that, their mean subtracted, because z = W x and
// x̂ = V z have no constant, so their plane goes through 0.
//
// A linear autoencoder can end nowhere better. Does training get there? The run below does, to within 1 %. The library's
// `train` does what we did by hand, with three refinements: the machine finds the slopes (lesson 3 shows how far to trust
// it); a step looks at a random **batch** of images instead of all; and it adapts the rate to each weight (an algorithm
// named **Adam**). One pass over all images is an **epoch**. Each epoch takes them in a new random order, made from a
// **seed**, so that you see the same numbers as the next reader.
//
// The picture shows what PCA leaves over for codes of other lengths too. The first numbers say the most, and each
// further one says less.

/** Trains a linear autoencoder on centred images; returns its mean squared error over all of them. */
export async function linearError(centred: Tensor2D, { latent, seed }: Options): Promise<number> {
  const [count, size] = centred.shape;
  const examples = rows(await centred.data() as Float32Array, [count, size]);
  const model = autoencoder({ shape: [size], latent, hidden: [], output: "linear", seed });
  const objective = squaredError(model);
  // Long steps first, then short ones to settle. `train` hands over after every step, for us to look; here it may just run.
  for (const learningRate of [5e-3, 5e-4]) {
    for await (const _ of train(objective, examples, { epochs: 5, batchSize: 256, learningRate, seed }));
  }
  const { loss } = await evaluate(objective, examples); // summed over pixels, averaged over images
  model.dispose();
  return loss;
}

/** What is left over by the first 0, 1, 2, … of these variances: the sums of the others, the last sum 0. */
export function leftOver(variances: number[]): number[] {
  const sums = [0];
  for (const variance of variances.toReversed()) sums.push(sums.at(-1)! + variance);
  return sums.toReversed();
}

async function linearSqueeze(show: Show, images: Tensor2D, pca: PrincipalComponents, options: Options): Promise<void> {
  show.title(`1.2 A linear squeeze: ${images.shape[1]} numbers into ${options.latent}`);
  const [all, best] = [0, options.latent].map((length) => leftOver(pca.variances)[length]);
  show.text(`variance in all, summed over pixels: ${all.toFixed(2)}`);
  show.text(`left over by the first ${options.latent} principal components: ${best.toFixed(2)}`);
  const centred = tf.sub(images, pca.mean) as Tensor2D;
  const found = await linearError(centred, options);
  centred.dispose();
  show.claim("squared error of a trained linear autoencoder", assertGreaterOrEqual, {
    found,
    expected: best * (1 - 1e-4),
    from: "nothing linear beats PCA; float32",
  });
  show.claim("and no more than 1 % above", assertLess, { found, expected: best * 1.01, from: "PCA's residual" });
  const longest = Math.min(images.shape[1], 8 * options.latent);
  await show.lines("left_over", "What a linear squeeze loses: the trained one ends on the curve of the best", {
    series: [
      { name: "PCA", x: range(longest + 1), y: leftOver(pca.variances).slice(0, longest + 1) },
      { name: "the trained linear autoencoder", x: [options.latent], y: [found], as: "dots" },
    ],
    x: { label: "numbers in the code" },
    y: { label: "squared error, summed over pixels", from: 0 },
  });
}

// ## 1.3 A bent squeeze
//
// Digits do not lie in a plane. Between x and z, and again between z and x̂, put a **hidden layer**: h = max(0, M x + b),
// with a matrix M and a constant vector b, the **bias**, both trained. The kink, max(0, ·), is called **ReLU** and lets
// the surface that the decoder reaches bend. The last layer ends in 1 / (1 + e^-l), which squeezes any number l into (0,
// 1), where pixels are. Layers in a row make a **network**. To be fair, we now judge on **held-out** images, which neither
// PCA nor the autoencoder has seen.
//
// In the picture of the loss, held-out images follow the training images closely: what was learnt holds for digits in
// general. In that of the images, look at what a straight squeeze smears and a bent one keeps.

/** PCA's reconstructions of images from the first `latent` components, `[B, D]` to `[B, D]`. */
export function pcaReconstruct(x: Tensor2D, pca: PrincipalComponents, latent: number): Tensor2D {
  return tf.tidy(() => {
    const directions = pca.components.slice(0, latent); // [L, D]
    const z = tf.matMul(tf.sub(x, pca.mean), directions, false, true); // [B, L]
    return tf.add(tf.matMul(z, directions), pca.mean) as Tensor2D; // [B, D]
  });
}

async function bentSqueeze(
  show: Show,
  digits: Dataset,
  pca: PrincipalComponents,
  options: Options,
): Promise<Autoencoder> {
  const { epochs, latent, hidden, seed } = options;
  show.title(`1.3 A bent squeeze: hidden layers of ${hidden}, a code of ${latent}`);
  const model = autoencoder({ latent, hidden: [hidden], seed });
  const steps: Step[] = [];
  for await (
    const step of train(squaredError(model), digits.train, { epochs, learningRate: 3e-3, seed, heldOut: digits.test })
  ) {
    show.progress(step);
    steps.push(step);
  }
  const { history } = steps.at(-1)!;
  show.figure("train", history.train.map(({ loss }) => loss));
  show.figure("test", history.test.map(({ loss }) => loss));
  const error = tf.tidy(() => {
    const x = digits.test.batch(range(digits.test.count)).x.reshape([digits.test.count, -1]) as Tensor2D; // [N, D]
    return tf.squaredDifference(x, pcaReconstruct(x, pca, latent)).sum(1).mean();
  });
  const shown = tf.tidy(() => {
    const x = digits.test.batch(range(Math.min(8, digits.test.count))).x; // [8, 28, 28, 1]
    const linear = pcaReconstruct(x.reshape([x.shape[0], -1]) as Tensor2D, pca, latent).reshape(x.shape);
    return tf.concat([x, linear, model.decode(model.encode(x))]); // [24, 28, 28, 1]
  });
  await show.losses("loss", steps);
  await show.images("reconstructions", `What survives a code of ${latent} numbers`, shown, {
    columns: shown.shape[0] / 3,
    rows: ["held-out", "PCA", "autoencoder"],
  });
  show.claim("held-out squared error of the bent one", assertLess, {
    found: history.test.at(-1)!.loss,
    expected: (await error.data())[0],
    from: "PCA's, with a code of the same length",
  });
  tf.dispose([error, shown]);
  return model;
}

// ## 1.4 It cannot dream
//
// A decoder turns codes into digits. So feed it fresh codes, and get fresh digits? But which codes? Nothing in training said
// where codes should lie: the encoder put them where it liked. The simplest guess is a Gaussian with the mean and covariance
// of the codes of real digits. Decode draws from it, and measure how far the result is from the *nearest* held-out digit;
// then do the same with codes of real digits. (Lesson 5 shows such dreams beside those of a VAE.)
//
// An average of n draws is itself uncertain, by about their standard deviation divided by √n: its **standard error**. Honest
// averages lie within four standard errors of the truth but for one seed in 16,000. Errors that are independent add in
// squares (`Math.hypot`).

/** Draws codes from the Gaussian that has the mean and covariance of the given codes, `[count, L]`. */
export async function dreamCodes(codes: Tensor2D, count: number, source: Random): Promise<Tensor2D> {
  const { mean, components, variances } = await principalComponents(codes);
  const dreamt = tf.tidy(() => {
    const along = source.normal([count, variances.length]).mul(tf.sqrt(tf.tensor1d(variances))) as Tensor2D;
    return tf.add(tf.matMul(along, components), mean) as Tensor2D;
  });
  tf.dispose([mean, components]);
  return dreamt;
}

/** Squared distance from each image to the nearest of the others, its mean and that mean's standard error. */
export async function distanceToNearest(images: tf.Tensor, others: Tensor2D): Promise<{ mean: number; error: number }> {
  const [mean, error] = tf.tidy(() => {
    const x = images.reshape([images.shape[0], -1]) as Tensor2D; // [B, D]
    const squares = x.square().sum(1, true).add(others.square().sum(1)); // [B, N]: |x|² + |y|²
    const distances = squares.sub(tf.matMul(x, others, false, true).mul(2)); // - 2 x·y
    const { mean, variance } = tf.moments(distances.min(1));
    return [mean, variance.div(x.shape[0]).sqrt()];
  });
  const figures = { mean: (await mean.data())[0], error: (await error.data())[0] };
  tf.dispose([mean, error]);
  return figures;
}

async function dreams(show: Show, digits: Dataset, model: Autoencoder, { latent, seed }: Options): Promise<void> {
  show.title("1.4 It cannot dream");
  const count = Math.min(500, digits.test.count);
  const codes = tf.tidy(() => model.encode(digits.train.batch(range(digits.train.count)).x) as Tensor2D); // [N, L]
  const real = codes.slice(0, count);
  const dreamt = await dreamCodes(codes, count, random(seed).split());
  const heldOut = tf.tidy(() =>
    digits.test.batch(range(digits.test.count)).x.reshape([digits.test.count, -1]) as Tensor2D
  );
  const [realImages, dreamtImages] = [model.decode(real), model.decode(dreamt)];
  const columns = Math.min(8, count);
  const shown = tf.tidy(() => tf.concat([realImages.slice(0, columns), dreamtImages.slice(0, columns)])); // [16, 28, 28, 1]
  const rows = ["codes of digits", "random codes"];
  await show.images("dreams", "Decoded: from codes of real digits, and from codes drawn at random", shown, {
    columns,
    rows,
  });
  const near = await distanceToNearest(realImages, heldOut);
  const far = await distanceToNearest(dreamtImages, heldOut);
  show.text(`squared distance to the nearest held-out digit: real codes ${near.mean.toFixed(2)}`);
  if (latent >= 8) {
    show.claim("codes drawn at random", assertGreater, {
      found: far.mean,
      expected: near.mean + 4 * Math.hypot(near.error, far.error),
      from: "real codes, and 4 standard errors more",
    });
  } else {
    show.text(
      `drawn at random ${far.mean.toFixed(2)}; with so short a code real ones leave few holes, so no claim here`,
    );
  }
  tf.dispose([codes, real, dreamt, heldOut, realImages, dreamtImages, shown]);
}

// So what survives a squeeze is what reconstructs an image: its class, its slant, its stroke. What is lost is any
// knowledge of *which codes are digits*. The space of codes has holes, and nothing in the loss minds. A **variational**
// autoencoder is one whose loss minds. To write that loss down we need to know what a reconstruction error claims about
// the world: lesson 2.
//
// ## Try it
//
// 1. `--latent 2`. By how much do the reconstructions suffer, and what becomes of the dreams?
// 2. `--latent 32`. Predict first: which of the two, PCA or the bent squeeze, gains more?
// 3. `--hidden 16`. The code is as long as before. Which claim fails, and what was lost?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  byHand(show, options.seed);
  // Of n + 1 images a code of n numbers loses nothing: so it takes one more.
  const digits = await loadImages(options.data, show.fetch, { train: options.latent + 2 });
  const size = digits.train.height * digits.train.width; // D
  if (options.latent >= size) {
    throw new InputError(`--latent ${options.latent} is no squeeze: an image has ${size} numbers.`);
  }
  const images = tf.tidy(() =>
    digits.train.batch(range(digits.train.count)).x.reshape([digits.train.count, -1]) as Tensor2D // [N, D]
  );
  const pca = await principalComponents(images);
  await linearSqueeze(show, images, pca, options);
  images.dispose();
  const model = await bentSqueeze(show, digits, pca, options);
  await dreams(show, digits, model, options);
  tf.dispose([pca.mean, pca.components]);
  model.dispose();
}

if (import.meta.main) {
  await runLesson({ name: "01_autoencoder", question: "What survives a squeeze?", text, defaults, lesson });
}
