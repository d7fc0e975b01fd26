/**
 * Legends in an SVG.
 *
 * @module
 */
import { svgText } from "./text.ts";

/** An entry of a legend. */
export interface Key {
  /** Its name. */
  name: string;
  /** Any CSS colour. */
  colour: string;
  /** How it is drawn. */
  as: "line" | "dots" | "steps";
  /** The dashes and gaps of a line. */
  dash?: string | undefined;
}

/** Draws a legend in rows, the first at height `top`. */
export function legendAbove(keys: Key[], width: number, top: number): { svg: string; rows: number } {
  let [x, row] = [16, 0];
  const parts = keys.map(({ name, colour, as, dash }) => {
    const mark = as === "dots" ? 10 : 24;
    const room = mark + 6 + 7 * name.length + 16;
    if (x > 16 && x + room > width) [x, row] = [16, row + 1];
    const [from, y] = [x, top + 20 * row];
    x += room;
    const shape = as === "dots"
      ? `<circle cx="${from + 5}" cy="${y}" r="5" fill="${colour}"/>`
      : as === "steps"
      ? `<rect x="${from}" y="${
        y - 5
      }" width="${mark}" height="10" fill="${colour}" fill-opacity="0.2" stroke="${colour}" ` +
        `stroke-width="1.5"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`
      : `<path d="M${from} ${y}h${mark}" stroke="${colour}" stroke-width="2"${
        dash ? ` stroke-dasharray="${dash}"` : ""
      }/>`;
    return shape + svgText(from + mark + 6, y + 4, name);
  });
  return { svg: `<g aria-label="legend">${parts.join("")}</g>`, rows: keys.length ? row + 1 : 0 };
}
