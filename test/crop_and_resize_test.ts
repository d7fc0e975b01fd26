import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { assertAgrees, assertNear, BUILDS, numbers, valuesOn } from "./_kernels.ts";

type Method = "bilinear" | "nearest";
type Size = [number, number];

const SHAPE: [number, number, number, number] = [2, 5, 4, 3];

/** Whole, inside, beyond the image, upside down, and a single place. */
const BOXES = [[0, 0, 1, 1], [0.11, 0.23, 0.74, 0.93], [-0.21, 0.1, 1.33, 0.83], [0.91, 0.83, 0.12, 0.22], [
  0.3,
  0.4,
  0.3,
  0.4,
]];
const OWNERS = [0, 1, 1, 0, 1];
const SIZES: Size[] = [[1, 1], [3, 4], [6, 2], [1, 3]];

const crop = (image: tf.Tensor, boxes: tf.Tensor, size: Size, method: Method, owners = OWNERS) =>
  tf.image.cropAndResize(image as tf.Tensor4D, boxes as tf.Tensor2D, tf.tensor1d(owners, "int32"), size, method, 7);

/** Where output `i` of a crop lies on an axis, in pixels; nothing beyond the image. */
function place(start: number, end: number, pixels: number, outputs: number, i: number): number | undefined {
  const at = (outputs > 1 ? start + i * (end - start) / (outputs - 1) : (start + end) / 2) * (pixels - 1);
  return at >= 0 && at <= pixels - 1 ? at : undefined;
}

/** The gradient with respect to the images of the crops' numbers, weighted by `dy`, in double precision. */
function plain([h, w]: Size, method: Method, dy: number[]): number[] {
  const [B, H, W, C] = SHAPE;
  const dx = Array(B * H * W * C).fill(0);
  const shares = (at: number) =>
    method === "nearest"
      ? [[Math.floor(at + 0.5), 1]]
      : [[Math.floor(at), 1 - (at - Math.floor(at))], [Math.ceil(at), at - Math.floor(at)]];
  dy.forEach((slope, o) => {
    const [c, j, i, n] = [o % C, Math.floor(o / C) % w, Math.floor(o / C / w) % h, Math.floor(o / C / w / h)];
    const [y1, x1, y2, x2] = BOXES[n];
    const [row, column] = [place(y1, y2, H, h, i), place(x1, x2, W, w, j)];
    if (row === undefined || column === undefined) return;
    for (const [k, above] of shares(row)) {
      for (const [l, left] of shares(column)) dx[((OWNERS[n] * H + k) * W + l) * C + c] += above * left * slope;
    }
  });
  return dx;
}

Deno.test("crops agree with the cpu backend, and are zero for an image that does not exist", async () => {
  for (const method of ["bilinear", "nearest"] as const) {
    for (const size of SIZES) {
      for (const owners of [OWNERS, [5, 1, -1, 0, 2 ** 30]]) {
        const existing = owners.map((owner) => owner < 0 ? 99 : owner); // cpu looks only for those beyond
        const run = (owners: number[]) => () => crop(numbers(SHAPE, 1), tf.tensor2d(BOXES), size, method, owners);
        const expected = await valuesOn("cpu", run(existing));
        for (const kernels of BUILDS) {
          assertNear(await valuesOn("wasm", run(owners), kernels), expected, `${method} ${size} ${owners}`);
        }
      }
    }
  }
  const none = () => crop(tf.zeros([0, 2, 2, 1]), tf.tensor2d([[0, 0, 1, 1]]), [1, 2], "bilinear", [0]);
  assertEquals(await valuesOn("wasm", none), [0, 0]);
});

for (const backend of ["wasm", "cpu"] as const) {
  Deno.test(`the gradient of crops with respect to the images is a plain loop's (${backend})`, async () => {
    for (const method of ["bilinear", "nearest"] as const) {
      for (const size of SIZES) {
        const weights = () => numbers([BOXES.length, ...size, SHAPE[3]], 2);
        const expected = plain(size, method, await valuesOn("cpu", weights));
        const found = await valuesOn(
          backend,
          () =>
            tf.grad((image) => crop(image, tf.tensor2d(BOXES), size, method).mul(weights()).sum())(numbers(SHAPE, 1)),
        );
        assertNear(found, expected, `${method} ${size}`);
      }
    }
  });
}

Deno.test("the gradient of crops with respect to the boxes is a finite difference, and nothing for the nearest pixel", async () => {
  const boxes = BOXES.slice(1); // on whole pixels there are two slopes
  const h = 2 ** -10;
  for (const size of SIZES) {
    const loss = (boxes: tf.Tensor, method: Method = "bilinear") => {
      const crops = crop(numbers(SHAPE, 1), boxes, size, method, OWNERS.slice(1));
      return crops.mul(numbers(crops.shape, 2)).sum();
    };
    const found = await valuesOn("wasm", () => tf.grad((boxes: tf.Tensor) => loss(boxes))(tf.tensor2d(boxes)));
    const at = (k: number, by: number) => tf.tensor1d(boxes.flat().with(k, boxes.flat()[k] + by)).reshape([-1, 4]);
    const expected = await Promise.all(
      boxes.flat().map(async (_, k) =>
        (await valuesOn("wasm", () => loss(at(k, h)).sub(loss(at(k, -h))).div(2 * h)))[0]
      ),
    );
    assertNear(found, expected, `${size}`, 5e-3); // sums of about ten, rounded to 1e-6, over a step of 1e-3; and a curve
    const none = await valuesOn(
      "wasm",
      () => tf.grad((boxes: tf.Tensor) => loss(boxes, "nearest"))(tf.tensor2d(boxes)),
    );
    assertEquals(none, Array(16).fill(0));
  }
});

Deno.test("the gradient of a gradient of crops is exact, for crops are linear in the images", async () => {
  const squares = (image: tf.Tensor) =>
    crop(image, tf.tensor2d(BOXES.slice(0, 2)), [3, 3], "bilinear", [0, 1]).square().sum();
  const v = () => numbers(SHAPE, 3);
  const found = await valuesOn(
    "wasm",
    () => tf.grad((x: tf.Tensor) => tf.grad(squares)(x).mul(v()).sum())(numbers(SHAPE, 1)),
  );
  assertNear(found, await valuesOn("wasm", () => tf.grad(squares)(v())), "Hessian");
});

Deno.test("centre crops train", async () => {
  await assertAgrees(() => {
    const image = numbers([2, 6, 6, 3], 1);
    return tf.grad((x) => (tf.layers.centerCrop({ height: 3, width: 4 }).apply(x) as tf.Tensor).square().sum())(image);
  }, "centerCrop");
});
