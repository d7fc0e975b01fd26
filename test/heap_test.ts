import { assertEquals } from "@std/assert";
import { heldAfter } from "./_heap.ts";

Deno.test("after 200 steps training holds what it held after 20: heap, tensors and bytes", async () => {
  const [early, late] = await heldAfter([20, 200]);
  assertEquals(late, early);
});
