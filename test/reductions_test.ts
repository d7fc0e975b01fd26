import { assertEquals, assertLessOrEqual } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertAgrees, assertNear, assertSame, BUILDS, check, numbers, valuesOn } from "./_kernels.ts";

/** What a sum of positive numbers may be off, relative to itself: a few roundings of float32, however many there are. */
const SUM = 1e-6;

/** Unequal numbers in (1, 3). */
const positive = (shape: number[], seed: number) => numbers(shape, seed).add(2);

/** A shape of up to five axes, and some of them to reduce. */
const reduced = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axes: fc.subarray([...shape.keys()]),
    keepDims: fc.boolean(),
    negative: fc.boolean(),
  })
);

Deno.test("sums and means over any axes agree with the cpu backend", async () => {
  await check(reduced, async ({ shape, axes, keepDims, negative }) => {
    const axis = negative ? axes.map((axis) => axis - shape.length) : axes.toReversed();
    for (const op of ["sum", "mean"] as const) {
      await assertSame(() => positive(shape, 1)[op](axis, keepDims), `${op} of ${shape} over ${axis}`, SUM);
    }
  });
});

Deno.test("sums of every length and width, to the last numbers of their rows", async () => {
  for (const n of [1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 67, 255, 256, 257, 519]) {
    for (const m of [1, 2, 3, 4, 5, 7, 8, 9, 15, 31, 32, 33, 35, 64, 127]) {
      await assertAgrees(() => positive([2, m, n], m + n).sum(1), `${m} rows of ${n}`, SUM);
    }
  }
});

for (const kernels of BUILDS) {
  Deno.test(`sums of millions of equal numbers do not stand still (${kernels})`, async () => {
    const n = 3e7; // above 2^24, where float32 no longer counts
    const sum = (make: () => tf.Tensor) => valuesOn("wasm", make, kernels);
    assertEquals(await sum(() => tf.fill([n], 1).sum()), [n]);
    assertEquals(await sum(() => tf.fill([n / 3, 3], 1).sum(0)), [1e7, 1e7, 1e7]);
    assertEquals(await sum(() => tf.fill([2, n / 6, 3], 1).sum([0, 1])), [1e7, 1e7, 1e7]);
    assertEquals(await sum(() => tf.fill([2, n / 2], 1).sum(1)), [n / 2, n / 2]);
    assertEquals(await sum(() => tf.fill([n], 0.1).mean()), [Math.fround(0.1)]);
    const tenth = await sum(() => tf.fill([n / 300, 300], 0.1).sum(0));
    for (const value of tenth) assertLessOrEqual(Math.abs(value / (n / 300 * Math.fround(0.1)) - 1), SUM);
    const counts = await sum(() => tf.fill([n], 1, "int32").mean());
    assertEquals(counts, [1]);
  });

  Deno.test(`a gradient that sums millions of rows, as a bias's does, is right to a millionth (${kernels})`, async () => {
    const rows = 1 << 21;
    const found = await valuesOn("wasm", () => {
      const [x, slope] = [tf.zeros([rows, 8]), tf.fill([rows, 8], 0.7)];
      return tf.grad((bias) => x.add(bias).mul(slope))(tf.zeros([8]));
    }, kernels);
    assertNear(found, Array(8).fill(rows * Math.fround(0.7)), "bias", SUM);
  });

  Deno.test(`NaN and infinities reach the sums they belong to (${kernels})`, async () => {
    for (const m of [3, 9, 40, 1025]) {
      const x = () => {
        const values = new Float32Array(5 * m).fill(1);
        values.set([NaN, 1, Infinity, 1, 1], 5 * Math.floor(m / 2));
        return tf.tensor(values, [m, 5]);
      };
      assertEquals(await valuesOn("wasm", () => x().sum(0), kernels), [NaN, m, Infinity, m, m]);
      assertEquals(await valuesOn("wasm", () => x().transpose().sum(1), kernels), [NaN, m, Infinity, m, m]);
    }
  });
}

Deno.test("reductions of nothing give what the cpu backend gives", async () => {
  const cases: [number[], number | number[] | undefined][] = [
    [[0, 3], 0],
    [[0, 3], 1],
    [[0, 3], undefined],
    [[2, 0, 3], 1],
    [[2, 0, 3], [0, 1]],
    [[2, 0, 3], 2],
    [[0], 0],
    [[2, 3, 0], [0, 2]],
  ];
  for (const [shape, axis] of cases) {
    for (const dtype of ["float32", "int32", "bool"] as const) {
      for (const keepDims of [false, true]) {
        const what = `${dtype} [${shape}] over ${axis}`;
        const empty = () => spoilt(() => tf.zeros(shape, dtype));
        for (const op of ["sum", "mean", "prod", "max", "min", "logSumExp"] as const) {
          await assertSame(() => empty()[op](axis, keepDims), `${op} of ${what}`);
        }
        if (dtype === "bool") await assertSame(() => [empty().all(axis, keepDims), empty().any(axis, keepDims)], what);
      }
      if (typeof axis !== "number" || dtype === "bool") continue;
      await assertSame(() => {
        const x = spoilt(() => tf.zeros(shape, dtype));
        return [x.argMax(axis), x.argMin(axis), x.cumsum(axis), tf.cumprod(x, axis)];
      }, `of ${shape}`);
    }
  }
  assertEquals(await valuesOn("wasm", () => tf.sum(tf.zeros([0, 3]), 0)), [0, 0, 0]);
});

/** Makes a tensor after memory was given back in which others' numbers still lie. */
function spoilt(make: () => tf.Tensor): tf.Tensor {
  for (const size of [1, 3, 6, 12]) tf.fill([size], 7.5).dispose();
  return make();
}

Deno.test("the gradients of sums and means agree with the cpu backend, also the second", async () => {
  for (const axis of [0, 1, [0, 2], undefined]) {
    const loss = (x: tf.Tensor) => x.square().mean(axis).square().sum().add(x.pow(3).sum(axis).square().mean());
    await assertSame(() => tf.grad(loss)(numbers([3, 4, 5], 1)), `over ${axis}`);
    await assertSame(() => tf.grad((x) => tf.grad(loss)(x).square())(numbers([3, 4, 5], 1)), `second, over ${axis}`);
  }
});

// ## Segments

const segments = fc.record({
  ids: fc.array(fc.integer({ min: -3, max: 7 }), { maxLength: 12 }),
  row: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 2 }),
});

Deno.test("sums by segment pass over ids that name none, as the cpu backend does", async () => {
  await check(segments, async ({ ids, row }) => {
    const sums = () => tf.unsortedSegmentSum(numbers([ids.length, ...row], 1), tf.tensor1d(ids, "int32"), 5);
    await assertAgrees(sums, `${ids} of ${row}`);
    const shape = () => sums().shape;
    await useBackend("wasm");
    assertEquals(tf.tidy(shape), [5, ...row]);
  });
  assertEquals(
    await valuesOn("wasm", () => tf.unsortedSegmentSum([1, 2, 4, 8, 16], tf.tensor1d([1, -1, 1, 2, 0], "int32"), 2)),
    [16, 5],
  );
});

Deno.test("the ids of rows may have several axes; whole numbers stay whole", async () => {
  const ids = () => tf.tensor2d([[2, 0, 2], [1, -4, 0]], [2, 3], "int32") as tf.Tensor as tf.Tensor1D;
  const found = await valuesOn("wasm", () => tf.unsortedSegmentSum(tf.range(0, 12).reshape([2, 3, 2]), ids(), 3));
  assertEquals(found, [2 + 10, 3 + 11, 6, 7, 0 + 4, 1 + 5]); // rows 1 and 5, row 3, rows 0 and 2
  await useBackend("wasm");
  const whole = tf.tidy(() =>
    tf.unsortedSegmentSum(tf.tensor1d([1 << 24, 1, 7], "int32"), tf.tensor1d([1, 1, -1], "int32"), 2)
  );
  assertEquals([whole.dtype, ...await whole.data()], ["int32", 0, (1 << 24) + 1]);
  whole.dispose();
});

for (const kernels of BUILDS) {
  Deno.test(`a segment of millions of rows does not stand still (${kernels})`, async () => {
    const n = (1 << 24) + 6;
    const sums = () => tf.unsortedSegmentSum(tf.fill([n, 1], 1), tf.zeros([n], "int32"), 2);
    assertEquals(await valuesOn("wasm", sums, kernels), [n, 0]);
  });
}

Deno.test("the gradient of gather, also of rows taken hundreds of times, agrees with the cpu backend", async () => {
  for (const taken of [9, 500]) {
    await assertAgrees(() => {
      const indices = tf.range(0, taken, 1, "int32").mod(tf.scalar(5, "int32"));
      return tf.grad((x) => x.gather(indices).mul(numbers([taken, 7], 2)))(numbers([6, 7], 1));
    }, `${taken} rows`);
  }
});

Deno.test("the gradient of sums by segment passes over ids that name none", async () => {
  await assertAgrees(
    () =>
      tf.grad((x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, -1, 1], "int32"), 2).mul(numbers([2, 3], 2)))(
        numbers([3, 3], 1),
      ),
    "gradient",
  );
  const gradient = (ids: number[], segments: number) => () => {
    const loss = (x: tf.Tensor) =>
      tf.unsortedSegmentSum(x, tf.tensor1d(ids, "int32"), segments).mul([1, 2].slice(-segments));
    return tf.grad(loss)(tf.ones([ids.length]));
  };
  for (const backend of ["wasm", "cpu"] as const) {
    assertEquals(await valuesOn(backend, gradient([1, 2, 0, -1, 7], 2)), [2, 0, 1, 0, 0]);
  }
  assertEquals(await valuesOn("wasm", gradient([], 2)), []);
});

Deno.test("sparse sums and means by segment agree with the cpu backend, of any type", async () => {
  for (const dtype of ["float32", "int32", "bool"] as const) {
    const of = (op: typeof tf.sparse.sparseSegmentSum) => () =>
      op(
        numbers([4, 3], 1).mul(9).cast(dtype) as tf.Tensor2D,
        tf.tensor1d([0, 2, 3, 2], "int32"),
        tf.tensor1d([0, 1, 1, 3], "int32"),
      );
    await assertSame(of(tf.sparse.sparseSegmentSum), `sum of ${dtype}`);
    await assertSame(of(tf.sparse.sparseSegmentMean), `mean of ${dtype}`);
  }
});
