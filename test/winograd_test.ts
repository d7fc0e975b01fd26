import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { geometry } from "../src/kernels/geometry.ts";
import { isWinograd } from "../src/kernels/winograd.ts";
import { assertAgrees, BUILDS, check, numbers, runKernel, valuesOn } from "./_kernels.ts";

type Shape = [number, number, number, number];
const ATTRS = { strides: 2, pad: "same", dataFormat: "NHWC", dilations: 1 };

/** What is convolved, `[B, H, W, C]`, and the filter `[3, 3, C, O]`: all that the method takes. */
const convolution = fc.record({
  B: fc.integer({ min: 1, max: 3 }),
  outHeight: fc.integer({ min: 1, max: 7 }),
  outWidth: fc.integer({ min: 1, max: 7 }),
  C: fc.constantFrom(8, 16, 24),
  O: fc.constantFrom(8, 16, 40),
}).map(({ B, outHeight, outWidth, C, O }) => ({
  x: [B, 2 * outHeight, 2 * outWidth, C] as Shape,
  filter: [3, 3, C, O] as Shape,
  y: [B, outHeight, outWidth, O] as Shape,
}));

/** A convolution and both its gradients, of tensors made by `make`. */
function all(
  make: (shape: number[], seed: number) => tf.Tensor,
  { x, filter, y }: Record<"x" | "filter" | "y", Shape>,
) {
  return {
    "the convolution": () => runKernel("Conv2D", { x: make(x, 1), filter: make(filter, 2) }, ATTRS),
    "its input's gradient": () =>
      runKernel("Conv2DBackpropInput", { dy: make(y, 3), filter: make(filter, 2) }, { ...ATTRS, inputShape: x }),
    "its filter's gradient": () =>
      runKernel("Conv2DBackpropFilter", { x: make(x, 1), dy: make(y, 3) }, { ...ATTRS, filterShape: filter }),
  };
}

/** Small whole numbers, which Winograd's sums and differences keep exactly. */
const whole = (shape: number[], seed: number) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (i * i + 7 * i + seed) % 11 - 5),
    shape,
  );

Deno.test("Winograd's convolutions of whole numbers are exact, on any size", async () => {
  await check(convolution, async (shapes) => {
    for (const [name, run] of Object.entries(all(whole, shapes))) {
      const expected = await valuesOn("cpu", run);
      for (const kernels of BUILDS) {
        assertEquals(await valuesOn("wasm", run, kernels), expected, `${name}, ${JSON.stringify(shapes)}, ${kernels}`);
      }
    }
  }, 60);
});

Deno.test("Winograd's convolutions agree with the cpu backend, also when images are worked on in groups", async () => {
  for (const [B, size, C, O] of [[24, 8, 64, 64], [1, 14, 32, 64], [30, 7, 64, 8]]) {
    const shapes = { x: [B, 2 * size, 2 * size, C], filter: [3, 3, C, O], y: [B, size, size, O] } as Record<
      string,
      Shape
    >;
    for (const [name, run] of Object.entries(all(numbers, shapes as Parameters<typeof all>[1]))) {
      await assertAgrees(run, `${name}, ${JSON.stringify(shapes)}`);
    }
  }
});

Deno.test("only convolutions of its kind are taken", () => {
  const taken = (x: Shape, filter: Shape, strides: number, pad: "same" | "valid" | number, dilations = 1) =>
    isWinograd(geometry("Conv2D", { strides, pad, dilations }, { input: x, filter }));
  assertEquals(taken([1, 14, 28, 8], [3, 3, 8, 8], 2, "same"), true);
  assertEquals(taken([1, 13, 28, 8], [3, 3, 8, 8], 2, "same"), false, "odd: zeros before it too");
  assertEquals(taken([1, 14, 27, 8], [3, 3, 8, 8], 2, "same"), false);
  assertEquals(taken([1, 14, 28, 8], [3, 3, 8, 8], 2, "valid"), false);
  assertEquals(taken([1, 14, 28, 8], [3, 3, 8, 8], 2, 1), false);
  assertEquals(taken([1, 14, 28, 8], [3, 2, 8, 8], 2, "same"), false);
  assertEquals(taken([1, 14, 28, 8], [3, 3, 8, 8], 1, "same"), false);
  assertEquals(taken([1, 14, 28, 8], [3, 3, 8, 9], 2, "same"), false);
  assertEquals(taken([1, 14, 28, 1], [3, 3, 1, 8], 2, "same"), false);
});
