/**
 * The course's symbols, from `lessons/README.md`: as a page, and as explanations of words in the lessons.
 *
 * @module
 */
import { proseHtml } from "../../show/files/page_prose.ts";
import { framed } from "./frame.ts";
import type { LessonFile } from "./lesson_files.ts";

/** A word of the glossary. */
export interface Term {
  /** The word, such as `evidence`. */
  word: string;
  /** What it means, in a line, with its symbol. */
  meaning: string;
}

/** The chapter on symbols of the lessons' README, in Markdown, without its heading. */
export function symbolsIn(readme: string): string {
  return readme.split(/^## /m).find((part) => part.startsWith("Symbols\n"))?.slice("Symbols\n".length).trim() ?? "";
}

/** The words that the table of symbols explains, as in `the evidence: the likelihood averaged …`, longer ones first. */
export function termsIn(symbols: string): Term[] {
  const cells = (line: string) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const rows = symbols.split("\n").map(cells).filter((row) => row.length > 4);
  return rows.flatMap(([, symbol = "", , what = ""]) => {
    const [, word = "", meaning = ""] = /^(?:the|an?) ([^:]+): (.*)$/.exec(what) ?? [];
    const name = /^[A-Z]{3,}$/.test(symbol) ? symbol : word;
    return name ? [{ word: name, meaning: name === symbol ? what : `${symbol}: ${meaning}` }] : [];
  }).toSorted((a, b) => b.word.length - a.word.length);
}

/** Marks each word of the glossary where a section first uses it. */
export function markTerms(section: Element, terms: Term[]): void {
  const open = new Set(terms);
  for (const element of section.querySelectorAll("section > p, section > ul > li, section > ol > li")) {
    for (const node of Array.from(element.childNodes).filter(({ nodeType }) => nodeType === 3)) {
      markIn(node as Text, open);
    }
  }
}

/** Marks the first word of the glossary in a piece of text, and continues after it. */
function markIn(node: Text, open: Set<Term>): void {
  const places = [...open].map((term) => ({ term, at: placeOf(term.word, node.data) })).filter(({ at }) => at >= 0);
  const [first] = places.toSorted((a, b) => a.at - b.at || b.term.word.length - a.term.word.length);
  if (!first) return;
  open.delete(first.term);
  const end = first.at + first.term.word.length;
  const link = node.ownerDocument.createElement("a");
  link.className = "term";
  link.setAttribute("href", "symbols.html");
  link.setAttribute("data-meaning", first.term.meaning);
  link.textContent = node.data.slice(first.at, end);
  const rest = node.ownerDocument.createTextNode(node.data.slice(end));
  node.data = node.data.slice(0, first.at);
  node.after(link, rest);
  markIn(rest, open);
}

/** The position of a whole word in a text, or -1. */
function placeOf(word: string, text: string): number {
  return new RegExp(`(?<![\\p{L}\\p{N}-])${word}(?![\\p{L}\\p{N}-])`, "u").exec(text)?.index ?? -1;
}

/** The page of symbols. */
export function symbolsPage(symbols: string, lessons: LessonFile[]): string {
  const table = proseHtml(symbols).replaceAll("<table>", `<div class="wide" tabindex="0"><table>`)
    .replaceAll("</table>", "</table></div>");
  return framed({
    title: "Symbols · VAE, step by step",
    description: "The symbols and shapes that all lessons use.",
    body: `<main id="content" class="page symbols" tabindex="-1">\n<h1>Symbols</h1>\n${table}</main>`,
  }, lessons);
}
