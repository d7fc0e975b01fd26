/**
 * The first page of the site.
 *
 * @module
 */
import { lineHtml } from "../../show/files/page_prose.ts";
import type { Picture } from "../../show/events.ts";
import { escapeHtml } from "../../show/files/text.ts";
import { rowsOf } from "../../show/sheet.ts";
import { framed } from "./frame.ts";
import type { LessonFile } from "./lesson_files.ts";
import type { Recording } from "./record.ts";

/** A lesson and its recorded run. */
export type Recorded = { lesson: LessonFile; recording: Recording };

/** The address of the picture at the top. */
export const HERO = "pictures/map.png";

/** The contents page. */
export function contentsPage(recorded: Recorded[]): string {
  const claims = recorded.flatMap(({ recording }) => recording.events).filter(({ kind }) => kind === "claim").length;
  const first = recorded[0]?.lesson.name ?? "index";
  const body = `<main id="content" class="contents" tabindex="-1">
<header class="hero">
<div>
<h1>Variational autoencoders, step by step</h1>
<p class="lead">Build one line by line, from the loss of a plain autoencoder to a map of everything a network can draw.
Every formula is derived, every network trains in front of you, and every number is checked.</p>
<p class="actions"><a class="button" href="${first}.html">Begin with lesson ${recorded[0]?.lesson.number ?? ""}</a>
</p>
</div>
${heroHtml(recorded)}
</header>
<ol class="lessons">
${recorded.map(itemHtml).join("")}</ol>
<section class="about">
<h2>How it works</h2>
<dl>
<div><dt>Read</dt><dd>A lesson is one program. Its comments are the text, its code is the code, and what it printed and drew
appears where it was produced. You need calculus and a little programming, but no variational inference.</dd></div>
<div><dt>Run</dt><dd>Each lesson runs in this page, on your own machine, with numbers you choose: nothing is installed and
nothing is sent. Or run the same file in a terminal with <a href="https://deno.com">Deno</a>.</dd></div>
<div><dt>Doubt</dt><dd>The lessons make ${claims} claims. Each is computed and compared with what is known in advance, and
gets its ✓ only then: the KL of two Gaussians with its integral, a linear VAE with its exact optimum, the bound with log
p(x) itself.</dd></div>
</dl>
</section>
</main>`;
  return framed({
    title: "VAE, step by step",
    description: "A course on variational autoencoders in lessons that run and check themselves.",
    body,
  }, recorded.map(({ lesson }) => lesson));
}

/** The picture at the top: the first map of what a decoder can draw, and its lesson. */
export function heroOf(recorded: Recorded[]): { lesson: LessonFile; map: Picture & { kind: "images" } } | undefined {
  const maps = recorded.flatMap(({ lesson, recording }) =>
    recording.events.flatMap((event) => event.kind === "images" && event.x && event.y ? [{ lesson, map: event }] : [])
  );
  return maps[0];
}

function heroHtml(recorded: Recorded[]): string {
  const hero = heroOf(recorded);
  if (!hero) return "";
  const { lesson, map } = hero;
  return `<a class="map" href="${lesson.name}.html"><img src="${HERO}" width="${map.columns * map.width}" ` +
    `height="${rowsOf(map) * map.height}" alt="${escapeHtml(map.caption)}"></a>`;
}

function itemHtml({ lesson, recording }: Recorded): string {
  const claims = recording.events.filter(({ kind }) => kind === "claim").length;
  const facts = [lesson.duration && `runs in ${lesson.duration}`, `${claims} claims`].filter(Boolean).join(" · ");
  return `<li data-lesson="${lesson.name}"><a href="${lesson.name}.html">
<span class="number">${lesson.number}</span>
<span class="words"><strong>${escapeHtml(lesson.question)}</strong>
<span class="gain">${lineHtml(lesson.gain.charAt(0).toUpperCase() + lesson.gain.slice(1))}</span>
<span class="facts">${escapeHtml(facts)}</span></span>
</a></li>
`;
}
