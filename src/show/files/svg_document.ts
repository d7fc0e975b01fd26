/**
 * A document that the plotting library draws in where there is no browser's: only what the library asks for, so that it
 * weighs little in a page's worker.
 *
 * @module
 */
import { escapeXml } from "./text.ts";

const SVG = "http://www.w3.org/2000/svg";

/** A piece of text. */
class SvgText {
  parentNode: SvgElement | null = null;
  constructor(readonly data: string) {}
  get textContent(): string {
    return this.data;
  }
  toString(): string {
    return escapeXml(this.data);
  }
}

/** An element with what is in it; as a string, SVG. */
export class SvgElement {
  /** The element that this one is in. */
  parentNode: SvgElement | null = null;
  /** What is in it. */
  childNodes: (SvgElement | SvgText)[] = [];
  readonly namespaceURI = SVG;
  readonly #attributes = new Map<string, string>();

  /** An empty element. */
  constructor(readonly ownerDocument: SvgDocument, readonly tagName: string) {}

  /** The value of an attribute, and null without it. */
  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  /** Sets an attribute. */
  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, String(value));
  }

  /** Sets an attribute of a namespace, by the name that is written. */
  setAttributeNS(_namespace: string, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }

  /** Removes an attribute. */
  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  /** Adds something at its end, and returns it. */
  appendChild<Child extends SvgElement | SvgText>(child: Child): Child {
    return this.insertBefore(child, null);
  }

  /** Adds something before something that is in it, or at its end, and returns it. */
  insertBefore<Child extends SvgElement | SvgText>(child: Child, next: SvgElement | SvgText | null): Child {
    child.parentNode?.removeChild(child);
    const place = next ? this.childNodes.indexOf(next) : -1;
    this.childNodes.splice(place < 0 ? this.childNodes.length : place, 0, child);
    child.parentNode = this;
    return child;
  }

  /** Removes something that is in it. */
  removeChild(child: SvgElement | SvgText): void {
    this.childNodes = this.childNodes.filter((one) => one !== child);
    child.parentNode = null;
  }

  /** Adds elements or text at its end. */
  append(...children: (SvgElement | SvgText | string)[]): void {
    for (const child of children) this.appendChild(typeof child === "string" ? new SvgText(child) : child);
  }

  /** All text in it. */
  get textContent(): string {
    return this.childNodes.map(({ textContent }) => textContent).join("");
  }

  set textContent(text: string) {
    this.childNodes = text === "" ? [] : [new SvgText(String(text))];
  }

  /** The elements below it of a name, itself not included. */
  getElementsByTagName(name: string): SvgElement[] {
    const elements = this.childNodes.filter((child) => child instanceof SvgElement);
    return elements.flatMap((child) => [...child.tagName === name ? [child] : [], ...child.getElementsByTagName(name)]);
  }

  /** What is in it, as SVG. */
  get innerHTML(): string {
    return this.childNodes.join("");
  }

  toString(): string {
    const attributes = Array.from(this.#attributes, ([name, value]) => ` ${name}="${escapeXml(value)}"`).join("");
    const open = `<${this.tagName}${attributes}`;
    return this.childNodes.length ? `${open}>${this.innerHTML}</${this.tagName}>` : `${open} />`;
  }
}

/** Makes elements. */
export class SvgDocument {
  /** The root element, by which new elements know where they belong. */
  readonly documentElement: SvgElement = new SvgElement(this, "svg");

  /** A new element; in this document all are SVG's. */
  createElementNS(_namespace: string, name: string): SvgElement {
    return new SvgElement(this, name);
  }

  /** A new piece of text. */
  createTextNode(text: string): SvgText {
    return new SvgText(text);
  }
}
