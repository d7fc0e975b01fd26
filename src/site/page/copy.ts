/**
 * Buttons that copy code.
 *
 * @module
 */
/// <reference lib="dom" />

/** Adds a copy button to every code block. */
export function addCopyButtons(): void {
  for (const code of document.querySelectorAll<HTMLElement>("pre.code")) {
    const cell = document.createElement("div");
    cell.className = "cell";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.onclick = async () => {
      const copied = await navigator.clipboard.writeText(code.textContent ?? "").then(() => true, () => false);
      button.textContent = copied ? "Copied" : "Not allowed";
      setTimeout(() => button.textContent = "Copy", 1500);
    };
    code.replaceWith(cell);
    cell.append(code, button);
  }
}
