/**
 * The gradients of the gradients of pooling and resizing, which a gradient penalty needs.
 *
 * The gradient of a linear layer `A` is `Aᵀ dy`, and the gradient of that with respect to `dy` is `A` again. This holds
 * for average pooling, for resizing, and for maximum pooling, which is linear as long as each maximum stays in place.
 * These gradients match the kernels of this folder, even on a backend whose own first gradient is wrong.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Shape4 } from "./compose.ts";
import { mapTuple } from "./map_tuple.ts";

/**
 * The gradients of pooling's and resizing's gradients: but for maxima in three dimensions, whose places no op tells.
 */
export const POOLING_GRADIENTS: tf.GradConfig[] = [
  backward("MaxPoolGrad", ["input", "output"], (g, [dy, input], attrs) => atMaxima(g, dy, input, attrs)),
  backward(
    "AvgPoolGrad",
    ["input"],
    (g, [dy], attrs) => run("AvgPool", { x: g }, { ...attrs, pad: padding(g, dy, attrs) }),
  ),
  backward("AvgPool3DGrad", ["input"], (g, _, attrs) => run("AvgPool3D", { x: g }, { ...attrs, dataFormat: "NDHWC" })),
  ...["ResizeBilinear", "ResizeNearestNeighbor"].map((name) =>
    backward(
      `${name}Grad`,
      ["images"],
      (g, [dy], attrs) => run(name, { images: g }, { ...attrs, size: dy.shape.slice(1, 3) }),
    )
  ),
];

/** Attributes of a kernel; tfjs keeps no more precise type of them. */
// deno-lint-ignore no-explicit-any -- each kernel has attributes of its own
type Attributes = any;

/** What tfjs saves for the gradient of a gradient: `dy`, the images, and for maxima the output. */
type Saved = [dy: tf.Tensor, images: tf.Tensor, ...output: tf.Tensor[]];

function run(kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor;
}

/**
 * The gradient of a kernel that is itself the gradient of another: linear in `dy`, so that its gradient is as the
 * other's forward, and constant but for jumps in the rest.
 *
 * @param rest The names of its inputs besides `dy`.
 * @param forward From the gradient that arrives, and `dy` and the rest, to the gradient with respect to `dy`.
 */
function backward(
  kernelName: string,
  rest: string[],
  forward: (g: tf.Tensor, saved: Saved, attrs: Attributes) => tf.Tensor,
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["dy", ...rest],
    gradFunc: (g, saved, attrs) => ({
      dy: () => forward(g as tf.Tensor, saved as Saved, attrs),
      // tfjs saves one tensor per name, in this order, after `dy`.
      ...Object.fromEntries(rest.map((name, i) => [name, () => tf.zeros(saved[i + 1]!.shape)])),
    }),
  };
}

/**
 * What of `g`, of the shape of the pooled `input` `[B, H, W, C]`, lies at each window's maximum: of the shape of `dy`.
 */
function atMaxima(g: tf.Tensor, dy: tf.Tensor, input: tf.Tensor, attrs: Attributes): tf.Tensor {
  const { filterSize, strides } = attrs;
  const pad = padding(input, dy, attrs) as unknown as number; // which is also what explicit paddings go by
  const maxima = tf.maxPoolWithArgmax(input as tf.Tensor4D, filterSize, strides, pad, true);
  const { indexes } = maxima as Record<"result" | "indexes", tf.Tensor>;
  const found = indexes.greaterEqual(0);
  return tf.where(found, tf.gather(g.flatten(), indexes.mul(found.cast("int32"))), tf.zerosLike(dy));
}

/** The padding by which images `x` `[B, H, W, C]` have an output of the shape of `dy`, however its size was rounded. */
function padding(
  { shape }: tf.Tensor,
  dy: tf.Tensor,
  { filterSize, strides, pad }: Attributes,
): "same" | "valid" | number[][] {
  if (typeof pad === "string") return pad as "same" | "valid";
  const [[, H, W], [, P, Q]] = [shape as Shape4, dy.shape as Shape4];
  const sides = mapTuple([[H, P], [W, Q]], ([pixels, outputs], axis) => {
    const [filter, stride] = mapTuple(
      [filterSize, strides],
      (sizes) => typeof sizes === "number" ? sizes : sizes[axis],
    );
    const before = typeof pad === "number" ? pad : pad[axis + 1][0];
    return [before, (outputs - 1) * stride + filter - pixels - before];
  });
  return [[0, 0], ...sides, [0, 0]];
}
