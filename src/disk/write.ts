/**
 * Files and directories: nothing is overwritten unless the function is named for it, what cannot be written to its end is not left
 * behind, and a missing permission is named.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { assertDisk, missingPermission } from "./permissions.ts";

/**
 * Makes a directory.
 *
 * @param path Where; the directory above it must exist.
 * @param permit The directory that a missing permission is to be asked for, `path` itself by default.
 * @throws {InputError} If the directory, or a file of its name, exists already.
 * @throws {EnvironmentError} If it cannot be made; without permission, the message names the flag to add.
 */
export function newDirectory(path: string, permit: string = path): Promise<void> {
  return writing(path, permit, () => Deno.mkdir(path));
}

/**
 * Makes a directory unless it exists.
 *
 * @param permit The directory that a missing permission is to be asked for, `path` itself by default.
 * @throws {EnvironmentError} If it cannot be made; without permission, the message names the flag to add.
 */
export async function ensureDirectory(path: string, permit: string = path): Promise<void> {
  try {
    await newDirectory(path, permit);
  } catch (error) {
    if (!(error instanceof InputError)) throw error; // but that says that it is there
  }
}

/**
 * Finds out whether a directory can be made, by making it and taking it away again. Call it before the work whose results
 * the directory is for: whatever is wrong is then known before the work, and work that fails leaves no directory behind.
 *
 * @throws {InputError} If the directory, or a file of its name, exists already.
 * @throws {EnvironmentError} If it cannot be made; without permission, the message names the flag to add.
 */
export async function assertNewDirectory(path: string): Promise<void> {
  await newDirectory(path);
  await writing(path, path, () => Deno.remove(path));
}

/**
 * Writes a file, and waits until it is on the disk.
 *
 * @param path Where; the directory must exist, and the file must not.
 * @param permit The directory that a missing permission is to be asked for.
 * @param instead What to do where there is such a file, as a message says it.
 * @throws {InputError} If there is such a file already.
 * @throws {EnvironmentError} If it cannot be written, and then there is none; without the permission, the message has the
 * flag to add.
 */
export function newFile(path: string, bytes: Uint8Array, permit: string, instead?: string): Promise<void> {
  return writing(path, permit, () => writeFlushed(path, bytes, { createNew: true }), instead);
}

/**
 * Writes a file that is there whole or not at all, even if the process is killed or the machine stops meanwhile: under the
 * name `PATH.partial`, flushed to the disk, then renamed.
 *
 * @param path Where. A file of that name is replaced.
 * @param directory The directory it is in, which must exist.
 * @param permit The directory that a missing permission is to be asked for, by default that which the file is in.
 * @throws {EnvironmentError} If it cannot be written, and nothing has changed then; without the permission, the message
 * has the flag to add.
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  directory: string,
  permit: string = directory,
): Promise<void> {
  const partial = `${path}.partial`;
  return writing(path, permit, async () => {
    await writeFlushed(partial, bytes, { create: true, truncate: true });
    await orRemove(partial, () => Deno.rename(partial, path));
    await flushDirectory(directory);
  });
}

/** Writes a file, waits until it is on the disk, and removes it if that fails. */
async function writeFlushed(path: string, bytes: Uint8Array, how: Deno.OpenOptions): Promise<void> {
  const opened = await Deno.open(path, { write: true, ...how });
  await orRemove(path, async () => {
    using file = opened;
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  });
}

/** Does something with a file, and removes the file if that fails. */
async function orRemove(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    await Deno.remove(path).catch(() => {}); // the first error is the one to report
    throw error;
  }
}

/** Waits until a directory's names are on the disk, where the system lets a directory be opened: Windows does not. */
export async function flushDirectory(path: string): Promise<void> {
  try {
    using directory = await Deno.open(path);
    await directory.sync();
  } catch {
    // The file is there already; only after a power cut could it be missing.
  }
}

/** Which permission is missing where something could not be written: to rename a file, Deno asks for that to read, too. */
async function lacking(path: string): Promise<"read" | "write"> {
  const { state } = await Deno.permissions.query({ name: "write", path });
  return state === "granted" ? "read" : "write";
}

/**
 * Writes, and says what is wrong if that fails.
 *
 * @param path What is written, for messages.
 * @param permit The directory that a missing permission is to be asked for.
 * @param write What to do; an `InputError` of its own passes, and so does a bug.
 * @param instead What to do where something is there already, as the message says it.
 * @throws {InputError} If something is there already.
 * @throws {EnvironmentError} If it fails otherwise; without permission, the message names the flag to add.
 */
export async function writing<T>(
  path: string,
  permit: string,
  write: () => Promise<T>,
  instead = "name another directory",
): Promise<T> {
  assertDisk(path);
  try {
    return await write();
  } catch (cause) {
    if (cause instanceof InputError || cause instanceof TypeError) throw cause;
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new InputError(`${path} exists already, and nothing is overwritten: ${instead}.`, { cause });
    }
    if (cause instanceof Deno.errors.NotCapable) throw missingPermission(await lacking(permit), permit, cause);
    if (cause instanceof Deno.errors.NotFound) {
      throw new EnvironmentError(`Cannot write ${path}: the directory above it does not exist.`, { cause });
    }
    throw new EnvironmentError(`Cannot write ${path}: ${(cause as Error).message}.`, { cause });
  }
}
