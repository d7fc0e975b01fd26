import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertSame, BUILDS, check, runKernel, valuesOn } from "./_kernels.ts";

const TYPES = ["float32", "int32", "bool", "string"] as const;
const NUMERIC = ["float32", "int32", "bool"] as const;
type Type = typeof TYPES[number];

/** Unequal values of a type, others for another `seed`. */
function values(shape: number[], dtype: Type, seed = 1): tf.Tensor {
  const value = (i: number) => (7 * seed * i) % 11 - 4;
  const make = {
    float32: value,
    int32: value,
    bool: (i: number) => value(i) > 0,
    string: (i: number) => `s${value(i)}`,
  };
  return tf.tensor(
    Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => make[dtype](i)) as string[],
    shape,
    dtype,
  );
}

const rows = () => tf.tensor2d([[1], [3]], [2, 1], "int32");
const choice = () => tf.tensor2d([[true], [false]], [2, 1], "bool");

/** Ops that move values, compare or reduce them, with the types they take. */
const ops: Record<string, [types: readonly Type[], op: (dtype: Type) => tf.Tensor | tf.Tensor[]]> = {
  "tile": [TYPES, (t) => tf.tile(values([2, 3], t), [2, 3])],
  "concat": [TYPES, (t) => tf.concat([values([2, 3], t), values([2, 2], t, 2)], 1)],
  "concat with nothing": [TYPES, (t) => tf.concat([values([2, 3], t), tf.tensor([], [2, 0], t)], 1)],
  "slice": [TYPES, (t) => values([4, 5, 3], t).slice([1, 2, 1], [2, 2, 2])],
  "strided slice": [TYPES, (t) => tf.stridedSlice(values([4, 5], t), [3, 4], [0, 0], [-1, -2])],
  "gather": [NUMERIC, (t) => values([4, 3], t).gather(tf.tensor2d([[2, 0], [1, 1]], [2, 2], "int32"), 1)],
  "gather in batches": [
    NUMERIC,
    (t) => {
      const taken = tf.tensor2d([[2, 0], [1, 1], [0, 2]], [3, 2], "int32");
      return [1, 2].map((axis) => values([3, 4, 5], t).gather(taken, axis, 1));
    },
  ],
  "gather of nothing": [
    ["float32", "int32", "bool"],
    (t) => tf.zeros([0, 3], t as "int32").gather(tf.zeros([0], "int32")),
  ],
  "gatherND": [TYPES, (t) => tf.gatherND(values([3, 4], t), tf.tensor2d([[0, 1], [2, 3]], [2, 2], "int32"))],
  "transpose": [NUMERIC, (t) => values([2, 3, 4], t).transpose([2, 0, 1])],
  "reverse": [NUMERIC, (t) => values([2, 3, 4], t).reverse([0, 2])],
  "broadcast": [NUMERIC, (t) => tf.broadcastTo(values([3, 1], t), [2, 3, 4])],
  "where": [NUMERIC, (t) => tf.where(choice(), values([2, 3], t), values([2, 3], t, 2))],
  "sparse to dense": [
    TYPES,
    (t) => tf.sparseToDense(rows(), values([2], t) as tf.Tensor1D, [5], values([], t, 2) as never),
  ],
  "empty rows": [NUMERIC, (t) => {
    const filled = tf.sparse.sparseFillEmptyRows(
      tf.tensor2d([[0, 0], [2, 0]], [2, 2], "int32"),
      values([2], t) as tf.Tensor1D,
      tf.tensor1d([4, 2], "int32"),
      values([], t, 2) as tf.Scalar,
    ) as Record<string, tf.Tensor>;
    return [filled.outputIndices, filled.outputValues, filled.emptyRowIndicator, filled.reverseIndexMap];
  }],
  "one hot": [NUMERIC, (t) => tf.oneHot([1, 0, 3, 9], 4, t === "bool" ? 1 : 2.5, 0, t as "int32")],
  "top k": [NUMERIC, (t) => tf.topk(values([2, 7], t), 3).values],
  "cumulative sum": [NUMERIC, (t) => values([2, 7], t).cumsum(1)],
  "comparisons": [TYPES, (t) => {
    const [a, b] = [values([3, 1], t), values([2], t, 2)];
    return [a.equal(b), a.notEqual(b), a.less(b), a.lessEqual(b), a.greater(b), a.greaterEqual(b)];
  }],
  "sorted search": [
    ["float32", "int32", "bool"],
    (t) => tf.upperBound(values([3], t) as tf.Tensor1D, values([3], t) as tf.Tensor1D),
  ],
  "nearest neighbours": [["float32", "int32"], (t) => {
    return tf.image.resizeNearestNeighbor(values([1, 2, 2, 3], t) as tf.Tensor4D, [3, 5]);
  }],
  "counts": [NUMERIC, (t) => {
    const bins = tf.tensor1d([1, 2, 2, 0], "int32");
    return [
      tf.bincount(bins, values([4], t) as tf.Tensor1D, 4),
      tf.bincount(bins.reshape([2, 2]) as unknown as tf.Tensor1D, values([0], t) as tf.Tensor1D, 4),
      tf.denseBincount(bins.reshape([2, 2]) as tf.Tensor2D, values([2, 2], t) as tf.Tensor2D, 4),
    ];
  }],
  "reductions": [NUMERIC, (t) => {
    const x = values([3, 4, 2], t);
    return [x.max(1), x.min(0), x.prod(2), x.sum([0, 2]), x.mean(1), x.argMax(0), x.argMin(1)];
  }],
};

for (const [name, [types, op]] of Object.entries(ops)) {
  Deno.test(`${name}: every type gives what it gives on the cpu backend`, async () => {
    for (const dtype of types) await assertSame(() => op(dtype), `${name} of ${dtype}`);
  });
}

Deno.test("a cast takes every number for what it is, NaN and whatever is too large included", async () => {
  const numbers = [
    NaN,
    Infinity,
    -Infinity,
    -3.7,
    3.7,
    -0,
    0,
    0.4,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    -(2 ** 31) - 1,
    1e20,
    256,
  ];
  const whole = [1, 3, -2, 0, 256, 2 ** 24 + 1, -(2 ** 31)];
  for (const to of ["float32", "int32", "bool"] as const) {
    await assertSame(() => tf.tensor1d(numbers).cast(to), `float32 to ${to}`);
    await assertSame(() => tf.tensor1d(whole, "int32").cast(to), `int32 to ${to}`);
    await assertSame(() => tf.tensor1d([true, false, true], "bool").cast(to), `bool to ${to}`);
  }
  assertEquals(await valuesOn("wasm", () => tf.tensor1d([1, 3, -2, 0, NaN, 256]).toBool()), [1, 1, 1, 0, 1, 1]);
});

Deno.test("tensors of nothing are turned, sorted, and added up, and the backend lives on", async () => {
  for (const dtype of NUMERIC) {
    await assertSame(() => [
      tf.transpose(tf.zeros([0, 3, 4, 2], dtype), [0, 3, 1, 2]),
      tf.transpose(tf.zeros([2, 0, 3], dtype), [2, 1, 0]),
      tf.zeros([3, 0, 2], dtype).cumsum(0),
      tf.cumprod(tf.zeros([0, 4], dtype), 0),
      tf.topk(tf.zeros([0, 3], dtype), 2).indices,
      tf.topk(tf.zeros([0], dtype), 0).values,
    ], `nothing of ${dtype}`);
  }
  await assertSame(() => [
    tf.batchToSpaceND(tf.zeros([0, 2, 3, 1]), [2, 1], [[0, 0], [0, 0]]),
    tf.spaceToBatchND(tf.zeros([0, 2, 3, 1]), [2, 1], [[0, 0], [0, 0]]),
  ], "blocks of nothing");
});

Deno.test("a cumulative sum or product runs along an axis counted from either end", async () => { // cpu's wants the first
  for (const dtype of NUMERIC) {
    for (const axis of [0, 1, 2]) {
      const along = (axis: number) => () => {
        const x = values([2, 3, 4], dtype);
        return [x.cumsum(axis, true), tf.cumprod(x, axis, false, true)];
      };
      for (const i of [0, 1]) {
        const expected = await valuesOn("cpu", () => along(axis)()[i]);
        for (const kernels of BUILDS) {
          assertEquals(await valuesOn("wasm", () => along(axis - 3)()[i], kernels), expected, `${dtype}, axis ${axis}`);
        }
      }
    }
  }
});

Deno.test("sums, products and paddings of more than six axes agree with the cpu backend", async () => {
  const [a, b] = [[2, 1, 1, 4, 2, 1, 2], [2, 2, 3, 1, 4, 1, 3, 2]];
  await assertSame(() => {
    const [x, y] = [values(a, "float32"), values(b, "float32", 2)];
    return [x.add(y), x.sub(y), x.mul(y), x.div(y.add(10)), x.squaredDifference(y), x.pad(a.map(() => [1, 0]), 2)];
  }, "seven and eight axes");
});

Deno.test("a slice may take one number of an axis and steps along others", async () => { // cpu refuses it
  const x = () => tf.range(0, 60, 1, "int32").reshape([3, 4, 5]);
  const cases: [slice: number[][], shape: number[], numbers: number[]][] = [
    [[[1, 0, 0], [2, 4, 5], [1, 2, 2], [1]], [2, 3], [20, 22, 24, 30, 32, 34]], // x[1, ::2, ::2]
    [[[0, 2, 4], [3, 3, -6], [2, 1, -2], [2]], [2, 3], [14, 12, 10, 54, 52, 50]], // x[::2, 2, ::-2]
    [[[2, -1, 1], [3, 0, 5], [1, 1, 3], [3]], [2], [56, 59]], // x[2, -1, 1::3]
    [[[1, 1, 1], [2, 2, 2], [2, 2, 2], [7]], [], [26]], // x[1, 1, 1]
    [[[1, 0, 3], [2, 4, 3], [1, 2, 1], [1]], [2, 0], []], // x[1, ::2, 3:3]
  ];
  for (const dtype of ["float32", "int32"] as const) {
    for (const [[begin, end, strides, [shrinkMask]], shape, numbers] of cases) {
      const slice = () => x().cast(dtype).stridedSlice(begin, end, strides, 0, 0, 0, 0, shrinkMask);
      for (const kernels of BUILDS) assertEquals(await valuesOn("wasm", slice, kernels), numbers);
      assertEquals(tf.tidy(() => slice().shape), shape);
    }
  }
});

Deno.test("whole numbers over zero are zero, as on the cpu backend, and the backend lives on", async () => {
  const [a, b] = [() => tf.tensor1d([7, -7, 1, 0], "int32"), () => tf.tensor1d([0, 2, 0, 5], "int32")];
  await assertSame(
    () => [a().floorDiv(b()), a().mod(b()), a().div(b()), a().floorDiv(tf.scalar(0, "int32"))],
    "over zero",
  );
});

Deno.test("a slice is what the cpu backend cuts, and one outside is refused in tfjs's words", async () => {
  const part = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }).chain((shape) =>
    fc.tuple(...shape.map((size) => fc.integer({ min: 0, max: size }))).chain((begin) =>
      fc.tuple(...begin.map((first, axis) => fc.integer({ min: 0, max: shape[axis] - first }))).map((size) => ({
        shape,
        begin,
        size,
      }))
    )
  );
  await check(part, async ({ shape, begin, size }) => {
    for (const dtype of ["float32", "bool"] as const) {
      await assertSame(() => values(shape, dtype).slice(begin, size), `${size} of ${shape} from ${begin}`);
    }
  });
  await useBackend("wasm");
  tf.tidy(() => {
    const x = tf.ones([3, 4]);
    assertThrows(() => x.slice([1, 1], [3, 1]), Error, "begin[0] + size[0] (4) would overflow input.shape[0] (3)");
  });
});

Deno.test("what the cpu backend does is asked for below, kept nowhere, and never printed", async () => {
  await useBackend("wasm");
  const x = values([7], "bool");
  const before = [tf.memory().numTensors, tf.engine().backend.numDataIds(), tf.findBackend("cpu").numDataIds()];
  for (let i = 0; i < 3; i++) runKernel("Sin", { x }, {}).dispose();
  assertThrows(() => tf.tidy(() => tf.matMul(values([2, 3], "int32"), values([2, 3], "int32"))));
  assertEquals([tf.memory().numTensors, tf.engine().backend.numDataIds(), tf.findBackend("cpu").numDataIds()], before);
  x.dispose();
});

// ## Products of whole numbers

const product = fc.record({
  sizes: fc.tuple(...[0, 0, 0].map(() => fc.integer({ min: 0, max: 7 }))),
  batches: fc.constantFrom([[], []], [[3], [3]], [[3], [1]], [[], [3]], [[2, 3], [2, 3]]),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  dtype: fc.constantFrom("int32" as const, "bool" as const),
});

Deno.test("products of matrices of whole numbers and of bools agree with the cpu backend", async () => {
  await check(product, async ({ sizes: [M, K, N], batches: [batchA, batchB], transposeA, transposeB, dtype }) => {
    const a = () => values([...batchA, ...transposeA ? [K, M] : [M, K]], dtype);
    const b = () => values([...batchB, ...transposeB ? [N, K] : [K, N]], dtype, 2);
    const what = JSON.stringify({ M, K, N, batchA, batchB, transposeA, transposeB, dtype });
    if (batchA.length < batchB.length) return;
    await assertSame(() => tf.matMul(a(), b(), transposeA, transposeB), what);
  });
});

Deno.test("fused products of whole numbers have their bias and their activation", async () => {
  for (const activation of ["linear", "relu"] as const) {
    await assertSame(() => {
      const [a, b, bias] = [values([2, 3], "int32"), values([3, 4], "int32", 2), values([4], "int32", 3)];
      return tf.fused.matMul({ a, b, bias, activation });
    }, activation);
  }
});

for (const kernels of BUILDS) {
  Deno.test(`products of whole numbers are exact beyond what float32 counts, and broadcast on both sides (${kernels})`, async () => {
    const large = () =>
      tf.matMul(tf.tensor2d([[30001, 1]], [1, 2], "int32"), tf.tensor2d([[30001], [7]], [2, 1], "int32"));
    assertEquals(await valuesOn("wasm", large, kernels), [30001 ** 2 + 7]);
    const n = 2 ** 30 + 1; // n² - n (n - 1) is n, and n² has more digits than float64
    const beyond = () =>
      tf.matMul(tf.tensor2d([[n, n]], [1, 2], "int32"), tf.tensor2d([[n], [1 - n]], [2, 1], "int32"));
    assertEquals(await valuesOn("wasm", beyond, kernels), [n]);
    const both = await valuesOn("wasm", () => {
      const [a, b] = [values([2, 1, 2, 3], "int32"), values([1, 3, 3, 2], "int32", 2)];
      const tiled = tf.matMul(a.tile([1, 3, 1, 1]), b.tile([2, 1, 1, 1]));
      return tf.matMul(a, b).sub(tiled);
    }, kernels);
    assertEquals(both, Array(24).fill(0));
    const counts = await valuesOn("wasm", () => tf.math.confusionMatrix([0, 1, 1, 2, 1], [0, 2, 1, 2, 1], 3), kernels);
    assertEquals(counts, [1, 0, 0, 0, 2, 1, 0, 0, 1]);
  });
}
