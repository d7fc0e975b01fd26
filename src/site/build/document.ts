/**
 * HTML as elements, while the site is built.
 *
 * @module
 */
/// <reference lib="dom" />
import { DOMParser } from "linkedom";

/** The one element that a piece of HTML is. */
export function elementOf(html: string): HTMLElement {
  const { document } = new DOMParser().parseFromString(`<!DOCTYPE html><html><body>${html}</body></html>`, "text/html")
    .defaultView as unknown as { document: Document };
  return document.body.firstElementChild as HTMLElement;
}

/** Classes in place of `style` attributes, which a strict policy forbids. */
export interface StyleClasses {
  /** The same HTML with classes in place of `style` attributes. */
  replace(html: string): string;
  /** The rules of all classes so far. */
  css(): string;
}

/** Assigns one class to each style that occurs. */
export function styleClasses(): StyleClasses {
  const classes = new Map<string, string>();
  const nameOf = (style: string) => {
    if (!classes.has(style)) classes.set(style, `s${classes.size + 1}`);
    return classes.get(style)!;
  };
  const tag = (text: string) => {
    const [, style] = / style="([^"]*)"/.exec(text) ?? [];
    if (style === undefined) return text;
    const bare = text.replace(/ style="[^"]*"/, "");
    if (/ class="/.test(bare)) return bare.replace(/ class="/, ` class="${nameOf(style)} `);
    return bare.replace(/^<[\w-]+/, `$& class="${nameOf(style)}"`);
  };
  return {
    replace: (html) => html.replaceAll(/<[a-z][^>]* style="[^>]*>/g, tag),
    css: () => [...classes].map(([style, name]) => `.${name} { ${style} }\n`).join(""),
  };
}
