/**
 * Runs a lesson: reads its flags, starts its backend and its surfaces, and sets the exit code.
 *
 * The exit code is 0 if every claim is true; 1 if a claim is false or the environment lacks something; 2 for a mistake
 * in the flags or the data; 130 after Ctrl-C; and 143 after SIGTERM.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- prints error messages
import { useBackend } from "../backend.ts";
import { EnvironmentError, InputError } from "../errors.ts";
import { ClaimError } from "../show/claim.ts";
import type { Surface } from "../show/events.ts";
import { type Show, showOn } from "../show/show.ts";
import type { Flags } from "./command_line.ts";
import type { Findings } from "./findings.ts";
import type { CommonOptions, Lesson } from "./lesson.ts";

/**
 * Runs a lesson with the flags of a command line. If it cannot run or a claim is false, it prints one sentence and sets
 * a non-zero exit code.
 *
 * @param lesson The lesson.
 * @param args The flags; by default those of the program.
 * @example
 * ```ts ignore
 * import { runLesson } from "@vae/steps";
 * import text from "./10_mine.ts" with { type: "text" };
 *
 * const question = "What is a mean?";
 * await runLesson({
 *   name: "10_mine",
 *   question,
 *   defaults: { count: 10 },
 *   text,
 *   usesData: false,
 *   lesson: ({ count }, show) => Promise.resolve(show.text(`${count} numbers`)),
 * });
 * ```
 */
export async function runLesson<Numbers extends Record<string, number>>(
  lesson: Lesson<Numbers>,
  args: string[] = Deno.args,
): Promise<void> {
  try {
    const { readFlags } = await import("./command_line.ts"); // loaded here, because a browser has no command line
    const flags = readFlags(lesson, args);
    await assertPossible(flags);
    await run(lesson, flags);
  } catch (error) {
    Deno.exitCode = await exitCode(error);
    if (args === Deno.args) Deno.exit(); // a worker in an endless loop would keep the program alive
  }
}

/** Checks in advance what the lesson needs later, so that the user learns at once if something is missing. */
async function assertPossible({ own: { workers = 1, checkpoint, resume = false, save } }: Flags): Promise<void> {
  if (workers > 1) await (await import("../training/workers/worker_pool.ts")).askToRead(workers);
  if (checkpoint !== undefined) {
    const { CheckpointDirectory } = await import("../training/checkpoints/directory.ts");
    (await CheckpointDirectory.open(checkpoint, resume))[Symbol.dispose]();
  }
  if (save !== undefined) await (await import("../disk/write.ts")).assertNewDirectory(save);
}

/** Runs a lesson on its surfaces, and throws the error that it ends with, if any. */
async function run<Numbers extends Record<string, number>>(lesson: Lesson<Numbers>, flags: Flags): Promise<void> {
  const { broadcast } = await import("./broadcast.ts");
  const { listenForSignals, Interrupted } = await import("./signals.ts");
  const backend = await useBackend(flags.backend);
  const { keepFindings } = await import("./findings.ts");
  const findings = keepFindings();
  const { tell, send, failure } = broadcast(await surfacesOf(lesson, flags, findings));
  const signals = listenForSignals(() => void tell({ kind: "end", failed: true }));
  const show = showOn((event) => {
    const told = send(event); // shown before a signal can end the lesson
    signals.check(event);
    return told;
  });
  show.title(lesson.question);
  let failed: unknown;
  try {
    await lesson.lesson(optionsOf(lesson, flags, show), show);
  } catch (error) {
    failed = error; // rethrown after the surfaces have finished
  }
  signals.end();
  failed ??= failure();
  const verdict = findings.verdict(flags.own.load === undefined ? flags.own.epochs as number | undefined : undefined);
  try {
    await tell({ kind: "end", failed: failed !== undefined });
  } catch (error) {
    if (!failed && !verdict) throw error;
    console.error((error as Error).message); // the first error ends the program
  }
  if (failed instanceof Interrupted) failed.message += await wayOn(flags);
  if (failed) throw failed;
  if (flags.json) { // also after a false claim
    const { jsonReport } = await import("./json_report.ts");
    const { printLine } = await import("../show/terminal/print_line.ts");
    printLine(jsonReport(lesson.name, backend, flags, findings.events));
  }
  if (verdict) throw verdict;
}

/** The surfaces of a lesson: the terminal, a page if `--out` is given, and a record of the findings. */
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

/** The options with which a lesson is called. */
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

/** A sentence about how to resume an interrupted training run; empty if it cannot be resumed. */
async function wayOn({ own: { checkpoint } }: Flags): Promise<string> {
  if (checkpoint === undefined || !await hasCheckpoint(checkpoint)) return "";
  const { shellQuote } = await import("../disk/permissions.ts");
  return ` To resume from the last checkpoint, use --checkpoint ${shellQuote(checkpoint)} --resume.`;
}

/** Whether a directory holds an intact checkpoint. */
async function hasCheckpoint(directory: string): Promise<boolean> {
  const { CheckpointDirectory } = await import("../training/checkpoints/directory.ts");
  try {
    using checkpoints = await CheckpointDirectory.open(directory, true);
    return checkpoints.found !== undefined;
  } catch {
    return false; // for whatever reason, none can be read now
  }
}

/** Prints an error that is not a bug, and returns its exit code. Rethrows all others. */
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
