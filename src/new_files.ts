/**
 * Files and directories that were not there before: nothing is overwritten, and whoever lacks a permission hears which.
 *
 * @module
 */
import { EnvironmentError, InputError } from "./errors.ts";

/**
 * Makes a directory. Make it before the work whose results it is for: whatever is wrong with it is then known before the
 * work, and not after it.
 *
 * @param path Where; the directory above it must exist.
 * @param permit The directory that a missing permission is to be asked for, `path` itself by default.
 * @throws {InputError} If the directory, or a file of its name, exists already.
 * @throws {EnvironmentError} If it cannot be made; without the permission, the message has the flag to add.
 */
export function newDirectory(path: string, permit: string = path): Promise<void> {
  return making(path, permit, () => Deno.mkdir(path));
}

/**
 * Writes a file.
 *
 * @param path Where; the directory must exist, and the file must not.
 * @param permit The directory that a missing permission is to be asked for.
 * @throws {InputError} If there is such a file already.
 * @throws {EnvironmentError} If it cannot be written; without the permission, the message has the flag to add.
 */
export function newFile(path: string, bytes: Uint8Array, permit: string): Promise<void> {
  return making(path, permit, () => Deno.writeFile(path, bytes, { createNew: true }));
}

/** Does `make`, and says what it takes if that fails. */
async function making(path: string, permit: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new InputError(`${path} exists already, and nothing is overwritten: name another directory.`, { cause });
    }
    if (cause instanceof Deno.errors.NotCapable) {
      throw new EnvironmentError(`Writing to ${permit} needs the permission --allow-write=${permit}.`, { cause });
    }
    if (cause instanceof Deno.errors.NotFound) {
      throw new EnvironmentError(`Cannot write ${path}: the directory above it does not exist.`, { cause });
    }
    throw new EnvironmentError(`Cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
