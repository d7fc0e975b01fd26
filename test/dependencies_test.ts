/**
 * What the project takes from others: the table of it in src/README.md, held against `deno.json`, `deno.lock` and the packages.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import lock from "../deno.lock" with { type: "text" };
import readme from "../src/README.md" with { type: "text" };
import { deno, granted, ROOT, testIf, withTempDir } from "./_run.ts";
import { sourcesIn, textOf } from "./_sources.ts";
import { tableRows } from "./_table.ts";

const reads = await granted({ name: "read" });
const runs = reads && await granted({ name: "run" }) && await granted({ name: "env" });
const writes = runs && await granted({ name: "write" });
const testPackages = testIf.bind(undefined, runs, "--allow-run --allow-env --allow-read");

/** Licences that ask for no more than to be named. */
const PERMISSIVE = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "Unlicense"];

/** A licence that asks those who change the package to publish the change: for what only tests use, and nothing hands on. */
const OF_TESTS = ["MPL-2.0"];

/** The row of each package. */
const TABLE = tableRows(readme, ["package", "version", "licence", "MB", "why"]);

/** What `deno.json` imports from others; the kernels are the project's own package. */
const { "@vae/kernels": _, ...IMPORTS } = config.imports;

/** A package of npm, as it lies in Deno's cache. */
interface Package {
  /** Its name and version, such as `marked@18.2.1`. */
  id: string;
  /** Its licence, as it says itself. */
  licence: string;
  /** The bytes of its files. */
  bytes: number;
}

/** The name and the version that a specifier such as `npm:@scope/name@1.2.3` pins. */
function pinned(specifier: string): { registry: string; name: string; version: string } {
  const parts = /^(npm|jsr):(@?[^@]+)@(\d+\.\d+\.\d+)$/.exec(specifier);
  assert(parts, `${specifier} pins no version`);
  const [, registry, name, version] = parts;
  return { registry, name, version };
}

/** Every package of npm that the lock file has, those included that others need, each once. */
function locked(): string[] {
  const { npm } = JSON.parse(lock) as { npm: Record<string, { integrity: string }> };
  for (const [id, { integrity }] of Object.entries(npm)) assertMatch(integrity, /^sha512-.{86}==$/, id);
  return [...new Set(Object.keys(npm).map((id) => /^@?[^@]+@[^_]+/.exec(id)![0]))]; // behind _ is what it was resolved with
}

/** Reads packages from Deno's cache, after having Deno fetch what is not there yet. */
async function readPackages(ids: string[]): Promise<Package[]> {
  const { code, err } = await deno(["install", "--frozen"]);
  assertEquals(code, 0, err);
  const { npmCache } = JSON.parse((await deno(["info", "--json"])).out) as { npmCache: string };
  const registries = await Array.fromAsync(Deno.readDir(npmCache), ({ name }) => `${npmCache}/${name}`);
  return await Promise.all(ids.map(async (id) => {
    const path = id.replace(/(?<=.)@/, "/");
    for (const registry of registries) {
      const directory = `${registry}/${path}`;
      const text = await Deno.readTextFile(`${directory}/package.json`).catch(() => undefined);
      if (text) return { id, licence: JSON.parse(text).license ?? "none named", bytes: await sizeOf(directory) };
    }
    throw new Error(`${id} is in the lock file and not in ${npmCache}`);
  }));
}

/** The bytes of the files in a directory and below. */
async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    bytes += isDirectory ? await sizeOf(path) : (await Deno.stat(path)).size;
  }
  return bytes;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

Deno.test("the table has every direct dependency, by its pinned version, with a reason", () => {
  const imports = Object.values(IMPORTS).map(pinned);
  assertEquals(
    TABLE.map(([name, version]) => `${name} ${version}`),
    imports.map(({ name, version }) => `${name} ${version}`),
  );
  for (const [key, specifier] of Object.entries(IMPORTS)) assertEquals(pinned(specifier).name, key);
  for (const [name, , , , why] of TABLE) assertGreater(why.length, 10, name);
});

testPackages("the table's licences and sizes are the packages' own", async () => {
  const direct = Object.values(IMPORTS).map(pinned).filter(({ registry }) => registry === "npm");
  const packages = await readPackages(direct.map(({ name, version }) => `${name}@${version}`));
  const rows = packages.map(({ id, licence, bytes }) => [...id.split(/(?<=.)@/), licence, megabytes(bytes)]);
  const listed = TABLE.filter(([name]) => direct.some((one) => one.name === name));
  assertEquals(listed.map((row) => row.slice(0, 4)), rows);
});

testPackages("the totals, and the licences of all that they need in turn", async () => {
  const packages = await readPackages(locked());
  const kinds = Map.groupBy(packages, ({ licence }) => licence);
  const foreign = [...kinds.keys()].filter((kind) =>
    !kind.split(" AND ").every((part) => [...PERMISSIVE, ...OF_TESTS].includes(part))
  );
  assertEquals(foreign, [], "a licence that is new here: is it permissive?");
  assertEquals(kinds.get("MPL-2.0")?.map(({ id }) => id.replace(/@.*/, "")), ["axe-core"]);
  const counts = [...kinds].map(([kind, { length }]) => ({ kind, length })).toSorted((a, b) => b.length - a.length);
  const bytes = packages.reduce((sum, one) => sum + one.bytes, 0);
  const licences = counts.map(({ kind, length }) => `${kind} (${length})`).join(", ");
  const said = /\d+ packages of \d+ MB: [^:]*?\)\./.exec(readme)?.[0];
  assertEquals(
    said?.replaceAll(/\s+/g, " "),
    `${packages.length} packages of ${(bytes / 1e6).toFixed(0)} MB: ${licences}.`,
  );
});

testIf(reads, "--allow-read", "every direct dependency is imported somewhere", async () => {
  const sources = (await Promise.all(["src/", "lessons/", "test/"].map(sourcesIn))).flat();
  const texts = await Promise.all(sources.map(textOf));
  const imported = (name: string) => texts.some((text) => text.includes(`"${name}"`) || text.includes(`"${name}/`));
  assertEquals(Object.keys(IMPORTS).filter((name) => !imported(name)), []);
});

testIf(reads, "--allow-read", "what src fetches beside deno.json is in src/README.md, by its version", async () => {
  const text = (await Promise.all((await sourcesIn("src/")).map(textOf))).join("\n");
  for (const [, name, version] of text.matchAll(/"npm:(@?[^"@]+)@([^"/]+)/g)) {
    assert(readme.replaceAll(/\s+/g, " ").includes(`\`${name}\` ${version}`), `${name} ${version}`);
  }
});

// ## The lock file

/** What `deno.json` says of the lock file. */
const { lock: setting } = config as { lock?: unknown };

testPackages("the lock file has all that deno.json imports, and Deno may not change it", async () => {
  assertEquals(setting, { frozen: true });
  const { code, err } = await deno(["install", "--frozen"]);
  assertEquals(code, 0, err);
});

testIf(
  writes,
  "--allow-run --allow-env --allow-read --allow-write",
  "a version that is not locked is refused",
  () =>
    withTempDir(async (cwd) => {
      const imports = { ...IMPORTS, marked: "npm:marked@18.2.0" };
      assert(!lock.includes("npm:marked@18.2.0"));
      const links = [new URL("test/std_assert", ROOT).pathname];
      await Deno.writeTextFile(`${cwd}/deno.json`, JSON.stringify({ imports, links, lock: setting }));
      await Deno.writeTextFile(`${cwd}/deno.lock`, lock);
      await Deno.writeTextFile(`${cwd}/main.ts`, `console.log("ran");`);
      const { code, out, err } = await deno(["run", "--no-prompt", "--cached-only", "main.ts"], { cwd });
      assertEquals([code, out], [1, ""]);
      assertMatch(err, /lockfile is out of date/i);
      assertEquals(await Deno.readTextFile(`${cwd}/deno.lock`), lock);
    }),
);
