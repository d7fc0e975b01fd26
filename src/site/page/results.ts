/**
 * Shows the events of a run on a lesson's page.
 *
 * @module
 */
/// <reference lib="dom" />
import type { LessonEvent } from "../../show/events.ts";
import { type Drawn, eventHtml } from "../../show/files/page_events.ts";

/** The blocks of a page that hold the lesson's results. */
export interface Results {
  /** Marks all results on the page as old. Each stays until the new run has a result to put in its place. */
  begin(): void;
  /** Shows an event; a picture comes with its drawn file. */
  put(event: LessonEvent, drawn?: Drawn): void;
  /** The element that was filled last, and its title. */
  place(): { element: Element | undefined; title: string };
}

/** The results in a page's content. */
export function resultsIn(main: HTMLElement, question: string): Results {
  const made: HTMLElement[] = [];
  const addresses: string[] = [];
  let [block, title, titles] = [undefined as HTMLElement | undefined, "", 0];
  const open = (text: string) => {
    const section = sectionOf(main, text);
    [title, block] = [text, nextBlock(section)];
    if (!block) made.push(block = newBlock(section));
    const same = text === "" || headingOf(section) === text;
    block.innerHTML = same ? "" : "<h3></h3>";
    if (!same) block.firstElementChild!.textContent = text;
    block.classList.remove("old");
    block.classList.add("live");
  };
  return {
    begin() {
      made.splice(0).forEach((one) => one.remove());
      addresses.splice(0).forEach((address) => URL.revokeObjectURL(address));
      for (const one of main.querySelectorAll(".said")) {
        one.classList.remove("live");
        one.classList.add("old");
      }
      [block, title, titles] = [undefined, "", 0];
    },
    put(event, drawn) {
      if (event.kind === "title") {
        if (titles++ > 0 || event.text !== question) open(event.text);
        return;
      }
      const pictures = new Map<string, Drawn>();
      if (drawn && "name" in event) {
        const address = URL.createObjectURL(new Blob([drawn.bytes as BlobPart], { type: drawn.type }));
        addresses.push(address);
        pictures.set(event.name, { ...drawn, address });
      }
      const html = eventHtml(event, pictures);
      if (!html) return;
      if (!block) open("");
      block!.insertAdjacentHTML("beforeend", html);
      if (event.kind === "claim") name(block!.lastElementChild!);
    },
    place: () => ({ element: block, title }),
  };
}

/** The section of a title, by its number or its heading; else the last one, or the first if there is no title. */
function sectionOf(main: HTMLElement, title: string): HTMLElement {
  const sections = Array.from(main.querySelectorAll<HTMLElement>("section"));
  const number = /^(?:\d+\.\d+[-–])?(\d+\.\d+)\b/.exec(title)?.[1];
  return sections.find((section) => headingOf(section) === title || headingOf(section).split(" ")[0] === number) ??
    (title === "" ? sections[0] : sections.at(-1))!;
}

/** Gives a claim the id that the recorded one had, so that links to it still work. */
function name(claim: Element): void {
  const section = claim.closest("section")!;
  const live = Array.from(section.querySelectorAll(".said:not(.old) .claim"));
  const id = `${section.querySelector("h2")?.id ?? "opening"}-claim-${live.indexOf(claim) + 1}`;
  document.getElementById(id)?.removeAttribute("id"); // an old one, whose place this takes
  claim.id = id;
}

/** A section's heading without the link in it. */
function headingOf(section: HTMLElement): string {
  return section.querySelector("h2")?.firstChild?.textContent ?? "";
}

/** The next block of a section with old results. */
function nextBlock(section: HTMLElement): HTMLElement | undefined {
  return section.querySelector<HTMLElement>(".said.old") ?? undefined;
}

/** A new block at a section's end, for results that the recorded run did not have. */
function newBlock(section: HTMLElement): HTMLElement {
  const block = document.createElement("div");
  block.className = "said";
  section.append(block);
  return block;
}
