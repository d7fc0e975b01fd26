/**
 * The kernels as a plain script, which defines the global `trainingKernels`. A page loads it after `tf.min.js` and
 * `tf-backend-wasm.min.js`.
 *
 * @module
 */
import * as trainingKernels from "../mod.ts";

Object.assign(globalThis, { trainingKernels });
