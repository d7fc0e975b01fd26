/**
 * Renders a lesson's events as HTML.
 *
 * @module
 */
import type { LessonEvent, Picture, Table } from "../events.ts";
import { at } from "../../at.ts";
import { figureText } from "../../wording.ts";
import { claimText } from "../claim.ts";
import { countOf } from "../sheet.ts";
import { epochText } from "../loss_text.ts";
import { escapeHtml } from "./text.ts";

/** A drawn picture. */
export interface Drawn {
  /** The media type of the file. */
  type: "image/png" | "image/svg+xml";
  /** The bytes of the file. */
  bytes: Uint8Array;
  /** The address of the file; by default, the page embeds it. */
  address?: string;
}

/** Renders an event as HTML; empty for events that a page does not show. */
export function eventHtml(event: LessonEvent, pictures: Map<string, Drawn>): string {
  switch (event.kind) {
    case "text":
      return `<p class="line">${escapeHtml(event.text)}</p>\n`;
    case "claim":
      return claimHtml(event);
    case "progress":
      return event.step.epochEnds ? `<p class="line">${escapeHtml(epochText(event.step))}</p>\n` : "";
    case "table":
      return tableHtml(event);
    case "title":
    case "figure":
    case "fetch":
    case "end":
      return "";
    default:
      return pictureHtml(event, pictures.get(event.name));
  }
}

function claimHtml(claim: LessonEvent & { kind: "claim" }): string {
  const [state, sign] = claim.holds ? ["holds", "✓"] : ["fails", "✗"];
  const figures = claimText(claim).slice(claim.what.length);
  return `<p class="claim ${state}"${
    claim.holds ? "" : ' id="failed"'
  }><span class="sign" role="img" aria-label="${state}">${sign}</span> ` +
    `<b>${escapeHtml(claim.what)}</b>${escapeHtml(figures)}</p>\n`;
}

function tableHtml({ caption, columns, rows }: { caption: string } & Table): string {
  const cell = (value: string | number) =>
    `<td${typeof value === "number" ? ' class="number"' : ""}>${escapeHtml(figureText(value))}</td>`;
  const head = columns.map((name, i) => {
    const numbers = rows.length > 0 && rows.every((row) => typeof row[i] === "number");
    return `<th scope="col"${numbers ? ' class="number"' : ""}>${escapeHtml(name)}</th>`;
  });
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`);
  return `<div class="wide" tabindex="0"><table><caption>${escapeHtml(caption)}</caption>\n` +
    `<thead><tr>${head.join("")}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody></table></div>\n`;
}

/**
 * Renders a picture with its caption, which is hidden for a plot, because a plot includes it. If the picture was not
 * drawn, it renders a description.
 */
function pictureHtml(picture: Picture, drawn?: Drawn): string {
  const alt = escapeHtml(describe(picture));
  const plot = drawn?.type === "image/svg+xml";
  const caption = `<figcaption${plot ? ' class="unseen"' : ""}>${escapeHtml(picture.caption)}</figcaption>`;
  if (!drawn) return `<figure><p class="line">not drawn: ${alt}</p>${caption}</figure>\n`;
  const { width, height } = size(drawn);
  const scale = plot || picture.kind !== "images"
    ? 1
    : Math.max(1, Math.round(3 * picture.columns * picture.width / width));
  const source = drawn.address ?? `data:${drawn.type};base64,${drawn.bytes.toBase64()}`;
  const focus = plot ? ' tabindex="0"' : ""; // a plot may be wider than a phone, and then scrolls by keyboard too
  return `<figure><div class="wide"${focus}><img class="${plot ? "plot" : "pixels"}" width="${scale * width}" ` +
    `height="${scale * height}" alt="${alt}" src="${source}"></div>${caption}</figure>\n`;
}

/** The size of a picture from its header: of a PNG in pixels, of an SVG in CSS pixels. */
function size({ type, bytes }: Drawn): { width: number; height: number } {
  if (type === "image/png") {
    const header = new DataView(bytes.buffer, bytes.byteOffset);
    return { width: header.getUint32(16), height: header.getUint32(20) };
  }
  const root = /<svg[^>]*>/.exec(new TextDecoder().decode(bytes))?.[0] ?? "";
  const [, , width = 640, height = 400] = /viewBox="([^"]*)"/.exec(root)?.[1]?.split(/[\s,]+/).map(Number) ?? [];
  return { width, height };
}

/** Describes a picture for readers who cannot see it. */
function describe(picture: Picture): string {
  switch (picture.kind) {
    case "images": {
      const { height, width, columns, rows } = picture;
      const row = rows ? `; from the top: ${rows.join("; ")}` : "";
      return `${countOf(picture)} images of ${height}×${width} pixels, ${columns} in a row${row}`;
    }
    case "scatter":
      return `${picture.labels.length} points of ${picture.classes.length} classes, ${axes(picture)}`;
    case "lines":
      return `curves of ${picture.series.map(({ name }) => name).join(", ")}, ${axes(picture)}`;
    case "bars":
      return `bars: ${picture.labels.map((label, i) => `${label} ${figureText(at(picture.values, i))}`).join(", ")}`;
    case "heat":
      return `${picture.value.label} as colours, ${axes(picture)}`;
  }
}

function axes({ x, y }: { x: { label: string }; y: { label: string } }): string {
  return `${x.label} across, ${y.label} upwards`;
}
