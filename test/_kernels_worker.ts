/**
 * A worker that starts the WASM backend with its kernels and sends back what some of them compute, or what went wrong.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { numbers } from "./_kernels.ts";

/** A little of everything: a convolution and a product with their gradients, sums, and a function of one number. */
export async function computed(): Promise<number[]> {
  const result = tf.tidy(() => {
    const loss = (w: tf.Tensor) =>
      tf.conv2d(numbers([3, 9, 8, 2], 1) as tf.Tensor4D, w as tf.Tensor4D, 2, "same").relu().reshape([12, 25])
        .matMul(numbers([25, 5], 2)).softplus().mean(0).square().sum();
    return tf.grad(loss)(numbers([3, 3, 2, 5], 3));
  });
  const values = [...await result.data()];
  result.dispose();
  return values;
}

/** In a worker, what the global object is; elsewhere nobody sends it a message. */
const here = globalThis as unknown as { onmessage: () => void; postMessage(message: object): void };

here.onmessage = async () => {
  try {
    const { kernels } = await useBackend("wasm");
    here.postMessage({ kernels, values: await computed() });
  } catch (error) {
    here.postMessage({ error: String(error) });
  }
};
