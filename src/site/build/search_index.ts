/**
 * The texts that the search covers.
 *
 * @module
 */
import { elementOf } from "./document.ts";
import type { LessonFile } from "./lesson_files.ts";

/** A section of a lesson, with its words. */
export interface Indexed {
  /** Where it is, relative to the site. */
  address: string;
  /** The lesson's number and title. */
  lesson: string;
  /** The section's heading. */
  heading: string;
  /** Its whole text. */
  text: string;
}

/** The sections of a lesson's page. */
export function indexed({ name, number, question }: LessonFile, page: string): Indexed[] {
  const main = elementOf(page.slice(page.indexOf("<main"), page.indexOf("</main>") + "</main>".length));
  const lesson = `${number}. ${question}`;
  return Array.from(main.querySelectorAll("section"), (section) => {
    for (const unread of section.querySelectorAll(".anchor, details.check")) unread.remove();
    const heading = section.querySelector("h2");
    return {
      address: `${name}.html${heading ? `#${heading.id}` : ""}`,
      lesson,
      heading: heading?.textContent ?? question,
      text: (section.textContent ?? "").replaceAll(/\s+/g, " ").trim(),
    };
  });
}
