/**
 * The long form of what jobs_test.ts tests: a file of 2 GB, streamed.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- what is found is what this is run for
import { assertEquals, assertLess } from "@std/assert";
import { endOf, numbersIn, peakOf, spawned, withJob, writeReadings } from "./_jobs.ts";

Deno.test("job (e): of 2 GB that are streamed, less than 400 MB are resident at any time", () =>
  withJob("e", async (_, { cwd }) => {
    const count = 500_000;
    await writeReadings(`${cwd}/readings.f32`, count);
    assertEquals((await Deno.stat(`${cwd}/readings.f32`)).size, 4096 * count);
    const process = spawned(cwd);
    const [most, ended] = await Promise.all([peakOf(process), endOf(process)]);
    const losses = numbersIn(ended);
    console.log(`${most.toFixed(0)} MB at most; ${losses.at(-1)}`);
    assertEquals(losses.length, Math.floor(Math.ceil(count / 128) / 100));
    assertLess(losses.at(-1)![1]!, losses[0]![1]!);
    assertLess(most, 400);
  }));
