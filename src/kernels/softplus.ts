/**
 * `log(1 + eˣ)` of every number, four at a time; tfjs's own takes one at a time.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build } from "./assembled.ts";

/** Wraps tfjs's own `Softplus` of the WASM backend. */
export function softplus(own: tf.KernelConfig, build: Build): tf.KernelConfig {
  return assembledKernel(own.kernelName, build, ({ kernels, address, output }, { inputs: { x } }) => {
    if (x.dtype !== "float32") return;
    const y = output(x.shape);
    kernels.softplus({ x: address(x), out: address(y), n: tf.util.sizeFromShape(x.shape) });
    return y;
  }, own);
}
