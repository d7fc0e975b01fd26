/**
 * The form of a lesson: how long it is, and how much of it is prose.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { LESSONS } from "./_lessons.ts";

/** How many lines a page shows and does not fold away: those outside the blocks that begin with `// ### Check`. */
export function measure(source: string): { lines: number; comments: number; code: number; folded: number } {
  const lines = source.trimEnd().split("\n");
  let [comments, code, folded] = [0, 0, 0];
  let end: string | undefined; // of the block that is folded away
  for (const line of lines) {
    const text = line.trim();
    if (end === undefined && text === "// ### Check") end = `${line.split("/")[0]}}`;
    if (end !== undefined) {
      folded++;
      if (line === end) end = undefined;
    } else if (/^(\/\/|\/\*\*|\*)/.test(text)) comments++;
    else if (text !== "") code++;
  }
  assertEquals(end, undefined, "a block that begins with // ### Check ends with its brace");
  return { lines: lines.length, comments, code, folded };
}

Deno.test("the measure: a block to fold away goes to the brace at its own indentation", () => {
  const source = [
    "/**",
    " * # 0. Why?",
    " */",
    "const a = 1; // one",
    "",
    "// ### Check",
    "/** Claims. */",
    "function check() {",
    "  if (a) {",
    "  }",
    "}",
    "",
    "function f() {",
    "  const b = 2;",
    "  // ### Check",
    "  {",
    "    claim();",
    "  }",
    "}",
  ];
  assertEquals(measure(source.join("\n")), { lines: 19, comments: 3, code: 4, folded: 10 });
});

/** Lines of prose that Markdown takes for an item of a list although they go on with a sentence, as `+ 1 = 2` does. */
export function accidentalItems(source: string): string[] {
  const lines = source.split("\n");
  return lines.filter((line, i) =>
    /^\/\/ ([-+*]|1[.)]) /.test(line) && /^\/\/ (?![-+*] |\d+[.)] |#)\S/.test(lines[i - 1] ?? "")
  );
}

Deno.test("the form: a sum at the beginning of a line is no list, an item below an empty line or an item is", () => {
  const sum = ["// Let x be", "// + 1", "//", "// - one", "// - two", "//   of three", "// - three"];
  assertEquals(accidentalItems(sum.join("\n")), ["// + 1"]);
  assertEquals(accidentalItems("// the other\n// 1. The narrow one"), ["// 1. The narrow one"]);
});

for (const { name, source } of LESSONS) {
  Deno.test(`${name}: no sentence becomes a list where its line is broken`, () =>
    assertEquals(accidentalItems(source), []));

  Deno.test(`${name}: at most 380 lines, and outside its checks a line of prose for every 1.5 lines of code`, () => {
    const { lines, comments, code, folded } = measure(source);
    assertLessOrEqual(lines, 380);
    assert(folded > 0, "it has checks");
    assertGreaterOrEqual(comments / code, 1 / 1.5, `${comments} lines of prose, ${code} of code`);
  });
}

for (const { name, source } of LESSONS) {
  Deno.test(`${name}: no line is longer than 120 columns, but for formulas`, () => {
    assertEquals(source.split("\n").filter((line) => [...line].length > 120 && !line.includes("\\")), []);
  });
}
