/**
 * Fifty trainings killed in a row: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a minute without a word would look like a hang
import { assertEquals, assertLess } from "@std/assert";
import { killedAndResumed } from "./_kills.ts";

Deno.test("killed by SIGKILL fifty times at random moments, a training always resumes", async () => {
  const found = await killedAndResumed(50, 2);
  console.log(found);
  assertEquals(found.kills, 50);
  assertLess(found.mostLost, 4); // the interval: what is reported is kept at every fourth step
});
