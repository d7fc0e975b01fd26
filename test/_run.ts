/**
 * Tests that need a permission, and Deno started as a user starts it.
 *
 * @module
 */

/** The project's directory. */
export const ROOT = new URL("../", import.meta.url);

/** Whether a permission is granted, without asking for it. */
export async function granted(descriptor: Deno.PermissionDescriptor): Promise<boolean> {
  return (await Deno.permissions.query(descriptor)).state === "granted";
}

/** A test that ignores itself where what it needs is missing, and then says so in its name. */
export function testIf(
  possible: boolean,
  need: string,
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
) {
  Deno.test({ name: possible ? name : `${name} (ignored: needs ${need})`, ignore: !possible, fn });
}

/** How a process ended, and what it said. */
export interface Ended {
  /** Its exit status. */
  code: number;
  /** The signal that ended it, if one did. */
  signal: Deno.Signal | null;
  /** Its standard output. */
  out: string;
  /** Its standard error. */
  err: string;
}

/** Runs Deno with these arguments, in the project's directory unless another is given, with nobody at the keyboard. */
export async function deno(
  args: string[],
  { cwd = ROOT, env = {} }: { cwd?: string | URL; env?: Record<string, string> } = {},
): Promise<Ended> {
  const options = { args, cwd, env: { NO_COLOR: "1", ...env }, stdin: "null" } as const;
  const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, signal, out: text(stdout), err: text(stderr) };
}

/** Calls `use` with the path of a directory that is gone afterwards. */
export async function withTempDir<T>(use: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir();
  try {
    return await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
