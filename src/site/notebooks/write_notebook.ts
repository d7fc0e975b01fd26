/**
 * A lesson written as a notebook.
 *
 * @module
 */
import type { LessonFile } from "../build/lesson_files.ts";
import { notebookCells } from "./notebook_cells.ts";
import { notebookFile } from "./notebook_file.ts";
import { runCells } from "./run_cells.ts";

/**
 * Runs a lesson cell by cell, and writes it as a notebook.
 *
 * @param directory Where; it is created where it is missing, and a notebook of that name is replaced.
 * @returns What was written, in a sentence.
 * @throws {ClaimError} If a claim of the lesson is false; nothing is written then.
 */
export async function writeNotebook(lesson: LessonFile, directory: URL): Promise<string> {
  const cells = notebookCells(lesson);
  const text = notebookFile(cells, await runCells(lesson.name, cells));
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(new URL(`${lesson.name}.ipynb`, directory), text);
  return `${lesson.name}.ipynb: ${cells.length} cells, ${Math.ceil(text.length / 1000)} kB.`;
}
