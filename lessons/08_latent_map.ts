/**
 * # 8. What lives where?
 *
 * ```math
 * \underbrace{\mathbb{E}_x\left[\mathrm{KL}(q(z \mid x) \,\|\, p(z))\right]}_{\text{what a code costs}}
 * = \underbrace{\mathbb{E}_x\left[\mathrm{KL}(q(z \mid x) \,\|\, a(z))\right]}_{\text{what it says}}
 * + \underbrace{\mathrm{KL}(a(z) \,\|\, p(z))}_{\text{what is wasted}}
 * ```
 *
 * - **You need**: lesson 7, whose model this is, and lesson 4 for the KL.
 * - **You leave with**: a map of a latent space that you can read: who lives where, what lies between two digits, where nobody
 *   lives; and a bill that says what the nats of the KL bought.
 * - **Run** (about 20 seconds): `deno run lessons/08_latent_map.ts`; with the model of lesson 7 (10 seconds):
 *   `deno run --allow-read=model lessons/08_latent_map.ts --load model`, after `--save model` there.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type CommonOptions,
  convVae,
  type Dataset,
  evaluate,
  gridCodes,
  InputError,
  klToStandardNormal,
  type LayersVae,
  loadImages,
  meanImageLoss,
  negativeElbo,
  random,
  range,
  runLesson,
  type Show,
  squaredDistances,
  type Tensor,
  type Tensor2D,
  trainOrLoad,
} from "../mod.ts";
import text from "./08_latent_map.ts" with { type: "text" };

export const defaults = { epochs: 1, batch: 8, images: 8000, rate: 0.002 };

/** What the defaults are on data other than the embedded digits, as in lesson 7. */
export const otherData = { batch: 128, images: 60_000, rate: 0.001 };
type Options = typeof defaults & CommonOptions;
const SEEN = 2000; // held-out images that are looked at, at most

// Lesson 7 ended with two pictures of the plane of codes: the held-out digits at their μ, and a map of what the decoder
// draws, both laid out with a ruler. A plane is small enough to look at all of it, and to add things up over all of it. This
// lesson looks; the next one adds up.

// ## 8.1 The prior's own measure
//
// On lesson 7's map every tile stood for the same area. But the prior hardly ever draws a code from a corner of that map, and
// most of what it does draw is crowded into the middle. So measure by the prior instead: cut N(0, 1) into 15 slices of equal
// probability, and take the middle of each. With 15 slices each way, a tile stands for 1 in 225 of what the model would draw.
//
// How much of N(0, 1) lies below z? The area under its density φ, the **cumulative probability** Φ(z): ½ up to zero, and thin
// strips from there to z. Lines marked ✎ are yours: delete what follows the `=` or the `=>`, write it from the text, and run.

/** The density φ of N(0, 1). */
const density = (z: number) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);

/** Φ(z), the probability that a draw from N(0, 1) is below z: 50 strips, each by Simpson's rule. */
export function cumulative(z: number): number {
  const h = z / 100; // half the width of a strip
  let sum = 0.5;
  for (let a = 0; a < 100; a += 2) sum += (density(a * h) + 4 * density((a + 1) * h) + density((a + 2) * h)) * h / 3;
  return sum;
}

// We need the way back, from a probability p to its z, the **quantile** of p. It has no formula, so search for the z where
// Φ(z) - p is zero: walk along the tangent to where *it* is zero, and again from there (Newton's method). The slope of Φ is
// φ. Beyond zero Φ bends downwards and its tangent lies above it, so that no step overshoots.

/** The number that N(0, 1) stays below with probability `p`. */
export function quantile(p: number): number {
  if (p <= 0 || p >= 1) return p <= 0 ? -Infinity : Infinity;
  let z = 0;
  for (let step = 0; step < 30; step++) {
    z = z - (cumulative(z) - p) / density(z); // ✎ 8.1a
  }
  return z;
}

/** The middle of slice `i` of `count` has i slices and a half below it. */
const middle = (i: number, count: number) => quantile((i + 0.5) / count); // ✎ 8.1b
const slices = (count: number) => Array.from(range(count), (i) => middle(i, count));

// A trap, which many a map shows as a border of blank tiles: to take 15 probabilities from 0 to 1 *inclusive*. No number has
// nothing of N(0, 1) below it, and none has all of it: the quantiles of 0 and 1 are -∞ and ∞, and a decoder makes NaN of them.
//
// *Predict, then run*: with 15 such values each way, how many of the 225 codes are infinite?

// ### Check
function measure(show: Show): void {
  show.title("8.1 The prior's own measure");
  const table = { expected: 1.959964, margin: 1e-6, from: "every table of the normal distribution" };
  show.claim("the quantile of 0.975", assertAlmostEquals, { found: quantile(0.975), ...table });
  const third = { expected: -0.967422, margin: 1e-6, from: "the same tables, at 1/6" };
  show.claim("the middle of the first of 3 slices", assertAlmostEquals, { found: middle(0, 3), ...third });
  const finite = Array.from(range(15), (i) => quantile(i / 14)).filter(Number.isFinite).length;
  const border = { expected: 56, from: "the border of a square of 15" };
  show.claim("infinite codes of 225, from 0 to 1 inclusive", assertEquals, { found: 225 - finite ** 2, ...border });
}

// ## 8.2 A map by that measure
//
// The network of lesson 7, trained for half as long and with a constant rate, or loaded from where lesson 7 saved it. Decode
// the middles of all tiles. Each axis says how much of the prior lies to the left, or below.

/** The axes of every map of this lesson. Tiles, `count` each way, have their middles half a tile within. */
const axes = (count = Infinity) => ({
  x: { label: "Φ(z[0])", from: 0.5 / count, to: 1 - 0.5 / count },
  y: { label: "Φ(z[1])", from: 0.5 / count, to: 1 - 0.5 / count },
});

// ### Check
async function map(show: Show, digits: Dataset, options: Options): Promise<LayersVae> {
  show.title(options.load ? `8.2 A map of the model in ${options.load}` : "8.2 A map: a shorter training");
  const vae = convVae({ seed: options.seed });
  await trainOrLoad(show, vae, digits, options);
  const loss = await evaluate(negativeElbo(vae), digits.test, { seed: options.seed });
  show.figure("test", loss);
  const blind = { expected: meanImageLoss(digits), from: "the mean training image's: no looking" };
  show.claim("held-out loss, in nats an image", assertLess, { found: loss.loss, ...blind });
  const tiles = tf.tidy(() => vae.mean(vae.decode(gridCodes(slices(15))))); // [225, 28, 28, 1]
  const caption = `Equally probable codes, the outermost at ±${middle(14, 15).toFixed(2)}`;
  await show.images("quantiles", caption, tiles, { columns: 15, ...axes(15) });
  const odd = (await tiles.data()).filter((value) => !Number.isFinite(value)).length;
  show.claim("pixels that are not a number", assertEquals, { found: odd, expected: 0, from: "no tile is at 0 or 1" });
  tiles.dispose();
  return vae;
}

// ## 8.3 Who lives where
//
// Of each held-out image keep the μ and the σ of its q(z | x), four numbers. Lay the images on the same square, each at
// (Φ(μ₀), Φ(μ₁)), coloured by its class. Where a class lives here, the map above shows its digit. Draws from the prior would
// cover the square evenly. These points are not draws, only the μ (8.5 adds the σ); there are crowds, and empty places.
//
// Classes were never part of the training. Yet look at a point's ten nearest neighbours in the plane of codes: how many are of
// its class? If places had nothing to do with classes, a neighbour would be of your class as often as any image is. With
// shares p₀ … p₉ of the classes, that is p₀² + … + p₉², about one in ten.

/** Where the encoder puts an image: the μ and the σ of its q(z | x), as numbers. */
export type Place = { mu: Code; sigma: Code };
type Code = [number, number];

async function encode(vae: LayersVae, digits: Dataset): Promise<Place[]> {
  const [mu, sigma] = tf.tidy(() => {
    const q = vae.encode(digits.test.batch(range(Math.min(SEEN, digits.test.count))).x);
    return [q.mu, tf.exp(tf.div(q.logVar, 2))]; // [N, 2] each
  });
  const [mus, sigmas] = [await mu.array(), await sigma.array()] as [Code[], Code[]];
  tf.dispose([mu, sigma]);
  return mus.map((mu, n) => ({ mu, sigma: sigmas[n]! })); // as many of both
}

/** The share of the `k` nearest neighbours of points `[N, 2]` that are of the point's own class. */
export async function neighboursAlike(points: Tensor2D, labels: Uint8Array, k: number): Promise<number> {
  const nearest = tf.tidy(() => {
    const itself = tf.eye(points.shape[0]).mul(1e9); // nobody is a neighbour of itself
    const distances = tf.add(squaredDistances(points, points), itself); // [N, N]
    return tf.topk(tf.neg(distances), k).indices; // [N, k]
  });
  const indices = await nearest.data();
  nearest.dispose();
  let alike = 0;
  indices.forEach((other, i) => alike += Number(labels[other] === labels[Math.floor(i / k)]));
  return alike / indices.length;
}

// ### Check
async function whoLivesWhere(show: Show, digits: Dataset, mu: Code[]): Promise<void> {
  show.title("8.3 Who lives where");
  const labels = digits.test.labels.subarray(0, mu.length);
  const [points, square] = [tf.tensor2d(mu), tf.tensor2d(mu.map((z) => z.map(cumulative)))]; // [N, 2] each
  await show.scatter("latent", `${mu.length} held-out digits, by the prior's measure`, square, labels, axes());
  const shares = Array.from(range(10), (label) => labels.filter((l) => l === label).length / labels.length);
  const chance = shares.reduce((sum, p) => sum + p * p, 0);
  const more = { expected: 1.5 * chance, from: `one and a half times chance, ${chance.toFixed(3)}` };
  const found = await neighboursAlike(points, labels, 10);
  show.claim("of ten neighbours, the share of your own class", assertGreater, { found, ...more });
  tf.dispose([points, square]);
}

// ## 8.4 What lies between two digits?
//
// Walk in a straight line from one digit to another, in two ways: through the code, decoding on the way, and through the
// pixels, mixing the two end pictures. To be fair, both ways begin and end at the same pictures, the reconstructions. In the
// middle of the second way both digits are there at once, each half faded. The first leads through other digits.
//
// Can that be measured? Not by the distance to the nearest real digit: grey is never far from black or from white, and a blend
// is grey. So count the grey itself. For a pixel x, 4x(1 - x) is 1 at ½, and 0 for black and for white. Halfway between a and
// b, at m = (a + b) / 2,
//
// ```math
// 4 m (1 - m) = \tfrac12 \left[ 4 a (1 - a) + 4 b (1 - b) \right] + (a - b)^2 ,
// ```
//
// so a blend is greyer than its ends by exactly (a - b)² in every pixel. The way through the code owes no such debt.
//
// *Predict, then run*: halfway through the code, how much of that debt is left?

/** How grey images `[B, 28, 28, 1]` are, each: the sum of 4x(1 - x), `[B]`. */
const grey = (x: Tensor) => tf.mul(x, tf.sub(1, x)).mul(4).sum([1, 2, 3]);

/** What 200 pairs gain in grey: halfway through the code, halfway through the pixels, and (a - b)², on average, `[3]`. */
function gained(vae: LayersVae, zA: Tensor2D, zB: Tensor2D): Tensor {
  const picture = (z: Tensor) => vae.mean(vae.decode(z)); // [200, 2] to [200, 28, 28, 1]
  const [a, b] = [picture(zA), picture(zB)];
  const throughCode = picture(tf.add(zA, zB).div(2));
  const throughPixels = tf.add(a, b).div(2); // [200, 28, 28, 1]
  const ends = tf.add(grey(a), grey(b)).div(2); // [200]
  const rise = (halfway: Tensor) => tf.sub(grey(halfway), ends).mean();
  return tf.stack([rise(throughCode), rise(throughPixels), tf.squaredDifference(a, b).sum([1, 2, 3]).mean()]);
}

// ### Check
/** Of twice as many random pairs of points of different classes, the `count` that are furthest apart. */
export function farPairs(mu: Code[], labels: Uint8Array, count: number, seed: number): [Code, Code][] {
  const [source, pairs] = [random(seed), [] as [Code, Code][]];
  while (pairs.length < 2 * count) {
    const [a, b] = [Math.floor(source.uniform() * mu.length), Math.floor(source.uniform() * mu.length)];
    if (labels[a] !== labels[b]) pairs.push([mu[a]!, mu[b]!]); // both are below its length
  }
  const apart = ([a, b]: [Code, Code]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  return pairs.toSorted((p, q) => apart(q) - apart(p)).slice(0, count);
}

async function between(show: Show, digits: Dataset, vae: LayersVae, places: Place[], seed: number): Promise<void> {
  show.title("8.4 What lies between two digits");
  const pairs = farPairs(places.map(({ mu }) => mu), digits.test.labels, 200, seed);
  const [zA, zB] = [tf.tensor2d(pairs.map(([a]) => a)), tf.tensor2d(pairs.map(([, b]) => b))]; // [200, 2] each
  const walk = (a: Tensor, b: Tensor) => tf.concat(Array.from(range(9), (i) => tf.add(a.mul(1 - i / 8), b.mul(i / 8))));
  const shown = tf.tidy(() => {
    const code = vae.mean(vae.decode(walk(zA.slice(0, 1), zB.slice(0, 1)))); // [9, 28, 28, 1]
    return tf.concat([code, walk(code.slice(0, 1), code.slice(8, 1))]); // [18, 28, 28, 1]
  });
  const rows = ["through the code", "through the pixels"];
  await show.images("between", "From one digit to another, two ways", shown, { columns: 9, rows });
  const measured = tf.tidy(() => gained(vae, zA, zB)); // [3]
  const [throughCode = NaN, throughPixels = NaN, apart = NaN] = await measured.data();
  const debt = { expected: apart, margin: 0.01, from: "the mean of |a - b|²; float32" };
  show.claim("grey gained halfway through the pixels", assertAlmostEquals, { found: throughPixels, ...debt });
  const less = { expected: throughPixels, from: `through the pixels; ${pairs.length} pairs` };
  show.claim("grey gained halfway through the code", assertLess, { found: throughCode, ...less });
  tf.dispose([zA, zB, shown, measured]);
}

// ## 8.5 Where nobody lives
//
// To dream is to draw codes from the prior and to decode them. That is fair only if the images, taken together, fill the
// prior. Where do codes land, if you pick an image at random and then draw from its q(z | x)? The density of that is the
// average of all the q(z | x), the **aggregate posterior**:
//
// ```math
// a(z) = \frac{1}{N} \sum_{n=1}^{N} q(z \mid x_n)
// ```
//
// It has a letter of its own here, since it belongs to no image. In logarithms, so that nothing underflows:

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** log N(z | μ, σ²) in the plane. */
export function logNormal(z: Code, mu: Code, sigma: Code): number {
  const along = (d: 0 | 1) => -0.5 * ((z[d] - mu[d]) / sigma[d]) ** 2 - Math.log(sigma[d]);
  return along(0) + along(1) - Math.log(2 * Math.PI);
}

/** log a(z), the aggregate posterior: a log-mean-exp, the largest taken out first so that not all of them vanish. */
export function logAggregate(z: Code, places: Place[]): number {
  const logQ = places.map(({ mu, sigma }) => logNormal(z, mu, sigma)); // log q(z | xₙ)
  const most = logQ.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(mean(logQ.map((v) => Math.exp(v - most))));
}

const logPrior = (z: Code) => logNormal(z, [0, 0], [1, 1]);

// On the square of the prior's measure every tile has the same prior probability, so a(z) / p(z) at its middle says how many
// times as often the images go there as dreams do: 1 everywhere, if they filled the prior. Where it is below a tenth there is
// a **hole**. The share of tiles in holes is the chance that a dream begins where hardly any image ever was.

// ### Check
async function whereNobodyLives(show: Show, places: Place[]): Promise<void> {
  show.title("8.5 Where nobody lives");
  const tiles = slices(30).flatMap((up) => slices(30).map((across): Code => [across, up]));
  const ratios = tiles.map((z) => Math.exp(logAggregate(z, places) - logPrior(z)));
  const map = { columns: 30, ...axes(30), value: { label: "a(z) / p(z), at most 4", from: 0, to: 4 } };
  const values = ratios.map((ratio) => Math.min(4, ratio));
  await show.heat("holes", "How often images go there, for each time that the prior does", { values, ...map });
  const holes = ratios.filter((ratio) => ratio < 0.1).length / ratios.length;
  show.text(`holes: ${(100 * holes).toFixed(0)} % of the prior`);
  show.figure("holes", holes);
}

// ## 8.6 What a code costs, split in two
//
// The KL is what a code costs. What did it buy? Take one image, one code from its q(z | x), and write the cost as a sum of
// two differences, by way of a(z):
//
// ```math
// \log q(z \mid x) - \log p(z) = \left[\log q(z \mid x) - \log a(z)\right] + \left[\log a(z) - \log p(z)\right]
// ```
//
// On average over images and codes each bracket is a KL divergence, because to pick an image and then a code from its
// q(z | x) *is* to draw from a(z). That is the formula at the top. The first part is what the code *says about its image*:
// how much more likely this image makes this code than images in general do. The second is **waste**: how far everybody
// together is from the prior. Holes are part of it (Hoffman and Johnson 2016).

/** The bill of a code `z` of an image with this place: what it costs, what it says, what it wastes. */
function bill(z: Code, { mu, sigma }: Place, places: Place[]): [cost: number, says: number, wastes: number] {
  const logQ = logNormal(z, mu, sigma); // log q(z | x)
  const [logA, logP] = [logAggregate(z, places), logPrior(z)];
  return [logQ - logP, logQ - logA, logA - logP];
}

// *Predict, then run*: a code that named its image without fail, one of 2,000, would say log 2000 = 7.6 nats about it. That is a
// ceiling, for a(z) is at least q(z | x) / 2000. How much of it does this code reach? (1 nat is 1.44 bits.)

// ### Check
async function theBill(show: Show, places: Place[], seed: number): Promise<void> {
  show.title("8.6 What a code costs, split in two");
  const source = random(seed);
  const near = (mu: number, sigma: number) => mu + sigma * source.gaussian();
  const draw = ({ mu, sigma }: Place): Code => [near(mu[0], sigma[0]), near(mu[1], sigma[1])];
  const bills = places.map((place) => bill(draw(place), place, places));
  const average = (part: 0 | 1 | 2) => mean(bills.map((b) => b[part]));
  const [cost, says, wastes] = [average(0), average(1), average(2)];
  const rows = Object.entries({ "it costs": cost, "it says": says, "it wastes": wastes });
  const table = rows.map(([what, nats]) => [what, nats.toFixed(2), (nats / Math.LN2).toFixed(2)]);
  show.table("What a code costs, on average", { columns: ["", "nats", "bits"], rows: table });
  const [mu, sigma] = [places.map(({ mu }) => mu), places.map(({ sigma }) => sigma)];
  const kl = tf.tidy(() => klToStandardNormal({ mu: tf.tensor2d(mu), logVar: tf.log(sigma).mul(2) }).mean());
  const margin = 4 * Math.sqrt(mean(bills.map((b) => (b[0] - cost) ** 2)) / bills.length);
  const formula = { expected: (await kl.data())[0] ?? NaN, margin, from: "lesson 4's formula; 4 standard errors" };
  show.claim("what a code costs, by one draw an image", assertAlmostEquals, { found: cost, ...formula });
  kl.dispose();
  const ceiling = { expected: Math.log(bills.length), from: `log ${bills.length}, which names the image` };
  show.claim("what it says", assertLessOrEqual, { found: says, ...ceiling });
  show.claim("what it says, too", assertGreater, { found: says, expected: 0, from: "a KL is never negative" });
  show.claim("what it wastes", assertLess, { found: wastes, expected: cost, from: "what it costs, by the same draws" });
}

// So this is what a two-dimensional latent is: a map on which like lives beside like, most of it paved, with holes, and a price
// for every address. Lesson 9 adds up over the whole map, and finds what the ELBO only bounds: log p(x), image by image.
//
// ## Try it
//
// 1. In 8.4 make `farPairs` return the pairs that are *nearest*, by `apart(p) - apart(q)`. What becomes of both gains?
// 2. In 8.6 let the images share one q: give `logNormal` in `bill` and in `logAggregate` the first image's μ and σ. Which part of
//    the bill is left?
// 3. `--seed 1`. The map is another one. Are the numbers of 8.6 others, too? Why may the map differ at all?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const digits = await loadImages(options.data, show.fetch, { test: 11 }); // 8.3 looks at ten neighbours
  const labels = digits.test.labels.subarray(0, SEEN);
  if (new Set(labels).size < 2) {
    throw new InputError(`The first ${labels.length} held-out images are of one class, where at least two are wanted.`);
  }
  measure(show);
  const vae = await map(show, digits, options);
  const places = await encode(vae, digits);
  await whoLivesWhere(show, digits, places.map(({ mu }) => mu));
  await between(show, digits, vae, places, options.seed);
  await whereNobodyLives(show, places);
  await theBill(show, places, options.seed);
  vae.dispose();
}

if (import.meta.main) {
  const question = "What lives where?";
  await runLesson({ name: "08_latent_map", question, text, defaults, otherData, keepsModel: true, lesson });
}
