/**
 * Direct access to the numbers of tensors, so that each is copied only once on its way between threads.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { Tensor } from "../../tensor.ts";

/**
 * The numbers of a tensor on the `wasm` or the `cpu` backend, without a copy. Only read them, and read them at once:
 * creating a tensor may move them.
 */
export function numbersOf(t: Tensor): Float32Array {
  const backend = tf.backend();
  const there = isWasm(backend) ? backend.typedArrayFromHeap(t) : t.dataSync(); // not a copy on cpu either
  return there as Float32Array;
}

/** Makes a tensor and fills it in place. `fill` must not create tensors. */
export function filled(shape: number[], fill: (numbers: Float32Array) => void): Tensor {
  const backend = tf.backend();
  if (!isWasm(backend)) {
    const numbers = new Float32Array(tf.util.sizeFromShape(shape));
    fill(numbers);
    return tf.tensor(numbers, shape);
  }
  const made = tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, "float32"));
  fill(numbersOf(made));
  return made;
}

function isWasm(backend: object): backend is BackendWasm {
  return "wasm" in backend;
}
