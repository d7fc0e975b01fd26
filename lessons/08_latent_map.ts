/**
 * # 8. What lives where?
 *
 * ```math
 * \underbrace{\mathbb{E}_x\left[\mathrm{KL}(q(z \mid x) \,\|\, p(z))\right]}_{\text{what a code costs}}
 * = \underbrace{\mathbb{E}_x\left[\mathrm{KL}(q(z \mid x) \,\|\, a(z))\right]}_{\text{what it says about its image}}
 * + \underbrace{\mathrm{KL}(a(z) \,\|\, p(z))}_{\text{mismatch with the prior}}
 * ```
 *
 * where 𝔼ₓ is the average over images x, and a(z) the average of q(z | x) over them.
 *
 * - **You need**: lesson 7, whose model this is, and lesson 4 for the KL.
 * - **You leave with**: a map of a latent space that you can read: which digits are where, what lies between two of
 *   them, and where no image has its code; and how the KL divides into information and mismatch.
 * - **Run** (about 20 seconds): `deno run lessons/08_latent_map.ts`; with the model of lesson 7 (10 seconds):
 *   `deno run --allow-read=model lessons/08_latent_map.ts --load model`, after `--save model` there.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, convVae, type Dataset, evaluate, gridCodes, InputError, random } from "../mod.ts";
import { klToStandardNormal, type LayersVae, loadImages, meanImageLoss, negativeElbo, numbers } from "../mod.ts";
import { range, runLesson, type Show, squaredDistances, type Tensor, type Tensor2D, trainOrLoad } from "../mod.ts";
import text from "./08_latent_map.ts" with { type: "text" };

export const defaults = { epochs: 1, batch: 8, images: 8000, rate: 0.002 };

/** What the defaults are on data other than the embedded digits, as in lesson 7. */
export const otherData = { batch: 128, images: 60_000, rate: 0.001 };
type Options = typeof defaults & CommonOptions;
const SEEN = 2000; // held-out images that are looked at, at most

// Lesson 7 ended with two pictures of the plane of codes: the held-out digits, each at its μ, and a map of what the
// decoder draws. A plane is small enough to look at all of it (this lesson), and to add up over it (lesson 9).

// ## 8.1 Tiles of equal probability
//
// On lesson 7's map all tiles have the same area. But the prior seldom draws a code from the corners of that map, and
// draws most codes from its middle. So let all tiles have the same *probability* instead. Cut N(0, 1) into 15 slices of
// equal probability, and take the middle of each, with half of the slice's probability on either side. With 15 slices
// along both axes, each tile stands for 1 in 225 of the codes that the prior draws.
//
// How probable is a draw below z? That is the area under the density φ of N(0, 1) to the left of z, the **cumulative
// probability** Φ(z). The area left of zero is ½; from zero to z we add up thin strips.

/** The density φ of N(0, 1). */
const density = (z: number) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);

/** Φ(z), the probability that a draw from N(0, 1) is below z: 50 strips, each by Simpson's rule. */
export function cumulative(z: number): number {
  const width = z / 50;
  const height = (i: number) => density(i * width);
  let area = 0.5;
  for (let i = 0; i < 50; i++) area += width * (height(i) + 4 * height(i + 0.5) + height(i + 1)) / 6;
  return area;
}

// We need the way back, from a probability p to the z with Φ(z) = p, the **quantile** of p. **Newton's method** finds
// it step by step: replace Φ by its tangent at the present z, and go to where the tangent has the value p. The slope of
// Φ is φ, so a step leads from z to z - (Φ(z) - p) / φ(z). Begin at z = 0. If p is above ½, z moves to the right, where
// Φ bends downwards. There tangents lie above Φ, and reach p first: no step goes too far. Below ½ all is mirrored.

/** The z with Φ(z) = `p`. */
export function quantile(p: number): number {
  if (p <= 0 || p >= 1) return p <= 0 ? -Infinity : Infinity;
  let z = 0;
  for (let step = 0; step < 30; step++) {
    z = z - (cumulative(z) - p) / density(z); // ✎ 8.1a
  }
  return z;
}

/** The middle of slice `i`, from 0 on: below it lie i whole slices of `count`, and half a slice. */
function middle(i: number, count: number): number {
  return quantile((i + 0.5) / count); // ✎ 8.1b
}
const middles = (count: number) => Array.from(range(count), (i) => middle(i, count));

// It is tempting to take the quantiles of 15 probabilities from 0 to 1 *inclusive*. But below every number there is
// some probability, and above it too. So the quantiles of 0 and 1 are -∞ and ∞, and such a code cannot be decoded.
//
// *Predict, then run.* With 15 such values along both axes, how many of the 225 codes have an infinite number in them?

// ### Check
function measure(show: Show): void {
  show.title("8.1 Tiles of equal probability");
  const known = { margin: 1e-6, from: "tables of the normal distribution" };
  show.claim("the quantile of 0.975", assertAlmostEquals, { found: quantile(0.975), expected: 1.959964, ...known });
  const sixth = { found: middle(0, 3), expected: -0.967422, ...known };
  show.claim("the middle of the first of 3 slices, the quantile of 1/6", assertAlmostEquals, sixth);
  const finite = Array.from(range(15), (i) => quantile(i / 14)).filter(Number.isFinite).length;
  const border = { expected: 56, from: "the border of a square of 15" };
  show.claim("infinite codes of 225, from 0 to 1 inclusive", assertEquals, { found: 225 - finite ** 2, ...border });
}

// ## 8.2 A map of equal probabilities
//
// The model is lesson 7's network, either trained here for one epoch, with a constant learning rate and β = 1 from the
// first step, or loaded from where lesson 7 saved it. For the map, decode the middle of every tile. The axes show Φ:
// how much of the prior lies further left, or further down.

/** The axes of every map here: Φ from 0 to 1 or, with `count` tiles along each axis, from first to last middle. */
function axes(count = Infinity) {
  const ends = { from: 0.5 / count, to: 1 - 0.5 / count };
  return { x: { label: "Φ(z[0])", ...ends }, y: { label: "Φ(z[1])", ...ends } };
}

// ### Check
async function map(show: Show, digits: Dataset, options: Options): Promise<LayersVae> {
  show.title(options.load ? `8.2 A map of the model in ${options.load}` : "8.2 A map: a shorter training");
  const vae = convVae({ image: digits.train.shape, seed: options.seed });
  await trainOrLoad(show, vae, digits, options);
  const loss = await evaluate(negativeElbo(vae), digits.test, { seed: options.seed });
  show.figure("test", loss);
  const blind = { expected: meanImageLoss(digits), from: "the mean training image's: no looking" };
  show.claim("held-out loss, in nats per image", assertLess, { found: loss.loss, ...blind });
  const tiles = tf.tidy(() => vae.mean(vae.decode(gridCodes(middles(15))))); // [225, 28, 28, 1]
  const caption = `Equally probable codes, the outermost at ±${middle(14, 15).toFixed(2)}`;
  await show.images("quantiles", caption, tiles, { columns: 15, ...axes(15) });
  const odd = (await tiles.data()).filter((value) => !Number.isFinite(value)).length;
  show.claim("pixels that are not a number", assertEquals, { found: odd, expected: 0, from: "no tile is at 0 or 1" });
  tiles.dispose();
  return vae;
}

// ## 8.3 Which digits are where
//
// For each held-out image keep the μ and the σ of its q(z | x), two numbers each. Draw the image as a point at Φ of
// both numbers of μ, coloured by its class. These are the axes of the map: where points of a class lie, the map shows
// its digit. There are crowds and empty places. But μ alone does not say whether images fill the prior (8.5).
//
// Training never saw the classes. Yet look at the ten nearest neighbours of a point: how many are of its class? If
// places had nothing to do with classes, a point and its neighbour would be two images picked at random. With cₖ for
// the share of class k, both are of class k with probability cₖ², and of the same class with c₀² + … + c₉², about 0.1.

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

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The share of the `k` nearest neighbours of points `[N, 2]` that are of the point's own class. */
export async function neighboursAlike(points: Tensor2D, labels: Uint8Array, k: number): Promise<number> {
  const nearest = await numbers(() => {
    const itself = tf.eye(points.shape[0]).mul(1e9); // no point is a neighbour of itself
    const distances = tf.add(squaredDistances(points, points), itself); // [N, N]
    return tf.topk(tf.neg(distances), k).indices; // [N, k]
  });
  return mean(nearest.map((other, i) => Number(labels[other] === labels[Math.floor(i / k)])));
}

// ### Check
async function whichAreWhere(show: Show, labels: Uint8Array, mu: Code[]): Promise<void> {
  show.title("8.3 Which digits are where");
  const [points, square] = [tf.tensor2d(mu), tf.tensor2d(mu.map((z) => z.map(cumulative)))]; // [N, 2] each
  await show.scatter("latent", `${mu.length} held-out digits, each at the Φ of its μ`, square, labels, axes());
  const shares = Array.from(new Set(labels), (label) => labels.filter((l) => l === label).length / labels.length);
  const chance = shares.reduce((sum, c) => sum + c * c, 0);
  const more = { expected: 1.5 * chance, from: `one and a half times chance, ${chance.toFixed(3)}` };
  const found = await neighboursAlike(points, labels, 10);
  show.claim("of ten neighbours, the share of the same class", assertGreater, { found, ...more });
  tf.dispose([points, square]);
}

// ## 8.4 What lies between two digits?
//
// There are two straight lines from one digit to another: between their codes, decoding on the way, and between their
// pictures u and v, mixing pixels. For a fair comparison u and v are decoded from the same two codes. Halfway between
// the pictures both digits are seen at once, half as bright; between the codes the decoder draws a single shape.
//
// Can that be measured? The distance to the nearest real digit will not do, since a grey blur is never very far from a
// digit (lesson 1). So measure the grey itself. For a pixel x, 4x(1 - x) is 1 at ½, and 0 for black and for white.
// Halfway between the pictures, at m = (u + v) / 2,
//
// ```math
// 4 m (1 - m) = \tfrac12 \left[ 4 u (1 - u) + 4 v (1 - v) \right] + (u - v)^2 .
// ```
//
// So in every pixel the mixture is greyer than u and v are on average, by exactly (u - v)².
//
// *Predict, then run.* For pairs far apart, how much of this gain in grey is there halfway between the codes?

/** How grey images `[B, 28, 28, 1]` are, each: the sum of 4x(1 - x), `[B]`. */
const grey = (x: Tensor) => tf.mul(x, tf.sub(1, x)).mul(4).sum([1, 2, 3]);

/** The mean gain in grey for P pairs of codes: halfway between the codes, between the pictures, and (u - v)², `[3]`. */
function gained(vae: LayersVae, zU: Tensor2D, zV: Tensor2D): Tensor { // [P, 2] each
  const picture = (z: Tensor) => vae.mean(vae.decode(z)); // [P, 2] to [P, 28, 28, 1]
  const [u, v] = [picture(zU), picture(zV)];
  const betweenCodes = picture(tf.add(zU, zV).div(2));
  const betweenPictures = tf.add(u, v).div(2); // [P, 28, 28, 1]
  const ends = tf.add(grey(u), grey(v)).div(2); // [P]
  const gain = (halfway: Tensor) => tf.sub(grey(halfway), ends).mean();
  return tf.stack([gain(betweenCodes), gain(betweenPictures), tf.squaredDifference(u, v).sum([1, 2, 3]).mean()]);
}

// ### Check
/** Of twice as many random pairs of points of different classes, the `count` that are furthest apart. */
export function farPairs(mu: Code[], labels: Uint8Array, count: number, seed: number): [Code, Code][] {
  const [source, pairs] = [random(seed), [] as [Code, Code][]];
  while (pairs.length < 2 * count) {
    const [i, j] = [Math.floor(source.uniform() * mu.length), Math.floor(source.uniform() * mu.length)];
    if (labels[i] !== labels[j]) pairs.push([mu[i]!, mu[j]!]); // both are below its length
  }
  const apart = ([u, v]: [Code, Code]) => Math.hypot(u[0] - v[0], u[1] - v[1]);
  return pairs.toSorted((one, other) => apart(other) - apart(one)).slice(0, count);
}

async function between(show: Show, labels: Uint8Array, vae: LayersVae, places: Place[], seed: number): Promise<void> {
  show.title("8.4 What lies between two digits?");
  const pairs = farPairs(places.map(({ mu }) => mu), labels, 200, seed);
  const [zU, zV] = [tf.tensor2d(pairs.map(([u]) => u)), tf.tensor2d(pairs.map(([, v]) => v))]; // [200, 2] each
  const walk = (u: Tensor, v: Tensor) => tf.concat(Array.from(range(9), (i) => tf.add(u.mul(1 - i / 8), v.mul(i / 8))));
  const shown = tf.tidy(() => {
    const decoded = vae.mean(vae.decode(walk(zU.slice(0, 1), zV.slice(0, 1)))); // [9, 28, 28, 1]
    return tf.concat([decoded, walk(decoded.slice(0, 1), decoded.slice(8, 1))]); // [18, 28, 28, 1]
  });
  const rows = ["between the codes", "between the pictures"];
  await show.images("between", "From one digit to another, in two ways", shown, { columns: 9, rows });
  const [betweenCodes = NaN, betweenPictures = NaN, squares = NaN] = await numbers(() => gained(vae, zU, zV));
  const exactly = { expected: squares, margin: 0.01, from: "the mean of |u - v|²; float32" };
  show.claim("grey gained halfway between two pictures", assertAlmostEquals, { found: betweenPictures, ...exactly });
  const less = { expected: betweenPictures, from: `between their pictures; ${pairs.length} pairs` };
  show.claim("grey gained halfway between two codes", assertLess, { found: betweenCodes, ...less });
  tf.dispose([zU, zV, shown]);
}

// ## 8.5 Holes
//
// To make a new digit, draw a code from the prior and decode it. But the decoder was trained on codes from q(z | x), of
// images picked at random. Their density is the average of all q(z | x), the **aggregate posterior**:
//
// ```math
// a(z) = \frac{1}{N} \sum_{n=1}^{N} q(z \mid x_n)
// ```
//
// Others write q(z) for it; here it has a letter of its own, because it belongs to no single image. In logarithms:

/** log N(z | μ, σ²) in the plane. */
export function logNormal(z: Code, mu: Code, sigma: Code): number {
  const along = (d: 0 | 1) => -0.5 * ((z[d] - mu[d]) / sigma[d]) ** 2 - Math.log(sigma[d]);
  return along(0) + along(1) - Math.log(2 * Math.PI);
}

/** log a(z), the logarithm of a mean. The largest part is taken out first, so that one at least does not underflow. */
export function logAggregate(z: Code, places: Place[]): number {
  const logQ = places.map(({ mu, sigma }) => logNormal(z, mu, sigma)); // log q(z | xₙ)
  const most = logQ.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(mean(logQ.map((v) => Math.exp(v - most))));
}

const logPrior = (z: Code) => logNormal(z, [0, 0], [1, 1]);

/** a(z) / p(z): how many codes of images lie near z for each one that the prior draws there. */
const ratio = (z: Code, places: Place[]) => Math.exp(logAggregate(z, places) - logPrior(z));

// If a(z) were the prior, this ratio would be 1 everywhere. Where it is below a tenth, there is a **hole**: hardly any
// image (here, held-out ones) has a code there. The prior draws from all tiles equally often. So the share of tiles, of
// 30×30, that lie in holes is about the share of the prior's draws that do.

// ### Check
async function inHoles(show: Show, places: Place[], seed: number): Promise<number> {
  show.title("8.5 Holes");
  const source = random(seed);
  const ratios = middles(30).flatMap((up) => middles(30).map((across) => ratio([across, up], places)));
  const map = { columns: 30, ...axes(30), value: { label: "a(z) / p(z), at most 4", from: 0, to: 4 } };
  const caption = "How many times as often images have codes here as the prior draws them";
  await show.heat("holes", caption, { values: ratios.map((each) => Math.min(4, each)), ...map });
  const holes = mean(ratios.map((each) => Number(each < 0.1)));
  show.text(`holes: ${(100 * holes).toFixed(0)} % of the prior`);
  show.figure("holes", holes);
  const drawn = Array.from(range(1000), () => ratio([source.gaussian(), source.gaussian()], places));
  const found = mean(drawn.map((each) => Number(each < 0.1)));
  const margin = 2 / Math.sqrt(drawn.length); // 4 standard errors, which are at most ½ / √n each
  const share = { found, expected: holes, margin, from: "the share of the tiles; 4 standard errors" };
  show.claim("share of the prior's draws in holes", assertAlmostEquals, share);
  return holes;
}

// ## 8.6 Information and mismatch
//
// The KL is what a code costs, in nats; one nat is 1.44 bits. What does it pay for? Take one image and one code from
// its q(z | x), and split the cost into two differences, by way of a(z):
//
// ```math
// \log q(z \mid x) - \log p(z) = \left[\log q(z \mid x) - \log a(z)\right] + \left[\log a(z) - \log p(z)\right]
// ```
//
// Average over images and their codes: each difference becomes a KL divergence, the last one because a code of a random
// image *is* a draw from a(z). That is the formula at the top (Hoffman and Johnson 2016). The first part is what a code
// **says about its image**: how much more probable it is for this image than for images in general. Its name is the
// **mutual information** of image and code. The other part, the **mismatch** with the prior, says nothing of images.

/** What a code `z` of an image with this place costs, what it says, and its part of the mismatch, in nats. */
function split(z: Code, { mu, sigma }: Place, places: Place[]): [cost: number, says: number, mismatch: number] {
  const logQ = logNormal(z, mu, sigma); // log q(z | x)
  const [logA, logP] = [logAggregate(z, places), logPrior(z)];
  return [logQ - logP, logQ - logA, logA - logP];
}

// Holes are part of the mismatch. Let H be their share of the prior, and h their share of images' codes; h < H / 10, as
// a(z) < p(z) / 10 there. Over the holes a(z) · p(z) / a(z) integrates to H, so for images' codes there p(z) / a(z) is
// H / h on average, and by Jensen (4.7) log(a(z) / p(z)) at least log(h / H); outside, log((1 - h) / (1 - H)). So the
// mismatch is at least h log(h / H) + (1 - h) log((1 - h) / (1 - H)). This falls up to h = H, so it is least at H / 10:

/** The least mismatch when the share `H` of the prior is holes, in nats. */
const ofHoles = (H: number) => H / 10 * Math.log(1 / 10) + (1 - H / 10) * Math.log((1 - H / 10) / (1 - H));

// *Predict, then run.* A code that always told which of 2,000 images it belongs to would say log 2000 = 7.6 nats about
// it. More is impossible, since a(z) is at least q(z | x) / 2000. How much of that do these codes say?

// ### Check
async function costs(show: Show, places: Place[], holes: number, seed: number): Promise<void> {
  show.title("8.6 Information and mismatch");
  const source = random(seed);
  const near = (mu: number, sigma: number) => mu + sigma * source.gaussian();
  const draw = ({ mu, sigma }: Place): Code => [near(mu[0], sigma[0]), near(mu[1], sigma[1])];
  const parts = places.map((place) => split(draw(place), place, places));
  const average = (part: 0 | 1 | 2) => mean(parts.map((each) => each[part]));
  const [cost, says, mismatch] = [average(0), average(1), average(2)];
  const rows = Object.entries({ "what it costs": cost, "what it says": says, "mismatch": mismatch });
  const table = rows.map(([what, nats]) => [what, nats.toFixed(2), (nats / Math.LN2).toFixed(2)]);
  show.table("A code, on average", { columns: ["", "nats", "bits"], rows: table });
  const [mu, sigma] = [places.map(({ mu }) => mu), places.map(({ sigma }) => sigma)];
  const kl = await numbers(() => klToStandardNormal({ mu: tf.tensor2d(mu), logVar: tf.log(sigma).mul(2) }).mean());
  const margin = 4 * Math.sqrt(mean(parts.map((each) => (each[0] - cost) ** 2)) / parts.length);
  const formula = { expected: kl[0] ?? NaN, margin, from: "lesson 4's formula; 4 standard errors" };
  show.claim("what a code costs, by one draw an image", assertAlmostEquals, { found: cost, ...formula });
  const most = { expected: Math.log(parts.length), from: `log ${parts.length}, which tells the image` };
  show.claim("what it says", assertLessOrEqual, { found: says, ...most });
  show.claim("what it says, too", assertGreater, { found: says, expected: 0, from: "a KL is never negative" });
  const least = { expected: ofHoles(holes), from: `what ${(100 * holes).toFixed(0)} % of holes demand` };
  show.claim("mismatch", assertGreater, { found: mismatch, ...least });
}

// So a latent space of two numbers is a map. Images of a class lie together; between two of them the decoder draws
// something less grey than a mixture; and there are holes, where hardly any image has a code. Lesson 9 adds up over the
// whole plane, and finds what the ELBO only bounds: log p(x), image by image.
//
// ## Try it
//
// 1. In 8.4 let `farPairs` return the *nearest* pairs, by `apart(one) - apart(other)`. What becomes of both gains?
// 2. In 8.6 let all images share one q: begin `costs` with `places = places.map(() => places[0]!);`. What is left?
// 3. `--seed 1`. The map looks different. Do the numbers of 8.6 change as much? Why may the map differ at all?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const needs = { test: 11, labels: true, divisibleBy: 4, tell: show.text } as const; // 8.3 looks at ten neighbours
  const digits = await loadImages(options.data, show.fetch, needs);
  const labels = digits.test.labels.subarray(0, SEEN);
  if (new Set(labels).size < 2) {
    throw new InputError(`The first ${labels.length} held-out images are of one class; expected at least two classes.`);
  }
  measure(show);
  const vae = await map(show, digits, options);
  const places = await encode(vae, digits);
  await whichAreWhere(show, labels, places.map(({ mu }) => mu));
  await between(show, labels, vae, places, options.seed);
  const holes = await inHoles(show, places, options.seed);
  await costs(show, places, holes, options.seed);
  vae.dispose();
}

if (import.meta.main) {
  const question = "What lives where?";
  await runLesson({ name: "08_latent_map", question, text, defaults, otherData, keepsModel: true, lesson });
}
