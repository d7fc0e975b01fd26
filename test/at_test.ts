import { assertEquals, assertThrows } from "@std/assert";
import { at } from "../src/at.ts";

Deno.test("at returns what is there, and throws where nothing is", () => {
  assertEquals([at([7, 8], 1), at("ab", 0), at(Float32Array.of(NaN), 0), at([null], 0)], [8, "a", NaN, null]);
  for (const index of [-1, 2, 0.5, NaN]) {
    assertThrows(() => at([7, 8], index), RangeError, `There is no element at index ${index}: the array has 2.`);
  }
});
