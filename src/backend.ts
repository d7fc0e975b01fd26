/**
 * Where tensors are computed: on a CPU core with WebAssembly, on a GPU with WebGPU, or in plain JavaScript.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { embeddedWasm } from "./embedded.ts";
import { EnvironmentError, InputError } from "./errors.ts";
import { type Build, installTrainingKernels } from "./kernels/mod.ts";

/** The names that {@linkcode useBackend} accepts. */
export const BACKENDS = ["wasm", "webgpu", "cpu", "auto"] as const;

/** The name of a backend, or `auto`: WebGPU if there is a hardware adapter, otherwise WASM. */
export type BackendName = typeof BACKENDS[number];

/** The backend in use. */
export interface Backend {
  /** Its name. */
  name: Exclude<BackendName, "auto">;
  /**
   * Which kernels compute: `tfjs` for tfjs's own; on WASM, the build of this library's kernels that the machine can
   * run.
   */
  kernels: "tfjs" | Build;
  /** The name of the GPU adapter, on WebGPU only. */
  adapter?: string;
}

/**
 * Starts a backend and uses it for every tensor created from then on.
 *
 * It needs no permission. Choose the backend before creating tensors: WebGPU cannot read tensors of another backend.
 *
 * @param name The backend; `auto` chooses WebGPU only if there is a hardware adapter.
 * @param options On WASM, `kernels` forces one build of this library's kernels: `relaxed` for machines with relaxed
 * SIMD, `simd` for all others.
 * @throws {InputError} If there is no such backend.
 * @throws {EnvironmentError} If the backend cannot start on this machine, such as WebGPU without an adapter.
 * @example
 * ```ts
 * import { useBackend } from "@vae/steps";
 *
 * const { name, kernels } = await useBackend("wasm");
 * console.log(name, kernels); // wasm relaxed, or wasm simd
 * ```
 */
export async function useBackend(name: BackendName = "auto", options: { kernels?: Build } = {}): Promise<Backend> {
  if (!BACKENDS.includes(name)) {
    throw new InputError(`There is no backend "${name}": expected one of ${BACKENDS.join(", ")}.`);
  }
  tf.enableProdMode(); // otherwise tfjs prints a banner that recommends another package
  if (name === "cpu") return await start({ name, kernels: "tfjs" });
  if (name !== "wasm") {
    const adapter = await gpuAdapter();
    if (name === "webgpu" && !adapter) {
      throw new EnvironmentError("The webgpu backend needs a GPU adapter, and this machine offers none: try wasm.");
    }
    if (adapter && (name === "webgpu" || !adapter.software)) {
      await import("@tensorflow/tfjs-backend-webgpu");
      return await start({ name: "webgpu", kernels: "tfjs", adapter: adapter.name });
    }
  }
  await (located ??= locateWasm()); // only once, even if two callers start it at the same time
  return await start({ name: "wasm", kernels: installTrainingKernels(options.kernels) });
}

let starting: Promise<unknown> = Promise.resolve();

/** Starts a backend once earlier starts have finished: tfjs abandons a start when another one begins. */
function start(backend: Backend): Promise<Backend> {
  const started = starting.then(async () => {
    if (!await tf.setBackend(backend.name)) {
      throw new EnvironmentError(`The ${backend.name} backend did not start on this machine.`);
    }
    return backend;
  });
  starting = started.catch(() => {});
  return started;
}

let located: Promise<void> | undefined;

/** Points tfjs to the embedded WASM binary, so that it does not look for its own file. */
async function locateWasm(): Promise<void> {
  const url = URL.createObjectURL(new Blob([await embeddedWasm()], { type: "application/wasm" }));
  const files = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];
  setWasmPaths(Object.fromEntries(files.map((file) => [file, url])), true);
}

/** The GPU adapter's name, and whether it is a software adapter; `undefined` if there is no adapter. */
async function gpuAdapter(): Promise<{ name: string; software: boolean } | undefined> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return;
  const { vendor, architecture, device, description } = adapter.info;
  const name = description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter";
  const software = adapter.info.isFallbackAdapter || /llvmpipe|swiftshader|lavapipe|basic render/i.test(name);
  return { name, software };
}
