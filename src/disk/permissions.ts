/**
 * Errors for missing permissions, whose flags can be pasted into a shell.
 *
 * @module
 */
import { EnvironmentError } from "../errors.ts";

/** The separators of names in a path, for a character class of a regular expression. */
const separators = () => Deno.build.os === "windows" ? String.raw`/\\` : "/";

/** The directory of a path: `.` for a name alone. */
export function directoryOf(path: string): string {
  const [, root, above] =
    new RegExp(`^([${separators()}]?)(.*?)[${separators()}]?[^${separators()}]*$`, "s").exec(path) ?? [];
  return `${root}${above}` || ".";
}

/** Quotes a word for a POSIX shell, if it needs quotes. */
export function shellQuote(word: string): string {
  // Characters that no shell changes. A dot at the end would look like the end of the sentence, so it needs quotes.
  const plain = new RegExp(String.raw`^[\p{L}\p{M}\p{N}_@%+=:.${separators()}-]+(?<!\.)$`, "u");
  return plain.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The flag that grants a path, such as `--allow-read=night`.
 *
 * Deno 2.9 splits the flag's value at commas, and has no way to escape one. For a path with a comma, the flag therefore
 * grants the nearest directory above the comma.
 */
export function permissionFlag(kind: "read" | "write", path: string): string {
  const comma = path.indexOf(",");
  const name = new RegExp(`[^${separators()}]*$`);
  const granted = comma < 0 ? path : path.slice(0, comma).replace(name, "") || "./";
  return `--allow-${kind}=${shellQuote(granted)}`;
}

/** The error for a missing permission: one sentence, with the flag to add. */
export function missingPermission(kind: "read" | "write", path: string, cause?: unknown): EnvironmentError {
  const doing = kind === "read" ? "Reading" : "Writing to";
  return new EnvironmentError(`${doing} ${path} requires a permission: add ${permissionFlag(kind, path)}.`, { cause });
}

/** Whether a path may be read or written. It asks the user if Deno can prompt. Outside Deno it is always true. */
export async function isPermitted(kind: "read" | "write", path: string): Promise<boolean> {
  if (!("Deno" in globalThis)) return true;
  return (await Deno.permissions.request({ name: kind, path })).state === "granted";
}

/**
 * Checks that there is a file system.
 *
 * @throws {EnvironmentError} If there is none, as in a browser.
 */
export function assertDisk(path: string): void {
  if ("Deno" in globalThis) return;
  throw new EnvironmentError(
    `Cannot use ${path}: this program has no access to a disk.`,
  );
}
