/**
 * A lesson's page: the page that `--out` writes, in the site's frame, with links, answers and a way to run the lesson.
 *
 * @module
 */
import { page, pageParts } from "../../show/files/page.ts";
import { codeHtml } from "../../show/files/page_prose.ts";
import { escapeHtml } from "../../show/files/text.ts";
import { answersTo, foldAnswers } from "./answers.ts";
import { elementOf } from "./document.ts";
import { framed } from "./frame.ts";
import { markTerms, type Term } from "./glossary.ts";
import type { LessonFile } from "./lesson_files.ts";
import type { Recording } from "./record.ts";

/** What a lesson's page is made of. */
export interface LessonSource {
  /** The lesson. */
  lesson: LessonFile;
  /** All lessons of the site, this one included. */
  lessons: LessonFile[];
  /** Its recorded run. */
  recording: Recording;
  /** The text of `lessons/answers.md`. */
  answers: string;
  /** The words of the glossary. */
  terms: Term[];
  /** The version of the project. */
  version: string;
}

/** The address of a lesson's picture, relative to the page. */
export function pictureAddress(lesson: string, name: string, type: string): string {
  return `pictures/${lesson}/${name}.${type === "image/png" ? "png" : "svg"}`;
}

/** A lesson's page, as HTML. */
export function lessonPage({ lesson, lessons, recording, answers, terms, version }: LessonSource): string {
  const pictures = new Map([...recording.pictures].map(([name, drawn]) => [
    name,
    { ...drawn, address: pictureAddress(lesson.name, name, drawn.type) },
  ]));
  const { header, contents, body } = pageParts(lesson, recording.events, pictures);
  const main = elementOf(`<main id="content" class="page" tabindex="-1">
<header>${header}</header>
${runHtml(lesson, recording, version)}${contents}${body}${footerHtml(lesson, lessons)}</main>`);
  decorate(main);
  main.querySelectorAll("section").forEach((section) => markTerms(section, terms));
  const exercises = Array.from(main.querySelectorAll("section")).findLast((section) =>
    section.querySelector("h2 + ol")
  );
  if (exercises) foldAnswers(exercises, answersTo(lesson.name, answers));
  return framed({
    title: `${lesson.number}. ${lesson.question} · VAE, step by step`,
    description: `Lesson ${lesson.number} of VAE, step by step: ${lesson.question}`,
    attributes: { "data-lesson": lesson.name },
    body: main.outerHTML,
  }, lessons);
}

/** The same lesson in one file, which opens from a disk and loads nothing else. */
export function lessonAlone({ lesson, recording }: LessonSource): string {
  return page(lesson, recording.events, recording.pictures);
}

/** The panel that describes the recorded run and, with scripts, runs the lesson again. */
function runHtml(
  { name, question }: LessonFile,
  { defaults, seed, backend, machine, events }: Recording,
  version: string,
): string {
  const claims = events.filter((event) => event.kind === "claim").length;
  const kernels = backend.kernels === "tfjs" ? "" : ` (${backend.kernels} SIMD)`;
  const fields = Object.entries({ ...defaults, seed }).map(([key, value]) => {
    const limits = key === "seed"
      ? `min="0" max="4294967295" step="1"`
      : Number.isInteger(value)
      ? `min="1" step="1"`
      : `min="0" step="any"`;
    return `<label>${escapeHtml(key)} <input type="number" name="${key}" value="${value}" ${limits} required></label>`;
  });
  return `<aside class="run" aria-label="The lesson's run" data-question="${escapeHtml(question)}">
<p class="recorded">The results on this page are recorded: ${claims} claims, all true, with seed ${seed}, by ${
    escapeHtml(machine)
  }, WebAssembly${kernels}, version ${escapeHtml(version)}.</p>
<form class="controls" hidden>
<button type="submit">Run this lesson here</button>
<details><summary>Change its numbers</summary><div class="fields">${fields.join("")}${BACKEND}
<button type="reset" class="plain">Defaults</button></div></details>
</form>
<p class="status" role="status" hidden></p>
<details class="terminal"><summary>In a terminal</summary>${codeHtml(`deno run lessons/${name}.ts`, false)}</details>
</aside>
`;
}

/** The choice of a backend, for browsers that have WebGPU. */
const BACKEND = `<label class="backend" hidden>backend <select name="backend"><option>wasm</option>` +
  `<option>webgpu</option></select></label>`;

/** Links to the previous and the next lesson. */
function footerHtml(lesson: LessonFile, lessons: LessonFile[]): string {
  const place = lessons.findIndex(({ name }) => name === lesson.name);
  const link = (other: LessonFile | undefined, rel: string, text: string) =>
    other
      ? `<a class="${rel}" rel="${rel}" href="${other.name}.html"><span>${text}</span> ${
        escapeHtml(`${other.number}. ${other.question}`)
      }</a>`
      : "";
  return `<footer>
<nav class="onward" aria-label="Previous and next lesson">${link(lessons[place - 1], "prev", "Previous")}${
    link(lessons[place + 1], "next", "Next")
  }</nav>
<p>This lesson as <a href="${lesson.name}.alone.html">one file</a> to keep, or as <a href="lessons/${lesson.name}.ts">its source</a>. <a href="symbols.html">All symbols.</a></p>
</footer>
`;
}

/** Gives code and claims ids and links to share. The checks do not count true claims, since a run can change them. */
function decorate(main: HTMLElement): void {
  for (const section of main.querySelectorAll("section")) {
    const heading = section.querySelector("h2");
    const place = heading?.id ?? "opening";
    if (heading) heading.append(anchor(main, heading.id, "this section"));
    for (const summary of section.querySelectorAll(".check summary")) {
      summary.textContent = "How this is checked and drawn";
    }
    section.querySelectorAll("pre.code").forEach((cell, i) => cell.id = `${place}-code-${i + 1}`);
    section.querySelectorAll(".claim").forEach((claim, i) => {
      claim.id = `${place}-claim-${i + 1}`;
      claim.append(anchor(main, claim.id, "this claim"));
    });
  }
  main.querySelectorAll("img").forEach((image) => image.setAttribute("loading", "lazy"));
}

/** A link to a place, visible where the pointer or the focus is. */
function anchor(main: HTMLElement, id: string, what: string): Element {
  const link = main.ownerDocument.createElement("a");
  link.className = "anchor";
  link.setAttribute("href", `#${id}`);
  link.setAttribute("aria-label", `Link to ${what}`);
  link.textContent = "#";
  return link;
}
