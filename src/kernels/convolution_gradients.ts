/**
 * The gradients of convolutions, of their gradients, and so on.
 *
 * A convolution `y = x * w` is linear in both, and so are its gradients `dx(dy, w)` and `dw(x, dy)`: with a slope `g`
 * of the result, the gradient of each of the three is made of the other two.
 *
 * | of | in its first argument | in its second |
 * | --- | --- | --- |
 * | `y(x, w)` | `dx(g, w)` | `dw(x, g)` |
 * | `dx(dy, w)` | `y(g, w)` | `dw(g, dy)` |
 * | `dw(x, dy)` | `dx(dy, g)` | `y(x, g)` |
 *
 * tfjs has the first line, without dilations and without the rounding mode, and the second for images, not for volumes.
 * The kernels of other backends know no dilation in gradients; for them the filter is spread out, with zeros between
 * its taps.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { ConvolutionAttributes } from "./geometry.ts";

/** The names of a convolution's kernel and of those of its gradients. */
interface Names {
  convolution: string;
  inputGradient: string;
  filterGradient: string;
}

const IMAGES: Names = {
  convolution: "Conv2D",
  inputGradient: "Conv2DBackpropInput",
  filterGradient: "Conv2DBackpropFilter",
};

const DEPTHWISE: Names = {
  convolution: "DepthwiseConv2dNative",
  inputGradient: "DepthwiseConv2dNativeBackpropInput",
  filterGradient: "DepthwiseConv2dNativeBackpropFilter",
};

const VOLUMES: Names = {
  convolution: "Conv3D",
  inputGradient: "Conv3DBackpropInputV2",
  filterGradient: "Conv3DBackpropFilterV2",
};

/** The gradients of all convolutions and of their gradients. */
export const CONVOLUTION_GRADIENTS: tf.GradConfig[] = [IMAGES, DEPTHWISE, VOLUMES].flatMap(gradientsOf);

function gradientsOf(names: Names): tf.GradConfig[] {
  const { convolution, inputGradient, filterGradient } = names;
  return [
    gradient(convolution, ["x", "filter"], (g, [x, filter], attrs) => ({
      x: () => dx(names, g, filter, x.shape, attrs),
      filter: () => dw(names, x, g, filter.shape, attrs),
    })),
    gradient(inputGradient, ["dy", "filter"], (g, [dy, filter], attrs) => ({
      dy: () => y(names, g, filter, dy.shape, attrs),
      filter: () => dw(names, g, dy, filter.shape, attrs),
    })),
    gradient(filterGradient, ["x", "dy"], (g, [x, dy], attrs) => ({
      x: () => dx(names, dy, g, x.shape, attrs),
      dy: () => y(names, x, g, dy.shape, attrs),
    })),
  ];
}

function gradient(
  kernelName: string,
  inputsToSave: string[],
  of: (g: tf.Tensor, saved: [tf.Tensor, tf.Tensor], attrs: ConvolutionAttributes) => Record<string, () => tf.Tensor>,
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave,
    gradFunc: (g, saved, attrs) =>
      of(g as tf.Tensor, saved as [tf.Tensor, tf.Tensor], attrs as unknown as ConvolutionAttributes),
  };
}

function run(kernel: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
}

/** `x` convolved with `filter`, to the shape of the `dy` that it is the gradient of, which may be larger. */
function y(
  { convolution }: Names,
  x: tf.Tensor,
  filter: tf.Tensor,
  shape: number[],
  attrs: ConvolutionAttributes,
): tf.Tensor {
  const whole = { ...attrs, dilations: attrs.dilations ?? 1 };
  const out = run(convolution, { x, filter }, whole);
  const more = shape.map((size, i) => size - out.shape[i]!);
  if (more.every((size) => size === 0)) return out;
  const behind = (x: tf.Tensor, zeros: number[]) => tf.pad(x, zeros.map((size): [number, number] => [0, size]));
  if (typeof attrs.pad === "string") return behind(out, more); // what was cut off had no effect
  const stride = Math.max(...[attrs.strides].flat());
  const wide = run(convolution, { x: behind(x, more.map((size) => size * stride)), filter }, whole);
  return wide.slice(shape.map(() => 0), shape);
}

/** The gradient for the input. */
function dx(
  { inputGradient }: Names,
  dy: tf.Tensor,
  filter: tf.Tensor,
  inputShape: number[],
  attrs: ConvolutionAttributes,
): tf.Tensor {
  const { attrs: undilated, dilations } = spreadOut(attrs, filter.rank);
  const taps = dilations.reduce(spread, filter);
  return run(inputGradient, { dy, filter: taps }, { ...undilated, inputShape });
}

/** The gradient for the filter. */
function dw(
  { filterGradient }: Names,
  x: tf.Tensor,
  dy: tf.Tensor,
  filterShape: number[],
  attrs: ConvolutionAttributes,
): tf.Tensor {
  const { attrs: undilated, dilations } = spreadOut(attrs, filterShape.length);
  const shape = filterShape.map((size, i) => (size - 1) * (dilations[i] ?? 1) + 1);
  return dilations.reduce(gather, run(filterGradient, { x, dy }, { ...undilated, filterShape: shape }));
}

/**
 * What a backend's kernels are told, and along which axes of the filter it has to be spread out for them, and how far.
 */
function spreadOut(attrs: ConvolutionAttributes, rank: number): { attrs: ConvolutionAttributes; dilations: number[] } {
  const dilations = attrs.dilations ?? 1;
  if (tf.getBackend() === "wasm") return { attrs, dilations: [] };
  const each = Array.isArray(dilations) ? dilations : Array<number>(rank - 2).fill(dilations);
  return { attrs: { ...attrs, dilations: 1 }, dilations: each };
}

/** A filter with `dilation - 1` zeros between its taps along an axis. */
function spread(filter: tf.Tensor, dilation: number, axis: number): tf.Tensor {
  if (dilation === 1) return filter;
  const { before, taps, behind } = around(filter.shape, axis);
  const apart = tf.pad(filter.reshape([before, taps, 1, behind]), [[0, 0], [0, 0], [0, dilation - 1], [0, 0]]);
  const size = (taps - 1) * dilation + 1;
  const spread = apart.reshape([before, taps * dilation, behind]).slice([0, 0, 0], [before, size, behind]);
  return spread.reshape(filter.shape.with(axis, size));
}

/** Every `dilation`-th tap along an axis. */
function gather(filter: tf.Tensor, dilation: number, axis: number): tf.Tensor {
  if (dilation === 1) return filter;
  const { before, taps: size, behind } = around(filter.shape, axis);
  const taps = (size - 1) / dilation + 1;
  const padded = tf.pad(filter.reshape([before, size, behind]), [[0, 0], [0, dilation - 1], [0, 0]]);
  const groups = padded.reshape([before, taps, dilation, behind]).slice([0, 0, 0, 0], [before, taps, 1, behind]);
  return groups.reshape(filter.shape.with(axis, taps));
}

/** A shape as three sizes: before an axis, along it, behind it. */
function around(shape: number[], axis: number): { before: number; taps: number; behind: number } {
  const size = tf.util.sizeFromShape;
  return { before: size(shape.slice(0, axis)), taps: shape[axis]!, behind: size(shape.slice(axis + 1)) };
}
