/**
 * A lesson as the cells of a notebook.
 *
 * @module
 */
import { at } from "../../at.ts";
import { type Section, weave } from "../../show/files/weave.ts";
import type { LessonFile } from "../build/lesson_files.ts";

/** A cell: Markdown, or TypeScript. */
export interface NotebookCell {
  /** Which of the two. */
  kind: "prose" | "code";
  /** Its text. */
  text: string;
}

/** What the statements of a lesson need besides what its sections declare. */
const SETUP = `const options = { ...defaults, data: "digits", seed: 0 };
const backend = await useBackend("wasm");
const show = showOn(await notebook());`;

/** What a reader should know before running anything. */
const NOTE = (file: string) =>
  `*This notebook is made from \`lessons/${file}.ts\`, for [Deno's Jupyter kernel](https://docs.deno.com/runtime/reference/cli/jupyter/). ` +
  "Open it inside the project, where its imports are. **The kernel runs with all permissions**: a cell may read and write " +
  "whatever you may, where `deno run` asks first. The outputs were recorded with seed 0; run all cells to make them anew.*";

/**
 * Cuts a lesson into cells.
 *
 * The lesson's last function calls its sections in turn. A notebook makes each call where the section stands: a statement
 * of that function follows the first section by whose end everything that it uses is declared.
 *
 * @throws {TypeError} If the file has no function `lesson`.
 */
export function notebookCells(lesson: LessonFile): NotebookCell[] {
  const body = MAIN.exec(lesson.text)?.[1];
  if (body === undefined) throw new TypeError(`${lesson.name} has no function lesson(options, show).`);
  const sections = weave({ ...lesson, text: lesson.text.replace(MAIN, "") }, []);
  const declared = declarations(sections);
  let place = 0;
  const calls = sections.map((): string[] => []);
  for (const statement of statements(body)) {
    place = Math.max(place, lastNeeded(statement, declared));
    at(calls, place).push(statement);
  }
  const cells = sections.map(({ heading, cells }, i) => [
    ...(heading ? [prose(`## ${heading}`)] : []),
    ...cells.flatMap((cell) => cell.kind === "said" ? [] : [ownCell(cell)]),
    ...(i === 0 ? [code(SETUP)] : []),
    ...(at(calls, i).length ? [code(at(calls, i).join("\n"))] : []),
  ]);
  const [title, ...rest] = cells.flat();
  return [...(title ? [title] : []), prose(NOTE(lesson.name)), ...rest, code("await show.end();")];
}

const prose = (text: string): NotebookCell => ({ kind: "prose", text });
const code = (text: string): NotebookCell => ({ kind: "code", text });

/** A cell of the lesson as one of the notebook. */
function ownCell({ kind, text }: { kind: string; text: string }): NotebookCell {
  if (kind === "prose") return prose(inJupyter(text));
  return code(kind === "imports" ? importsOf(text) : text);
}

/** The function that runs a lesson, and what follows it to the file's end; its first group is the body. */
const MAIN = /(?:^\/\*\*[^\n]*\*\/\n)?^export async function lesson\([^]*?\{\n([^]*?)^\}\n[^]*$/m;

/** A name that a section declares: in which, and the names that stand where it is declared. */
type Declared = Map<string, { section: number; uses: Set<string> }>;

function declarations(sections: Section[]): Declared {
  const declared: Declared = new Map();
  sections.forEach(({ cells }, section) => {
    for (const cell of cells) {
      if (cell.kind !== "code" && cell.kind !== "check") continue;
      for (const text of cell.text.split(/^(?=(?:export |async |function |const |let |type |interface ))/m)) {
        const name = /^(?:export )?(?:async )?(?:function\*?|const|let) (\w+)/.exec(text)?.[1];
        if (name) declared.set(name, { section, uses: namesIn(text) });
      }
    }
  });
  return declared;
}

/** The names in code, but for those of properties, and for words in comments and in strings. */
function namesIn(code: string): Set<string> {
  const bare = code.replaceAll(/\/\*[^]*?\*\/|\/\/.*$|"(?:[^"\\]|\\.)*"/gm, " ");
  return new Set(bare.match(/(?<![.\w])(?<!\.\s)[A-Za-z_]\w*/g));
}

/** The statements of a function's body, formatted: each begins with two spaces, and what it holds with more. */
function statements(body: string): string[] {
  return body.split(/^ {2}(?=[^\s)\]}])/m).slice(1).map((statement) => statement.trimEnd().replaceAll(/^ {2}/gm, ""));
}

/** The last section that declares something a statement needs, itself or through what it calls. */
function lastNeeded(statement: string, declared: Declared): number {
  const names = [...namesIn(statement)];
  const seen = new Set(names);
  let last = 0;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const found = declared.get(name);
    if (!found) continue;
    last = Math.max(last, found.section);
    for (const used of found.uses) {
      if (!seen.has(used)) names.push(used);
      seen.add(used);
    }
  }
  return last;
}

/** A lesson's imports without its own text, and with what the notebook needs. */
function importsOf(text: string): string {
  const own = text.replaceAll(/^import text from .*\n?/gm, "").trimEnd();
  const names = ["notebook", "showOn", "useBackend"].filter((name) => !new RegExp(`\\b${name}\\b`).test(own));
  return `${own}\nimport { ${names.join(", ")} } from "../mod.ts";`;
}

/** Markdown as Jupyter has it: displayed formulas between dollars. */
function inJupyter(markdown: string): string {
  return markdown.replaceAll(/^```math\n([^]*?)^```$/gm, "$$$$\n$1$$$$");
}
