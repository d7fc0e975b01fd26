/**
 * Where on a lesson's page the events of a run appear.
 *
 * @module
 */
/// <reference lib="dom" />
import type { LessonEvent } from "../../show/events.ts";
import { type Drawn, eventHtml } from "../../show/files/page_events.ts";

/** The blocks of a page that hold what the lesson said. */
export interface Results {
  /** Marks all that is there, of the recorded run or of the last one, as old: it stays until something is said in its place. */
  begin(): void;
  /** Shows an event, a picture as it was drawn. */
  put(event: LessonEvent, drawn?: Drawn): void;
  /** The element that was filled last, and its title. */
  place(): { element: Element | undefined; title: string };
}

/** The blocks of a page's content. */
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

/** The section that a title belongs to, as the weaver finds it: of that number, else of that heading, else the first. */
function sectionOf(main: HTMLElement, title: string): HTMLElement {
  const sections = Array.from(main.querySelectorAll<HTMLElement>("section"));
  const number = /^(?:\d+\.\d+[-–])?(\d+\.\d+)\b/.exec(title)?.[1];
  return sections.find((section) => headingOf(section) === title || headingOf(section).split(" ")[0] === number) ??
    (title === "" ? sections[0] : sections.at(-1))!;
}

/** Gives a claim the name by which the recorded one can be linked to. */
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

/** The next block of a section that still has something old. */
function nextBlock(section: HTMLElement): HTMLElement | undefined {
  return section.querySelector<HTMLElement>(".said.old") ?? undefined;
}

/** A block at a section's end, for what the recorded run did not say there. */
function newBlock(section: HTMLElement): HTMLElement {
  const block = document.createElement("div");
  block.className = "said";
  section.append(block);
  return block;
}
