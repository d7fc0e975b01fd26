// deno-lint-ignore-file no-console -- one test replaces console.warn, to see that nothing warns
import { assert, assertEquals, assertLess, assertLessOrEqual, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { installTrainingKernels } from "../src/kernels/mod.ts";

/** Float32 keeps 6e-8 of a number; the sums here have up to a few hundred terms of mixed sign. */
const TOLERANCE = 1e-5;

const adapter = await navigator.gpu?.requestAdapter();

type Shape = number[];
type Run = () => tf.Tensor;

const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Unequal numbers in (-1, 1), others for another `seed`. */
const numbers = (shape: Shape, seed: number) =>
  tf.tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i + 13 * seed + i * i / 100)), shape);

const runKernel = (name: string, inputs: Record<string, tf.Tensor>, attrs: object) =>
  tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;

/** Shape and values of what `run` gives on a backend, where its inputs are made anew. */
async function on(backend: "wasm" | "cpu" | "webgpu", run: Run): Promise<{ shape: Shape; values: number[] }> {
  await useBackend(backend);
  const result = tf.tidy(run);
  const values = [...await result.data()];
  result.dispose();
  return { shape: result.shape, values };
}

/** Asserts that WASM and another backend agree, relative to the largest number. */
async function assertAgrees(run: Run, other: "cpu" | "webgpu" = "cpu", what = "") {
  const actual = await on("wasm", run);
  const expected = await on(other, run);
  assertEquals(actual.shape, expected.shape, what);
  assertEquals(actual.values.length, tf.util.sizeFromShape(actual.shape), what);
  assertEquals(expected.values.length, actual.values.length, what);
  const largest = Math.max(...expected.values.map(Math.abs), 1e-3);
  const worst = Math.max(...expected.values.map((value, i) => Math.abs(value - actual.values[i])));
  assertLessOrEqual(worst, TOLERANCE * largest, what);
}

const values = async (run: Run) => (await on("wasm", run)).values;

/** Runs a property on many random cases, the same ones each time. */
const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>, numRuns = 150) =>
  fc.assert(fc.asyncProperty(arbitrary, property), { seed: 1, numRuns });

// ---------------------------------------------------------------------------------------------- convolutions

const upTo = (max: number, min = 1) => fc.integer({ min, max });
const pair = fc.tuple(upTo(3, 0), upTo(3, 0));

/** A convolution that has an output; `filter` is `[K, L, C, O]` (`M` for `O` where it is depthwise). */
const convolution = fc.record({
  input: fc.tuple(upTo(3), upTo(9), upTo(9), upTo(3)),
  filter: fc.tuple(upTo(5), upTo(5), upTo(4)),
  strides: fc.tuple(upTo(4), upTo(4)),
  padding: fc.oneof(
    fc.constantFrom("same" as const, "valid" as const).map((pad) => ({ pad, dimRoundingMode: undefined })),
    fc.record({
      pad: fc.oneof(
        upTo(4, 0),
        fc.tuple(pair, pair).map(([rows, columns]) => [[0, 0], rows, columns, [0, 0]] as Padding),
      ),
      dimRoundingMode: fc.constantFrom("floor" as const, "round" as const, "ceil" as const, undefined),
    }),
  ),
}).map(({ input, filter: [K, L, O], strides, padding }) => {
  const filter: Shape4D = [K, L, input[3], O];
  return { input, filter, attrs: { strides, ...padding, dataFormat: "NHWC" } };
}).filter(({ input, filter, attrs }) => {
  const { outHeight, outWidth } = geometry(input, filter, attrs);
  return outHeight > 0 && outWidth > 0;
});

type Shape4D = [number, number, number, number];
type Padding = [[number, number], [number, number], [number, number], [number, number]];
interface Attributes {
  strides: [number, number];
  pad: "same" | "valid" | number | Padding;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

function geometry(input: Shape4D, filter: Shape4D, { strides, pad, dimRoundingMode }: Attributes, depthwise = false) {
  return tf.backend_util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode, depthwise);
}

const backpropFilter = (input: Shape4D, filterShape: Shape4D, attrs: Attributes): Run => () =>
  runKernel("Conv2DBackpropFilter", {
    x: numbers(input, 1),
    dy: numbers(geometry(input, filterShape, attrs).outShape, 2),
  }, { ...attrs, dataFormat: "NHWC", filterShape });

const backpropInput = (inputShape: Shape4D, filter: Shape4D, attrs: Attributes): Run => () =>
  runKernel("Conv2DBackpropInput", {
    dy: numbers(geometry(inputShape, filter, attrs).outShape, 3),
    filter: numbers(filter, 4),
  }, { ...attrs, dataFormat: "NHWC", inputShape });

Deno.test("Conv2DBackpropFilter: worked by hand, each output gradient a digit", async () => {
  const gradient = await values(() => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const dy = tf.tensor4d([1, 10, 100, 1000], [1, 2, 2, 1]);
    return runKernel("Conv2DBackpropFilter", { x, dy }, {
      strides: 1,
      pad: "valid",
      dataFormat: "NHWC",
      filterShape: [2, 2, 1, 1],
    });
  });
  // dw[0, 0] = 1 · 1 + 2 · 10 + 4 · 100 + 5 · 1000, and so on: the four windows of x.
  assertEquals(gradient, [5421, 6532, 8754, 9865]);
});

Deno.test("Conv2DBackpropInput: worked by hand, four stamps of the filter that overlap", async () => {
  const stamps = await values(() => {
    const dy = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const filter = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3, 1, 1]);
    return runKernel("Conv2DBackpropInput", { dy, filter }, {
      strides: 2,
      pad: "valid",
      dataFormat: "NHWC",
      inputShape: [1, 5, 5, 1],
    });
  });
  assertEquals(stamps, [
    ...[1, 2, 5, 4, 6],
    ...[4, 5, 14, 10, 12],
    ...[10, 14, 36, 24, 30],
    ...[12, 15, 34, 20, 24],
    ...[21, 24, 55, 32, 36],
  ]);
});

Deno.test("convolution gradients agree with the cpu backend on any stride, padding and size", async () => {
  await check(convolution, async ({ input, filter, attrs }) => {
    await assertAgrees(backpropFilter(input, filter, attrs), "cpu", "filter");
    await assertAgrees(backpropInput(input, filter, attrs), "cpu", "input");
  }, 400);
});

Deno.test("a filter gradient of many examples, summed in chunks of which the last is smaller", async () => {
  // 12 x 12 outputs: 29 examples at once, so 29 and 5.
  await assertAgrees(backpropFilter([34, 12, 12, 2], [3, 2, 2, 3], { strides: [1, 1], pad: "same" }));
});

Deno.test("a convolution's gradient is its finite difference", async () => {
  // f(w) = Σ (conv(x, w) g)² is quadratic, so central differences are exact but for float32 rounding of f, about 1e-6 f.
  const shape: Shape4D = [2, 3, 2, 2], h = 0.25;
  await useBackend("wasm");
  const f = (w: tf.Tensor) =>
    tf.conv2d(numbers([2, 5, 4, 2], 1) as tf.Tensor4D, w as tf.Tensor4D, [2, 1], "same")
      .mul(numbers([2, 3, 4, 2], 2)).square().sum() as tf.Scalar;
  const gradient = await values(() => tf.grad(f)(numbers(shape, 3)));
  const loss = await values(() => f(numbers(shape, 3)));
  for (let i = 0; i < sizeOf(shape); i++) {
    const moved = (by: number) => tf.tidy(() => f(numbers(shape, 3).add(unit(shape, i).mul(by))));
    const [difference] = await values(() => moved(h).sub(moved(-h)).div(2 * h));
    assertLess(Math.abs(difference - gradient[i]), 1e-5 * loss[0] / h, `weight ${i}`);
  }
});

/** Zero but for a one at number `index`. */
function unit(shape: Shape, index: number): tf.Tensor {
  return tf.tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => i === index ? 1 : 0), shape);
}

Deno.test("depthwise: worked by hand, two channels that do not mix", async () => {
  const x = () => tf.tensor4d([1, 10, 2, 20, 3, 30], [1, 1, 3, 2]); // columns of [c0, c1]
  const filter = () => tf.tensor4d([5, 7, 6, 8], [1, 2, 2, 1]);
  const loss = (x: tf.Tensor, w: tf.Tensor) =>
    tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid").mul([[[[1, 1], [2, 3]]]]).sum() as tf.Scalar;
  const [dx, dw] = [0, 1].map((i) => () => tf.grads(loss)([x(), filter()])[i]);
  // Channel 0 has dy = (1, 2), channel 1 has (1, 3): dx is dy stamped with the filter, dw is x slid along dy.
  assertEquals(await values(dx), [5, 7, 6 + 2 * 5, 8 + 3 * 7, 2 * 6, 3 * 8]);
  assertEquals(await values(dw), [1 + 2 * 2, 10 + 3 * 20, 2 + 2 * 3, 20 + 3 * 30]);
});

Deno.test("depthwise gradients agree with the cpu backend on any stride, padding and size", async () => {
  await check(convolution, async ({ input, filter, attrs }) => {
    const inputs = () => ({ x: numbers(input, 1), filter: numbers(filter, 2) });
    const dy = () => numbers(geometry(input, filter, attrs, true).outShape, 3);
    const both = { ...attrs, dilations: 1, filterShape: filter, inputShape: input };
    await assertAgrees(
      () => runKernel("DepthwiseConv2dNativeBackpropFilter", { x: inputs().x, dy: dy() }, both),
      "cpu",
      "filter",
    );
    await assertAgrees(
      () => runKernel("DepthwiseConv2dNativeBackpropInput", { dy: dy(), filter: inputs().filter }, both),
      "cpu",
      "input",
    );
  });
});

// ------------------------------------------------------------------------------------------- matrix products

/** Matrices of up to 6 x 6, or large enough to be multiplied pair by pair. */
const product = fc.record({
  sizes: fc.oneof<fc.Arbitrary<Shape>[]>(
    fc.tuple(upTo(6), upTo(6), upTo(6)),
    fc.constantFrom<Shape>([26, 27, 28], [1, 300, 60]),
  ),
  batches: fc.constantFrom<[Shape, Shape]>(
    [[], []],
    [[1], [1]],
    [[3], [3]],
    [[3], [1]],
    [[1], [3]],
    [[2, 3], [2, 3]],
    [[2, 3], [1, 1]],
  ),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
});

const matMul = ({ sizes: [M, K, N], batches: [batchA, batchB], transposeA, transposeB }: {
  sizes: Shape;
  batches: [Shape, Shape];
  transposeA: boolean;
  transposeB: boolean;
}): Run =>
() =>
  tf.matMul(
    numbers([...batchA, ...transposeA ? [K, M] : [M, K]], 1),
    numbers([...batchB, ...transposeB ? [N, K] : [K, N]], 2),
    transposeA,
    transposeB,
  );

Deno.test("BatchMatMul: worked by hand in all four cases of transposition", async () => {
  // a = [[1, 2, 3], [4, 5, 6]], b = [[1, 0], [10, 1], [100, 2]]
  const a = () => tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), b = () => tf.tensor2d([1, 0, 10, 1, 100, 2], [3, 2]);
  const expected = [321, 8, 654, 17];
  assertEquals(await values(() => tf.matMul(a(), b())), expected);
  const aT = () => tf.tensor2d([1, 4, 2, 5, 3, 6], [3, 2]), bT = () => tf.tensor2d([1, 10, 100, 0, 1, 2], [2, 3]);
  assertEquals(await values(() => tf.matMul(aT(), b(), true)), expected);
  assertEquals(await values(() => tf.matMul(a(), bT(), false, true)), expected);
  assertEquals(await values(() => tf.matMul(aT(), bT(), true, true)), expected);
});

Deno.test("BatchMatMul agrees with the cpu backend for any batch and transposition", async () => {
  await check(product, (given) => assertAgrees(matMul(given), "cpu", JSON.stringify(given)));
});

Deno.test("BatchMatMul broadcasts batches on both sides as if they were tiled (the cpu backend does not)", async () => {
  for (const [batchA, batchB, batch] of [[[2, 1], [1, 3], [2, 3]], [[2, 3], [2, 1], [2, 3]], [[3], [2, 3], [2, 3]]]) {
    for (const [M, K, N] of [[2, 3, 4], [32, 33, 34]]) {
      const a = () => numbers([...batchA, M, K], 1), b = () => numbers([...batchB, K, N], 2);
      const actual = await on("wasm", () => tf.matMul(a(), b()));
      const tiled = (t: tf.Tensor, rows: number, columns: number) => tf.broadcastTo(t, [...batch, rows, columns]);
      const expected = await on("cpu", () => tf.matMul(tiled(a(), M, K), tiled(b(), K, N)));
      assertEquals(actual.shape, [...batch, M, N]);
      assertEquals(actual.values.length, expected.values.length);
      const worst = Math.max(...actual.values.map((value, i) => Math.abs(value - expected.values[i])));
      assertLessOrEqual(worst, TOLERANCE * Math.max(...expected.values.map(Math.abs)));
    }
  }
});

Deno.test("MaxPoolGrad finds the maximum of each window, whatever is elsewhere", async () => {
  const gradient = (x: number[]) =>
    values(() =>
      tf.grad((t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, 2, 2, "valid").sum())(tf.tensor4d(x, [2, 2, 2, 1]))
    );
  assertEquals(await gradient([1, 3, 2, 0, -1e9, -2e9, -3e9, -4e9]), [0, 1, 0, 0, 1, 0, 0, 0]);
  assertEquals(await gradient([-Infinity, 1, 2, 0, -3, -1, -2, -5]), [0, 0, 1, 0, 0, 1, 0, 0]);
});

Deno.test("a filter's gradient over no examples is zero", async () => {
  const gradient = await values(() =>
    tf.grad((w: tf.Tensor) => tf.conv2d(tf.zeros([0, 4, 4, 1]) as tf.Tensor4D, w as tf.Tensor4D, 1, "same").sum())(
      tf.ones([3, 3, 1, 2]),
    )
  );
  assertEquals(gradient, Array(18).fill(0));
});

Deno.test("BatchMatMul's products of many large pairs match those pairs one by one", async () => {
  const sizes = [32, 33, 34];
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      await assertAgrees(matMul({ sizes, batches: [[2, 2], [2, 2]], transposeA, transposeB }));
    }
  }
});

// ----------------------------------------------------------------------------------------- sums, gather, clones

Deno.test("UnsortedSegmentSum: worked by hand, rows of one segment add up and an empty segment is zero", async () => {
  const sums = await values(() =>
    tf.unsortedSegmentSum(tf.tensor2d([1, 2, 10, 20, 100, 200], [3, 2]), tf.tensor1d([2, 0, 2], "int32"), 4)
  );
  assertEquals(sums, [10, 20, 0, 0, 101, 202, 0, 0]);
});

Deno.test("the gradient of gather counts how often each row was taken, on either axis", async () => {
  const taken = [2, 0, 1, 3, 2, 0, 1]; // 0, 1 and 2 twice, 3 once
  const gradient = (axis: number): Run => () =>
    tf.grad((x) => x.gather(tf.tensor1d(taken, "int32"), axis).mul(10))(numbers([4, 4], 1));
  assertEquals(await values(gradient(0)), [20, 20, 20, 10].flatMap((n) => [n, n, n, n]));
  assertEquals(await values(gradient(1)), [20, 20, 20, 10, 20, 20, 20, 10, 20, 20, 20, 10, 20, 20, 20, 10]);
});

Deno.test("UnsortedSegmentSum agrees with the cpu backend", async () => {
  const segments = fc.record({
    ids: fc.array(upTo(4, 0), { minLength: 1, maxLength: 8 }),
    row: fc.array(upTo(4), { maxLength: 2 }),
  });
  await check(
    segments,
    ({ ids, row }) =>
      assertAgrees(() => tf.unsortedSegmentSum(numbers([ids.length, ...row], 1), tf.tensor1d(ids, "int32"), 5)),
    60,
  );
});

Deno.test("Sum and Mean over leading axes agree with the cpu backend, and NaN stays NaN", async () => {
  const shapes: [Shape, Shape][] = [
    [[9, 31, 7, 3], [0, 1, 2]],
    [[9, 31, 7, 3], [0, 1]],
    [[9, 31, 7, 3], [1, 0]],
    [[9, 31, 7, 3], [1, 2]],
    [[9, 31, 7, 3], [0, 2]],
    [[9, 31, 7, 3], [0, 1, 2, 3]],
    [[1024, 4], [0]],
    [[1, 4100], [0]],
    [[5, 3], [0]],
  ];
  for (const [shape, axes] of shapes) {
    for (const keepDims of [false, true]) {
      const what = `${shape} over ${axes}`;
      await assertAgrees(() => numbers(shape, 1).sum(axes, keepDims), "cpu", `sum of ${what}`);
      await assertAgrees(() => numbers(shape, 1).mean(axes, keepDims), "cpu", `mean of ${what}`);
    }
  }
  const rows = 1025;
  const poisoned = Float32Array.from({ length: 4 * rows }, (_, i) => i === 4 * 700 + 2 ? NaN : 1);
  assertEquals(await values(() => tf.tensor(poisoned, [rows, 4]).sum(0)), [rows, rows, NaN, rows]);
  assertEquals(await values(() => tf.ones([rows, 4]).sum(0)), [rows, rows, rows, rows], "whole numbers stay whole");
});

Deno.test("a clone outlives its original, and a cast to another type converts", async () => {
  await useBackend("wasm");
  const original = tf.tensor1d([1.5, -2.5, 3.5]);
  const clone = original.clone();
  const same = original.cast("float32");
  const whole = original.cast("int32");
  original.dispose();
  const filler = tf.zeros([3]); // would take the freed place
  assertEquals([...await clone.data()], [1.5, -2.5, 3.5]);
  assertEquals([...await same.data()], [1.5, -2.5, 3.5]);
  assertEquals([...await whole.data()], [1, -2, 3]);
  assertEquals([...await filler.data()], [0, 0, 0]);
  tf.dispose([clone, same, whole, filler]);
});

// --------------------------------------------------------------------------------------------- whole layers

/** Ops that layers are made of, with the shapes of what they are differentiated by. */
const ops: Record<string, [shapes: Shape[], op: (...inputs: tf.Tensor[]) => tf.Tensor]> = {
  "conv1d": [[[2, 7, 3], [3, 3, 4]], (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 2, "same")],
  "conv2d": [
    [[2, 7, 6, 3], [3, 2, 3, 4]],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, [2, 3], 1, "NHWC", 1, "floor"),
  ],
  "fused conv2d": [
    [[2, 7, 6, 3], [3, 2, 3, 4], [4]],
    (x, filter, bias) =>
      tf.fused.conv2d({ x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, strides: 2, pad: "same", bias }),
  ],
  "conv2dTranspose": [
    [[2, 3, 4, 3], [3, 2, 5, 3]],
    (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 6, 8, 5], 2, "same"),
  ],
  "depthwiseConv2d": [
    [[2, 5, 4, 3], [3, 2, 3, 2]],
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same"),
  ],
  "separableConv2d": [
    [[2, 5, 4, 3], [3, 2, 3, 2], [1, 1, 6, 4]],
    (x, d, p) => tf.separableConv2d(x as tf.Tensor4D, d as tf.Tensor4D, p as tf.Tensor4D, 1, "valid"),
  ],
  "maxPool of negative numbers": [[[2, 4, 4, 3]], (x) => tf.maxPool(x.sub(3) as tf.Tensor4D, 2, 2, "valid")],
  "maxPool": [[[2, 5, 4, 3]], (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, "same")],
  "avgPool": [[[2, 5, 4, 3]], (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, "valid")],
  "global average": [[[2, 5, 4, 3]], (x) => x.mean([1, 2])],
  "bilinear resizing": [[[3, 3, 3, 2]], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 5])],
  "batch normalization": [[[4, 3, 2], [2], [2]], (x, beta, gamma) => {
    const { mean, variance } = tf.moments(x, [0, 1]);
    return tf.batchNorm(
      x as tf.Tensor3D,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      beta as tf.Tensor1D,
      gamma as tf.Tensor1D,
    );
  }],
  "leakyRelu": [[[4, 3]], (x) => x.leakyRelu(0.3)],
  "prelu": [[[4, 3], [3]], (x, alpha) => x.prelu(alpha)],
  "elu": [[[4, 3]], (x) => x.elu()],
  "selu": [[[4, 3]], (x) => x.selu()],
  "relu6": [[[4, 3]], (x) => x.mul(7).relu6()],
  "softplus": [[[4, 3]], (x) => x.softplus()],
  "swish": [[[4, 3]], (x) => x.sigmoid().mul(x)],
  "tanh": [[[4, 3]], (x) => x.tanh()],
  "logSoftmax": [[[4, 3]], (x) => x.logSoftmax()],
  "layer normalization": [[[4, 5]], (x) => {
    const { mean, variance } = tf.moments(x, 1, true);
    return x.sub(mean).div(variance.add(0.1).sqrt());
  }],
  "concat, slice, pad and tile": [
    [[4, 3], [4, 2]],
    (a, b) => tf.concat([a, b], 1).slice([1, 1], [3, 3]).pad([[1, 0], [0, 2]]).tile([2, 1]),
  ],
  "maximum, split and stack": [[[4, 6]], (x) => {
    const [a, b, c] = tf.split(x, 3, 1);
    return tf.stack([a, tf.maximum(b, c)]).max(0);
  }],
  "fused matMul": [[[4, 3], [3, 5], [5]], (a, b, bias) => tf.fused.matMul({ a, b, bias })],
  "attention": [[[2, 5, 4], [2, 3, 4]], (q, k) => q.matMul(k, false, true).softmax().matMul(k)],
  "embedding": [[[6, 3]], (x) => x.gather(tf.tensor2d([[5, 1], [1, 1]], [2, 2], "int32"))],
  "softmax cross entropy": [
    [[4, 3]],
    (x) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([0, 2, 1, 2], "int32"), 3), x),
  ],
};

for (const [name, [shapes, op]] of Object.entries(ops)) {
  Deno.test(`gradients of ${name} agree with the cpu backend`, async () => {
    for (const i of shapes.keys()) {
      await assertAgrees(
        () => {
          const inputs = shapes.map(numbers);
          const gradients = tf.grads((...inputs) => {
            const out = op(...inputs);
            return out.mul(numbers(out.shape, 9)).sum();
          })(inputs);
          return gradients[i];
        },
        "cpu",
        `input ${i}`,
      );
    }
  });
}

Deno.test("the gradient of upsampling sums the copies of each pixel, also in the second example", async () => {
  // By hand, not against the cpu backend, whose second example reads the first one's gradients.
  const gradient = await values(() =>
    tf.grad((x) =>
      tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2, 2]).mul(
        tf.tensor4d([1, 2, 3, 4, 10, 20, 30, 40], [2, 2, 2, 1]),
      )
    )(tf.zeros([2, 1, 1, 1]))
  );
  assertEquals(gradient, [10, 100]);
});

const layers = tf.layers;
const seeded = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });

/** Images that are brighter on the left (class 0), on the right (1), or above (2): `[3 n, 8, 8, 1]`. */
function sides(n: number, seed: number) {
  const images = tf.tidy(() => {
    const noise = tf.randomUniform([3 * n, 8, 8, 1], 0, 0.5, "float32", seed);
    const column = tf.range(0, 8).less(4).cast("float32");
    const left = column.reshape([1, 8, 1]).tile([8, 1, 1]), above = column.reshape([8, 1, 1]).tile([1, 8, 1]);
    const classes = tf.stack([left, left.mul(-1).add(1), above]); // [3, 8, 8, 1]
    return noise.add(classes.tile([n, 1, 1, 1]));
  });
  const labels = tf.tidy(() => tf.oneHot(tf.range(0, 3, 1, "int32").tile([n]), 3).cast("float32"));
  return { images, labels };
}

async function losses(model: tf.LayersModel, x: tf.Tensor, y: tf.Tensor, epochs: number): Promise<number[]> {
  const { history } = await model.fit(x, y, { epochs, batchSize: 12, shuffle: false, verbose: 0 });
  return history.loss as number[];
}

for (const seed of [1, 2, 3]) {
  Deno.test(`a convolutional classifier of every common layer learns on wasm (seed ${seed})`, async () => {
    await useBackend("wasm");
    const before = tf.memory().numTensors;
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [8, 8, 1],
          filters: 6,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          ...seeded(seed),
        }),
        layers.batchNormalization({ momentum: 0.5 }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.separableConv2d({
          filters: 8,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          depthwiseInitializer: tf.initializers.glorotUniform({ seed: seed + 10 }),
          pointwiseInitializer: tf.initializers.glorotUniform({ seed: seed + 20 }),
        }),
        layers.averagePooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 3, activation: "softmax", ...seeded(seed + 30) }),
      ],
    });
    const optimizer = tf.train.adam(0.02);
    model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    const { images, labels } = sides(8, seed);
    const loss = await losses(model, images, labels, 12);
    assertLess(loss.at(-1)!, loss[0] / 4);
    const [, accuracy] = model.evaluate(images, labels) as tf.Scalar[];
    assertEquals((await accuracy.data())[0], 1);
    model.dispose();
    tf.dispose([images, labels]);
    optimizer.dispose();
    tf.disposeVariables();
    assertLess(tf.memory().numTensors - before, 20, "layers keep a few scalars, none a batch");
  });
}

Deno.test("a convolutional autoencoder, down and up again, learns on wasm", async () => {
  await useBackend("wasm");
  const model = tf.sequential({
    layers: [
      layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: "same",
        activation: "relu",
        ...seeded(1),
      }),
      layers.conv2dTranspose({
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: "same",
        activation: "relu",
        ...seeded(2),
      }),
      layers.conv2dTranspose({ filters: 1, kernelSize: 3, padding: "same", ...seeded(3) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.02), loss: "meanSquaredError" });
  const { images, labels } = sides(8, 1);
  const loss = await losses(model, images, images, 10);
  assertLess(loss.at(-1)!, loss[0] / 3);
  model.dispose();
  tf.dispose([images, labels]);
});

Deno.test("conv1d and embedding layers learn on wasm", async () => {
  await useBackend("wasm");
  const model = tf.sequential({
    layers: [
      layers.embedding({
        inputDim: 5,
        outputDim: 4,
        inputLength: 6,
        embeddingsInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 1 }),
      }),
      layers.conv1d({ filters: 4, kernelSize: 3, activation: "relu", ...seeded(2) }),
      layers.flatten(),
      layers.dense({ units: 1, ...seeded(3) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.03), loss: "meanSquaredError" });
  const words = tf.tidy(() =>
    tf.range(0, 72, 1, "int32").mul(tf.scalar(7, "int32")).mod(tf.scalar(5, "int32")).reshape([12, 6])
  );
  const target = tf.tidy(() => words.slice([0, 2], [12, 1]).cast("float32"));
  const loss = await losses(model, words, target, 30);
  assertLess(loss.at(-1)!, loss[0] / 10);
  model.dispose();
  tf.dispose([words, target]);
});

// ------------------------------------------------------------------------------------- memory, refusals, installing

const numDataIds = () => (tf.backend() as tf.KernelBackend & { numDataIds(): number }).numDataIds();

Deno.test("every kernel gives back all memory but its result, also when it throws", async () => {
  await useBackend("wasm");
  const attrs: Attributes = { strides: [2, 3], pad: "valid" };
  const input: Shape4D = [34, 9, 8, 2], filter: Shape4D = [3, 2, 2, 3];
  const runs: Run[] = [
    backpropFilter(input, filter, attrs),
    backpropInput(input, filter, attrs),
    backpropInput([2, 6, 6, 1], [3, 3, 1, 2], { strides: [1, 1], pad: "same" }),
    matMul({ sizes: [30, 31, 32], batches: [[3], [3]], transposeA: true, transposeB: true }),
    matMul({ sizes: [3, 4, 5], batches: [[3], [1]], transposeA: true, transposeB: true }),
    () => tf.unsortedSegmentSum(numbers([3, 2], 1), tf.tensor1d([1, 0, 1], "int32"), 2),
    () => numbers([99, 50], 1).sum(0),
    () => numbers([99, 50], 1).mean(0),
    () => numbers([4], 1).clone().cast("float32"),
    () => {
      const { outShape } = geometry(input, filter, attrs, true);
      const x = numbers(input, 1), dy = numbers(outShape, 2);
      runKernel("DepthwiseConv2dNativeBackpropInput", { dy, filter: numbers(filter, 3) }, {
        ...attrs,
        inputShape: input,
      });
      return runKernel("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { ...attrs, filterShape: filter });
    },
  ];
  for (const run of runs) {
    const before = [tf.memory().numTensors, numDataIds()];
    tf.tidy(run).dispose();
    assertEquals([tf.memory().numTensors, numDataIds()], before, run.toString());
  }
  const before = [tf.memory().numTensors, numDataIds()];
  assertThrows(() => tf.tidy(() => runKernel("BatchMatMul", { a: numbers([2, 3], 1), b: numbers([2, 3], 2) }, {})));
  assertEquals([tf.memory().numTensors, numDataIds()], before);
});

Deno.test("what cannot be done is refused in a sentence", async () => {
  await useBackend("wasm");
  await assertRejects(() => Promise.resolve().then(() => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3]))), Error, "inner");
});

Deno.test("installing again, also late and from a second copy of the module, neither warns nor breaks", async () => {
  await useBackend("wasm");
  const kernel = tf.getKernel("Conv2DBackpropInput", "wasm");
  installTrainingKernels();
  assert(tf.getKernel("Conv2DBackpropInput", "wasm") === kernel, "a second call changes nothing");
  const { warn } = console;
  const warnings: unknown[] = [];
  console.warn = (...args) => warnings.push(args);
  tf.env().set("PROD", false); // where tfjs keeps its warnings to itself
  try {
    const copy = await import("../src/kernels/install.ts?copy");
    copy.installTrainingKernels();
  } finally {
    tf.env().set("PROD", true);
    console.warn = warn;
  }
  assertEquals(warnings, []);
  assertEquals(tf.getKernelsForBackend("cpu").filter(({ kernelName }) => kernelName === "BatchMatMul").length, 1);
  await assertAgrees(backpropInput([2, 5, 4, 3], [3, 2, 3, 2], { strides: [2, 1], pad: "same" }));
  await assertAgrees(matMul({ sizes: [3, 4, 5], batches: [[2], [1]], transposeA: true, transposeB: true }));
  await assertAgrees(() => numbers([99, 50], 1).sum(0));
});

Deno.test({
  name: adapter
    ? "the kernels agree with the webgpu backend"
    : "the kernels agree with the webgpu backend (ignored: no WebGPU adapter)",
  ignore: !adapter,
  async fn() {
    const attrs: Attributes = { strides: [2, 1], pad: "same" };
    await assertAgrees(backpropFilter([2, 5, 4, 2], [3, 2, 2, 3], attrs), "webgpu", "filter");
    await assertAgrees(backpropInput([2, 5, 4, 2], [3, 2, 2, 3], attrs), "webgpu", "input");
    const given = { sizes: [3, 4, 5], batches: [[2], [2]] as [Shape, Shape], transposeA: true, transposeB: true };
    await assertAgrees(matMul(given), "webgpu", "product");
    await assertAgrees(
      () => tf.unsortedSegmentSum(numbers([4, 2], 1), tf.tensor1d([2, 0, 2, 1], "int32"), 3),
      "webgpu",
      "segments",
    );
  },
});
