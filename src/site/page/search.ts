/**
 * The search over all lessons. Its index is loaded when the reader first wants to search.
 *
 * @module
 */
/// <reference lib="dom" />
import type MiniSearch from "minisearch";

/** A section of a lesson, as stored in the index. */
export interface Found {
  /** Where it is. */
  address: string;
  /** The lesson's number and title. */
  lesson: string;
  /** The section's heading. */
  heading: string;
}

/** Adds a button and the key `/`, both of which open the search. */
export function addSearch(tools: HTMLElement): void {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Search";
  button.setAttribute("aria-keyshortcuts", "/");
  button.onclick = open;
  tools.append(button);
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    open();
  });
}

let dialog: HTMLDialogElement | undefined;

/** Opens the search. */
function open(): void {
  dialog ??= makeDialog();
  dialog.showModal();
  dialog.querySelector("input")?.select();
}

function makeDialog(): HTMLDialogElement {
  const made = document.createElement("dialog");
  made.className = "search";
  made.innerHTML = `<form method="dialog"><label>Search all lessons <input type="search" autocomplete="off"></label>
<button class="plain">Close</button></form><p role="status"></p><ol></ol>`;
  const input = made.querySelector("input")!;
  const [status, list] = [made.querySelector("p")!, made.querySelector("ol")!];
  const index = loadIndex().catch(() => undefined);
  const look = async () => {
    const loaded = await index;
    if (!loaded) return void (status.textContent = "The index cannot be loaded.");
    const found = input.value.trim() ? loaded.search(input.value) as unknown as Found[] : [];
    status.textContent = !input.value.trim() ? "" : found.length === 0 ? "Nothing found." : `${found.length} found`;
    list.replaceChildren(...found.slice(0, 12).map(itemOf));
  };
  input.oninput = look;
  made.querySelector("form")!.onsubmit = (event) => {
    const first = list.querySelector("a");
    if (event.submitter || !first) return;
    event.preventDefault(); // the key Enter opens what was found first
    first.click();
  };
  list.onclick = (event) => (event.target as Element).closest("a") && made.close();
  document.body.append(made);
  return made;
}

function itemOf({ address, lesson, heading }: Found): HTMLLIElement {
  const [item, link, small] = [
    document.createElement("li"),
    document.createElement("a"),
    document.createElement("small"),
  ];
  link.href = address;
  link.textContent = heading;
  small.textContent = lesson;
  link.append(small);
  item.append(link);
  return item;
}

/** The index, made of the sections of all lessons. */
async function loadIndex(): Promise<MiniSearch> {
  const [{ default: Index }, response] = await Promise.all([import("minisearch"), fetch("search.json")]);
  if (!response.ok) throw new Error(`search.json: ${response.status}`);
  const index = new Index({
    fields: ["heading", "text"],
    storeFields: ["address", "lesson", "heading"],
    idField: "address",
    searchOptions: { prefix: true, fuzzy: 0.15, boost: { heading: 3 }, combineWith: "AND" },
  });
  index.addAll(await response.json());
  return index;
}
