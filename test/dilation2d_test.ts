import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertAgrees, assertNear, BUILDS, check, numbers, runKernel, valuesOn } from "./_kernels.ts";

const upTo = (max: number, min = 1) => fc.integer({ min, max });

/** A dilation whose filter always meets a pixel: where it meets padding alone, tfjs's cpu backend returns -(2⁵³ - 1). */
const dilation = fc.record({
  x: fc.tuple(upTo(2, 0), upTo(8), upTo(8), upTo(4, 0)),
  filter: fc.tuple(upTo(3), upTo(3)),
  strides: fc.tuple(upTo(3), upTo(3)),
  dilations: fc.tuple(upTo(3), upTo(3)),
  pad: fc.constantFrom("same" as const, "valid" as const),
}).map(({ x, filter, ...attrs }) => ({ x, filter: [...filter, x[3]], attrs })).filter(({ x, filter, attrs }) => {
  const { outHeight, outWidth, padInfo: { top, left } } = infoOf(x, filter, attrs);
  const meets = (axis: number, outputs: number, before: number) =>
    outputs > 0 &&
    Array.from({ length: outputs }, (_, i) => i * attrs.strides[axis] - before).every((from) =>
      Array.from({ length: filter[axis] }, (_, k) => from + k * attrs.dilations[axis]).some((at) =>
        at >= 0 && at < x[axis + 1]
      )
    );
  return meets(0, outHeight, top) && meets(1, outWidth, left);
});

function infoOf(
  x: number[],
  filter: number[],
  { strides, dilations, pad }: { strides: number[]; dilations: number[]; pad: "same" | "valid" },
): tf.backend_util.Conv2DInfo {
  type Of<I extends number> = Parameters<typeof tf.backend_util.computeDilation2DInfo>[I];
  return tf.backend_util.computeDilation2DInfo(
    x as unknown as Of<0>,
    filter as unknown as Of<1>,
    strides as Of<2>,
    pad,
    "NHWC",
    dilations as Of<5>,
  );
}

Deno.test("dilations and both gradients agree with the cpu backend, of negative and of whole numbers", async () => {
  await check(dilation, async ({ x, filter, attrs }) => {
    for (const dtype of ["float32", "int32"] as const) {
      for (const kernel of ["Dilation2D", "Dilation2DBackpropInput", "Dilation2DBackpropFilter"]) {
        await assertAgrees(
          () => {
            const [a, b, dy] = [x, filter, infoOf(x, filter, attrs).outShape].map((shape, i) =>
              numbers(shape, i).sub(0.7).mul(10).cast(dtype)
            );
            return runKernel(kernel, kernel === "Dilation2D" ? { x: a, filter: b } : { x: a, filter: b, dy }, attrs);
          },
          JSON.stringify({ kernel, x, filter, ...attrs, dtype }),
          1e-6,
        );
      }
    }
  }, 60);
});

Deno.test("dilation: worked by hand, negative numbers, an equal one, a NaN, and padding alone", async () => {
  const x = () => tf.tensor4d([-5, -2, -9, -3, NaN, -3], [1, 1, 6, 1]);
  const filter = () => tf.tensor3d([-1, -2], [1, 2, 1]);
  const dilate = (x: tf.Tensor, filter: tf.Tensor) =>
    tf.dilation2d(x as tf.Tensor4D, filter as tf.Tensor3D, [1, 2], "valid");
  for (const kernels of BUILDS) {
    assertEquals(await valuesOn("wasm", () => dilate(x(), filter()), kernels), [-4, -5, -5]);
    const [dx, dw] = [0, 1].map((i) => () =>
      tf.grads((x, w) => dilate(x, w).mul(tf.tensor4d([1, 10, 100], [1, 1, 3, 1])).sum())([x(), filter()])[i]
    );
    assertEquals(await valuesOn("wasm", dx, kernels), [0, 1, 0, 10, 0, 100]);
    assertEquals(await valuesOn("wasm", dw, kernels), [0, 111]);
    const tied = () =>
      tf.grad((x) => tf.dilation2d(x as tf.Tensor4D, tf.zeros([1, 2, 1]), 1, "valid"))(tf.ones([1, 1, 2, 1]));
    assertEquals(await valuesOn("wasm", tied, kernels), [1, 0]);
    const alone = () => tf.dilation2d(tf.tensor4d([-1], [1, 1, 1, 1]), tf.tensor3d([2], [1, 1, 1]), 1, 1 as never);
    const minus = -Infinity;
    assertEquals(await valuesOn("wasm", alone, kernels), [minus, minus, minus, minus, 1, minus, minus, minus, minus]);
  }
});

Deno.test("a gradient of a dilation over a million pixels is right to a millionth", async () => {
  const gradient = () => {
    const x = tf.zeros<tf.Rank.R4>([1, 1000, 1000, 1]);
    return tf.grad((w) => tf.dilation2d(x, w as tf.Tensor3D, 1, "same").mul(0.7))(tf.zeros([1, 1, 1]));
  };
  assertNear(await valuesOn("wasm", gradient), [1e6 * Math.fround(0.7)], "sum", 1e-6);
});

Deno.test("gradients of a dilation are finite differences", async () => {
  const [xShape, wShape, h] = [[1, 5, 4, 2], [2, 3, 2], 2 ** -7];
  const x = Array.from({ length: 40 }, (_, i) => (i * 17 % 40) / 16 - 3);
  const w = Array.from({ length: 12 }, (_, i) => (i * 5 % 12) / 320 - 1); // so that no two sums are equal
  const loss = (x: tf.Tensor, w: tf.Tensor) => {
    const y = tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, [1, 2], "same", [2, 1]);
    return y.mul(numbers(y.shape, 1)).sum();
  };
  for (const [i, [values, shape]] of ([[x, xShape], [w, wShape]] as [number[], number[]][]).entries()) {
    const at = (moved: number[]) =>
      i === 0
        ? loss(tf.tensor(moved, shape), tf.tensor(w, wShape))
        : loss(tf.tensor(x, xShape), tf.tensor(moved, shape));
    const found = await valuesOn("wasm", () => tf.grads(loss)([tf.tensor(x, xShape), tf.tensor(w, wShape)])[i]);
    const step = i === 0 ? h : h / 16;
    const expected = await Promise.all(
      values.map(async (value, k) =>
        (await valuesOn(
          "wasm",
          () => at(values.with(k, value + step)).sub(at(values.with(k, value - step))).div(2 * step),
        ))[0]
      ),
    );
    assertNear(found, expected, `input ${i}`, 1e-2); // sums of about ten, rounded to 1e-6, over a step of 5e-4
  }
});

Deno.test("a dilation of mixed types, and a gradient of another shape, are refused in a sentence", async () => {
  await useBackend("wasm");
  tf.tidy(() => {
    const [x, filter] = [tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1])];
    const attrs = { strides: 1, pad: "valid", dilations: 1 };
    assertThrows(
      () => runKernel("Dilation2D", { x, filter: filter.cast("int32") }, attrs),
      TypeError,
      "Dilation2D error: x must have the same dtype as filter. Got float32 and int32",
    );
    assertThrows(
      () => runKernel("Dilation2DBackpropInput", { x, filter, dy: tf.ones([1, 2, 2, 1], "int32") }, attrs),
      TypeError,
      "Dilation2DBackpropInput error: x must have the same dtype as filter and dy. Got float32, float32, and int32",
    );
    assertThrows(
      () => runKernel("Dilation2DBackpropFilter", { x, filter, dy: tf.ones([1, 3, 2, 1]) }, attrs),
      RangeError,
      "Dilation2DBackpropFilter takes a dy of shape [1,2,2,1], and not [1,3,2,1].",
    );
  });
});
