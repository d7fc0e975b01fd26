/**
 * Every lesson as a notebook, run by Deno's kernel.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { lessonFiles } from "../src/site/build/lesson_files.ts";
import { writeNotebook } from "../src/site/notebooks/write_notebook.ts";
import { assertRunsAsRecorded } from "./_notebooks.ts";
import { pythonWith } from "./_python.ts";
import { testIf, withTempDir } from "./_run.ts";

const kernel = await pythonWith("jupyter_client") !== undefined;

for (const lesson of await lessonFiles()) {
  testIf(
    kernel,
    "Python with jupyter_client",
    `${lesson.name}: the kernel puts out what the notebook's file says`,
    () =>
      withTempDir(async (directory) => {
        await writeNotebook(lesson, pathToFileURL(`${directory}/`));
        await assertRunsAsRecorded(`${directory}/${lesson.name}.ipynb`);
      }),
  );
}
