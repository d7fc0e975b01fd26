/**
 * Sums and means over leading axes, such as the gradient of a bias, which sums over examples, rows and columns.
 *
 * ```math
 * \sum_{r < 2 R} x[r] = \sum_{r < R} \left( x[r] + x[R + r] \right)
 * ```
 *
 * tfjs's own kernels transpose first, so that what they add lies side by side. To fold the rows in half until one is left
 * needs no transposing, and to add in pairs rounds far less than to add one by one. (Average pooling would be faster still,
 * but XNNPACK's turns NaN into -∞.)
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type TensorInfo } from "./compose.ts";

/** Numbers below which tfjs's own kernels are faster. */
const SMALL = 4096;

/** Wraps tfjs's own `Sum` or `Mean` of the WASM backend. */
export function overLeadingAxes(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel(own.kernelName, (composer, { inputs: { x }, attrs }) => {
    const { run } = composer;
    const axes = tf.util.parseAxisParam(attrs.axis, x.shape).toSorted((a, b) => a - b);
    const size = tf.util.sizeFromShape(x.shape);
    const kept = x.shape.slice(axes.length);
    const channels = tf.util.sizeFromShape(kept);
    const leading = axes.every((axis, i) => axis === i);
    if (!leading || x.dtype !== "float32" || size < SMALL || channels < 2) return run(own, { x }, attrs);

    const rows = size / channels;
    const sum = sumOfRows(composer, x, rows, channels);
    const count = () => run("Fill", {}, { shape: [], value: rows, dtype: "float32" });
    const result = own.kernelName === "Mean" ? run("RealDiv", { a: sum, b: count() }) : sum;
    return run("Reshape", { x: result }, { shape: attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept });
  }, own);
}

/** The sum of `rows` rows of `channels` numbers each, `[rows, channels]` to `[channels]`. */
function sumOfRows(composer: Composer, x: TensorInfo, rows: number, channels: number): TensorInfo {
  const { run, view } = composer;
  if (rows === 1) return run("Reshape", { x }, { shape: [channels] });
  const half = Math.floor(rows / 2);
  const part = (first: number, count: number) => view(x, first * channels, [count * channels]);
  const folded = run("Add", { a: part(0, half), b: part(half, half) });
  const sum = sumOfRows(composer, folded, half, channels);
  return rows % 2 === 0 ? sum : run("Add", { a: sum, b: part(rows - 1, 1) });
}
