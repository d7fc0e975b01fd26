/**
 * Installs the training kernels, uninstalls them, and reports which kernels are active.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { version_wasm } from "@tensorflow/tfjs-backend-wasm"; // importing it also registers tfjs's own kernels
import { type Build, fastest, runnable } from "./assembled.ts";
import { EnvironmentError } from "./environment_error.ts";
import { GRADIENTS } from "./gradients.ts";
import { original, replaceGradient, replaceKernel, restoreAll } from "./registry.ts";
import { trainingKernels } from "./training_kernels.ts";

let installed: Build | undefined;

/**
 * Registers the kernels that training needs on tfjs's `wasm` backend, replacing tfjs's own where it has them.
 *
 * Other backends keep their kernels, but tfjs registers gradients for all backends at once, so the gradients are
 * replaced on all of them. Call it before or after the backend is set; a second call has no effect.
 *
 * Once they are installed, a convolution whose filter does not fit, and a gradient whose shape is not that of its
 * output, throw a `RangeError`.
 *
 * @example
 * ```ts
 * import { installTrainingKernels } from "@vae/kernels";
 *
 * const build = installTrainingKernels();
 * console.log(build); // relaxed
 * ```
 *
 * @param build Which build to install. `relaxed` multiplies and adds in one instruction, which requires relaxed SIMD;
 * `simd` runs on every machine with SIMD. The default is the build that is already installed, otherwise the fastest that
 * this machine can run.
 * @returns The build that is installed.
 * @throws {EnvironmentError} If this machine cannot run it, if tfjs's wasm backend is not loaded, or if the version of
 * tfjs is not the one that the kernels were made for.
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
 * Restores tfjs's own kernels and gradients, as they were before {@linkcode installTrainingKernels}. Tensors and models
 * are not affected.
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

/** Which kernels compute, as {@linkcode activeKernels} reports it. */
export interface ActiveKernels {
  /** `tfjs` if only tfjs's own kernels are in use, otherwise the build of the training kernels. */
  kernels: "tfjs" | Build;
  /** If only tfjs's own kernels are in use, a sentence that says why and what to do about it. */
  reason?: string;
}

/**
 * Reports which kernels compute on the backend in use.
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
