/**
 * Predict first: where a lesson asks for a prediction, what it found stays hidden until the reader has made one.
 *
 * @module
 */
/// <reference lib="dom" />
import { keep, kept } from "./kept.ts";

/** Hides the results that the reader of this page is asked to predict. */
export function askForPredictions(): void {
  const lesson = document.documentElement.dataset.lesson;
  const asking = Array.from(document.querySelectorAll<HTMLElement>("section > p"), (question) => question)
    .filter(({ firstElementChild: first, textContent }) =>
      first?.matches("em, strong") && /^Predict, then run/.test(textContent ?? "")
    );
  asking.forEach((question, i) => ask(question, `prediction:${lesson}:${i + 1}`));
  addEventListener("hashchange", showTarget);
  showTarget();
}

/** Asks for one prediction, unless it has been made. */
function ask(question: HTMLElement, name: string): void {
  const section = question.closest("section")!;
  if (!section.querySelector(".said")) return;
  const made = kept(name);
  if (made !== undefined) return tell(question, made);
  const form = document.createElement("form");
  form.className = "predict";
  form.innerHTML = `<label>Your prediction <input name="prediction" autocomplete="off" required maxlength="200"></label>
<button>Predict</button> <button type="button" class="plain">Show me without</button>
<p>What the lesson found is hidden until then. Nothing is sent anywhere.</p>`;
  const answer = (prediction: string) => {
    keep(name, prediction);
    form.remove();
    tell(question, prediction);
    if (!section.querySelector(".predict")) reveal(section);
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    answer(form.querySelector("input")!.value.trim());
  };
  form.querySelector<HTMLButtonElement>(".plain")!.onclick = () => answer("");
  question.after(form);
  section.classList.add("locked");
}

/** Shows what was found, and takes the reader there. */
function reveal(section: HTMLElement): void {
  section.classList.remove("locked");
  const said = section.querySelector<HTMLElement>(".said")!;
  said.tabIndex = -1;
  said.focus({ preventScroll: true });
}

/** Says what the reader predicted, above what was found. */
function tell(question: HTMLElement, prediction: string): void {
  if (!prediction) return;
  const line = document.createElement("p");
  line.className = "predicted";
  line.textContent = "You predicted: ";
  line.append(Object.assign(document.createElement("b"), { textContent: prediction }));
  question.closest("section")!.querySelector(".said")!.before(line);
}

/** Shows what a link points at, predicted or not. */
function showTarget(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target?.closest(".said")) return;
  target.closest("section")!.classList.remove("locked");
  target.scrollIntoView();
}
