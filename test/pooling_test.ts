import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { withHeap } from "../src/kernels/assembled.ts";
import { described, poolingWindows } from "../src/kernels/windows.ts";
import { assertAgrees, assertNear, BUILDS, check, numbers, runKernel, valuesOn } from "./_kernels.ts";

type Shape = number[];
type Pad = "same" | "valid" | number | [number, number][];

/** A pooling of images `[B, H, W, C]` or volumes `[B, D, H, W, C]`. */
interface Pooling {
  shape: Shape;
  filterSize: number[];
  strides: number[];
  pad: Pad;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

const upTo = (max: number, min = 1) => fc.integer({ min, max });
const side = fc.tuple(upTo(2, 0), upTo(2, 0));

/** Paddings: those by name, and those by number, whose output may be rounded in every way. */
const padding = (explicit: boolean) =>
  fc.oneof(
    fc.constantFrom("same" as const, "valid" as const).map((pad) => ({ pad, dimRoundingMode: undefined })),
    fc.record({
      pad: explicit
        ? fc.oneof(
          upTo(2, 0),
          fc.tuple(side, side).map(([rows, columns]) => [[0, 0], rows, columns, [0, 0]] as [number, number][]),
        )
        : upTo(2, 0),
      dimRoundingMode: fc.constantFrom("floor" as const, "round" as const, "ceil" as const, undefined),
    }),
  );

/** Images of every size from nothing on; channels in fours and not; windows larger than the image, and apart. */
const images: fc.Arbitrary<Pooling> = fc.record({
  shape: fc.tuple(upTo(3, 0), upTo(8), upTo(8), upTo(9, 0)),
  filterSize: fc.tuple(upTo(4), upTo(4)),
  strides: fc.tuple(upTo(4), upTo(4)),
  padding: padding(true),
}).map(({ padding, ...rest }) => ({ ...rest, ...padding }));

const volumes: fc.Arbitrary<Pooling> = fc.record({
  shape: fc.tuple(upTo(2, 0), upTo(5), upTo(5), upTo(5), upTo(6, 0)),
  filterSize: fc.tuple(upTo(3), upTo(3), upTo(3)),
  strides: fc.tuple(upTo(3), upTo(3), upTo(3)),
  padding: padding(false),
}).map(({ padding, ...rest }) => ({ ...rest, ...padding }));

/** Where the windows lie, as tfjs has it: sizes and paddings of all three axes. */
function geometry({ shape, filterSize, strides, pad, dimRoundingMode }: Pooling) {
  // deno-lint-ignore no-explicit-any -- two functions of tfjs, for two ranks
  const given = [shape, filterSize, strides, 1, pad, dimRoundingMode] as any;
  if (shape.length === 5) {
    const { outDepth, outHeight, outWidth, padInfo: { front, top, left } } = tf.backend_util.computePool3DInfo
      .apply(null, given);
    return { out: [outDepth, outHeight, outWidth], before: [front, top, left], strides, filter: filterSize };
  }
  const { outHeight, outWidth, padInfo: { top, left } } = tf.backend_util.computePool2DInfo.apply(null, given);
  const same = filterSize.every((size) => size === 1) && outHeight === shape[1] && outWidth === shape[2];
  return {
    out: [1, outHeight, outWidth],
    before: same ? [0, 0, 0] : [0, top, left],
    strides: same ? [1, 1, 1] : [1, ...strides],
    filter: [1, ...filterSize],
  };
}

/** Whether it has an output at all. */
const pools = (pooling: Pooling) => geometry(pooling).out.every((size) => size > 0);

/** The numbers of `x` that each output sees, as their places. */
function windows(pooling: Pooling): { shape: Shape; seen: number[][] } {
  const { out: [P, Q, R], before, strides, filter } = geometry(pooling);
  const { shape } = pooling;
  const [B, D, H, W, C] = shape.length === 5 ? shape : [shape[0], 1, ...shape.slice(1)];
  const seen: number[][] = [];
  const inside = (i: number, axis: number, size: number) =>
    Array.from({ length: filter[axis] }, (_, k) => i * strides[axis] - before[axis] + k)
      .filter((at) => at >= 0 && at < size);
  for (let b = 0; b < B; b++) {
    for (let p = 0; p < P; p++) {
      for (let q = 0; q < Q; q++) {
        for (let r = 0; r < R; r++) {
          for (let c = 0; c < C; c++) {
            seen.push(
              inside(p, 0, D).flatMap((d) =>
                inside(q, 1, H).flatMap((h) => inside(r, 2, W).map((w) => (((b * D + d) * H + h) * W + w) * C + c))
              ),
            );
          }
        }
      }
    }
  }
  return { shape: shape.length === 5 ? [B, P, Q, R, C] : [B, Q, R, C], seen };
}

/** The place of the largest of some numbers, the first or the last of equal ones; -1 for none. */
function argmax(x: ArrayLike<number>, places: number[], last: boolean): number {
  return places.reduce(
    (best, at) => x[at] > (x[best] ?? -Infinity) || (last && x[at] === (x[best] ?? -Infinity)) ? at : best,
    -1,
  );
}

/** Pools in double precision, and says what the gradient of the outputs' sum, weighted by `dy`, is. */
function plain(kind: "Max" | "Avg", pooling: Pooling, x: ArrayLike<number>, dy: ArrayLike<number>) {
  const { shape, seen } = windows(pooling);
  const volume = shape.length === 5;
  const dx = new Float64Array(tf.util.sizeFromShape(pooling.shape));
  const y = seen.map((places, o) => {
    if (kind === "Max") {
      const at = argmax(x, places, volume);
      if (at >= 0) dx[at] += dy[o];
      return at >= 0 ? x[at] : -Infinity;
    }
    for (const at of places) dx[at] += dy[o] / places.length;
    return places.reduce((sum, at) => sum + x[at], 0) / Math.max(places.length, volume ? 1 : 0);
  });
  return { shape, y, dx: [...dx] };
}

for (const [name, poolings, rank] of [["images", images, ""], ["volumes", volumes, "3D"]] as const) {
  for (const kind of ["Max", "Avg"] as const) {
    Deno.test(`${kind}Pool${rank} and its gradient are a plain loop's on ${name} of any size, window and padding`, async () => {
      await check(poolings.filter(pools), async (pooling) => {
        const { shape, ...attrs } = pooling;
        // Shifted, so that most windows have negative maxima alone; rounded to tenths, so that some are equal.
        const x = () => numbers(shape, 1).sub(0.7).mul(10).round().div(10);
        const outShape = windows(pooling).shape;
        const dy = () => numbers(outShape, 2);
        const expected = plain(kind, pooling, await valuesOn("cpu", x), await valuesOn("cpu", dy));
        for (const kernels of BUILDS) {
          const what = JSON.stringify({ ...pooling, kernels });
          let found: Shape = [];
          const y = await valuesOn("wasm", () => {
            const pooled = runKernel(`${kind}Pool${rank}`, { x: x() }, attrs);
            found = pooled.shape;
            return pooled;
          }, kernels);
          assertEquals(found, outShape, what);
          assertNear(y, expected.y, what, 1e-6);
          const dx = await valuesOn("wasm", () => {
            // As tfjs's own gradient: without the rounding, and with the pooled numbers.
            const inputs = { dy: dy(), input: x(), output: dy() };
            return runKernel(`${kind}Pool${rank}Grad`, inputs, { ...attrs, dimRoundingMode: undefined });
          }, kernels);
          assertNear(dx, expected.dx, what, 1e-6);
        }
      }, 200);
    });

    Deno.test(`${kind}Pool${rank} agrees with the cpu backend on ${name}`, async () => {
      await check(poolings.filter(pools), async ({ shape, ...attrs }) => {
        const what = JSON.stringify({ shape, ...attrs });
        await assertAgrees(() => runKernel(`${kind}Pool${rank}`, { x: numbers(shape, 1).sub(0.5) }, attrs), what, 1e-6);
      }, 100);
    });
  }
}

// ## By hand

/** The gradient of the pooled numbers' sum, by both builds, which must be one. */
async function slopes(pool: (x: tf.Tensor4D) => tf.Tensor, x: number[], shape: Shape): Promise<number[]> {
  const [found, same] = await Promise.all(
    BUILDS.map((kernels) =>
      valuesOn("wasm", () => tf.grad((t: tf.Tensor) => pool(t as tf.Tensor4D).sum())(tf.tensor(x, shape)), kernels)
    ),
  );
  assertEquals(found, same);
  return found;
}

const tiny = 2 ** -149, huge = 2 ** 24;

Deno.test("a maximum's gradient goes to one number, whatever it is", async () => {
  for (
    const [x, expected] of [
      [[-1, 0, -2, -3], [0, 1, 0, 0]],
      [[-1, tiny, -2, 0], [0, 1, 0, 0]],
      [[-3, -2, -tiny, -1], [0, 0, 1, 0]],
      [[-huge, -huge + 1, -huge, -huge], [0, 1, 0, 0]],
      [[1, 5, 5, 5], [0, 1, 0, 0]],
      [[0, 0, 0, 0], [1, 0, 0, 0]],
      [[NaN, 1, 2, 0], [0, 0, 1, 0]],
      [[-Infinity, -Infinity, -1, -Infinity], [0, 0, 1, 0]],
      [[1, Infinity, Infinity, 0], [0, 1, 0, 0]],
      [[-Infinity, -Infinity, -Infinity, -Infinity], [0, 0, 0, 0]],
      [[NaN, NaN, NaN, NaN], [0, 0, 0, 0]],
    ]
  ) {
    for (const C of [1, 4, 5]) { // one number at a time, and four
      const spread = (numbers: number[]) => numbers.flatMap((number) => Array(C).fill(number));
      const found = await slopes((t) => tf.maxPool(t, 2, 2, "valid"), spread(x), [1, 2, 2, C]);
      assertEquals(found, spread(expected), `${x}, ${C} channels`);
      const same = await valuesOn(
        "cpu",
        () =>
          tf.grad((t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, 2, 2, "valid").sum())(
            tf.tensor(spread(x), [1, 2, 2, C]),
          ),
      );
      assertEquals(found, same, "as on cpu");
    }
  }
});

Deno.test("an infinite gradient stays with its pixel", async () => {
  for (const kernels of BUILDS) {
    const found = await valuesOn("wasm", () => {
      const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 8, 1]);
      return runKernel("MaxPoolGrad", { dy: tf.tensor4d([Infinity, 1, NaN, 2], [1, 1, 4, 1]), input: x, output: x }, {
        filterSize: [1, 2],
        strides: 2,
        pad: "valid",
      });
    }, kernels);
    assertEquals(found, [0, Infinity, 0, 1, 0, NaN, 0, 2]);
  }
});

Deno.test("an average beside the edge is over the pixels inside, and so is its gradient", async () => {
  // Windows of 2 x 2 at the corner, at two edges and inside: of 1, 2 and 4 pixels.
  const pad: Pad = [[0, 0], [1, 0], [1, 0], [0, 0]];
  const average = (t: tf.Tensor4D) => tf.avgPool(t, 2, 1, pad as unknown as number);
  const y = await valuesOn("wasm", () => average(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1])));
  assertEquals(y, [1, 1.5, 2, 2.5]);
  assertEquals(await slopes(average, [1, 2, 3, 4], [1, 2, 2, 1]), [1 + 0.5 + 0.5 + 0.25, 0.75, 0.75, 0.25]);
});

Deno.test("windows of one pixel that are as many as the pixels are the pixels, as on the cpu backend", async () => {
  for (const pool of [tf.maxPool, tf.avgPool]) {
    const y = await valuesOn("wasm", () => pool(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]), 1, 2, 1));
    assertEquals(y, [1, 2, 3, 4]);
    assertEquals(await slopes((t) => pool(t, 1, 2, 1), [1, 2, 3, 4], [1, 2, 2, 1]), [1, 1, 1, 1]);
    const down: Pad = [[0, 0], [0, 2], [0, 0], [0, 0]]; // 3.5 outputs, of which only the rounded 4 are as many as the pixels
    const rounded = (t: tf.Tensor4D) => pool(t, 1, [2, 1], down as unknown as number, "round");
    assertEquals(await slopes(rounded, [1, 2, 3, 4], [1, 4, 1, 1]), [1, 1, 1, 1]);
  }
  const volume = () => tf.range(1, 9).reshape([1, 2, 2, 2, 1]); // of which only the last pixel is in a window
  const attrs = { filterSize: 1, strides: 2, pad: 1 };
  for (const [name, none] of [["MaxPool3D", -Infinity], ["AvgPool3D", 0]] as const) {
    assertEquals(await valuesOn("wasm", () => runKernel(name, { x: volume() }, attrs)), [...Array(7).fill(none), 8]);
  }
});

Deno.test("a window of padding alone is -∞, or NaN in an image and 0 in a volume, and has no gradient", async () => {
  const x = () => tf.tensor4d([7, 8], [1, 1, 2, 1]);
  const attrs = { filterSize: 1, strides: 1, pad: 1 };
  const alone = async (name: string, shape: Shape) =>
    (await valuesOn("wasm", () => runKernel(name, { x: x().reshape(shape) }, attrs)))[0];
  assertEquals(await alone("MaxPool", [1, 1, 2, 1]), -Infinity);
  assertEquals(await alone("AvgPool", [1, 1, 2, 1]), NaN);
  assertEquals(await alone("MaxPool3D", [1, 1, 1, 2, 1]), -Infinity);
  assertEquals(await alone("AvgPool3D", [1, 1, 1, 2, 1]), 0);
  for (const pool of [tf.maxPool, tf.avgPool]) {
    assertEquals(await slopes((t) => pool(t, 1, 1, 1), [7, 8], [1, 1, 2, 1]), [1, 1]);
  }
});

Deno.test("averages over many numbers keep six digits", async () => {
  for (const kernels of BUILDS) {
    for (const [H, W, C] of [[1, 300000, 1], [300000, 1, 4], [700, 500, 16]]) {
      const y = await valuesOn(
        "wasm",
        () => tf.avgPool(tf.fill([1, H, W, C], 0.1) as tf.Tensor4D, [H, W], 1, "valid"),
        kernels,
      );
      assertNear(y, Array(C).fill(Math.fround(0.1)), `${[H, W, C]}`, 1e-6);
    }
  }
});

Deno.test("a maximum passes over NaN, an average does not, and infinities stay", async () => {
  for (const pool of [tf.maxPool, tf.avgPool]) {
    for (const C of [1, 4, 16]) {
      await assertAgrees(() => {
        const strange = [NaN, 1, 2, 3, 1, NaN, NaN, NaN, Infinity, 1, -Infinity, 2, -Infinity, -Infinity, 1, NaN];
        const x = tf.tensor2d(strange, [16, 1]).tile([1, C]).reshape([1, 2, 8, C]) as tf.Tensor4D;
        return pool(x, 2, 2, "valid") as tf.Tensor;
      }, `${C} channels`);
    }
  }
});

Deno.test("pooling reads and writes nothing behind its images, which may lie at the memory's very end", async () => {
  for (const kernels of BUILDS) {
    await useBackend("wasm", { kernels });
    withHeap(tf.backend() as BackendWasm, kernels, (heap) => {
      heap.scratch(2 ** 18); // so that the memory need not grow below
      const { buffer } = heap.integers(0, 0);
      const near = heap.scratch(2 ** 14);
      for (const C of [1, 2, 3, 4, 5, 7, 16, 19]) {
        const shape = [2, 3, 3, C];
        const windows = poolingWindows(shape, { filterSize: 2, strides: 1, pad: "same" });
        const how = described(heap, windows, { shape, dtype: "float32", dataId: {} });
        const size = 18 * C;
        const end = buffer.byteLength - 4 * size;
        for (const [from, to] of [[end, near], [near, end]]) {
          const [x, y] = [new Float32Array(buffer, from, size), new Float32Array(buffer, to, size)];
          x.set(Float32Array.from({ length: size }, (_, i) => Math.sin(i)));
          const attrs = { filterSize: [2, 2], strides: [1, 1], pad: "same" as const };
          const expected = (kind: "Max" | "Avg") => plain(kind, { shape, ...attrs }, x, new Float32Array(size)).y;
          heap.kernels.maxPool({ x: from, y: to, ...how });
          assertNear(y, expected("Max"), `${C} channels`, 1e-6);
          heap.kernels.averagePool({ x: from, y: to, ...how, least: 0, most: Infinity });
          assertNear(y, expected("Avg"), `${C} channels`, 1e-6);
          heap.kernels.maxPoolPlaces({ x: from, places: to, ...how, batch: 1 });
          heap.kernels.averagePoolGradient({ dy: from, dx: to, ...how });
          heap.kernels.maxPoolGradient({ x: from, dy: from, dx: to, ...how, last: 0 });
        }
      }
    });
  }
});

// ## Whole numbers, places, and dilations

Deno.test("maximum pooling of whole numbers agrees with the cpu backend, beyond what float32 holds", async () => {
  const whole = (shape: Shape, most = 2 ** 30) =>
    tf.tensor(
      Int32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => most - (i * i) % 17),
      shape,
      "int32",
    );
  await check(images.filter(pools), async ({ shape, ...attrs }) => {
    await assertAgrees(() => runKernel("MaxPool", { x: whole(shape) }, attrs), JSON.stringify(attrs), 0);
  }, 50);
  await check(volumes.filter(pools), async ({ shape, ...attrs }) => {
    await assertAgrees(() => runKernel("MaxPool3D", { x: whole(shape, 9) }, attrs), JSON.stringify(attrs), 0);
  }, 50);
});

Deno.test("the places of maxima agree with the cpu backend, also of negative and whole numbers", async () => {
  // But for windows of one pixel that are as many as the pixels, where cpu's two kernels contradict each other.
  const distinct = (pooling: Pooling) =>
    pooling.filterSize.some((size) => size > 1) || pooling.strides.every((stride) => stride === 1);
  await check(images.filter(pools).filter(distinct), async ({ shape, ...attrs }) => {
    for (const dtype of ["float32", "int32"] as const) {
      for (const includeBatchInIndex of [false, true]) {
        for (const i of [0, 1]) {
          await assertAgrees(
            () => {
              const x = numbers(shape, 1).sub(0.7).mul(10).cast(dtype);
              const all = { ...attrs, dimRoundingMode: undefined, includeBatchInIndex } as unknown as tf.NamedAttrMap;
              return (tf.engine().runKernel("MaxPoolWithArgmax", { x }, all) as tf.Tensor[])[i];
            },
            JSON.stringify({ shape, ...attrs, dtype, includeBatchInIndex }),
            0,
          );
        }
      }
    }
  }, 40);
});

Deno.test("pooling with dilations agrees with the cpu backend", async () => {
  for (const kind of ["max", "avg"] as const) {
    for (const pad of ["same", "valid", 0] as const) {
      for (const dilations of [1, 2, [2, 3], [3, 1]] as (number | [number, number])[]) {
        for (const window of [1, 2, [2, 3], [3, 1]] as (number | [number, number])[]) {
          const pool = (x: tf.Tensor) => tf.pool(x as tf.Tensor4D, window, kind, pad, dilations, 1);
          const what = JSON.stringify({ kind, pad, dilations, window });
          await assertAgrees(() => pool(numbers([2, 9, 8, 3], 1).sub(0.7)), what, 1e-6);
          const inside = kind === "max" || pad !== "same"; // else cpu's gradient divides by pixels outside, too
          if (inside) await assertAgrees(() => tf.grad((x) => pool(x))(numbers([2, 9, 8, 3], 1).sub(0.7)), what, 1e-6);
        }
      }
    }
  }
});

// ## Gradients

Deno.test("gradients of pooling are finite differences, of the second order too", async () => {
  const pad: Pad = [[0, 0], [1, 2], [0, 1], [0, 0]];
  const poolings: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    "maximum, same": (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, "same"),
    "maximum, rounded up": (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 1, "ceil"),
    "average, same": (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, "same"),
    "average, rounded up": (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 0, "ceil"),
    "average, explicit": (x) => tf.avgPool(x as tf.Tensor4D, 3, 1, pad as unknown as number),
    "average of volumes": (x) => tf.avgPool3d(x.expandDims(1) as tf.Tensor5D, [1, 2, 3], 2, "same"),
  };
  const [shape, h] = [[1, 4, 5, 2], 2 ** -8];
  const x = Array.from({ length: 40 }, (_, i) => (i * 17 % 40) / 20 - 1); // so far apart that none overtakes another
  for (const [name, pool] of Object.entries(poolings)) {
    // Σ w y³ has the slope 3 w y² dy/dx, whose own slope needs the gradient of the gradient.
    const cubes = (t: tf.Tensor) => {
      const y = pool(t);
      return y.mul(y).mul(y).mul(numbers(y.shape, 2)).sum();
    };
    const slope = (t: tf.Tensor) => tf.grad(cubes)(t).mul(numbers(shape, 3)).sum();
    for (const f of [cubes, slope]) {
      const found = await valuesOn("wasm", () => tf.grad(f)(tf.tensor(x, shape)));
      const moved = (i: number, by: number) => tf.tensor(x.with(i, x[i] + by), shape);
      const expected = await Promise.all(
        x.map(async (_, i) => (await valuesOn("wasm", () => f(moved(i, h)).sub(f(moved(i, -h))).div(2 * h)))[0]),
      );
      // A difference of cubes is off by h² and by the rounding of sums of about 1, divided by h.
      assertNear(found, expected, name, 1e-3);
    }
  }
});

Deno.test("the gradient of a maximum's gradient is 0 where there is no maximum", async () => {
  for (const backend of ["wasm", "cpu"] as const) {
    const found = await valuesOn(backend, () => {
      const slope = (dy: tf.Tensor) => {
        const x = tf.tensor4d([NaN, NaN, -1, -2], [1, 1, 4, 1]);
        const attrs = { filterSize: [1, 2], strides: 2, pad: "valid" };
        return runKernel("MaxPoolGrad", { dy, input: x, output: dy }, attrs).mul(
          tf.tensor1d([5, 6, 7, 8]).reshape(x.shape),
        );
      };
      return tf.grad(slope)(tf.ones([1, 1, 2, 1]));
    });
    assertEquals(found, [0, 7]);
  }
});

Deno.test("a gradient is refused in a sentence where its shape is no pooling's", async () => {
  for (const kernels of BUILDS) {
    await useBackend("wasm", { kernels });
    tf.tidy(() => {
      const attrs = { filterSize: 2, strides: 2, pad: "valid" };
      const refused = (name: string, dy: Shape, input: Shape, more = {}) =>
        assertThrows(
          () => runKernel(name, { dy: tf.ones(dy), input: tf.ones(input), output: tf.ones(dy) }, { ...attrs, ...more }),
          RangeError,
        ).message;
      assertEquals(
        refused("MaxPoolGrad", [1, 3, 2, 3], [1, 4, 4, 3]),
        "MaxPoolGrad takes a dy of shape [1,2,2,3] for images of shape [1,4,4,3], and not [1,3,2,3].",
      );
      refused("AvgPoolGrad", [1, 2, 1, 3], [1, 4, 4, 3]);
      refused("AvgPoolGrad", [2, 2, 2, 3], [1, 4, 4, 3]);
      refused("AvgPoolGrad", [1, 2, 2, 4], [1, 4, 4, 3]);
      refused("AvgPoolGrad", [1, 1, 2, 3], [1, 5, 4, 3], { pad: 0 });
      refused("AvgPoolGrad", [1, 4, 2, 3], [1, 5, 4, 3], { pad: 0 });
      refused("MaxPool3DGrad", [1, 2, 2, 3], [1, 2, 4, 4, 3]);
      assertThrows(
        () => runKernel("AvgPool", { x: tf.ones([1, 2, 2, 1], "int32") }, attrs),
        TypeError,
        "AvgPool takes float32 for x, and not int32.",
      );
      assertThrows(() => tf.maxPoolWithArgmax(tf.ones([2, 2, 1]) as never, 1, 1, "same"), RangeError, "must be rank 4");
    });
  }
});
