/**
 * A lesson's command line. Its flags are those that every lesson takes, and one for each of the lesson's `defaults`.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type BackendName, BACKENDS } from "../backend.ts";
import { InputError } from "../errors.ts";
import { printLine } from "../show/terminal/print_line.ts";
import type { Lesson } from "./lesson.ts";

/** The values of a command line's flags. */
export interface Flags {
  /** The backend to compute on. */
  backend: BackendName;
  /** The data to learn from; `undefined` for a lesson that uses none. */
  data: string | undefined;
  /** The seed of everything random. */
  seed: number;
  /** The directory for a page, if one is to be written. */
  out: string | undefined;
  /** Whether to end the output with a line of JSON. */
  json: boolean;
  /** The lesson's own numbers, and the flags of a lesson that saves its model. */
  own: Record<string, unknown> & OfModel;
}

/** The flags of a lesson that saves its model. */
interface OfModel {
  save?: string;
  load?: string;
  workers?: number;
  checkpoint?: string;
  resume?: boolean;
}

/** Thrown after the help, or what is wrong with the command line, has been printed. */
export class Answered extends Error {
  /** @param code The exit code. */
  constructor(readonly code: number, options: ErrorOptions) {
    super("The command line has been answered.", options);
  }
}

/**
 * Reads a lesson's command line.
 *
 * @throws {Answered} If it asks for help or has a mistake; either has been printed.
 * @throws {InputError} If flags contradict each other.
 */
export function readFlags<Numbers extends Record<string, number>>(lesson: Lesson<Numbers>, args: string[]): Flags {
  const command = commandOf(lesson);
  try {
    command.parse(args, { from: "user" });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    throw new Answered(cause.exitCode === 0 ? 0 : 2, { cause });
  }
  const { backend, data, seed, out, json, ...own } = command.opts();
  for (const [key, value] of Object.entries(data === "digits" ? {} : lesson.otherData ?? {})) {
    if (command.getOptionValueSource(key) === "default") own[key] = value;
  }
  if (own.resume && own.checkpoint === undefined) {
    throw new InputError("--resume continues from a checkpoint: say where it is with --checkpoint DIRECTORY.");
  }
  if (own.load !== undefined && (own.checkpoint !== undefined || own.workers > 1)) {
    throw new InputError(
      "--load loads a model that is already trained: remove --checkpoint, --resume and --workers.",
    );
  }
  return { backend, data, seed, out, json: json ?? false, own };
}

/** Builds the command line of a lesson. */
function commandOf<Numbers extends Record<string, number>>(lesson: Lesson<Numbers>): Command {
  const { name, question, defaults, usesData = true, keepsModel = false } = lesson;
  const command = new Command(`${name}.ts`).description(question).exitOverride().showHelpAfterError()
    .configureOutput({
      writeOut: (text) => printLine(text.trimEnd()),
      getOutHasColors: () => false, // otherwise it reads environment variables
      getErrHasColors: () => false,
    })
    .addOption(new Option("--backend <name>", "where to compute").choices(BACKENDS).default("wasm"))
    .option("--seed <number>", "the seed of everything random", wholeNumber(0, 2 ** 32 - 1), 0)
    .option("--out <directory>", "also write a page there, and its pictures as PNG and SVG", nonEmpty)
    .option("--json", "end with one line of JSON: every figure found");
  if (usesData) {
    const sources = "digits (embedded), mnist (fetched), or a directory or file of images";
    command.option("--data <source>", sources, nonEmpty, "digits");
  }
  if (keepsModel) {
    command.option("--save <directory>", "save the trained model there", nonEmpty)
      .option("--load <directory>", "load a saved model instead of training one", nonEmpty)
      .option("--workers <number>", "cores to train on", wholeNumber(1, 64), 1)
      .option("--checkpoint <directory>", "write checkpoints there, from which training can resume", nonEmpty)
      .option("--resume", "resume from the newest checkpoint");
  }
  for (const [key, value] of Object.entries(defaults)) {
    const flag = key.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
    const parse = Number.isInteger(value) ? wholeNumber(1) : positiveNumber;
    command.option(`--${flag} <number>`, "one of this lesson's own numbers", parse, value);
  }
  return command;
}

/** Parses a name, which must not be empty, as `"$HERE"` is in a shell without a variable `HERE`. */
function nonEmpty(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    const limit = most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : "";
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}${limit}.`);
  };
}

function positiveNumber(text: string): number {
  if (Number(text) > 0 && Number(text) < Infinity) return Number(text);
  throw new InvalidArgumentError("It must be a number above 0.");
}
