import { assert, assertEquals } from "@std/assert";
import { CheckpointDirectory } from "../src/training/checkpoints/directory.ts";
import { deno, granted, ROOT, testIf, withTempDir } from "./_run.ts";

/** Starts the lesson of `_interrupted.ts`, and sends it a signal once it has told its first step, or again and again. */
async function interrupted(
  steps: number,
  { stepTakes = "heard", again = false, kept, sent = "SIGINT", allowed = [], flags = [] }: {
    stepTakes?: number | "heard";
    again?: boolean;
    kept?: string;
    sent?: Deno.Signal;
    allowed?: string[];
    flags?: string[];
  } = {},
) {
  if (kept) {
    allowed = [`--allow-read=${kept}`, `--allow-write=${kept}`];
    flags = ["--checkpoint", kept];
  }
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...allowed, "test/_interrupted.ts", `${steps}`, `${stepTakes}`, ...flags],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let out = "";
  while (!out.includes("step 1\n")) out += (await reader.read()).value!;
  let ended = false;
  const status = process.status.finally(() => ended = true);
  process.kill(sent);
  while (again && !ended) { // as somebody does who is told nothing; it may take its time to hear the first
    await Promise.race([status, new Promise((resolve) => setTimeout(resolve, 200))]);
    if (!ended) process.kill(sent);
  }
  for (let read = await reader.read(); !read.done; read = await reader.read()) out += read.value;
  const { code, signal } = await status;
  const err = await new Response(process.stderr).text();
  return { code, signal, out, err };
}

const canSignal = await granted({ name: "run" }) && await granted({ name: "write" }) && Deno.build.os !== "windows";
const testSignal = (name: string, fn: () => Promise<void>) =>
  testIf(canSignal, "--allow-run --allow-write, POSIX signals", name, fn);

testSignal("Ctrl-C while a model trains: its step is finished, what it warned of is shown, 130", async () => {
  const { code, out, err } = await interrupted(5);
  assertEquals([code, err], [130, "Interrupted after step 2 of 5.\n"]);
  assertEquals(out, "\nHow long?\nstep 1\nA word of warning.\n");
  await withTempDir(async (directory) => {
    const kept = `${directory}/to keep`;
    assertEquals((await interrupted(5, { kept })).err, "Interrupted after step 2 of 5.\n", "no checkpoint is there");
    {
      using checkpoints = await CheckpointDirectory.open(kept, false);
      await checkpoints.save({ step: 1, facts: null, numbers: [] });
    }
    const resumed = await interrupted(5, {
      allowed: [`--allow-read=${kept}`, `--allow-write=${kept}`],
      flags: ["--checkpoint", kept, "--resume"],
    });
    const hint = `To resume from the last checkpoint, use --checkpoint '${kept}' --resume.`;
    assertEquals(resumed.err, `Interrupted after step 2 of 5. ${hint}\n`);
  });
});

testSignal("SIGTERM does what Ctrl-C does, 143; twice: at once", async () => {
  const { code, out, err } = await interrupted(5, { sent: "SIGTERM" });
  assertEquals([code, err], [143, "Interrupted after step 2 of 5.\n"]);
  assertEquals(out, "\nHow long?\nstep 1\nA word of warning.\n");
  const twice = await interrupted(5, { sent: "SIGTERM", stepTakes: 30, again: true });
  assertEquals([twice.code, twice.err], [143, ""]); // where a step had to end first, a sentence would say which
});

testSignal(
  "an interrupted lesson leaves neither of its directories behind, so that it can be run again as it was",
  () =>
    withTempDir(async (directory) => {
      const [model, pictures] = [`${directory}/model`, `${directory}/pictures`];
      for (const _ of ["first", "again"]) {
        const { code } = await interrupted(5, {
          allowed: [`--allow-write=${model},${pictures}`],
          flags: ["--save", model, "--out", pictures],
        });
        assertEquals([code, Array.from(Deno.readDirSync(directory))], [130, []]);
      }
    }),
);

testSignal(
  "what --save and --workers lack is said before the lesson begins, and nothing is left behind",
  () =>
    withTempDir(async (directory) => {
      const run = (ofDeno: string[], ...flags: string[]) =>
        deno(["run", "--no-prompt", ...ofDeno, "test/_interrupted.ts", "1", "0", ...flags]);
      const model = `${directory}/model`;
      const save = await run([], "--save", model);
      assertEquals([save.code, save.out, save.err], [
        1,
        "",
        `Writing to ${model} requires a permission: add --allow-write=${model}.\n`,
      ]);
      const workers = await run([`--allow-write=${model}`], "--save", model, "--workers", "2");
      assertEquals([workers.code, workers.out], [1, ""]);
      assert(
        workers.err.startsWith(
          "Training with 2 workers requires permission to read their source: add --allow-read=",
        ),
        workers.err,
      );
      assertEquals(Array.from(Deno.readDirSync(directory)), []);
      await Deno.mkdir(model);
      const taken = await run([`--allow-write=${model}`], "--save", model);
      const sentence = `${model} already exists and is not overwritten: name another directory.\n`;
      assertEquals([taken.code, taken.out, taken.err], [2, "", sentence]);
    }),
);

testSignal("Ctrl-C twice: at once, 130", async () => {
  const { code, err } = await interrupted(5, { stepTakes: 30, again: true });
  assertEquals([code, err], [130, ""]);
});

testSignal("Ctrl-C when nothing trains any more is the system's own", async () => {
  const { signal } = await interrupted(1, { stepTakes: 30 }); // which would end as it should if it heard nothing
  assertEquals(signal, "SIGINT");
});

testIf(
  canSignal,
  "--allow-run --allow-write",
  "flags of a training that do not go together are refused in a sentence",
  async () => {
    const run = (...flags: string[]) => deno(["run", "--no-prompt", "test/_interrupted.ts", "1", "0", ...flags]);
    const resume = await run("--resume");
    assertEquals([resume.code, resume.out, resume.err], [
      2,
      "",
      "--resume continues from a checkpoint: say where it is with --checkpoint DIRECTORY.\n",
    ]);
    for (const flag of ["--save", "--load", "--checkpoint"]) {
      const { code, out, err } = await run(flag, "");
      assertEquals([code, out], [2, ""]);
      assert(err.startsWith(`error: option '${flag} <directory>' argument '' is invalid. It must not be empty.`), err);
    }
    for (const flags of [["--workers", "2"], ["--checkpoint", "kept"], ["--checkpoint", "kept", "--resume"]]) {
      const { code, out, err } = await run("--load", "model", ...flags);
      assertEquals([code, out], [2, ""]);
      assert(err.startsWith("--load loads a model that is already trained"), err);
    }
  },
);

testIf(
  canSignal,
  "--allow-run --allow-write",
  "a directory that cannot have the checkpoints is refused before the lesson begins",
  () =>
    withTempDir(async (directory) => {
      await Deno.writeTextFile(`${directory}/letter`, "Dear reader");
      const allowed = [`--allow-read=${directory}`, `--allow-write=${directory}`];
      const program = ["test/_interrupted.ts", "1", "0", "--checkpoint", directory];
      const { code, out, err } = await deno(["run", "--no-prompt", ...allowed, ...program]);
      assertEquals([code, out], [2, ""]);
      assertEquals(err, `${directory} holds other files ("letter") but no checkpoint: name another directory.\n`);
    }),
);
