import * as tf from "@tensorflow/tfjs";
import { type LabelledImages, random, range } from "../mod.ts";

/**
 * Trains a small classifier of 28×28 images: convolutions of 16 and 32 filters, 3×3, stride 2, a dense layer of 64, ten
 * classes; Adam with its defaults, batches of 64.
 *
 * @returns How often it is right on the test images, from 0 to 1.
 */
export async function classifierAccuracy(
  trained: LabelledImages,
  test: LabelledImages,
  epochs: number,
  seed: number,
): Promise<number> {
  const source = random(seed);
  const kernel = () => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed: Math.floor(source.uniform() * 2 ** 31) }),
  });
  const halving = { kernelSize: 3, strides: 2, padding: "same", activation: "relu" } as const;
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 16, ...halving, ...kernel() }),
      tf.layers.conv2d({ filters: 32, ...halving, ...kernel() }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 64, activation: "relu", ...kernel() }),
      tf.layers.dense({ units: 10, ...kernel() }),
    ],
  });
  const optimizer = tf.train.adam(1e-3);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = source.permutation(trained.count);
    for (let start = 0; start < order.length; start += 64) {
      tf.tidy(() => {
        const indices = order.subarray(start, start + 64);
        const { x } = trained.batch(indices); // [B, 28, 28, 1]
        const y = tf.oneHot(tf.tensor1d(Array.from(indices, (i) => trained.labels[i]), "int32"), 10); // [B, 10]
        optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x) as tf.Tensor) as tf.Scalar);
      });
    }
  }
  let right = 0;
  for (let start = 0; start < test.count; start += 500) {
    const indices = range(test.count).subarray(start, start + 500);
    const classes = tf.tidy(() => (model.apply(test.batch(indices).x) as tf.Tensor).argMax(1));
    (await classes.data()).forEach((label, i) => right += Number(label === test.labels[indices[i]]));
    classes.dispose();
  }
  model.dispose();
  optimizer.dispose();
  return right / test.count;
}
