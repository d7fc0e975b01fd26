/**
 * What the browser keeps for the reader, under one name for the whole site; where it may keep nothing, it is forgotten with the
 * page.
 *
 * @module
 */
/// <reference lib="dom" />

const PREFIX = "vae-steps:";
/** What the browser would not keep. */
const forgotten = new Map<string, string>();

/** What is kept under a name, if anything is. */
export function kept(name: string): string | undefined {
  try {
    return forgotten.get(name) ?? localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined; // storage is forbidden
  }
}

/** Keeps something under a name. */
export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
    forgotten.delete(name);
  } catch {
    forgotten.set(name, value); // storage is full or forbidden: it is kept as long as the page is open
  }
}

/** Forgets everything that was kept under names that begin so. */
export function forget(prefix = ""): void {
  for (const name of keptNames(prefix)) {
    forgotten.delete(name);
    try {
      localStorage.removeItem(PREFIX + name);
    } catch {
      // There is nothing to remove where storage is forbidden.
    }
  }
}

/** The names that begin so and have something kept under them. */
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
