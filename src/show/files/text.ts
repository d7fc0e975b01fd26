/**
 * Text in SVG and HTML.
 *
 * @module
 */

/** The largest width of a digit in a generic font of 12 pixels, in pixels. */
export const LETTER = 7.4;

/** A line of text that starts at a position, unless `attributes` sets another anchor. */
export function svgText(x: number, y: number, text: string, attributes = ""): string {
  const anchor = attributes.includes("text-anchor") ? "" : ` text-anchor="start"`;
  return `<text x="${x}" y="${y}"${anchor} ${attributes}>${escapeXml(text)}</text>`;
}

/** Breaks a text between words into lines of a width in pixels, for letters that are about `letter` pixels wide. */
export function wrap(text: string, width: number, letter: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && longer.length * letter <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Escapes text for XML. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** Escapes text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" };
  return text.replaceAll(/[&<>"']/g, (sign) => `&${names[sign]};`);
}
