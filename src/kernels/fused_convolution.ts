/**
 * Convolutions with a bias and an activation.
 *
 * ```math
 * y = f(x * w + b)
 * ```
 *
 * A bias for each channel and a ReLU are applied as the convolution is written; other biases and activations afterwards, by
 * kernels of their own. tfjs's fused kernels are wrong for them, and some of their shapes end the whole backend.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { floorOf } from "./assembled.ts";
import { composedKernel, type Composer, type TensorInfo } from "./compose.ts";

/** The kernels of the activations that tfjs fuses, beside prelu, which has weights. */
const ACTIVATIONS: Record<string, string> = {
  relu: "Relu",
  relu6: "Relu6",
  elu: "Elu",
  leakyrelu: "LeakyRelu",
  sigmoid: "Sigmoid",
};

/** What tfjs's `leakyRelu` multiplies negative numbers with when it is not told. */
const LEAK = 0.2;

/**
 * Makes a fused convolution of a plain one.
 *
 * @param own tfjs's own fused kernel, which says what it cannot do.
 * @param plain The convolution, which may be given a bias `[O]` and the activation `relu`.
 */
export function fusedConvolution(own: tf.KernelConfig, plain: tf.KernelConfig): tf.KernelConfig {
  return composedKernel(own.kernelName, ({ run }, { inputs, attrs }) => {
    const { x, filter, bias, preluActivationWeights } = inputs as unknown as Inputs;
    const { activation = "linear", dataFormat } = attrs;
    const channelsFirst = dataFormat === "NCHW";
    const depthwise = own.kernelName === "FusedDepthwiseConv2D";
    if (!isActivation(activation) || (depthwise && channelsFirst)) return run(own, inputs, attrs);
    const outputs = filter.shape[3]! * (depthwise ? filter.shape[2]! : 1);
    const row = bias && rowOf(run, bias, outputs, channelsFirst);
    const atOnce = floorOf(activation) !== undefined && (row || !bias);
    const linear: Record<string, TensorInfo> = row ? { x, filter, bias: row } : { x, filter };
    let y = run(plain, linear, { ...attrs, activation: atOnce ? activation : "linear" });
    if (bias && !row) y = run("Add", { a: y, b: bias });
    return atOnce ? y : activated(run, y, attrs, preluActivationWeights);
  }, own);
}

/** The inputs of a fused convolution. */
interface Inputs {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

/** Whether tfjs fuses an activation of this name. */
function isActivation(name: string): boolean {
  return name === "linear" || name === "prelu" || Object.hasOwn(ACTIVATIONS, name);
}

/** A bias as one number for each channel, `[O]`, if that is what it is. */
function rowOf(run: Composer["run"], bias: TensorInfo, O: number, channelsFirst: boolean): TensorInfo | undefined {
  const { shape } = bias;
  if (shape.at(-1) !== O || shape.some((size, i) => i < shape.length - 1 && size !== 1)) return;
  if (shape.length === 1) return bias;
  return channelsFirst ? undefined : run("Reshape", { x: bias }, { shape: [O] });
}

/** An activation of the convolution's result; prelu's weights of one number a channel are along the axis of the channels. */
function activated(
  run: Composer["run"],
  y: TensorInfo,
  { activation, dataFormat, leakyreluAlpha }: { activation: string; dataFormat: string; leakyreluAlpha?: number },
  weights?: TensorInfo,
): TensorInfo {
  if (activation === "linear" || y.shape.includes(0)) return y; // tfjs's prelu traps on no numbers
  if (activation !== "prelu") return run(ACTIVATIONS[activation]!, { x: y }, { alpha: leakyreluAlpha ?? LEAK });
  const alpha = weights!;
  const [n = 1] = alpha.shape;
  const aside = dataFormat === "NCHW" && alpha.shape.length === 1 && n !== 1;
  return run("Prelu", { x: y, alpha: aside ? run("Reshape", { x: alpha }, { shape: [n, 1, 1] }) : alpha });
}
