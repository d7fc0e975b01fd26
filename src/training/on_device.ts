import * as tf from "@tensorflow/tfjs";
import { batchOf, type Examples } from "../data/examples.ts";
import type { Random } from "../random.ts";
import { type Batch, range } from "../tensor.ts";

/** Checked examples, and a way to free their tensors. */
export interface OnDevice extends Examples, Disposable {
  /** The examples at some indices, in that order; the caller disposes them. */
  batch(indices: ArrayLike<number>, noise?: Random): Batch | Promise<Batch>;
}

/**
 * Moves examples to the device: on WebGPU they are uploaded once, so that a batch only needs to upload its indices.
 *
 * On other backends, and if the examples do not fit into one GPU buffer, are read asynchronously or change at random,
 * batches come from the given examples.
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
