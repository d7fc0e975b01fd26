import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../data/examples.ts";
import { range } from "../tensor.ts";

/** Examples, and a way to free what they hold. */
export type OnDevice = Examples & Disposable;

/**
 * The same examples where the backend computes: on WebGPU uploaded once, so that a batch costs no more than its indices.
 *
 * Elsewhere, and where they do not fit into one of the GPU's buffers, they are the examples given.
 */
export function onDevice(examples: Examples): OnDevice {
  const byBatch: OnDevice = {
    count: examples.count,
    batch: (indices) => batchOf(examples, indices),
    [Symbol.dispose]() {},
  };
  if (tf.getBackend() !== "webgpu") return byBatch;
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  const bytes = 4 * examples.count * tf.tidy(() => batchOf(examples, [0]).size);
  if (bytes > device.limits.maxStorageBufferBindingSize) return byBatch;
  const all = batchOf(examples, range(examples.count)); // [N, ...]
  return {
    count: examples.count,
    batch: (indices) => tf.tidy(() => tf.gather(all, tf.tensor1d(Int32Array.from(indices), "int32"))),
    [Symbol.dispose]: () => all.dispose(),
  };
}
