/**
 * Programs run under Deno's audit, which records every permission that is asked for, granted or not.
 *
 * @module
 */
import { deno, type Ended, withTempDir } from "./_run.ts";

/** How a program ended, and what it asked for, such as `read /etc/hosts`; each once, in order. */
export interface Audited extends Ended {
  asked: string[];
}

/**
 * Runs a program with nobody to ask, and forbids every piece of it, its dependencies included, to make code from strings.
 *
 * @param args The flags, the program and its arguments.
 */
export function audited(args: string[], env: Record<string, string> = {}): Promise<Audited> {
  return withTempDir(async (directory) => {
    const audit = `${directory}/audit.jsonl`;
    const flags = ["--no-prompt", "--v8-flags=--disallow-code-generation-from-strings"];
    const ended = await deno(["run", ...flags, ...args], { env: { ...env, DENO_AUDIT_PERMISSIONS: audit } });
    return { ...ended, asked: askedIn(await Deno.readTextFile(audit)) };
  });
}

/** What was asked for, by the lines of the audit. */
export function askedIn(audit: string): string[] {
  const lines = audit.trimEnd().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return [...new Set(lines.map(({ permission, value }) => `${permission} ${value}`))];
}
