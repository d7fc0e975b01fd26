/**
 * Markdown, maths and code as HTML.
 *
 * @module
 */
import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import { Marked, type Tokens } from "marked";
import temml from "temml";
import { escapeHtml } from "./text.ts";

hljs.registerLanguage("typescript", typescript);

/** Inline maths: `$` right before and after it, no digit behind (so two prices are none), no code inside. */
const INLINE_MATHS = /^\$(?![\s$])([^$`\n]*[^$`\s\\])\$(?!\d)/;

/** `$…$` and fences of `math` become MathML; HTML and pictures of another address stay text. */
const markdown = new Marked({
  extensions: [{
    name: "maths",
    level: "inline",
    start: (source) => source.indexOf("$"),
    tokenizer(source) {
      const [raw, text] = INLINE_MATHS.exec(source) ?? [];
      if (raw) return { type: "maths", raw, text };
    },
    renderer: ({ text }) => mathML(text, false),
  }],
  renderer: {
    code({ text, lang }: Tokens.Code): string {
      if (lang === "math") return `<div class="maths wide" tabindex="0">${mathML(text, true)}</div>\n`;
      return codeHtml(text, /^(ts|typescript)$/.test(lang ?? ""));
    },
    codespan: ({ text }: Tokens.Codespan) => `<code>${text.split(" ").map(wordHtml).join(" ")}</code>`,
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    image: ({ raw }: Tokens.Image) => escapeHtml(raw),
  },
});

/** Markdown as HTML. */
export function proseHtml(text: string): string {
  return markdown.parse(text, { async: false });
}

/** Markdown of one line as HTML, such as a heading's. */
export function lineHtml(text: string): string {
  return markdown.parseInline(text, { async: false });
}

/** A code cell, in colours if it is TypeScript. */
export function codeHtml(code: string, isTypescript: boolean = true): string {
  const html = isTypescript ? hljs.highlight(code, { language: "typescript" }).value : escapeHtml(code);
  return `<pre class="code wide" tabindex="0"><code>${html}</code></pre>\n`;
}

/** A word of code in a line of prose; one like `--epochs` does not break behind its hyphens. */
function wordHtml(word: string): string {
  const html = escapeHtml(word);
  return word.includes("-") && word.length <= 24 ? `<span class="word">${html}</span>` : html;
}

/** A formula as MathML; one that is wrong throws, for a test to find. */
function mathML(formula: string, displayMode: boolean): string {
  return temml.renderToString(formula, { displayMode, throwOnError: true });
}
