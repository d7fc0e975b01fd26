/**
 * Every lesson in this process, on wasm and two seeds, and the functions that lessons export against oracles.
 *
 * The claims of lesson 6 about its map need a training of half a minute: `cli_test.ts` has it.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { determinant, EigenvalueDecomposition, inverse, Matrix } from "ml-matrix";
import {
  ClaimError,
  type CommonOptions,
  type LayersModel,
  type LessonEvent,
  loadDigits,
  principalComponents,
  random,
  range,
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

const lessons = {
  "01_autoencoder": await import("../lessons/01_autoencoder.ts"),
  "02_likelihood": await import("../lessons/02_likelihood.ts"),
  "03_reparameterization": await import("../lessons/03_reparameterization.ts"),
  "04_kl": await import("../lessons/04_kl.ts"),
  "05_elbo": await import("../lessons/05_elbo.ts"),
  "06_conv_vae": await import("../lessons/06_conv_vae.ts"),
};

Deno.test("importing a lesson prints nothing", () => assertEquals(printed, []));

const digits = await loadDigits();
await useBackend("wasm");

/** Runs `use` while there seems to be a directory with the first of the embedded digits in it, as `--data` takes one. */
async function withFewDigits<T>([train, test]: [number, number], use: (data: string) => Promise<T>): Promise<T> {
  const { readDir, readFile } = Deno;
  const contents: Record<string, Uint8Array> = {};
  for (const [half, set] of [["train", take(digits.train, train)], ["t10k", take(digits.test, test)]] as const) {
    contents[`${half}-images-idx3-ubyte`] = writeIdx([set.count, 28, 28], set.pixels);
    contents[`${half}-labels-idx1-ubyte`] = writeIdx([set.count], set.labels);
  }
  try {
    Object.assign(Deno, {
      async *readDir() {
        for (const name of Object.keys(contents)) yield { name };
      },
      readFile: (path: string) => Promise.resolve(contents[path.split("/").at(-1)!]),
    });
    return await use("few-digits");
  } finally {
    Object.assign(Deno, { readDir, readFile });
  }
}

/** A show that keeps what was said; `forgiving`, it lets false claims of an order, but no others, pass. */
function recording(forgiving = false): { show: Show; events: LessonEvent[] } {
  const events: LessonEvent[] = [];
  const show = showOn((event) => void events.push(event));
  if (!forgiving) return { show, events };
  return {
    events,
    show: {
      ...show,
      claim(...claim: Parameters<Show["claim"]>) {
        try {
          show.claim(...claim);
        } catch (error) {
          const { relation } = events.at(-1) as LessonEvent & { kind: "claim" };
          const trained = events.some(({ kind }) => kind === "progress");
          if (!(error instanceof ClaimError && relation !== "" && trained)) throw error;
        }
      },
    } as Show,
  };
}

/** Runs a lesson, and asserts that it claims something, says nothing on the console and keeps no tensor. */
async function runs<Options extends CommonOptions>(
  lesson: (options: Options, show: Show) => Promise<void>,
  options: Options,
  forgiving = false,
): Promise<LessonEvent[]> {
  assertEquals(tf.getBackend(), "wasm");
  const [tensors, lines] = [tf.memory().numTensors, printed.length];
  const { show, events } = recording(forgiving);
  await lesson(options, show);
  assertGreater(events.filter(({ kind }) => kind === "claim").length, 3);
  assertEquals(tf.memory().numTensors - tensors, 0, "tensors left");
  assertEquals([tf.getBackend(), ...printed.slice(lines)], ["wasm"]);
  return events;
}

const few = <T>(train: number, test: number, use: (data: string) => Promise<T>) => () =>
  withFewDigits([train, test], use);
const embedded = { data: "digits", seed: 1 };
const [l1, l5, l6] = [lessons["01_autoencoder"], lessons["05_elbo"], lessons["06_conv_vae"]];

Deno.test("lesson 01, seed 1", async () => void await runs(l1.lesson, { ...l1.defaults, ...embedded }));
Deno.test(
  "lesson 01, seed 2, fewer digits, a shorter code",
  few(6000, 300, async (data) => {
    await runs(l1.lesson, { ...l1.defaults, epochs: 9, latent: 6, data, seed: 2 });
  }),
);
for (const name of ["02_likelihood", "03_reparameterization", "04_kl"] as const) {
  const { lesson, defaults } = lessons[name];
  Deno.test(`lesson ${name.slice(0, 2)}, seed 1`, async () => void await runs(lesson, { ...defaults, ...embedded }));
  Deno.test(
    `lesson ${name.slice(0, 2)}, seed 2, fewer samples and digits`,
    few(300, 50, async (data) => void await runs(lesson, { ...defaults, samples: 5000, data, seed: 2 })),
  );
}
Deno.test("lesson 05, seed 1, one epoch", async () => {
  await runs(l5.lesson, { ...l5.defaults, epochs: 1, ...embedded });
});
Deno.test(
  "lesson 05, seed 2, fewer digits and units",
  few(2000, 300, async (data) => {
    await runs(l5.lesson, { ...l5.defaults, epochs: 3, batch: 32, latent: 10, hidden: 100, data, seed: 2 });
  }),
);
for (const [seed, latent] of [[1, 2], [2, 3]]) {
  Deno.test(
    `lesson 06, seed ${seed}, 20 steps, a code of ${latent}: all but the claims that need a longer training`,
    few(200, 100, async (data) => {
      const events = await runs(l6.lesson, { ...l6.defaults, epochs: 1, batch: 10, latent, data, seed }, true);
      const steps = events.flatMap((event) => event.kind === "progress" ? [event.step] : []);
      const { history, epochEnds } = steps.at(-1)!;
      assertEquals([steps.length, epochEnds, history.test.length], [20, true, 1]);
      assertLess(history.test[0].loss, steps[0].loss!);
      const shown = events.flatMap((event) => {
        if (event.kind === "images") return [[event.name, event.pixels.length / 784]];
        return event.kind === "scatter" ? [[event.name, event.labels.length]] : [];
      });
      const map = [["latent", 100], ["manifold", 225]];
      assertEquals(shown, [["reconstructions", 12], ...(latent === 2 ? map : [])]);
    }),
  );
}

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

Deno.test("02: likelihoods and evidences", async () => {
  const { gaussianLoss, greyTotal, toyEvidence, naiveEvidence } = lessons["02_likelihood"];
  const [x, mu] = [[0.2, -1, 3], [0, 0.5, 2.5]];
  const density = x.reduce((product, v, i) => product * normal(v, mu[i], 0.3), 1);
  assertSame(gaussianLoss(x, mu, 0.3), -Math.log(density), 1e-12);
  for (const p of [0.1, 0.6, 0.99]) {
    assertSame(greyTotal(p), integral((x) => p ** x * (1 - p) ** (1 - x), 0, 1), 1e-6);
  }
  const evidence = (x: number) => Math.log(integral((z) => normal(z, 0, 1) * normal(x, z, 0.01), -8, 8));
  assertSame(toyEvidence([0.7]), evidence(0.7), 1e-9);
  assertSame(toyEvidence([0.7, -1.1]), evidence(0.7) + evidence(-1.1), 1e-9);
  const { log, error } = await naiveEvidence([0.7], 20_000, random(6));
  assertLess(error, 0.05);
  assertAlmostEquals(log, evidence(0.7), 5 * error);
  // Far out every draw's density underflows, and the log of the average is still finite.
  assert(Number.isFinite((await naiveEvidence([50], 100, random(6))).log));
});

Deno.test("03: the two estimators and the mean square", async () => {
  const { summary, scoreFunction, pathwise, averageSquare } = lessons["03_reparameterization"];
  assertEquals(summary([1, 2, 3, 6]), {
    mean: 3,
    error: Math.sqrt(3.5 / 4),
    variance: 3.5,
    varianceError: Math.sqrt((24.5 - 12.25) / 4),
  });
  for (const [mu, sigma] of [[-1, 2], [0.5, 0.3]]) {
    for (const estimator of [scoreFunction, pathwise]) {
      const { mean, error } = summary(estimator(mu, sigma, 40_000, random(7)));
      assertAlmostEquals(mean, 2 * mu, 5 * error, estimator.name);
    }
    assertAlmostEquals(summary(pathwise(mu, sigma, 40_000, random(7))).variance, 4 * sigma ** 2, 0.2 * sigma ** 2);
  }
  const eps = random(8).normal([100, 1]);
  const square = averageSquare(tf.scalar(0.4), tf.scalar(-0.6), eps);
  const wanted = Array.from(await eps.data(), (e) => (0.4 + Math.exp(-0.3) * e) ** 2).reduce(
    (sum, v) => sum + v / 100,
    0,
  );
  assertSame((await square.data())[0], wanted, 1e-5);
  tf.dispose([eps, square]);
});

Deno.test("04: four ways to a divergence, and its slopes", async () => {
  const { klByHand, klByQuadrature, klByMonteCarlo, klGradient, klAsPrinted } = lessons["04_kl"];
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
  }
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
    assertSame(l5.exactElbo(x, w, s, m, v), bound, 1e-9);
    assertLess(l5.exactElbo(x, w, s, m, v), l5.exactEvidence(x, w, s));
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
  /** The mean log-density of data with this covariance under N(0, W Wᵀ + I). */
  const evidence = (w: Matrix) => {
    const model = w.mmul(w.transpose()).add(Matrix.eye(5));
    return -0.5 * (5 * Math.log(2 * Math.PI) + Math.log(determinant(model)) + inverse(model).mmul(covariance).trace());
  };
  for (const latent of [1, 2, 4]) {
    const weights = axes.mmul(Matrix.diag(eigenvalues.map((v, i) => i < latent ? Math.sqrt(Math.max(v - 1, 0)) : 0)));
    const best = l5.bestEvidence(eigenvalues, latent);
    assertSame(best, evidence(weights), 1e-10);
    for (const size of [0.01, 0.1, 1]) {
      const other = weights.clone().add(gaussians().mul(size)).subMatrix(0, 4, 0, latent - 1);
      assertLess(evidence(other), best);
    }
  }
});

Deno.test("05: the linear data and the linear VAE", async () => {
  const before = tf.memory().numTensors;
  const x = l5.linearData(20_000, 3);
  const { mean, components, variances } = await principalComponents(x);
  for (const value of await mean.data()) assertAlmostEquals(value, 0, 1e-5);
  variances.forEach((variance, i) =>
    assertAlmostEquals(variance, l5.VARIANCES[i], 5 * l5.VARIANCES[i] * Math.sqrt(2 / 20_000))
  );
  const vae = l5.linearVae(6, 2, 4);
  const few = x.slice(0, 3);
  const { mu, logVar } = tf.tidy(() => vae.encode(few));
  const terms = l5.exactObjective(vae).terms(few, random(0));
  const [w, codes, data] = [await vae.decoderWeights.array(), await mu.array() as number[][], await few.array()];
  const reconstruction = data.map((row, b) =>
    row.reduce((sum, value, d) => {
      const mean = codes[b].reduce((sum, m, l) => sum + m * w[l][d], 0);
      const variance = w.reduce((sum, weights) => sum + weights[d] ** 2, 0); // log σ² is 0 in a fresh one
      return sum + 0.5 * Math.log(2 * Math.PI) + ((value - mean) ** 2 + variance) / 2;
    }, 0)
  );
  const [found, kl, loss] = await Promise.all([terms.reconstruction, terms.kl, terms.loss].map((t) => t.data()));
  reconstruction.forEach((wanted, b) => {
    assertSame(found[b], wanted, 1e-5);
    assertSame(kl[b], codes[b].reduce((sum, m) => sum + m ** 2 / 2, 0), 1e-5);
    assertSame(loss[b], found[b] + kl[b], 1e-6);
  });
  tf.dispose([x, mean, components, few, mu, logVar, terms.loss, terms.reconstruction, terms.kl]);
  vae.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("06: the grid of codes goes from left to right and from top to bottom", async () => {
  const codes = l6.gridCodes(5);
  const pairs = await codes.array();
  codes.dispose();
  const wanted = [4, 2, 0, -2, -4].flatMap((y) => [-4, -2, 0, 2, 4].map((x) => [x, y]));
  assertEquals(pairs.flat().map((v) => v + 0), wanted.flat()); // -0 is 0
});

Deno.test("06: nearest classes, by brute force", async () => {
  const labelled = take(digits.train, 60);
  const images = digits.test.batch(range(25));
  const found = await l6.nearestClass(images, labelled);
  const wanted = Array.from(range(25), (i) => {
    const distance = (j: number) => {
      let sum = 0;
      for (let p = 0; p < 784; p++) sum += (digits.test.pixels[784 * i + p] - labelled.pixels[784 * j + p]) ** 2;
      return sum;
    };
    const distances = Array.from(range(60), distance);
    return labelled.labels[distances.indexOf(Math.min(...distances))];
  });
  images.dispose();
  assertEquals(found, wanted);
  assertGreater(new Set(found).size, 4);
});

Deno.test("06: relative difference and layer shapes", () => {
  assertEquals(l6.relativeDifference(Float32Array.of(1, -6, 0), Float32Array.of(1, -8, 1)), 0.25);
  assertEquals(l6.relativeDifference(Float32Array.of(1, 2), Float32Array.of(1, 2)), 0);
  const layer = (outputShape: (number | null)[]) => ({ outputShape });
  const network = { layers: [layer([null, 28, 28, 1]), layer([null, 16])] } as unknown as LayersModel;
  assertEquals(l6.layerShapes(network), ["[28,28,1]", "[16]"]);
});
