/**
 * Tables in a terminal.
 *
 * @module
 */
import type { Table } from "../events.ts";
import { at } from "../../at.ts";
import { figureText } from "../../wording.ts";
import { wrapped } from "./paint.ts";

/**
 * Draws a table with columns that fit, and numbers aligned to the right. If they cannot fit, it lists the cells of each
 * row.
 */
export function drawTable(table: Table, columns: number): string {
  const cells = [table.columns, ...table.rows.map((row) => row.map(figureText))];
  const right = table.columns.map((_, column) => table.rows.every((row) => typeof row[column] === "number"));
  const widths = table.columns.map((_, column) => Math.max(...cells.map((row) => at(row, column).length)));
  const room = columns - 2 * (widths.length - 1);
  const least = widths.map((width, i) => right[i] ? width : Math.min(width, 10));
  if (least.reduce((a, b) => a + b, 0) > room) return records(table, columns);
  while (widths.reduce((a, b) => a + b, 0) > room) {
    const spare = widths.map((width, i) => width - at(least, i));
    const widest = spare.indexOf(Math.max(...spare));
    widths[widest] = at(widths, widest) - 1;
  }
  const pad = (text: string, i: number) => right[i] ? text.padStart(at(widths, i)) : text.padEnd(at(widths, i));
  const lines = cells.flatMap((row) => {
    const parts = row.map((text, i) => wrapped(text, at(widths, i)));
    const height = Math.max(...parts.map((part) => part.length));
    return Array.from(
      { length: height },
      (_, row) => parts.map((part, i) => pad(part[row] ?? "", i)).join("  ").trimEnd(),
    );
  });
  const heads = Math.max(...table.columns.map((text, i) => wrapped(text, at(widths, i)).length));
  lines.splice(heads, 0, widths.map((width) => "─".repeat(width)).join("  "));
  return `${lines.join("\n")}\n`;
}

/** Writes every row as a list of its cells. */
function records({ columns: names, rows }: Table, columns: number): string {
  return rows.map((row) =>
    row.map((value, i) => `${wrapped(`${names[i]}: ${figureText(value)}`, columns).join("\n")}\n`).join("")
  ).join("\n");
}
