/**
 * The frame a lesson runs in: its flags, its backend, its surfaces, and what its end means to the shell.
 *
 * Exit codes: 0 every claim held; 1 a claim failed, or the machine lacks what was asked for; 2 a mistake in the flags or
 * in the data; 130 interrupted by Ctrl-C, 143 by SIGTERM.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the frame prints the sentence that a mistake gets
import { useBackend } from "../backend.ts";
import { EnvironmentError, InputError } from "../errors.ts";
import { ClaimError } from "../show/claim.ts";
import type { Surface } from "../show/events.ts";
import { type Show, showOn } from "../show/show.ts";
import type { Flags } from "./command_line.ts";
import type { Findings } from "./findings.ts";
import type { CommonOptions, Lesson } from "./lesson.ts";

/**
 * Runs a lesson as the command line asks, and exits non-zero with one sentence if it cannot, or if a claim is false.
 *
 * @param lesson The lesson.
 * @param args The flags; by default those the program was started with.
 */
export async function runLesson<Numbers extends Record<string, number>>(
  lesson: Lesson<Numbers>,
  args: string[] = Deno.args,
): Promise<void> {
  try {
    const { readFlags } = await import("./command_line.ts"); // a browser has none
    const flags = readFlags(lesson, args);
    await assertPossible(flags);
    await run(lesson, flags);
  } catch (error) {
    Deno.exitCode = await exitCode(error);
    if (args === Deno.args) Deno.exit(); // a worker in an endless loop would keep the program alive
  }
}

/** Checks what the lesson needs later, or only at its end: if it cannot be had, the user hears of it now. */
async function assertPossible({ own: { workers = 1, checkpoint, resume = false, save } }: Flags): Promise<void> {
  if (workers > 1) await (await import("../training/workers/worker_pool.ts")).askToRead(workers);
  if (checkpoint !== undefined) {
    const { CheckpointDirectory } = await import("../training/checkpoints/directory.ts");
    (await CheckpointDirectory.open(checkpoint, resume))[Symbol.dispose]();
  }
  if (save !== undefined) await (await import("../disk/write.ts")).assertNewDirectory(save);
}

/** Runs a lesson on its surfaces, and throws what it ends in. */
async function run<Numbers extends Record<string, number>>(lesson: Lesson<Numbers>, flags: Flags): Promise<void> {
  const { broadcast } = await import("./broadcast.ts");
  const { listenForSignals, Interrupted } = await import("./signals.ts");
  const backend = await useBackend(flags.backend);
  const { keepFindings } = await import("./findings.ts");
  const findings = keepFindings();
  const { tell, send, failure } = broadcast(await surfacesOf(lesson, flags, findings));
  const signals = listenForSignals(() => void tell({ kind: "end", failed: true }));
  const show = showOn((event) => {
    const told = send(event); // warnings, say, before it ends
    signals.check(event);
    return told;
  });
  show.title(lesson.question);
  let failed: unknown;
  try {
    await lesson.lesson(optionsOf(lesson, flags, show), show);
  } catch (error) {
    failed = error; // the surfaces finish all the same
  }
  signals.end();
  failed ??= failure();
  const verdict = findings.verdict(flags.own.load === undefined ? flags.own.epochs as number | undefined : undefined);
  try {
    await tell({ kind: "end", failed: failed !== undefined });
  } catch (error) {
    if (!failed && !verdict) throw error;
    console.error((error as Error).message); // what went wrong first is what ends the program
  }
  if (failed instanceof Interrupted) failed.message += await wayOn(flags);
  if (failed) throw failed;
  if (flags.json) { // false claims are findings like others
    const { jsonReport } = await import("./json_report.ts");
    const { printLine } = await import("../show/terminal/print_line.ts");
    printLine(jsonReport(lesson.name, backend, flags, findings.events));
  }
  if (verdict) throw verdict;
}

/** What shows a lesson: the terminal, a directory where one is asked for, and a record of the findings for the JSON. */
async function surfacesOf(
  lesson: { name: string; question: string; text: string },
  { out }: Flags,
  findings: Findings,
): Promise<Surface[]> {
  const { terminal } = await import("../show/terminal/terminal.ts");
  const surfaces = [findings.surface, await terminal(undefined, null)];
  if (out !== undefined) surfaces.push(await (await import("../show/files/files.ts")).files(out, lesson));
  return surfaces;
}

/** What a lesson is called with. */
function optionsOf<Numbers extends Record<string, number>>(
  { keepsModel }: Lesson<Numbers>,
  { data = "digits", seed, own }: Flags,
  show: Show,
): Numbers & CommonOptions {
  const { workers, checkpoint: directory, resume } = own;
  const warn = (sentence: string) => show.text(sentence);
  const checkpoint = directory === undefined ? undefined : { directory, resume, warn };
  const training = keepsModel ? { training: { workers, checkpoint } } : {};
  return { ...own, data, seed, ...training } as unknown as Numbers & CommonOptions;
}

/** How to go on with an interrupted training, as the next sentence; empty where it cannot go on. */
async function wayOn({ own: { checkpoint } }: Flags): Promise<string> {
  if (checkpoint === undefined || !await hasCheckpoint(checkpoint)) return "";
  const { shellQuote } = await import("../disk/permissions.ts");
  return ` To go on from the last checkpoint: --checkpoint ${shellQuote(checkpoint)} --resume.`;
}

/** Whether a whole checkpoint is in a directory. */
async function hasCheckpoint(directory: string): Promise<boolean> {
  const { CheckpointDirectory } = await import("../training/checkpoints/directory.ts");
  try {
    using checkpoints = await CheckpointDirectory.open(directory, true);
    return checkpoints.found !== undefined;
  } catch {
    return false; // none that can be read now, whatever the reason
  }
}

/** Says what went wrong, in a sentence where it is not a bug, and returns what that means to the shell. */
async function exitCode(error: unknown): Promise<number> {
  const { Answered } = await import("./command_line.ts");
  const { Interrupted } = await import("./signals.ts");
  if (error instanceof Answered) return error.code;
  const codes = [[ClaimError, 1], [EnvironmentError, 1], [InputError, 2]] as const;
  const code = error instanceof Interrupted ? error.code : codes.find(([kind]) => error instanceof kind)?.[1];
  if (code === undefined) throw error;
  console.error((error as Error).message);
  return code;
}
