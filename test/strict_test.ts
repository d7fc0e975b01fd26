/**
 * What the two strict options of TypeScript find in the library, its kernels and the lessons: nothing. The options are not
 * on in `deno.json`, because there they would hold for all files, and in the tests they find 1,400 places.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { deno, granted, ROOT, testIf, withTempDir } from "./_run.ts";

const runs = await granted({ name: "run" }) && await granted({ name: "env" }) && await granted({ name: "read" }) &&
  await granted({ name: "write" });

/** The files of this project in which `deno check` finds an error under the two options, once for each error. */
function findings(...files: string[]): Promise<string[]> {
  return withTempDir(async (directory) => {
    const strict = {
      imports: config.imports,
      exclude: [new URL("src/kernels/assembly", ROOT).pathname], // not TypeScript
      links: config.links.map((path) => new URL(path, ROOT).pathname),
      compilerOptions: { noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
    };
    await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify(strict));
    const { code, err } = await deno(["check", `--config=${directory}/deno.json`, "--no-lock", ...files]);
    const places = Array.from(err.matchAll(/^ {4}at (file:\S+?):\d+:\d+$/gm), ([, place = ""]) => place);
    const inSource = places.filter((place) => place.startsWith(ROOT.href)).map((place) =>
      place.slice(ROOT.href.length)
    );
    assert(inSource.length > 0 || code === 0, err);
    return inSource;
  });
}

testIf(
  runs,
  "--allow-run --allow-env --allow-read --allow-write",
  "no index is taken on trust, and no property is undefined that may only be left out",
  async () => {
    assertEquals(await findings("mod.ts", "src", "lessons", "test/std_assert"), []);
  },
);
