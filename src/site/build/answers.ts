/**
 * The answers to a lesson's exercises, shown below the exercises.
 *
 * @module
 */
import { marked, type Tokens } from "marked";
import { codeHtml, proseHtml } from "../../show/files/page_prose.ts";

/** What `lessons/answers.md` says about one lesson, in Markdown. */
export interface Answers {
  /** An answer for each experiment, in order. */
  experiments: string[];
  /** Another way to write each line to fill in. */
  lines: string;
  /** The other paragraphs, such as what became of the predictions. */
  rest: string;
}

/** A lesson's chapter in the file of answers; empty if there is none. */
export function answersTo(name: string, file: string): Answers {
  const chapter = file.split(/^## /m).find((part) => part.startsWith(`${name}\n`))?.slice(name.length) ?? "";
  const tokens = marked.lexer(chapter);
  const list = tokens.find((token) => token.type === "list") as Tokens.List | undefined;
  const code = tokens.find((token) => token.type === "code") as Tokens.Code | undefined;
  return {
    experiments: list?.items.map(({ text }) => text) ?? [],
    lines: code?.text ?? "",
    rest: tokens.filter((token) => token !== list && token !== code).map(({ raw }) => raw).join("").trim(),
  };
}

/** Folds answers away under the exercises of the section `Try it`. */
export function foldAnswers(section: Element, { experiments, lines, rest }: Answers): void {
  const document = section.ownerDocument;
  const fold = (summary: string, html: string) => {
    const details = document.createElement("details");
    details.className = "answer";
    details.innerHTML = `<summary>${summary}</summary>${html}`;
    return details;
  };
  section.querySelectorAll("ol > li").forEach((item, i) => {
    if (experiments[i]) item.append(fold("Answer", proseHtml(experiments[i])));
  });
  section.querySelector("ol + p")?.remove(); // "Answers: `lessons/answers.md`."
  const more = [
    ...lines ? [fold("The lines to fill in, written in another way", codeHtml(lines))] : [],
    ...rest ? [fold("The predictions", proseHtml(rest))] : [],
  ];
  section.querySelector("ol")?.after(...more);
}
