/**
 * Downloads with caches of their own, and in processes of their own.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- what the process prints is what the test reads
import { type Download, download, PATIENCE } from "../src/data/download.ts";
import { sha256 } from "../src/disk/sha256.ts";
import { ROOT } from "./_run.ts";

/** Calls `use` with the name of a cache that is gone afterwards. */
export async function withCache(use: (cache: string) => Promise<void>) {
  const cache = `test-${crypto.randomUUID()}`;
  try {
    await use(cache);
  } finally {
    await caches.delete(cache);
  }
}

/** Starts a process that downloads a file, with its cache in a directory; see {@linkcode printed}. */
export function start(directory: string, wanted: Download): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-config", "--allow-net=127.0.0.1", "test/_download.ts", JSON.stringify(wanted)],
    cwd: ROOT,
    env: { NO_COLOR: "1", DENO_DIR: directory },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What a process printed: SHA-256 of what it got, or what went wrong. */
export async function printed(process: Deno.ChildProcess): Promise<string> {
  const { stdout, stderr } = await process.output();
  return (new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)).trimEnd();
}

if (import.meta.main) {
  try {
    console.log(await sha256(await download({ ...JSON.parse(Deno.args[0]), patience: { ...PATIENCE, pause: 1 } })));
  } catch (error) {
    console.error((error as Error).message);
  }
}
