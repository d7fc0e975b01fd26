/**
 * Reads from the disk, with errors that say in one sentence what is wrong with a path.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { assertDisk, missingPermission } from "./permissions.ts";

/** What the error of a failed read says besides the path. */
export interface Wanted {
  /** The directory whose permission the message asks for, the path itself by default. */
  permit?: string;
  /**
   * What should be at the path, as the rest of a sentence. If given, anything else at the path is the user's mistake.
   */
  wanted?: string;
}

/**
 * Runs a function that reads, and turns its errors into sentences.
 *
 * @param path The path that is read, for messages.
 * @param read The function. Its own `InputError` is passed on.
 * @throws {InputError} If the path should be a directory and is not. With `wanted`, also if the path is missing or
 * cannot be read.
 * @throws {EnvironmentError} If permission is missing; the message names the flag to add. Without `wanted`, also if the
 * path is missing or cannot be read.
 */
export async function reading<T>(path: string, read: () => Promise<T>, { permit = path, wanted }: Wanted = {}) {
  assertDisk(path);
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const rest = wanted === undefined ? "" : `: ${wanted}`;
    const { message } = cause as Error;
    if (cause instanceof Deno.errors.NotCapable) throw missingPermission("read", permit, cause);
    if (cause instanceof Deno.errors.NotADirectory) {
      throw new InputError(`${path} is not a directory${rest}.`, { cause });
    }
    if (wanted === undefined) throw new EnvironmentError(`Cannot read ${path}: ${message}.`, { cause });
    if (cause instanceof Deno.errors.NotFound) throw new InputError(`There is no "${path}"${rest}.`, { cause });
    throw new InputError(`Cannot read ${path} (${message})${rest}.`, { cause });
  }
}
