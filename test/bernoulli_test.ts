import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { logBernoulli } from "../src/distributions/bernoulli.ts";
import { assertClose, assertKeeps, numbers, testOnBackends } from "./_backends.ts";

/** Float32 keeps 6e-8 of a number; the sums here stay below 30 nats. */
const TOLERANCE = 1e-5;

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));
const logit = (probability: number) => Math.log(probability / (1 - probability));

testOnBackends("logBernoulli: worked by hand", async () => {
  // Probabilities 0.8, 0.3 and 0.5; pixels 1, 0, 1: log 0.8 + log 0.7 + log 0.5. Then 0, 1 and a grey of a quarter.
  const logits = [[logit(0.8), logit(0.3), 0], [logit(0.8), logit(0.3), logit(0.9)]];
  const found = await numbers(() => logBernoulli(tf.tensor2d([[1, 0, 1], [0, 1, 0.25]]), tf.tensor2d(logits)));
  const grey = 0.25 * Math.log(0.9) + 0.75 * Math.log(0.1);
  assertClose(found, [-1.2729657, Math.log(0.2) + Math.log(0.3) + grey], TOLERANCE);
});

testOnBackends("logBernoulli sums over all that belongs to one image, of any rank", async () => {
  const x = Array.from({ length: 2 * 3 * 4 }, (_, i) => Number(i % 3 === 0));
  const logits = x.map((_, i) => Math.sin(3 * i) * 2);
  const expected = [0, 1].map((b) =>
    x.reduce((sum, pixel, i) => {
      const probability = sigmoid(logits[i]);
      return Math.floor(i / 12) === b ? sum + Math.log(pixel ? probability : 1 - probability) : sum;
    }, 0)
  );
  for (const shape of [[2, 12], [2, 3, 4], [2, 4, 3, 1]]) {
    assertEquals(tf.tidy(() => logBernoulli(tf.tensor(x, shape), tf.tensor(logits, shape)).shape), [2]);
    const found = await numbers(() => logBernoulli(tf.tensor(x, shape), tf.tensor(logits, shape)));
    assertClose(found, expected, TOLERANCE, `${shape}`);
  }
});

testOnBackends("the probabilities of all black-and-white images sum to one", async (backend) => {
  const images = Array.from({ length: 16 }, (_, n) => [n & 1, n >> 1 & 1, n >> 2 & 1, n >> 3 & 1]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 4, maxLength: 4 }),
      async (logits) => {
        const logs = await numbers(() => logBernoulli(tf.tensor2d(images), tf.tensor2d(images.map(() => logits))));
        assertClose([logs.reduce((sum, log) => sum + Math.exp(log), 0)], [1], TOLERANCE);
      },
    ),
    { seed: 1, numRuns: backend === "webgpu" ? 3 : 30 },
  );
});

testOnBackends(
  "logBernoulli is never positive, and as exact as float32 allows, for logits from -30 to 30",
  async () => {
    const pairs = Array.from({ length: 1201 }, (_, i) => (i - 600) / 20).flatMap((l) => [[0, l], [1, l], [0.3, l]]);
    const found = await numbers(() =>
      logBernoulli(tf.tensor2d(pairs.map(([x]) => [x])), tf.tensor2d(pairs.map(([, l]) => [l])))
    );
    assert(found.every((log) => log <= 0), `largest: ${Math.max(...found)}`);
    const exact = pairs.map(([x, l]) => x * l - (Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l)))));
    assertClose(found, exact, 6e-6); // two numbers of up to 30 are subtracted: a few units of 1.9e-6
  },
);

testOnBackends("far logits stay finite, where log(sigmoid) is -∞, and so do their gradients", async () => {
  const x = [[1], [0], [1], [0]], logits = [[200], [200], [-200], [-200]];
  assertClose(await numbers(() => logBernoulli(tf.tensor2d(x), tf.tensor2d(logits))), [0, -200, -200, 0], 0);
  // The gradient is x - sigmoid(logit).
  const gradient = await numbers(() => tf.grad((l) => logBernoulli(tf.tensor2d(x), l))(tf.tensor2d(logits)));
  assertClose(gradient, [0, -1, 1, 0], 0);
});

testOnBackends("the gradient matches finite differences of the textbook formula", async () => {
  const x = [1, 0, 0.25, 0.7], logits = [0.3, -1.2, 2.5, -4];
  const value = (l: number, pixel: number) => pixel * Math.log(sigmoid(l)) + (1 - pixel) * Math.log(1 - sigmoid(l));
  const h = 1e-5;
  assertClose(
    await numbers(() => tf.grad((l) => logBernoulli(tf.tensor2d([x]), l))(tf.tensor2d([logits]))),
    logits.map((l, i) => (value(l + h, x[i]) - value(l - h, x[i])) / (2 * h)),
    1e-6,
  );
});

testOnBackends("logBernoulli leaves nothing but its result, and lets NaN through", async () => {
  const [x, logits] = [tf.ones([2, 3]), tf.zeros([2, 3])];
  await assertKeeps(1, () => logBernoulli(x, logits));
  tf.dispose([x, logits]);
  assertEquals(await numbers(() => logBernoulli(tf.ones([1, 2]), tf.tensor2d([[NaN, 0]]))), [NaN]);
});

testOnBackends("pixels outside [0, 1] follow the same straight line, and may come out positive", async () => {
  const pairs = [[2, 10], [2, -10], [-1, 10], [-1, -10], [255, 1], [-0.5, 0], [1e4, 1e4], [-1e4, 1e4]];
  const [x, logits] = [0, 1].map((i) => tf.tensor2d(pairs.map((pair) => [pair[i]])));
  const found = await numbers(() => logBernoulli(x, logits));
  const softplus = (l: number) => Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l)));
  pairs.forEach(([pixel, l], i) => {
    const size = Math.abs(pixel * l) + softplus(l); // three roundings in what is added, and a unit of softplus
    assertClose([found[i]], [pixel * l - softplus(l)], 5 * 2 ** -24 * size, `${pixel}, ${l}`);
  });
  assert(found[0] > 9.99 && found[4] > 253);
  tf.dispose([x, logits]);
});

testOnBackends("an infinite logit never gives a finite result", async () => {
  for (const pixel of [0, 0.5, 1, 2, -1]) {
    for (const logit of [Infinity, -Infinity]) {
      const found = await numbers(() => logBernoulli(tf.tensor2d([[pixel, 0]]), tf.tensor2d([[logit, 1]])));
      assert(!Number.isFinite(found[0]), `pixel ${pixel}, logit ${logit}: ${found}`);
    }
  }
});
