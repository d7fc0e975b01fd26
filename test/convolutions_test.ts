import { assert, assertEquals, assertLess, assertLessOrEqual, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertRight, type Case, convolutions, KERNELS, outputShape, valuesOf } from "./_convolutions.ts";
import { assertAgrees, assertNear, BUILDS, check, numbers, runKernel, valuesOn } from "./_kernels.ts";

type Image = tf.Tensor4D;
type Volume = tf.Tensor5D;

const dataIds = () => [tf.memory().numTensors, tf.engine().backend.numDataIds()];

// ## All kernels

for (const kernels of BUILDS) {
  Deno.test(`convolutions of every kind and both their gradients are what plain loops say (${kernels})`, async () => {
    await useBackend("wasm", { kernels });
    const before = dataIds();
    await check(convolutions, (given) => assertRight(given, kernels), 500);
    assertEquals(dataIds(), before, "nothing is kept");
  });
}

/** An ordinary convolution of images, with what is said otherwise. */
const images = (given: Partial<Case>): Case => ({
  kind: "images",
  input: [2, 7, 6, 3],
  filter: [3, 2, 3, 4],
  strides: [1, 1],
  dilations: [1, 1],
  pad: "same",
  more: [0, 0],
  channelsFirst: false,
  ...given,
});

Deno.test("a depthwise filter's gradient over many images, or a large one, is right to a millionth", async () => {
  for (const [B, H, C] of [[8192, 7, 4], [1, 448, 3]]) {
    const gradient = () => {
      const x = tf.fill<tf.Rank.R4>([B, H, H, C], 0.9);
      return tf.grad((w) => tf.depthwiseConv2d(x, w as tf.Tensor4D, 1, "valid").mul(0.7))(tf.zeros([1, 2, C, 1]));
    };
    const sum = B * H * (H - 1) * Math.fround(0.9) * Math.fround(0.7);
    for (const kernels of BUILDS) {
      const found = await valuesOn("wasm", gradient, kernels);
      assertNear(found, Array(2 * C).fill(sum), `${B} images of ${H} × ${H}, ${kernels}`, 1e-6);
    }
  }
});

Deno.test("channels first: what a fused convolution's bias and slopes run along", async () => {
  const [shape, filter] = [[2, 3, 4, 5], [1, 1, 3, 5]]; // as many channels as columns
  const attrs = { strides: 1, pad: "valid", dataFormat: "NCHW", dilations: 1, activation: "prelu" };
  for (const [bias, slopes] of [[[5], [5]], [[1, 1, 5], [1, 1, 5]], [[5, 1, 1], [5, 1, 1]], [[1], [1]], [[], []]]) {
    await assertAgrees(() => {
      const [x, w, b, preluActivationWeights] = [shape, filter, bias, slopes].map(numbers);
      return runKernel("FusedConv2D", { x, filter: w, bias: b, preluActivationWeights }, attrs);
    }, `bias [${bias}], slopes [${slopes}]`);
  }
});

Deno.test("long sums are right: many images, channels and taps", async () => {
  for (const kernels of BUILDS) {
    await useBackend("wasm", { kernels });
    await assertRight(images({ kind: "depthwise", input: [130, 6, 5, 2], filter: [3, 3, 2, 2] }), kernels);
    await assertRight(images({ kind: "depthwise", input: [2, 40, 41, 17], filter: [9, 8, 17, 1] }), kernels);
    await assertRight(images({ input: [2, 9, 9, 40], filter: [5, 5, 40, 9], dilations: [2, 1] }), kernels);
    const winograd = { input: [2, 6, 8, 8], filter: [3, 3, 8, 16], strides: [2, 2] };
    await assertRight(images({ ...winograd, more: [1, 2] }), kernels);
  }
});

Deno.test("where the stride is larger than the filter, pixels that no window sees have no gradient", async () => {
  const attrs = { strides: [7, 3], pad: "valid", dataFormat: "NHWC", inputShape: [1, 2, 5, 1] };
  const inputs = () => ({ dy: tf.tensor4d([1, 2], [1, 1, 2, 1]), filter: tf.tensor4d([5], [1, 1, 1, 1]) });
  const dx = await valuesOn("wasm", () => runKernel("Conv2DBackpropInput", inputs(), attrs));
  assertEquals(dx, [5, 0, 0, 10, 0, 0, 0, 0, 0, 0]);
});

// ## Rounding modes, and gradients of other sizes than the output

const range = (size: number) => tf.range(0, size ** 2).reshape([1, size, size, 1]);

Deno.test("every row of dy that meets the input counts, where tfjs forgets the rounding mode", async () => {
  const loss = (x: tf.Tensor, w: tf.Tensor, weights: tf.Tensor) =>
    tf.conv2d(x as Image, w as Image, 2, 0, "NHWC", 1, "ceil").mul(weights).sum() as tf.Scalar;
  for (const backend of ["wasm", "cpu"] as const) { // the gradient is registered for every backend
    const gradient = (i: number, weights: () => tf.Tensor) =>
      valuesOn(backend, () => tf.grads((x, w) => loss(x, w, weights()))([range(5), tf.ones([2, 2, 1, 1])])[i]);
    const counted = () => tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const rows = [[1, 1, 2, 2, 3], [1, 1, 2, 2, 3], [4, 4, 5, 5, 6], [4, 4, 5, 5, 6], [7, 7, 8, 8, 9]];
    assertEquals(await gradient(0, counted), rows.flat());
    assertEquals(await gradient(1, () => tf.ones([1, 3, 3, 1])), [108, 72, 72, 48]); // sums of 9, 6, 6 and 4 numbers
  }
});

Deno.test("so do the gradients of tf.fused.conv2d, which tell the kernels nothing of a rounding mode", async () => {
  const gradient = (i: number) =>
    valuesOn(
      "wasm",
      () =>
        tf.grads((x, filter) =>
          tf.fused.conv2d({ x: x as Image, filter: filter as Image, strides: 2, pad: 0, dimRoundingMode: "ceil" }).sum()
        )([range(5), tf.ones([2, 2, 1, 1])])[i],
    );
  assertEquals(await gradient(0), Array(25).fill(1));
  assertEquals(await gradient(1), [108, 72, 72, 48]);
});

Deno.test("a dy that is too large for same or valid is cut off, and one that is too small is refused", async () => {
  await useBackend("wasm");
  const before = dataIds();
  tf.tidy(() => {
    const w = numbers([2, 2, 1, 1], 1) as Image;
    const transposed = (dy: tf.Tensor, pad: "same" | number) =>
      tf.conv2dTranspose(dy as Image, w, [1, 4, 4, 1], 2, pad);
    const dy = numbers([1, 3, 4, 1], 2);
    const [large, exact] = [transposed(dy, "same"), transposed(dy.slice([0, 0, 0, 0], [1, 2, 2, 1]), "same")];
    assertEquals([...large.dataSync()], [...exact.dataSync()]);
    for (const shape of [[1, 1, 2, 1], [1, 2, 1, 1], [2, 2, 2, 1], [0, 2, 2, 1]]) {
      const wanted = `Conv2DBackpropInput takes a dy of the shape [1,2,2,1] here, and not of [${shape}].`;
      for (const pad of ["same", 0] as const) assertThrows(() => transposed(tf.ones(shape), pad), RangeError, wanted);
    }
    const [x, small] = [numbers([1, 4, 4, 1], 3), tf.ones([1, 3, 2, 1])];
    assertThrows(
      () => runKernel("Conv2DBackpropFilter", { x, dy: small }, { strides: 1, pad: "same", filterShape: [2, 2, 1, 1] }),
      RangeError,
      "Conv2DBackpropFilter takes a dy of the shape [1,4,4,1] here, and not of [1,3,2,1].",
    );
    assertThrows(
      () => tf.conv2d(x as Image, tf.ones([6, 5, 1, 2]), 1, "valid"),
      RangeError,
      "Conv2D cannot fit a filter of [6,5,1,2] into an input of [1,4,4,1].",
    );
    assertThrows(
      () => tf.conv3d(tf.ones([1, 2, 2, 2, 1], "int32") as Volume, tf.ones([1, 1, 1, 1, 1]), 1, "valid"),
      TypeError,
      "Tensor x of Conv3D must have dtype float32, got int32",
    );
  });
  assertEquals(dataIds(), before);
});

Deno.test("a transposed convolution of whole numbers is what cpu says", async () => {
  const ints = (shape: number[]) => tf.range(0, tf.util.sizeFromShape(shape), 1, "int32").reshape(shape) as Image;
  await assertAgrees(
    () => tf.conv2dTranspose(ints([1, 2, 2, 2]), ints([2, 2, 3, 2]), [1, 4, 4, 3], 2, "same"),
    "int32",
  );
});

// ## Depthwise

Deno.test("depthwise: an infinite number stays in its channel, and makes no NaN at the border", async () => {
  const finite = (values: number[], c: number) => values.filter((_, i) => i % 3 !== c).every(Number.isFinite);
  const infinite = (values: number[], c: number) => values.filter((_, i) => i % 3 === c).includes(Infinity);
  const input = [1, 5, 4, 3], filterShape = [3, 3, 3, 1];
  const attrs = { strides: 1, pad: "same", dilations: 1, inputShape: input, filterShape };
  for (const kernels of BUILDS) {
    const run = (name: string, inputs: () => tf.NamedTensorMap) =>
      valuesOn("wasm", () => runKernel(name, inputs(), attrs), kernels);
    const [x, w] = [() => positive(input), () => positive(filterShape)];
    for (const c of [0, 1, 2]) {
      const results = await Promise.all([
        await run("DepthwiseConv2dNative", () => ({ x: spoilt(x(), 21 + c), filter: w() })),
        await run("DepthwiseConv2dNative", () => ({ x: x(), filter: spoilt(w(), 3 + c) })),
        await run("DepthwiseConv2dNativeBackpropInput", () => ({ dy: spoilt(x(), 21 + c), filter: w() })),
        await run("DepthwiseConv2dNativeBackpropInput", () => ({ dy: x(), filter: spoilt(w(), 3 + c) })),
        await run("DepthwiseConv2dNativeBackpropFilter", () => ({ x: x(), dy: spoilt(x(), 21 + c) })),
        await run("DepthwiseConv2dNativeBackpropFilter", () => ({ x: spoilt(x(), 21 + c), dy: x() })),
      ]);
      for (const values of results) {
        assert(finite(values, c) && infinite(values, c) && !values.some(Number.isNaN), `${kernels}, ${values}`);
      }
    }
  }
});

const positive = (shape: number[]) => numbers(shape, 1).abs();

/** With an infinite number. */
const spoilt = (x: tf.Tensor, at: number) =>
  tf.tensor(Float32Array.from(x.dataSync(), (value, i) => i === at ? Infinity : value), x.shape);

// ## Bias and activation

const ACTIVATIONS = ["linear", "relu", "relu6", "elu", "leakyrelu", "sigmoid", "prelu"];

/** What cpu's fused kernels take, which are a convolution, a sum and an activation one after another. */
const fused = convolutions.filter(({ kind, strides, dilations, channelsFirst }) =>
  kind === "images" ||
  (kind === "depthwise" && !channelsFirst && (strides.every((s) => s === 1) || dilations.every((d) => d === 1)))
);

Deno.test("fused convolutions, with any bias and activation, are what cpu's are", async () => {
  const given = fc.record({
    conv: fused,
    activation: fc.constantFrom(...ACTIVATIONS),
    bias: fc.constantFrom("none", "scalar", "one", "row", "deep row", "column", "full"),
  });
  await check(given, async ({ conv, activation, bias }) => {
    const [B, H, W, O] = outputShape(conv);
    const { strides, dilations, pad, dimRoundingMode } = conv;
    const nchw = conv.channelsFirst;
    const deep = nchw ? [[O, 1, 1], [H, 1], [B, O, H, W]] : [[1, 1, 1, O], [H, 1, 1], [B, H, W, O]];
    const shapes: Record<string, number[]> = { scalar: [], one: [1], row: [O] };
    ["deep row", "column", "full"].forEach((name, i) => shapes[name] = deep[i]);
    const turned = <T>([b, h, w, c]: T[]) => nchw ? [b, c, h, w] : [b, h, w, c];
    const attrs = {
      strides,
      dilations,
      pad: Array.isArray(pad) ? turned(pad) : pad,
      dimRoundingMode,
      dataFormat: nchw ? "NCHW" : "NHWC",
      activation,
      leakyreluAlpha: 0.3,
    };
    const name = conv.kind === "images" ? "FusedConv2D" : "FusedDepthwiseConv2D";
    await assertAgrees(() => {
      const inputs: tf.NamedTensorMap = { x: numbers(turned(conv.input), 1), filter: numbers(conv.filter, 2) };
      if (bias !== "none") inputs.bias = numbers(shapes[bias], 3);
      if (activation === "prelu") inputs.preluActivationWeights = numbers(O % 2 || nchw ? [] : [O], 4);
      return runKernel(name, inputs, attrs);
    }, JSON.stringify({ conv, activation, bias }));
  }, 300);
});

Deno.test("fused convolutions of shapes that end tfjs's backend, or read behind its weights", async () => {
  await assertAgrees(() => {
    const [x, filter] = [numbers([3, 6, 5, 65], 1) as Image, numbers([11, 7, 65, 15], 2) as Image];
    return tf.fused.conv2d({ x, filter, strides: [17, 1], pad: 7, activation: "sigmoid" });
  }, "sigmoid");
  await assertAgrees(() => {
    const [x, filter, alpha] = [tf.ones([1, 2, 2, 3]) as Image, tf.ones([1, 1, 3, 0]) as Image, tf.ones([0])];
    return tf.fused.conv2d({ x, filter, strides: 1, pad: 0, activation: "prelu", preluActivationWeights: alpha });
  }, "prelu of no channels");
  for (const conv of [tf.fused.conv2d, tf.fused.depthwiseConv2d]) {
    await assertAgrees(() => {
      const [x, filter] = [numbers([2, 5, 6, 3], 1) as Image, numbers([1, 2, 3, 2], 2) as Image];
      return conv({
        x,
        filter,
        strides: 3,
        pad: "same",
        bias: tf.scalar(-0.1),
        activation: "leakyrelu",
        leakyreluAlpha: 0.1,
      });
    }, `${conv.name} with a stride larger than its filter`);
  }
});

Deno.test("activations that tfjs does not fuse are refused in its own words", async () => {
  await useBackend("wasm");
  tf.tidy(() => {
    const given = {
      x: tf.ones([1, 2, 2, 1]) as Image,
      filter: tf.ones([1, 1, 1, 1]) as Image,
      strides: 1,
      pad: "same",
    };
    const [activation, wanted] = ["tanh", "tanh activation not yet supported for FusedConv2D in the wasm backend."];
    assertThrows(() => tf.fused.conv2d({ ...given, activation } as never), Error, wanted);
  });
});

// ## Gradients of all orders

/** A convolution's kernels with their two tensors each. */
function bilinear(given: Case): [name: string, inputs: [string, string], shapes: [number[], number[]]][] {
  const [dy, { input, filter }] = [outputShape(given, true), given];
  const [convolution, inputGradient, filterGradient] = KERNELS[given.kind];
  return [
    [convolution, ["x", "filter"], [input, filter]],
    [inputGradient, ["dy", "filter"], [dy, filter]],
    [filterGradient, ["x", "dy"], [input, dy]],
  ];
}

const terms = (a: Float32Array, b: Float32Array) => Float64Array.from(a, (value, i) => value * b[i]);
const sum = (terms: Float64Array) => terms.reduce((total, term) => total + term, 0);

Deno.test("the gradients of convolutions, and of their gradients, are their transposes", async () => {
  // A kernel K(a, b) is linear in a, so the gradient of <r, K(a, b)> in a, times any v, is <r, K(v, b)>.
  await check(convolutions.filter(({ channelsFirst }) => !channelsFirst), async (given) => {
    await useBackend("wasm");
    const { strides, dilations, pad, dimRoundingMode, input: inputShape, filter: filterShape } = given;
    const dataFormat = given.kind === "volumes" ? "NDHWC" : "NHWC";
    const attrs = { strides, dilations, pad, dimRoundingMode, dataFormat, inputShape, filterShape };
    for (const [name, names, shapes] of bilinear(given)) {
      const results = tf.tidy(() => {
        const [a, b] = shapes.map(numbers);
        const run = (a: tf.Tensor, b: tf.Tensor) => runKernel(name, { [names[0]]: a, [names[1]]: b }, attrs);
        const r = numbers(run(a, b).shape, 5);
        const gradients = tf.grads((a, b) => run(a, b))([a, b], r);
        return gradients.map((gradient, i) => {
          assertEquals(gradient.shape, shapes[i], `${name} by ${names[i]}`);
          const v = numbers(shapes[i], 6);
          return [gradient, v, r.clone(), i === 0 ? run(v, b) : run(a, v)];
        });
      });
      for (const [i, tensors] of results.entries()) {
        const [gradient, v, r, result] = await Promise.all(tensors.map(valuesOf));
        const [found, expected] = [terms(gradient, v), terms(r, result)];
        const scale = sum(expected.map(Math.abs));
        assertLessOrEqual(Math.abs(sum(found) - sum(expected)), 1e-5 * scale, `${name} ${i}: ${JSON.stringify(given)}`);
      }
    }
  }, 200);
});

/** Ops whose gradients tfjs refuses on every backend, or has only once, and the shapes of their inputs. */
const refused: Record<string, [shapes: number[][], op: (...inputs: never[]) => tf.Tensor]> = {
  "a dilated conv1d": [
    [[2, 9, 3], [3, 3, 4]],
    (x: tf.Tensor3D, w: tf.Tensor3D) => tf.conv1d(x, w, 1, "same", "NWC", 3),
  ],
  "a dilated conv2d": [
    [[2, 9, 8, 3], [3, 2, 3, 4]],
    (x: Image, w: Image) => tf.conv2d(x, w, 1, "valid", "NHWC", [2, 3]),
  ],
  "a dilated depthwiseConv2d": [
    [[2, 9, 8, 3], [3, 2, 3, 2]],
    (x: Image, w: Image) => tf.depthwiseConv2d(x, w, 1, "same", "NHWC", [2, 3]),
  ],
  "a dilated separableConv2d": [
    [[2, 9, 8, 3], [3, 2, 3, 2], [1, 1, 6, 4]],
    (x: Image, d: Image, p: Image) => tf.separableConv2d(x, d, p, 1, "same", 2),
  ],
  "a dilated conv3d": [
    [[2, 5, 4, 6, 2], [2, 3, 2, 2, 3]],
    (x: Volume, w: Volume) => tf.conv3d(x, w, 1, "same", "NDHWC", [2, 1, 3]),
  ],
  "conv3dTranspose": [
    [[2, 2, 3, 2, 3], [2, 3, 2, 2, 3]],
    (x: Volume, w: Volume) => tf.conv3dTranspose(x, w, [2, 4, 5, 3, 2], 2, "same"),
  ],
  "conv2d with channels first": [
    [[2, 3, 6, 5], [3, 2, 3, 4]],
    (x: Image, w: Image) => tf.conv2d(x, w, [2, 1], "same", "NCHW"),
  ],
};

for (const [name, [shapes, op]] of Object.entries(refused)) {
  Deno.test(`gradients of ${name}, and gradients of those, agree with the cpu backend's`, async () => {
    const f = (...inputs: tf.Tensor[]) => op(...inputs as never[]).square().sum() as tf.Scalar;
    /** The square of how steep `f` is: what a gradient penalty is made of. */
    const penalty = (...inputs: tf.Tensor[]) =>
      tf.addN(tf.grads(f)(inputs).map((gradient) => gradient.square().sum())) as tf.Scalar;
    for (const loss of [f, penalty]) {
      for (const i of shapes.keys()) await assertAgrees(() => tf.grads(loss)(shapes.map(numbers))[i], `input ${i}`);
    }
  });
}

Deno.test("a gradient penalty's gradient is its finite difference", async () => {
  // P(w) = Σ (∂ Σ conv(x, w)² / ∂x)² is of the fourth degree in w, so differences of h and h / 2 together are exact.
  await useBackend("wasm");
  const x = () => numbers([1, 4, 3, 2], 1);
  const penalty = (w: tf.Tensor) =>
    tf.grad((x) => tf.conv2d(x as Image, w as Image, [2, 1], "same").square().sum())(x()).square().sum() as tf.Scalar;
  const shape = [2, 2, 2, 2];
  const gradient = await valuesOn("wasm", () => tf.grad(penalty)(numbers(shape, 3)));
  const at = async (i: number, by: number) =>
    (await valuesOn("wasm", () => penalty(numbers(shape, 3).add(tf.oneHot(i, 16).reshape(shape).mul(by)))))[0];
  const largest = Math.max(...gradient.map(Math.abs));
  for (let i = 0; i < 16; i++) {
    const slope = async (h: number) => (await at(i, h) - await at(i, -h)) / (2 * h);
    const exact = (4 * await slope(0.25) - await slope(0.5)) / 3;
    assertLess(Math.abs(exact - gradient[i]), 1e-4 * largest, `weight ${i}`); // P's rounding, over h
  }
});

Deno.test("depthwise with channels first is depthwise with channels last, and so are its gradients", async () => {
  const [x, w] = [() => numbers([2, 5, 4, 3], 1), () => numbers([3, 2, 3, 2], 2)];
  const conv = (x: tf.Tensor, w: tf.Tensor, first: boolean) => {
    if (!first) return tf.depthwiseConv2d(x as Image, w as Image, 1, "same").square().sum();
    return tf.depthwiseConv2d(x.transpose([0, 3, 1, 2]) as Image, w as Image, 1, "same", "NCHW").square().sum();
  };
  for (const i of [0, 1]) {
    const gradient = (first: boolean) =>
      valuesOn("wasm", () => tf.grads((x, w) => conv(x, w, first) as tf.Scalar)([x(), w()])[i]);
    assertNear(await gradient(true), await gradient(false), `input ${i}`);
  }
});

// ## Volumes

Deno.test("both gradients of conv3d, worked by hand", async () => {
  const [x, w] = [() => tf.tensor5d([2, 3, 4, 5], [1, 2, 1, 2, 1]), () => tf.ones([1, 1, 1, 1, 1]) as Volume];
  const loss = (x: tf.Tensor, w: tf.Tensor) =>
    tf.conv3d(x as Volume, w as Volume, 1, "valid").mul(tf.tensor5d([5, 7, 5, 7], [1, 2, 1, 2, 1])).sum() as tf.Scalar;
  const gradient = (i: number) => valuesOn("wasm", () => tf.grads(loss)([x(), w()])[i]);
  assertEquals(await gradient(0), [5, 7, 5, 7]);
  assertEquals(await gradient(1), [2 * 5 + 3 * 7 + 4 * 5 + 5 * 7]);
});

// ## Memory

Deno.test("composed convolutions and gradients give back all memory but their result, also when they throw", async () => {
  const [x, w] = [() => numbers([2, 3, 6, 5], 1) as Image, () => numbers([3, 2, 3, 4], 2) as Image];
  const fused = (activation: string, bias: tf.Tensor, dataFormat: "NHWC" | "NCHW") => {
    const images = dataFormat === "NCHW" ? x() : x().transpose([0, 2, 3, 1]);
    const inputs = { x: images, filter: w(), bias, preluActivationWeights: tf.scalar(0.1) };
    return runKernel("FusedConv2D", inputs, { strides: 1, pad: "same", dataFormat, activation });
  };
  const steep = (x: tf.Tensor) => tf.grad((x) => tf.conv2d(x as Image, w(), 1, "same", "NCHW", 2).square().sum())(x);
  const runs = [
    () => fused("prelu", tf.scalar(1), "NHWC"),
    () => fused("relu", tf.ones([4]), "NCHW"),
    () => fused("sigmoid", tf.ones([1, 1, 1, 4]), "NHWC"),
    () => tf.grad((x) => steep(x).square().sum())(x()),
    () => tf.conv2dTranspose(tf.ones([1, 2, 2, 4], "int32") as Image, w(), [1, 4, 4, 3], 2, "same"),
  ];
  const refusals = [
    () => tf.conv2d(x(), tf.ones([9, 9, 3, 1]), 1, "valid", "NCHW"),
    () => fused("tanh", tf.scalar(1), "NHWC"),
    () => fused("relu", tf.ones([3]), "NHWC"),
  ];
  for (const kernels of BUILDS) {
    await useBackend("wasm", { kernels });
    const before = dataIds();
    for (const run of runs) tf.tidy(run).dispose();
    for (const refusal of refusals) assertThrows(() => tf.tidy(refusal));
    assertEquals(dataIds(), before);
  }
});
