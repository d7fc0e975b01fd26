/**
 * The site's scripts, bundled by Deno.
 *
 * @module
 */
import { EnvironmentError } from "../../errors.ts";
import { projectText, ROOT } from "./project.ts";

/** Where the build writes the modules to bundle, in the project's directory. */
const ENTRIES = ".site/entries";

/** Bundles the scripts that every page loads into a directory, relative to the project's. */
export async function bundlePage(directory: string): Promise<void> {
  await bundle(["src/site/page/page.ts", "src/site/page/service_worker.ts"], directory);
}

/**
 * Bundles a worker for each lesson that runs it; code that several share goes into separate files.
 *
 * @param names The lessons' names: `04_kl` becomes `04_kl.js`.
 * @param directory Where to write, relative to the project's directory.
 */
export async function bundleLessons(names: string[], directory: string): Promise<void> {
  await Deno.mkdir(new URL(ENTRIES, ROOT), { recursive: true });
  const write = (name: string, text: string) => Deno.writeTextFile(new URL(`${ENTRIES}/${name}`, ROOT), text);
  for (const name of names) {
    await write(
      `${name}.ts`,
      `import * as lesson from "../../lessons/${name}.ts";\n` +
        `import { answerRuns } from "../../src/site/worker/lesson_worker.ts";\nanswerRuns(lesson);\n`,
    );
  }
  const config = JSON.parse(await projectText("deno.json"));
  const { "@tensorflow/tfjs": tfjs } = config.imports as Record<string, string>;
  await write("tfjs.ts", tfjsDoor((tfjs ?? "").replace(/.*@/, "")));
  const imports = { ...config.imports, "@tensorflow/tfjs": "./tfjs.ts" };
  const links = (config.links as string[]).map((link) => `../../${link}`);
  await write("deno.json", JSON.stringify({ imports, links }));
  const flags = ["--config", `${ENTRIES}/deno.json`, "--no-lock"];
  await bundle(names.map((name) => `${ENTRIES}/${name}.ts`), directory, flags);
}

/** tfjs without its WebGL and CPU backends, converter and data pipelines, which no lesson uses: two thirds of it. */
function tfjsDoor(version: string): string {
  const [core, layers] = ["core", "layers"].map((part) => `npm:/@tensorflow/tfjs-${part}@${version}`);
  return `import "${core}/dist/public/chained_ops/register_all_chained_ops.js";\n` +
    `export * from "${core}";\nexport * from "${layers}";\n`;
}

/**
 * Bundles modules for browsers into a directory, with code that they share in separate files.
 *
 * @throws {EnvironmentError} If they cannot be bundled.
 */
async function bundle(entries: string[], directory: string, more: string[] = []): Promise<void> {
  const flags = ["--quiet", "--platform", "browser", "--code-splitting", "--minify", "--outdir", directory, ...more];
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
