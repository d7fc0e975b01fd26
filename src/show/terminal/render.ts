/**
 * Renders events for a terminal.
 *
 * @module
 */
import { claimText } from "../claim.ts";
import type { LessonEvent, Picture } from "../events.ts";
import { epochText } from "../loss_text.ts";
import type { TerminalOptions } from "./capabilities.ts";
import { fold, wrapped } from "./paint.ts";
import { drawTable } from "./table.ts";

/** The text of an event; `undefined` for events that the terminal does not show. */
export async function render(event: LessonEvent, options: TerminalOptions): Promise<string | undefined> {
  if (!isPicture(event)) return textOf(event, options);
  const caption = options.fold ? fold(event.caption, options.columns, "") : event.caption;
  return `\n${await drawing(event, options)}${caption}\n`;
}

/** Whether an event is a picture. */
export function isPicture(event: LessonEvent): event is Picture {
  return "name" in event && "caption" in event;
}

async function drawing(picture: Picture, options: TerminalOptions): Promise<string> {
  if (picture.kind === "images") return (await import("./images.ts")).drawImages(picture, options);
  if (options.columns < 20) return `${wrapped("(A plot needs 20 columns.)", options.columns).join("\n")}\n`;
  switch (picture.kind) {
    case "scatter":
      return (await import("./plots.ts")).drawScatter(picture, options);
    case "lines":
      return (await import("./plots.ts")).drawLines(picture, options);
    case "bars":
      return (await import("./bars.ts")).drawBars(picture, options);
    case "heat":
      return (await import("./heat.ts")).drawHeat(picture, options);
  }
}

/** The text of an event that is not a picture. */
export function textOf(event: Exclude<LessonEvent, Picture>, options: TerminalOptions): string | undefined {
  const paint = (code: number, text: string) => options.colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  const folded = (text: string, indent?: string) => options.fold ? fold(text, options.columns, indent) : text;
  switch (event.kind) {
    case "title":
      return `\n${paint(1, folded(event.text, "  "))}`;
    case "text":
      return folded(event.text);
    case "claim": {
      const mark = event.holds ? paint(32, "✓") : paint(31, "✗");
      return folded(`  ✓ ${claimText(event)}`).replace("✓", () => mark);
    }
    case "progress":
      return event.step.epochEnds ? folded(epochText(event.step)) : undefined;
    case "table":
      return `\n${drawTable(event, options.columns)}${folded(event.caption, "")}\n`;
  }
}
