/**
 * Predictions: where a lesson asks for one, its result stays hidden until the reader has answered.
 *
 * @module
 */
/// <reference lib="dom" />
import { choicesOf } from "./choices.ts";
import { keep, kept } from "./kept.ts";

/** Hides the results that the reader of this page is asked to predict. */
export function askForPredictions(): void {
  const lesson = document.documentElement.dataset.lesson;
  const asking = Array.from(document.querySelectorAll("section > p > em, section > p > strong"))
    .filter(({ textContent }) => /^Predict, then run/.test(textContent ?? ""));
  asking.forEach((words, i) => ask(words.parentElement!, `prediction:${lesson}:${i + 1}`));
  addEventListener("hashchange", showTarget);
  showTarget();
}

/** Asks for one prediction, unless it was made earlier. */
function ask(question: HTMLElement, name: string): void {
  const section = question.closest("section")!;
  if (!setApart(question) && !section.querySelector(".said")) return;
  const made = kept(name);
  if (made !== undefined) return tell(question, made);
  const form = formFor(choicesOf(question.firstElementChild!.textContent!));
  form.onsubmit = (event) => {
    event.preventDefault();
    const { value } = event.submitter as HTMLButtonElement;
    const prediction = value === "typed" ? form.querySelector("input")!.value.trim() : value;
    keep(name, prediction);
    form.remove();
    tell(question, prediction);
    if (!section.querySelector(".predict")) reveal(section, question);
  };
  question.after(form);
  section.classList.add("locked");
}

/** Wraps what follows a question in its paragraph in an element of its own; returns whether anything follows. */
function setApart(question: HTMLElement): boolean {
  const asked = document.createElement("span");
  const last = Array.from(question.childNodes).findLast((node) => node instanceof Text && node.data.includes("?")) as
    | Text
    | undefined;
  last?.splitText(last.data.lastIndexOf("?") + 1);
  const rest = document.createElement("span");
  rest.className = "rest";
  if (last) { while (last.nextSibling) rest.append(last.nextSibling); }
  asked.append(...question.childNodes);
  question.append(asked, rest);
  return rest.textContent!.trim() !== "";
}

/** A form with a button for each choice, or with a field to type in. */
function formFor(choices: string[]): HTMLFormElement {
  const form = document.createElement("form");
  form.className = "predict";
  const field = `<label>Your prediction <input autocomplete="off" required maxlength="200"></label>
<button value="typed">Predict</button>`;
  form.innerHTML = `<fieldset><legend${choices.length ? "" : ` class="unseen"`}>Your prediction</legend>
${choices.length ? "" : field} <button class="plain" formnovalidate value="">Show it anyway</button></fieldset>
<p>The lesson's result is hidden until then. Your answer stays in this browser.</p>`;
  const buttons = choices.map((choice) =>
    Object.assign(document.createElement("button"), { className: "choice", value: choice, textContent: choice })
  );
  form.querySelector("legend")!.after(...buttons);
  return form;
}

/** Shows the result, and moves the focus to it. */
function reveal(section: HTMLElement, question: HTMLElement): void {
  section.classList.remove("locked");
  const found = section.querySelector<HTMLElement>(".said") ?? question;
  found.tabIndex = -1;
  found.focus({ preventScroll: true });
}

/** Shows the reader's prediction above the result. */
function tell(question: HTMLElement, prediction: string): void {
  if (!prediction) return;
  const line = document.createElement("p");
  line.className = "predicted";
  line.textContent = "You predicted: ";
  line.append(Object.assign(document.createElement("b"), { textContent: prediction }));
  const found = question.closest("section")!.querySelector(".said");
  if (found) found.before(line);
  else question.after(line);
}

/** Shows the target of a link, predicted or not. */
function showTarget(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target?.closest(".said")) return;
  target.closest("section")!.classList.remove("locked");
  target.scrollIntoView();
}
