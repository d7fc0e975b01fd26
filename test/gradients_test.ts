import { assertEquals, assertLess, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertNear, BUILDS, check, numbers, valuesOn } from "./_kernels.ts";

const upTo = (max: number, min = 1) => fc.integer({ min, max });

/** A shape of up to six axes, and how often each is repeated. */
const tiling = fc.array(fc.tuple(upTo(3, 0), upTo(3, 0)), { minLength: 1, maxLength: 6 }).map((axes) => ({
  shape: axes.map(([size]) => size),
  reps: axes.map(([, copies]) => copies),
}));

for (const backend of ["wasm", "cpu"] as const) {
  Deno.test(`the gradient of tile is the sum over all copies, on any axes (${backend})`, async () => {
    await check(tiling, async ({ shape, reps }) => {
      const outShape = shape.map((size, axis) => size * reps[axis]);
      const dy = await valuesOn("cpu", () => numbers(outShape, 2));
      const expected = Array(tf.util.sizeFromShape(shape)).fill(0);
      const strides = [...tf.util.computeStrides(shape), 1];
      dy.forEach((slope, o) => {
        let [rest, at] = [o, 0];
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          at += (rest % outShape[axis] % shape[axis]) * strides[axis];
          rest = Math.floor(rest / outShape[axis]);
        }
        expected[at] += slope;
      });
      for (const kernels of BUILDS) {
        const found = await valuesOn(
          backend,
          () => tf.grad((x) => tf.tile(x, reps))(numbers(shape, 1), numbers(outShape, 2)),
          kernels,
        );
        assertNear(found, expected, JSON.stringify({ shape, reps }), 1e-6);
      }
    }, 100);
  });
}

Deno.test("the gradient of many copies is a few kernels, and not one for each", async () => {
  await useBackend("wasm");
  const x = tf.ones([3, 1, 4]);
  const { kernels } = await tf.profile(() => tf.grad((x) => tf.tile(x, [20, 30, 2]))(x));
  assertLess(kernels.length, 20);
  x.dispose();
});

Deno.test("comparisons have the gradient zero for both sides, of any type", async () => {
  for (const backend of ["wasm", "cpu"] as const) {
    for (const compare of [tf.equal, tf.notEqual, tf.greater, tf.greaterEqual, tf.less, tf.lessEqual]) {
      for (const i of [0, 1]) {
        const slope = () =>
          tf.grads((a, b) => compare(a, b).cast("float32").mul(a).add(b).sum())([
            tf.tensor1d([1, 2, 3]),
            tf.tensor1d([2, 2, 2]),
          ])[i];
        const truths = await valuesOn(backend, () => compare(tf.tensor1d([1, 2, 3]), tf.tensor1d([2, 2, 2])));
        assertEquals(await valuesOn(backend, slope), i === 0 ? truths : [1, 1, 1], compare.name);
      }
    }
  }
});

Deno.test("a thresholded ReLU trains: its slope is 1 above the threshold and 0 below", async () => {
  for (const kernels of BUILDS) {
    const found = await valuesOn("wasm", () => {
      const layer = tf.layers.thresholdedReLU({ theta: 0.5 });
      return tf.grad((x) => layer.apply(x) as tf.Tensor)(tf.tensor2d([[-1, 0.4, 0.6, 2]]));
    }, kernels);
    assertEquals(found, [0, 0, 1, 1]);
  }
});

Deno.test("what tfjs says has no gradient has none still, such as the logical operators", async () => {
  await useBackend("wasm");
  tf.tidy(() => {
    const truths = tf.tensor1d([true, false], "bool");
    assertThrows(() => tf.grad((a: tf.Tensor) => a.logicalAnd(truths))(truths), Error, "gradient function not found");
  });
});
