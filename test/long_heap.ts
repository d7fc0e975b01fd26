/**
 * Whether memory grows while a training goes on, over 2,000 steps: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- it says what it finds
import { assertEquals } from "@std/assert";
import { heldAfter } from "./_heap.ts";

Deno.test("after 2,000 steps training holds what it held after 20: heap, tensors and bytes", async () => {
  const [early, late] = await heldAfter([20, 2000]);
  console.log("after 20 steps", early, "after 2,000", late);
  assertEquals(late, early);
});
