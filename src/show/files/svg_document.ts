/**
 * A document for the plotting library to draw in outside the main thread of a browser. It implements only what the
 * library uses, so that it adds little to a page's worker.
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

/** An element with its children. Converted to a string, it is SVG. */
export class SvgElement {
  /** The parent element. */
  parentNode: SvgElement | null = null;
  /** The children. */
  childNodes: (SvgElement | SvgText)[] = [];
  readonly namespaceURI = SVG;
  readonly #attributes = new Map<string, string>();

  /** Makes an empty element. */
  constructor(readonly ownerDocument: SvgDocument, readonly tagName: string) {}

  /** The value of an attribute; `null` if there is none. */
  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  /** Sets an attribute. */
  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, String(value));
  }

  /** Sets an attribute of a namespace by its qualified name. */
  setAttributeNS(_namespace: string, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }

  /** Removes an attribute. */
  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  /** Adds a child at the end, and returns it. */
  appendChild<Child extends SvgElement | SvgText>(child: Child): Child {
    return this.insertBefore(child, null);
  }

  /** Adds a child before another one, or at the end, and returns it. */
  insertBefore<Child extends SvgElement | SvgText>(child: Child, next: SvgElement | SvgText | null): Child {
    child.parentNode?.removeChild(child);
    const place = next ? this.childNodes.indexOf(next) : -1;
    this.childNodes.splice(place < 0 ? this.childNodes.length : place, 0, child);
    child.parentNode = this;
    return child;
  }

  /** Removes a child. */
  removeChild(child: SvgElement | SvgText): void {
    this.childNodes = this.childNodes.filter((one) => one !== child);
    child.parentNode = null;
  }

  /** Adds elements or text at the end. */
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

  /** The descendants with a tag name. */
  getElementsByTagName(name: string): SvgElement[] {
    const elements = this.childNodes.filter((child) => child instanceof SvgElement);
    return elements.flatMap((child) => [...child.tagName === name ? [child] : [], ...child.getElementsByTagName(name)]);
  }

  /** The children as SVG. */
  get innerHTML(): string {
    return this.childNodes.join("");
  }

  toString(): string {
    const attributes = Array.from(this.#attributes, ([name, value]) => ` ${name}="${escapeXml(value)}"`).join("");
    const open = `<${this.tagName}${attributes}`;
    return this.childNodes.length ? `${open}>${this.innerHTML}</${this.tagName}>` : `${open} />`;
  }
}

/** A factory of elements. */
export class SvgDocument {
  /** The root element. The library reads its namespace when it creates elements. */
  readonly documentElement: SvgElement = new SvgElement(this, "svg");

  /** Makes an element. In this document, all elements belong to SVG. */
  createElementNS(_namespace: string, name: string): SvgElement {
    return new SvgElement(this, name);
  }

  /** Makes a piece of text. */
  createTextNode(text: string): SvgText {
    return new SvgText(text);
  }
}
