import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../data/examples.ts";
import type { Random } from "../random.ts";
import { type Batch, range } from "../tensor.ts";

/** Examples, checked, and a way to free what they hold. */
export interface OnDevice extends Examples, Disposable {
  /** Some of the examples, in the order asked for; the caller disposes. */
  batch(indices: ArrayLike<number>, noise?: Random): Batch | Promise<Batch>;
}

/**
 * The same examples where the backend computes: on WebGPU uploaded once, so that a batch costs no more than its indices.
 *
 * Elsewhere, and where they do not fit into one of the GPU's buffers, come later, or may be changed at random, they are the
 * examples given.
 */
export async function onDevice(examples: Examples): Promise<OnDevice> {
  const byBatch: OnDevice = {
    count: examples.count,
    batch: (indices, noise) => batchOf(examples, indices, noise),
    [Symbol.dispose]() {},
  };
  if (tf.getBackend() !== "webgpu" || examples.batch.length > 1 || examples.count === 0) return byBatch;
  const one = examples.batch([0]);
  if (one instanceof Promise) {
    tf.dispose(await one);
    return byBatch;
  }
  const bytes = 4 * examples.count * one.x.size;
  tf.dispose(one);
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  if (bytes > device.limits.maxStorageBufferBindingSize) return byBatch;
  const { x, y } = await batchOf(examples, range(examples.count)); // [N, ...]
  return {
    count: examples.count,
    batch: (indices) =>
      tf.tidy(() => {
        const chosen = tf.tensor1d(Int32Array.from(indices), "int32");
        return { x: tf.gather(x, chosen), ...(y && { y: tf.gather(y, chosen) }) };
      }),
    [Symbol.dispose]: () => tf.dispose(y ? [x, y] : [x]),
  };
}
