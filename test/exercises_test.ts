/**
 * Exercises: every answer is right, every line to fill in has one, and a line that is left blank is noticed.
 *
 * A lesson is run up to the end of the exercise's section, and the claims of that section are looked at.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type CommonOptions, type LessonEvent, type Show, showOn, useBackend } from "../mod.ts";
import { blank, exercises, lineOf, loadWith, marks } from "./_exercises.ts";
import { LESSONS } from "./_lessons.ts";

/** The section is over. */
class Over extends Error {}

/** The claims of a section (`4.1`), in a lesson that is stopped after it. */
async function claimsOf(module: Record<string, unknown>, section: string): Promise<Record<string, boolean>> {
  const { lesson, defaults } = module as {
    lesson: (options: CommonOptions, show: Show) => Promise<void>;
    defaults: Record<string, number>;
  };
  const claims: Record<string, boolean> = {};
  let inside = false;
  const show: Show = showOn((event: LessonEvent) => {
    if (event.kind === "title") {
      if (inside) throw new Over();
      inside = event.text.startsWith(`${section} `);
    }
    if (event.kind === "claim" && inside) claims[event.what] = event.holds;
  });
  try {
    await lesson({ ...defaults, data: "digits", seed: 0 }, show);
  } catch (error) {
    if (!(error instanceof Over)) throw error;
  }
  return claims;
}

await useBackend("wasm");
const all = exercises();

for (const { name, source } of LESSONS) {
  const ofLesson = all.filter(({ lesson }) => lesson === name);
  if (marks(source).length || ofLesson.length) {
    Deno.test(`exercises of ${name}: each line to fill in has its answer, and each answer its line`, () =>
      assertEquals(ofLesson.map(({ mark }) => mark), marks(source)));
  }
  for (const { mark, answer } of ofLesson) {
    Deno.test(`exercise ${mark}: ${answer}`, async () => {
      const [line, section] = [lineOf(source, mark), /^\d+\.\d+/.exec(mark)![0]];
      assert(answer.replaceAll(" ", "") !== line.replaceAll(" ", ""), "another way to write it than the lesson's");
      const right = await claimsOf(await loadWith(source, mark, answer), section);
      assert(Object.keys(right).length > 0, "a claim checks it");
      assertEquals(Object.entries(right).filter(([, holds]) => !holds), [], "false claims");
      const left = await claimsOf(await loadWith(source, mark, blank(line)), section).catch(() => ({ none: false }));
      assert(Object.values(left).includes(false), "a line that is left blank makes a claim false");
    });
  }
}
