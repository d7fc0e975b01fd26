/**
 * The library and the lessons where there is no Deno: not in this process, and in a browser.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { chromiumRuns, withChromium } from "./_chromium.ts";
import { deno, granted, ROOT, testIf, withTempDir } from "./_run.ts";

const runs = await granted({ name: "run" }) && await granted({ name: "env" }) && await granted({ name: "read" });
const testRun = testIf.bind(undefined, runs, "--allow-run --allow-env --allow-read");

/** What the program found with Deno, or without. */
async function portable(...args: string[]) {
  const { code, out, err } = await deno(["run", "--no-prompt", "test/_portable.ts", ...args]);
  assertEquals(code, 0, err);
  return JSON.parse(out);
}

testRun("once Deno is gone, mod.ts loads, and three steps, a decode and a lesson come out to the bit", async () => {
  const [here, gone] = await Promise.all([portable(), portable("without")]);
  assertEquals([here.hasDeno, gone.hasDeno], [true, false]);
  assertEquals([here.losses.length, here.logits.length, here.tensors], [4, 4 * 784, 0]);
  assert(here.events.length > 20 && here.drawn.length > 1 && here.drawn.flat().includes("KL(p ‖ q)"));
  assertEquals({ ...gone, hasDeno: true, refusals: [] }, here);
  assertEquals(gone.refusals.length, 3);
  for (const refusal of gone.refusals) {
    assertEquals(
      refusal.replace(/somewhere[^:]*/, "PATH"),
      "EnvironmentError: Cannot use PATH: this program has no access to a disk.",
    );
  }
});

/** The modules that one loads without being asked for anything, by their specifiers. */
async function loadedBy(entry: string): Promise<string[]> {
  const { modules, roots } = JSON.parse((await deno(["info", "--json", entry])).out);
  type Module = { specifier: string; dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[] };
  const byName = new Map<string, Module>(modules.map((module: Module) => [module.specifier, module]));
  const reached = new Set<string>(roots);
  for (const name of reached) {
    for (const { code, isDynamic } of byName.get(name)?.dependencies ?? []) {
      if (code && !isDynamic) reached.add(code.specifier);
    }
  }
  return [...reached];
}

testRun("what draws a page's events loads no package", async () => {
  const loaded = await loadedBy("src/show/files/page_events.ts");
  assertEquals(loaded.filter((name) => !name.startsWith(`${ROOT}src/`)), []);
});

testRun("mod.ts alone loads neither the disk, the terminal, the command line nor workers", async () => {
  const reached = await loadedBy("mod.ts");
  const ours = reached.filter((name) => name.startsWith(`${ROOT}src/`)).map((name) => name.slice(ROOT.href.length));
  assert(ours.includes("src/training/train.ts"));
  const kept =
    /^src\/(disk\/(?!sha256)|show\/terminal\/(?!terminal)|show\/files\/(?!files)|lesson\/(command|signals)|training\/(workers|checkpoints)\/)/;
  assertEquals(ours.filter((name) => kept.test(name)), []);
  for (const name of ours) {
    assertEquals(/^(?!\s*\*).*"node:/m.test(await Deno.readTextFile(new URL(name, ROOT))), false, name);
  }
});

testIf(
  runs && await chromiumRuns(),
  "--allow-read --allow-write --allow-run --allow-net=127.0.0.1, and Chromium",
  "bundled for a browser, in Chromium: the same bits, and nothing asked of anybody else",
  () =>
    withTempDir(async (directory) => {
      const flags = ["--platform", "browser", "--code-splitting", "--minify", "--outdir", directory];
      const { code, err } = await deno(["bundle", ...flags, "test/_portable.ts"]);
      assertEquals(code, 0, err);
      const page = `<!DOCTYPE html><link rel="icon" href="data:,"><script type="module" src="_portable.js"></script>`;
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/") return new Response(page, { headers: { "content-type": "text/html" } });
        const file = await Deno.readFile(`${directory}${pathname}`);
        return new Response(file, { headers: { "content-type": "text/javascript" } });
      });
      const { found, requests, errors } = await withChromium(async (open) => {
        const tab = await open(`http://127.0.0.1:${server.addr.port}/`, { width: 800 });
        const title = await tab.evaluate<string>(`new Promise((done) => {
          addEventListener("error", ({ message }) => done(message));
          addEventListener("unhandledrejection", ({ reason }) => done(String(reason?.stack ?? reason)));
          setInterval(() => document.title && done(document.title), 20);
        })`);
        return { found: JSON.parse(title), requests: tab.requests, errors: tab.errors };
      });
      const here = await portable();
      assertEquals(errors, []);
      assertLess(10, here.events.length);
      assertEquals(found.refusals.length, 3);
      assertEquals({ ...found, hasDeno: true, refusals: [] }, here);
      const foreign = requests.filter((url) =>
        !/^(http:\/\/127\.0\.0\.1:|data:|blob:http:\/\/127\.0\.0\.1:)/.test(url)
      );
      assertEquals(foreign, []);
    }),
);
