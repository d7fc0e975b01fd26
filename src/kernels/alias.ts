/**
 * `Identity`, and `Cast` to the type a tensor has already, without a copy.
 *
 * The tape keeps a clone of every tensor that a gradient needs. Nothing in tfjs writes into a tensor, so a clone may share
 * its data, as on tfjs's other backends: count one more reference.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { composedKernel } from "./compose.ts";

/** Wraps tfjs's own `Identity` or `Cast` of the WASM backend, which copy. */
export function alias(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel(own.kernelName, ({ run }, { inputs: { x }, attrs }) => {
    if (x.dtype === "string" || (attrs?.dtype ?? x.dtype) !== x.dtype) return run(own, { x }, attrs);
    return run("Reshape", { x }, { shape: x.shape });
  }, own);
}
