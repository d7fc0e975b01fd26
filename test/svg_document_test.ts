/**
 * The small document that plots are drawn in, beside a whole one.
 *
 * @module
 */
/// <reference lib="dom" />
import { assertEquals, assertGreater } from "@std/assert";
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { SvgDocument } from "../src/show/files/svg_document.ts";
import { plotSvg } from "../src/show/files/plot.ts";

/** An element as data: its name, its attributes in alphabetical order, and what is in it, or its text. */
function treeOf(element: Element): unknown[] {
  const attributes = Array.from(element.attributes, ({ name, value }) => [name, value.replace(/clip-\d+/, "clip")]);
  const children = element.children.length ? Array.from(element.children, treeOf) : [element.textContent];
  return [element.tagName, Object.fromEntries(attributes.toSorted()), ...children];
}

const parse = (svg: string) =>
  new DOMParser().parseFromString(svg, "image/svg+xml").documentElement as unknown as Element;

Deno.test("svg document: a plot drawn in it has the same elements, attributes and text as one drawn in a whole document", () => {
  const points = [[0, 1], [1, 3], [2, 2]];
  const values = Array.from({ length: 25 }, (_, i) => Math.sin(i));
  const options = () => ({
    x: { label: 'a < b & "c"' },
    y: { grid: true, tickRotate: 20 },
    color: { type: "log", domain: [1, 10] },
    marks: [
      Plot.contour(values, { width: 5, height: 5, interval: 0.5, x1: 0, y1: 0, x2: 2, y2: 3, clip: true }),
      Plot.areaY(points, { fill: "red", clip: "frame" }),
      Plot.line(points, { strokeDasharray: "2 3", title: () => "a & b", ariaLabel: '"a"' }),
      Plot.dot(points, { r: 3, href: () => "#a" }),
      Plot.image(points, { src: () => "a.png" }),
      Plot.text(points, { text: ([x]) => `two\nlines <${x}>`, rotate: 30 }),
      Plot.barX([1, 2], { tip: false }),
      Plot.frame(),
    ],
  });
  // deno-lint-ignore no-explicit-any -- the library's types are those of a browser's document
  const plot = (document: any) => String(Plot.plot({ ...options(), document } as any));
  const whole = treeOf(parse(plot(new DOMParser().parseFromString("<svg></svg>", "image/svg+xml"))));
  const small = treeOf(parse(plot(new SvgDocument())));
  assertGreater(JSON.stringify(whole).length, 5000);
  assertEquals(small, whole);
});

Deno.test("svg document: what is in it moves, goes and is counted as in any document", () => {
  const document = new SvgDocument();
  const [a, b, c] = ["a", "b", "c"].map((name) => document.createElementNS("", name));
  a.append(b, "text", c);
  a.insertBefore(c, b);
  c.append(document.createTextNode("<&>"));
  b.setAttribute("x", '"1"');
  b.setAttribute("y", 2);
  b.removeAttribute("y");
  assertEquals(String(a), '<a><c>&lt;&amp;&gt;</c><b x="&quot;1&quot;" />text</a>');
  assertEquals([a.textContent, b.getAttribute("x"), b.getAttribute("y")], ["<&>text", '"1"', null]);
  b.appendChild(c);
  assertEquals([a.innerHTML, c.parentNode], ['<b x="&quot;1&quot;"><c>&lt;&amp;&gt;</c></b>text', b]);
  assertEquals(a.getElementsByTagName("c"), [c]);
  a.textContent = "";
  assertEquals(String(a), "<a />");
});

Deno.test("svg document: the same picture is the same file, however many were drawn before", async () => {
  const line = { name: "a", x: [0, 1], y: [0, 9] };
  const picture = () =>
    plotSvg({ kind: "lines", name: "a", caption: "A", series: [line], x: { label: "x" }, y: { label: "y", to: 5 } });
  const first = await picture();
  assertEquals(first.match(/clip-\d/g), ["clip-1", "clip-1"]);
  assertEquals(await picture(), first);
});
