/**
 * The gradients of a depthwise convolution, in which a channel `c` of the input sees only its own `M` filters.
 *
 * ```math
 * W[k, l, c, (c', m)] = w[k, l, c, m] \, [c = c']
 * ```
 *
 * With this block-diagonal filter it is an ordinary convolution, whose gradients exist: the one for the input as it is, and
 * of the one for the filter the blocks on the diagonal. That costs as much as an ordinary layer of `C` channels would.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type KernelArguments, type TensorInfo } from "./compose.ts";

/** tfjs's `DepthwiseConv2dNativeBackpropFilter` for the WASM backend, which has none. */
export const depthwiseBackpropFilter: tf.KernelConfig = composedKernel(
  "DepthwiseConv2dNativeBackpropFilter",
  filterGradient,
);

/** tfjs's `DepthwiseConv2dNativeBackpropInput` for the WASM backend, which has none. */
export const depthwiseBackpropInput: tf.KernelConfig = composedKernel(
  "DepthwiseConv2dNativeBackpropInput",
  inputGradient,
);

/** `x` `[B, H, W, C]` and `dy` `[B, H', W', C M]` to `dw` `[K, L, C, M]`. */
function filterGradient(composer: Composer, { inputs: { x, dy }, attrs }: KernelArguments): TensorInfo {
  const { run } = composer;
  const [K, L, C, M] = attrs.filterShape;
  const ordinary = { ...attrs, dataFormat: "NHWC", filterShape: [K, L, C, C * M] };
  const full = run("Conv2DBackpropFilter", { x, dy }, ordinary);
  const blocks = run("Reshape", { x: full }, { shape: [K * L, C, C, M] });
  const diagonal = run("Multiply", { a: blocks, b: identity(composer, C) });
  const sum = run("Sum", { x: diagonal }, { axis: 2, keepDims: false }); // [K L, C, M], one term not zero in each
  return run("Reshape", { x: sum }, { shape: [K, L, C, M] });
}

/** `dy` `[B, H', W', C M]` and `filter` `[K, L, C, M]` to `dx` `[B, H, W, C]`. */
function inputGradient(composer: Composer, { inputs: { dy, filter }, attrs }: KernelArguments): TensorInfo {
  const { run } = composer;
  const [K, L, C, M] = filter.shape;
  const column = run("Reshape", { x: filter }, { shape: [K * L, C, 1, M] });
  const blocks = run("Multiply", { a: column, b: identity(composer, C) }); // [K L, C, C, M]
  const ordinary = run("Reshape", { x: blocks }, { shape: [K, L, C, C * M] });
  return run("Conv2DBackpropInput", { dy, filter: ordinary }, { ...attrs, dataFormat: "NHWC" });
}

/** The unit matrix, to multiply blocks with: `[1, C, C, 1]`. */
function identity({ run }: Composer, C: number): TensorInfo {
  const ones = run("Fill", {}, { shape: [C], value: 1, dtype: "float32" });
  return run("Reshape", { x: run("Diag", { x: ones }) }, { shape: [1, C, C, 1] });
}
