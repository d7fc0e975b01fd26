/**
 * The long form of what checkpoints_test.ts tests: 50 kills, 10,000 spoilt files, and what a checkpoint costs.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- what is found is what these are run for
import { assert, assertLess } from "@std/assert";
import { encode } from "../src/training/checkpoints/file.ts";
import { fuzz, killAgainAndAgain } from "./_checkpoints.ts";
import { withTempDir } from "./_run.ts";
import { checkpointOf } from "./_saver.ts";

Deno.test("checkpoints: one of the conv VAE takes less than 2 MB", async () => {
  assertLess((await encode(checkpointOf(1))).length, 2e6);
});

Deno.test("checkpoints: 10,000 spoilt files, each refused or read as another reader reads it", () =>
  withTempDir(async (directory) => {
    const { read, refused, largest, grown } = await fuzz(directory, 10_000, 2);
    console.log(`${read} read, ${refused} refused; at most ${largest} bytes at once, ${grown.toFixed(1)} MB a file`);
    assertLess(largest, 64e6);
    assertLess(grown, 64);
  }));

Deno.test("checkpoints: 50 kills by SIGKILL in a row: the newest is always whole, and no saved one is lost", () =>
  withTempDir(async (directory) => {
    const { torn, saved } = await killAgainAndAgain(`${directory}/new`, 50);
    console.log(`${saved} checkpoints saved, ${torn} of 50 kills in the middle of a write`);
    assert(torn > 0, "no kill came in the middle of a write: this tested nothing");
  }));
