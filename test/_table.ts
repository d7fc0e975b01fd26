/**
 * The README's tables, so that a test can hold them to what they say.
 *
 * @module
 */

/** The rows of the table with this head, cell by cell, without the backticks; none if there is no such table. */
export function tableRows(markdown: string, head: string[]): string[][] {
  const rows = markdown.split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const start = rows.findIndex((cells) => cells.join("|") === head.join("|"));
  if (start < 0) return [];
  const end = rows.findIndex((cells, i) => i > start && cells.length === 0);
  return rows.slice(start + 2, end < 0 ? undefined : end).map((cells) => cells.map((cell) => cell.replaceAll("`", "")));
}
