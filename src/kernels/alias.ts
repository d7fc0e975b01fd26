/**
 * `Identity`, and `Cast` to the type a tensor has already, without a copy; and `Cast` to bool.
 *
 * The tape keeps a clone of every tensor that a gradient needs. Nothing in tfjs writes into a tensor, so a clone may
 * share its data, as on tfjs's other backends: count one more reference.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { composedKernel, outputOn, type TensorInfo, wasmKernel } from "./compose.ts";

/** Wraps `Identity` or `Cast` of tfjs's WASM backend, which copy. */
export function alias(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel<"x">(own.kernelName, ({ run }, { inputs: { x }, attrs }) => {
    if (x.dtype === "string" || (attrs?.dtype ?? x.dtype) !== x.dtype) return run(own, { x }, attrs);
    return run("Reshape", { x }, { shape: x.shape });
  }, own);
}

/**
 * Wraps a `Cast` of the WASM backend that reads a bool from a number's last byte: any number but 0 is true, also NaN.
 */
export function castToBool(own: tf.KernelConfig): tf.KernelConfig {
  return wasmKernel<"x">("Cast", (args) => {
    const { inputs: { x }, attrs: { dtype }, backend } = args;
    if (dtype !== "bool" || x.dtype === "bool" || x.dtype === "string") {
      return own.kernelFunc(args as never) as TensorInfo;
    }
    const out = outputOn(backend, x.shape, "bool");
    const bools = backend.typedArrayFromHeap(out);
    backend.typedArrayFromHeap(x).forEach((number, i) => bools[i] = number === 0 ? 0 : 1);
    return out;
  }, own);
}
