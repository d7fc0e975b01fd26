/**
 * Exercises: lines of a lesson that end in `// ✎ NAME`, each with an answer in `lessons/answers.md` that takes its place.
 *
 * @module
 */
import * as assert from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import answers from "../lessons/answers.md" with { type: "text" };
import * as library from "../mod.ts";

/** A line to fill in. */
export interface Exercise {
  /** The lesson's name, such as `04_kl`. */
  lesson: string;
  /** Its mark, such as `4.1a`: the section, and a letter. */
  mark: string;
  /** What takes the line's place. */
  answer: string;
}

/** What a lesson's source imports, for a copy of it: one that is made while a program runs may import nothing from a disk. */
const MODULES: Record<string, unknown> = { "@std/assert": assert, "@tensorflow/tfjs": tf, "../mod.ts": library };

/** Every answer of `answers.md`: under a lesson's heading, in code that is fenced, the lines that end in `// ✎ NAME`. */
export function exercises(text: string = answers): Exercise[] {
  return text.split(/^## /m).slice(1).flatMap((part) => {
    const lesson = part.split("\n")[0];
    return [...part.matchAll(/^```ts\n([^]*?)^```/gm)].flatMap(([, code]) =>
      [...code.matchAll(/^(.+) \/\/ ✎ (\d+\.\d+[a-z])$/gm)].map(([, answer, mark]) => ({ lesson, mark, answer }))
    );
  });
}

/** The marks in a lesson's source. */
export function marks(source: string): string[] {
  return [...source.matchAll(/\/\/ ✎ (\S+)$/gm)].map(([, mark]) => mark);
}

/** A lesson's line with a mark, without it. */
export function lineOf(source: string, mark: string): string {
  const lines = source.split("\n").filter((line) => line.endsWith(` // ✎ ${mark}`));
  assert.assertEquals(lines.length, 1, `one line with the mark ${mark}`);
  return lines[0].split(" // ✎ ")[0].trim();
}

/** A line that is not filled in yet: what it computes is not a number. */
export function blank(line: string): string {
  const [found] = /(?:(?<![=<>!])=(?![=>])|=>|return|\+=|-=) /.exec(line) ?? [];
  assert.assert(found, `nothing to fill in: ${line}`);
  return `${line.split(found)[0]}${found}NaN;`;
}

/** Loads a copy of a lesson in which another line stands in the place of the one with a mark. */
export async function loadWith(source: string, mark: string, line: string): Promise<Record<string, unknown>> {
  const copy = source.replace(lineOf(source, mark), () => line)
    .replaceAll(/^import text from .*$/gm, 'const text = "";')
    .replaceAll(/^import (?:\* as (\w+)|\{([^}]*)\}) from "([^"]*)";$/gm, (_, all, names, from) => {
      const values = names?.replaceAll(/\btype \w+,?/g, "").replaceAll(" as ", ": ");
      return `const ${all ?? `{${values}}`} = globalThis.modulesOfLessons["${from}"];`;
    });
  Object.assign(globalThis, { modulesOfLessons: MODULES });
  return await import(`data:application/typescript,${encodeURIComponent(copy)}`);
}
