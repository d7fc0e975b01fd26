/**
 * What the browser stores for the reader. Where storage is full or forbidden, it is held only until the page is left.
 *
 * @module
 */
/// <reference lib="dom" />

const PREFIX = "vae-steps:";
/** What the browser refused to store. */
const forgotten = new Map<string, string>();

/** The value stored under a name, if there is one. */
export function kept(name: string): string | undefined {
  try {
    return forgotten.get(name) ?? localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined; // storage is forbidden
  }
}

/** Stores a value under a name. */
export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
    forgotten.delete(name);
  } catch {
    forgotten.set(name, value); // storage is full or forbidden: it is kept as long as the page is open
  }
}

/** Deletes everything stored under names with this prefix. */
export function forget(prefix = ""): void {
  for (const name of keptNames(prefix)) {
    forgotten.delete(name);
    try {
      localStorage.removeItem(PREFIX + name);
    } catch {
      // Storage is forbidden, so it has nothing to remove.
    }
  }
}

/** The names with this prefix that have a value. */
export function keptNames(prefix: string): string[] {
  const names = [...forgotten.keys()];
  try {
    const stored = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? "");
    names.push(...stored.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)));
  } catch {
    // Storage is forbidden.
  }
  return [...new Set(names)].filter((name) => name.startsWith(prefix));
}
