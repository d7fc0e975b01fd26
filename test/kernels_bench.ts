/**
 * The training kernels at the shapes of the models, batch 128, beside tfjs's own where it has one: `deno task bench`.
 * Speed is measured here and asserted nowhere.
 *
 * Products are also measured as a share of the peak, which is what the core does on numbers in registers at the same
 * time. Their work is counted as if it were done the plain way, two operations for every multiply-add: a convolution of
 * 3 × 3 taps and stride 2 needs only 25/36 of them here (Winograd), so that its share may be above 1.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- it prints figures
import "@tensorflow/tfjs-backend-wasm"; // registers tfjs's own kernels
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../mod.ts";
import { installTrainingKernels } from "../src/kernels/mod.ts";
import { median } from "./_median.ts";
import { peakMeter } from "./_peak.ts";
import { benchRate } from "./_rates.ts";

const stock = registered(); // before some are replaced
await useBackend("wasm");
const ours = registered();
for (const kernel of stock.kernels.values()) kernel.setupFunc?.(tf.backend());

const meter = peakMeter(installTrainingKernels() === "relaxed");
const peak = () => meter() / 1e9;
const shares: number[] = [];

/** The kernels of the WASM backend, and the gradients of those that have one, by name. */
function registered() {
  const kernels = new Map(tf.getKernelsForBackend("wasm").map((kernel) => [kernel.kernelName, kernel]));
  return { kernels, gradients: new Map(Array.from(kernels.keys(), (name) => [name, tf.getGradient(name)])) };
}

/** How much a kernel does, of what, and whether that is a share of the peak. */
interface Amount {
  amount: number;
  unit: string;
  peak?: () => number;
  done?: (share: number) => void;
}

/** Floating-point operations of a product at a model's shape, `multiplyAdds` of two each: a share of the peak. */
const product = (multiplyAdds: number): Amount => ({
  amount: 2 * multiplyAdds / 1e9,
  unit: "GFLOP",
  peak,
  done: (share) => shares.push(share),
});

/** Numbers that pass through a kernel. */
const numbers = (count: number): Amount => ({ amount: count / 1e6, unit: "million numbers" });

/** Measures a kernel and its stock version on these inputs. */
function compare(name: string, shapes: Record<string, number[]>, attrs: object, work: Amount): void {
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => [key, tf.randomUniform(shape, 0, 1, "float32", 1)]),
  );
  const what = `${name} ${Object.entries(shapes).map(([key, shape]) => `${key} [${shape}]`).join(" ")}`;
  for (const [whose, kernel] of [["ours", ours.kernels.get(name)], ["tfjs", stock.kernels.get(name)]] as const) {
    if (!kernel) continue;
    const { done, ...amount } = work;
    const told = ({ share }: { share?: number }) => {
      if (whose === "ours" && share !== undefined) done?.(share);
    };
    benchRate({ name: `${whose}: ${what}`, group: what, n: 9, ...amount }, async () => {
      await useBackend("wasm");
      const backend = tf.backend();
      const out = kernel.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend });
      for (const { dataId } of [out].flat()) backend.disposeData(dataId);
    }, told);
  }
}

/** Matrix products, as in a layer without a bias and in its two gradients. */
function compareProduct(m: number, k: number, n: number): void {
  const work = product(m * k * n);
  compare("BatchMatMul", { a: [m, k], b: [k, n] }, { transposeA: false, transposeB: false }, work);
  compare("BatchMatMul", { a: [m, n], b: [k, n] }, { transposeA: false, transposeB: true }, work);
  compare("BatchMatMul", { a: [m, k], b: [m, n] }, { transposeA: true, transposeB: false }, work);
}

/** A convolution of padding "same" and its two gradients. */
function compareConvolution(x: number[], filter: number[], strides: number): void {
  const out = [x[0], x[1] / strides, x[2] / strides, filter[3]];
  const work = product(tf.util.sizeFromShape(out) * 9 * filter[2]);
  const attrs = { strides, pad: "same", dataFormat: "NHWC", dilations: 1 };
  compare("Conv2D", { x, filter }, attrs, work);
  compare("Conv2DBackpropInput", { dy: out, filter }, { ...attrs, inputShape: x }, work);
  compare("Conv2DBackpropFilter", { x, dy: out }, { ...attrs, filterShape: filter }, work);
}

// One large product beside tfjs's own, which is XNNPACK's.
const plain = { transposeA: false, transposeB: false };
compare("BatchMatMul", { a: [1024, 1024], b: [1024, 1024] }, plain, { ...product(1024 ** 3), done: undefined });

// The dense VAE's layers, and the convolutional VAE's: images, filter, stride.
for (const [m, k, n] of [[128, 784, 400], [128, 400, 784], [128, 400, 20], [128, 20, 400]]) compareProduct(m, k, n);
compareConvolution([128, 28, 28, 1], [3, 3, 1, 32], 2);
compareConvolution([128, 14, 14, 32], [3, 3, 32, 64], 2);
compareConvolution([128, 14, 14, 64], [3, 3, 64, 64], 2);
compareConvolution([128, 28, 28, 32], [3, 3, 32, 64], 2);
compareConvolution([128, 28, 28, 1], [3, 3, 1, 32], 1);

// Products that are small: of one row, as when one code is decoded, and of many pairs.
const small = (multiplyAdds: number): Amount => ({ amount: 2 * multiplyAdds / 1e9, unit: "GFLOP" });
compare("BatchMatMul", { a: [1, 400], b: [400, 784] }, plain, small(400 * 784));
compare("BatchMatMul", { a: [64, 4, 4], b: [64, 4, 4] }, plain, small(64 * 4 ** 3));

// A bias's slope, and a step of the largest parameter.
compare("Sum", { x: [128, 28, 28, 32] }, { axis: [0, 1, 2], keepDims: false }, numbers(128 * 28 * 28 * 32));
const weights = [784, 400];
const how = { rate: 1e-3, beta1: 0.9, beta2: 0.999, correction1: 0.1, correction2: 0.001, epsilon: 1e-7 };
compare("AdamStep", { x: weights, m: weights, v: weights, g: weights }, how, numbers(784 * 400));

// Layers that the models here do not have.
const [image, half] = [[128, 28, 28, 32], [128, 14, 14, 32]];
const pooling = { filterSize: 2, strides: 2, pad: "valid" };
compare("MaxPoolGrad", { dy: half, input: image, output: half }, pooling, numbers(tf.util.sizeFromShape(image)));

const [channels, taps] = [[16, 7, 7, 512], [3, 3, 512, 1]];
const depthwise = { strides: 1, pad: "same", dilations: 1 };
const depthwiseWork = small(9 * tf.util.sizeFromShape(channels));
const [byInput, byFilter] = ["Input", "Filter"].map((by) => `DepthwiseConv2dNativeBackprop${by}`);
compare(byInput, { dy: channels, filter: taps }, { ...depthwise, inputShape: channels }, depthwiseWork);
compare(byFilter, { x: channels, dy: channels }, { ...depthwise, filterShape: taps }, depthwiseWork);
compareNormalization([32, 64, 64]);

/** The gradient of layer normalisation, with all kernels and gradients of ours and with tfjs's own. */
function compareNormalization(shape: number[]): void {
  const layer = tf.layers.layerNormalization();
  const x = tf.variable(tf.randomNormal(shape, 0, 1, "float32", 1));
  layer.apply(x);
  const variables = [x, ...layer.trainableWeights.map((weight) => weight.read() as tf.Variable)];
  const loss = () => (layer.apply(x) as tf.Tensor).square().sum() as tf.Scalar;
  const what = `gradient of layer normalisation [${shape}]`;
  for (const [whose, set] of [["ours", ours], ["tfjs", stock]] as const) {
    const { amount, unit } = numbers(tf.util.sizeFromShape(shape));
    benchRate({ name: `${whose}: ${what}`, group: what, n: 5, amount, unit }, async () => {
      await useBackend("wasm");
      register(set);
      tf.tidy(() => void tf.variableGrads(loss, variables));
      register(ours);
    });
  }
}

/** Has the WASM backend use these kernels and gradients instead of those it has. */
function register({ kernels, gradients }: ReturnType<typeof registered>): void {
  const before = registered();
  for (const name of before.kernels.keys()) tf.unregisterKernel(name, "wasm");
  for (const [name, gradient] of before.gradients) if (gradient) tf.unregisterGradient(name);
  for (const kernel of kernels.values()) tf.registerKernel(kernel);
  for (const gradient of gradients.values()) if (gradient) tf.registerGradient(gradient);
}

addEventListener("unload", () => {
  if (shares.length === 0) return;
  console.log("(Convolutions of 3 × 3 taps and stride 2 are counted in full, and need 25/36 of it by Winograd's way.)");
  console.log(`products at the models' shapes: a median share of ${median(shares).toFixed(2)} of the peak`);
  console.log(`the peak: ${median(Array.from({ length: 99 }, peak)).toPrecision(3)} GFLOP a second`);
});
