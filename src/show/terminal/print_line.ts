// deno-lint-ignore-file no-console -- the only place in src that prints lessons' output
import { EnvironmentError } from "../../errors.ts";

/**
 * Prints a line. It does nothing if standard output is a pipe that nobody reads any more.
 *
 * @throws {EnvironmentError} If the line cannot be written, for example because the disk is full.
 */
export function printLine(line: string): void {
  try {
    console.log(line);
  } catch (cause) {
    throw new EnvironmentError(`Cannot write to standard output: ${(cause as Error).message}.`, { cause });
  }
}
