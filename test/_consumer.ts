/**
 * Projects of others, which take this one in by `links`.
 *
 * @module
 */
import { deno, type Ended, ROOT, withTempDir } from "./_run.ts";

const CONFIG = {
  links: ["", "src/kernels/"].map((path) => decodeURIComponent(new URL(path, ROOT).pathname)),
  imports: {
    "@vae/steps": "jsr:@vae/steps@^0.1.0",
    "@vae/kernels": "jsr:@vae/kernels@^0.1.0",
    "@tensorflow/tfjs": "npm:@tensorflow/tfjs@4.22.0",
  },
  fmt: { lineWidth: 120 },
};

/** A project, while it is there. */
export interface Project {
  /** Its directory. */
  cwd: string;
  /** Starts Deno there. */
  start(...args: string[]): Promise<Ended>;
}

/** Writes files into a project of its own, and calls `use` with it. */
export function withProject(files: Record<string, string>, use: (project: Project) => Promise<void>): Promise<void> {
  return withTempDir(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/deno.json`, JSON.stringify(CONFIG));
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${cwd}/${name}`, text);
    await use({ cwd, start: (...args) => deno(args, { cwd }) });
  });
}
