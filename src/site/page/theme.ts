/**
 * The choice between light and dark.
 *
 * @module
 */
/// <reference lib="dom" />
import { keep, kept } from "./kept.ts";

/** Adds a button that switches between light and dark. Until it is used, the page follows the system's setting. */
export function addThemeButton(tools: HTMLElement): void {
  const root = document.documentElement;
  const chosen = kept("theme");
  if (chosen) root.dataset.theme = chosen;
  const button = document.createElement("button");
  button.type = "button";
  const isDark = () =>
    (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const label = () => button.textContent = isDark() ? "Light" : "Dark";
  button.onclick = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep("theme", root.dataset.theme);
    label();
  };
  label();
  tools.append(button);
}
