/**
 * The lessons as files.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { projectText, ROOT } from "./project.ts";

/** A lesson, as described by its file. */
export interface LessonFile {
  /** The file's name without its ending, such as `04_kl`. */
  name: string;
  /** Its number, without a leading zero. */
  number: number;
  /** Its title, a question. */
  question: string;
  /** What the reader leaves with, in Markdown. */
  gain: string;
  /** How long it runs, in words; empty if the lesson does not say. */
  duration: string;
  /** The whole file. */
  text: string;
}

/**
 * The lessons, in order.
 *
 * @param chosen The numbers of some, such as `["04", "7"]`; all of them by default.
 * @throws {InputError} If there is no such lesson.
 */
export async function lessonFiles(chosen?: string[]): Promise<LessonFile[]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL("lessons/", ROOT)), ({ name }) => name);
  const names = entries.filter((name) => /^\d\d_\w+\.ts$/.test(name)).sort();
  const all = await Promise.all(names.map(async (name) => lessonFile(name, await projectText(`lessons/${name}`))));
  for (const number of chosen ?? []) {
    if (all.some((lesson) => lesson.number === Number(number))) continue;
    throw new InputError(
      `There is no lesson "${number}": it is one of ${all.map((lesson) => lesson.number).join(", ")}.`,
    );
  }
  return chosen ? all.filter(({ number }) => chosen.some((one) => Number(one) === number)) : all;
}

function lessonFile(file: string, text: string): LessonFile {
  const header = (/^\/\*\*([^]*?)\*\//.exec(text)?.[1] ?? "").replaceAll(/^ \* ?/gm, "");
  const [, number = "", question = ""] = /^# (\d+)\. (.*)$/m.exec(header) ?? [];
  const item = (name: string) =>
    new RegExp(`^- \\*\\*${name}\\*\\*([^]*?)(?=\n- |\n\n|$(?![^]))`, "m").exec(header)?.[1] ?? "";
  return {
    name: file.replace(/\.ts$/, ""),
    number: Number(number),
    question,
    gain: item("You leave with").replace(/^: /, "").replaceAll(/\s+/g, " ").trim(),
    duration: /^ \(([^)]*)\)/.exec(item("Run"))?.[1] ?? "",
    text,
  };
}
