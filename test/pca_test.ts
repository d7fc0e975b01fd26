import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { principalComponents } from "../src/pca.ts";
import { random } from "../src/random.ts";
import { assertClose, assertKeeps, numbers, testOnBackends } from "./_backends.ts";

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** The components of data, as numbers. */
async function componentsOf(data: number[][]) {
  const x = tf.tensor2d(data);
  const { mean, components, variances } = await principalComponents(x);
  const size = data[0].length;
  assertEquals([mean.shape, components.shape, variances.length], [[size], [size, size], size]);
  const values = await numbers(() => components.clone());
  const found = {
    mean: await numbers(() => mean.clone()),
    rows: Array.from({ length: size }, (_, i) => values.slice(i * size, (i + 1) * size)),
    variances,
  };
  tf.dispose([x, mean, components]);
  return found;
}

testOnBackends("principal components: worked by hand, in a plane of space", async () => {
  // Around (1, -2, 5): three steps either way along (3, 4, 0)/5, one along (-4, 3, 0)/5, none along the third axis.
  const [far, near, centre] = [[0.6, 0.8, 0], [-0.8, 0.6, 0], [1, -2, 5]];
  const at = (direction: number[], steps: number) => centre.map((c, i) => c + steps * direction[i]);
  const { mean, rows, variances } = await componentsOf([at(far, 3), at(near, -1), at(far, -3), at(near, 1)]);
  assertClose(mean, centre, 1e-6);
  assertClose(variances, [2 * 9 / 4, 2 * 1 / 4, 0], 1e-5); // over N = 4, not N - 1
  // A direction has two signs.
  assertClose([far, near, [0, 0, 1]].map((direction, i) => Math.abs(dot(direction, rows[i]))), [1, 1, 1], 1e-6);
});

testOnBackends(
  "directions are orthonormal, variances descend, and what a plane leaves out is their sum",
  async (backend) => {
    const scales = fc.array(fc.double({ min: 0.1, max: 4, noNaN: true }), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.nat(), scales, async (seed, scales) => {
        const source = random(seed), count = 7 + scales.length;
        const mixing = scales.map(() => scales.map(source.gaussian));
        const data = Array.from({ length: count }, () => {
          const z = scales.map((scale) => scale * source.gaussian());
          return mixing.map((row, i) => dot(row, z) + i);
        });
        const { mean, rows, variances } = await componentsOf(data);
        const total = variances.reduce((sum, variance) => sum + variance, 0);
        const tolerance = 1e-5 * (1 + total); // the covariance is added up in float32
        assert(variances.every((variance, i) => variance >= 0 && (i === 0 || variance <= variances[i - 1])));
        for (const [i, a] of rows.entries()) {
          assertClose(rows.map((b) => dot(a, b)), rows.map((_, j) => Number(i === j)), 1e-5, "orthonormal");
        }
        for (let kept = 0; kept <= scales.length; kept++) {
          const squares = data.map((x) => {
            const centred = x.map((value, i) => value - mean[i]);
            const codes = rows.slice(0, kept).map((row) => dot(row, centred));
            return dot(centred, centred) - dot(codes, codes); // the squared distance to the plane, by Pythagoras
          });
          const error = squares.reduce((sum, square) => sum + square, 0) / count;
          assertClose(
            [error],
            [variances.slice(kept).reduce((sum, variance) => sum + variance, 0)],
            tolerance,
            `L = ${kept}`,
          );
        }
      }),
      { seed: 1, numRuns: backend === "webgpu" ? 2 : 20 },
    );
  },
);

testOnBackends("fewer examples than dimensions: the variances left over are zero, and none is below", async () => {
  const source = random(1);
  const { variances } = await componentsOf(
    Array.from({ length: 3 }, () => Array.from({ length: 12 }, source.gaussian)),
  );
  assert(variances.every((variance) => variance >= 0));
  assert(variances[1] > 0.1);
  assertClose(variances.slice(2), Array(10).fill(0), 1e-5); // float32
});

testOnBackends("principal components leave two tensors, for the caller", async () => {
  const x = tf.tensor2d([[1, 2, 4], [3, 5, 4]]);
  await assertKeeps(2, async () => {
    const { mean, components } = await principalComponents(x);
    return [mean, components];
  });
  x.dispose();
});

testOnBackends("data that are no matrix, or hold a NaN, are refused in a sentence", async () => {
  const images = tf.zeros([4, 2, 3, 1]), broken = tf.tensor2d([[1, NaN, 2], [3, 4, 5]]);
  await assertKeeps(0, async () => {
    await assertRejects(
      () => principalComponents(images),
      RangeError,
      "Principal components need a matrix [N, D], not a tensor of shape [4,2,3,1].",
    );
    await assertRejects(() => principalComponents(broken), RangeError, "and only finite numbers.");
    return [];
  });
  tf.dispose([images, broken]);
});
