/**
 * What every command asks the machine for, by Deno's own audit: nothing, or what the tables of permissions say.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { loadDigits, take } from "../mod.ts";
import config from "../deno.json" with { type: "json" };
import lessonsReadme from "../lessons/README.md" with { type: "text" };
import testReadme from "../test/README.md" with { type: "text" };
import { askedIn, type Audited, audited } from "./_audit.ts";
import { writeIdx } from "./_idx.ts";
import { LESSONS } from "./_lessons.ts";
import { deno, granted, ROOT, testIf, withTempDir } from "./_run.ts";
import { sourcesIn, textOf } from "./_sources.ts";
import { tableRows } from "./_table.ts";

const reads = await granted({ name: "read" });
const runs = reads && await granted({ name: "run" }) && await granted({ name: "env" }) &&
  await granted({ name: "write" });
const testAudit = testIf.bind(undefined, runs, "--allow-run --allow-env --allow-read --allow-write");

/** What is known of a lesson by its path. */
const lessonAt = (path: string) => LESSONS.find(({ name }) => path === `lessons/${name}.ts`);

/** Runs a lesson with small numbers, and Deno with these flags of its own. */
function lesson(name: string, flags: string[] = [], ofDeno: string[] = [], env: Record<string, string> = {}) {
  return audited([...ofDeno, name, ...lessonAt(name)?.short ?? [], ...flags], env);
}

/** Asserts that a lesson came to its end, though too little learning may make claims of it false. */
function assertRan({ code, out, err }: Audited) {
  if (code === 1) assertMatch(err, /^(This claim is false: .*\.\n)+(Longer training may help: .*\.\n)?$/);
  else assertEquals([code, err], [0, ""]);
  assertMatch(out, /[✓✗] /);
}

// ## That the audit sees, and that the ban on code from strings bans

testAudit("the audit records what is asked for, granted or not", () =>
  withTempDir(async (directory) => {
    const [program, file] = [`${directory}/program.ts`, `${directory}/file`];
    await Deno.writeTextFile(file, "");
    await Deno.writeTextFile(
      program,
      `const tries = [
        () => Deno.readTextFileSync("${file}"),
        () => Deno.writeTextFileSync("${file}", ""),
        () => Deno.env.get("HOME"),
        () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
      ];
      for (const attempt of tries) try { attempt(); } catch (error) { console.log(error.name); }`,
    );
    const asked = [`read ${file}`, `write ${file}`, "env HOME", "net 127.0.0.1:0"];
    const refused = await audited([program]);
    assertEquals([refused.asked, refused.out], [asked, "NotCapable\n".repeat(4)]);
    const allowed = await audited([`--allow-read=${file}`, `--allow-write=${file}`, program]);
    assertEquals([allowed.asked, allowed.out], [asked, "NotCapable\n".repeat(2)]);
  }));

testAudit("code from strings is refused", () =>
  withTempDir(async (directory) => {
    const program = `${directory}/program.js`;
    for (const code of [`(0, eval)("1")`, `new Function("")()`, `(() => {}).constructor("")()`]) {
      await Deno.writeTextFile(program, code);
      assertMatch((await audited([program])).err, /EvalError: Code generation from strings disallowed/);
    }
  }));

// ## Lessons ask for nothing

testAudit("no backend asks for anything, nor makes code from strings", async () => {
  const driverComplains = { XDG_RUNTIME_DIR: "" }; // where it is Mesa's, on stderr, of which a lesson knows nothing
  for (const backend of ["cpu", "webgpu", "auto"]) {
    const run = await lesson("lessons/04_kl.ts", ["--backend", backend], [], driverComplains);
    assertEquals(run.asked, [], backend);
    if (!run.err.includes("needs a GPU adapter")) assertRan({ ...run, err: backend === "cpu" ? run.err : "" });
  }
});

const hasScript = runs && Deno.build.os === "linux" &&
  await new Deno.Command("script", { args: ["--version"] }).output().then(({ success }) => success, () => false);

testIf(
  hasScript,
  "--allow-run, and script of util-linux",
  "nor does a terminal, which is asked what it can draw",
  () =>
    withTempDir(async (directory) => {
      const audit = `${directory}/audit.jsonl`;
      const command = `"${Deno.execPath()}" run --no-prompt lessons/04_kl.ts --samples 1000`;
      const { success, stdout } = await new Deno.Command("script", {
        args: ["-qec", command, "/dev/null"],
        cwd: ROOT,
        env: { DENO_AUDIT_PERMISSIONS: audit, TERM: "xterm-256color", NO_COLOR: "" },
        stdin: "null",
      }).output();
      assert(success && new TextDecoder().decode(stdout).includes("\x1b["), "it drew as one draws in a terminal");
      assertEquals(askedIn(await Deno.readTextFile(audit)), []);
    }),
);

// ## Flags ask for what the tables of permissions say

const HEAD = ["command", "permissions", "why"];
/** The rows of the lessons, and those of the tasks. */
const [TABLE, TASKS] = [tableRows(lessonsReadme, HEAD), tableRows(testReadme, HEAD)];

/** The flags that a text names. */
const flagsIn = (text: string) =>
  (text.match(/--allow-[a-z]+(=[^\s;]+)?/g) ?? []).map((flag) => flag.replace(/\.$/, ""));

/** A flag with several hosts or paths, as one flag for each. */
function single(flag: string): string[] {
  const [kind, list] = flag.split("=");
  return list === undefined ? [kind] : list.split(",").map((one) => `${kind}=${one}`);
}

/** Whether a single flag grants what was asked for: `read /a/b` by `--allow-read` or by `--allow-read=/a`. */
function grants(flag: string, asked: string): boolean {
  const [, kind, scope] = /^--allow-([a-z]+)(?:=(.*))?$/.exec(flag)!;
  const [, what, value] = /^([a-z]+) (.*)$/.exec(asked)!;
  if (kind !== what || scope === undefined) return kind === what;
  if (kind === "net") return scope === (value.includes("//") ? new URL(value).host : value.replace(/:443$/, ""));
  return value === scope || value.startsWith(`${scope}/`);
}

/** Asserts that nothing was asked for but what these flags grant, and that they grant nothing that was not asked for. */
function assertExactly(flags: string[], asked: string[]) {
  const all = flags.flatMap(single);
  assertEquals(asked.filter((one) => !all.some((flag) => grants(flag, one))), [], `asked for beyond ${flags}`);
  assertEquals(all.filter((flag) => !asked.some((one) => grants(flag, one))), [], "granted and never asked for");
}

/** Runs a lesson without a permission, and then with what its sentence says to add, until it says nothing more of it. */
async function obey(name: string, flags: string[], ofDeno: string[]) {
  const added: string[] = [];
  const asked = new Set<string>();
  for (;;) {
    const run = await lesson(name, flags, [...ofDeno, ...added], OFFLINE);
    for (const one of run.asked) asked.add(one);
    const more = flagsIn(run.err).filter((flag) => !added.includes(flag));
    if (more.length === 0) return { run, added, asked: [...asked] };
    assertEquals([run.code, run.err.trimEnd().split("\n").length], [1, 1], run.err);
    added.push(...more);
  }
}

/** The user's own cache may have MNIST; the cache of another place has not. */
const ELSEWHERE = "--location=https://nothing-is-cached-here.invalid/";

/** Nothing answers there, so that a fetch that is allowed ends at once, on every machine alike. */
const OFFLINE = { HTTPS_PROXY: "http://127.0.0.1:9" };

/** Writes a few of the digits into a directory, as `--data` takes them: with those, lessons 6 and 7 are short. */
async function writeFew(path: string): Promise<void> {
  const digits = await loadDigits();
  await Deno.mkdir(path);
  for (const [half, set] of [["train", take(digits.train, 40)], ["t10k", take(digits.test, 20)]] as const) {
    await Deno.writeFile(`${path}/${half}-images-idx3-ubyte`, writeIdx([set.count, 28, 28], set.pixels));
    await Deno.writeFile(`${path}/${half}-labels-idx1-ubyte`, writeIdx([set.count], set.labels));
  }
}

/** The flag that writes what another flag wants to be there. */
const BEFORE: Record<string, string> = { "--load": "--save", "--resume": "--checkpoint" };

/** Runs a row of the table, and asserts that the sentences of refusal and the audit say what the table says. */
function obeys(name: string, flags: string[], permissions: string[]): Promise<void> {
  return withTempDir(async (directory) => {
    const [few, made] = [`${directory}/few`, `${directory}/made`];
    await writeFew(few);
    const ofData = flags.includes("--data");
    const path = ofData ? few : made;
    const [data, granted] = ofData || !lessonAt(name)?.keepsModel
      ? [[], []]
      : [["--data", few], [`--allow-read=${few}`]];
    for (const before of flags.flatMap((flag) => BEFORE[flag] ?? [])) {
      const both = [`--allow-read=${made}`, `--allow-write=${made}`];
      assertRan(await lesson(name, [...data, before, made], [...granted, ...both]));
    }
    const own = flags.map((flag) => flag === "DIRECTORY" ? path : flag === "N" ? "2" : flag);
    const { run, added, asked } = await obey(name, [...data, ...own], [ELSEWHERE, ...granted]);
    const project = ROOT.pathname.replace(/\/$/, "");
    const wanted = permissions.map((flag) => flag.replace("DIRECTORY", path).replace("PROJECT", project));
    assertEquals(added.toSorted(), wanted.toSorted(), "the sentences say to add what the table says");
    assertExactly([...granted, ...wanted], asked);
    if (flags.includes("mnist")) assertMatch(run.err, /^Cannot fetch .* cannot be reached.*\.\n$/);
    else assertRan(run);
  });
}

/** Every flag of a lesson that asks for something. */
const ASKING = [
  "--data DIRECTORY",
  "--data mnist",
  "--out DIRECTORY",
  "--save DIRECTORY",
  "--load DIRECTORY",
  "--checkpoint DIRECTORY",
  "--checkpoint DIRECTORY --resume",
  "--workers N",
];

Deno.test("there is a row, with a reason, for the lessons and for each of their flags that asks", () => {
  assertEquals(TABLE[0].slice(0, 2), ["lessons/*.ts", "none"]); // which the tests above hold
  assertEquals(TABLE.slice(1).map(([command]) => command.replace(/^lessons\/\w+\.ts /, "")), ASKING);
  for (const [command, , why] of [...TABLE, ...TASKS]) assertGreater(why.length, 10, command);
});

Deno.test("test/README.md says what every task is allowed", () => {
  const tasks = Object.entries(config.tasks).map(([name, text]) => {
    return [`deno task ${name}`, / -A /.test(text) ? "all" : flagsIn(text).join(" ") || "none"];
  });
  assertEquals(TASKS.map((row) => row.slice(0, 2)), tasks);
});

for (const [command, permissions] of TABLE) {
  const [name, ...flags] = command.split(" ");
  if (permissions === "none") continue;
  testAudit(`as lessons/README.md says: ${command}`, () => obeys(name, flags, permissions.split(" ")));
}

testAudit(
  "every lesson with all of its flags at once asks for their paths and for nothing else",
  (t) =>
    withTempDir(async (directory) => {
      await writeFew(`${directory}/data`);
      for (const name of LESSONS.map(({ name }) => `lessons/${name}.ts`)) {
        await t.step(name, async () => {
          const { out: help } = await deno(["run", "--no-prompt", name, "--help"]);
          const taken = ["data", "out", "save", "checkpoint"].filter((flag) => help.includes(`  --${flag} <`));
          const pathOf = (flag: string) =>
            flag === "data" ? `${directory}/data` : `${directory}/${flag}-${name.slice(8)}`;
          const flags = taken.flatMap((flag) => [`--${flag}`, pathOf(flag)]);
          const ofDeno = taken.flatMap((flag) => [
            ...flag === "data" || flag === "checkpoint" ? [`--allow-read=${pathOf(flag)}`] : [],
            ...flag === "data" ? [] : [`--allow-write=${pathOf(flag)}`],
          ]);
          assert(taken.includes("out"), help);
          const run = await lesson(name, flags, ofDeno);
          assertRan(run);
          assertExactly(ofDeno, run.asked);
          assert((await Deno.stat(`${pathOf("out")}/index.html`)).isFile);
        });
      }
    }),
);

// ## Code is what is written in the source

/** Reports whatever could make code of data: `eval`, `Function`, and an import of no fixed name. */
const codeFromData: Deno.lint.Plugin = {
  name: "privilege",
  rules: {
    code: {
      create(context) {
        const fixed = (node: Deno.lint.Node) => node.type === "Literal" && typeof node.value === "string";
        return {
          "Identifier[name=/^(eval|Function)$/]"(node: Deno.lint.Identifier) {
            context.report({ node, message: `${node.name}` });
          },
          ImportExpression(node) {
            if (!fixed(node.source)) context.report({ node, message: "import of no fixed name" });
          },
        };
      },
    },
  },
};

const lint = (name: string, text: string) =>
  Deno.lint.runPlugin(codeFromData, name, text).map(({ message }) => `${name}: ${message}`);

Deno.test("the scan for code made of data sees every form of it", () => {
  const forms = {
    [`eval("1")`]: "eval",
    [`globalThis.eval("1")`]: "eval",
    [`const { eval: run } = globalThis`]: "eval",
    [`new Function("1")()`]: "Function",
    [`Function("1")()`]: "Function",
    ["await import(name)"]: "import of no fixed name",
    ["await import(`./${name}.ts`)"]: "import of no fixed name",
    [`await import("./" + name)`]: "import of no fixed name",
  };
  for (const [code, message] of Object.entries(forms)) assertEquals(lint("a.ts", code), [`a.ts: ${message}`]);
  assertEquals(lint("a.ts", `await import("./b.ts"); import c from "./c.ts"; evaluate(c); /* eval */ "Function"`), []);
});

testIf(reads, "--allow-read", "no source makes code of data", async () => {
  const all = ["mod.ts", ...await sourcesIn("src/"), ...await sourcesIn("lessons/")];
  const sources = all.filter((name) => !config.exclude.includes(name));
  assertGreater(sources.length, 60);
  const found = await Promise.all(sources.map(async (name) => lint(name, await textOf(name))));
  // A worker imports the module that an objective's recipe names: the program's own, never one that a file names.
  // The site's build runs the lessons, by their names; so do notebooks, cell by cell.
  const known = ["src/objectives/recipes.ts", "src/site/build/recordings.ts", "src/site/notebooks/run_cells.ts"];
  assertEquals(found.flat(), known.map((name) => `${name}: import of no fixed name`));
});
