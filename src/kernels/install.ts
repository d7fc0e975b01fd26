/**
 * Registers the kernels of this folder with tfjs, and takes them away again.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { version_wasm } from "@tensorflow/tfjs-backend-wasm"; // which also registers what these replace or are made of
import { type Build, fastest, runnable } from "./assembled.ts";
import { EnvironmentError } from "./environment_error.ts";
import { GRADIENTS } from "./gradients.ts";
import { original, replaceGradient, replaceKernel, restoreAll } from "./registry.ts";
import { trainingKernels } from "./training_kernels.ts";

let installed: Build | undefined;

/**
 * Registers the kernels that training needs on tfjs's `wasm` backend, in place of tfjs's own where it has some.
 *
 * Other backends keep their kernels. Gradients belong to no backend: those that are registered here replace tfjs's own on
 * all of them. Call it before or after the backend is set; a second call has no effect.
 *
 * Programs then meet these errors, in sentences: a `RangeError` for a convolution whose filter does not fit, and for a
 * gradient of another shape than the output it belongs to.
 *
 * @example
 * ```ts
 * import { installTrainingKernels } from "@vae/kernels";
 *
 * const build = installTrainingKernels();
 * console.log(build); // relaxed
 * ```
 *
 * @param build Which build to install: `relaxed` multiplies and adds in one instruction, which needs relaxed SIMD; `simd`
 * does not. The default is the build that is installed already, or else the fastest that this machine can run.
 * @returns The build that is installed.
 * @throws {EnvironmentError} If this machine cannot run it, if tfjs's wasm backend is not loaded, or if tfjs has another
 * version than the one that the kernels were made for.
 */
export function installTrainingKernels(build?: Build): Build {
  if (installed && (build ?? installed) === installed) return installed;
  const chosen = build ?? fastest();
  if (!chosen || !runnable(chosen)) {
    const lacks = chosen === "relaxed" ? "relaxed SIMD" : "SIMD";
    throw new EnvironmentError(`The training kernels cannot run here: this machine's WebAssembly has no ${lacks}.`);
  }
  requireTfjs();
  trainingKernels(chosen, (name) => original(name)!).forEach(replaceKernel);
  GRADIENTS.forEach(replaceGradient);
  return installed = chosen;
}

/**
 * Gives tfjs its own kernels and gradients back, as they were before {@linkcode installTrainingKernels}. Tensors and models
 * stay as they are.
 *
 * @example
 * ```ts
 * import { installTrainingKernels, uninstallTrainingKernels } from "@vae/kernels";
 *
 * installTrainingKernels();
 * uninstallTrainingKernels();
 * ```
 */
export function uninstallTrainingKernels(): void {
  restoreAll();
  installed = undefined;
}

/** Whose kernels compute, see {@linkcode activeKernels}. */
export interface ActiveKernels {
  /** tfjs's own kernels alone, or also the build of the training kernels that is installed. */
  kernels: "tfjs" | Build;
  /** If they are tfjs's own, a sentence that says why, and what to do about it. */
  reason?: string;
}

/**
 * Says whose kernels compute on the backend in use.
 *
 * @example
 * ```ts
 * import { activeKernels } from "@vae/kernels";
 *
 * console.log(activeKernels());
 * // { kernels: "tfjs", reason: "The training kernels are not installed: call installTrainingKernels()." }
 * ```
 */
export function activeKernels(): ActiveKernels {
  if (!installed) {
    return { kernels: "tfjs", reason: "The training kernels are not installed: call installTrainingKernels()." };
  }
  const backend: string | undefined = tf.getBackend();
  if (backend === "wasm") return { kernels: installed };
  const current = backend ? `the backend in use is ${backend}` : "no backend has started yet";
  return {
    kernels: "tfjs",
    reason: `The training kernels work on the wasm backend, and ${current}: call await tf.setBackend("wasm").`,
  };
}

/** The version of tfjs whose kernels these replace. */
const TFJS = "4.22.0";

function requireTfjs(): void {
  if (!tf.findBackendFactory("wasm")) {
    throw new EnvironmentError(
      "The training kernels need tfjs's wasm backend: load @tensorflow/tfjs-backend-wasm first.",
    );
  }
  for (const [name, version] of [["core", tf.version_core], ["backend-wasm", version_wasm]]) {
    if (version === TFJS) continue;
    throw new EnvironmentError(`The training kernels are made for tfjs ${TFJS}, and tfjs-${name} is ${version} here.`);
  }
}
