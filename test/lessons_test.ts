/**
 * Every lesson in this process, on wasm and two seeds, and the functions that lessons export against oracles.
 *
 * The claims of lesson 7 about its map need a training of three quarters of a minute: `cli_test.ts` has it.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { determinant, EigenvalueDecomposition, inverse, Matrix } from "ml-matrix";
import {
  type CommonOptions,
  convVae,
  type Dataset,
  elbo,
  type ElboPart,
  gridCodes,
  InputError,
  type LayersModel,
  type LessonEvent,
  loadDigits,
  type Losses,
  numbers,
  type Picture,
  principalComponents,
  random,
  range,
  select,
  type Show,
  showOn,
  take,
  type Tensor2D,
  useBackend,
} from "../mod.ts";
import { writeIdx } from "./_idx.ts";

/** Everything printed since this module began; nobody should print. */
const printed: unknown[] = [];
for (const method of ["log", "info", "warn", "error", "debug"]) {
  Object.assign(globalThis.console, { [method]: (...texts: unknown[]) => void printed.push(...texts) });
}

const { LESSONS, LOADERS } = await import("./_lessons.ts");
const lessons = Object.fromEntries(
  await Promise.all(LESSONS.map(async ({ name }) => [name, await LOADERS[name]()])),
) as { [Name in keyof typeof LOADERS]: Awaited<ReturnType<typeof LOADERS[Name]>> };

Deno.test("importing a lesson prints nothing", () => assertEquals(printed, []));

const digits = await loadDigits();
await useBackend("wasm");

/** Runs `use` while there seems to be a directory with the first of some digits in it, as `--data` takes one. */
async function withFewDigits<T>(
  [train, test]: [number, number],
  use: (data: string) => Promise<T>,
  of: Pick<Dataset, "train" | "test"> = digits,
): Promise<T> {
  const { readDir, readFile, stat } = Deno;
  const contents: Record<string, Uint8Array> = {};
  for (const [half, set] of [["train", take(of.train, train)], ["t10k", take(of.test, test)]] as const) {
    contents[`${half}-images-idx3-ubyte`] = writeIdx([set.count, 28, 28], set.pixels);
    contents[`${half}-labels-idx1-ubyte`] = writeIdx([set.count], set.labels);
  }
  try {
    Object.assign(Deno, {
      async *readDir() {
        for (const name of Object.keys(contents)) yield { name };
      },
      stat: (path: string) => Promise.resolve({ isFile: true, size: contents[path.split("/").at(-1)!].length }),
      readFile: (path: string) => Promise.resolve(contents[path.split("/").at(-1)!]),
    });
    return await use("few-digits");
  } finally {
    Object.assign(Deno, { readDir, readFile, stat });
  }
}

/** A show that keeps what was said. */
function recording(): { show: Show; events: LessonEvent[] } {
  const events: LessonEvent[] = [];
  return { show: showOn((event) => void events.push(event)), events };
}

/** The claims that are false; `forgiving`, without those of an order that were made after a training. */
function untrue(events: LessonEvent[], forgiving: boolean): string[] {
  const trained = events.findIndex(({ kind }) => kind === "progress");
  return events.flatMap((event, i) => {
    if (event.kind !== "claim" || event.holds) return [];
    return forgiving && event.relation !== "" && trained !== -1 && trained < i ? [] : [event.what];
  });
}

/** Runs a lesson, and asserts that it claims something, says nothing on the console and keeps no tensor. */
async function runs<Options extends CommonOptions>(
  lesson: (options: Options, show: Show) => Promise<void>,
  options: Options,
  forgiving = false,
): Promise<LessonEvent[]> {
  assertEquals(tf.getBackend(), "wasm");
  const [tensors, lines] = [tf.memory().numTensors, printed.length];
  const { show, events } = recording();
  await lesson(options, show);
  assertEquals(untrue(events, forgiving), [], "false claims");
  assertGreater(events.filter(({ kind }) => kind === "claim").length, 3);
  assertEquals(tf.memory().numTensors - tensors, 0, "tensors left");
  assertEquals([tf.getBackend(), ...printed.slice(lines)], ["wasm"]);
  return events;
}

// ## What the pictures show

/** The picture of this kind and name. */
function picture<K extends Picture["kind"]>(events: LessonEvent[], kind: K, name: string) {
  const found = events.find((event) => event.kind === kind && "name" in event && event.name === name);
  assert(found, `no ${kind} named ${name}`);
  return found as Extract<Picture, { kind: K }>;
}

/** The curves of a picture, in order, as pairs of x and y. */
function curves(events: LessonEvent[], name: string): [number, number][][] {
  return picture(events, "lines", name).series.map(({ x, y }) => Array.from(x, (value, i) => [value, y[i]]));
}

/** A curve's y at any x between its points, by straight lines. */
function valueAt(curve: [number, number][], x: number): number {
  const i = Math.max(1, curve.findIndex(([right]) => right >= x));
  const [[x0, y0], [x1, y1]] = [curve[i - 1], curve[i]];
  return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

/** The rows of a picture of images, as numbers from 0 to 255. */
function imageRows(events: LessonEvent[], name: string): number[][] {
  const { pixels, height, width, columns, rows } = picture(events, "images", name);
  const size = height * width * columns;
  assertEquals(pixels.length, rows!.length * size);
  return rows!.map((_, i) => Array.from(pixels.subarray(i * size, (i + 1) * size)));
}

const squaredDistance = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0);
const firstImages = (row: number[], pixels: ArrayLike<number>) =>
  assertEquals(row, Array.from(row, (_, i) => pixels[i]));
const figure = (events: LessonEvent[], name: string) =>
  events.flatMap((event) => event.kind === "figure" && event.name === name ? [event.value] : [])[0] as never[];

/** That a curve of a training's loss ends at the last held-out figure. */
function endsAt(events: LessonEvent[], name: string, expected: number) {
  assertAlmostEquals(curves(events, name)[1].at(-1)![1], expected, 1e-9, name);
}

const pictured: Record<string, (events: LessonEvent[]) => void> = {
  "01_autoencoder": (events) => {
    const [best, [[length, found]]] = curves(events, "left_over");
    best.slice(1).forEach(([, rest], i) => assertLess(rest, best[i][1]));
    assertEquals(best.slice(0, 2).map(([x]) => x), [0, 1]);
    assertAlmostEquals(found, best[length][1], 0.01 * found);
    endsAt(events, "loss", figure(events, "test").at(-1)!);
    const [heldOut, linear, bent] = imageRows(events, "reconstructions");
    firstImages(heldOut, digits.test.pixels);
    assertLess(squaredDistance(bent, heldOut), squaredDistance(linear, heldOut));
    const [real, random] = imageRows(events, "dreams");
    const originals = Array.from(digits.train.pixels.subarray(0, real.length));
    assertLess(squaredDistance(real, originals), 0.7 * squaredDistance(random, originals));
  },
  "02_likelihood": (events) => {
    const [formula, library] = curves(events, "variance");
    const least = formula.toSorted(([, a], [, b]) => a - b)[0];
    assertAlmostEquals(Math.log(least[0]), Math.log(library[0][0]), Math.log(50) / 60); // the curve's points are that far apart
    assertEquals(library.map(([x]) => x / library[0][0]).slice(0, 3), [1, 2, 0.5]);
    for (const [x, y] of library) assertAlmostEquals(y, valueAt(formula, x), 1);
    const pixel = curves(events, "pixel");
    for (const curve of pixel) curve.slice(1).forEach(([, cost], i) => assertLess(cost, curve[i][1]));
    const half = pixel.map((curve) => valueAt(curve, 0.5));
    const wanted = [Math.LN2, -Math.log(normal(1, 0.5, 0.5)), -Math.log(normal(1, 0.5, 0.1))];
    half.forEach((cost, i) => assertAlmostEquals(cost, wanted[i], 1e-12));
    const [prior, ...likelihoods] = curves(events, "spike");
    assertAlmostEquals(valueAt(prior, 0), normal(0, 0, 1), 1e-12);
    likelihoods.forEach((curve, i) => {
      const top = curve.toSorted(([, a], [, b]) => b - a)[0];
      assertAlmostEquals(top[0], 0.75, 1e-12);
      assertAlmostEquals(top[1], normal(0, 0, [0.5, 0.005][i]), 1e-9);
    });
    const estimates = curves(events, "naive");
    const said = events.flatMap((event) =>
      event.kind === "text" ? [...event.text.matchAll(/log p\(x\) = (\S+), estimate (\S+)/g)] : []
    );
    assertEquals(estimates.length, said.length);
    estimates.forEach((curve, i) => {
      assertEquals(curve.at(-1)![0], estimates[0].at(-1)![0]);
      assertAlmostEquals(curve.at(-1)![1], Number(said[i][2]) - Number(said[i][1]), 0.0101); // two figures rounded to 0.01
    });
    assertLess(estimates.at(-1)![0][1], estimates.at(-1)!.at(-1)![1]);
  },
  "03_reparameterization": (events) => {
    const [score, path] = curves(events, "estimates").map((curve) => {
      const width = curve[1][0] - curve[0][0];
      const moment = (power: number, about = 0) =>
        curve.reduce((sum, [x, density]) => sum + (x - about) ** power * density * width, 0);
      assertAlmostEquals(moment(0), 1, 1e-9);
      assertAlmostEquals(moment(1), -6, 4 * Math.sqrt(moment(2, -6) / 1000) + width / 2);
      return Math.sqrt(moment(2, -6));
    });
    assertGreater(score, 4 * path); // 7 times, but for the bins
    const [pencil, measured] = curves(events, "ratio");
    assertAlmostEquals(valueAt(pencil, 4), 123.75, 1e-9); // 31 points, of which every tenth is a power of 2
    assertAlmostEquals(valueAt(pencil, 8), 1251.75, 1e-9);
    assertEquals(measured.map(([x]) => x), [1, 2, 4, 8]);
    for (const [x, y] of measured) assertAlmostEquals(Math.log(y / valueAt(pencil, x)), 0, 0.3);
  },
  "04_kl": (events) => {
    const { values, columns, x, y, marks } = picture(events, "heat", "kl");
    const all = Array.from(values);
    const rows = all.length / columns;
    const least = all.indexOf(Math.min(...all));
    const [column, row] = [least % columns, Math.floor(least / columns)];
    assertAlmostEquals(all[least], 0, 1e-15);
    assertEquals(all.filter((nats) => nats < 1e-9).length, 1);
    assertAlmostEquals(x.from + column * (x.to - x.from) / (columns - 1), 0, 1e-12);
    assertAlmostEquals(y.from + row * (y.to - y.from) / (rows - 1), 1, 1e-12);
    assertEquals(marks!.map(({ x, y }) => [x, y]), [[0, 1]]);
    for (const [i, mu, sigma] of [[0, -3, 0.1], [columns - 1, 3, 0.1], [all.length - 1, 3, 3]]) {
      const logRatio = (z: number) => Math.log(normal(z, mu, sigma ** 2)) - Math.log(normal(z, 0, 1));
      const wanted = integral((z) => normal(z, mu, sigma ** 2) * logRatio(z), mu - 10 * sigma, mu + 10 * sigma);
      assertAlmostEquals(all[i], wanted, 1e-6);
    }
    const [prior, ...answers] = curves(events, "pairs");
    const nats = picture(events, "lines", "pairs").series.slice(1).map(({ name }) =>
      Number(/([\d.]+) nats$/.exec(name)![1])
    );
    for (const [i, curve] of answers.entries()) {
      const step = curve[1][0] - curve[0][0];
      const ratios = curve.map(([, q], at) => q > 0 ? q * Math.log(q / prior[at][1]) * step : 0);
      assertAlmostEquals(ratios.reduce((sum, v) => sum + v, 0), nats[i], 0.02); // what is drawn has the KL that is said
    }
    const [ours, other] = curves(events, "asymmetry");
    assertAlmostEquals(ours[0][1], 1.8076, 1e-4); // 4.8's, at σ = 0.1
    assertAlmostEquals(other[0][1], 47.1974, 1e-4);
    assertAlmostEquals(valueAt(ours, 1) + valueAt(other, 1), 0, 1e-12);
    for (const curve of [ours, other]) for (const [, nats] of curve) assert(nats >= 0);
    ours.forEach(([sigma, nats], i) => assertEquals(Math.sign(nats - other[i][1]), Math.sign(i - 30), `σ = ${sigma}`));
  },
  "05_elbo": (events) => {
    const [evidence, bound, [[, best]]] = curves(events, "gap");
    bound.forEach(([step, elbo], i) => assertLess(elbo, evidence[i][1] + 1e-4, `step ${step}`));
    assertGreater(evidence[0][1] - bound[0][1], 1);
    for (const curve of [evidence, bound]) assertAlmostEquals(curve.at(-1)![1], best, 1e-3);
    const [hinge, trained] = curves(events, "hinge");
    assertEquals([valueAt(hinge, 0.5), trained.length], [0, 15]);
    for (const [ratio, nats] of trained) assertAlmostEquals(nats, valueAt(hinge, ratio), 0.01);
    const { values, columns, x, y, marks } = picture(events, "heat", "bound");
    const gaps = Array.from(values);
    const least = gaps.indexOf(Math.min(...gaps));
    const { x: mu, y: sigma } = marks!.at(-1)!; // the posterior
    assertAlmostEquals(x.from + (least % columns) * (x.to - x.from) / (columns - 1), mu, 0.02);
    const rows = gaps.length / columns;
    assertAlmostEquals(y.from + Math.floor(least / columns) * (y.to - y.from) / (rows - 1), sigma, 0.02);
    const table = events.find((event) => event.kind === "table")!;
    for (const [, reconstruction, kl, elbo, gap] of table.rows) {
      assertAlmostEquals(-Number(reconstruction) - Number(kl), Number(elbo), 0.0011); // figures rounded to 0.001
      assertAlmostEquals(Number(elbo) + Number(gap), -1.921, 0.0011);
    }
  },
  "06_vae": (events) => {
    const [heldOut, before, early, end] = imageRows(events, "learning");
    firstImages(heldOut, digits.test.pixels);
    const [grey, mean, good] = [before, early, end].map((row) => squaredDistance(row, heldOut));
    assertLess(good, mean);
    assertLess(mean, grey);
    const [, right, , means, , collapsed, , free] = imageRows(events, "reductions").map((row) =>
      squaredDistance(row, heldOut)
    );
    assertLess(free, right);
    assertLess(right, Math.min(means, collapsed));
    const [first] = imageRows(events, "dreams");
    firstImages(first, digits.test.pixels);
  },
};

const few = <T>(train: number, test: number, use: (data: string) => Promise<T>) => () =>
  withFewDigits([train, test], use);
const embedded = { data: "digits", seed: 1 };
const [l1, l5] = [lessons["01_autoencoder"], lessons["05_elbo"]];
const conv = lessons["07_conv_vae"];
const [map, evidence] = [lessons["08_latent_map"], lessons["09_evidence"]];

Deno.test("lesson 01, seed 1", async () => {
  pictured["01_autoencoder"](await runs(l1.lesson, { ...l1.defaults, ...embedded }));
});
Deno.test(
  "lesson 01, seed 2, fewer digits, a shorter code",
  few(6000, 300, async (data) => {
    pictured["01_autoencoder"](await runs(l1.lesson, { ...l1.defaults, epochs: 9, latent: 6, data, seed: 2 }));
  }),
);
for (const name of ["02_likelihood", "03_reparameterization", "04_kl"] as const) {
  const { lesson, defaults } = lessons[name];
  Deno.test(
    `lesson ${name.slice(0, 2)}, seed 1`,
    async () => pictured[name](await runs(lesson, { ...defaults, ...embedded })),
  );
  Deno.test(
    `lesson ${name.slice(0, 2)}, seed 2, fewer samples and digits`,
    few(300, 50, async (data) => pictured[name](await runs(lesson, { ...defaults, samples: 5000, data, seed: 2 }))),
  );
}
for (const seed of [1, 2]) {
  Deno.test(`lesson 05, seed ${seed}`, async () => {
    pictured["05_elbo"](await runs(l5.lesson, { ...l5.defaults, data: "digits", seed }));
  });
}
Deno.test("lesson 06, seed 1", async () => {
  const { lesson, defaults } = lessons["06_vae"];
  pictured["06_vae"](await runs(lesson, { ...defaults, ...embedded }));
});
Deno.test(
  "lesson 06, seed 2, fewer digits, small batches: all but the claims that need a longer training",
  few(2000, 300, async (data) => {
    const { lesson, defaults } = lessons["06_vae"];
    pictured["06_vae"](
      await runs(lesson, { ...defaults, epochs: 3, batch: 32, latent: 10, hidden: 100, data, seed: 2 }, true),
    );
  }),
);
for (const [seed, latent] of [[1, 2], [2, 3]]) {
  Deno.test(
    `lesson 07, seed ${seed}, 20 steps, a code of ${latent}: all but the claims that need a longer training`,
    few(200, 100, async (data) => {
      const events = await runs(
        conv.lesson,
        { ...conv.defaults, epochs: 1, batch: 10, rate: 0.003, settle: 1, warm: 1, latent, data, seed },
        true,
      );
      const steps = events.flatMap((event) => event.kind === "progress" ? [event.step] : []);
      const { history, epochEnds } = steps.at(-1)!;
      assertEquals([steps.length, epochEnds, history.test.length], [20, true, 1]);
      assertLess(history.test[0].loss, steps[0].loss!);
      const heldOutLosses = history.test[0] as Losses<ElboPart>;
      endsAt(events, "loss_kl", heldOutLosses.kl);
      endsAt(events, "loss_reconstruction", heldOutLosses.reconstruction);
      const prices = Array.from(picture(events, "bars", "prices").values);
      assertEquals(prices.length, latent);
      assertAlmostEquals(prices.reduce((sum, nats) => sum + nats), heldOutLosses.kl, 1e-3); // float32
      const [heldOut, reconstructed] = imageRows(events, "reconstructions");
      firstImages(heldOut, digits.test.pixels);
      assertLess(squaredDistance(reconstructed, heldOut), squaredDistance(heldOut, heldOut.map(() => 0)));
      const maps = events.flatMap((event) => event.kind === "images" || event.kind === "scatter" ? [event.name] : []);
      assertEquals(maps, latent === 2 ? ["reconstructions", "latent", "manifold", "samples"] : ["reconstructions"]);
      if (latent !== 2) return;
      const [points, map] = [picture(events, "scatter", "latent"), picture(events, "images", "manifold")];
      assertEquals([points.labels.length, map.pixels.length / 784, map.columns], [100, 225, 15]);
      assertEquals([map.x, map.y], [points.x, points.y] as unknown);
      const tiles = events.flatMap((event) => event.kind === "table" ? event.rows[1]!.slice(1, 11) as number[] : []);
      assertEquals(tiles.reduce((sum, count) => sum + count), 225);
    }),
  );
}
for (const [seed, batch] of [[1, 10], [2, 5]]) {
  Deno.test(
    `lesson 08, seed ${seed}, ${600 / batch!} steps: all but the claims that need a longer training`,
    few(600, 100, async (data) => {
      const events = await runs(map.lesson, { ...map.defaults, batch: batch!, rate: 0.003, data, seed: seed! }, true);
      const [points, tiles] = [picture(events, "scatter", "latent"), picture(events, "images", "quantiles")];
      assertEquals([points.labels.length, tiles.pixels.length / 784, tiles.columns], [100, 225, 15]);
      for (const axis of ["x", "y"] as const) {
        const { label, from, to } = points[axis];
        assertEquals([from, to], [0, 1]);
        assertEquals(tiles[axis], { label, from: 0.5 / 15, to: 1 - 0.5 / 15 }); // a tile's middle is half a tile within
      }
      assert(points.points.every((p) => p > 0 && p < 1));
      // Both ways begin and end at the same pictures; only the second is straight.
      const [code, blend] = imageRows(events, "between").map((row) =>
        range(9).reduce<number[][]>((tiles, i) => {
          // The row holds nine images one after another.
          return [...tiles, row.slice(784 * i, 784 * (i + 1))];
        }, [])
      ) as [number[][], number[][]];
      for (const end of [0, 8]) assertEquals(blend[end], code[end]);
      blend[4]!.forEach((grey, i) => assertAlmostEquals(grey, (code[0]![i]! + code[8]![i]!) / 2, 1));
      const holes = figure(events, "holes") as unknown as number;
      const { values, columns } = picture(events, "heat", "holes");
      assertEquals([values.length, columns], [900, 30]);
      assertAlmostEquals(Array.from(values).filter((ratio) => ratio < 0.1).length / 900, holes, 1e-9);
      const nats = events.flatMap((event) => event.kind === "table" ? event.rows.map((row) => Number(row[1])) : []);
      assertAlmostEquals(nats[0]!, nats[1]! + nats[2]!, 0.02); // three figures rounded to 0.01
    }),
  );
  Deno.test(
    `lesson 09, seed ${seed}, ${600 / batch!} steps: all but the claims that need a longer training`,
    few(600, 100, async (data) => {
      const options = { ...evidence.defaults, batch: batch!, rate: 0.003, points: 10_000, data, seed: seed! };
      const events = await runs(evidence.lesson, options, true);
      const [encoder, decoder] = curves(events, "signal");
      assertEquals(encoder!.map(([K]) => K), [1, 4, 16, 64]);
      encoder!.slice(1).forEach(([, ratio], i) => assertLess(ratio, encoder![i]![1]));
      decoder!.slice(1).forEach(([, ratio], i) => assertGreater(ratio, decoder![i]![1]));
      // The bound lies below log p(x) for every image, and the images are in order.
      const [zero, bound] = curves(events, "gaps");
      const gaps = (figure(events, "gaps") as number[]).toSorted((a, b) => b - a);
      assert(zero!.every(([, nats]) => nats === 0));
      bound!.forEach(([, nats], i) => assertAlmostEquals(nats, -gaps[i]!, 0.02));
      const bounds = figure(events, "bounds") as unknown as Record<string, number>;
      assertLess(bounds["ELBO"]!, bounds["log p(x)"]!);
    }),
  );
}

/** Lessons on so few images that what they claim would be no number, and what they say. */
const ofOneClass = { train: digits.train, test: select(digits.test, (label) => label === 3) };
const TOO_FEW: [keyof typeof lessons, [number, number], typeof ofOneClass, string][] = [
  ["01_autoencoder", [9, 50], digits, "few-digits has too few training images: 9; expected at least 10."],
  ["02_likelihood", [50, 2], digits, "few-digits has too few held-out images: 2; expected at least 3."],
  ["02_likelihood", [1, 3], digits, "All training images of few-digits are alike; expected at least two that differ."],
  ["08_latent_map", [50, 10], digits, "few-digits has too few held-out images: 10; expected at least 11."],
  [
    "08_latent_map",
    [50, 100],
    ofOneClass,
    "The first 100 held-out images are of one class; expected at least two classes.",
  ],
];
for (const [name, counts, of, sentence] of TOO_FEW) {
  Deno.test(`lesson ${name.slice(0, 2)} on too few images: ${sentence}`, () =>
    withFewDigits(counts, async (data) => {
      const { lesson, defaults } = lessons[name] as typeof l1;
      const before = tf.memory().numTensors;
      const { message } = await assertRejects(
        () => lesson({ ...defaults, data, seed: 1 }, recording().show),
        InputError,
      );
      assertEquals(message, sentence);
      assertEquals(tf.memory().numTensors, before, "tensors left");
    }, of));
}

Deno.test("lesson 01 with a code as long as an image: a sentence", async () => {
  const { message } = await assertRejects(
    () => l1.lesson({ ...l1.defaults, ...embedded, latent: 784 }, recording().show),
    InputError,
  );
  assertEquals(message, "--latent 784 is no squeeze: an image has 784 numbers.");
});

// ## What lessons export, against oracles that do not know them

/** The integral of a function by Simpson's rule. */
function integral(of: (z: number) => number, from: number, to: number, strips = 4000): number {
  const h = (to - from) / strips;
  return range(strips + 1).reduce((sum, i) => sum + (i % strips === 0 ? 1 : i % 2 ? 4 : 2) * of(from + i * h), 0) * h /
    3;
}

const normal = (z: number, mu: number, variance: number) =>
  Math.exp(-((z - mu) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);

/** Asserts that two numbers agree to `digits` parts of the larger one, or of 1. */
function assertSame(found: number, expected: number, tolerance: number, what?: string) {
  assertAlmostEquals(found, expected, tolerance * Math.max(1, Math.abs(expected)), what);
}

Deno.test("01: the cloud, its variances, and the steps of gradient descent", () => {
  const points = l1.cloud(20_000, random(3));
  const moments = (points: [number, number][]) => {
    const matrix = new Matrix(points);
    return new EigenvalueDecomposition(matrix.transpose().mmul(matrix).div(points.length)).realEigenvalues;
  };
  const [across, along] = moments(points).toSorted((a, b) => a - b);
  // A variance v from n draws has the standard error v √(2/n).
  assertAlmostEquals(along, 2.25, 4 * 2.25 * 0.01);
  assertAlmostEquals(across, 0.25, 4 * 0.25 * 0.01);
  assertSame(l1.varianceAcross(points), across, 1e-12);
  assertAlmostEquals(l1.varianceAcross([[1, 2], [-2, -4], [3, 6]]), 0, 1e-12);
  // A step of length h against the gradient makes the loss smaller by h |gradient|², and that from its own finite differences.
  const few = points.slice(0, 50);
  const loss = ([w1, w2, v1, v2]: number[]) =>
    few.reduce((sum, [x1, x2]) => {
      const z = w1 * x1 + w2 * x2;
      return sum + ((x1 - v1 * z) ** 2 + (x2 - v2 * z) ** 2) / few.length;
    }, 0);
  const start = [0.1, 0.2, 0.2, 0.1];
  const slopes = start.map((value, i) =>
    (loss(start.with(i, value + 1e-5)) - loss(start.with(i, value - 1e-5))) / 2e-5
  );
  assertSame(l1.trainByHand(few, 0, 0.05), loss(start), 1e-12);
  const stepped = start.map((value, i) => value - 0.05 * slopes[i]);
  assertSame(l1.trainByHand(few, 1, 0.05), loss(stepped), 1e-8);
});

Deno.test("01: PCA's reconstructions, dreamt codes and nearest distances", async () => {
  const before = tf.memory().numTensors;
  const x = random(4).normal([300, 5]) as Tensor2D;
  const scaled = tf.tidy(() => tf.add(tf.mul(x, [3, 2, 1, 0.5, 0.2]), [1, 0, -1, 2, 0]) as Tensor2D);
  const pca = await principalComponents(scaled);
  const errors = [1, 3, 5].map((latent) =>
    tf.tidy(() => tf.squaredDifference(scaled, l1.pcaReconstruct(scaled, pca, latent)).sum(1).mean())
  );
  for (const [i, latent] of [1, 3, 5].entries()) {
    const rest = pca.variances.slice(latent).reduce((sum, variance) => sum + variance, 0);
    assertSame((await errors[i].data())[0], rest, 1e-4, `the variances beyond ${latent}`);
  }
  const dreamt = await l1.dreamCodes(scaled, 5000, random(5));
  const again = await principalComponents(dreamt);
  again.variances.forEach((variance, i) =>
    assertAlmostEquals(variance, pca.variances[i], 5 * pca.variances[i] * Math.sqrt(2 / 5000), "variances")
  );
  const [mean, wanted] = [await again.mean.data(), await pca.mean.data()];
  mean.forEach((value, i) => assertAlmostEquals(value, wanted[i], 5 * 3.2 / Math.sqrt(5000)));
  const [left, right] = [scaled.slice(0, 20), scaled.slice(100, 30)];
  const found = await l1.distanceToNearest(left, right);
  const [a, b] = [await left.array(), await right.array()];
  const nearest = a.map((p) => Math.min(...b.map((q) => p.reduce((sum, v, i) => sum + (v - q[i]) ** 2, 0))));
  const average = nearest.reduce((sum, v) => sum + v) / 20;
  assertSame(found.mean, average, 1e-5);
  assertSame(found.error, Math.sqrt(nearest.reduce((sum, v) => sum + (v - average) ** 2, 0)) / 20, 1e-5);
  tf.dispose([x, scaled, pca.mean, pca.components, ...errors, dreamt, again.mean, again.components, left, right]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("02: likelihoods, evidences and averages", () => {
  const {
    gaussianLoss,
    bernoulliLoss,
    greyTotal,
    evidence,
    evidenceByStrips,
    relativeVariance,
    drawnLogs,
    logOfAverage,
  } = lessons["02_likelihood"];
  const [x, mu] = [[0.2, -1, 3], [0, 0.5, 2.5]];
  const density = x.reduce((product, v, i) => product * normal(v, mu[i], 0.3), 1);
  assertSame(gaussianLoss(x, mu, 0.3), -Math.log(density), 1e-12);
  for (const p of [0.1, 0.6, 0.99]) {
    assertSame(greyTotal(p), integral((x) => p ** x * (1 - p) ** (1 - x), 0, 1), 1e-6);
    const logit = Math.log(p / (1 - p));
    for (const x of [0, 0.3, 1]) {
      assertSame(bernoulliLoss(x, logit), -x * Math.log(p) - (1 - x) * Math.log(1 - p), 1e-12);
    }
  }
  for (const s of [0.005, 0.5, 8]) {
    const moment = (power: number) => integral((z) => normal(z, 0, 1) * normal(1.5, 2 * z, s) ** power, -8, 8, 40_000);
    assertSame(evidence(s), moment(1), 1e-9);
    assertSame(evidenceByStrips(s), moment(1), 1e-9);
    assertSame(relativeVariance(1, s), moment(2) / moment(1) ** 2 - 1, 1e-6);
    assertSame(relativeVariance(3, s), (moment(2) / moment(1) ** 2) ** 3 - 1, 1e-6);
  }
  assertEquals(Math.round(100 * relativeVariance(1, 0.5)), 176); // as 2.7 says
  assertEquals((100 * relativeVariance(20, 0.5)).toPrecision(2), "6.7e+10"); // as the answers say
  assertEquals((100 * relativeVariance(20, 8)).toFixed(0), "729"); // hundreds, as the answers say
  assertEquals(greyTotal(0.9).toFixed(3), "0.364"); // as 2.4 says
  const estimate = logOfAverage(drawnLogs(2, 0.5, 20_000, random(6)));
  assertAlmostEquals(estimate, 2 * Math.log(evidence(0.5)), 5 * Math.sqrt(relativeVariance(2, 0.5) / 20_000));
  assertAlmostEquals(logOfAverage([-1000, -1000 + Math.log(3)]), -1000 + Math.LN2, 1e-12); // each e^log underflows
});

Deno.test("02: the figures of the embedded digits in its prose and its answers", () => {
  const images = digits.train.pixels.subarray(0, 2000 * 784);
  const [mean, squares] = [new Float64Array(784), new Float64Array(784)];
  images.forEach((pixel, i) => {
    mean[i % 784] += pixel / 255 / 2000;
    squares[i % 784] += (pixel / 255) ** 2 / 2000;
  });
  const error = squares.reduce((sum, square, i) => sum + square - mean[i] ** 2, 0);
  const mse = error / 784;
  const loss = (variance: number) => error / (2 * variance) + 392 * Math.log(2 * Math.PI * variance);
  const said = [mse.toFixed(3), error.toFixed(1), ...[0.5, mse].map((variance) => loss(variance).toFixed(1))];
  assertEquals(said, ["0.065", "50.8", "499.5", "39.6"]);
  assertEquals((1 / (2 * Math.PI * Math.E)).toFixed(4), "0.0585");
});

Deno.test("03: the two estimators and the average loss, by quadrature", async () => {
  const { summary, averages, scoreFunction, pathwise, loss, lossSlope, averageLoss, averageOverNoise, drawWithSlope } =
    lessons["03_reparameterization"];
  assertEquals([0, 3].map(lessons["03_reparameterization"].varianceRatio), [15 / 4, 55.5]);
  const raised = summary(scoreFunction((z) => loss(z) + 100, { mu: 0, sigma: 0.25 }, 40_000, random(5)));
  assertAlmostEquals(raised.variance / 4, 42_000, 2000); // as the answers say; the pathwise variance is (w²σ / s)² = 4
  assertEquals(summary([1, 2, 3, 6]), {
    mean: 3,
    error: Math.sqrt(3.5 / 4),
    variance: 3.5,
    varianceError: Math.sqrt((24.5 - 12.25) / 4),
  });
  assertEquals(averages([1, 2, 5, 7, 9], 2), [1.5, 6]); // the last one is left over
  for (const z of [-1, 0.3, 2]) assertSame(lossSlope(z), (loss(z + 1e-4) - loss(z - 1e-4)) / 2e-4, 1e-6);
  const over = (mu: number, sigma: number) =>
    integral((z) => normal(z, mu, sigma ** 2) * loss(z), mu - 10 * sigma, mu + 10 * sigma);
  for (const [mu, sigma] of [[-1, 2], [0.5, 0.3]]) {
    assertSame(averageLoss({ mu, sigma }), over(mu, sigma), 1e-9);
    const slope = (over(mu + 1e-3, sigma) - over(mu - 1e-3, sigma)) / 2e-3;
    const q = { mu, sigma };
    const score = summary(scoreFunction(loss, q, 40_000, random(7)));
    const path = summary(pathwise(lossSlope, q, 40_000, random(7)));
    assertAlmostEquals(score.mean, slope, 5 * score.error);
    assertAlmostEquals(path.mean, slope, 5 * path.error);
    assertAlmostEquals(path.variance / (8 * sigma) ** 2, 1, 0.05); // the slope of the loss is 8 z - 6
  }
  const { z, slope } = drawWithSlope(0.4, -0.6, 0.7);
  assertSame(z, 0.4 + Math.exp(-0.3) * 0.7, 1e-12);
  const nudged = [-0.6 + 1e-4, -0.6 - 1e-4].map((logVar) => loss(drawWithSlope(0.4, logVar, 0.7).z));
  assertSame(slope, (nudged[0] - nudged[1]) / 2e-4, 1e-6);
  const eps = random(8).normal([100, 1]);
  const average = averageOverNoise(tf.scalar(0.4), tf.scalar(-0.6), eps);
  const losses = Array.from(await eps.data(), (e) => loss(0.4 + Math.exp(-0.3) * e));
  assertSame((await average.data())[0], losses.reduce((sum, v) => sum + v / 100, 0), 1e-5);
  tf.dispose([eps, average]);
});

Deno.test("04: four ways to a divergence, and its slopes", async () => {
  const { klByHand, klByQuadrature, klByMonteCarlo, klGradient, klSlopes, klAsPrinted, klBetween, klOfCode } =
    lessons["04_kl"];
  for (const [mu, logVar] of [[0, 0], [2, -1], [-0.3, 1.5], [5, -6]]) {
    const [variance, sigma] = [Math.exp(logVar), Math.exp(logVar / 2)];
    const wanted = integral(
      (z) => normal(z, mu, variance) * (Math.log(normal(z, mu, variance)) - Math.log(normal(z, 0, 1))),
      mu - 10 * sigma,
      mu + 10 * sigma,
    );
    assertSame(klByHand(mu, logVar), wanted, 1e-9);
    assertSame(klByQuadrature(mu, logVar), wanted, 1e-9);
    assertSame(klAsPrinted(mu, logVar), -wanted, 1e-9);
    const eps = random(9).normal([20_000, 1]);
    const { mean, error } = await klByMonteCarlo(mu, logVar, eps);
    eps.dispose();
    assertAlmostEquals(mean, wanted, 5 * error + 1e-6);
    const slope = (f: (h: number) => number) => (f(1e-4) - f(-1e-4)) / 2e-4;
    const [alongMu, alongLogVar] = await klGradient(mu, logVar);
    assertSame(alongMu, slope((h) => klByHand(mu + h, logVar)), 1e-5);
    assertSame(alongLogVar, slope((h) => klByHand(mu, logVar + h)), 1e-5);
    klSlopes(mu, logVar).forEach((slope, i) => assertSame([alongMu, alongLogVar][i], slope, 1e-5));
    const [m, s] = [0.7, 1.4];
    const between = integral(
      (z) => normal(z, mu, variance) * (Math.log(normal(z, mu, variance)) - Math.log(normal(z, m, s ** 2))),
      mu - 10 * sigma,
      mu + 10 * sigma,
    );
    assertSame(klBetween(mu, sigma, m, s), between, 1e-9);
  }
  assertSame(klOfCode([2, -0.3], [-1, 1.5]), klByHand(2, -1) + klByHand(-0.3, 1.5), 1e-12);
});

Deno.test("04: what its exercises and its predictions say", () => {
  const { klByHand, klSlopes, klBetween } = lessons["04_kl"];
  const said = [klBetween(0, 0.01, 0, 1).toFixed(2), klBetween(0, 1, 0, 0.01).toFixed(0), klByHand(2, 0).toFixed(2)];
  assertEquals(said, ["4.11", "4995", "2.00"]);
  assertEquals(klSlopes(0, Math.log(1 / 16))[1].toFixed(2), "-0.47");
});

Deno.test("05: the exact ELBO and evidence of one dimension, by quadrature", () => {
  for (const [x, w, s, m, v] of [[1.5, 2, 0.5, 0.3, -1], [-0.7, 0.4, 2, -1, 0.5]]) {
    const joint = (z: number) => normal(z, 0, 1) * normal(x, w * z, s);
    assertSame(l5.exactEvidence(x, w, s), Math.log(integral(joint, -12, 12)), 1e-9);
    const variance = Math.exp(v);
    const bound = integral(
      (z) => normal(z, m, variance) * (Math.log(joint(z)) - Math.log(normal(z, m, variance))),
      m - 10 * Math.sqrt(variance),
      m + 10 * Math.sqrt(variance),
    );
    const { reconstruction, kl, elbo } = l5.exactElbo(x, w, s, m, variance);
    assertSame(elbo, bound, 1e-9);
    assertSame(kl, lessons["04_kl"].klByHand(m, v), 1e-12);
    assertSame(-reconstruction - kl, elbo, 1e-12);
    assertLess(elbo, l5.exactEvidence(x, w, s));
    const best = l5.posterior(x, w, s);
    const moment = (power: number) => integral((z) => z ** power * joint(z), -12, 12) / integral(joint, -12, 12);
    assertSame(best.mu, moment(1), 1e-9);
    assertSame(best.variance, moment(2) - moment(1) ** 2, 1e-9);
  }
});

Deno.test("05: the best evidence of a linear model, by determinants, and no other model is better", () => {
  const eigenvalues = [4, 2.5, 1.2, 0.7, 0.3];
  const source = random(10);
  const gaussians = () =>
    Matrix.zeros(5, 5).apply(function (this: Matrix, i: number, j: number) {
      this.set(i, j, source.gaussian());
    });
  const noise = gaussians();
  const axes =
    new EigenvalueDecomposition(noise.clone().add(noise.transpose()), { assumeSymmetric: true }).eigenvectorMatrix;
  const covariance = axes.mmul(Matrix.diag(eigenvalues)).mmul(axes.transpose());
  /** The mean log-density of data with this covariance under N(0, W Wᵀ + s I). */
  const evidence = (w: Matrix, s: number) => {
    const model = w.mmul(w.transpose()).add(Matrix.eye(5).mul(s));
    return -0.5 * (5 * Math.log(2 * Math.PI) + Math.log(determinant(model)) + inverse(model).mmul(covariance).trace());
  };
  for (const [latent, s] of [[1, 1], [2, 0.5], [4, 1.5]]) {
    const stretched = eigenvalues.map((v, i) => i < latent ? Math.sqrt(Math.max(v - s, 0)) : 0);
    const weights = axes.mmul(Matrix.diag(stretched));
    const best = l5.bestEvidence(eigenvalues, latent, s);
    assertSame(best, evidence(weights, s), 1e-10);
    for (const size of [0.01, 0.1, 1]) {
      const other = weights.clone().add(gaussians().mul(size)).subMatrix(0, 4, 0, latent - 1);
      assertLess(evidence(other, s), best);
    }
  }
});

Deno.test("05: the mean log p(x) of a linear model, by determinants", async () => {
  const before = tf.memory().numTensors;
  const x = l5.linearData(50, 7); // [50, 6]
  const w = random(8).normal([3, 6]) as Tensor2D;
  const [data, weights] = [new Matrix(await x.array()), new Matrix(await w.array())];
  const model = weights.transpose().mmul(weights).add(Matrix.eye(6).mul(0.7));
  const square = data.mmul(inverse(model)).mmul(data.transpose()).trace() / 50;
  const wanted = -0.5 * (6 * Math.log(2 * Math.PI) + Math.log(determinant(model)) + square);
  assertSame(await l5.linearEvidence(x, w, 0.7), wanted, 1e-5);
  tf.dispose([x, w]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("05: the linear data and the linear VAE", async () => {
  const before = tf.memory().numTensors;
  const x = l5.linearData(20_000, 3);
  const { mean, components, variances } = await principalComponents(x);
  for (const value of await mean.data()) assertAlmostEquals(value, 0, 1e-5);
  variances.forEach((variance, i) =>
    assertAlmostEquals(variance, l5.VARIANCES[i], 5 * l5.VARIANCES[i] * Math.sqrt(2 / 20_000))
  );
  const { encode, W, objective } = l5.linearVae(6, 2, 0.7, 4);
  const few = x.slice(0, 3);
  const { mu, logVar } = tf.tidy(() => encode(few));
  const terms = objective.terms({ x: few });
  const [w, codes, data] = [await W.array(), await mu.array() as number[][], await few.array()];
  const reconstruction = data.map((row, b) =>
    row.reduce((sum, value, d) => {
      const mean = codes[b].reduce((sum, m, l) => sum + m * w[l][d], 0);
      const variance = w.reduce((sum, weights) => sum + weights[d] ** 2, 0); // log σ² is 0 in a fresh one
      return sum + 0.5 * Math.log(2 * Math.PI * 0.7) + ((value - mean) ** 2 + variance) / 1.4;
    }, 0)
  );
  const [found, kl, loss] = await Promise.all(
    [terms.parts.reconstruction, terms.parts.kl, terms.loss].map((t) => t.data()),
  );
  reconstruction.forEach((wanted, b) => {
    assertSame(found[b], wanted, 1e-5);
    assertSame(kl[b], codes[b].reduce((sum, m) => sum + m ** 2 / 2, 0), 1e-5);
    assertSame(loss[b], found[b] + kl[b], 1e-6);
  });
  tf.dispose([x, mean, components, few, mu, logVar, terms, objective.variables]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("05: what its exercises 2 and 3 say", () => {
  // Drawn with σ̃ = e^v, charged for σ² = e^v: reported is -(reconstruction with σ̃) - KL(v), highest at this v.
  const { exactElbo, exactEvidence } = l5;
  const reported = (v: number) =>
    -exactElbo(1.5, 2, 0.5, 2 / 3, Math.exp(2 * v)).reconstruction - lessons["04_kl"].klByHand(2 / 3, v);
  const tried = Array.from(range(4001), (i) => -4 + i / 1000);
  const best = tried.reduce((a, b) => reported(b) > reported(a) ? b : a);
  assertAlmostEquals(best, -1.51, 0.005);
  assertAlmostEquals(reported(best), -1.38, 0.005);
  assertGreater(reported(best), exactEvidence(1.5, 2, 0.5)); // no bound any more
  assertAlmostEquals(exactElbo(1.5, 2, 0.5, 2 / 3, Math.exp(2 * best)).elbo, -2.05, 0.005);
  const turn = new Matrix([[1, -1], [1, 1]]).mul(Math.SQRT1_2);
  const precision = turn.mmul(Matrix.diag([1 / 0.09, 1 / 0.01])).mmul(turn.transpose());
  const gap = (a: number, b: number) =>
    // of q with variances a and b
    0.5 * (precision.get(0, 0) * a + precision.get(1, 1) * b - 2 - Math.log(a * b * determinant(precision)));
  const variances = Array.from(range(200), (i) => 0.005 + i * 0.0005);
  const least = Math.min(...variances.flatMap((a) => variances.map((b) => gap(a, b))));
  assertAlmostEquals(least, 0.51, 0.005);
  const c = precision.get(0, 1) / Math.sqrt(precision.get(0, 0) * precision.get(1, 1));
  assertAlmostEquals(Math.abs(c), 0.8, 1e-9);
  assertAlmostEquals(least, -0.5 * Math.log(1 - c ** 2), 1e-4); // the variances tried are that far from the best
});

Deno.test("05: the gap of the best q without correlations is at least that of any two dimensions", () => {
  const source = random(12);
  for (let trial = 0; trial < 20; trial++) {
    const W = new Matrix(Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => source.gaussian())));
    const P = W.mmul(W.transpose()).add(Matrix.eye(4));
    const gap = 0.5 * (P.diagonal().reduce((sum, p) => sum + Math.log(p), 0) - Math.log(determinant(P)));
    for (const [i, j] of [[0, 1], [0, 3], [1, 2], [2, 3]]) {
      const c = P.get(i, j) / Math.sqrt(P.get(i, i) * P.get(j, j));
      assertGreater(gap, -0.5 * Math.log(1 - c ** 2));
      assert(-0.5 * Math.log(1 - c ** 2) >= 0.5 * c ** 2);
    }
  }
});

Deno.test("06: a machine's costs and its steps leak nothing", async () => {
  const { machine, step, judge } = lessons["06_vae"];
  const m = machine(5, 3, 1);
  const adam = tf.train.adam(0.001);
  const [x, eps] = [random(2).normal([4, 784]), random(3).normal([4, 3])];
  step(adam, m, x, eps).dispose(); // from here on Adam has its means
  const before = tf.memory().numTensors;
  step(adam, m, x, eps).dispose();
  const heldOut = take(digits.test, 4);
  const { reconstruction, kl, loss } = await judge(m, heldOut, 3);
  assert(reconstruction > 400 && kl > 0);
  assertEquals(loss, reconstruction + kl);
  const atMean = await judge(m, heldOut);
  assertEquals(atMean.kl, kl); // which no draw of z changes
  assert(atMean.reconstruction !== reconstruction);
  assertEquals(tf.memory().numTensors, before);
  tf.dispose([x, eps, m]);
  adam.dispose();
});

Deno.test("06: each reduction trains the β that its table says, as the slopes of its loss are", async () => {
  const { lossesOf } = lessons["06_vae"];
  for (const [name, beta, reduce] of lossesOf(784)) {
    const along = tf.grads((pixels, codes) => reduce({ pixels, codes }));
    const [pixel, code] = await numbers(() => {
      const slopes = along([tf.ones([3, 784]), tf.ones([3, 20])]);
      return tf.stack(slopes.map((slope) => slope.max()));
    });
    assertAlmostEquals(code / pixel, beta, 1e-5 * beta, name);
  }
});

Deno.test("06: the machine takes about forty lines", () => {
  const { source } = LESSONS.find(({ name }) => name === "06_vae")!;
  const [, machine = ""] = /^\/\/ ## 6\.2 [^]*?\n([^]*?)^\/\/ That is all\. /m.exec(source) ?? [];
  const lines = machine.split("\n").filter((line) => line && !line.startsWith("//"));
  assertAlmostEquals(lines.length, 40, 5);
});

Deno.test("07: three numbers to six by hand, and the edges of images", () => {
  assertEquals(conv.gather([1, 2, 3, 4, 5, 6], [1, 10, 100]), [321, 543, 65]);
  assertEquals(conv.spread([3, 0, 1], [1, 2, 3]), [3, 6, 9, 0, 1, 2]);
  const found = tf.tidy(() => conv.edge(tf.tensor4d([0, 1, 3, 3, 2, 0], [1, 2, 3, 1])).dataSync()[0]);
  assertAlmostEquals(found!, (1 + 4 + 1 + 4) / 4, 1e-6);
});

Deno.test("07: the decoder's first layer is drawn anew, weights and biases alike, and nothing else", () => {
  const [vae, before] = [convVae({ seed: 1 }), convVae({ seed: 1 })];
  conv.enlarge(vae, 0.5, random(1));
  const [moved, kept] = [vae, before].map(({ variables }) =>
    variables.map((variable) => Array.from(variable.dataSync()))
  );
  const changed = moved!.filter((values, i) => values.some((value, k) => value !== kept![i]![k]));
  assertEquals(changed.map(({ length }) => length), [2 * 3136, 3136]);
  for (const values of changed) {
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    assertAlmostEquals(mean, 0, 4 * 0.5 / Math.sqrt(values.length)); // four standard errors
    assertAlmostEquals(variance, 0.25, 4 * 0.25 * Math.sqrt(2 / values.length));
  }
  vae.dispose();
  before.dispose();
});

Deno.test("07: nearly half of its numbers are those of dense layers", () => {
  const vae = conv.networks(2);
  const [all, dense] = [/./, /^dense/].map((name) =>
    [...vae.encoder.layers, ...vae.decoder.layers].reduce(
      (sum, l) => name.test(l.name) ? sum + l.countParams() : sum,
      0,
    )
  );
  assertEquals(all, 69_076 + 65_089);
  assertAlmostEquals(dense! / all!, 0.45, 0.01);
  vae.dispose();
});

Deno.test("07: layer shapes", () => {
  const layer = (outputShape: (number | null)[]) => ({ outputShape });
  const network = { layers: [layer([null, 28, 28, 1]), layer([null, 16])] } as unknown as LayersModel;
  assertEquals(conv.layerShapes(network), "[28,28,1] [16]");
});

Deno.test("08: quantiles undo the cumulative probability, and only 0 and 1 have none", () => {
  for (const z of [-3.2, -1, 0, 0.4, 2.7]) {
    assertAlmostEquals(map.cumulative(z), 0.5 + integral((t) => normal(t, 0, 1), 0, z), 1e-9);
    assertAlmostEquals(map.quantile(map.cumulative(z)), z, 1e-9);
  }
  for (const [p, z] of [[1 / 30, -1.833915], [0.001, -3.090232], [0.9995, 3.290527]]) {
    assertAlmostEquals(map.quantile(p), z, 1e-6); // from tables
  }
  assertEquals([map.quantile(0), map.quantile(1)], [-Infinity, Infinity]);
});

Deno.test("08: neighbours alike, by brute force", async () => {
  const source = random(11);
  const points = Array.from({ length: 80 }, () => [source.gaussian(), source.gaussian()]);
  const labels = Uint8Array.from(points, ([x]) => x > 0.2 ? 1 : 0);
  const tensor = tf.tensor2d(points);
  const before = tf.memory().numTensors;
  const found = await map.neighboursAlike(tensor, labels, 5);
  assertEquals(tf.memory().numTensors, before);
  tensor.dispose();
  let alike = 0;
  for (const [i, p] of points.entries()) {
    const others = points.map((q, j) => [Math.hypot(p[0] - q[0], p[1] - q[1]), j]).filter(([, j]) => j !== i);
    for (const [, j] of others.toSorted(([a], [b]) => a - b).slice(0, 5)) alike += Number(labels[i] === labels[j]);
  }
  assertAlmostEquals(found, alike / 400, 1e-9);
});

Deno.test("08: the aggregate posterior is the average of all q, also where every density underflows", () => {
  const places: Parameters<typeof map.logAggregate>[1] = [
    { mu: [0, 1], sigma: [1, 0.5] },
    { mu: [2, -1], sigma: [0.3, 2] },
    { mu: [0.5, 0], sigma: [0.2, 0.2] },
  ];
  const z: [number, number] = [0.4, -0.3];
  const wanted = places.reduce((sum, { mu, sigma }) => {
    const [along, up] = [normal(z[0], mu[0], sigma[0] ** 2), normal(z[1], mu[1], sigma[1] ** 2)];
    return sum + along * up / 3;
  }, 0);
  assertAlmostEquals(map.logAggregate(z, places), Math.log(wanted), 1e-12);
  const alone: typeof places = [{ mu: [0, 0], sigma: [1, 1] }, { mu: [0, 0], sigma: [1, 1] }];
  assertAlmostEquals(map.logAggregate([100, 0], alone), -5000 - Math.log(2 * Math.PI), 1e-9); // e^-5000 is 0
});

Deno.test("08: pairs are of different classes and far apart", () => {
  const source = random(12);
  const mu = Array.from({ length: 40 }, () => [2 * source.gaussian(), 2 * source.gaussian()] as [number, number]);
  const labels = Uint8Array.from(mu, (_, i) => i % 3);
  const apart = ([a, b]: typeof mu) => Math.hypot(a![0] - b![0], a![1] - b![1]);
  const labelOf = (code: [number, number]) => labels[mu.indexOf(code)];
  const pairs = map.farPairs(mu, labels, 60, 5);
  assertEquals(pairs.length, 60);
  for (const [a, b] of pairs) assert(labelOf(a) !== labelOf(b));
  // The other half, drawn alike, is nearer: twice as many by the same seed begin with the same.
  const distances = map.farPairs(mu, labels, 2000, 5).map(apart);
  assertAlmostEquals(Math.min(...pairs.map(apart)), distances.at(-1)!, 1); // both are near the median
});

Deno.test("09: sums of the toy, the logarithm of a mean, shares and slopes", () => {
  const joint = (w: number) => (z: number) => normal(1.5, w * z, 0.5) * normal(z, 0, 1);
  assertAlmostEquals(evidence.evidenceBySum(0.1), Math.log(integral(joint(2), -8, 8)), 1e-9);
  assertAlmostEquals(evidence.logMeanExp([-2000, -2000 + Math.log(3)]), -2000 + Math.log(2), 1e-9);
  assertAlmostEquals(evidence.logMeanExp([900, 900]), 900, 1e-9);
  evidence.shares([-900, -900 + Math.log(3)]).forEach((share, i) => assertAlmostEquals(share, [0.25, 0.75][i], 1e-12));
  // The slopes of the log-mean-exp of three fixed draws, by differences: ε stays where μ moves, z stays where w does.
  const [z, sigma] = [[0.2, 0.9, 0.4], Math.exp(-1)];
  const bound = (shift: number, w: number) => {
    const r = z.map((z) => joint(w)(z + shift) / normal(z, 0.5, sigma ** 2)); // q moves along: its density at z + shift is that at z
    return Math.log(r.reduce((a, b) => a + b) / 3);
  };
  const { encoder, decoder } = evidence.slopes(z);
  assertAlmostEquals(encoder, (bound(1e-5, 2) - bound(-1e-5, 2)) / 2e-5, 1e-6);
  assertAlmostEquals(decoder, (bound(0, 2 + 1e-5) - bound(0, 2 - 1e-5)) / 2e-5, 1e-6);
});

Deno.test("09: the figures of the toy in its prose and its answers", () => {
  const truth = Math.log(normal(1.5, 0, 4.5));
  assertEquals([truth.toFixed(3), Math.fround(Math.exp(-104))], ["-1.921", 0]);
  const off = [1, 0.5].map((h) => Math.abs(evidence.evidenceBySum(h) - truth));
  assertEquals([off[0]!.toFixed(3), off[1]!.toFixed(4)], ["0.118", "0.0002"]);
  const source = random(10);
  for (const [variance, bounds] of [[1, [-2.056, -1.944, -1.924]], [2, [-2.319, NaN, -1.925]]] as const) {
    const logR = Array.from(range(200_000), () => {
      const z = 0.5 + Math.sqrt(variance) / Math.E * source.gaussian();
      return Math.log(normal(1.5, 2 * z, 0.5) * normal(z, 0, 1) / normal(z, 0.5, variance * Math.exp(-2)));
    });
    for (const [i, K] of [1, 5, 50].entries()) {
      const each = Array.from(range(200_000 / K), (k) => evidence.logMeanExp(logR.slice(K * k, K * k + K)));
      const mean = each.reduce((sum, v) => sum + v, 0) / each.length;
      const error = Math.sqrt(each.reduce((sum, v) => sum + (v - mean) ** 2, 0)) / each.length;
      const [expected, drawn] = [bounds[i]!, i === 0 ? 0 : 2 * error]; // the answers' own draws are a quarter as many
      if (!Number.isNaN(expected)) assertAlmostEquals(mean, expected, 4 * Math.hypot(error, drawn) + 0.0005);
    }
  }
});

Deno.test("09: on a linear Gaussian model the grid finds the exact evidence, gap and best oval", async () => {
  // x = w·z + noise of variance s, one number x: log p(x) and the ELBO have formulas (lesson 5).
  const [w, s, x] = [[0.8, -0.5] as const, 0.3, 1.1];
  const before = tf.memory().numTensors;
  const values = Array.from(range(101), (i) => -6 + 0.12 * i);
  const codes = gridCodes(values); // [C, 2]
  const each = values.toReversed().flatMap((up) => values.map((across) => [across, up] as const));
  const logDensity = (v: number, variance: number) => -0.5 * (Math.log(2 * Math.PI * variance) + v * v / variance);
  const logJoint = tf.tensor2d([
    each.map(([a, b]) => logDensity(x - w[0] * a - w[1] * b, s) + logDensity(a, 1) + logDensity(b, 1)),
  ]); // [1, C]
  const length = w[0] ** 2 + w[1] ** 2;
  const truth = logDensity(x, length + s);
  const sum = tf.tidy(() => evidence.evidenceOnGrid(logJoint, 0.12 ** 2));
  assertAlmostEquals((await sum.data())[0], truth, 1e-4); // float32
  const [mu, sigma] = [[0.5, -0.2] as const, [0.6, 0.7] as const];
  const q = { mu: tf.tensor2d([[...mu]]), logVar: tf.tensor2d([sigma.map((s) => 2 * Math.log(s))]) };
  const gap = tf.tidy(() => evidence.gapOnGrid(codes, logJoint, q.mu, q.logVar));
  const squares = (x - w[0] * mu[0] - w[1] * mu[1]) ** 2 + (w[0] * sigma[0]) ** 2 + (w[1] * sigma[1]) ** 2;
  const reconstruction = -0.5 * Math.log(2 * Math.PI * s) - squares / (2 * s);
  const kl = mu.reduce((sum, m, d) => sum + 0.5 * (m ** 2 + sigma[d] ** 2 - 1) - Math.log(sigma[d]), 0);
  assertAlmostEquals((await gap.data())[0], truth - (reconstruction - kl), 1e-4);
  // The best oval has the posterior's mean, and for each variance the reciprocal of the precision's diagonal, 1 + w² / s.
  const best = evidence.bestOvals(codes, logJoint, q, 300);
  const found = [await best.mu.data(), await best.logVar.data()];
  w.forEach((weight, d) => {
    assertAlmostEquals(found[0][d], weight * x / (length + s), 2e-3);
    assertAlmostEquals(found[1][d], -Math.log(1 + weight ** 2 / s), 2e-3);
  });
  tf.dispose([codes, logJoint, sum, gap, q.mu, q.logVar, best.mu, best.logVar]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("09: log p(x, z) at every code, and weights, as the model has them one by one", async () => {
  const vae = convVae({ filters: [2, 3], seed: 3 });
  const x = tf.tidy(() => digits.test.batch([0, 1, 2]).x);
  const codes = tf.tensor2d(Array.from(range(260), (i) => [Math.sin(i), Math.cos(3 * i)]));
  const before = tf.memory().numTensors;
  const joint = tf.tidy(() => evidence.logJoint(vae, x, codes));
  const eps = random(5).normal([4, 2]);
  const weights = tf.tidy(() => evidence.logWeights(vae, x.slice(1, 1), eps));
  const found = await joint.array() as number[][];
  assertEquals(found.map((row) => row.length), [260, 260, 260]);
  for (const i of [0, 100, 249, 250, 259]) {
    const wanted = tf.tidy(() => {
      const z = codes.slice(i, 1);
      return tf.add(vae.likelihood.logProb(x, vae.decode(z).tile([3, 1, 1, 1])), vae.prior.logProb(z, vae)); // [3]
    });
    (await wanted.data()).forEach((nats, n) => assertAlmostEquals(found[n][i], nats, 1e-3)); // float32 of about 500
    wanted.dispose();
  }
  const logR = await weights.data();
  for (const k of range(4)) {
    // The library's ELBO has the KL in closed form: put log q - log p at the draw in its place.
    const [elboOfOne, kl, mu, logVar] = tf.tidy(() => {
      const [image, noise] = [x.slice(1, 1), eps.slice(k, 1)];
      const { elbo: bound, kl } = elbo(vae, image, noise);
      const q = vae.encode(image);
      return [bound, kl, q.mu, q.logVar];
    });
    const [m, v, e] = [await mu.data(), await logVar.data(), (await eps.array() as number[][])[k]];
    const logRatio = e.reduce((sum, e, d) => {
      const sigma = Math.exp(v[d] / 2);
      return sum - 0.5 * e ** 2 - v[d] / 2 + 0.5 * (m[d] + sigma * e) ** 2;
    }, 0);
    assertAlmostEquals(logR[k], (await elboOfOne.data())[0] + (await kl.data())[0] - logRatio, 2e-3);
    tf.dispose([elboOfOne, kl, mu, logVar]);
  }
  tf.dispose([joint, eps, weights]);
  assertEquals(tf.memory().numTensors, before);
  tf.dispose([x, codes]);
  vae.dispose();
});
