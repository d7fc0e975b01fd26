/**
 * What tests of kernels share: unequal numbers, and the same computation by both builds of the kernels.
 *
 * @module
 */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import type { Build } from "../src/kernels/mod.ts";

/** Both builds of the kernels. */
export const BUILDS: Build[] = ["relaxed", "simd"];

/** Unequal numbers in (-1, 1), others for another `seed`. */
export function numbers(shape: number[], seed: number): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + 13 * seed + i * i / 100)), shape);
}

/** Runs a kernel of the backend in use, below the ops. */
export function runKernel(name: string, inputs: Record<string, tf.Tensor>, attrs: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
}

/** The numbers of what `run` gives on a backend, where its inputs are made anew. */
export async function valuesOn(backend: "cpu" | "wasm", run: () => tf.Tensor, kernels?: Build): Promise<number[]> {
  await useBackend(backend, { kernels });
  const result = tf.tidy(run);
  const values = [...await result.data()];
  result.dispose();
  return values;
}

/** Asserts that numbers lie within `tolerance` of others, relative to the largest of these; NaN and infinities are equal. */
export function assertNear(found: ArrayLike<number>, expected: ArrayLike<number>, what: string, tolerance = 1e-5) {
  assertEquals(found.length, expected.length, what);
  let [largest, worst] = [1e-30, 0];
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(found[i], expected[i]) || found[i] === expected[i]) continue;
    if (Number.isFinite(expected[i])) largest = Math.max(largest, Math.abs(expected[i]));
    const error = Math.abs(found[i] - expected[i]);
    worst = Math.max(worst, Number.isFinite(error) ? error : Infinity);
  }
  assertLessOrEqual(worst / largest, tolerance, what);
}

/** Asserts that both builds agree with the cpu backend, in shape and numbers. */
export async function assertAgrees(run: () => tf.Tensor, what: string, tolerance = 1e-5) {
  const expected = await valuesOn("cpu", run);
  for (const kernels of BUILDS) {
    assertNear(await valuesOn("wasm", run, kernels), expected, `${what}, ${kernels}`, tolerance);
  }
}

/** Asserts that both builds give what the cpu backend gives: tensors of the same types and shapes, with these numbers. */
export async function assertSame(run: () => tf.Tensor | tf.Tensor[], what: string, tolerance = 1e-5) {
  const all = async () => {
    const results = tf.tidy(() => [run()].flat());
    const read = await Promise.all(results.map(async ({ dtype, shape, data }, i) => {
      return { kind: `${dtype} [${shape}]`, values: await data.call(results[i]) as Float32Array };
    }));
    tf.dispose(results);
    return read;
  };
  await useBackend("cpu");
  const expected = await all();
  for (const kernels of BUILDS) {
    await useBackend("wasm", { kernels });
    const found = await all();
    assertEquals(found.map(({ kind }) => kind), expected.map(({ kind }) => kind), `${what}, ${kernels}`);
    found.forEach(({ values }, i) => assertNear(values, expected[i].values, `${what}, ${kernels}`, tolerance));
  }
}

/** Runs a property on many random cases, the same ones each time. */
export function check<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>, numRuns = 150) {
  return fc.assert(fc.asyncProperty(arbitrary, property), { seed: 2, numRuns });
}
