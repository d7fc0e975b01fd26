/**
 * How a message names what the user is to type: so that it can be pasted into a shell as it stands.
 *
 * @module
 */

const SEPARATORS = Deno.build.os === "windows" ? String.raw`/\\` : "/";
const NAME = new RegExp(`[^${SEPARATORS}]*$`);
/** A word that no shell changes, and whose last dot is not taken for the sentence's. */
const PLAIN = new RegExp(String.raw`^[\p{L}\p{M}\p{N}_@%+=:.${SEPARATORS}-]+(?<!\.)$`, "u");

/** A word as a POSIX shell reads it back, in quotes only where it needs them. */
export function shellQuote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The flag that grants a path, such as `--allow-read=night`.
 *
 * Deno 2.9 ends a path at every comma, and knows no other way to write one. A path with a comma is granted by the nearest
 * directory above the comma.
 */
export function permissionFlag(kind: "read" | "write", path: string): string {
  const comma = path.indexOf(",");
  const granted = comma < 0 ? path : path.slice(0, comma).replace(NAME, "") || "./";
  return `--allow-${kind}=${shellQuote(granted)}`;
}
