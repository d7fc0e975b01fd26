/**
 * A lesson as a web page in one file: its prose, maths and code, and the results and pictures of a run.
 *
 * @module
 */
import { at } from "../../at.ts";
import type { LessonEvent } from "../events.ts";
import { checkHtml } from "./page_check.ts";
import { type Drawn, eventHtml } from "./page_events.ts";
import { codeHtml, lineHtml, proseHtml } from "./page_prose.ts";
import { STYLE } from "./page_style.ts";
import { escapeHtml } from "./text.ts";
import { type Cell, type Section, weave } from "./weave.ts";

/** The page's policy: it may load nothing. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/**
 * Makes a self-contained page: it can be opened from the disk, runs no scripts and loads no other files.
 *
 * @param lesson The lesson: the name of its file, its title and its source.
 * @param events The events of a run.
 * @param pictures The drawn pictures, by name.
 * @returns The page, as HTML.
 * @throws {Error} If a formula of the lesson is not valid LaTeX.
 */
export function page(
  lesson: { name: string; question: string; text: string },
  events: LessonEvent[],
  pictures: Map<string, Drawn>,
): string {
  const { header, contents, body, failed } = pageParts(lesson, events, pictures);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(lesson.question)} · VAE, step by step</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="course">VAE, step by step</p>
${header}${failed ? FAILED : ""}</header>
${contents}${body}<footer>${
    lineHtml(`Lesson \`${lesson.name}\` of VAE, step by step, and what it found when it ran.`)
  }</footer>
</main>
</body>
</html>
`;
}

/** The parts of a lesson's page, as HTML. */
export interface PageParts {
  /** The lesson's title, and what the reader needs and learns. */
  header: string;
  /** Links to the sections. */
  contents: string;
  /** The sections. */
  body: string;
  /** Whether a claim was false. */
  failed: boolean;
}

/** Makes the parts of a page, for other pages that include them. */
export function pageParts(
  lesson: { question: string; text: string },
  events: LessonEvent[],
  pictures: Map<string, Drawn>,
): PageParts {
  const sections = weave(lesson, events);
  const [header, opening] = cut(at(sections, 0), lesson.question);
  return {
    header: proseHtml(header),
    contents: contentsHtml(sections.slice(1)),
    body: [opening, ...sections.slice(1)].map((one, i) => sectionHtml(one, i, pictures)).join(""),
    failed: events.some((event) => event.kind === "claim" && !event.holds),
  };
}

/** The notice at the top of a page with a false claim. */
const FAILED = `<p class="notice">A claim of this lesson was false when it ran: <a href="#failed">✗ show it</a>.</p>\n`;

/** Separates the lesson's header, which has its title, from the rest of its opening. */
function cut({ heading, cells: [first, ...rest] }: Section, question: string): [header: string, opening: Section] {
  if (first?.kind === "prose" && first.text.startsWith("# ")) return [first.text, { heading, cells: rest }];
  return [`# ${question}`, { heading, cells: first ? [first, ...rest] : [] }];
}

/** Links to the sections. */
function contentsHtml(sections: Section[]): string {
  const items = sections.map(({ heading }, i) =>
    `<li><a href="#${idOf(heading, i + 1)}">${lineHtml(heading)}</a></li>\n`
  );
  return `<nav aria-label="Contents">\n<ol>\n${items.join("")}</ol>\n</nav>\n`;
}

/** The id of a section, such as `6-3-training`, or `section-7` if the heading has no letters or digits. */
function idOf(heading: string, index: number): string {
  const words = heading.toLowerCase().match(/[\p{Letter}\p{Number}]+/gu);
  return words?.join("-") ?? `section-${index}`;
}

function sectionHtml({ heading, cells }: Section, index: number, pictures: Map<string, Drawn>): string {
  const title = index === 0 ? "" : `<h2 id="${idOf(heading, index)}">${lineHtml(heading)}</h2>\n`;
  const said = cells.flatMap((cell) => cell.kind === "said" ? cell.events : []);
  const last = cells.findLast(({ kind }) => kind === "check"); // the check just before the events
  const html = cells.map((cell) => cellHtml(cell, pictures, cell === last ? said : []));
  return `<section>\n${title}${html.join("")}</section>\n`;
}

function cellHtml(cell: Cell, pictures: Map<string, Drawn>, found: LessonEvent[]): string {
  switch (cell.kind) {
    case "check":
      return checkHtml(cell.text, found);
    case "prose":
      return proseHtml(cell.text);
    case "code":
      return codeHtml(cell.text);
    case "imports":
      return `<details><summary>Imports</summary>\n${codeHtml(cell.text)}</details>\n`;
    case "said": {
      const title = cell.title && `<h3>${escapeHtml(cell.title)}</h3>\n`;
      return `<div class="said">\n${title}${cell.events.map((event) => eventHtml(event, pictures)).join("")}</div>\n`;
    }
  }
}
