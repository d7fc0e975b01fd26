/**
 * The sizes, strides and paddings of a two-dimensional convolution, as its gradients need them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** The attributes that tfjs gives to both gradients of a convolution. */
export interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: "same" | "valid" | number | [[number, number], [number, number], [number, number], [number, number]];
  dilations?: number | [number, number];
  dataFormat: string;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/**
 * Works out a convolution whose gradient is wanted.
 *
 * @param kernel The gradient's name, for messages.
 * @param inputShape Of the convolved images, `[B, H, W, C]`.
 * @param filterShape `[K, L, C, O]`.
 * @throws {RangeError} For channels first, `NCHW`.
 */
export function geometry(
  kernel: string,
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dilations, dataFormat, dimRoundingMode }: ConvolutionAttributes,
): tf.backend_util.Conv2DInfo {
  if (dataFormat !== "NHWC") {
    throw new RangeError(`${kernel} cannot work on dataFormat ${dataFormat}: on wasm it takes NHWC, channels last.`);
  }
  type Shape4D = [number, number, number, number];
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations ?? 1, // none in a gradient: tfjs has no gradient of a dilated convolution and says so before it comes here
    pad,
    dimRoundingMode,
  );
}
