/**
 * Sums and means over leading axes, such as the gradient of a bias, which sums over examples, rows and columns.
 *
 * tfjs's own kernels transpose first, so that what they add lies side by side; here the rows are added as they lie.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build } from "./assembled.ts";

/** Wraps tfjs's own `Sum` or `Mean` of the WASM backend. */
export function overLeadingAxes(own: tf.KernelConfig, build: Build): tf.KernelConfig {
  return assembledKernel(own.kernelName, build, ({ kernels, address, output }, { inputs: { x }, attrs }) => {
    const axes = tf.util.parseAxisParam(attrs.axis, x.shape).toSorted((a, b) => a - b);
    const kept = x.shape.slice(axes.length);
    const channels = tf.util.sizeFromShape(kept);
    const rows = tf.util.sizeFromShape(x.shape) / channels;
    const leading = axes.every((axis, i) => axis === i);
    if (!leading || x.dtype !== "float32" || channels < 2 || !(rows > 0)) return;
    const sum = output(attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept);
    const divisor = own.kernelName === "Mean" ? rows : 1;
    kernels.sums({ x: address(x), m: rows, n: channels, out: address(sum), divisor });
    return sum;
  }, own);
}
