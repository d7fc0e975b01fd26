/**
 * A program that does nothing but save checkpoints, for tests to kill, to hinder and to start twice:
 * `_saver.ts DIRECTORY WHAT`.
 *
 * @module
 */
import { newFile } from "../src/disk/write.ts";
import { CheckpointDirectory } from "../src/training/checkpoints/directory.ts";
import type { Checkpoint } from "../src/training/checkpoints/file.ts";

/** What this program saves at a step: arrays as large as the conv VAE's weights and moments, of bits that the step fixes. */
export function checkpointOf(step: number, length = 134_165): Checkpoint {
  let word = step;
  const bits = () => new Uint32Array(length).map(() => word = Math.imul(word, 1664525) + 1013904223);
  const numbers = [bits(), bits(), bits()].map(({ buffer }) => new Float32Array(buffer));
  return { step, facts: { third: step / 3, text: "é".repeat(step % 7) }, numbers };
}

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));

/** Saves until it is killed; says so before it opens the directory, and then each step that is saved. */
async function forever(directory: string) {
  say("ready");
  using checkpoints = await CheckpointDirectory.open(directory, true);
  for (let step = (checkpoints.found?.step ?? 0) + 1;; step++) {
    await checkpoints.save(checkpointOf(step));
    say(String(step));
  }
}

/** Saves two checkpoints, one that is too large for what holds the directory, and another; says how that went. */
async function tooLarge(directory: string) {
  using checkpoints = await CheckpointDirectory.open(directory, false);
  const names = () => Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
  for (const step of [1, 2]) await checkpoints.save(checkpointOf(step, 1000));
  let error: Error | undefined;
  await checkpoints.save(checkpointOf(3, 50_000)).catch((reason) => error = reason);
  const left = names();
  await checkpoints.save(checkpointOf(4, 1000));
  say(JSON.stringify({ error: error?.name, message: error?.message, left, after: names() }));
}

if (import.meta.main) {
  const [directory, what] = Deno.args;
  try {
    if (what === "new file") await newFile(`${directory}/file`, new Uint8Array(200_000), directory);
    if (what === "forever") await forever(directory);
    if (what === "too large") await tooLarge(directory);
    if (what === "resume" || what === "anew") {
      (await CheckpointDirectory.open(directory, what === "resume"))[Symbol.dispose]();
    }
  } catch (error) {
    say(`${(error as Error).name}: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
