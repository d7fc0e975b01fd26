/**
 * Recorded runs, stored between builds, because recording all lessons takes minutes.
 *
 * @module
 */
import { deserialize, serialize } from "node:v8";
import { sha256 } from "../../disk/sha256.ts";
import { filesIn, ROOT } from "./project.ts";
import type { LessonFile } from "./lesson_files.ts";
import type { LessonModule } from "../worker/lesson_worker.ts";
import { record, type Recording } from "./record.ts";

/** Where they are stored, one file per run. */
export const KEPT = new URL(".site/recordings/", ROOT);

/**
 * A lesson's recorded run: the stored one, if it was made by exactly this lesson, library and packages; else a new one,
 * which is then stored.
 *
 * @param say Called before a new recording, which takes a while.
 * @throws {ClaimError} If a claim of the lesson is false.
 */
export async function recordingOf(lesson: LessonFile, say: (text: string) => void): Promise<Recording> {
  const file = new URL(`${lesson.name}-${await fingerprint(lesson)}.bin`, KEPT);
  const kept = await Deno.readFile(file).catch(() => undefined);
  if (kept) return deserialize(kept) as Recording;
  say(`Recording lesson ${lesson.name}.`);
  const module = await import(new URL(`lessons/${lesson.name}.ts`, ROOT).href) as LessonModule;
  const recording = await record(module, lesson.question);
  await Deno.mkdir(KEPT, { recursive: true });
  await Deno.writeFile(file, serialize(recording));
  return recording;
}

/** Sixteen hexadecimal digits that depend on everything a run depends on: the lesson, the library, its data, the packages. */
async function fingerprint(lesson: LessonFile): Promise<string> {
  library ??= (async () => {
    const files = [...await below("src"), ...await below("data"), "mod.ts", "deno.lock"]
      .filter((path) => !/^src\/(site|show\/terminal)\/|\.md$/.test(path)).sort();
    return (await Promise.all(files.map(async (path) => await sha256(await Deno.readFile(new URL(path, ROOT))))))
      .join();
  })();
  return (await sha256(new TextEncoder().encode(lesson.text + await library))).slice(0, 16);
}

const below = async (directory: string) =>
  (await filesIn(new URL(`${directory}/`, ROOT))).map((path) => `${directory}/${path}`);

let library: Promise<string> | undefined;
