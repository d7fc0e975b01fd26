/**
 * Renders Markdown, maths and code as HTML.
 *
 * @module
 */
import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import { Marked, type Tokens } from "marked";
import temml from "temml";
import { escapeHtml } from "./text.ts";

hljs.registerLanguage("typescript", typescript);

/**
 * Inline maths between two `$`, without spaces next to them, code inside, or a digit after them, so that two prices are
 * not maths.
 */
const INLINE_MATHS = /^\$(?![\s$])([^$`\n]*[^$`\s\\])\$(?!\d)/;

/** Turns `$…$` and `math` fences into MathML. HTML and images stay text. */
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

/** Renders Markdown as HTML. */
export function proseHtml(text: string): string {
  return markdown.parse(text, { async: false });
}

/** Renders one line of Markdown as HTML, such as a heading. */
export function lineHtml(text: string): string {
  return markdown.parseInline(text, { async: false });
}

/** Renders a code cell, with syntax colours if it is TypeScript. */
export function codeHtml(code: string, isTypescript: boolean = true): string {
  const html = isTypescript ? hljs.highlight(code, { language: "typescript" }).value : escapeHtml(code);
  return `<pre class="code wide" tabindex="0"><code>${html}</code></pre>\n`;
}

/** Renders a word of inline code. A word like `--epochs` does not break at its hyphens. */
function wordHtml(word: string): string {
  const html = escapeHtml(word);
  return word.includes("-") && word.length <= 24 ? `<span class="word">${html}</span>` : html;
}

/** Renders a formula as MathML. An invalid formula throws, so that a test finds it. */
function mathML(formula: string, displayMode: boolean): string {
  return temml.renderToString(formula, { displayMode, throwOnError: true });
}
