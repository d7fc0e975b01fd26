/**
 * The frame that every page of the site has around its content.
 *
 * @module
 */
import { escapeHtml } from "../../show/files/text.ts";
import type { LessonFile } from "./lesson_files.ts";

/** What a page may load: files of its own origin, WebAssembly, and what a running lesson generates. */
export const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; " +
  "connect-src 'self' blob:; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'";

/** A page without its frame. */
export interface Content {
  /** The title of the window. */
  title: string;
  /** A sentence about the page, for search engines. */
  description: string;
  /** Attributes of the whole page. */
  attributes?: Record<string, string>;
  /** The content of the frame. */
  body: string;
}

/** A whole page; all its links are relative, so that the site works under any path. */
export function framed({ title, description, attributes = {}, body }: Content, lessons: LessonFile[]): string {
  const extra = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeHtml(value)}"`).join("");
  const numbers = lessons.map(({ name, number, question }) => {
    const current = attributes["data-lesson"] === name ? ` aria-current="page"` : "";
    return `<li><a href="${name}.html" title="${escapeHtml(question)}"${current}>${number}</a></li>`;
  });
  return `<!DOCTYPE html>
<html lang="en"${extra}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escapeHtml(description)}">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="style.css">
<script type="module" src="page.js"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<a class="home" href="index.html">VAE, step by step</a>
<nav class="numbers" aria-label="Lessons"><ol>${numbers.join("")}</ol></nav>
<div class="tools"></div>
</header>
${body}
</body>
</html>
`;
}
