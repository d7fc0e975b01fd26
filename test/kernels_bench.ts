/**
 * The training kernels at the shapes of the models, batch 128, beside tfjs's own where it has one: `deno task bench`. Speed is
 * measured here and asserted nowhere.
 *
 * @module
 */
import "@tensorflow/tfjs-backend-wasm"; // registers tfjs's own kernels
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { useBackend } from "../mod.ts";
import { FLOAT, withHeap } from "../src/kernels/assembled.ts";
import { installTrainingKernels } from "../src/kernels/mod.ts";
import { type Places, rowsTimes } from "../src/kernels/product.ts";
import { benchRate } from "./_rates.ts";

const NAMES = ["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "BatchMatMul", "Sum"];
const stock = new Map(NAMES.map((name) => [name, tf.getKernel(name, "wasm")])); // before they are replaced
await useBackend("wasm");
for (const kernel of stock.values()) kernel?.setupFunc?.(tf.backend());

/** Measures a kernel and its stock version on these inputs; `flop` is how much they compute, a multiply-add being two. */
function compare(name: string, shapes: Record<string, number[]>, attrs: object, flop: number): void {
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => [key, tf.randomUniform(shape, 0, 1, "float32", 1)]),
  );
  const what = `${name} ${Object.entries(shapes).map(([key, shape]) => `${key} [${shape}]`).join(" ")}`;
  for (const [whose, kernel] of [["ours", tf.getKernel(name, "wasm")], ["tfjs", stock.get(name)]] as const) {
    if (!kernel) continue;
    benchRate({ name: `${whose}: ${what}`, group: what, n: 5, amount: flop / 1e9, unit: "GFLOP" }, async () => {
      await useBackend("wasm");
      const backend = tf.backend();
      const out = kernel.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend });
      for (const { dataId } of [out].flat()) backend.disposeData(dataId);
    });
  }
}

/** The ceiling: the inner loop alone, on matrices `[48, 256]` and `[256, 64]` that are packed and near. */
function ceiling(): void {
  const [m, k, n, times] = [48, 256, 64, 1000];
  const name = `ceiling: [${m},${k}] times [${k},${n}], packed and near`;
  benchRate({
    name,
    group: "BatchMatMul a [1024,1024] b [1024,1024]",
    n: 5,
    amount: 2 * m * k * n * times / 1e9,
    unit: "GFLOP",
  }, async () => {
    await useBackend("wasm");
    withHeap(tf.backend() as BackendWasm, installTrainingKernels(), (heap) => {
      const [a, b, c] = [m * k, k * n, m * n].map((size) => heap.scratch(FLOAT * size));
      heap.kernels.clear({ at: a, bytes: FLOAT * m * k });
      heap.kernels.clear({ at: b, bytes: FLOAT * k * n });
      const block = { address: b, k, rowStep: n, columnStep: 1 };
      const multiply = rowsTimes(heap, [{ offset: 0, runs: 1, run: k, stride: k, blocks: [block] }], n);
      const rows = (base: number, wide: number): Places => ({ base, counts: [1, 1, m], steps: [0, 0, FLOAT * wide] });
      for (let i = 0; i < times; i++) multiply(rows(a, k), rows(c, n));
    });
  });
}

// One large product, beside the ceiling and tfjs's own, which is XNNPACK's.
ceiling();
compare("BatchMatMul", { a: [1024, 1024], b: [1024, 1024] }, { transposeA: false, transposeB: false }, 2 * 1024 ** 3);

// The products of the dense VAE, forward and backward.
for (const [m, k, n] of [[128, 784, 400], [128, 400, 784], [128, 400, 20]]) {
  const flop = 2 * m * k * n;
  compare("BatchMatMul", { a: [m, k], b: [k, n] }, { transposeA: false, transposeB: false }, flop);
  compare("BatchMatMul", { a: [m, n], b: [k, n] }, { transposeA: false, transposeB: true }, flop);
  compare("BatchMatMul", { a: [m, k], b: [m, n] }, { transposeA: true, transposeB: false }, flop);
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
  const flop = 2 * tf.util.sizeFromShape(out) * 9 * filter[2];
  const attrs = { strides, pad: "same", dataFormat: "NHWC", dilations: 1 };
  compare("Conv2D", { x, filter }, attrs, flop);
  compare("Conv2DBackpropInput", { dy: out, filter }, { ...attrs, inputShape: x }, flop);
  compare("Conv2DBackpropFilter", { x, dy: out }, { ...attrs, filterShape: filter }, flop);
}

// A bias's slope, and a step of the largest parameter.
compare("Sum", { x: [128, 28, 28, 32] }, { axis: [0, 1, 2], keepDims: false }, 128 * 28 * 28 * 32);
const weights = [784, 400];
const how = { rate: 1e-3, beta1: 0.9, beta2: 0.999, correction1: 0.1, correction2: 0.001, epsilon: 1e-7 };
compare("AdamStep", { x: weights, m: weights, v: weights, g: weights }, how, 16 * 784 * 400);
