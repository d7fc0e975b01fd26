/**
 * 20,000 convolutions of every kind, their kernels compared with plain loops: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- it says what it was run with
import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertRight, convolutions } from "./_convolutions.ts";
import { BUILDS } from "./_kernels.ts";

const seed = Math.floor(Math.random() * 2 ** 31); // another every time; a failure names it

for (const kernels of BUILDS) {
  Deno.test(`20,000 convolutions and both their gradients are right (${kernels})`, async () => {
    console.log(`seed ${seed}`);
    await useBackend("wasm", { kernels });
    const before = tf.memory().numTensors;
    for (const given of fc.sample(convolutions, { seed, numRuns: 20_000 })) await assertRight(given, `seed ${seed}`);
    assertEquals(tf.memory().numTensors, before);
  });
}
