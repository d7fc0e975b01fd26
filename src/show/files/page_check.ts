import type { LessonEvent } from "../events.ts";
import { codeHtml } from "./page_prose.ts";

/**
 * A lesson's check as HTML: its code, folded away under a line that summarises the results.
 *
 * @param code The check's code.
 * @param said The events of the check's section.
 */
export function checkHtml(code: string, said: LessonEvent[]): string {
  const found = [claimsText(said), countText(said.filter(({ kind }) => PICTURES.has(kind)).length, "picture")];
  const summary = ["How this is checked and drawn", found.filter(Boolean).join("; ")].filter(Boolean).join(": ");
  return `<details class="check"><summary>${summary}</summary>\n${codeHtml(code)}</details>\n`;
}

const PICTURES = new Set<LessonEvent["kind"]>(["images", "scatter", "lines", "bars", "heat"]);

/** Such as `5 claims, all true`; empty if there are no claims. */
function claimsText(said: LessonEvent[]): string {
  const claims = said.flatMap((event) => event.kind === "claim" ? [event.holds] : []);
  const untrue = claims.filter((holds) => !holds).length;
  const verdict = untrue ? `${untrue} false` : claims.length > 1 ? "all true" : "true";
  return claims.length ? `${countText(claims.length, "claim")}, ${verdict}` : "";
}

/** Such as `1 picture` or `2 pictures`; empty if there are none. */
function countText(count: number, what: string): string {
  return count ? `${count} ${what}${count > 1 ? "s" : ""}` : "";
}
