/**
 * What scripts add to a page of the site, which can be read without them.
 *
 * @module
 */
/// <reference lib="dom" />
import { addCopyButtons } from "./copy.ts";
import { addThemeButton } from "./theme.ts";
import { addSearch } from "./search.ts";
import { addRun } from "./run.ts";
import { keepForOffline } from "./offline.ts";
import { followOutline } from "./outline.ts";
import { askForPredictions } from "./predict.ts";
import { keepProgress } from "./progress.ts";

const tools = document.querySelector<HTMLElement>(".tools");
if (tools) {
  addSearch(tools);
  addThemeButton(tools);
}
addCopyButtons();
addRun();
followOutline();
askForPredictions();
keepProgress();
keepForOffline();
