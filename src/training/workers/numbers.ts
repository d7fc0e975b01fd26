/**
 * The numbers of tensors where they lie, so that each is copied once on its way from one thread to another.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { Tensor } from "../../tensor.ts";

/**
 * The numbers of a tensor on the wasm or the cpu backend, not a copy of them: to be read, and at once. The next tensor that is
 * made may move them.
 */
export function numbersOf(t: Tensor): Float32Array {
  const backend = tf.backend();
  const there = isWasm(backend) ? backend.typedArrayFromHeap(t) : t.dataSync(); // on cpu, too, these are no copy
  return there as Float32Array;
}

/** A tensor of a shape, filled where it lies; `fill` makes no tensors. */
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
