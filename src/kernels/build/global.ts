/**
 * The kernels as a plain script, beside `tf.min.js` and `tf-backend-wasm.min.js`: the global `trainingKernels`.
 *
 * @module
 */
import * as trainingKernels from "../mod.ts";

Object.assign(globalThis, { trainingKernels });
