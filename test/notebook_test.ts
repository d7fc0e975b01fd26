import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { pathToFileURL } from "node:url";
import { EnvironmentError, notebook, showOn } from "../mod.ts";
import { ClaimError } from "../src/show/claim.ts";
import { lessonFiles } from "../src/site/build/lesson_files.ts";
import { notebookCells } from "../src/site/notebooks/notebook_cells.ts";
import { writeNotebook } from "../src/site/notebooks/write_notebook.ts";
import { LESSONS } from "./_lessons.ts";
import { assertRunsAsRecorded } from "./_notebooks.ts";
import { pythonWith } from "./_python.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const writes = await granted({ name: "read" }) && await granted({ name: "write" });
const runs = writes && await granted({ name: "run" });
const testWrite = testIf.bind(undefined, writes, "--allow-read --allow-write");
const testKernel = testIf.bind(
  undefined,
  runs && await pythonWith("jupyter_client") !== undefined,
  "Python with jupyter_client and --allow-read --allow-write --allow-run",
);

/** A lesson of this source. */
const lessonOf = (text: string) => ({ name: "00_test", number: 0, question: "Why?", gain: "", duration: "", text });

const SMALL = `/**
 * # 0. Why?
 *
 * \`\`\`math
 * x = 1
 * \`\`\`
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { runLesson, type Show } from "../mod.ts";
import text from "./00_test.ts" with { type: "text" };

export const defaults = { a: 2 };

// ## 0.1 First
//
// It needs what comes later.

/** A word in a comment, third, is no name; neither is one in a string. */
function first(show: Show): void {
  show.claim("twice", assertEquals, { found: twice(2), expected: 4, from: "third" + defaults.a * 0 });
}

// ## 0.2 Second

/** Twice. */
export const twice = (x: number) => 2 * x;

// ## 0.3 Third

export function third(show: Show): void {
  show.text("third");
}

/** Runs the lesson. */
export async function lesson(options: typeof defaults, show: Show): Promise<void> {
  const { a } = options;
  first(show);
  if (a === 2) {
    third(show);
  }
  await Promise.resolve();
}

if (import.meta.main) {
  await runLesson({ name: "00_test", question: "Why?", text, defaults, lesson });
}
`;

Deno.test("a statement of the lesson follows the section by whose end all that it calls is declared", () => {
  const cells = notebookCells(lessonOf(SMALL)).map(({ text }) => text);
  const after = (text: string) => cells[cells.findIndex((cell) => cell.includes(text)) + 1];
  assertEquals(after("const twice"), "first(show);");
  assertEquals(after("function third"), "if (a === 2) {\n  third(show);\n}\nawait Promise.resolve();");
  assertEquals(after("const options"), "const { a } = options;");
  assertEquals(cells.at(-1), "await show.end();");
});

Deno.test("formulas stand between dollars, and a lesson's own text is not imported", () => {
  const cells = notebookCells(lessonOf(SMALL));
  assertEquals(cells[0], { kind: "prose", text: "# 0. Why?\n\n$$\nx = 1\n$$" });
  const imports = cells.find(({ text }) => text.includes("import "))?.text ?? "";
  assertStringIncludes(imports, 'import { notebook, showOn, useBackend } from "../mod.ts";');
  assert(!imports.includes("import text"));
  assert(cells.some(({ text }) => text.includes("runs with all permissions")));
});

testWrite("every lesson's code is in its notebook, once, and each of its statements, in order", async () => {
  for (const lesson of await lessonFiles()) {
    const code = notebookCells(lesson).filter(({ kind }) => kind === "code").map(({ text }) => text).join("\n");
    const declared = (text: string) => text.match(/^(?:export )?(?:async )?(?:function|const [a-zA-Z]+ =).*$/gm) ?? [];
    const [, body = ""] = /^export async function lesson\([^]*?\{\n([^]*?)^\}$/m.exec(lesson.text) ?? [];
    const own = declared(lesson.text).filter((line) => !line.includes("async function lesson("));
    for (const line of own) assertEquals(code.split("\n").filter((one) => one === line).length, 1, line);
    let place = 0;
    for (const line of body.split("\n").filter((line) => line.trim())) {
      const next = code.indexOf(line.slice(2), place);
      assert(next >= place, `${lesson.name}: ${line}`);
      place = next + 1;
    }
    assertLess(place, code.length);
  }
  assertEquals((await lessonFiles()).length, LESSONS.length);
});

testWrite("a section is run where it stands, but for two that use what the next one declares", async () => {
  const later: string[] = [];
  for (const lesson of await lessonFiles()) {
    const [, body = ""] = /^export async function lesson\([^]*?\{\n([^]*?)^\}$/m.exec(lesson.text) ?? [];
    const calls = Array.from(body.matchAll(/^ {2}(?:const .* = )?(?:await )?(\w+)\(show\b/gm), ([, name]) => name!);
    const declared = new Map<string, string>();
    let section = "";
    for (const { kind, text } of notebookCells(lesson)) {
      if (kind === "prose" && text.startsWith("## ")) section = text.split("\n")[0]!;
      for (const name of calls) {
        if (new RegExp(`^(?:async )?function ${name}\\(`, "m").test(text)) declared.set(name, section);
        else if (new RegExp(`^(?:const .* = )?(?:await )?${name}\\(show\\b`, "m").test(text)) {
          if (declared.get(name) !== section) later.push(`${lesson.name}: ${name}`);
        }
      }
    }
    assertEquals(declared.size, calls.length, lesson.name);
  }
  assertEquals(later, ["04_kl: threePairs", "06_vae: twoVersions"]);
});

testWrite("a notebook with a false claim is not written", () =>
  withTempDir(async (directory) => {
    const wrong = lessonOf(SMALL.replace("2 * x", "3 * x"));
    await assertRejects(() => writeNotebook(wrong, pathToFileURL(`${directory}/`)), ClaimError, "twice");
    assertEquals(await Array.fromAsync(Deno.readDir(directory)), []);
  }));

Deno.test("outside Deno's kernel there is no notebook, which is a sentence", async () => {
  await assertRejects(
    () => notebook(),
    EnvironmentError,
    "There is no notebook here: notebook() works in Deno's Jupyter kernel.",
  );
});

Deno.test("a surface of text and pictures, in the order in which they are said", async () => {
  const told: unknown[] = [];
  const surface = await notebook({
    print: (line) => void told.push(line),
    display: (data) => Promise.resolve(void told.push(Object.keys(data), data["text/plain"])),
  });
  const show = showOn(surface);
  show.text("before");
  await show.bars("two", "Two bars", { labels: ["a", "b"], values: [1, 2], x: { label: "x" }, y: { label: "y" } });
  show.text("after");
  assertEquals(told, ["before", ["image/svg+xml", "text/plain"], "Two bars", "after"]);
});

testKernel(
  "Deno's kernel runs lesson 04's notebook, and puts out what the file says, cell by cell",
  () =>
    withTempDir(async (directory) => {
      const [lesson] = await lessonFiles(["4"]);
      await writeNotebook(lesson!, pathToFileURL(`${directory}/`));
      await assertRunsAsRecorded(`${directory}/04_kl.ipynb`);
    }),
);
