/**
 * # 7. What lives where?
 *
 * ```math
 * p(x) = \int p(x \mid z) \, p(z) \, dz \;\approx\; h^2 \sum_{z \,\in\, \text{grid}} p(x \mid z) \, p(z)
 * ```
 *
 * - **You need**: lesson 6, whose model this is, and lesson 5 for the bound and its gap.
 * - **You leave with**: a map of a latent space that you can read: who lives where, what lies between, where nobody lives;
 *   and log p(x) itself, image by image, beside the bound that training raised.
 * - **Run** (about 30 seconds): `deno run lessons/07_latent_map.ts`; with the model of lesson 6 (20 seconds):
 *   `deno run --allow-read=model lessons/07_latent_map.ts --load model`, after `--save model` there.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type CommonOptions,
  convVae,
  type Dataset,
  elbo,
  evaluate,
  gridCodes,
  InputError,
  klToStandardNormal,
  type LayersVae,
  loadImages,
  loadVae,
  meanImageLoss,
  negativeElbo,
  random,
  range,
  runLesson,
  saveVae,
  type Show,
  squaredDistances,
  take,
  type Tensor,
  type Tensor2D,
  train,
} from "../mod.ts";
import text from "./07_latent_map.ts" with { type: "text" };

export const defaults = { epochs: 1, batch: 8, images: 8000, rate: 0.002, points: 8000 };

/** What the defaults are on data other than the embedded digits, as in lesson 6. */
export const otherData = { batch: 128, images: 60_000, rate: 0.001 };
type Options = typeof defaults & CommonOptions;

// Lesson 6 ended with two pictures of the plane of codes: the held-out digits at their μ, and a map of what the decoder
// draws. A plane is small enough to look at all of it, and to add things up over all of it. That is what this lesson does.

// ## 7.1 The model
//
// The network of lesson 6, trained in the same way, or loaded from where lesson 6 saved it. Loaded,
// it is the saved model to the last bit, and its held-out loss is the one that lesson 6 printed.

async function model(show: Show, digits: Dataset, options: Options): Promise<LayersVae> {
  const { epochs, batch: batchSize, rate: learningRate, seed, training } = options;
  const vae = convVae({ seed });
  show.title(options.load ? `7.1 The model in ${options.load}` : `7.1 Training on ${options.images} images`);
  if (options.load) await loadVae(vae, options.load);
  else {
    const images = take(digits.train, options.images);
    const how = { epochs, batchSize, learningRate, seed, ...training };
    for await (const step of train(negativeElbo(vae), images, how)) show.progress(step);
  }
  if (options.save) await saveVae(vae, options.save);
  const loss = await evaluate(negativeElbo(vae), digits.test, { seed });
  show.figure("test", loss);
  show.claim("held-out loss, in nats an image", assertLess, {
    found: loss.loss,
    expected: meanImageLoss(digits),
    from: "the mean training image's: no looking, lesson 5",
  });
  return vae;
}

/** Where the encoder puts images: the μ and σ of every q, as numbers. */
export type Places = { mu: [number, number][]; sigma: [number, number][] };

/** How many held-out images the maps show, at most. */
const SEEN = 2000;

async function encode(vae: LayersVae, digits: Dataset): Promise<Places> {
  const { mu, sigma } = tf.tidy(() => {
    const { mu, logVar } = vae.encode(digits.test.batch(range(Math.min(SEEN, digits.test.count))).x);
    return { mu, sigma: tf.exp(tf.div(logVar, 2)) }; // [N, 2]
  });
  const places = { mu: await mu.array(), sigma: await sigma.array() } as Places;
  tf.dispose([mu, sigma]);
  return places;
}

// ## 7.2 Who lives where
//
// Each held-out image is a point at its μ, coloured by its class. Classes were never part of the training. Yet look at a
// point's ten nearest neighbours: how many are of its class? If places had nothing to do with classes, a neighbour would
// be of your class as often as any image is: with shares p₀ … p₉ of the classes that is p₀² + … + p₉², about one in ten.

/** The axes of every map here; scatter and tiles can be laid on top of each other. */
const AXES = { x: { label: "z[0]", from: -4, to: 4 }, y: { label: "z[1]", from: -4, to: 4 } };

/** The share of the `k` nearest neighbours of points `[N, 2]` that are of the point's own class. */
export async function neighboursAlike(points: Tensor2D, labels: Uint8Array, k: number): Promise<number> {
  const nearest = tf.tidy(() => {
    const apart = tf.add(squaredDistances(points, points), tf.eye(points.shape[0]).mul(1e9)); // nobody neighbours himself
    return tf.topk(tf.neg(apart), k).indices; // [N, k]
  });
  const indices = Array.from(await nearest.data());
  nearest.dispose();
  return indices.reduce((sum, other, i) => sum + Number(labels[other] === labels[Math.floor(i / k)]), 0) /
    indices.length;
}

async function whoLivesWhere(show: Show, digits: Dataset, { mu }: Places): Promise<void> {
  show.title("7.2 Who lives where");
  const points = tf.tensor2d(mu); // [N, 2]
  const labels = digits.test.labels.subarray(0, mu.length);
  await show.scatter("latent", `${mu.length} held-out digits at their μ`, points, labels, AXES);
  const shares = Array.from({ length: 10 }, (_, label) => labels.filter((l) => l === label).length / labels.length);
  const chance = shares.reduce((sum, p) => sum + p * p, 0);
  const alike = await neighboursAlike(points, labels, 10);
  points.dispose();
  show.claim("of ten neighbours, the share of your own class", assertGreater, {
    found: alike,
    expected: 1.5 * chance,
    from: `one and a half times chance, ${chance.toFixed(3)}`,
  });
}

// ## 7.3 The map, twice
//
// Once with a ruler: 15×15 codes from -4 to 4, as in lesson 6 and on the axes of 7.2's scatter. But the corners of that map
// are codes that the prior hardly ever draws, and most of what it does draw is crowded into the middle.
//
// So once more by the prior's own measure. Cut N(0, 1) into 15 slices of equal probability and decode the middle of each: the
// code that has (i + ½) / 15 of the probability below it. That is the **quantile**, the inverse of the cumulative
// probability Φ(z) = ½ + ∫₀ᶻ φ with the density φ of N(0, 1). Every tile then stands for the same share of what the model
// would draw, 1 in 225. The inverse has no formula, so search for the z where Φ(z) - p is zero, by Newton's steps: the slope
// of Φ is φ, so z moves by -(Φ(z) - p) / φ(z).
//
// A trap, which shows as a border of blank tiles: cut from 0 to 1 *inclusive*, and the first and the last quantile are those
// of 0 and of 1. No number has none of the probability below it, or all of it: they are -∞ and ∞, and nothing can be
// decoded from those.

const density = (z: number) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);

/** The probability of a draw from N(0, 1) below z, its integral by Simpson's rule. */
export function cumulative(z: number): number {
  const h = z / 100;
  const strips = Array.from({ length: 50 }, (_, i) => 2 * i * h); // from 0 to z, each two steps wide
  return 0.5 + strips.reduce((sum, a) => sum + (density(a) + 4 * density(a + h) + density(a + 2 * h)) * h / 3, 0);
}

/** The number that N(0, 1) stays below with probability `p`. */
export function quantile(p: number): number {
  if (p <= 0 || p >= 1) return p <= 0 ? -Infinity : Infinity;
  let z = 0;
  for (let step = 0; step < 30; step++) z -= (cumulative(z) - p) / density(z);
  return z;
}

/** The middles of `count` slices of N(0, 1), all of the same probability. */
const slices = (count: number) => Array.from({ length: count }, (_, i) => quantile((i + 0.5) / count));
/** 15 numbers from the least to the largest, the same distance apart. */
const ruler = (from: number, to: number) => Array.from({ length: 15 }, (_, i) => from + (to - from) * i / 14);

async function maps(show: Show, vae: LayersVae): Promise<void> {
  show.title("7.3 The map by the ruler, and by the prior's own measure");
  const draw = (values: number[]) => tf.tidy(() => vae.mean(vae.decode(gridCodes(values)))); // [225, 28, 28, 1]
  const [byRuler, byPrior] = [draw(ruler(-4, 4)), draw(slices(15))];
  await show.images("ruler", "Codes from -4 to 4, on the axes of the scatter", byRuler, { columns: 15, ...AXES });
  const ends = quantile(14.5 / 15).toFixed(2);
  await show.images("quantiles", `Equally probable codes, the outermost at ±${ends}`, byPrior, { columns: 15 });
  show.claim("the quantile of 0.975", assertAlmostEquals, {
    found: quantile(0.975),
    expected: 1.959964,
    margin: 1e-6,
    from: "every table of the normal distribution",
  });
  const naive = ruler(0, 1).map(quantile);
  show.claim("codes of 225 that are infinite, when cut from 0 to 1 inclusive", assertEquals, {
    found: 225 - naive.filter(Number.isFinite).length ** 2,
    expected: 56,
    from: "the border of a square of 15",
  });
  const values = await byPrior.data();
  show.claim("pixels that are no number on our map", assertEquals, {
    found: values.filter((value) => !Number.isFinite(value)).length,
    expected: 0,
    from: "no quantile of 0 or 1 among ours",
  });
  tf.dispose([byRuler, byPrior]);
}

// ## 7.4 What lies between two digits?
//
// Walk in a straight line from one digit to another, in two ways: through the code, decoding on the way, and through the
// pixels, mixing the two end pictures. (Mix the *reconstructions* of both, so that both ways begin and end at the same
// pictures.) In the middle of the second way both digits are there at once, each half faded. The first leads through other
// digits.
//
// Can that be measured? Not by the squared distance to the nearest real digit: grey is never far from black or white, and
// a blend is grey. So count the grey itself: 4x(1 - x) is 1 for a pixel of ½ and 0 for black and white. A blend of a and b
// must be greyer than a and b are on average, by exactly (a - b)² in every pixel: 4m(1 - m) with m = (a + b) / 2 is the
// average of 4a(1 - a) and 4b(1 - b), plus (a - b)². The walk through the code owes no such debt. Measured on 200 pairs of
// digits that live far apart.

/** How grey images `[B, 28, 28, 1]` are, each: the sum of 4x(1 - x), `[B]`. */
const grey = (x: Tensor) => tf.mul(x, tf.sub(1, x)).mul(4).sum([1, 2, 3]);

/** Of twice as many random pairs of points of different classes, the `count` that are furthest apart. */
export function farPairs({ mu }: Places, labels: Uint8Array, count: number, seed: number): [number, number][] {
  const [source, pairs] = [random(seed), [] as [number, number][]];
  while (pairs.length < 2 * count) {
    const [a, b] = [source.uniform(), source.uniform()].map((u) => Math.floor(u * mu.length));
    if (labels[a] !== labels[b]) pairs.push([a, b]);
  }
  const apart = ([a, b]: [number, number]) => Math.hypot(mu[a][0] - mu[b][0], mu[a][1] - mu[b][1]);
  return pairs.toSorted((p, q) => apart(q) - apart(p)).slice(0, count);
}

async function between(show: Show, digits: Dataset, vae: LayersVae, places: Places, seed: number): Promise<void> {
  show.title("7.4 What lies between two digits");
  const pairs = farPairs(places, digits.test.labels, 200, seed);
  const ends = [0, 1].map((end) => tf.tensor2d(pairs.map((pair) => places.mu[pair[end]]))); // two of [200, 2]
  const walk = (a: Tensor, b: Tensor) => tf.concat(Array.from(range(9), (i) => tf.add(a.mul(1 - i / 8), b.mul(i / 8))));
  const shown = tf.tidy(() => {
    const [a, b] = ends.map((end) => end.slice(0, 1));
    const code = vae.mean(vae.decode(walk(a, b))); // [9, 28, 28, 1]
    return tf.concat([code, walk(code.slice(0, 1), code.slice(8, 1))]); // [18, 28, 28, 1]
  });
  const rows = ["through the code", "through the pixels"];
  await show.images("between", "From one digit to another, two ways", shown, { columns: 9, rows });
  const measured = tf.tidy(() => {
    const [a, b, between] = [ends[0], ends[1], tf.add(ends[0], ends[1]).div(2)].map((z) => vae.mean(vae.decode(z)));
    const average = tf.add(grey(a), grey(b)).div(2);
    const rises = [between, tf.add(a, b).div(2)].map((middle) => tf.sub(grey(middle), average).mean());
    return tf.stack([...rises, tf.squaredDifference(a, b).sum([1, 2, 3]).mean()]); // [3]
  });
  const [throughCode, throughPixels, apart] = await measured.data();
  show.claim("grey gained halfway through the pixels", assertAlmostEquals, {
    found: throughPixels,
    expected: apart,
    margin: 0.01,
    from: "the mean of |a - b|²; float32",
  });
  show.claim("grey gained halfway through the code", assertLess, {
    found: throughCode,
    expected: throughPixels,
    from: `through the pixels; ${pairs.length} pairs`,
  });
  tf.dispose([...ends, shown, measured]);
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const largest = (values: number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);

// ## 7.5 Where nobody lives
//
// To dream (lesson 5) is to draw codes from the prior, and that is fair only if the images, taken together, fill it. The
// **aggregate posterior** is where a code lands if you pick an image at random and then draw from its q: q(z), the average of
// all q(z | x). Here it is, one draw for each held-out image, beside N(0, 1).
//
// What a code costs splits in two: multiply and divide by q(z) in the KL's logarithm. To pick an image, then a code from
// its q, is to draw from q(z), so
//
// ```math
// \mathbb{E}_x\left[\mathrm{KL}(q(z \mid x) \,\|\, p(z))\right]
// = \mathbb{E}_x\left[\mathrm{KL}(q(z \mid x) \,\|\, q(z))\right] + \mathrm{KL}(q(z) \,\|\, p(z))
// ```
//
// The first part is what the code says about its image: how far one q is from everybody's. The second is waste: how far
// everybody together is from the prior. The curves hide part of it, for they show one direction at a time. So look for
// **holes** in the plane: cut the prior into 30×30 tiles of equal probability (7.3), and count those in whose middle q(z) is
// less than a tenth of the prior. That is the chance that a dream begins where hardly any image ever was.

/** log N(z | μ, σ²) in the plane. */
export function logNormal(z: number[], mu: number[], sigma: number[]): number {
  const along = (d: number) => -0.5 * ((z[d] - mu[d]) / sigma[d]) ** 2 - Math.log(sigma[d]);
  return along(0) + along(1) - Math.log(2 * Math.PI);
}
const logPrior = (z: number[]) => logNormal(z, [0, 0], [1, 1]);

/** The logarithm of a sum of exponentials, none of which overflows. */
export function logSumExp(values: number[]): number {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/** log q(z) of the aggregate posterior. */
export const logAggregate = (z: number[], { mu, sigma }: Places) =>
  logSumExp(mu.map((m, i) => logNormal(z, m, sigma[i]))) - Math.log(mu.length);

async function whereNobodyLives(show: Show, places: Places, seed: number): Promise<void> {
  show.title("7.5 Where nobody lives");
  const source = random(seed);
  const codes = places.mu.map((mu, i) => mu.map((m, d) => m + places.sigma[i][d] * source.gaussian())); // one of every q
  // `slices` for the prior: a thousandth of its probability has a thousandth of the numbers, without the chance of a draw
  const sets = { "z[0]": codes.map((z) => z[0]), "z[1]": codes.map((z) => z[1]), "N(0, 1)": slices(codes.length) };
  await show.histogram("aggregate", "Codes drawn for all images together, and the prior", sets, { label: "z" });
  show.claim("wasted, in nats", assertLess, {
    found: mean(codes.map((z) => logAggregate(z, places) - logPrior(z))),
    expected: mean(codes.map((z, i) => logNormal(z, places.mu[i], places.sigma[i]) - logPrior(z))),
    from: "what a code costs, by the same draws",
  });
  const tiles = slices(30).flatMap((up) => slices(30).map((across) => [across, up]));
  const holes = tiles.filter((z) => logAggregate(z, places) < logPrior(z) - Math.log(10)).length / tiles.length;
  show.text(`holes: ${(100 * holes).toFixed(0)} % of the prior`);
  show.figure("holes", holes);
}

// ## 7.6 log p(x) at last
//
// Lesson 2 could not compute p(x) = ∫ p(x | z) p(z) dz in 20 dimensions. In two it is a sum: lay a grid over the plane,
// decode every code on it, and add up p(x | z) p(z) h², h² being the area of a tile. All images share the decoded grid, so
// log p(x | z) = Σ x·l - Σ log(1 + eˡ) of every image at every code is one matrix product of pixels x and logits l.
//
// How fine must the grid be? Sums over a smooth bump converge very fast: for a Gaussian of deviation σ the error relative
// to the sum is about 2 e^(-2π²σ²/h²) (by Poisson's summation formula; the first claim below tries it), which is 1/70 at
// σ = h/2, and 5 in a billion at σ = h. Doubling the step takes the fourth root of it. So compare the sum with that over
// every second code each way: if the *coarse* grid is off by a tenth, the fine one is off by 2·(0.1/2)⁴, a
// hundred-thousandth. The steps here are as short as `--points` codes allow, in proportion to the median σ in either
// direction, and images with a q narrower than one and a half steps, or so far out that the grid would have to be larger,
// are left to a finer grid.
//
// E_q[log p(x | z)] is a sum over the same grid, with q(z) h² for weights. (As always with grey pixels, p(x | z) is no true
// probability of an image: lesson 2. The integral and its bound hold for it all the same.)

/** Codes on a grid, row by row from below, and the steps across and upwards. */
export type Grid = { codes: [number, number][]; columns: number; rows: number; step: [number, number] };

/** A grid of about `points` codes over the square ±4.5 as far as it is inhabited, finer where codes are told more exactly. */
export function layGrid({ mu, sigma }: Places, points: number): Grid {
  const axes = [0, 1].map((d) => {
    const from = Math.max(-4.5, -largest(mu.map((m, i) => 4 * sigma[i][d] - m[d])));
    const to = Math.min(4.5, largest(mu.map((m, i) => 4 * sigma[i][d] + m[d])));
    const typical = sigma.map((s) => s[d]).toSorted((a, b) => a - b)[sigma.length >> 1]; // the median
    return { from, length: to - from, typical };
  });
  const each = Math.sqrt(axes.reduce((product, { length, typical }) => product * length / typical, 1) / points);
  const step = axes.map(({ typical }) => typical * each) as [number, number];
  const [columns, rows] = axes.map(({ length }, d) => Math.ceil(length / step[d]) + 1);
  const at = (d: number, i: number) => axes[d].from + step[d] * i;
  const codes = Array.from(range(columns * rows), (i) => [at(0, i % columns), at(1, Math.floor(i / columns))]);
  return { codes: codes as Grid["codes"], columns, rows, step };
}

/** log p(x | z) of images `[N, 28, 28, 1]` at every code, an array an image. */
export async function logLikelihoods(vae: LayersVae, x: Tensor, codes: [number, number][]): Promise<Float64Array[]> {
  const count = x.shape[0];
  const all = Array.from({ length: count }, () => new Float64Array(codes.length));
  for (let start = 0; start < codes.length; start += 250) { // 250 codes at a time: all of them would take much memory
    const some = codes.slice(start, start + 250);
    const part = tf.tidy(() => {
      const logits = vae.decode(tf.tensor2d(some)).reshape([some.length, -1]); // [C, 784]
      return tf.sub(tf.matMul(x.reshape([count, -1]), logits, false, true), tf.softplus(logits).sum(1)); // [N, C]
    });
    const values = await part.data();
    part.dispose();
    all.forEach((row, n) => row.set(values.subarray(n * some.length, (n + 1) * some.length), start));
  }
  return all;
}

/** What the grid says about one image and its q. */
export function onGrid({ codes, columns, step }: Grid, logLikelihood: Float64Array, mu: number[], sigma: number[]) {
  const logArea = Math.log(step[0] * step[1]);
  const logJoint = codes.map((z, i) => logLikelihood[i] + logPrior(z)); // log p(x, z)
  const evidence = logSumExp(logJoint) + logArea; // log p(x)
  const coarse = logSumExp(logJoint.filter((_, i) => i % columns % 2 === 0 && Math.floor(i / columns) % 2 === 0));
  const posterior = logJoint.map((value) => Math.exp(value - evidence)); // p(z | x)
  const logQ = codes.map((z) => logNormal(z, mu, sigma));
  const whole = logSumExp(logQ); // so that the weights add up to 1, though the grid misses the outermost of q
  const average = (f: (i: number) => number) => logQ.reduce((sum, q, i) => sum + Math.exp(q - whole) * f(i), 0); // E_q
  const reconstruction = average((i) => logLikelihood[i]);
  const gap = average((i) => logQ[i] - (logJoint[i] - evidence)); // KL(q ‖ p(z | x))
  const top = codes[posterior.indexOf(largest(posterior))];
  return {
    evidence,
    coarse: coarse + logArea + Math.log(4),
    posterior,
    top,
    q: logQ.map(Math.exp),
    reconstruction,
    gap,
  };
}

/** The first images, at most 50, whose q lies on the grid and is at least one and a half steps wide each way. */
export function resolved({ mu, sigma }: Places, { step }: Grid): number[] {
  const fits = (i: number) =>
    [0, 1].every((d) => sigma[i][d] >= 1.5 * step[d] && Math.abs(mu[i][d]) + 4 * sigma[i][d] <= 4.5);
  return mu.map((_, i) => i).filter(fits).slice(0, 50);
}

async function evidence(show: Show, digits: Dataset, vae: LayersVae, places: Places, options: Options) {
  const grid = layGrid(places, options.points);
  const chosen = resolved(places, grid);
  show.title(`7.6 log p(x) of ${chosen.length} images, by ${grid.columns}×${grid.rows} codes`);
  show.claim("a Gaussian summed at steps of 2 σ comes out too large by", assertAlmostEquals, {
    found: Array.from(range(21), (i) => 2 * density(2 * (i - 10))).reduce((a, b) => a + b) - 1,
    expected: 1 / 70,
    margin: 2e-4,
    from: "2 e^(-π²/2), at a step on its top",
  });
  show.claim("images that this grid resolves", assertGreater, {
    found: chosen.length,
    expected: 9,
    from: "enough to see",
  });
  if (!chosen.length) return [];
  const x = tf.tidy(() => digits.test.batch(chosen).x); // [N, 28, 28, 1]
  const kl = tf.tidy(() => klToStandardNormal(vae.encode(x)));
  const price = await kl.data(); // KL(q ‖ p), in closed form, [N]
  const found = (await logLikelihoods(vae, x, grid.codes)).map((likelihoods, n) => {
    const sums = onGrid(grid, likelihoods, places.mu[chosen[n]], places.sigma[chosen[n]]);
    return { ...sums, image: chosen[n], elbo: sums.reconstruction - price[n] };
  }).toSorted((a, b) => a.evidence - b.evidence);
  const curve = (name: string, y: number[]) => ({ name, x: range(found.length), y });
  await show.lines("evidence", "log p(x) and its bound, image by image", {
    series: [curve("log p(x)", found.map((f) => f.evidence)), curve("ELBO", found.map((f) => f.elbo))],
    x: { label: "images, the least likely first" },
    y: { label: "nats" },
  });
  show.claim("with every second code each way, log p(x) moves by at most", assertLess, {
    found: largest(found.map((f) => Math.abs(f.evidence - f.coarse))),
    expected: 0.5,
    from: "e^0.5 - 1 = 0.65; then the fine sum is off by some 2 (0.65/2)⁴, two hundredths",
  });
  show.claim("log p(x) - ELBO, the least of all images", assertGreater, {
    found: -largest(found.map((f) => f.elbo - f.evidence)),
    expected: 0,
    from: "the ELBO is a bound for every image",
  });
  show.claim("log p(x) - ELBO - KL(q ‖ posterior), the largest of all images", assertLess, {
    found: largest(found.map((f) => Math.abs(f.evidence - f.elbo - f.gap))),
    expected: 0.02,
    from: "0, by lesson 5; the grid ends at 4 σ",
  });
  show.figure("gaps", found.map((f) => f.gap));
  show.text(`the bound loses ${mean(found.map((f) => f.gap)).toFixed(2)} nats on average`);
  tf.dispose([x, kl]);
  return found;
}

// ## 7.7 One draw is no bound
//
// Training never sees this ELBO. It sees one draw's, log p(x | z) - KL at one z from q, which is right on average
// (lesson 5), and about one time in five it lies *above* log p(x). No contradiction: an average that lies below a ceiling may be
// made of numbers that do not. So never compare a one-draw ELBO of a single image with anything. The picture has log p(x)
// as its zero, so that the gap of every image can be seen: the ELBO never crosses it, single draws do.

type Found = Awaited<ReturnType<typeof evidence>>;

async function oneDraw(show: Show, digits: Dataset, vae: LayersVae, found: Found, seed: number): Promise<void> {
  show.title("7.7 One draw is no bound");
  const rounds = Array.from({ length: 10 }, () => found).flat();
  const drawn = tf.tidy(() => {
    const x = digits.test.batch(rounds.map((f) => f.image)).x; // 10 times the same images
    return elbo(vae, x, random(seed).normal([rounds.length, 2])).elbo; // [10 N]
  });
  const bounds = Array.from(await drawn.data());
  drawn.dispose();
  const off = bounds.map((bound, n) => bound - rounds[n].elbo);
  show.claim("one-draw ELBO less the exact one, on average, in nats", assertAlmostEquals, {
    found: mean(off),
    expected: 0,
    margin: 4 * Math.sqrt(mean(off.map((d) => d * d)) / off.length),
    from: `4 standard errors of ${off.length} draws`,
  });
  show.claim("share of the draws above log p(x)", assertAlmostEquals, {
    found: mean(bounds.map((bound, n) => Number(bound > rounds[n].evidence))),
    expected: 0.2,
    margin: 0.15,
    from: "about a fifth, more or less by the seed",
  });
  const order = range(found.length).sort((a, b) => found[b].gap - found[a].gap);
  const below = (value: (n: number) => number) => Array.from(order, (n) => value(n) - found[n].evidence);
  await show.lines("one_draw", "Never above log p(x) on average, but often in a single draw", {
    series: [
      { name: "log p(x)", x: [0, found.length - 1], y: [0, 0] },
      { name: "ELBO", x: range(found.length), y: below((n) => found[n].elbo) },
      { name: "one draw", x: range(found.length), y: below((n) => bounds[n]), as: "dots" },
    ],
    x: { label: "images, the largest gap first" },
    y: { label: "nats above log p(x)" },
  });
}

// ## 7.8 What the bound loses
//
// The gap is KL(q ‖ p(z | x)): how far the guess is from the posterior, for two reasons. q is one oval hill, its axes
// along z[0] and z[1], and the posterior, which the same sums show, need not be: it may lie askew, or bend, or have two
// tops. And the encoder has learned to guess for all images at once, and is not perfect for each: the posterior may simply
// lie elsewhere, or be narrower. Here are both for the image with the largest gap.

async function whatIsLost(show: Show, digits: Dataset, vae: LayersVae, places: Places, found: Found): Promise<void> {
  const { gap, image, top } = found.reduce((a, b) => b.gap > a.gap ? b : a);
  show.title(`7.8 The largest gap: ${gap.toFixed(2)} nats`);
  const [mu, sigma] = [places.mu[image], places.sigma[image]];
  const grid = layGrid({ mu: [mu, top], sigma: [sigma, sigma] }, 900); // a close-up, with room for 4 σ around both
  const x = tf.tidy(() => digits.test.batch([image]).x);
  const { posterior, q } = onGrid(grid, (await logLikelihoods(vae, x, grid.codes))[0], mu, sigma);
  const shown = tf.tidy(() => tf.concat([x, vae.mean(vae.decode(tf.tensor2d([mu, top])))])); // [3, 28, 28, 1]
  await show.images("worst", "The image; decoded at μ; decoded at the posterior's top", shown, { columns: 3 });
  const [first, last] = [grid.codes[0], grid.codes.at(-1)!];
  const axis = (d: number) => ({ label: `z[${d}]`, from: first[d], to: last[d] });
  const marks = [{ x: mu[0], y: mu[1], name: "μ" }, { x: top[0], y: top[1], name: "top" }];
  const map = { columns: grid.columns, x: axis(0), y: axis(1), value: { label: "density", from: 0 }, marks };
  await show.heat("posterior", "The posterior p(z | x) of that image", { values: posterior, ...map });
  await show.heat("guess", "The encoder's guess q(z | x) of it, on the same axes", { values: q, ...map });
  tf.dispose([x, shown]);
}

// So this is what a two-dimensional latent is: a map on which like lives beside like, most of it paved, with holes; and a
// bound that is truly one, by some nats, for every single image. From here on latents have more dimensions, and nobody can
// look at all of them. What you have seen here is what you cannot see there.
//
// ## Try it
//
// 1. `--points 1000`. Which claim fails first, and what does it protect you from?
// 2. In 7.4 make `farPairs` return the pairs that are *nearest*, by `apart(p) - apart(q)`. What becomes of both gains?
// 3. Train lesson 6 three times as long, `deno run --allow-write=model lessons/07_conv_vae.ts --epochs 3 --save model`, and load it
//    here. Do the neighbours grow more alike? Does the gap shrink?
//
// Answers: `lessons/answers.md`.

/** Runs the lesson. */
export async function lesson(options: Options, show: Show): Promise<void> {
  const digits = await loadImages(options.data, show.fetch, { test: 11 }); // 7.2 looks at ten neighbours
  const labels = digits.test.labels.subarray(0, SEEN);
  if (new Set(labels).size < 2) {
    throw new InputError(`The first ${labels.length} held-out images are of one class, where at least two are wanted.`);
  }
  const vae = await model(show, digits, options);
  const places = await encode(vae, digits);
  await whoLivesWhere(show, digits, places);
  await maps(show, vae);
  await between(show, digits, vae, places, options.seed);
  await whereNobodyLives(show, places, options.seed);
  const found = await evidence(show, digits, vae, places, options);
  if (found.length) {
    await oneDraw(show, digits, vae, found, options.seed);
    await whatIsLost(show, digits, vae, places, found);
  }
  vae.dispose();
}

if (import.meta.main) {
  const question = "What lives where?";
  await runLesson({ name: "07_latent_map", question, text, defaults, otherData, keepsModel: true, lesson });
}
