import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { EnvironmentError } from "../src/errors.ts";
import { fastest, FLOAT, withHeap } from "../src/kernels/assembled.ts";
import { build, BUILDS, parameters as parametersOf } from "../src/kernels/build/build.ts";
import { BINARIES, PARAMETERS } from "../src/kernels/binaries.ts";
import { type Build, installTrainingKernels } from "../src/kernels/mod.ts";
import { type Places, rowsTimes, transposeTimes } from "../src/kernels/product.ts";
import { adam } from "../src/training/optimizers/adam.ts";
import { everyConvolution } from "./_convolutions.ts";
import { granted, testIf } from "./_run.ts";

const ALL = Object.keys(BUILDS) as Build[];

/** Unequal numbers in (-1, 1), others for another `seed`. */
function numbers(shape: number[], seed: number): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + 13 * seed + i * i / 100)), shape);
}

async function valuesOn(backend: "cpu" | "wasm", run: () => tf.Tensor, kernels?: Build): Promise<Float32Array> {
  await useBackend(backend, { kernels });
  const result = tf.tidy(run);
  const values = await result.data() as Float32Array;
  result.dispose();
  return values;
}

/** Asserts that both builds agree with the cpu backend, within `tolerance` of the largest number. */
async function assertAgrees(run: () => tf.Tensor, what: string, tolerance = 1e-5) {
  const expected = await valuesOn("cpu", run);
  const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
  for (const kernels of ALL) {
    const found = await valuesOn("wasm", run, kernels);
    assertEquals(found.length, expected.length, what);
    const worst = found.reduce(
      (most, v, i) => Math.max(most, Math.abs(v - expected[i]) || (v === expected[i] ? 0 : Infinity)),
      0,
    );
    assertLessOrEqual(worst, tolerance * largest, `${what}, ${kernels}`);
  }
}

const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>, numRuns = 150) =>
  fc.assert(fc.asyncProperty(arbitrary, property), { seed: 2, numRuns });
const upTo = (max: number, min = 1) => fc.integer({ min, max });

// ## Products

const side = fc.tuple(upTo(2, 0), upTo(3, 0));
const convolution = fc.record({
  x: fc.tuple(upTo(3, 0), upTo(11), upTo(11), upTo(9, 0)),
  filter: fc.tuple(upTo(4), upTo(4), upTo(19)),
  strides: fc.tuple(upTo(5), upTo(5)),
  dilations: fc.tuple(upTo(3), upTo(3)),
  pad: fc.oneof(
    fc.constantFrom("same" as const, "valid" as const),
    fc.tuple(side, side).map(([rows, columns]) => [[0, 0], rows, columns, [0, 0]] as [number, number][]),
  ),
  bias: fc.boolean(),
  relu: fc.boolean(),
}).map(({ x, filter: [K, L, O], dilations, strides, ...rest }) => ({
  ...rest,
  x,
  filter: [K, L, x[3], O],
  strides: strides as [number, number],
  dilations: strides.every((stride) => stride === 1) ? dilations : [1, 1],
})).filter(({ x, filter, strides, dilations, pad }) => {
  type Of<I extends number> = Parameters<typeof tf.backend_util.computeConv2DInfo>[I];
  const info = tf.backend_util.computeConv2DInfo(
    x as Of<0>,
    filter as Of<1>,
    strides,
    dilations as Of<3>,
    pad as Of<4>,
  );
  const { outHeight, outWidth } = info;
  return outHeight > 0 && outWidth > 0;
});

Deno.test("convolutions, with a bias and a ReLU or without, agree with the cpu backend on any shape", async () => {
  await check(convolution, async ({ x, filter, strides, dilations, pad, bias, relu }) => {
    await assertAgrees(() => {
      const inputs = { x: numbers(x, 1), filter: numbers(filter, 2), bias: numbers([filter[3]], 3) };
      const attrs = { strides, dilations, pad, dataFormat: "NHWC", activation: relu ? "relu" : "linear" };
      if (bias) return tf.engine().runKernel("FusedConv2D", inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
      const y = tf.engine().runKernel(
        "Conv2D",
        { x: inputs.x, filter: inputs.filter },
        attrs as tf.NamedAttrMap,
      ) as tf.Tensor;
      return relu ? tf.relu(y) : y;
    }, JSON.stringify({ x, filter, strides, dilations, pad, bias, relu }));
  });
});

for (const strides of [1, 2]) {
  Deno.test(`images that are framed group by group agree with the cpu backend, stride ${strides}`, async () => {
    const [x, filter] = [[5, 40, 41, 15], [3, 3, 15, 3]]; // with zeros around them about 108 KB an image, two to a group
    const out = [5, Math.ceil(40 / strides), Math.ceil(41 / strides), 3];
    const attrs = { strides, pad: "same", dataFormat: "NHWC", dilations: 1 };
    const run = (name: string, inputs: tf.NamedTensorMap, more: object = {}) =>
      tf.engine().runKernel(name, inputs, { ...attrs, ...more }) as tf.Tensor;
    await assertAgrees(() => run("Conv2D", { x: numbers(x, 1), filter: numbers(filter, 2) }), "Conv2D");
    await assertAgrees(
      () => run("Conv2DBackpropFilter", { x: numbers(x, 1), dy: numbers(out, 3) }, { filterShape: filter }),
      "its filter's gradient",
    );
    const wide = [5, 40, 41, 1]; // a filter of one channel takes another way
    for (const inputShape of [x, wide]) {
      await assertAgrees(() => {
        const [dy, w] = [numbers([...out.slice(0, 3), 64], 3), numbers([3, 3, inputShape[3], 64], 2)];
        return run("Conv2DBackpropInput", { dy, filter: w }, { inputShape });
      }, "its input's gradient");
    }
  });
}

const product = fc.record({
  M: upTo(20, 0),
  K: fc.oneof(fc.constant(0), upTo(30), upTo(1100, 500)),
  N: upTo(20, 0),
  batchA: upTo(2),
  batchB: upTo(2),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  bias: fc.boolean(),
  relu: fc.boolean(),
});

Deno.test("matrix products, with a bias and a ReLU or without, agree with the cpu backend on any shape", async () => {
  await check(product, async ({ M, K, N, batchA, batchB, transposeA, transposeB, bias, relu }) => {
    await assertAgrees(() => {
      const a = numbers(transposeA ? [batchA, K, M] : [batchA, M, K], 1);
      const b = numbers(transposeB ? [batchB, N, K] : [batchB, K, N], 2);
      const inputs = { a, b, bias: numbers([N], 3) };
      const attrs = { transposeA, transposeB, activation: relu ? "relu" : "linear" };
      if (bias) return tf.engine().runKernel("_FusedMatMul", inputs, attrs) as tf.Tensor;
      const c = tf.engine().runKernel("BatchMatMul", { a, b }, attrs) as tf.Tensor;
      return relu ? tf.relu(c) : c;
    }, JSON.stringify({ M, K, N, batchA, batchB, transposeA, transposeB, bias, relu }));
  });
});

Deno.test("NaN and infinities come out where they went in", async () => {
  for (const kernels of ALL) {
    const found = await valuesOn("wasm", () => {
      const a = tf.tensor2d([1, NaN, 1, 1, Infinity, 1], [3, 2]);
      return tf.fused.matMul({ a, b: tf.ones([2, 9]), bias: tf.ones([9]), activation: "relu" });
    }, kernels);
    assertEquals([0, 9, 18, 26].map((i) => found[i]), [NaN, 3, Infinity, Infinity]);
  }
});

// ## Softplus

Deno.test("softplus agrees with log(1 + eˣ) on any number, and keeps NaN and infinities", async () => {
  const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const x = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 23); // as far as e^x is a float32 in full
  const strange = [NaN, Infinity, -Infinity, 3e38, -3e38, 0, -0];
  for (const kernels of ALL) {
    const found = await valuesOn("wasm", () => tf.softplus(x), kernels);
    found.forEach((y, i) => {
      const expected = softplus(x[i]);
      assertLessOrEqual(Math.abs(y / expected - 1), 5 * 2 ** -24, `${x[i]}, ${kernels}`); // five roundings at most
    });
    const odd = [...await valuesOn("wasm", () => tf.softplus(strange), kernels)];
    assertEquals(odd, [NaN, Infinity, 0, Math.fround(3e38), 0, Math.fround(Math.LN2), Math.fround(Math.LN2)]);
    for (let size = 0; size <= 9; size++) { // every end of a row of fours
      const y = await valuesOn("wasm", () => tf.softplus(x.slice(2000, 2000 + size)), kernels);
      y.forEach((value, i) => assertAlmostEquals(value, softplus(x[2000 + i]), 1e-6));
      assertEquals(y.length, size);
    }
  }
  await assertAgrees(() => tf.softplus(tf.tensor1d([-3, 0, 2], "int32")), "whole numbers, which are tfjs's still");
});

// ## Adam

for (const kernels of ALL) {
  Deno.test(`Adam takes tfjs's own steps (${kernels})`, async () => {
    await useBackend("wasm", { kernels });
    const start = [numbers([3, 5], 1), numbers([4], 2), tf.scalar(0.3)];
    const [ours, theirs] = [0, 1].map(() => start.map((value) => tf.variable(value)));
    const [own, peer] = [await adam()(ours), tf.train.adam(0.01)];
    for (let step = 0; step < 50; step++) {
      tf.tidy(() => {
        const slopes = start.map(({ shape }, i) => numbers(shape, 10 * step + i).mul(i === 1 ? 1e-6 : 1));
        const named = (variables: tf.Variable[]) =>
          Object.fromEntries(variables.map(({ name }, i) => [name, slopes[i]]));
        own.step(named(ours), 0.01);
        peer.applyGradients(named(theirs) as Record<string, tf.Variable>);
      });
      for (let i = 0; i < 3; i++) {
        const [found, expected] = [await ours[i].data(), await theirs[i].data()];
        found.forEach((value, k) => assertAlmostEquals(value, expected[k], 1e-6, `step ${step}`));
      }
    }
    own[Symbol.dispose]();
    peer.dispose();
    tf.dispose([start, ours, theirs]);
  });
}

Deno.test("Adam leaves alone what others keep of a parameter, and frees its moments", async () => {
  await useBackend("wasm");
  const before = tf.memory().numTensors;
  const x = tf.variable(tf.tidy(() => tf.ones([5])));
  const kept = x.clone();
  const own = await adam()([x]);
  const slope = tf.ones([5]);
  own.step({ [x.name]: slope }, 0.1).dispose();
  assertEquals([...await kept.data()], [1, 1, 1, 1, 1]);
  assertAlmostEquals((await x.data())[4], 0.9, 1e-6);
  own[Symbol.dispose]();
  tf.dispose([kept, slope]);
  x.dispose();
  assert(tf.memory().numTensors <= before + 1, "the tensor that the variable was made of is the caller's");
});

/** Runs the kernel on `x` and slopes of that size; returns the new `x` and whether it is finite. */
function adamStep(x: tf.Tensor, g: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const [m, v] = [x.zerosLike(), x.zerosLike()];
  const how = { rate: 0.1, beta1: 0.9, beta2: 0.999, correction1: 0.1, correction2: 0.001, epsilon: 1e-7 };
  return tf.engine().runKernel("AdamStep", { x, m, v, g }, how) as [tf.Tensor, tf.Tensor];
}

for (const kernels of ALL) {
  Deno.test(`Adam's kernel notices a number that is not finite, wherever it stands (${kernels})`, async () => {
    /** What it says of `size` numbers, one of them `value` in `x` or in the slopes. */
    const noticed = (size: number, value = 1, at = 0, into = "x") =>
      valuesOn("wasm", () => {
        const ordinary = Array.from({ length: size }, (_, i) => i - 3.5);
        const strange = ordinary.with(at, value);
        const [moved, finite] = into === "x"
          ? adamStep(tf.tensor1d(strange), tf.tensor1d(ordinary))
          : adamStep(tf.tensor1d(ordinary), tf.tensor1d(strange));
        assertEquals([moved.shape, finite.shape], [[size], []]);
        return finite;
      }, kernels);
    for (let size = 1; size <= 13; size++) {
      assertEquals([...await noticed(size)], [0], `${size} numbers`);
      assertEquals([...await noticed(size, 3e38)], [0], "however large");
      for (let at = 0; at < size; at++) {
        for (const value of [NaN, Infinity, -Infinity]) {
          assertEquals([...await noticed(size, value, at)], [NaN], `${value} at ${at} of ${size}`);
          assertEquals([...await noticed(size, value, at, "g")], [NaN], `a slope ${value} at ${at} of ${size}`);
        }
      }
    }
    const opposite = tf.tensor1d([Infinity, -Infinity, 1, 1, 1, 1, 1, Infinity]);
    assertEquals([...await valuesOn("wasm", () => adamStep(opposite, tf.ones([8]))[1], kernels)], [NaN]);
    assertEquals([...await valuesOn("wasm", () => adamStep(tf.ones([0]), tf.ones([0]))[1], kernels)], [0]);
    opposite.dispose();
  });
}

// ## Memory

/** Emscripten's part of the backend: what allocates. */
interface Allocator {
  _malloc(bytes: number): number;
  _free(address: number): void;
  asm: { memory: WebAssembly.Memory };
}

/** Pooling and its kin, of few channels and more. */
function pooled(): tf.Tensor[] {
  return [1, 3, 7, 18].flatMap((C) => {
    const [x, volume] = [numbers([2, 6, 5, C], 13) as tf.Tensor4D, numbers([1, 3, 4, 5, C], 14) as tf.Tensor5D];
    const gradient = (pool: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) =>
      tf.grad((x) => pool(x).mul(numbers(pool(x).shape, 15)))(x);
    const filter = numbers([2, 3, C], 16) as tf.Tensor3D;
    const onX: ((x: tf.Tensor) => tf.Tensor)[] = [
      (x) => tf.maxPool(x as tf.Tensor4D, [2, 3], 2, "same"),
      (x) => tf.avgPool(x as tf.Tensor4D, 3, 1, "same"),
      (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [4, 11]),
      (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [4, 11], false, true),
      (x) => tf.dilation2d(x as tf.Tensor4D, filter, 2, "same"),
    ];
    const onVolumes: ((x: tf.Tensor) => tf.Tensor)[] = [
      (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, "same"),
      (x) => tf.avgPool3d(x as tf.Tensor5D, [1, 2, 3], 1, "valid"),
    ];
    const { result, indexes } = tf.maxPoolWithArgmax(x, 2, 2, "same", true);
    return [
      ...onX.flatMap((pool) => [pool(x), gradient(pool, x)]),
      ...onVolumes.flatMap((pool) => [pool(volume), gradient(pool, volume)]),
      gradient((filter) => tf.dilation2d(x, filter as tf.Tensor3D, 2, "same"), filter),
      result,
      indexes.cast("float32"),
      tf.image.cropAndResize(x, [[0, 0, 1, 0.9], [0.1, 0, 0.5, 0.5]], [1, 7], [3, 2]),
      tf.avgPool(numbers([1, 40, 41, C], 17) as tf.Tensor4D, 39, 1, "valid"),
    ];
  });
}

/** Every kernel once, on odd sizes; numbers that only the right results add up to. */
async function everything(): Promise<number[]> {
  const results = tf.tidy(() => {
    const [x, w] = [numbers([2, 7, 5, 3], 1) as tf.Tensor4D, numbers([3, 2, 3, 9], 2) as tf.Tensor4D];
    const y = tf.conv2d(x, w, 2, "same");
    const attrs = { strides: 2, pad: "same", dataFormat: "NHWC" };
    const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) =>
      tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
    const [a, b] = [numbers([7, 600], 3), numbers([600, 11], 4)];
    const [c, m] = [numbers([7, 11], 5), numbers([5, 5], 6)];
    const [even, square, slopes] = [numbers([3, 10, 6, 8], 21), numbers([3, 3, 8, 16], 22), numbers([3, 5, 3, 16], 23)];
    return [
      y,
      run("Conv2DBackpropFilter", { x, dy: y }, { ...attrs, filterShape: w.shape }),
      run("Conv2DBackpropInput", { dy: y, filter: w }, { ...attrs, inputShape: x.shape }),
      run("Conv2DBackpropInput", { dy: numbers([2, 7, 5, 9], 7), filter: numbers([3, 3, 1, 9], 8) }, {
        ...attrs,
        strides: 1,
        inputShape: [2, 7, 5, 1],
      }),
      run("Conv2D", { x: even, filter: square }, attrs), // these three by Winograd's way
      run("Conv2DBackpropFilter", { x: even, dy: slopes }, { ...attrs, filterShape: square.shape }),
      run("Conv2DBackpropInput", { dy: slopes, filter: square }, { ...attrs, inputShape: even.shape }),
      tf.matMul(a, b),
      tf.matMul(a, c, true, false),
      tf.matMul(b, c, false, true),
      tf.matMul(numbers([9, 7], 9), numbers([5, 9], 10), true, true),
      tf.matMul(numbers([7, 70], 13), numbers([9, 70], 14), false, true),
      tf.matMul(numbers([90, 70], 15), numbers([90, 9], 16), true),
      tf.matMul(numbers([3, 5, 6], 17), numbers([3, 6, 7], 18)),
      tf.matMul(numbers([3, 700], 19), numbers([700, 6], 20)),
      tf.fused.matMul({ a, b, bias: numbers([11], 11), activation: "relu" }),
      ...[[0, 1], [0], [3], [1, 3], [0, 2]].flatMap((axes) => [tf.sum(x, axes), tf.mean(x, axes)]),
      tf.sum(numbers([3, 71, 67], 13), 1),
      tf.sum(numbers([3, 71], 14), 1),
      ...[tf.softplus(x), tf.log1p(x.abs()), tf.sin(x), tf.cos(x.mul(1e30)), tf.sign(x), tf.clipByValue(x, -0.5, 0.3)],
      ...[tf.maximum(x, 0.1), tf.minimum(x, numbers([7, 1, 3], 15)), tf.maximum(numbers([5, 1], 16), x)],
      ...[tf.prelu(x, numbers([7, 1, 1], 17)), run("ReluGradient", { dy: x, x }, {})],
      ...[5, 300].map((rows) => {
        const ids = tf.range(-1, rows - 1, 1, "int32").mod(tf.scalar(4, "int32")) as tf.Tensor1D;
        return tf.unsortedSegmentSum(numbers([rows, 7], 18), ids, 3);
      }),
      ...[tf.einsum("bijc,kc->bkij", x, numbers([5, 3], 19)), x.slice([0, 1, 1, 0], [2, 5, 3, 2])],
      tf.matMul(x.cast("int32").reshape([7, 30]), numbers([30, 3], 20).mul(9).cast("int32")).cast("float32"),
      ...[x.cast("bool").cast("float32"), x.cast("bool").exp()],
      ...adamStep(m, m.mul(0.3)),
      ...everyConvolution(),
      ...pooled(),
    ].map((t) => t.flatten().mul(numbers([t.size], 12)).sum());
  });
  const sums = await Promise.all(results.map(async (t) => (await t.data())[0]));
  tf.dispose(results);
  return sums;
}

for (const kernels of ALL) {
  Deno.test(`products read nothing behind their matrices, which may lie at the memory's very end (${kernels})`, async () => {
    await useBackend("wasm", { kernels });
    withHeap(tf.backend() as BackendWasm, kernels, (heap) => {
      const { memory } = ((tf.backend() as BackendWasm).wasm as unknown as Allocator).asm;
      heap.scratch(4 * 2 ** 16); // so that the memory need not grow below
      const near = heap.scratch(4 * 2 ** 12);
      const atEnd = (size: number) => memory.buffer.byteLength - FLOAT * size;
      const put = (address: number, values: number[]) => new Float32Array(memory.buffer, address).set(values);
      const rows = (base: number, m: number, wide: number): Places => ({
        base,
        counts: [1, 1, m],
        steps: [0, 0, FLOAT * wide],
      });
      for (const [m, k, n] of [[1, 1, 1], [7, 5, 9], [6, 7, 8], [5, 12, 11], [4, 13, 1], [3, 6, 16]]) {
        const [a, b, y] = [m * k, k * n, m * n].map((size, i) =>
          Array.from({ length: size }, (_, j) => (j + i) % 5 - 2)
        );
        const [ones, twos, product] = [near, near + FLOAT * 1024, near + FLOAT * 2048];
        const found = (size: number) => [...new Float32Array(memory.buffer, product, size)];
        const sum = (size: number, term: (i: number) => number) =>
          Array.from({ length: size }, (_, i) => term(i)).reduce((total, x) => total + x, 0);
        const times = Array.from(
          { length: m * n },
          (_, i) => sum(k, (j) => a[Math.floor(i / n) * k + j] * b[j * n + i % n]),
        );
        const transposed = Array.from(
          { length: k * n },
          (_, i) => sum(m, (j) => a[j * k + Math.floor(i / n)] * y[j * n + i % n]),
        );
        for (const last of ["a", "b"]) {
          const [left, right] = [last === "a" ? atEnd(m * k) : ones, last === "b" ? atEnd(k * n) : twos];
          put(left, a);
          put(right, b);
          const block = { address: right, k, rowStep: n, columnStep: 1 };
          rowsTimes(heap, [{ offset: 0, runs: 1, run: k, stride: k, blocks: [block] }], n)(
            rows(left, m, k),
            rows(product, m, n),
          );
          assertEquals(found(m * n), times, `${[m, k, n]}, ${last} at the end`);
        }
        for (const last of ["a", "y"]) {
          const [left, right] = [last === "a" ? atEnd(m * k) : ones, last === "y" ? atEnd(m * n) : twos];
          put(left, a);
          put(right, y);
          const onto = transposeTimes(heap, { runs: 1, run: k, stride: k }, n, product);
          onto.add(rows(left, m, k), { address: right, rowStep: n, columnStep: 1 });
          onto.finish();
          assertEquals(found(k * n), transposed, `${[m, k, n]} transposed, ${last} at the end`);
        }
      }
    });
  });

  Deno.test(`no kernel writes outside its buffers, and all it takes it gives back (${kernels})`, async () => {
    await useBackend("wasm", { kernels });
    const expected = await everything();
    const wasm = (tf.backend() as BackendWasm).wasm as unknown as Allocator;
    const { _malloc, _free } = wasm;
    const sizes = new Map<number, number>();
    const guard = 64;
    const bytes = () => new Uint8Array(wasm.asm.memory.buffer);
    let broken = 0;
    try {
      wasm._malloc = (size) => {
        const block = _malloc(size + 2 * guard);
        bytes().fill(0xa5, block, block + size + 2 * guard);
        bytes().fill(0xff, block + guard, block + guard + size); // NaNs, which no factor of zero hides
        sizes.set(block + guard, size);
        return block + guard;
      };
      wasm._free = (address) => {
        const size = sizes.get(address);
        if (size === undefined) return _free(address); // taken before
        const around = [
          bytes().subarray(address - guard, address),
          bytes().subarray(address + size, address + size + guard),
        ];
        if (around.some((zone) => zone.some((byte) => byte !== 0xa5))) broken++;
        sizes.delete(address);
        _free(address - guard);
      };
      assertEquals(await everything(), expected, "whatever scratch memory holds");
    } finally {
      Object.assign(wasm, { _malloc, _free });
    }
    assertEquals(broken, 0);
    assertEquals(sizes.size, 0, "buffers not given back");
  });

  Deno.test(`memory may grow in the middle of a kernel (${kernels})`, async () => {
    await useBackend("wasm", { kernels });
    const expected = await everything();
    const wasm = (tf.backend() as BackendWasm).wasm as unknown as Allocator;
    const { _malloc } = wasm;
    const before = wasm.asm.memory.buffer.byteLength;
    let [calls, often] = [0, Infinity];
    try {
      wasm._malloc = (size) => {
        const block = _malloc(size);
        if (++calls % often === 0) wasm._free(_malloc(wasm.asm.memory.buffer.byteLength)); // which there is no room for yet
        return block;
      };
      await everything();
      often = Math.floor(calls / 3); // each time the memory doubles
      assertEquals(await everything(), expected);
    } finally {
      Object.assign(wasm, { _malloc });
    }
    assert(wasm.asm.memory.buffer.byteLength > before, "it did grow");
  });
}

Deno.test("beyond two gigabytes, where an address is negative as a signed number, everything works as below", async () => {
  const wasm = () => (tf.backend() as BackendWasm).wasm as unknown as Allocator;
  for (const kernels of ALL) {
    await useBackend("wasm", { kernels });
    const expected = await everything();
    const { _malloc, _free } = wasm();
    const blocks: number[] = [];
    for (const size of [2 ** 28, 2 ** 24, 2 ** 20, 2 ** 16, 2 ** 12, 2 ** 8, 2 ** 5]) { // all that lies below, never touched
      let block;
      do blocks.push(block = _malloc(size)); while (block > 0);
      assert(block !== 0, "this machine has the memory");
    }
    let near = 0;
    try {
      wasm()._malloc = (size) => {
        const block = _malloc(size);
        if (block > 0 && size > 32) near++;
        return block;
      };
      assertEquals(await everything(), expected);
    } finally {
      wasm()._malloc = _malloc;
      blocks.forEach((block) => _free(block));
    }
    assertEquals(near, 0, "buffers that lay below after all");
  }
});

Deno.test("where memory runs out a sentence says so, and nothing is kept", async () => {
  await useBackend("wasm");
  const wasm = (tf.backend() as BackendWasm).wasm as unknown as Allocator;
  const [a, b] = [numbers([7, 700], 1), numbers([700, 9], 2)];
  const { _malloc } = wasm;
  const before = tf.engine().backend.numDataIds();
  try {
    wasm._malloc = (size) => size > 200 && size < 250 ? 0 : _malloc(size); // the scratch tile, not the output of 252 bytes
    const { message } = assertThrows(() => tf.matMul(a, b), RangeError);
    assertEquals(message, "The wasm backend's memory has no 216 bytes left.");
  } finally {
    Object.assign(wasm, { _malloc });
  }
  assertEquals(tf.engine().backend.numDataIds(), before);
  tf.dispose([a, b]);
});

// ## Builds

for (const [kernels, other, lacks] of [["relaxed", "simd", "relaxed SIMD"], ["simd", "relaxed", "SIMD"]] as const) {
  Deno.test(`a machine that cannot run the build ${kernels} gets a sentence; forced, it is used and named`, async () => {
    assertEquals(await useBackend("wasm", { kernels: other }), { name: "wasm", kernels: other });
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = () => false;
      assertEquals(
        assertThrows(() => installTrainingKernels(kernels), EnvironmentError).message,
        `The training kernels cannot run here: this machine's WebAssembly has no ${lacks}.`,
      );
      assertEquals(fastest(), undefined);
      const refused = Uint8Array.fromBase64(BINARIES[kernels]).toBase64();
      WebAssembly.validate = (bytes) => (bytes as Uint8Array).toBase64() !== refused;
      assertEquals(fastest(), other, "what is left");
    } finally {
      WebAssembly.validate = validate;
    }
    assertEquals(fastest(), "relaxed", "where both run");
    assertEquals(await useBackend("wasm", { kernels }), { name: "wasm", kernels });
    assertEquals(await useBackend("wasm"), { name: "wasm", kernels }, "it stays until another is asked for");
  });
}

const compiler = await granted({ name: "read" }) && await granted({ name: "write" }) && await granted({ name: "run" });
testIf(
  compiler,
  "--allow-read --allow-write --allow-run",
  "the binaries are what their source says, byte for byte",
  async () => {
    const built = { relaxed: await build("relaxed"), simd: await build("simd") };
    for (const name of ALL) assertEquals(built[name].toBase64(), BINARIES[name]);
    assertEquals<Record<string, readonly string[]>>(PARAMETERS, await parametersOf(built.simd));
  },
);
