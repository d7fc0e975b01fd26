/**
 * The common parts of all SVG plots: the plotting library's output, a heading and a legend above it, and a style that
 * makes the file readable on a light and on a dark page.
 *
 * @module
 */
import { type Key, legendAbove } from "./legend.ts";
import { SvgDocument, type SvgElement } from "./svg_document.ts";
import { escapeXml, LETTER, svgText, wrap } from "./text.ts";

/** Options of the plotting library, which documents them. */
// deno-lint-ignore no-explicit-any -- its types are those of a browser's document
export type PlotOptions = { marks: any[]; x?: AxisOptions; y?: AxisOptions };

/** A scale with its axis. This module draws the labels: that of `x` at its right end, that of `y` above it. */
export type AxisOptions = { label?: string | null; [option: string]: unknown };

/** The plotting library. */
// deno-lint-ignore no-explicit-any -- its types are those of a browser's document
export type Plot = any;

/** A plot to draw. The sizes, in pixels, are those of the frame of the axes and of the margins around it. */
export interface Drawing {
  /** The heading. */
  caption: string;
  /** The entries of the legend; none by default. */
  keys?: Key[];
  /** The width of the frame. */
  width: number;
  /** The height of the frame. */
  height: number;
  /** The margin on the left, for the labels of the ticks; by default, as wide as they are. */
  left?: number;
  /** The margin on the right. */
  right?: number;
  /** The margin below, for the ticks and the label of the axis. */
  bottom?: number;
  /** Options for the plotting library, without sizes. */
  plot: PlotOptions;
  /** Makes more elements, given the upper left corner of the frame. */
  beside?: (left: number, top: number) => string;
}

// `white` is the background, which is also the colour of the halo around text.
const STYLE = `.plot{color:#1b1f24}.plot text{white-space:pre}` +
  `@media (prefers-color-scheme:dark){.plot{color:#e3e6ea}.plot [fill=white]{fill:#15181c}.plot [stroke=white]{stroke:#15181c}}`;

/** Loads the plotting library. It takes 0.2 s, so it is loaded only for plots. */
export async function loadPlot(): Promise<Plot> {
  return await import("@observablehq/plot");
}

/** Draws a self-contained SVG. */
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

/** The number of characters in the longest tick label of the vertical axis. */
function longestNumber(drawn: SvgElement): number {
  const groups = drawn.getElementsByTagName("g");
  const labels = groups.filter((group) => group.getAttribute("aria-label") === "y-axis tick label");
  const texts = labels.flatMap((group) => group.getElementsByTagName("text"));
  return Math.max(0, ...texts.map(({ textContent }) => textContent.length));
}

/**
 * Numbers the clip paths from 1. The library numbers them across all plots of a program, so the same plot would
 * otherwise differ each time.
 */
function numbered(svg: string): string {
  const ids = [...new Set(svg.match(/plot-clip-\d+/g))];
  return svg.replaceAll(/plot-clip-\d+/g, (id) => `clip-${ids.indexOf(id) + 1}`);
}

/** Rounds the numbers in attributes to hundredths. */
function rounded(svg: string): string {
  return svg.replaceAll(
    / (?:d|transform|c?x|c?y|r|x[12]|y[12]|width|height)="[^"]*\.\d{3}[^"]*"/g,
    (attribute) =>
      attribute.replaceAll(/-?\d*\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  );
}
