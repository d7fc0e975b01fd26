/**
 * Combines a lesson's source with the events of a run.
 *
 * @module
 */
import type { LessonEvent } from "../events.ts";

/** The events under one title. */
export interface Said {
  /** The title, or empty if it is the same as the section's heading. */
  title: string;
  /** All events up to the next title. */
  events: LessonEvent[];
}

/** A piece of a lesson. Prose is Markdown; code, imports and checks are TypeScript. */
export type Cell = Text | ({ kind: "said" } & Said);

type Text = { kind: "prose" | "code" | "imports" | "check"; text: string };

/** A part of a lesson under one heading. The opening has none. */
export interface Section {
  /** The heading, in Markdown, such as `6.3 Training`. */
  heading: string;
  /** The contents under the heading, in order. */
  cells: Cell[];
}

/**
 * Puts a lesson's events after the code that they belong to.
 *
 * The module's doc comment and runs of `//` comments at the left margin are prose; everything else is code. The lines
 * after `// ### Check`, up to the next closing brace at the left margin, are a check; consecutive checks are joined.
 * The events under the title `6.3 …` follow the last code of section 6.3, and those under `4.1-4.3 …` that of section
 * 4.3. Events before any such title, or under the lesson's question, follow the opening. Events of an unknown section
 * get a section at the end.
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

/** The index after the last cell that is not prose, because prose at the end of a section discusses its results. */
function placeIn({ heading, cells }: Section): number {
  const after = cells.findLastIndex(({ kind }) => kind !== "prose") + 1;
  return heading === "" || after === 0 ? cells.length : after;
}

/** The events under each title. Those before the first title that is not the question have the title "". */
function runs(events: LessonEvent[], question: string): Said[] {
  const said: Said[] = [{ title: "", events: [] }];
  for (const event of events) {
    if (event.kind !== "title") said.at(-1)!.events.push(event);
    else if (said.length > 1 || event.text !== question) said.push({ title: event.text, events: [] });
  }
  return said.filter(({ title, events }) => title !== "" || events.some(({ kind }) => kind !== "end"));
}

/** Splits a lesson's source into prose, imports, code and checks. */
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
      const check = checking || line === "" && last.kind === "check"; // joins consecutive checks
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

/** Starts a section at every heading `## …` of the prose, outside code fences. */
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

/** The text before the first heading, if any, and the text under each heading. */
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

/** Escapes text so that Markdown leaves it unchanged. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>()#+\-.!|~$&]/g, "\\$&");
}
