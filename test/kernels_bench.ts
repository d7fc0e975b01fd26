/**
 * The training kernels at the shapes of the models, batch 128, beside tfjs's own where it has one: `deno task bench`. Speed is
 * measured here and asserted nowhere.
 *
 * @module
 */
import "@tensorflow/tfjs-backend-wasm"; // registers tfjs's own kernels
import * as tf from "@tensorflow/tfjs";
import { random, useBackend } from "../mod.ts";

const NAMES = ["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "BatchMatMul"];
const stock = new Map(NAMES.map((name) => [name, tf.getKernel(name, "wasm")])); // before they are replaced
await useBackend("wasm");
for (const kernel of stock.values()) kernel?.setupFunc?.(tf.backend());
const source = random(0);

/** Measures a kernel and its stock version on these inputs; `work` is what it multiplies and adds, in millions. */
function compare(name: string, shapes: Record<string, number[]>, attrs: object, work: number): void {
  const inputs = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, source.normal(shape)]));
  const what = Object.values(shapes).map((shape) => `[${shape}]`).join(" ");
  const group = `${name} ${what} (${work.toFixed(0)} M multiply-adds)`;
  const kernels = [["ours", tf.getKernel(name, "wasm")], ["tfjs", stock.get(name)]] as const;
  for (const [whose, kernel] of kernels) {
    if (!kernel) continue;
    const run = () => {
      const out = kernel.kernelFunc({
        inputs,
        attrs: attrs as tf.NamedAttrMap,
        backend: tf.backend(),
      }) as tf.TensorInfo;
      tf.backend().disposeData(out.dataId);
    };
    Deno.bench({ name: `${whose}: ${name} ${what}`, group, n: 5, warmup: 1, fn: run });
  }
}

// The convolutions of the convolutional VAE: images, filter, stride.
const CONVOLUTIONS: [number[], number[], number][] = [
  [[128, 28, 28, 1], [3, 3, 1, 32], 2],
  [[128, 14, 14, 32], [3, 3, 32, 64], 2],
  [[128, 14, 14, 64], [3, 3, 64, 64], 2],
  [[128, 28, 28, 32], [3, 3, 32, 64], 2],
  [[128, 28, 28, 1], [3, 3, 1, 32], 1],
];
for (const [x, filter, strides] of CONVOLUTIONS) {
  const out = [x[0], x[1] / strides, x[2] / strides, filter[3]];
  const work = tf.util.sizeFromShape(out) * 9 * filter[2] / 1e6;
  const attrs = { strides, pad: "same", dataFormat: "NHWC", dilations: 1 };
  compare("Conv2D", { x, filter }, attrs, work);
  compare("Conv2DBackpropInput", { dy: out, filter }, { ...attrs, inputShape: x }, work);
  compare("Conv2DBackpropFilter", { x, dy: out }, { ...attrs, filterShape: filter }, work);
}

// The products of the dense VAE, forward and backward, and one that is large.
for (const [m, k, n] of [[128, 784, 400], [128, 400, 784], [128, 400, 20], [1024, 1024, 1024]]) {
  const work = m * k * n / 1e6;
  compare("BatchMatMul", { a: [m, k], b: [k, n] }, { transposeA: false, transposeB: false }, work);
  compare("BatchMatMul", { a: [m, k], b: [n, k] }, { transposeA: false, transposeB: true }, work);
  compare("BatchMatMul", { a: [k, m], b: [k, n] }, { transposeA: true, transposeB: false }, work);
}
