/**
 * 10,000 model files spoilt at random: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- prints what it finds
import { assert, assertEquals, assertLess } from "@std/assert";
import { useBackend } from "../mod.ts";
import { fuzzModels } from "./_spoilt_models.ts";

Deno.test("10,000 spoilt model files: each one sentence, or the saved weights to the bit", async () => {
  await useBackend("wasm");
  const { loaded, refused, memory } = await fuzzModels(10_000, 2);
  console.log(
    `${refused} refused, ${loaded} loaded unharmed; at most ${Math.round(memory / 1e6)} MB allocated for one`,
  );
  assertEquals(loaded + refused, 10_000);
  assert(loaded > 100);
  assertLess(memory, 64e6);
});
