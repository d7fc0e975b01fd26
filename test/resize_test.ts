import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertAgrees, assertNear, BUILDS, check, numbers, runKernel, valuesOn } from "./_kernels.ts";

type Shape = number[];
type Placement = { alignCorners: boolean; halfPixelCenters: boolean };

const upTo = (max: number, min = 1) => fc.integer({ min, max });
const placements: Placement[] = [
  { alignCorners: false, halfPixelCenters: false },
  { alignCorners: true, halfPixelCenters: false },
  { alignCorners: false, halfPixelCenters: true },
];

/** Images of any size, larger and smaller ones. */
const resizing = fc.record({
  shape: fc.tuple(upTo(3, 0), upTo(9), upTo(9), upTo(6, 0)),
  size: fc.tuple(upTo(17), upTo(17)),
  placement: fc.constantFrom(...placements),
});

/** Output `i`'s share of each of an axis's pixels, in double precision. */
function shares(
  kind: string,
  i: number,
  pixels: number,
  outputs: number,
  { alignCorners, halfPixelCenters }: Placement,
) {
  const scale = alignCorners && outputs > 1 ? (pixels - 1) / (outputs - 1) : pixels / outputs;
  const within = (k: number) => Math.min(pixels - 1, Math.max(0, k));
  if (kind === "NearestNeighbor") {
    const place = halfPixelCenters ? scale * (i + 0.5) : scale * i;
    return [[within(alignCorners ? Math.round(place) : Math.floor(place)), 1]];
  }
  const place = halfPixelCenters ? scale * (i + 0.5) - 0.5 : scale * i;
  const part = place - Math.floor(place);
  return [[within(Math.floor(place)), 1 - part], [within(Math.floor(place) + 1), part]];
}

/** The gradient with respect to images `[B, H, W, C]` of their resized numbers, weighted by `dy`. */
function plain(
  kind: string,
  [B, H, W, C]: Shape,
  [P, Q]: Shape,
  placement: Placement,
  dy: ArrayLike<number>,
): number[] {
  const dx = new Float64Array(B * H * W * C);
  for (let o = 0; o < dy.length; o++) {
    const [c, j, i, b] = [o % C, Math.floor(o / C) % Q, Math.floor(o / C / Q) % P, Math.floor(o / C / Q / P)];
    for (const [row, above] of shares(kind, i, H, P, placement)) {
      for (const [column, left] of shares(kind, j, W, Q, placement)) {
        dx[((b * H + row) * W + column) * C + c] += above * left * dy[o];
      }
    }
  }
  return [...dx];
}

for (const kind of ["NearestNeighbor", "Bilinear"]) {
  Deno.test(`Resize${kind} agrees with the cpu backend, and its gradient with a plain loop, on any size`, async () => {
    await check(resizing, async ({ shape, size, placement }) => {
      const what = JSON.stringify({ shape, size, ...placement });
      await assertAgrees(() => runKernel(`Resize${kind}`, { images: numbers(shape, 1) }, { ...placement, size }), what);
      const outShape = [shape[0], ...size, shape[3]];
      const expected = plain(kind, shape, size, placement, await valuesOn("cpu", () => numbers(outShape, 2)));
      for (const kernels of BUILDS) {
        const inputs = () => ({ dy: numbers(outShape, 2), images: numbers(shape, 1) });
        const found = await valuesOn(
          "wasm",
          () => runKernel(`Resize${kind}Grad`, inputs(), { ...placement, size }),
          kernels,
        );
        assertNear(found, expected, `${what}, ${kernels}`, 1e-5);
      }
    });
  });

  Deno.test(`a pixel that becomes millions has the sum of their gradients (${kind})`, async () => {
    for (const halfPixelCenters of [false, true]) {
      const inputs = () => ({ dy: tf.fill([1, 1500, 1500, 1], 0.7), images: tf.ones([1, 1, 1, 1]) });
      const attrs = { alignCorners: false, halfPixelCenters, size: [1500, 1500] };
      for (const kernels of BUILDS) {
        const found = await valuesOn("wasm", () => runKernel(`Resize${kind}Grad`, inputs(), attrs), kernels);
        assertNear(found, [1500 ** 2 * Math.fround(0.7)], kernels, 1e-6);
      }
    }
  });

  Deno.test(`second-order gradients of Resize${kind} are exact differences`, async () => {
    for (const { alignCorners, halfPixelCenters } of placements) {
      const resize = (x: tf.Tensor) =>
        tf.image[`resize${kind}` as "resizeBilinear"](x as tf.Tensor4D, [5, 4], alignCorners, halfPixelCenters);
      // Σ y² is quadratic: its gradient's gradient along v is Jᵀ J v twice, which is the gradient at v itself.
      const squares = (x: tf.Tensor) => resize(x).square().sum();
      const v = () => numbers([2, 3, 3, 2], 2);
      const found = await valuesOn(
        "wasm",
        () => tf.grad((x: tf.Tensor) => tf.grad(squares)(x).mul(v()).sum())(numbers([2, 3, 3, 2], 1)),
      );
      assertNear(found, await valuesOn("wasm", () => tf.grad(squares)(v())), kind, 1e-5);
    }
  });
}

Deno.test("nearest neighbour takes the pixel that a whole number says, where float32 would fall short", async () => {
  for (const [pixels, outputs, i] of [[14, 46, 23], [2, 41, 20], [26, 22, 11]]) {
    for (const placement of placements) {
      await assertAgrees(
        () =>
          runKernel("ResizeNearestNeighbor", { images: tf.range(0, pixels).reshape([1, pixels, 1, 1]) }, {
            ...placement,
            size: [outputs, 1],
          }),
        `${pixels} to ${outputs}, ${i}`,
        0,
      );
    }
  }
});

Deno.test("whole numbers are resized as float32, as on the cpu backend", async () => {
  for (const kind of ["NearestNeighbor", "Bilinear"]) {
    await assertAgrees(() => {
      const images = tf.range(0, 24, 1, "int32").reshape([2, 3, 2, 2]);
      return runKernel(`Resize${kind}`, { images }, { ...placements[0], size: [5, 3] });
    }, kind);
  }
});

Deno.test("a gradient of another batch or other channels is refused in a sentence", async () => {
  await useBackend("wasm");
  tf.tidy(() => {
    for (const kind of ["NearestNeighbor", "Bilinear"]) {
      for (const dy of [[2, 4, 4, 3], [1, 4, 4, 2], [4, 4, 3]]) {
        const { message } = assertThrows(
          () => runKernel(`Resize${kind}Grad`, { dy: tf.ones(dy), images: tf.ones([1, 2, 2, 3]) }, placements[0]),
          RangeError,
        );
        assertEquals(
          message,
          `Resize${kind}Grad takes a dy of shape [1,H',W',3] for images [1,2,2,3], and not [${dy}].`,
        );
      }
    }
  });
});
