/**
 * # 7. What can a convolutional VAE draw?
 *
 * ```math
 * \text{loss}(x) = \underbrace{-\log p(x \mid z)}_{\text{reconstruction}}
 * + \underbrace{\mathrm{KL}(q(z \mid x) \,\|\, p(z))}_{\text{lesson 4}}, \qquad z = \mu(x) + \sigma(x) \odot \varepsilon
 * ```
 *
 * - **You need**: lesson 6. Only the two networks are new.
 * - **You leave with**: convolutions and their way back, by hand and as a network; a code of two numbers, and a map of
 *   all the digits it can draw; and three reasons why a VAE blurs.
 * - **Run** (about 45 seconds): `deno run lessons/07_conv_vae.ts`; on MNIST (ten epochs, about twenty minutes):
 *   `deno run --allow-read=DIRECTORY lessons/07_conv_vae.ts --data DIRECTORY`. `--save model` keeps what was trained,
 *   and `--load model` looks at it again, here and in lesson 8.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, convVae, cosine, type Dataset, type ElboPart, evaluate, gridCodes } from "../mod.ts";
import { type History, klPerDimension, type LayersModel, type LayersVae, layersVae, loadImages } from "../mod.ts";
import { loadVae, meanImageLoss, negativeElbo, type Random, random, range, type Reading } from "../mod.ts";
import { reparameterize, runLesson, saveVae, type Show, type Step, take, type Tensor, type Tensor2D } from "../mod.ts";
import { type LabelledImages, type Tensor4D, train, trainClassifier, warmUp } from "../mod.ts";
import text from "./07_conv_vae.ts" with { type: "text" };

const schedule = { epochs: 4, batch: 8, images: 9000, rate: 0.01, settle: 0.02, warm: 9000 };
export const defaults = { ...schedule, scale: 0.5, latent: 2 };

/** On other data: all images, large batches, a constant learning rate, and the library's initial weights. */
export const otherData = { epochs: 10, batch: 128, images: 60_000, rate: 0.001, settle: 1, warm: 1, scale: 0 };
type Options = typeof defaults & CommonOptions;

// Lesson 6's network looked at 784 numbers in a row: had the pixels of all images been shuffled in the same way, it
// would have learned just as well. It did not know that pixels have neighbours. A **convolution** does. It slides a
// small window over the image and takes the same weighted sum everywhere. Each set of weights, a **filter**, makes a
// new image, bright where the filter's pattern is found. 32 filters make 32 images, the **channels**.

// ## 7.1 A convolution, and the way back
//
// Take one dimension, and a window of three numbers. With **stride** 2 the window moves by two, so that 6 numbers
// become 3. At the end the window hangs over the rim, where zeros stand in (**padding**).

/** Six numbers to three: each is a weighted sum over a window. */
export function gather(x: number[], weights: number[]): number[] {
  const y: number[] = [];
  for (let i = 0; i < x.length; i += 2) y.push(weights.reduce((sum, w, k) => sum + w * (x[i + k] ?? 0), 0));
  return y;
}

// The decoder must go the other way, from 3 numbers to 6. A **transposed convolution** of stride 2 spreads every number
// over a window, instead of gathering one from it. Where windows overlap, they **add**. With weights 1, 2, 3:
//
// ```text
//   1 →    1   2   3
//  10 →           10  20  30
// 100 →                  100 200 300
//          ─────────────────────────
//          1   2  13  20 130 200 | 300
// ```
//
// Seven numbers come out. The last one is cut off, so that the size exactly doubles: it would have fallen on the
// padding. Only every other number gets something from two windows, so such decoders tend to draw checkerboards.
//
// *Predict, then run.* What becomes of 3, 0, 1?

/** Three numbers to six: each is spread over a window. */
export function spread(x: number[], weights: number[]): number[] {
  const y = Array<number>(2 * x.length + 1).fill(0);
  for (const [i, value] of x.entries()) {
    for (const [k, w] of weights.entries()) {
      y[2 * i + k] = (y[2 * i + k] ?? 0) + w * value; // ✎ 7.1a
    }
  }
  return y.slice(0, 2 * x.length); // ✎ 7.1b
}

// Why *transposed*? Both are matrices, and one is the other with rows and columns exchanged. So for any x and y the
// products gather(x) · y and x · spread(y) are the same number. And that is how the chain rule runs back through a
// convolution: the backward pass of one is the forward pass of the other.

// ### Check
async function byHand(show: Show, seed: number): Promise<void> {
  show.title("7.1 A convolution, and the way back");
  const weights = [1, 2, 3];
  const two = { found: spread([1, 10, 100], weights).join(" "), expected: "1 2 13 20 130 200", from: "the text above" };
  show.claim("three numbers to six", assertEquals, two);
  const source = random(seed);
  const [x, y] = [Array.from({ length: 6 }, source.gaussian), Array.from({ length: 3 }, source.gaussian)];
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
  const transposed = { expected: dot(x, spread(y, weights)), margin: 1e-9, from: "x · spread(y); rounding" };
  show.claim("gather(x) · y", assertAlmostEquals, { found: dot(gather(x, weights), y), ...transposed });
  const off = tf.tidy(() => {
    const filter = tf.tensor4d(weights, [1, 3, 1, 1]);
    const out = tf.conv2dTranspose(tf.tensor4d(y, [1, 1, 3, 1]), filter, [1, 1, 6, 1], [1, 2], "same").flatten();
    const back = tf.conv2d(tf.tensor4d(x, [1, 1, 6, 1]), filter, [1, 2], "same").flatten();
    return tf.stack([out.sub(spread(y, weights)).abs().max(), back.sub(gather(x, weights)).abs().max()]).max();
  });
  const [found = NaN] = await off.data();
  show.claim("largest difference from tfjs, both ways", assertLess, { found, expected: 1e-5, from: "float32" });
  off.dispose();
}

// ## 7.2 The networks
//
// In two dimensions the window has 3×3 pixels. A filter has 3×3 weights for each channel of what it looks at, and adds
// all the products up to one number at each place. A transposed one spreads each number over 3×3 pixels, and adds over
// channels too. The encoder halves height and width twice: 28 → 14 → 7. What remains, 7×7 places with 64 channels each,
// goes through a **dense** layer of 16, lesson 6's kind, into μ and log σ². The decoder is the way back, 7 → 14 → 28. A
// last transposed convolution of stride 1, with one filter, puts out one logit for each pixel.
//
// ```text
// encoder  28×28×1 ──▶ 14×14×32 ──▶ 7×7×64 ──▶ 3136 ──▶ 16 ──▶ μ, log σ²
// decoder  28×28×1 ◀── 28×28×32 ◀── 14×14×64 ◀── 7×7×64 ◀── 3136 ◀── z
// ```

/** Both networks, for codes of L numbers. */
export function networks(L: number): LayersVae {
  const half = { kernelSize: 3, strides: 2, padding: "same", activation: "relu" } as const;
  const x = tf.input({ shape: [28, 28, 1] });
  let h = tf.layers.conv2d({ filters: 32, ...half }).apply(x); // [B, 14, 14, 32]
  h = tf.layers.conv2d({ filters: 64, ...half }).apply(h); // [B, 7, 7, 64]
  h = tf.layers.flatten().apply(h); // [B, 3136]
  h = tf.layers.dense({ units: 16, activation: "relu" }).apply(h); // [B, 16]
  const outputs = [0, 1].map(() => tf.layers.dense({ units: L }).apply(h) as tf.SymbolicTensor); // μ, log σ²
  const decoder = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [L], units: 3136, activation: "relu" }), // [B, 3136]
      tf.layers.reshape({ targetShape: [7, 7, 64] }), // [B, 7, 7, 64]
      tf.layers.conv2dTranspose({ filters: 64, ...half }), // [B, 14, 14, 64]
      tf.layers.conv2dTranspose({ filters: 32, ...half }), // [B, 28, 28, 32]
      tf.layers.conv2dTranspose({ filters: 1, kernelSize: 3, padding: "same" }), // logits, [B, 28, 28, 1]
    ],
  });
  return layersVae(tf.model({ inputs: x, outputs }), decoder);
}

// *Predict, then run.* How many numbers are trained? A filter on c channels has 3·3·c weights and a bias, a unit of a
// dense layer a weight for each input and a bias. The first layer has 32 · (9·1 + 1) = 320, the second 64 · (9·32 + 1)
// = 18,496; nearly half of all go into the dense layers. With a code of two: 69,076 in the encoder, 65,089 in the
// decoder. The library has these networks as `convVae`, with initial weights from a seed; we train that one.

/** The shape that each layer puts out, without the batch. */
export const layerShapes = (network: LayersModel) =>
  network.layers.map((layer) => `[${(layer.outputShape as number[]).slice(1).join(",")}]`).join(" ");

// ### Check
function architecture(show: Show, L: number): void {
  show.title(`7.2 The networks, with a code of ${L}`);
  const [written, library] = [networks(L), convVae({ latent: L })];
  const shapes = {
    encoder: `[28,28,1] [14,14,32] [7,7,64] [3136] [16] [${L}] [${L}]`,
    decoder: "[3136] [7,7,64] [14,14,64] [28,28,32] [28,28,1]",
  };
  const parameters = { encoder: 69_008 + 34 * L, decoder: 58_817 + 3136 * L };
  for (const half of ["encoder", "decoder"] as const) {
    const found = layerShapes(written[half]);
    show.claim(`${half}, layer by layer`, assertEquals, { found, expected: shapes[half], from: "the drawing above" });
    const theirs = layerShapes(library[half]);
    show.claim(`${half} of convVae`, assertEquals, { found: theirs, expected: found, from: "what is written above" });
    const counted = { expected: parameters[half], from: "3·3·c + 1 per filter, inputs + 1 per unit" };
    show.claim(`parameters of the ${half}`, assertEquals, { found: written[half].countParams(), ...counted });
  }
  for (const vae of [written, library]) vae.dispose();
}

// ## 7.3 Training
//
// Held-out images are judged by lesson 6's loss, so the figures compare with those there. Four things help a short
// training. The batches are small: many rough steps learn more than a few exact ones. The learning rate grows to ten
// times lesson 6's, then shrinks along a cosine, so that training settles. The weight β of the KL grows too, by 1/9000
// a step to ½ (**warm-up**). The full KL would make q(z | x) the prior before the decoder can use a code, and only
// while codes are cheap do digits part by class in so short a time. So what is trained is not quite minus the ELBO.
// Last, the decoder's first layer begins with weights and biases from N(0, ½²). Lesson 6's rule, with 2 inputs and 3136
// outputs, gives weights of about ±0.025 and no biases: codes would look alike, and all kinks would go through z = 0.

/** Draws new weights and biases for the decoder's first layer, from N(0, `scale`²). */
export function enlarge(vae: LayersVae, scale: number, source: Random): void {
  const first = vae.decoder.layers[0]!;
  tf.tidy(() => first.setWeights(first.getWeights().map(({ shape }) => source.normal(shape).mul(scale))));
}

// On MNIST training takes longer instead. There the result is known: the same network, trained in the same way with
// PyTorch and two seeds, had a held-out loss of 192.7 and 192.8 after epoch 1, and of 154.0 and 153.9 after epoch 10.

function fit(vae: LayersVae, digits: Dataset, options: Options): AsyncGenerator<Step<ElboPart>> {
  const { epochs, batch: batchSize, rate, settle, warm, images, seed, training } = options;
  const examples = take(digits.train, images);
  const steps = epochs * Math.ceil(examples.count / batchSize);
  const [grow, fall] = [warmUp(Math.ceil(warm / 20)), cosine(rate, steps, settle * rate)];
  const learningRate = (step: number) => grow(step) * fall(step);
  const objective = negativeElbo(vae, { beta: warmUp(warm) });
  return train(objective, examples, { epochs, batchSize, learningRate, seed, heldOut: digits.test, ...training });
}

// Afterwards, what does each number of the code cost? The KL is a sum over them, so it can be drawn apart: a bar each.
// A number that the decoder does not use costs nothing, since its q(z | x) may then be the prior itself.

// ### Check
async function learn(show: Show, digits: Dataset, vae: LayersVae, options: Options): Promise<void> {
  const { load, seed, latent, batch, images } = options;
  let history: History<ElboPart> = { train: [], test: [] };
  if (load) {
    show.title(`7.3 No training: the model in ${load}`);
    history.test.push(await evaluate(negativeElbo(vae), digits.test, { seed }));
  } else {
    show.title(`7.3 Training on ${Math.min(images, digits.train.count)} images, batches of ${batch}`);
    const steps: Step<ElboPart>[] = [];
    for await (const step of fit(vae, digits, options)) {
      show.progress(step);
      steps.push(step);
    }
    await show.losses("loss", steps);
    history = steps.at(-1)!.history;
  }
  if (options.save) await saveVae(vae, options.save);
  for (const half of ["train", "test"] as const) show.figure(half, history[half]);
  const found = history.test.at(-1)!.loss;
  const blind = { found, expected: meanImageLoss(digits), from: "the mean training image's: no looking, lesson 6" };
  show.claim("held-out loss, in nats per image", assertLess, blind);
  const { epochs: _, ...twins } = { ...defaults, ...otherData };
  const asTheTwin = Object.entries(twins).every(([name, value]) => options[name as keyof typeof twins] === value);
  if (digits.name === "mnist" && asTheTwin && !load) {
    const [first, tenth] = [history.test[0]?.loss ?? NaN, history.test[9]?.loss];
    const ceiling = { found: first, expected: 200, from: "a ceiling; the twin had 192.7 and 192.8" };
    show.claim("held-out loss after epoch 1, on MNIST", assertLess, ceiling);
    const twin = { expected: 154, margin: 2, from: "the twin: 154.0 and 153.9; 2 for the seed" };
    if (tenth) show.claim("held-out loss after epoch 10, on MNIST", assertAlmostEquals, { found: tenth, ...twin });
  }
  const seen = range(Math.min(2000, digits.test.count));
  const nats = tf.tidy(() => klPerDimension(vae.encode(digits.test.batch(seen).x)).mean(0)); // [L]
  const axes = { x: { label: "latent dimension" }, y: { label: "KL, nats per image" } };
  const labels = Array.from(range(latent), String);
  await show.bars("prices", "What each number of the code costs", { labels, values: await nats.data(), ...axes });
  nats.dispose();
}

// ## 7.4 Why it blurs
//
// Two numbers have to say everything about an image. So the rough shape survives, and often the class. What the code
// leaves open, the decoder must average: 3 with a short or a long tail? Longer codes blur too, for two reasons.
//
// - **The likelihood is factorised.** Given z, the pixels are independent. Should an edge lie here or one pixel
//   further, each with probability ½, then the best that the decoder can say is ρ = ½ for every pixel between, grey. It
//   has no way to say *here or there, but sharp*.
// - **There is noise in z.** The decoder is trained at z = μ + σε and serves all images whose codes overlap.
//
// Is it blurred only because ρ is shown, the mean of p(x | z)? No. A draw from it draws each pixel by itself: speckle.
//
// *Predict, then run.* Let the **edge** of an image be the mean square difference of neighbouring pixels. Order by
// their edges: held-out digits, what the decoder makes of them at μ, and draws from p(x | z).

/** The mean square difference between horizontal neighbours: large for sharp edges, and for speckle. */
export function edge(images: Tensor4D): tf.Scalar {
  const left = [-1, -1, images.shape[2] - 1]; // all but the last column
  return tf.tidy(() => images.slice([0, 0, 1]).squaredDifference(images.slice(0, left)).mean());
}

// ### Check
async function blur(show: Show, digits: Dataset, vae: LayersVae, seed: number): Promise<void> {
  show.title("7.4 Why it blurs");
  const [count, source] = [Math.min(500, digits.test.count), random(seed)];
  const { x, atMean, drawnZ, speckled } = tf.tidy(() => {
    const x = digits.test.batch(range(count)).x; // [N, 28, 28, 1]
    const q = vae.encode(x);
    const logits = vae.decode(q.mu);
    const drawnZ = vae.mean(vae.decode(reparameterize(q, source.normal([count, vae.latent]) as Tensor2D))) as Tensor4D;
    const speckled = vae.likelihood.sample(logits, source) as Tensor4D;
    return { x, atMean: vae.mean(logits) as Tensor4D, drawnZ, speckled };
  });
  const figures = tf.tidy(() => tf.stack([x, atMean, speckled].map(edge))); // [3]
  const [sharp = NaN, blurred = NaN, speckle = NaN] = await figures.data();
  const columns = Math.min(8, count);
  const shown = tf.tidy(() => tf.concat([x, atMean, drawnZ, speckled].map((images) => images.slice(0, columns))));
  const layout = { columns, rows: ["held-out", "decoded at μ", "at z drawn", "drawn from p(x | z)"] };
  await show.images("reconstructions", "Held-out digits, and what becomes of them", shown, layout);
  show.claim("edge of what is decoded at μ", assertLess, { found: blurred, expected: sharp, from: "held-out: blur" });
  show.claim("edge of draws", assertGreater, { found: speckle, expected: sharp, from: "of held-out digits: speckle" });
  tf.dispose([x, atMean, drawnZ, speckled, figures, shown]);
}

// ## 7.5 Where the digits live
//
// Each held-out image is a point, at its μ. Its colour is the true class, which training never saw. The loss alone
// moves the classes apart: z is drawn from a whole neighbourhood, so it pays that neighbours look alike.

/** The axes of both pictures of the code. */
const AXES = { x: { label: "z[0]", from: -3, to: 3 }, y: { label: "z[1]", from: -3, to: 3 } };

// ### Check
async function scatter(show: Show, digits: Dataset<LabelledImages>, vae: LayersVae): Promise<void> {
  show.title("7.5 Where the digits live");
  const count = Math.min(2000, digits.test.count);
  const mu = tf.tidy(() => vae.encode(digits.test.batch(range(count)).x).mu as Tensor2D); // [N, 2]
  await show.scatter("latent", `${count} held-out digits at their μ`, mu, digits.test.labels.subarray(0, count), AXES);
  mu.dispose();
}

// ## 7.6 A map of everything it can draw
//
// Decode a grid of codes, 15×15 from -3 to 3, and lay the images out as the points lie in 7.5, on the same axes: z[0]
// from left to right, z[1] from bottom to top. Where a class lives there, its digit is drawn here. What share of the
// prior does the map show? Both numbers are N(0, 1), so at distance t from the middle the density is e^(-t²/2) / 2π,
// and a ring of width dt has the area 2πt dt. A distance above r thus has the probability ∫ t e^(-t²/2) dt from r on,
// e^(-r²/2). So of all codes 1 - e^-4.5 = 0.989 lie in the circle of radius 3, and a few more in the map around it.

/** The map's images, row by row from the top, `[225, 28, 28, 1]`. */
export function map(vae: LayersVae): Tensor {
  const ruler = Array.from({ length: 15 }, (_, i) => -3 + 6 * i / 14);
  return tf.tidy(() => vae.mean(vae.decode(gridCodes(ruler))));
}

// Which digits are there? Ask a judge, a classifier trained on the same images, about tiles and draws from the prior.

// ### Check
async function draw(show: Show, digits: Dataset<LabelledImages>, vae: LayersVae, seed: number): Promise<void> {
  show.title("7.6 A map of everything it can draw");
  const tiles = map(vae);
  await show.images("manifold", "What the decoder draws for every code", tiles, { columns: 15, ...AXES });
  const samples = tf.tidy(() => vae.mean(vae.decode(random(seed).normal([200, 2])))); // [200, 28, 28, 1]
  const few = samples.slice([0], [30]);
  await show.images("samples", "Drawn from the prior", few, { columns: 10 });
  const classifier = await trainClassifier(digits.train, seed);
  const heldOut = tf.tidy(() => digits.test.batch(range(Math.min(500, digits.test.count))).x); // [500, 28, 28, 1]
  const real = await classifier.read(heldOut);
  const [tiled, sampled] = [await classifier.read(tiles), await classifier.read(samples)];
  const all = range(1 + digits.train.labels.reduce((a, b) => Math.max(a, b))); // classes
  const counts = (some: Reading[]) => Array.from(all, (k) => some.filter(({ label }) => label === k).length);
  const sure = (some: Reading[]) => some.filter(({ confidence }) => confidence > 0.9).length / some.length;
  const each = Object.entries({ "held-out": real, tiles: tiled, samples: sampled });
  show.table("By the class they are read as, and how often the judge is more than 90 % sure", {
    columns: ["", ...Array.from(all, String), "sure"],
    rows: each.map(([name, some]) => [name, ...counts(some), `${(100 * sure(some)).toFixed(0)} %`]),
  });
  show.figure("tiles", counts(tiled));
  show.figure("sure", each.map(([, some]) => sure(some)));
  tf.dispose([tiles, samples, few, heldOut]);
  classifier.dispose();
  if (digits.name !== "digits" && digits.name !== "mnist") return; // of other data nobody knows how many to expect
  const found = 100 * real.filter(({ label }, i) => label === digits.test.labels[i]).length / real.length;
  show.claim("the judge's hits, of 100", assertGreaterOrEqual, { found, expected: 85, from: "a floor" });
  const [tilesEach, expected] = digits.name === "digits" ? [3, 7] : [1, 6];
  const classes = { found: counts(tiled).filter((n) => n >= tilesEach).length, expected, from: "of 10" };
  show.claim(`classes with at least ${tilesEach} tiles of the map`, assertGreaterOrEqual, classes);
}

// So this is what it can draw: digits, blurred, on a map where neighbours resemble each other. At the rim they are
// clear. In the middle, from where the prior draws most, many classes meet, and their average looks like an 8: hence
// the judge is less sure of samples than of tiles. That is the price of a code of two numbers. Lesson 8 reads the map.
//
// ## Try it
//
// 1. `--seed 4`. The map looks different: mirrored, other neighbours. Why may it, when the loss asks for the same?
// 2. `--latent 10`. Before you run it: which of reconstruction and KL falls, which rises? (Scatter and map are left
//    out.)
// 3. `--epochs 1`. By how much is the loss higher, and which digits are still missing from the map?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const digits = await loadImages(options.data, show.fetch, { labels: true, divisibleBy: 4, tell: show.text });
  const vae = convVae({ image: digits.train.shape, latent: options.latent, seed: options.seed });
  if (options.load) await loadVae(vae, options.load);
  await byHand(show, options.seed);
  architecture(show, options.latent);
  if (options.scale > 0 && !options.load) enlarge(vae, options.scale, random(options.seed));
  await learn(show, digits, vae, options);
  await blur(show, digits, vae, options.seed);
  if (options.latent === 2) {
    await scatter(show, digits, vae);
    await draw(show, digits, vae, options.seed);
  }
  vae.dispose();
}

if (import.meta.main) {
  const question = "What can a convolutional VAE draw?";
  await runLesson({ name: "07_conv_vae", question, text, defaults, otherData, keepsModel: true, lesson });
}
