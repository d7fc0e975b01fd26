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

/**
 * Asserts that the gradient of a function that is linear, and right on the cpu backend, is its transpose: how much each number of `x`
 * adds to the result, times `dy`.
 */
async function assertTransposed(shape: number[], linear: (x: tf.Tensor) => tf.Tensor, what: string) {
  const size = tf.util.sizeFromShape(shape);
  const slope = () => numbers(linear(tf.zeros(shape)).shape, 2).add(2); // so that nothing cancels
  const expected = await valuesOn("cpu", () => {
    const parts = Array.from({ length: size }, (_, i) => {
      const one = tf.buffer(shape);
      one.values[i] = 1;
      return linear(one.toTensor()).mul(slope()).sum();
    });
    return tf.stack(parts);
  });
  const gradient = () => tf.grad(linear)(numbers(shape, 1), slope());
  assertNear(await valuesOn("cpu", gradient), expected, `${what}, cpu`, 1e-6);
  for (const kernels of BUILDS) {
    assertNear(await valuesOn("wasm", gradient, kernels), expected, `${what}, ${kernels}`, 1e-6);
  }
}

Deno.test("the gradient of a cumulative sum runs back along the same axis, any one", async () => {
  assertEquals(await valuesOn("wasm", () => tf.grad((x) => tf.cumsum(x, 0))(tf.ones([2, 2]))), [2, 2, 1, 1]);
  for (const shape of [[4], [3, 3], [2, 3, 4], [2, 1, 3, 2]]) {
    for (const axis of shape.keys()) {
      for (const [exclusive, reverse] of [[false, false], [true, false], [false, true], [true, true]]) {
        const along = (x: tf.Tensor) => tf.cumsum(x, axis, exclusive, reverse);
        await assertTransposed(shape, along, `[${shape}], axis ${axis}, ${exclusive}, ${reverse}`);
      }
    }
  }
  const last = () => tf.grad((x) => tf.cumsum(x, -1).mul(numbers([2, 3], 2)))(numbers([2, 3], 1));
  const same = () => tf.grad((x) => tf.cumsum(x, 1).mul(numbers([2, 3], 2)))(numbers([2, 3], 1));
  assertEquals(await valuesOn("wasm", last), await valuesOn("wasm", same));
});

Deno.test("matrices that each meet several others have the sum of all gradients", async () => {
  const batches = [[[], [3]], [[1], [3]], [[2, 1], [2, 3]], [[2, 1], [3]], [[2, 3], [2, 3]]];
  for (const [one, other] of batches.flatMap(([a, b]) => [[a, b], [b, a]])) {
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(one, other);
    for (const [tA, tB] of [[false, false], [false, true], [true, false], [true, true]]) {
      const a = [...one, ...tA ? [4, 2] : [2, 4]], b = [...other, ...tB ? [3, 4] : [4, 3]];
      const whole = (x: tf.Tensor) => tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
      const gradients = (times: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, i: number) => () =>
        tf.grads((a, b) => times(a, b).mul(numbers([...batch, 2, 3], 3)))([numbers(a, 1), numbers(b, 2)])[i];
      for (const i of [0, 1]) {
        const expected = await valuesOn("cpu", gradients((a, b) => tf.matMul(whole(a), whole(b), tA, tB), i));
        for (const kernels of BUILDS) {
          const found = await valuesOn("wasm", gradients((a, b) => tf.matMul(a, b, tA, tB), i), kernels);
          assertNear(found, expected, `gradient ${i} of [${a}] and [${b}], ${kernels}`);
        }
      }
    }
  }
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
