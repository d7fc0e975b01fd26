import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import answers from "../lessons/answers.md" with { type: "text" };
import course from "../lessons/README.md" with { type: "text" };
import * as kl from "../lessons/04_kl.ts";
import { showOn, useBackend } from "../mod.ts";
import readme from "../README.md" with { type: "text" };
import { LESSONS } from "./_lessons.ts";
import { granted, ROOT, testIf } from "./_run.ts";
import { filesIn, sourcesIn, textOf } from "./_sources.ts";
import { render } from "../src/show/terminal/render.ts";

/** The words after `before` in a text, up to `after`. */
const between = (text: string, before: string, after: string) => text.split(before)[1].split(after)[0].trim();

Deno.test("the README's sample output is in what lesson 04 prints", async () => {
  await useBackend("wasm");
  const texts: Promise<string | undefined>[] = [];
  const show = showOn((event) => void texts.push(render(event, { columns: 80, colour: false })));
  show.title("How far is one Gaussian from another?");
  await kl.lesson({ ...kl.defaults, data: "digits", seed: 0 }, show);
  const lines = (await Promise.all(texts)).map((text) => text ?? "");
  const sample = between(readme, "```text", "```");
  assert(sample.split("\n").length > 5);
  assertStringIncludes(lines.join("\n"), `\n${sample}\n`);
});

Deno.test("the lessons' README explains the epoch's line that it shows, with that line's numbers", () => {
  const line = /epoch 1: loss ([\d.]+) \(reconstruction ([\d.]+), KL ([\d.]+)\)/.exec(course);
  const [, loss, reconstruction, kl] = line ?? [];
  assertStringIncludes(course.replaceAll("\n", " "), `so ${loss} is less than ${reconstruction} + ${kl}.`);
});

testIf(await granted({ name: "read" }), "--allow-read", "tests have all lessons, in order", async () => {
  assertEquals(LESSONS.map(({ name }) => `lessons/${name}.ts`), await sourcesIn("lessons/"));
});

for (const { name, source } of LESSONS) {
  const number = Number(name.slice(0, 2));

  Deno.test(`lesson ${name}: its header keeps the contract, and the README has its question`, () => {
    const question = between(source, `* # ${number}. `, "\n");
    const row = readme.split("\n").find((line) => line.startsWith(`| [${name}](lessons/${name}.ts)`))!;
    assertEquals(row.split("|")[2].trim(), question);
    assertStringIncludes(source, `question: "${question}"`.slice(10));
    for (const part of ["```math", "**You need**", "**You leave with**", `deno run lessons/${name}.ts`, "## Try it"]) {
      assertStringIncludes(source, part);
    }
  });

  Deno.test(`lesson ${name}: every "Try it" has an answer`, () => {
    const tasks = between(source, "// ## Try it", "// Answers:").match(/^\/\/ \d\. /gm)!.length;
    const chapter = between(answers, `## ${name}`, "\n## ");
    assertEquals(chapter.match(/^\d\. /gm)!.length, tasks);
  });

  Deno.test(`lesson ${name}: imports only ../mod.ts, tfjs, @std/assert and its own text`, () => {
    const allowed = ["../mod.ts", "@tensorflow/tfjs", "@std/assert", `./${name}.ts`];
    const modules = Array.from(source.matchAll(/from "([^"]+)"/g), ([, specifier]) => specifier);
    assertEquals(modules.filter((module) => !allowed.includes(module)), []);
  });
}

testIf(
  await granted({ name: "read" }),
  "--allow-read",
  "no test reads a clock, so none fails on a busy machine",
  async () => {
    const measuring = ["test/_peak.ts", "test/_rates.ts", "test/profile.ts", "test/site_figures.ts"];
    const randomMoment = "test/long_download.ts"; // after which it kills, but asserts nothing of it
    const files = (await sourcesIn("test/")).filter((name) => !/_bench\.ts$|^test\/peers\//.test(name));
    const reading: string[] = [];
    for (const name of files) {
      if (/performance\.now\(|Date\.now\(|new Date\(\)/.test(await textOf(name))) {
        reading.push(name);
      }
    }
    assertEquals(reading, [...measuring.slice(0, 2), randomMoment, ...measuring.slice(2)]);
  },
);

// ## All documents

testIf(await granted({ name: "read" }), "--allow-read", "every link to a file or a heading leads to one", async () => {
  const documents = await filesIn("", ".md");
  const broken: string[] = [];
  for (const name of documents) {
    const text = (await textOf(name)).replaceAll(/^```[^]*?^```$/gm, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (target === undefined || /^https?:/.test(target)) continue;
      const { pathname, hash } = new URL(target, new URL(name, ROOT));
      const found = await Deno.stat(new URL(pathname, ROOT)).catch(() => undefined);
      if (!found) broken.push(`${name}: ${target}`);
      else if (hash && !headingsOf(await Deno.readTextFile(pathname)).includes(hash.slice(1))) {
        broken.push(`${name}: ${target}`);
      }
    }
  }
  assert(documents.length > 10);
  assertEquals(broken, []);
});

/** The anchors of a Markdown text's headings. */
function headingsOf(text: string): string[] {
  return Array.from(
    text.matchAll(/^#+ (.*)$/gm),
    ([, heading = ""]) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-"),
  );
}
