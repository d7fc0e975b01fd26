/**
 * The two packages, the library and its kernels, as they are published.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { deno, granted, ROOT, testIf } from "./_run.ts";
import { filesIn, textOf } from "./_sources.ts";

const reads = await granted({ name: "read" });
const runs = reads && await granted({ name: "run" }) && await granted({ name: "env" });

/** The folder of the kernels, a package of its own. */
const KERNELS = new URL("src/kernels/", ROOT);

testIf(reads, "--allow-read", "the kernels import nothing but tfjs from outside their folder", async () => {
  for (const path of await filesIn("src/kernels/", ".ts")) {
    if (/^src\/kernels\/(assembly|build)\//.test(path)) continue; // neither is published
    const text = await textOf(path);
    for (const [, specifier = ""] of text.matchAll(/^(?!\s*\*).*(?:^import |\bfrom |\bimport\()"([^"]+)"/gm)) {
      if (/^@tensorflow\/tfjs(-backend-wasm)?$/.test(specifier)) continue;
      assertMatch(new URL(specifier, new URL(path, ROOT)).href, RegExp(`^${KERNELS.href}.+\\.ts$`), path);
    }
  }
});

testIf(runs, "--allow-run --allow-env --allow-read", "both packages can be published", async () => {
  const flags = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const tries = await Promise.all([ROOT, KERNELS].map((cwd) => deno(flags, { cwd })));
  for (const [i, name] of ["@vae/steps", "@vae/kernels"].entries()) {
    const { code, err } = tries[i]!;
    assertEquals(code, 0, err);
    assertMatch(err, RegExp(`Simulating publish of ${name}@\\d+\\.\\d+\\.\\d+ with files:`));
    assertEquals(err.match(/^ +file:.*\/(test|assembly|site|deno\.lock|build\.ts)\b.*$/gm), null);
  }
});
