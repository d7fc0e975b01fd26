/**
 * What every plot as a file has: the plotting library's part, a heading and a legend above it, and the style that makes one
 * file readable on a light and on a dark page.
 *
 * @module
 */
import { type Key, legendAbove } from "./legend.ts";
import { SvgDocument, type SvgElement } from "./svg_document.ts";
import { escapeXml, LETTER, svgText, wrap } from "./text.ts";

/** What the library is told; its own documentation has the rest. */
// deno-lint-ignore no-explicit-any -- its types are those of a browser's document
export type PlotOptions = { marks: any[]; x?: AxisOptions; y?: AxisOptions };

/** A scale with its axis. The label is drawn here: that of `x` at its right end, that of `y` above it. */
export type AxisOptions = { label?: string | null; [option: string]: unknown };

/** The plotting library. */
// deno-lint-ignore no-explicit-any -- its types are those of a browser's document
export type Plot = any;

/** A plot to be framed. The measures are those of the axes' frame and of the room around it, in pixels. */
export interface Drawing {
  /** The heading. */
  caption: string;
  /** The legend, none if empty. */
  keys?: Key[];
  /** Width of the frame. */
  width: number;
  /** Height of the frame. */
  height: number;
  /** Room to the left, for the numbers of the axis; by default as much as they take. */
  left?: number;
  /** Room to the right. */
  right?: number;
  /** Room below, for ticks and the label of the axis. */
  bottom?: number;
  /** What the library draws, without the measures. */
  plot: PlotOptions;
  /** More elements, from where the frame has its upper left corner. */
  beside?: (left: number, top: number) => string;
}

// `white` is the ground, also where a text has a halo of it.
const STYLE = `.plot{color:#1b1f24}.plot text{white-space:pre}` +
  `@media (prefers-color-scheme:dark){.plot{color:#e3e6ea}.plot [fill=white]{fill:#15181c}.plot [stroke=white]{stroke:#15181c}}`;

/** The library; 0.2 s, only for those who want plots as files. */
export async function loadPlot(): Promise<Plot> {
  return await import("@observablehq/plot");
}

/** An SVG that stands alone. */
export async function drawSvg(drawing: Drawing): Promise<string> {
  const { caption, keys = [], width, height, left = 56, right = 24, bottom = 44, plot } = drawing;
  const Plot = await loadPlot();
  const across = left + width + right;
  const heading = wrap(caption, across - 32, 9.5).map((line, i) =>
    svgText(16, 26 + 20 * i, line, `font-size="15" font-weight="600"`)
  );
  const { svg: legend, rows } = legendAbove(keys, across - 16, 30 + 20 * heading.length);
  const top = 20 * (heading.length + rows) + (plot.y?.label ? 48 : 28);
  const down = top + height + bottom;
  const margins = { marginLeft: left, marginRight: right, marginTop: top, marginBottom: bottom };
  const [x, y] = [plot.x, plot.y].map((axis) => ({ ...axis, label: null }));
  const options = { ...margins, ...plot, x, y, width: across, height: down, document: new SvgDocument() };
  const drawn: SvgElement = Plot.plot(options);
  const room = 14 + LETTER * longestNumber(drawn);
  if (drawing.left === undefined && room > left) return await drawSvg({ ...drawing, left: room });
  drawn.getElementsByTagName("style").forEach((style) => drawn.removeChild(style));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" width="${across}" height="${down}" ` +
    `viewBox="0 0 ${across} ${down}" fill="currentColor" font-family="sans-serif" font-size="12" text-anchor="middle">`,
    `<title>${escapeXml(caption)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect width="${across}" height="${down}" fill="white"/>`,
    ...heading,
    legend,
    rounded(numbered(drawn.innerHTML)),
    plot.y?.label ? svgText(16, top - 14, `↑ ${plot.y.label}`) : "",
    plot.x?.label
      ? svgText(left + width, down - 10, `${plot.x.label}${plot.x.type === "band" ? "" : " →"}`, `text-anchor="end"`)
      : "",
    drawing.beside?.(left, top) ?? "",
    "</svg>\n",
  ].join("\n");
}

/** How many letters the longest number beside the frame has. */
function longestNumber(drawn: SvgElement): number {
  const groups = drawn.getElementsByTagName("g");
  const labels = groups.filter((group) => group.getAttribute("aria-label") === "y-axis tick label");
  const texts = labels.flatMap((group) => group.getElementsByTagName("text"));
  return Math.max(0, ...texts.map(({ textContent }) => textContent.length));
}

/** The same elements with their clips numbered from 1: the library counts through all plots, and a plot would differ each time. */
function numbered(svg: string): string {
  const ids = [...new Set(svg.match(/plot-clip-\d+/g))];
  return svg.replaceAll(/plot-clip-\d+/g, (id) => `clip-${ids.indexOf(id) + 1}`);
}

/** The same elements with the numbers in their attributes rounded to hundredths. */
function rounded(svg: string): string {
  return svg.replaceAll(
    / (?:d|transform|c?x|c?y|r|x[12]|y[12]|width|height)="[^"]*\.\d{3}[^"]*"/g,
    (attribute) =>
      attribute.replaceAll(/-?\d*\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  );
}
