/**
 * Writes every lesson as a notebook for Deno's Jupyter kernel, outputs included, into `_notebooks/` of the project.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program says what it did
import { parseArgs } from "node:util";
import { EnvironmentError, InputError } from "../../errors.ts";
import { lessonFiles } from "../build/lesson_files.ts";
import { ROOT } from "../build/project.ts";
import { writeNotebook } from "./write_notebook.ts";

const { values } = parseArgs({ options: { lessons: { type: "string" } } });
try {
  for (const lesson of await lessonFiles(values.lessons?.split(","))) {
    console.log(await writeNotebook(lesson, new URL("_notebooks/", ROOT)));
  }
} catch (error) {
  if (!(error instanceof InputError || error instanceof EnvironmentError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
