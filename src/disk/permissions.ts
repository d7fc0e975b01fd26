/**
 * Missing permissions, as sentences whose flags can be pasted into a shell as they stand.
 *
 * @module
 */
import { EnvironmentError } from "../errors.ts";

/** What separates the names in a path, as a class of a regular expression holds it. */
const separators = () => Deno.build.os === "windows" ? String.raw`/\\` : "/";

/** The directory that a path is in: `.` for a name alone. */
export function directoryOf(path: string): string {
  const [, root, above] =
    new RegExp(`^([${separators()}]?)(.*?)[${separators()}]?[^${separators()}]*$`, "s").exec(path) ?? [];
  return `${root}${above}` || ".";
}

/** A word as a POSIX shell reads it back, in quotes only where it needs them. */
export function shellQuote(word: string): string {
  // What no shell changes, and whose last dot cannot be taken for the sentence's.
  const plain = new RegExp(String.raw`^[\p{L}\p{M}\p{N}_@%+=:.${separators()}-]+(?<!\.)$`, "u");
  return plain.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The flag that grants a path, such as `--allow-read=night`.
 *
 * Deno 2.9 ends a path at every comma, and has no other way to write one. A path with a comma is granted by the nearest
 * directory above the comma.
 */
export function permissionFlag(kind: "read" | "write", path: string): string {
  const comma = path.indexOf(",");
  const name = new RegExp(`[^${separators()}]*$`);
  const granted = comma < 0 ? path : path.slice(0, comma).replace(name, "") || "./";
  return `--allow-${kind}=${shellQuote(granted)}`;
}

/** What to throw where a permission is missing: one sentence, with the flag to add. */
export function missingPermission(kind: "read" | "write", path: string, cause?: unknown): EnvironmentError {
  const doing = kind === "read" ? "Reading" : "Writing to";
  return new EnvironmentError(`${doing} ${path} requires a permission: add ${permissionFlag(kind, path)}.`, { cause });
}

/** Whether a path may be read or written, once the user was asked where there is somebody to ask. Outside Deno it may. */
export async function isPermitted(kind: "read" | "write", path: string): Promise<boolean> {
  if (!("Deno" in globalThis)) return true;
  return (await Deno.permissions.request({ name: kind, path })).state === "granted";
}

/**
 * Checks that there is a file system at all.
 *
 * @throws {EnvironmentError} If there is none, as in a browser.
 */
export function assertDisk(path: string): void {
  if ("Deno" in globalThis) return;
  throw new EnvironmentError(
    `Cannot use ${path}: this program has no disk.`,
  );
}
