/**
 * Cropping and resizing of images, and its gradients.
 *
 * ```math
 * y_{nij} = \sum_{kl} a_{nik} \, b_{njl} \, x_{kl}, \qquad a_{nik} = \max(0, 1 - |r_{ni} - k|)
 * ```
 *
 * with box `n` on image `x`, and `r_{ni}` the place of its crop's row `i` among the image's rows; `b` likewise. With
 * the method "nearest", `a` is 1 for the row nearest to that place and 0 for all others. A row outside the image has
 * the constant extrapolation value.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { composedKernel, type Shape4 } from "./compose.ts";
import { mapTuple } from "./map_tuple.ts";

/**
 * Wraps the `CropAndResize` of tfjs's WASM backend. For a box on an image that does not exist, that leaves the crop
 * uninitialised, and for a negative image number it reads other memory. Here such a crop is zero, as on tfjs's cpu
 * backend.
 */
export function cropAndResize(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel<"image" | "boxes" | "boxInd">(own.kernelName, ({ run }, { inputs, attrs, backend }) => {
    const { image, boxes, boxInd } = inputs;
    const [B] = image.shape as Shape4;
    const exists = (index: number) => index >= 0 && index < B;
    const indices = Array.from(backend.typedArrayFromHeap(boxInd));
    if (indices.every(exists)) return run(own, { image, boxes, boxInd }, attrs);
    const inside = run("ZerosLike", { x: boxInd });
    backend.typedArrayFromHeap(inside).set(indices.map((index) => exists(index) ? index : 0));
    const crops = run(own, { image, boxes, boxInd: inside }, attrs);
    const numbers = backend.typedArrayFromHeap(crops);
    const size = numbers.length / indices.length;
    indices.forEach((index, i) => exists(index) || numbers.fill(0, i * size, (i + 1) * size));
    return crops;
  }, own);
}

/** The gradient of `CropAndResize` with respect to the images and the boxes, on any backend. */
export const CROP_GRADIENT: tf.GradConfig = {
  kernelName: "CropAndResize",
  inputsToSave: ["image", "boxes", "boxInd"],
  gradFunc(dy, saved, attrs) {
    const [image, boxes, boxInd] = saved as [tf.Tensor4D, tf.Tensor2D, tf.Tensor1D];
    const slope = dy as tf.Tensor4D;
    const { cropSize, method } = attrs as unknown as { cropSize: [number, number]; method: Method };
    return {
      image: () =>
        imageGradient(slope, image.shape, weights(image.shape, boxes, cropSize, method), owner(boxInd, image)),
      boxes: () => method === "nearest" ? tf.zeros(boxes.shape) : boxesGradient(slope, image, boxes, boxInd, cropSize),
      boxInd: () => tf.zeros(boxInd.shape),
    };
  },
};

type Method = "bilinear" | "nearest";

/** Which image each box lies on, one-hot, `[N, B]`; all zeros if there is no such image. */
function owner(boxInd: tf.Tensor1D, image: tf.Tensor4D): tf.Tensor2D {
  return tf.oneHot(boxInd, image.shape[0]).cast("float32") as tf.Tensor2D;
}

/** `a` `[N, h, H]` and `b` `[N, w, W]`. */
function weights(
  [, H, W]: Shape4,
  boxes: tf.Tensor2D,
  [h, w]: [number, number],
  method: Method,
): [tf.Tensor3D, tf.Tensor3D] {
  return mapTuple([[0, H, h], [1, W, w]], ([axis, pixels, outputs]) => {
    const { places, inside, pixel } = along(axis, pixels, outputs, boxes);
    const weight = method === "bilinear"
      ? tf.relu(tf.sub(1, tf.abs(tf.sub(places, pixel))))
      : tf.equal(tf.floor(tf.add(places, 0.5)), pixel).cast("float32");
    return tf.mul(weight, inside) as tf.Tensor3D;
  });
}

/** The places of a crop's outputs along an axis `[N, outputs, 1]`, whether they lie inside, and the axis's pixels. */
function along(axis: number, pixels: number, outputs: number, boxes: tf.Tensor2D) {
  const [start, end] = mapTuple(
    [axis, axis + 2],
    (side) => boxes.slice([0, side], [-1, 1]).expandDims(1).mul(pixels - 1),
  );
  const places = outputs > 1
    ? start.add(tf.range(0, outputs).reshape([1, outputs, 1]).mul(end.sub(start).div(outputs - 1)))
    : start.add(end).mul(0.5);
  const inside = places.greaterEqual(0).cast("float32").mul(places.lessEqual(pixels - 1).cast("float32"));
  return { places, inside, pixel: tf.range(0, pixels) };
}

/** `dy` `[N, h, w, C]` back to the images `[B, H, W, C]`, each having the sum over its boxes. */
function imageGradient(
  dy: tf.Tensor4D,
  [B, H, W, C]: Shape4,
  [rows, columns]: [tf.Tensor3D, tf.Tensor3D],
  owner: tf.Tensor2D,
): tf.Tensor {
  const crops = resampled(dy, transposed(rows), transposed(columns)); // [N, H, W, C]
  return tf.matMul(owner, crops.reshape([-1, H * W * C]), true).reshape([B, H, W, C]);
}

/** The gradient with respect to the boxes, `[N, 4]`. */
function boxesGradient(
  dy: tf.Tensor4D,
  image: tf.Tensor4D,
  boxes: tf.Tensor2D,
  boxInd: tf.Tensor1D,
  cropSize: [number, number],
): tf.Tensor {
  const [B, H, W, C] = image.shape;
  const images = tf.matMul(owner(boxInd, image), image.reshape([B, H * W * C])).reshape([-1, H, W, C]) as tf.Tensor4D;
  const [rows, columns] = weights(image.shape, boxes, cropSize, "bilinear");
  const [h, w] = cropSize;
  const axes = [[0, H, h, rows], [1, W, w, columns]] as const;
  const [rowSlopes, columnSlopes] = mapTuple(axes, ([axis, pixels, outputs, weights]) => {
    const { places, pixel } = along(axis, pixels, outputs, boxes);
    const support = weights.greater(0).cast("float32");
    return tf.sign(tf.sub(pixel, places)).mul(support).mul(pixels - 1) as tf.Tensor3D;
  });
  const byRow = resampled(images, rowSlopes, columns).mul(dy).sum([2, 3]); // [N, h]
  const byColumn = resampled(images, rows, columnSlopes).mul(dy).sum([1, 3]); // [N, w]
  const [top, left] = mapTuple([[byRow, h], [byColumn, w]], ([slope, outputs]) => {
    const part = outputs > 1 ? tf.linspace(0, 1, outputs) : tf.tensor1d([0.5]);
    return { start: slope.mul(tf.sub(1, part)).sum(1), end: slope.mul(part).sum(1) };
  });
  return tf.stack([top.start, left.start, top.end, left.end], 1);
}

/**
 * `x` `[N, I, J, C]` with other rows, by `rows` `[N, i, I]`, and other columns, by `columns` `[N, j, J]`:
 * `[N, i, j, C]`.
 */
function resampled(x: tf.Tensor4D, rows: tf.Tensor3D, columns: tf.Tensor3D): tf.Tensor4D {
  const [N, I, J, C] = x.shape;
  const [i, j] = [rows.shape[1], columns.shape[1]];
  const tall = tf.matMul(rows, x.reshape([N, I, J * C])).reshape([N, i, J, C]).transpose([0, 2, 1, 3]); // [N, J, i, C]
  return tf.matMul(columns, tall.reshape([N, J, i * C])).reshape([N, j, i, C]).transpose([0, 2, 1, 3]) as tf.Tensor4D;
}

function transposed(matrices: tf.Tensor3D): tf.Tensor3D {
  return matrices.transpose([0, 2, 1]) as tf.Tensor3D;
}
