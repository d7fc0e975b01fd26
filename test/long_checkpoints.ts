/**
 * The long form of what checkpoints_test.ts tests: 50 kills, 10,000 spoilt files, and what a checkpoint costs.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- what is found is what these are run for
import { assert, assertLess } from "@std/assert";
import { encode } from "../src/training/checkpoints/file.ts";
import { CheckpointDirectory } from "../src/training/checkpoints/directory.ts";
import { fuzz, killAgainAndAgain } from "./_checkpoints.ts";
import { withTempDir } from "./_run.ts";
import { checkpointOf } from "./_saver.ts";

Deno.test("checkpoints: saving the conv VAE takes less than 50 ms and 2 MB", () =>
  withTempDir(async (directory) => {
    using checkpoints = await CheckpointDirectory.open(`${directory}/new`, false);
    const times: number[] = [];
    for (let step = 1; step <= 200; step++) {
      const checkpoint = checkpointOf(step);
      const start = performance.now();
      await checkpoints.save(checkpoint);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const { length } = await encode(checkpointOf(1));
    console.log(`${length} bytes; median ${times[100].toFixed(1)} ms, slowest ${times.at(-1)!.toFixed(1)} ms`);
    assertLess(length, 2e6);
    assertLess(times[100], 50);
  }));

Deno.test("checkpoints: 10,000 spoilt files, each refused or read as another reader reads it", () =>
  withTempDir(async (directory) => {
    const { read, refused, largest, grown, slowest } = await fuzz(directory, 10_000, 2);
    console.log(`${read} read, ${refused} refused; at most ${largest} bytes at once, ${grown.toFixed(1)} MB a file`);
    console.log(`the slowest took ${slowest.toFixed(1)} ms`);
    assertLess(largest, 64e6);
    assertLess(grown, 64);
    assertLess(slowest, 1000);
  }));

Deno.test("checkpoints: 50 kills by SIGKILL in a row: the newest is always whole, and no saved one is lost", () =>
  withTempDir(async (directory) => {
    const { torn, saved } = await killAgainAndAgain(`${directory}/new`, 50);
    console.log(`${saved} checkpoints saved, ${torn} of 50 kills in the middle of a write`);
    assert(torn > 0, "no kill came in the middle of a write: this tested nothing");
  }));
