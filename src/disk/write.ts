/**
 * Writes files and directories. Only functions whose names say so overwrite anything, an incomplete file is removed,
 * and the error for a missing permission names the flag to add.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { assertDisk, missingPermission } from "./permissions.ts";

/**
 * Creates a directory. *
 * @param path The path of the directory. Its parent must exist.
 * @param permit The directory whose permission the message asks for, `path` by default.
 * @throws {InputError} If a directory or a file of that name already exists.
 * @throws {EnvironmentError} If it cannot be created. If a permission is missing, the message names the flag to add.
 */
export function newDirectory(path: string, permit: string = path): Promise<void> {
  return writing(path, permit, () => Deno.mkdir(path));
}

/**
 * Creates a directory unless it exists.
 *
 * @param permit The directory whose permission the message asks for, `path` by default.
 * @throws {EnvironmentError} If it cannot be created. If a permission is missing, the message names the flag to add.
 */
export async function ensureDirectory(path: string, permit: string = path): Promise<void> {
  try {
    await newDirectory(path, permit);
  } catch (error) {
    if (!(error instanceof InputError)) throw error; // an InputError says that it exists
  }
}

/**
 * Checks that a directory can be created, by creating and removing it. Call this before computing the results that the
 * directory is for: a problem is then reported before the work, and work that fails leaves no directory behind.
 *
 * @throws {InputError} If a directory or a file of that name already exists.
 * @throws {EnvironmentError} If it cannot be created. If a permission is missing, the message names the flag to add.
 */
export async function assertNewDirectory(path: string): Promise<void> {
  await newDirectory(path);
  await writing(path, path, () => Deno.remove(path));
}

/**
 * Writes a new file, and waits until it is on the disk.
 *
 * @param path The path of the file. Its directory must exist, and the file must not.
 * @param permit The directory whose permission the message asks for.
 * @param instead What the message suggests if the file already exists.
 * @throws {InputError} If the file already exists.
 * @throws {EnvironmentError} If it cannot be written; no file is left then. If a permission is missing, the message
 * names the flag to add.
 */
export function newFile(path: string, bytes: Uint8Array, permit: string, instead?: string): Promise<void> {
  return writing(path, permit, () => writeFlushed(path, bytes, { createNew: true }), instead);
}

/**
 * Writes a file atomically: even if the process is killed or the machine stops, it is either complete or unchanged. The
 * file is written as `PATH.partial`, flushed to the disk and then renamed.
 *
 * @param path The path of the file. An existing file is replaced.
 * @param directory The directory of the file, which must exist.
 * @param permit The directory whose permission the message asks for, `directory` by default.
 * @throws {EnvironmentError} If it cannot be written; nothing has changed then. If a permission is missing, the message
 * names the flag to add.
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
    await Deno.remove(path).catch(() => {}); // report the first error
    throw error;
  }
}

/**
 * Waits until the entries of a directory are on the disk. Windows cannot open a directory, so it does nothing there.
 */
export async function flushDirectory(path: string): Promise<void> {
  try {
    using directory = await Deno.open(path);
    await directory.sync();
  } catch {
    // The file has been written. It could only be lost in a power failure.
  }
}

/**
 * Which permission is missing if something could not be written: to rename a file, Deno requires permission to read,
 * too.
 */
async function lacking(path: string): Promise<"read" | "write"> {
  const { state } = await Deno.permissions.query({ name: "write", path });
  return state === "granted" ? "read" : "write";
}

/**
 * Runs a function that writes, and turns its errors into sentences.
 *
 * @param path The path that is written, for messages.
 * @param permit The directory whose permission the message asks for.
 * @param write The function. Its own `InputError` and `TypeError` are passed on.
 * @param instead What the message suggests if the path already exists.
 * @throws {InputError} If the path already exists.
 * @throws {EnvironmentError} If it fails for another reason. If a permission is missing, the message names the flag to
 * add.
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
      throw new InputError(`${path} already exists and is not overwritten: ${instead}.`, { cause });
    }
    if (cause instanceof Deno.errors.NotCapable) throw missingPermission(await lacking(permit), permit, cause);
    if (cause instanceof Deno.errors.NotFound) {
      throw new EnvironmentError(`Cannot write ${path}: the directory above it does not exist.`, { cause });
    }
    throw new EnvironmentError(`Cannot write ${path}: ${(cause as Error).message}.`, { cause });
  }
}
