/**
 * A lesson's source and what the lesson said when it ran, woven into one text.
 *
 * @module
 */
import type { LessonEvent } from "../events.ts";

/** What a lesson said under one title. */
export interface Said {
  /** The title, unless the section's heading says it. */
  title: string;
  /** All that came after it, until the next. */
  events: LessonEvent[];
}

/** A piece of a lesson: prose is Markdown; code, imports and checks are TypeScript. */
export type Cell = Text | ({ kind: "said" } & Said);

type Text = { kind: "prose" | "code" | "imports" | "check"; text: string };

/** A part of a lesson under one heading; the opening has none. */
export interface Section {
  /** The heading, in Markdown, such as `6.3 Training`. */
  heading: string;
  /** What stands under it, in order. */
  cells: Cell[];
}

/**
 * Puts what a lesson said where the lesson's text says it is made.
 *
 * The module's doc comment and runs of `//` comments at the left margin are prose; all else is code. What follows the line
 * `// ### Check`, up to the next brace at the left margin, is a check; checks in a row are one. What was said under
 * the title `6.3 …` follows the last code of section 6.3, under `4.1-4.3 …` that of section 4.3, and before any such
 * title (or under the question, the lesson's first title) the opening. What belongs to no section gets one at the end.
 */
export function weave({ question, text }: { question: string; text: string }, events: LessonEvent[]): Section[] {
  const sections = split(cells(text));
  for (const said of runs(events, question)) {
    const number = /^(?:\d+\.\d+[-–])?(\d+\.\d+)\b/.exec(said.title)?.[1];
    const section = sections.find(({ heading }) => heading === said.title || heading.split(" ")[0] === number);
    const title = section && section.heading !== said.title ? said.title : "";
    const cell = { kind: "said", title, events: said.events } as const;
    if (section) section.cells.splice(placeIn(section), 0, cell);
    else sections.push({ heading: escapeMarkdown(said.title), cells: [cell] });
  }
  return sections;
}

/** After the last cell that is no prose: what closes a section is written for those who have seen what it shows. */
function placeIn({ heading, cells }: Section): number {
  const after = cells.findLastIndex(({ kind }) => kind !== "prose") + 1;
  return heading === "" || after === 0 ? cells.length : after;
}

/** The events under each title; under "" those before the first title that is not the question. */
function runs(events: LessonEvent[], question: string): Said[] {
  const said: Said[] = [{ title: "", events: [] }];
  for (const event of events) {
    if (event.kind !== "title") said.at(-1)!.events.push(event);
    else if (said.length > 1 || event.text !== question) said.push({ title: event.text, events: [] });
  }
  return said.filter(({ title, events }) => title !== "" || events.some(({ kind }) => kind !== "end"));
}

/** Cuts a lesson's source into prose, imports, code and checks. */
function cells(source: string): Cell[] {
  const doc = /^\s*\/\*\*([^]*?)\*\//.exec(source);
  const header = (doc?.[1] ?? "").replaceAll(/^ ?\* ?/gm, "").replace(/^@module$/m, "").trim();
  const cells: Text[] = [{ kind: "prose", text: header }];
  let [importing, checking] = [false, false];
  for (const line of source.slice(doc?.[0].length ?? 0).split(/\r?\n/)) {
    const last = cells.at(-1)!;
    importing ||= line.startsWith("import ");
    if (line === "// ### Check") checking = true;
    else {
      const check = checking || line === "" && last.kind === "check"; // so that checks in a row are one
      const kind = check ? "check" : importing ? "imports" : /^\/\/( |$)/.test(line) ? "prose" : "code";
      const text = kind === "prose" ? line.slice(3) : line;
      if (last.kind === kind) last.text += `\n${text}`;
      else cells.push({ kind, text });
    }
    importing &&= !line.trimEnd().endsWith(";");
    checking &&= line !== "}";
  }
  return cells.map(({ kind, text }) => ({ kind, text: text.replace(/^(\s*\n)+/, "").trimEnd() }))
    .filter(({ text }) => text !== "");
}

/** Begins a section at every heading `## …` of the prose, outside fences. */
function split(cells: Cell[]): Section[] {
  const sections: Section[] = [{ heading: "", cells: [] }];
  for (const cell of cells) {
    if (cell.kind !== "prose") sections.at(-1)!.cells.push(cell);
    else {
      for (const { heading, text } of headed(cell.text)) {
        if (heading !== undefined) sections.push({ heading, cells: [] });
        if (text.trim()) sections.at(-1)!.cells.push({ kind: "prose", text: text.trim() });
      }
    }
  }
  return sections;
}

/** The text before the first heading, if any, and what stands under each. */
function headed(prose: string): { heading?: string; text: string }[] {
  const parts: { heading?: string; text: string }[] = [{ text: "" }];
  let fenced = false;
  for (const line of prose.split("\n")) {
    if (line.startsWith("```")) fenced = !fenced;
    if (!fenced && line.startsWith("## ")) parts.push({ heading: line.slice(3).trim(), text: "" });
    else parts.at(-1)!.text += `${line}\n`;
  }
  return parts;
}

/** Text that Markdown leaves as it is. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>()#+\-.!|~$&]/g, "\\$&");
}
