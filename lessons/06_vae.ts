/**
 * # 6. What is a VAE, in forty lines?
 *
 * ```math
 * \text{loss}(x) = -\log p(x \mid z) + \mathrm{KL}(q(z \mid x) \,\|\, p(z)),
 * \qquad z = \mu(x) + \sigma(x) \odot \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I)
 * ```
 *
 * - **You need**: lessons 2 (the reconstruction), 3 (how z is drawn), 4 (the KL) and 5 (why their sum is the loss).
 * - **You leave with**: every line of a VAE, written out and trained; the library's words for the same lines; and what goes
 *   wrong when a sum is replaced by a mean.
 * - **Run** (about 25 seconds): `deno run lessons/06_vae.ts`
 *
 * @module
 */
import { assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type Autoencoder,
  autoencoder,
  type CommonOptions,
  type Dataset,
  elbo,
  klPerDimension,
  type LayersVae,
  layersVae,
  loadImages,
  logBernoulli,
  meanImageLoss,
  negativeElbo,
  type PrincipalComponents,
  principalComponents,
  type Random,
  random,
  range,
  reparameterize,
  rows,
  runLesson,
  type Show,
  squaredError,
  take,
  type Tensor,
  type Tensor2D,
  train,
  type Variable,
} from "../mod.ts";
import text from "./06_vae.ts" with { type: "text" };

export const defaults = { epochs: 4, batch: 128, latent: 20, hidden: 400 };
type Options = typeof defaults & CommonOptions;

// Lesson 5 ended with a loss and a promise: make it small, and a model of x gets better. This lesson keeps the promise on
// images of digits. The machine is that of Kingma and Welling (2013) and of Rezende, Mohamed and Wierstra (2014), who found
// it at the same time: two networks, one line between them that rolls the dice, and a loss of two terms.

// ## 6.1 What flows where
//
// Read the drawing from left to right. The **encoder** looks at x and says where its code may lie: a μ and a log σ² for each
// number of the code. The dice ε come from outside. The **decoder** turns z into x̂, a probability for each pixel. What is
// paid for stands below: the KL looks at μ and σ only, the reconstruction at x and x̂ only.
//
// The gradient runs along the same arrows backwards: from the reconstruction through the decoder into z, from z into μ with
// slope 1 and into σ with slope ε (lesson 3), and on into the encoder; from the KL straight into the encoder. Nothing runs
// back into ε, which does not depend on the weights. It is an input so that the same draw can be made again.

export const DRAWING = `
                                ε ~ N(0, I)
                                 │
                 ┌──▶ μ ──────┐  │
   x ──▶ encoder ┤            ▼  ▼
   │             └──▶ σ ──▶ z = μ + σε ──▶ decoder ──▶ x̂
   │                │                                  │
   │             KL(q(z given x) ‖ p(z))               │
   │                                                   │
   └────────────────▶ -log p(x given z) ◀──────────────┘
`;

// ## 6.2 The machine
//
// Now the forty lines. Two shapes recur: B images in a batch, L numbers in a code. A layer is a matrix W and a bias b, and
// what it does with h is h W + b. W starts with small random numbers: too large, and they would grow from layer to layer; all
// zero, and all the units would stay alike. The bound below keeps the spread of the numbers about equal from layer to layer
// (Glorot and Bengio 2010).

/** A matrix and a bias. */
type Layer = { W: Variable; b: Variable };

const layer = (inputs: number, outputs: number, source: Random): Layer =>
  tf.tidy(() => {
    const bound = Math.sqrt(6 / (inputs + outputs));
    const start = Float32Array.from({ length: inputs * outputs }, () => bound * (2 * source.uniform() - 1));
    return { W: tf.variable(tf.tensor2d(start, [inputs, outputs])), b: tf.variable(tf.zeros([outputs])) };
  });

const through = ({ W, b }: Layer, h: Tensor) => tf.matMul(h as Tensor2D, W as Tensor2D).add(b);

// Five layers make the machine: three for the encoder, which share what the first has seen, and two for the decoder.

/** The five layers of a VAE with H hidden units a network and codes of L numbers. */
export function machine(H: number, L: number, seed: number) {
  const source = random(seed);
  const look = layer(784, H, source);
  const [toMu, toLogVar] = [layer(H, L, source), layer(H, L, source)];
  const [unfold, draw] = [layer(L, H, source), layer(H, 784, source)];
  return { look, toMu, toLogVar, unfold, draw };
}
export type Machine = ReturnType<typeof machine>;
const weights = (m: Machine) => Object.values(m).flatMap(({ W, b }) => [W, b]);

// Encode, and decode. The encoder ends in two layers side by side. The second gives log σ², because any number will do as a
// logarithm, where a σ would have to be kept positive. The decoder ends in **logits**, for the same reason: lesson 2's
// cross-entropy takes them as they are, and 1 / (1 + e^-logit) is only for looking.

export function encode(m: Machine, x: Tensor) {
  const h = tf.relu(through(m.look, x)); // [B, H]
  return { mu: through(m.toMu, h), logVar: through(m.toLogVar, h) }; // [B, L] each
}

export function decode(m: Machine, z: Tensor) {
  return through(m.draw, tf.relu(through(m.unfold, z))); // logits, [B, 784]
}

// Then the heart of it, each line from a lesson of its own. Two of them are marked ✎: cover them and write them yourself. The
// claims below, which ask the library for the same numbers, tell you whether you were right.

/** What each pixel and each number of the code costs, in nats: `[B, 784]` and `[B, L]`. */
export function terms(m: Machine, x: Tensor, eps: Tensor) {
  const { mu, logVar } = encode(m, x);
  const z = mu.add(tf.exp(logVar.mul(0.5)).mul(eps)); // ✎ 6.2a
  const logits = decode(m, z);
  const pixels = tf.softplus(logits).sub(x.mul(logits)); // lesson 2: log(1 + e^l) - x l
  const codes = mu.square().add(tf.exp(logVar)).sub(1).sub(logVar).mul(0.5); // ✎ 6.2b
  return { pixels, codes };
}

/** The loss: summed over pixels, summed over the numbers of the code, averaged over the batch. */
export const sums: Reduction = ({ pixels, codes }) => pixels.sum(1).add(codes.sum(1)).mean();
export type Reduction = (costs: { pixels: Tensor; codes: Tensor }) => tf.Tensor<tf.Rank.R0>;

// Last, a step. `variableGrads` runs the chain rule along 6.1's arrows backwards. **Adam** (Kingma and Ba 2014) then keeps a
// running mean of each slope, and one of its square, and steps along the first divided by the root of the second: where a
// slope always points the same way, the step is as long as the learning rate; where it jitters, much shorter. Both means
// start at 0 and so begin too small; dividing by 1 - 0.9ᵗ and 1 - 0.999ᵗ makes up for it.

/** What makes steps of Adam on a machine; each returns the loss as it was before the step. */
export function stepper(m: Machine, loss = sums) {
  const variables = weights(m);
  const [mean, square] = [0, 1].map(() => variables.map((w) => tf.tidy(() => tf.variable(tf.zeros(w.shape)))));
  let t = 0;
  const step = (x: Tensor, eps: Tensor) =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => loss(terms(m, x, eps)), variables);
      t++;
      variables.forEach((w, i) => {
        const g = grads[w.name];
        mean[i].assign(mean[i].mul(0.9).add(g.mul(0.1)));
        square[i].assign(square[i].mul(0.999).add(g.square().mul(0.001)));
        const root = square[i].div(1 - 0.999 ** t).sqrt().add(1e-7);
        w.assign(w.sub(mean[i].div(1 - 0.9 ** t).div(root).mul(0.001))); // the learning rate
      });
      return value;
    });
  return { step, dispose: () => tf.dispose([mean, square]) };
}

// ### Check
async function theMachine(show: Show, digits: Dataset, { hidden, latent, seed }: Options): Promise<Machine> {
  show.title(`6.2 The machine: 784-${hidden}-${latent}`);
  const m = machine(hidden, latent, seed);
  const costs = tf.tidy(() => {
    const [x, eps, q] = [flat(digits.test, [0]), random(seed).normal([1, latent]), encode(m, flat(digits.test, [0]))];
    const library = [logBernoulli(x, decode(m, reparameterize(q, eps))).neg(), klPerDimension(q).sum(1)];
    return tf.concat([...Object.values(terms(m, x, eps)).map((cost) => cost.sum(1)), ...library]); // [4]
  });
  const [pixels, codes, reconstruction, kl] = await costs.data();
  const library = { margin: 1e-5 * reconstruction, from: "the library's, as checked in lessons 2 to 4; float32" };
  show.claim("cost of an image's pixels", assertAlmostEquals, { found: pixels, expected: reconstruction, ...library });
  show.claim("cost of its code", assertAlmostEquals, { found: codes, expected: kl, ...library });
  costs.dispose();
  return m;
}

// ## 6.3 It learns
//
// That is all of it. Let it run: shuffle the images, take a batch, roll the dice, make a step.
//
// *Predict, then run.* At the start the decoder knows nothing, and its logits are near 0: every pixel is grey, p = ½. What is
// the loss of the first batch, in nats an image? (There are 784 pixels.)

/** Trains for some epochs; yields the loss of each step. */
export async function* learn(step: Step, images: Images, { epochs, batch, latent, seed }: Options) {
  const source = random(seed);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = source.permutation(images.count);
    for (let from = 0; from < images.count; from += batch) {
      const x = flat(images, order.subarray(from, from + batch)); // [B, 784]
      const loss = tf.tidy(() => step(x, source.normal([x.shape[0], latent])));
      yield (await loss.data())[0];
      tf.dispose([x, loss]);
    }
  }
}
type Step = ReturnType<typeof stepper>["step"];
type Images = Dataset["train"];

const flat = (images: Images, indices: ArrayLike<number>) =>
  tf.tidy(() => images.batch(indices).x.reshape([indices.length, 784]) as Tensor2D);

// Is the result any good? On MNIST (70,000 scanned digits, 10,000 of them held out; `--data mnist`) a machine of just these
// sizes has often been published, so the loss after each epoch is known in advance. Judge a VAE as you train it, with z
// **drawn**: at z = μ the sum looks better, but it is a bound on nothing.

/** Held-out losses after epochs 1 to 10, as published for this model on grey MNIST (pytorch/examples, z drawn). */
export const PUBLISHED = [127.3, 115.79, 112.22, 109.64, 108.54, 107.7, 107.07, 106.66, 106.04, 105.56];

/** Reconstruction and KL in nats an image: at z drawn, or for `eps` of zeros at z = μ. */
export async function judge(m: Machine, images: Images, eps: Tensor): Promise<[number, number]> {
  const costs = tf.tidy(() =>
    Object.values(terms(m, flat(images, range(images.count)), eps)).map((cost) => cost.sum(1).mean())
  );
  const [[reconstruction], [kl]] = await Promise.all(costs.map((cost) => cost.data()));
  tf.dispose(costs);
  return [reconstruction, kl];
}

// ### Check
async function itLearns(show: Show, digits: Dataset, m: Machine, options: Options): Promise<void> {
  const { batch, latent, hidden, seed, epochs } = options;
  show.title(`6.3 It learns: ${epochs} epochs of ${digits.train.count} images`);
  const { step, dispose } = stepper(m);
  const x = flat(digits.test, range(Math.min(8, digits.test.count))); // [8, 784]
  const eps = random(seed).normal([digits.test.count, latent]);
  const seen = () => tf.tidy(() => tf.sigmoid(decode(m, encode(m, x).mu))); // [8, 784]
  const [looks, losses, test] = [[x, seen()], [] as number[], [] as number[]];
  const steps = Math.ceil(digits.train.count / batch); // an epoch
  for await (const loss of learn(step, digits.train, options)) {
    if (losses.push(loss) === Math.ceil(steps / 10)) looks.push(seen());
    if (losses.length % steps) continue;
    const [reconstruction, kl] = await judge(m, digits.test, eps);
    const epoch = test.push(reconstruction + kl);
    show.text(
      `epoch ${epoch}: held-out ${test.at(-1)!.toFixed(2)} = ${reconstruction.toFixed(2)} + KL ${kl.toFixed(2)}`,
    );
  }
  show.figure("test", test);
  const guess = { expected: 784 * Math.log(2), margin: 20, from: "784 log 2; logits and codes are only nearly 0" };
  show.claim("the first loss, in nats an image", assertAlmostEquals, { found: losses[0], ...guess });
  const notLooking = {
    found: test.at(-1)!,
    expected: meanImageLoss(digits),
    from: "the mean training image's: no looking",
  };
  show.claim("held-out loss", assertLess, notLooking);
  const zeros = tf.zerosLike(eps);
  const atMean = (await judge(m, digits.test, zeros)).reduce((sum, cost) => sum + cost);
  show.claim("the same at z = μ", assertLess, { found: atMean, expected: test.at(-1)!, from: "with z drawn" });
  const usual = batch === defaults.batch && latent === defaults.latent && hidden === defaults.hidden;
  for (const [epoch, margin] of digits.name === "mnist" && usual ? [[1, 2], [10, 1]] : []) {
    if (epoch > epochs) continue;
    const published = { expected: PUBLISHED[epoch - 1], margin, from: "published; runs differ by their seeds" };
    show.claim(`after epoch ${epoch}, on MNIST`, assertAlmostEquals, { found: test[epoch - 1], ...published });
  }
  const grid = tf.tidy(() => tf.concat([...looks, seen()]).reshape([-1, 28, 28, 1]));
  const names = ["held-out", "before", ...looks.slice(2).map(() => "after a tenth of an epoch"), "in the end"];
  await show.images("learning", "What the machine makes of held-out digits", grid, {
    columns: x.shape[0],
    rows: names,
  });
  tf.dispose([...looks, eps, zeros, grid]);
  dispose();
}

// ## 6.4 The library's words for it
//
// Written out, a machine is good for reading. To train many, one wants the parts named, interchangeable and checked. In this
// library `layersVae` takes any two networks of tfjs layers, an encoder with two outputs and a decoder.

/** The same machine in layers, with initial weights of its own. */
export function inLayers(H: number, L: number): LayersVae {
  const x = tf.input({ shape: [784] });
  const h = tf.layers.dense({ units: H, activation: "relu" }).apply(x);
  const outputs = [0, 1].map(() => tf.layers.dense({ units: L }).apply(h) as tf.SymbolicTensor); // μ and log σ²
  const unfold = tf.layers.dense({ inputShape: [L], units: H, activation: "relu" });
  const decoder = tf.sequential({ layers: [unfold, tf.layers.dense({ units: 784 })] });
  return layersVae(tf.model({ inputs: x, outputs }), decoder);
}

// The rest has names too: `elbo(vae, x, eps)` draws z and returns both terms, `negativeElbo(vae)` is the loss, and
// `train(negativeElbo(vae), examples)` shuffles, rolls the dice and makes steps of Adam, one for each turn of a loop that
// you own.
//
// Does it do what we wrote down? Neither was made from the other, so where they agree, both are very likely right. Start both
// from the same weights. An objective is a record with a function `terms(batch, noise, knobs)`, so an eavesdropper can stand
// between `train` and `negativeElbo`, and note for each step which images came and which dice are going to be rolled. The
// machine of 6.2 then takes the same steps. Compare all slopes of a first step, and the loss after a hundred: small
// differences would have grown.

type Heard = { x: Tensor; eps: Tensor };

/** The library's loss, with somebody listening. */
function eavesdrop(vae: LayersVae, heard: Heard[]) {
  const { variables, terms } = negativeElbo(vae);
  const listening: typeof terms = (batch, noise, knobs) => {
    const eps = random(noise.state()).normal([batch.x.shape[0] ?? 0, vae.latent]);
    heard.push({ x: tf.keep(batch.x.clone()), eps: tf.keep(eps) });
    return terms(batch, noise, knobs);
  };
  return { variables, terms: listening };
}

// ### Check
async function twoVersions(show: Show, digits: Dataset, seed: number): Promise<void> {
  const [H, L, steps] = [64, 20, 100];
  show.title(`6.4 The library's words for it: 784-${H}-${L}, ${steps} steps side by side`);
  const [m, vae] = [machine(H, L, seed), inLayers(H, L)];
  const { step, dispose } = stepper(m);
  const variables = weights(m);
  vae.variables.forEach((variable, i) => variable.assign(variables[i]));
  const images = flat(digits.train, range(Math.min(digits.train.count, 3200))); // [N, 784]
  const off = tf.tidy(() => {
    const [x, eps] = [images.slice(0, 1), random(seed).normal([1, L])];
    const slopes = (of: Variable[], loss: () => Tensor) => {
      const { grads } = tf.variableGrads(() => loss().asScalar(), of);
      return tf.concat(of.map(({ name }) => grads[name].flatten()));
    };
    const ours = slopes(variables, () => sums(terms(m, x, eps)));
    const theirs = slopes(vae.variables, () => elbo(vae, x, eps).elbo.neg());
    return tf.sub(ours, theirs).abs().max().div(theirs.abs().max());
  });
  const [found] = await off.data();
  show.claim("largest difference between slopes", assertLess, {
    found,
    expected: 1e-5,
    from: "the largest slope; float32",
  });
  const examples = rows(await images.data() as Float32Array, images.shape);
  const heard: Heard[] = [];
  let [ours, theirs] = [NaN, NaN];
  const how = { epochs: steps, batchSize: 32, seed, readEvery: 1 };
  for await (const { step: at, loss } of train(eavesdrop(vae, heard), examples, how)) {
    const { x, eps } = heard.pop()!;
    const own = step(x, eps);
    [ours, theirs] = [(await own.data())[0], loss!];
    tf.dispose([x, eps, own]);
    if (at === steps) break;
  }
  const [margin, from] = [3e-4 * theirs, "the library's; in float32 small differences grow"];
  show.claim(`loss of step ${steps}`, assertAlmostEquals, { found: ours, expected: theirs, margin, from });
  tf.dispose([images, off, variables]);
  vae.dispose();
  dispose();
}

// ## 6.5 Sums, means, and what goes wrong
//
// Why sums over pixels and over the numbers of the code, and a mean over the batch? The ELBO says so. log p(x given z) of
// independent pixels is a **sum** of logarithms, and so is the KL of independent numbers; the log-likelihood of a data set,
// per image, is a **mean** over images. Many programs take a mean where the ELBO has a sum, because a framework does so by
// default. Then the two terms are no longer in the same currency. Let the loss be a · reconstruction + b · KL. A common factor
// only changes the length of a step, and Adam's steps not even that. What counts is β = b / a: how many nats of
// reconstruction a nat of KL must buy. Kept at another value than 1, it makes the **β-VAE**.
//
// What does each choice train? For codes of L = 20 numbers the pencil counts 1, 784 / 20, 784 and 1 / 20. (A mean over the
// batch in both terms, or a sum in both, changes nothing. A sum in one and a mean in the other is worth a factor of B.)

/** Over pixels, and over the numbers of the code: sum or mean? */
export const REDUCTIONS: Record<string, Reduction> = {
  "sum, sum": sums,
  "mean, mean": ({ pixels, codes }) => pixels.mean(1).add(codes.mean(1)).mean(),
  "mean, sum": ({ pixels, codes }) => pixels.mean(1).add(codes.sum(1)).mean(),
  "sum, mean": ({ pixels, codes }) => pixels.sum(1).add(codes.mean(1)).mean(),
};

// The machine can tell, too. β is the slope of the loss along the cost of one number of the code, divided by its slope along
// the cost of one pixel.

/** The β that a reduction trains, by its slopes, for codes of L numbers. */
export async function effectiveBeta(reduce: Reduction, L: number): Promise<number> {
  const along = tf.grads((pixels, codes) => reduce({ pixels, codes }));
  const slopes = tf.tidy(() => along([tf.ones([3, 784]), tf.ones([3, L])]));
  const [a, b] = await Promise.all(slopes.map((slope) => slope.data()));
  tf.dispose(slopes);
  return b[0] / a[0];
}

// *Predict, then run.* "Mean, sum" looks innocent, and has β = 784. Let R₀ be the reconstruction of someone who does not look
// and always says the mean image, at a KL of 0: about 200 nats. Whatever trains to something better has R + 784 KL < R₀, and
// R is not negative, so its KL is below R₀ / 784, a quarter of a nat. That says nothing about an image: the code must
// **collapse**, whatever the network. And β = 1/L? A code is almost free. Reconstructions get better, and lesson 1's trouble
// comes back: q(z given x) shrinks towards a point, far from the prior, and of draws from the prior nothing good can be made.

// ### Check
async function reductions(show: Show, digits: Dataset, options: Options): Promise<void> {
  const [hidden, latent] = [100, 20];
  show.title(`6.5 Sums, means, and what goes wrong: 784-${hidden}-${latent}`);
  const x = flat(digits.test, range(Math.min(8, digits.test.count))); // [8, 784]
  const eps = random(options.seed).normal([digits.test.count, latent]);
  const [looks, found]: [Tensor[], [number, number][]] = [[x], []];
  const betas = [1, 784 / latent, 784, 1 / latent];
  for (const [i, [name, reduce]] of Object.entries(REDUCTIONS).entries()) {
    const counted = { expected: betas[i], margin: 1e-5 * betas[i], from: "counted; float32" };
    show.claim(`β of "${name}"`, assertAlmostEquals, { found: await effectiveBeta(reduce, latent), ...counted });
    const m = machine(hidden, latent, options.seed);
    const { step, dispose } = stepper(m, reduce);
    for await (const _ of learn(step, take(digits.train, 10_000), { ...options, latent }));
    found.push(await judge(m, digits.test, eps));
    looks.push(tf.tidy(() => tf.sigmoid(decode(m, tf.concat([encode(m, x).mu, eps.slice(0, x.shape[0])]))))); // [16, 784]
    tf.dispose(weights(m));
    dispose();
  }
  const names = Object.keys(REDUCTIONS);
  show.table("Held-out, in nats an image: what each of them trains", {
    columns: ["pixels, codes", "β", "reconstruction", "KL", "-ELBO"],
    rows: found.map(([cost, kl], i) => [names[i], betas[i], ...[cost, kl, cost + kl].map((nats) => nats.toFixed(2))]),
  });
  const grid = tf.tidy(() => tf.concat(looks).reshape([-1, 28, 28, 1]));
  const rows = ["held-out", ...names.flatMap((name) => [name, "its draws"])];
  await show.images("reductions", "Reconstructions, and draws", grid, { columns: x.shape[0], rows });
  const [[right, kl], [, ofMeans], [, collapsed], [free, costly]] = found;
  const [most, from] = [meanImageLoss(digits) / 784, "that at β = 1"];
  show.claim("KL at β = 784, in nats", assertLess, { found: collapsed, expected: most, from: "R₀ / 784" });
  show.claim("KL at β = 39.2", assertLess, { found: ofMeans, expected: kl / 10, from: `a tenth of ${from}` });
  show.claim("reconstruction at β = 0.05", assertLess, { found: free, expected: right, from });
  show.claim("-ELBO at β = 0.05", assertGreater, { found: free + costly, expected: right + kl, from });
  tf.dispose([eps, ...looks, grid]);
}

// ## 6.6 A fair contest of dreams
//
// Lesson 1's autoencoder could not dream: nobody had told its codes where to lie. Give it every chance: the same sizes, the
// same epochs, and for its dreams the Gaussian that fits its own codes, as in 1.5. Seen along that Gaussian's axes, in
// standard deviations, its codes have N(0, I) for a prior, and it is a prior and a decoder, as a VAE is.

/** A plain autoencoder's codes in standard deviations of the Gaussian that fits them. */
function standardised({ encode, decode }: Autoencoder, { mean, components, variances }: PrincipalComponents) {
  const sigma = tf.tidy(() => tf.sqrt(variances)); // [L]
  const inwards = (x: Tensor) => tf.matMul(encode(x).sub(mean) as Tensor2D, components, false, true).div(sigma); // [B, L]
  const outwards = (z: Tensor) => decode(tf.matMul(z.mul(sigma) as Tensor2D, components).add(mean)); // pixels
  return { inwards, outwards, sigma };
}

// Who dreams better? The one among whose dreams real digits are the likeliest: lesson 5's question. The VAE's -ELBO on
// held-out digits answers it from above. For the autoencoder take q(z given x) = N(its code, s²). Told almost exactly, as it
// was trained, with s = 0.05, its codes are expensive. With hindsight there is an s that serves it well: a Gaussian fitted
// afterwards, with noise tuned afterwards, is most of a VAE. The VAE needs no hindsight; and in the picture, sharp pieces do
// not make a digit.

// ### Check
async function dreams(show: Show, digits: Dataset, m: Machine, options: Options): Promise<void> {
  const { epochs, batch: batchSize, latent, hidden, seed } = options;
  show.title("6.6 A fair contest of dreams");
  const plain = autoencoder({ latent, hidden: [hidden], seed });
  for await (const _ of train(squaredError(plain), digits.train, { epochs, batchSize, seed }));
  const seen = range(Math.min(10_000, digits.train.count));
  const codes = tf.tidy(() => plain.encode(digits.train.batch(seen).x) as Tensor2D); // [N, L]
  const pca = await principalComponents(codes);
  const { inwards, outwards, sigma } = standardised(plain, pca);
  const [count, columns] = [digits.test.count, Math.min(8, digits.test.count)];
  const eps = random(seed).normal([count, latent]);
  const bounds: number[] = [];
  const noises = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1];
  for (const s of noises) {
    const bound = tf.tidy(() => {
      const { x } = digits.test.batch(range(count));
      const mu = inwards(x);
      const p = tf.clipByValue(outwards(mu.add(eps.mul(s))), 1e-4, 1 - 1e-4);
      const kl = klPerDimension({ mu, logVar: tf.fill(mu.shape, 2 * Math.log(s)) }).sum(1);
      return kl.sub(logBernoulli(x, tf.log(p).sub(tf.log(tf.sub(1, p))))).mean();
    });
    bounds.push((await bound.data())[0]);
    bound.dispose();
  }
  const own = (await judge(m, digits.test, eps)).reduce((sum, cost) => sum + cost);
  show.table("The autoencoder's held-out -ELBO with its own Gaussian, by the noise s that is added to its codes", {
    columns: ["s", ...noises.map(String)],
    rows: [["nats", ...bounds.map((nats) => nats.toFixed(1))]],
  });
  const exactly = { found: own, expected: bounds[0], from: "the autoencoder's at s = 0.05" };
  show.claim("held-out -ELBO of the VAE", assertLess, exactly);
  const shown = tf.tidy(() => {
    const [{ x }, z] = [digits.test.batch(range(columns)), eps.slice(0, columns)];
    return tf.concat([x, tf.sigmoid(decode(m, z)).reshape(x.shape), outwards(z), plain.decode(z)]);
  });
  const rows = ["held-out", "VAE, prior", "autoencoder, its Gaussian", "autoencoder, N(0, I)"];
  await show.images("dreams", "Real digits, and dreams", shown, { columns, rows });
  const squares = tf.tidy(() => {
    const { mu, logVar } = encode(m, flat(digits.test, range(count))); // [N, L]
    return tf.stack([tf.exp(logVar).mean(), mu.square().add(tf.exp(logVar)).mean(), codes.square().mean()]); // [3]
  });
  const [each, together, elsewhere] = await squares.data();
  const half = { found: each, expected: together / 2, from: "half the mean of μ² + σ², all of them together" };
  show.claim("variance of a single q(z given x), on average", assertLess, half);
  const twice = { found: elsewhere, expected: 2 * together, from: "twice the mean of μ² + σ²; the prior's is 1" };
  show.claim("mean square of a number in the autoencoder's codes", assertGreater, twice);
  tf.dispose([codes, pca.mean, pca.components, sigma, eps, shown, squares]);
  plain.dispose();
}

// So a VAE is two networks, one line with dice, and two sums. It dreams because its loss has made room for dreaming.
//
// ## Try it
//
// 1. In 6.3's `learn` multiply the dice by 0: `.mul(0)` behind `source.normal(…)`. What becomes of the loss with z drawn, and
//    of σ?
// 2. `--latent 2`. Does the held-out loss of 6.3 rise or fall? What happens to its KL part?
// 3. With MNIST's four files in a directory: `deno run --allow-read=DIRECTORY lessons/06_vae.ts --data DIRECTORY --epochs 10`.
//    Compare with `PUBLISHED` (a few minutes).
//
// Answers, and those of the lines marked ✎: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  show.text(DRAWING);
  const digits = await loadImages(options.data, show.fetch);
  const m = await theMachine(show, digits, options);
  await itLearns(show, digits, m, options);
  await twoVersions(show, digits, options.seed);
  await reductions(show, digits, options);
  await dreams(show, digits, m, options);
  tf.dispose(weights(m));
}

if (import.meta.main) {
  await runLesson({ name: "06_vae", question: "What is a VAE, in forty lines?", text, defaults, lesson });
}
