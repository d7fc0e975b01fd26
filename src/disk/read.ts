/**
 * Reading from the disk: what is wrong with a path, in one sentence.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { assertDisk, missingPermission } from "./permissions.ts";

/** What a sentence about a failed read says besides the path. */
export interface Wanted {
  /** The directory to ask permission for, the path itself by default. */
  permit?: string;
  /** What should be at the path, as the rest of a sentence. With it, whatever else is there is the caller's mistake. */
  wanted?: string;
}

/**
 * Does what reads, and says what is wrong if that fails.
 *
 * @param path What is read, for messages.
 * @param read What to do; an `InputError` that it throws passes.
 * @throws {InputError} If the path is not a directory where one is read; where something is `wanted`, also if it is
 * missing or cannot be read.
 * @throws {EnvironmentError} If the permission is missing; the message names the flag to add. Where nothing is `wanted`, also
 * if it cannot be read.
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
