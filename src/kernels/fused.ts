/**
 * Convolutions and matrix products with a bias and an activation.
 *
 * ```math
 * y = f(x * w + b) , \qquad c = f(a b + \text{bias})
 * ```
 *
 * A bias per channel or column and a ReLU are applied while the result is written; other biases and activations are
 * applied afterwards, by separate kernels. tfjs's fused convolutions are wrong for these, and some of their shapes
 * crash the backend.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { floorOf } from "./assembled.ts";
import { composedKernel, type Composer, type TensorInfo } from "./compose.ts";

/** The kernels of the activations that tfjs fuses, except prelu, which has weights. */
const ACTIVATIONS: Record<string, string> = {
  relu: "Relu",
  relu6: "Relu6",
  elu: "Elu",
  leakyrelu: "LeakyRelu",
  sigmoid: "Sigmoid",
};

/** The default slope of tfjs's `leakyRelu` for negative numbers. */
const LEAK = 0.2;

/**
 * Makes a fused convolution from a plain one.
 *
 * @param own tfjs's own fused kernel, which says what it cannot do.
 * @param plain The convolution, which may be given a bias `[O]` and the activation `relu`.
 */
export function fusedConvolution(own: tf.KernelConfig, plain: tf.KernelConfig): tf.KernelConfig {
  return composedKernel(own.kernelName, ({ run }, { inputs, attrs }) => {
    const { x, filter } = inputs as Record<"x" | "filter", TensorInfo>;
    const channelsFirst = attrs.dataFormat === "NCHW";
    const depthwise = own.kernelName === "FusedDepthwiseConv2D";
    if (!isActivation(attrs.activation) || (depthwise && channelsFirst)) return run(own, inputs, attrs);
    const channels = filter.shape[3]! * (depthwise ? filter.shape[2]! : 1);
    return fused(run, plain, { x, filter }, attrs, { ...inputs, columns: channels, channelsFirst });
  }, own);
}

/** Makes a fused matrix product from a plain one, as {@linkcode fusedConvolution} does. */
export function fusedProduct(own: tf.KernelConfig, plain: tf.KernelConfig): tf.KernelConfig {
  return composedKernel(own.kernelName, ({ run }, { inputs, attrs }) => {
    const { a, b } = inputs as Record<"a" | "b", TensorInfo>;
    if (!isActivation(attrs.activation)) return run(own, inputs, attrs);
    const columns = b.shape.at(attrs.transposeB ? -2 : -1)!;
    return fused(run, plain, { a, b }, attrs, { ...inputs, columns, channelsFirst: false });
  }, own);
}

/** What is done to a result: a bias is added, and an activation applied, which may have weights. */
interface Finish {
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
  /** Columns, or channels, of the result, and whether these are its second axis. */
  columns: number;
  channelsFirst: boolean;
}

/** The attributes that say which activation. */
interface Activation {
  activation?: string;
  leakyreluAlpha?: number;
}

function fused(
  run: Composer["run"],
  plain: tf.KernelConfig,
  inputs: Record<string, TensorInfo>,
  attrs: Activation,
  { bias, preluActivationWeights, columns, channelsFirst }: Finish,
): TensorInfo {
  const { activation = "linear" } = attrs;
  const row = bias && rowOf(run, bias, columns, channelsFirst);
  const atOnce = floorOf(activation) !== undefined && (row || !bias);
  const linear = row ? { ...inputs, bias: row } : inputs;
  let y = run(plain, linear, { ...attrs, activation: atOnce ? activation : "linear" });
  if (bias && !row) y = run("Add", { a: y, b: bias });
  return atOnce ? y : activated(run, y, attrs, channelsFirst, preluActivationWeights);
}

/** Whether tfjs fuses an activation of this name. */
function isActivation(name = "linear"): boolean {
  return name === "linear" || name === "prelu" || Object.hasOwn(ACTIVATIONS, name);
}

/** A bias as one number for each channel, `[O]`, if that is what it is. */
function rowOf(run: Composer["run"], bias: TensorInfo, O: number, channelsFirst: boolean): TensorInfo | undefined {
  const { shape } = bias;
  if (shape.at(-1) !== O || shape.some((size, i) => i < shape.length - 1 && size !== 1)) return;
  if (shape.length === 1) return bias;
  return channelsFirst ? undefined : run("Reshape", { x: bias }, { shape: [O] });
}

/** An activation of a result; prelu's weights of one number a channel are along the axis of the channels. */
function activated(
  run: Composer["run"],
  y: TensorInfo,
  { activation = "linear", leakyreluAlpha }: Activation,
  channelsFirst: boolean,
  weights?: TensorInfo,
): TensorInfo {
  if (activation === "linear" || y.shape.includes(0)) return y; // tfjs's prelu traps on no numbers
  if (activation !== "prelu") return run(ACTIVATIONS[activation]!, { x: y }, { alpha: leakyreluAlpha ?? LEAK });
  const alpha = weights!;
  const [n = 1] = alpha.shape;
  const aside = channelsFirst && alpha.shape.length === 1 && n !== 1;
  return run("Prelu", { x: y, alpha: aside ? run("Reshape", { x: alpha }, { shape: [n, 1, 1] }) : alpha });
}
