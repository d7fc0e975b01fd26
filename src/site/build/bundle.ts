/**
 * The site's scripts, bundled by Deno.
 *
 * @module
 */
import { EnvironmentError } from "../../errors.ts";
import { ROOT } from "./project.ts";

/**
 * Bundles modules for browsers into a directory, what they share in files of its own.
 *
 * @param entries Paths of the modules, relative to the project's directory.
 * @param directory Where to write, relative to it too.
 * @throws {EnvironmentError} If they cannot be bundled.
 */
export async function bundle(entries: string[], directory: string): Promise<void> {
  const flags = ["--quiet", "--platform", "browser", "--code-splitting", "--minify", "--outdir", directory];
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...flags, ...entries],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new EnvironmentError(`The scripts cannot be bundled: ${new TextDecoder().decode(stderr).trim()}`);
}
