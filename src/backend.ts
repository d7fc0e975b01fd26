/**
 * Where the numbers are computed: on one CPU core by WebAssembly, on the GPU by WebGPU, or by plain JavaScript.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { embeddedWasm } from "./embedded.ts";
import { EnvironmentError, InputError } from "./errors.ts";
import { type Build, installTrainingKernels } from "./kernels/mod.ts";

/** The names {@linkcode useBackend} takes. */
export const BACKENDS = ["wasm", "webgpu", "cpu", "auto"] as const;

/** One of the backends, or `auto`: WebGPU where a hardware adapter is present, else WASM. */
export type BackendName = typeof BACKENDS[number];

/** The backend that is in use. */
export interface Backend {
  /** Its name. */
  name: Exclude<BackendName, "auto">;
  /** Whose kernels compute: tfjs's own, or, on WASM, also this library's, in the build that the machine can run. */
  kernels: "tfjs" | Build;
  /** The GPU, where there is one. */
  adapter?: string;
}

/**
 * Starts a backend and makes it the one that every tensor lives on from now on.
 *
 * It needs no permission, except that WASM asks to read its own binary in a program whose configuration does not set
 * `"unstable": ["raw-imports"]`. Tensors made on another backend before cannot be read back on WebGPU: choose first.
 *
 * @param name The backend; `auto` takes WebGPU only on a hardware adapter.
 * @param options On WASM, `kernels` forces a build of this library's kernels: `relaxed` for machines with relaxed SIMD, or
 * `simd` for all others.
 * @throws {InputError} If there is no such backend.
 * @throws {EnvironmentError} If the backend cannot start here, such as WebGPU without an adapter.
 */
export async function useBackend(name: BackendName = "auto", options: { kernels?: Build } = {}): Promise<Backend> {
  if (!BACKENDS.includes(name)) {
    throw new InputError(`There is no backend "${name}": it is one of ${BACKENDS.join(", ")}.`);
  }
  tf.enableProdMode(); // without it tfjs prints a banner that recommends another package
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
  const embedded = await (located ??= locateWasm()); // once, also when two callers start it at the same time
  const kernels = installTrainingKernels(options.kernels);
  const remedy = embedded ? "" : `: set "unstable": ["raw-imports"] in deno.json, or add --allow-read`;
  return await start({ name: "wasm", kernels }, remedy);
}

let starting: Promise<unknown> = Promise.resolve();

/** Starts a backend after those that are still starting: tfjs gives up a start that another one overtakes. */
function start(backend: Backend, remedy = ""): Promise<Backend> {
  const started = starting.then(async () => {
    if (!await tf.setBackend(backend.name)) {
      throw new EnvironmentError(`The ${backend.name} backend does not start on this machine${remedy}.`);
    }
    return backend;
  });
  starting = started.catch(() => {});
  return started;
}

let located: Promise<boolean> | undefined;

/** Points tfjs at the WASM binary in memory, if it is there; else tfjs finds and reads its own file. */
async function locateWasm(): Promise<boolean> {
  const bytes = await embeddedWasm();
  if (!bytes) return false;
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/wasm" }));
  const files = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];
  setWasmPaths(Object.fromEntries(files.map((file) => [file, url])), true);
  return true;
}

/** The GPU adapter's name, and whether it only imitates a GPU on the CPU; nothing where there is no adapter. */
async function gpuAdapter(): Promise<{ name: string; software: boolean } | undefined> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return;
  const { vendor, architecture, device, description } = adapter.info;
  const name = description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter";
  const software = adapter.info.isFallbackAdapter || /llvmpipe|swiftshader|lavapipe|basic render/i.test(name);
  return { name, software };
}
