/**
 * A training that is killed again and again.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { useBackend } from "../src/backend.ts";
import { random } from "../src/random.ts";
import { HOW, trained } from "./_resume.ts";
import { ROOT, withTempDir } from "./_run.ts";

/**
 * Kills a training at random moments, so often as asked, and lets it resume each time; then lets it end, and asserts that
 * its weights and history are those of one that was never killed, to the bit.
 *
 * @returns How often it was killed while it ran, and the most steps that one kill cost.
 */
export async function killedAndResumed(times: number, seed: number): Promise<{ kills: number; mostLost: number }> {
  const chance = random(seed);
  const epochs = 20 * times; // more than are reached
  let [kills, mostLost, reached] = [0, 0, 0];
  await useBackend("wasm");
  return await withTempDir(async (parent) => {
    const child = (epochs: number) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", `--allow-read=${parent}`, `--allow-write=${parent}`]
          .concat("test/_resume.ts", `${parent}/kept`, `${epochs}`),
        cwd: ROOT,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      });
    /** Takes note of the steps of a run; its first one tells what the kill before it cost. */
    const follow = (lines: string[], first: boolean) => {
      const steps = lines.map((line) => parseInt(line)).filter(Number.isFinite);
      if (!steps.length) return;
      if (!first) mostLost = Math.max(mostLost, reached - (steps[0] === 1 && reached < 4 ? 0 : steps[0]));
      reached = Math.max(reached, steps.at(-1)!);
    };
    for (let i = 0; i < times; i++) {
      const process = child(epochs).spawn();
      const errors = new Response(process.stderr).text();
      const enough = 2 + Math.floor(12 * chance.uniform()); // lines to hear; what happens next is interrupted somewhere
      let output = "";
      let doomed = false;
      for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
        output += text;
        if (doomed || output.split("\n").length <= enough) continue;
        doomed = true;
        setTimeout(() => process.kill("SIGKILL"), 10 * chance.uniform());
      }
      const { signal } = await process.status;
      assertEquals([signal, await errors], ["SIGKILL", ""]);
      kills++;
      follow(output.split("\n").slice(0, -1), i === 0);
    }
    const ending = Math.ceil(reached / 6) + 1;
    const { code, stdout, stderr } = await child(ending).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    follow(lines.slice(0, 1), false);
    const { weights, history } = JSON.parse(lines.at(-1)!.slice("end ".length));
    const whole = await trained({ ...HOW, epochs: ending });
    assertEquals(weights, whole.weights);
    assertEquals(history, whole.steps[0].history);
    assert(reached > 6, "it got somewhere between the kills");
    return { kills, mostLost };
  });
}
