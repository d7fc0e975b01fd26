// deno-lint-ignore-file no-console -- the one place in src that prints what a lesson says
import { EnvironmentError } from "../../errors.ts";

/**
 * Prints a line. Into a pipe that nobody reads any more it does nothing.
 *
 * @throws {EnvironmentError} If it cannot be written, as on a full disk.
 */
export function printLine(line: string): void {
  try {
    console.log(line);
  } catch (cause) {
    throw new EnvironmentError(`Cannot write to standard output: ${(cause as Error).message}.`, { cause });
  }
}
