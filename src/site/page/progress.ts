/**
 * Which lessons the reader has read to the end.
 *
 * @module
 */
/// <reference lib="dom" />
import { forget, keep, kept, keptNames } from "./kept.ts";

/** Records that a lesson has been read when its end comes into view. On the contents page, shows which have been. */
export function keepProgress(): void {
  const lesson = document.documentElement.dataset.lesson;
  const end = document.querySelector(".onward");
  if (lesson && end) {
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && keep(`read:${lesson}`, "1"))
      .observe(end);
  }
  const actions = document.querySelector<HTMLElement>(".actions");
  if (actions) showProgress(actions);
}

/** Marks the lessons that have been read, and offers the first one that has not. */
function showProgress(actions: HTMLElement): void {
  const items = Array.from(document.querySelectorAll<HTMLElement>(".lessons > li"));
  const isRead = (item: HTMLElement) => kept(`read:${item.dataset.lesson}`) !== undefined;
  for (const item of items.filter(isRead)) {
    item.querySelector(".facts")!.append(
      Object.assign(document.createElement("span"), { className: "read", textContent: " · ✓ read" }),
    );
  }
  if (keptNames("read:").length + keptNames("prediction:").length === 0) return;
  const next = items.find((item) => !isRead(item));
  const button = actions.querySelector<HTMLAnchorElement>(".button")!;
  if (next && items.some(isRead)) {
    button.href = next.querySelector("a")!.href;
    button.textContent = `Go on with lesson ${next.querySelector(".number")!.textContent}`;
  }
  const reset = Object.assign(document.createElement("button"), {
    type: "button",
    className: "plain",
    textContent: "Forget my progress",
  });
  reset.onclick = () => {
    ["read:", "prediction:"].forEach((prefix) => forget(prefix));
    location.reload();
  };
  actions.append(reset);
}
