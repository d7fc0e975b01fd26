/**
 * Slices of a tensor. tfjs's own kernel copies the whole tensor first and does not check the bounds.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type KernelArguments, outputOn, type TensorInfo, wasmKernel } from "./compose.ts";

/** Wraps the `Slice` of tfjs's WASM backend. */
export function slice(own: tf.KernelConfig): tf.KernelConfig {
  return wasmKernel<"x">("Slice", (args) => {
    const { inputs: { x }, attrs } = args;
    const parts = tf.slice_util.parseSliceParams(x as tf.Tensor, attrs.begin, attrs.size);
    const [begin, size] = parts as [number[], number[]];
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin, size);
    return x.dtype === "string" ? own.kernelFunc(args as never) as TensorInfo : part(args, begin, size);
  }, own);
}

/** The part of `x` that starts at `begin` and has `size` numbers along each axis. */
function part({ inputs: { x }, backend }: KernelArguments<"x">, begin: number[], size: number[]): TensorInfo {
  const out = outputOn(backend, size, x.dtype);
  if (tf.util.sizeFromShape(size) === 0) return out;
  const bytes = tf.util.bytesPerElement(x.dtype);
  const memory = new Uint8Array(backend.typedArrayFromHeap(out).buffer);
  const steps = [...tf.util.computeStrides([...x.shape, 1])].map((step) => step * bytes);
  // The last axis that is cut and those after it form contiguous runs.
  const cut = Math.max(0, size.findLastIndex((count, axis) => count !== x.shape[axis]));
  const run = bytes * tf.util.sizeFromShape(size.slice(cut));
  let to = backend.getMemoryOffset(out.dataId);
  const copy = (from: number, axis: number) => {
    const [step, count] = [steps[axis] ?? 0, size[axis] ?? 1]; // for no axes at all, a scalar's one number
    from += (begin[axis] ?? 0) * step;
    if (axis < cut) {
      for (let i = 0; i < count; i++) copy(from + i * step, axis + 1);
    } else {
      memory.copyWithin(to, from, from + run);
      to += run;
    }
  };
  copy(backend.getMemoryOffset(x.dataId), 0);
  return out;
}
