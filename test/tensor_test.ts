import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { range, ruler, sumPerExample } from "../src/tensor.ts";
import { assertKeeps, numbers, testOnBackends } from "./_backends.ts";

testOnBackends("numbers gives a tensor's numbers row by row, and frees all that was made", async () => {
  await assertKeeps(0, () => numbers(() => tf.tensor2d([[1, 2], [3, 4]]).mul(2)));
  assertEquals(await numbers(() => tf.tensor2d([[1, 2], [3, 4]]).mul(2)), [2, 4, 6, 8]);
  assertEquals(await numbers(() => tf.scalar(5)), [5]);
  assertEquals(await numbers(() => tf.zeros([0])), []);
});

testOnBackends("sumPerExample adds up all axes but the first, and leaves nothing but the sums", async () => {
  for (const shape of [[2, 6], [2, 3, 2], [2, 1, 3, 2]]) {
    const t = tf.tensor([1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60], shape);
    assertEquals(await numbers(() => sumPerExample(t)), [21, 210], `${shape}`);
    await assertKeeps(1, () => sumPerExample(t));
    t.dispose();
  }
  assertEquals(await numbers(() => sumPerExample(tf.tensor1d([3, 5]))), [3, 5]);
  assertEquals(await numbers(() => tf.grad(sumPerExample)(tf.zeros([2, 3]))), [1, 1, 1, 1, 1, 1]);
});

Deno.test("range counts from 0", () => {
  assertEquals([range(3), range(0)], [Uint32Array.of(0, 1, 2), new Uint32Array()]);
});

Deno.test("ruler has both of its ends, exactly", () => {
  assertEquals(ruler(-4, 4, 5), [-4, -2, 0, 2, 4]);
  assertEquals(ruler(0.1, 0.7, 3).filter((_, i) => i !== 1), [0.1, 0.7]);
  assertEquals(ruler(3, 1, 2), [3, 1]);
  for (const count of [1, 0, 2.5, NaN]) {
    assertThrows(() => ruler(0, 1, count), RangeError, `a whole number of at least 2, not ${count}.`);
  }
});
