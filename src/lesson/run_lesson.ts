/**
 * The frame a lesson runs in: its flags, its backend, its surfaces, and what its end means to the shell.
 *
 * Exit codes: 0 every claim held; 1 a claim failed, or the machine lacks what was asked for; 2 a mistake in the flags or
 * in the data; 130 interrupted by Ctrl-C, 143 by SIGTERM (by the shell's own rule: 128 and the signal's number).
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the frame prints the sentence that a mistake gets
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type BackendName, BACKENDS, useBackend } from "../backend.ts";
import { EnvironmentError, InputError } from "../errors.ts";
import { assertNewDirectory } from "../disk/write.ts";
import { shellQuote } from "../disk/permissions.ts";
import { files } from "../show/files/files.ts";
import type { Json, LessonEvent, Surface } from "../show/events.ts";
import { ClaimError, type Show, showOn } from "../show/show.ts";
import { printLine, terminal } from "../show/terminal/terminal.ts";
import { CheckpointDirectory } from "../training/checkpoints/directory.ts";
import { askToRead } from "../training/workers/worker_pool.ts";
import type { TrainOptions } from "../training/train.ts";

/** The options every lesson has, beside its own numbers. */
export interface CommonOptions {
  /** What to learn from: `digits` (embedded), `mnist` (fetched), or a directory of IDX files. */
  data: string;
  /** The seed of everything random. */
  seed: number;
  /** Where to save the trained model, of a lesson that has one to save. */
  save?: string;
  /** Where to load a model that is trained already. */
  load?: string;
  /** How many cores train it, and where its checkpoints are kept: options of `train`. */
  training?: Pick<TrainOptions, "workers" | "checkpoint">;
}

/** A lesson: what it asks, the numbers it can be run with, and what it does. */
export interface Lesson<Numbers extends Record<string, number>> {
  /** The file's name, such as `04_kl`. */
  name: string;
  /** Its title. */
  question: string;
  /** The lesson's own flags and what they are when nobody says; whole numbers take whole numbers. */
  defaults: Numbers;
  /** The lesson's own source, for the page that `--out` writes. */
  text: string;
  /** Whether the lesson learns from data, and so takes `--data`; true unless said otherwise. */
  usesData?: boolean;
  /**
   * Whether the lesson trains a model worth keeping, and so takes `--save`, `--load`, `--workers`, `--checkpoint` and
   * `--resume`; false unless said otherwise.
   */
  keepsModel?: boolean;
  /** Defaults that are others on data other than the embedded digits. */
  otherData?: Partial<Numbers>;
  /** The lesson itself. */
  lesson(options: Numbers & CommonOptions, show: Show): Promise<void>;
}

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
  const flags = commandLine(lesson);
  try {
    flags.parse(args, { from: "user" });
    const { backend: wanted, data, seed, out, json, ...own } = flags.opts();
    const { workers, checkpoint: directory, resume } = own;
    if (resume && directory === undefined) {
      throw new InputError("--resume goes on from a checkpoint: say where it is, with --checkpoint DIRECTORY.");
    }
    if (own.load !== undefined && (directory !== undefined || workers > 1)) {
      throw new InputError(
        "--load takes a model that is trained already: leave out --checkpoint, --resume and --workers.",
      );
    }
    const warn = (sentence: string) => show.text(sentence);
    const checkpoint = directory === undefined ? undefined : { directory, resume, warn };
    const common = {
      data: data ?? "digits",
      seed,
      ...(lesson.keepsModel ? { training: { workers, checkpoint } } : {}),
    };
    for (const [key, value] of Object.entries(data === "digits" ? {} : lesson.otherData ?? {})) {
      if (flags.getOptionValueSource(key) === "default") own[key] = value;
    }
    // What the lesson needs at its end, or not at once: if it is not to be had, that is said now.
    if (workers > 1) await askToRead(workers);
    if (directory !== undefined) (await CheckpointDirectory.open(directory, resume ?? false))[Symbol.dispose]();
    if (own.save !== undefined) await assertNewDirectory(own.save);
    const backend = await useBackend(wanted as BackendName);
    const events: LessonEvent[] = [];
    const record: Surface = (event) => {
      if (event.kind === "claim" || event.kind === "figure") events.push(event); // the JSON has no others
    };
    const surfaces = [
      record,
      await terminal(undefined, null),
      ...(out === undefined ? [] : [await files(out, lesson)]),
    ];
    const tell = async (event: LessonEvent) => {
      for (const surface of surfaces) {
        const drawing = surface(event);
        if (drawing) await drawing; // what is drawn at once is seen at once, whatever the lesson does next
      }
    };
    const interruption = listen(() => void tell({ kind: "end", failed: true }));
    let unsaid: unknown; // why something could not be shown that nobody waited for, as on a full disk
    const show = showOn((event) => {
      if (unsaid) throw unsaid;
      const told = tell(event); // warnings, say, before it ends
      told.catch((error) => unsaid ??= error);
      interruption.check(event);
      return told;
    });
    show.title(lesson.question);
    let failed: unknown;
    try {
      await lesson.lesson({ ...own as Numbers, ...common }, show);
    } catch (error) {
      failed = error; // the surfaces finish all the same
    }
    interruption.end();
    failed ??= unsaid;
    try {
      await tell({ kind: "end", failed: failed !== undefined && !(failed instanceof ClaimError) });
    } catch (error) {
      if (!failed) throw error;
      console.error((error as Error).message); // what went wrong first is what ends the program
    }
    if (failed instanceof Interrupted && directory !== undefined && await hasCheckpoint(directory)) {
      failed.message += ` To go on from the last checkpoint: --checkpoint ${shellQuote(directory)} --resume.`;
    }
    if (failed && !(failed instanceof ClaimError)) throw failed;
    if (json) { // a false claim is a finding like others
      const { name, ...rest } = backend;
      const used = { data: data ?? null, seed, options: own };
      const report = { lesson: lesson.name, backend: name, ...rest, ...used, ...found(events) };
      printLine(JSON.stringify(report));
    }
    if (failed) throw failed;
  } catch (error) {
    Deno.exitCode = exitCode(error);
    if (args === Deno.args) Deno.exit(); // a worker in an endless loop would keep the program alive
  }
}

/** Makes the command line that a lesson's defaults describe. */
function commandLine<Numbers extends Record<string, number>>(
  { name, question, defaults, usesData, keepsModel }: Lesson<Numbers>,
): Command {
  const flags = new Command(`${name}.ts`).description(question).exitOverride().showHelpAfterError()
    .configureOutput({
      writeOut: (text) => printLine(text.trimEnd()),
      getOutHasColors: () => false, // else it reads the environment
      getErrHasColors: () => false,
    })
    .addOption(new Option("--backend <name>", "where to compute").choices(BACKENDS).default("wasm"))
    .option("--seed <number>", "the seed of everything random", wholeNumber(0, 2 ** 32 - 1), 0)
    .option("--out <directory>", "also write a page there, and its pictures as PNG and SVG", named)
    .option("--json", "end with one line of JSON: every figure found");
  if (usesData ?? true) {
    flags.option("--data <source>", "digits (embedded), mnist (fetched), or a directory of IDX files", named, "digits");
  }
  if (keepsModel) {
    flags.option("--save <directory>", "save the trained model there", named)
      .option("--load <directory>", "load a model saved before, instead of training one", named)
      .option("--workers <number>", "cores to train on", wholeNumber(1, 64), 1)
      .option("--checkpoint <directory>", "keep there what a training needs to go on after it was stopped", named)
      .option("--resume", "go on from the newest checkpoint");
  }
  for (const [key, value] of Object.entries(defaults)) {
    const flag = key.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
    flags.option(
      `--${flag} <number>`,
      "a number of this lesson's own",
      Number.isInteger(value) ? wholeNumber(1) : positiveNumber,
      value,
    );
  }
  return flags;
}

/** Takes a name that is one: `"$HERE"` of a shell that knows no `HERE` is none. */
function named(text: string): string {
  if (text === "") throw new InvalidArgumentError("It is empty.");
  return text;
}

/** Whether a whole checkpoint is in a directory. */
async function hasCheckpoint(directory: string): Promise<boolean> {
  try {
    using checkpoints = await CheckpointDirectory.open(directory, true);
    return checkpoints.found !== undefined;
  } catch {
    return false; // none that can be read now, whatever the reason
  }
}

/** The signals that end a training, with their exit codes: Ctrl-C, and what a machine sends before it shuts down. */
const SIGNALS: { signal: Deno.Signal; code: number }[] = [
  { signal: "SIGINT", code: 130 },
  ...(Deno.build.os === "windows" ? [] : [{ signal: "SIGTERM", code: 143 } as const]), // which Windows does not have
];

/** One of these signals came while a model trained. */
class Interrupted extends Error {
  constructor(message: string, readonly code: number) {
    super(message);
  }
}

/**
 * Lets a signal end a training between two steps, so that what it has learned can be kept; a second one, at once.
 *
 * While nothing trains, signals are the system's own.
 *
 * @param finish Leaves the terminal as it was.
 */
function listen(finish: () => void): { check(event: LessonEvent): void; end(): void } {
  let [listening, heard, reached] = [false, 0, ""]; // heard: the exit code of the signal that came
  const hearings = SIGNALS.map(({ signal, code }) => {
    const hear = () => {
      if (heard) {
        finish();
        Deno.exit(code);
      }
      heard = code;
    };
    return { signal, hear };
  });
  const listenIf = (trains: boolean) => {
    if (trains === listening) return;
    listening = trains;
    for (const { signal, hear } of hearings) {
      if (trains) Deno.addSignalListener(signal, hear);
      else Deno.removeSignalListener(signal, hear);
    }
  };
  return {
    check(event) {
      if (event.kind === "text") return; // a warning, which must be heard too
      if (event.kind === "progress") reached = `after step ${event.step.step} of ${event.step.steps}`;
      if (heard) throw new Interrupted(`Interrupted ${reached}.`, heard);
      listenIf(event.kind === "progress" && event.step.step < event.step.steps);
    },
    end: () => listenIf(false),
  };
}

function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    const limit = most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : "";
    throw new InvalidArgumentError(`It takes a whole number of at least ${least}${limit}.`);
  };
}

function positiveNumber(text: string): number {
  if (Number(text) > 0 && Number(text) < Infinity) return Number(text);
  throw new InvalidArgumentError("It takes a number above 0.");
}

/** What the events hold for the JSON: every claim with its figures, and every figure by its name. */
function found(events: LessonEvent[]): { [name: string]: Json } {
  const claims = events.flatMap((event) => {
    if (event.kind !== "claim") return [];
    const { kind: _, what: claim, ...rest } = event;
    return [{ claim, ...rest }];
  });
  const figures = events.flatMap((event) => event.kind === "figure" ? [[event.name, event.value]] : []);
  return { claims, ...Object.fromEntries(figures) };
}

/** Says what went wrong, in a sentence where it is not a bug, and what that means to the shell. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has said it already
  const codes = [[ClaimError, 1], [EnvironmentError, 1], [InputError, 2]] as const;
  const code = error instanceof Interrupted ? error.code : codes.find(([kind]) => error instanceof kind)?.[1];
  if (code === undefined) throw error;
  console.error((error as Error).message);
  return code;
}
