/**
 * The sizes, strides and paddings of a convolution, axis by axis.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** One axis of a convolution. Output `i` and tap `k` of the filter meet at input `i stride + k dilation - before`. */
export interface Axis {
  /** The numbers of pixels of the input, of taps of the filter, and of pixels of the output. */
  size: number;
  taps: number;
  out: number;
  stride: number;
  dilation: number;
  /** The number of zeros before the first pixel. If it is negative, no window covers that many of the first pixels. */
  before: number;
}

/** The sizes of a convolution of images or volumes; images have depth 1. */
export interface Convolution {
  /** The numbers of examples, of input channels and of output channels. */
  B: number;
  C: number;
  O: number;
  outShape: number[];
  depth: Axis;
  rows: Axis;
  columns: Axis;
}

/** The attributes that tfjs gives to convolutions and their gradients. */
export interface ConvolutionAttributes {
  strides: number | number[];
  pad: "same" | "valid" | number | number[][];
  dilations?: number | number[] | null;
  dataFormat?: string;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/** The shapes that take part in a convolution. */
export interface Shapes {
  /** The convolved images or volumes, channels last: `[B, H, W, C]` or `[B, D, H, W, C]`. */
  input: number[];
  /** `[K, L, C, O]` or `[J, K, L, C, O]`, with `M` in place of `O` if every channel has `M` filters of its own. */
  filter: number[];
  /** The gradient of the output, if it is given. */
  dy?: number[];
}

/**
 * Computes the sizes of a convolution.
 *
 * tfjs does not pass the rounding mode to some gradients, and a transposed convolution may have an output of any size,
 * so `dy` may be larger than the output that these attributes give. With explicit padding, all of `dy`
 * counts; with `same` or `valid`, the excess is cut off. With a single number as padding, tfjs computes the output
 * columns of an image from the filter's height and the stride of the rows, on every backend, and so does this function.
 *
 * @param kernel The kernel's name, for messages.
 * @param depthwise Whether every channel has filters of its own.
 * @throws {RangeError} If the filter is larger than the padded input, or `dy` does not fit.
 */
export function geometry(
  kernel: string,
  attributes: ConvolutionAttributes,
  { input, filter, dy }: Shapes,
  depthwise = false,
): Convolution {
  const conv = input.length === 5
    ? ofVolumes(attributes, input, filter)
    : ofImages(attributes, input, filter, depthwise);
  const { depth, rows, columns } = conv;
  const axes = input.length === 5 ? [depth, rows, columns] : [rows, columns];
  const wanted = [conv.B, ...axes.map(({ out }) => out), conv.O];
  if (axes.some(({ out }) => out < 0)) {
    throw new RangeError(`${kernel} cannot fit a filter of [${filter}] into an input of [${input}].`);
  }
  if (!dy) return conv;
  const exact = [0, dy.length - 1];
  const fits = wanted.length === dy.length &&
    wanted.every((size, i) => exact.includes(i) ? dy[i] === size : dy[i]! >= size); // both have the same length
  if (!fits) throw new RangeError(`${kernel} takes a dy of the shape [${wanted}] here, and not of [${dy}].`);
  if (typeof attributes.pad !== "string") axes.forEach((axis, i) => axis.out = dy[i + 1]!); // `dy` fits
  return conv;
}

function ofImages(
  { strides, pad, dilations, dimRoundingMode }: ConvolutionAttributes,
  input: number[],
  filter: number[],
  depthwise: boolean,
): Convolution {
  type Of<I extends number> = Parameters<typeof tf.backend_util.computeConv2DInfo>[I];
  const info = tf.backend_util.computeConv2DInfo(
    input as Of<0>,
    filter as Of<1>,
    strides as Of<2>,
    (dilations ?? 1) as Of<3>,
    pad as Of<4>,
    dimRoundingMode,
    depthwise,
  );
  const { batchSize: B, inChannels: C, outChannels: O, outShape, padInfo } = info;
  const rows = axis(
    info.inHeight,
    info.filterHeight,
    info.outHeight,
    info.strideHeight,
    info.dilationHeight,
    padInfo.top,
  );
  const columns = axis(
    info.inWidth,
    info.filterWidth,
    info.outWidth,
    info.strideWidth,
    info.dilationWidth,
    padInfo.left,
  );
  return { B, C, O, outShape, depth: axis(1, 1, 1, 1, 1, 0), rows, columns };
}

function ofVolumes(
  { strides, pad, dilations }: ConvolutionAttributes,
  input: number[],
  filter: number[],
): Convolution {
  type Of<I extends number> = Parameters<typeof tf.backend_util.computeConv3DInfo>[I];
  const info = tf.backend_util.computeConv3DInfo(
    input as Of<0>,
    filter as Of<1>,
    strides as Of<2>,
    (dilations ?? 1) as Of<3>,
    pad as Of<4>,
  );
  const { batchSize: B, inChannels: C, outChannels: O, outShape, padInfo } = info;
  const depth = axis(
    info.inDepth,
    info.filterDepth,
    info.outDepth,
    info.strideDepth,
    info.dilationDepth,
    padInfo.front,
  );
  const rows = axis(
    info.inHeight,
    info.filterHeight,
    info.outHeight,
    info.strideHeight,
    info.dilationHeight,
    padInfo.top,
  );
  const columns = axis(
    info.inWidth,
    info.filterWidth,
    info.outWidth,
    info.strideWidth,
    info.dilationWidth,
    padInfo.left,
  );
  return { B, C, O, outShape, depth, rows, columns };
}

/** Makes an axis. A single tap has no dilation. */
function axis(size: number, taps: number, out: number, stride: number, dilation: number, before: number): Axis {
  return { size, taps, out, stride, dilation: taps > 1 ? dilation : 1, before };
}

/** The number of pixels of the padded input that the outputs of an axis cover, from the first pixel on. */
export function seen({ out, stride, taps, dilation }: Axis): number {
  return (out - 1) * stride + (taps - 1) * dilation + 1;
}

/**
 * The pixels of `dy` that each pixel of `dx` reads along one axis. The pixels of `dx` are grouped by their index modulo
 * the stride.
 */
export interface Phases {
  stride: number;
  /** The distance in `dy` from the pixel of one tap to the pixel of the next tap. */
  step: number;
  /**
   * The number of zeros that the phases need before `dy`, and the size of `dy` including the zeros that they need on
   * both sides.
   */
  before: number;
  size: number;
  /** The phases that at least one tap reaches. The pixels of other phases are zero. */
  phases: Phase[];
  /** Whether there are phases that no tap reaches. */
  gaps: boolean;
}

/** The pixels of `dx` with one remainder. */
export interface Phase {
  phase: number;
  /** The number of pixels. */
  count: number;
  /** The filter's taps that reach them, in the order in which they read `dy`. */
  taps: number[];
  /** The index in `dy` that the first pixel's first tap reads. A negative index lies before the beginning of `dy`. */
  first: number;
}

/**
 * The phases of an axis.
 *
 * Tap `k` reaches pixel `i` from `dy[(i + before - k dilation) / stride]`, if that is a whole number.
 */
export function phases({ size, taps, out, stride, dilation, before }: Axis): Phases {
  const every = Array.from({ length: Math.min(stride, size) }, (_, phase): Phase => {
    const reach = Array.from({ length: taps }, (_, k) => k)
      .filter((k) => (phase + before - k * dilation) % stride === 0).reverse();
    const first = (phase + before - (reach[0] ?? 0) * dilation) / stride;
    return { phase, count: Math.ceil((size - phase) / stride), taps: reach, first };
  });
  const reached = every.filter(({ taps }) => taps.length > 0);
  const several = reached.find(({ taps }) => taps.length > 1);
  const step = several ? (several.taps[0]! - several.taps[1]!) * dilation / stride : 1;
  const zeros = Math.max(0, ...reached.map(({ first }) => -first));
  const end = Math.max(out, ...reached.map(({ first, count, taps }) => first + count + (taps.length - 1) * step));
  const gaps = reached.length < every.length;
  return { stride, step, before: zeros, size: zeros + end, phases: reached, gaps };
}
