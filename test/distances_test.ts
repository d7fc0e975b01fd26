import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { gridCodes, random, squaredDistances, type Tensor2D, useBackend } from "../mod.ts";

await useBackend("wasm");

Deno.test("squared distances between all pairs, by the definition", async () => {
  const before = tf.memory().numTensors;
  const [x, y] = [random(1).normal([3, 5]) as Tensor2D, random(2).normal([4, 5]) as Tensor2D];
  const found = squaredDistances(x, y);
  assertEquals(found.shape, [3, 4]);
  const [distances, a, b] = [await found.array(), await x.array(), await y.array()];
  for (const [i, p] of a.entries()) {
    for (const [j, q] of b.entries()) {
      const wanted = p.reduce((sum, value, d) => sum + (value - q[d]) ** 2, 0);
      assertAlmostEquals(distances[i][j], wanted, 1e-5);
    }
  }
  tf.dispose([x, y, found]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("a distance is never negative, however far out two points lie, and however near to each other", async () => {
  const x = tf.tidy(() => random(3).normal([200, 50]).add(300) as Tensor2D);
  const near = tf.tidy(() => tf.add(x, random(4).normal([200, 50]).mul(1e-3)) as Tensor2D);
  const found = squaredDistances(x, near);
  for (const value of await found.data()) assertEquals(value >= 0, true);
  tf.dispose([x, near, found]);
});

Deno.test("points too far out for their squares give no finite distance", async () => {
  const found = tf.tidy(() => squaredDistances(tf.tensor2d([[1e20, 1], [1, 1]]), tf.tensor2d([[1e20, 2], [3, 1]])));
  const [both, one, other, near] = await found.data();
  for (const value of [both, one, other]) assertEquals(Number.isFinite(value), false);
  assertEquals(near, 4);
  found.dispose();
});

Deno.test("the grid of codes goes from left to right and from top to bottom", async () => {
  const codes = gridCodes([-4, -1, 0, 2.5]);
  assertEquals(codes.shape, [16, 2]);
  const wanted = [2.5, 0, -1, -4].flatMap((up) => [-4, -1, 0, 2.5].map((across) => [across, up]));
  assertEquals(await codes.array(), wanted);
  codes.dispose();
});
