/**
 * What tests of tensors share: one test for each backend, numbers read from tensors, and numbers compared.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Backend, useBackend } from "../src/backend.ts";

export { numbers } from "../src/tensor.ts";

/** The backends there are. */
export const NAMES = ["cpu", "wasm", "webgpu"] as const;

/** Whether this machine has a WebGPU adapter, be it one made of software. */
export const hasGpu = Boolean(await navigator.gpu?.requestAdapter());

/** The end of the name of a test that ignores itself where there is no WebGPU adapter. */
export const needsGpu = hasGpu ? "" : " (ignored: no WebGPU adapter)";

/** Makes a backend the one in use, and leaves the webgpu backend nothing to compute on the CPU. */
export async function startBackend(name: Backend["name"]): Promise<void> {
  await useBackend(name);
  // tfjs would run the kernels of small tensors on the CPU, and these tests have small tensors only.
  if (name === "webgpu") tf.env().set("WEBGPU_CPU_FORWARD", false);
}

/** Registers a test once for each backend; on webgpu it ignores itself where there is no adapter. */
export function testOnBackends(name: string, test: (backend: Backend["name"]) => void | Promise<void>): void {
  for (const backend of NAMES) {
    const ignore = backend === "webgpu" && !hasGpu;
    Deno.test({
      name: `${name} on ${backend}${ignore ? needsGpu : ""}`,
      ignore,
      async fn() {
        await startBackend(backend);
        await test(backend);
      },
    });
  }
}

/** Asserts that numbers lie within `tolerance` of others, one by one. */
export function assertClose(actual: number[], expected: number[], tolerance: number, what = ""): void {
  assertEquals(actual.length, expected.length, what);
  actual.forEach((value, i) =>
    assert(
      Math.abs(value - expected[i]) <= tolerance,
      `${what} [${i}]: found ${value}, expected ${expected[i]} within ${tolerance}`,
    )
  );
}

/** Asserts that `run` leaves `kept` tensors more than there were, by tfjs's count, and disposes what it returns. */
export async function assertKeeps(kept: number, run: () => tf.TensorContainer | Promise<tf.TensorContainer>) {
  const before = tf.memory().numTensors;
  const result = await run();
  const after = tf.memory().numTensors;
  tf.dispose(result);
  assertEquals(after - before, kept, `tensors left by ${run}`);
}
