import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes, assertThrows } from "@std/assert";
import { decode, encode } from "fast-png";
import { DOMParser } from "linkedom";
import type { LessonEvent } from "../src/show/events.ts";
import { page } from "../src/show/files/page.ts";
import { weave } from "../src/show/files/weave.ts";
import { chromiumRuns, type Tab, withChromium } from "./_chromium.ts";
import { LESSONS } from "./_lessons.ts";
import { deno, granted, testIf, withTempDir } from "./_run.ts";

const SMALL = {
  name: "09_small",
  question: "How <small>?",
  text: `/**
 * # 9. How \\<small\\>?
 *
 * \`\`\`math
 * \\frac{a}{b} < \\sqrt{2}
 * \`\`\`
 *
 * - **You need**: little.
 *
 * @module
 */
import { one } from "one";
import {
  two,
} from "../mod.ts";
import text from "./09_small.ts" with { type: "text" };

export const defaults = { n: 1 };

// An opening, <script>alert(1)</script>, and ![a picture](https://example.com/a.png).

// ## 9.1 One: $x_1$
//
// Twice $\\mu^2$ and $\\sigma$; for $5-$10, $5 or $10, or \`a$b$\` or \`\${n} is \${n}\`.

/** One & only. */
export function first(): string {
  // not prose
  return "<script>alert(2)</script>"; ${"// long ".repeat(30)}
}

// A word after the code.
//
// \`\`\`ts
// ## not a heading
// \`\`\`
//
// ## 9.2 Two

const second = 2;

// Between.

const third = 3;

// The last word of 9.2.

// ## 9.3 Three
//
// Prose alone.

// ## Try it
//
// 1. Try.

if (import.meta.main) first();
`,
};

const losses = (loss: number) => ({ loss, reconstruction: loss - 1, kl: 1 });
const step = (epoch: number, epochEnds: boolean): LessonEvent => ({
  kind: "progress",
  step: {
    ...{ step: 2 * epoch, steps: 4, epoch, epochs: 2, batch: 8, epochEnds, judged: true, ...losses(99) },
    history: { train: [losses(20), losses(10)].slice(0, epoch), test: [losses(21), losses(11)].slice(0, epoch) },
  },
});
const claim = (what: string, holds = true): LessonEvent => ({
  ...{ kind: "claim", what, relation: "less than ", holds, found: 1.23456789, expected: 2, from: "a <b>guess</b>" },
});
const title = (text: string): LessonEvent => ({ kind: "title", text });
const text = (text: string): LessonEvent => ({ kind: "text", text });
const images: LessonEvent = {
  ...{ kind: "images", name: "grid", caption: "a <script>grid</script>", columns: 2, height: 3, width: 4 },
  ...{ pixels: new Uint8Array(5 * 12), rows: ['"top"', "middle", "bottom"] },
};
const lines: LessonEvent = {
  ...{ kind: "lines", name: "curve", caption: "a curve & more", x: { label: "t" }, y: { label: "f" } },
  series: [{ name: "one", x: [0, 1], y: [1, 0] }],
};
const table: LessonEvent = {
  ...{ kind: "table", caption: "a <b>table</b>", columns: ["name", "n".repeat(90), "wide ".repeat(30)] },
  rows: [["<script>", 1234.5, "a"], ["b", 2, 3]],
};
const SAID: LessonEvent[] = [
  ...[title("How <small>?"), text("before all")],
  ...[
    title("9.1-9.2 Both <i>ways</i>"),
    text("figures:  1\n2"),
    claim("small <enough>"),
    step(1, false),
    step(1, true),
  ],
  ...[title("9.3 Three"), step(2, true), table, { kind: "figure", name: "hidden", value: 7 } as const],
  ...[title("10.1 Elsewhere *here*"), images, lines, text("<script>alert(3)</script>")],
  { kind: "end" },
];

/** Grey, 8 by 9 pixels: what `images` looks like in a file. */
const GRID = encode({ width: 8, height: 9, data: Uint8Array.from({ length: 72 }, (_, i) => 3 * i), channels: 1 });
const CURVE =
  `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="300" viewBox="0 0 900 300"><path d="M0 0L900 300" stroke="red"/></svg>`;
const DRAWN = new Map(
  [
    ["grid", { type: "image/png", bytes: GRID }],
    ["curve", { type: "image/svg+xml", bytes: new TextEncoder().encode(CURVE) }],
  ] as const,
);

const parse = (html: string) => new DOMParser().parseFromString(html, "text/html") as unknown as Document;

// ## Weaving

/** A section's heading, and the first words of its cells. */
const outline = (events: LessonEvent[]) =>
  weave(SMALL, events).map(({ heading, cells }) => [
    heading,
    ...cells.map((cell) => {
      if (cell.kind === "said") return `said: ${cell.title}: ${cell.events.map((event) => event.kind)}`;
      return `${cell.kind}: ${cell.text.split("\n")[0].slice(0, 30)}`;
    }),
  ]);

Deno.test("weave: prose, imports and code in order, and what was said behind its section's code", () => {
  assertEquals(outline(SAID), [
    [
      ...["", "prose: # 9. How \\<small\\>?", 'imports: import { one } from "one";'],
      ...["code: export const defaults = { n: 1", "prose: An opening, <script>alert(1)</", "said: : text"],
    ],
    [
      "9.1 One: $x_1$",
      "prose: Twice $\\mu^2$ and $\\sigma$; fo",
      "code: /** One & only. */",
      "prose: A word after the code.",
    ],
    [
      ...["9.2 Two", "code: const second = 2;", "prose: Between.", "code: const third = 3;"],
      ...["said: 9.1-9.2 Both <i>ways</i>: text,claim,progress,progress", "prose: The last word of 9.2."],
    ],
    ["9.3 Three", "prose: Prose alone.", "said: : progress,table,figure"],
    ["Try it", "prose: 1. Try.", "code: if (import.meta.main) first();"],
    ["10\\.1 Elsewhere \\*here\\*", "said: : images,lines,text,end"],
  ]);
});

Deno.test("weave: one section twice, a lesson's title later on, and no title at all", () => {
  const said = (events: LessonEvent[]) => outline(events).flat().filter((text) => text.startsWith("said"));
  assertEquals(said([title("9.1 a"), text("1"), title("9.1 b"), claim("2")]), [
    "said: 9.1 a: text",
    "said: 9.1 b: claim",
  ]);
  assertEquals(said([text("1"), claim("2")]), ["said: : text,claim"]);
  assertEquals(said([title("9.1"), title("How <small>?"), text("1")]), ["said: 9.1: ", "said: : text"]);
  assertEquals(said([title("How <small>?"), { kind: "end" }]), []);
});

/** A lesson with checks: two in a row, one behind an idea, and one of what was said in no section of its own. */
const CHECKED = {
  name: "09_checked",
  question: "Why?",
  text: `// ## 9.1 One
const idea = 1;

// ### Check
const expected = [
  1,
];
function check() {
  if (idea) {
    claim();
  }
}

// ### Check
function other() {
}

const next = 2;

// ## 9.2 Two

// ### Check
function last() {
  // ### Check
}
// Prose again.
`,
};

Deno.test("weave: a check goes to the brace at the left margin, and checks in a row are one", () => {
  assertEquals(weave(CHECKED, [title("9.1 a"), claim("b")]).map(({ cells }) => cells), [
    [],
    [
      { kind: "code", text: "const idea = 1;" },
      {
        kind: "check",
        text:
          "const expected = [\n  1,\n];\nfunction check() {\n  if (idea) {\n    claim();\n  }\n}\n\nfunction other() {\n}",
      },
      { kind: "code", text: "const next = 2;" },
      { kind: "said", title: "9.1 a", events: [claim("b")] },
    ],
    [{ kind: "check", text: "function last() {\n  // ### Check\n}" }, { kind: "prose", text: "Prose again." }],
  ]);
});

Deno.test("weave: 9.4 is not 9.40", () => {
  const sections = weave({ question: "q", text: "// ## 9.40 Forty" }, [title("9.4 Four")]);
  assertEquals(sections.map(({ heading, cells }) => [heading, cells.length]), [["", 0], ["9.40 Forty", 0], [
    "9\\.4 Four",
    1,
  ]]);
});

Deno.test("weave: a text without header, imports or sections is a text still", () => {
  assertEquals(weave({ question: "q", text: "const a = 1;\n" }, []), [
    { heading: "", cells: [{ kind: "code", text: "const a = 1;" }] },
  ]);
  assertStringIncludes(
    page({ name: "n", question: "Why <not>?", text: "" }, [], new Map()),
    "<h1>Why &lt;not&gt;?</h1>",
  );
});

// ## The page

Deno.test("page: everything said is there, in order and escaped, and nothing else runs", () => {
  const html = page(SMALL, SAID, DRAWN);
  const document = parse(html);
  assertEquals(document.querySelectorAll("script, iframe, link, object").length, 0);
  assertEquals(document.querySelector("h1")!.textContent, "9. How <small>?");
  assertStringIncludes(html, "<title>How &lt;small&gt;? · VAE, step by step</title>");
  assertEquals(document.documentElement.lang, "en");
  const policy = document.querySelector("meta[http-equiv=Content-Security-Policy]")!.getAttribute("content");
  assertEquals(policy, "default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  const said = Array.from(document.querySelectorAll(".said > *"), (e) => [e.localName, e.textContent!.trim()]);
  assertEquals(said.map(([name, text]) => name === "div" ? [name] : [name, text]), [
    ["p", "before all"],
    ["h3", "9.1-9.2 Both <i>ways</i>"],
    ["p", "figures:  1\n2"],
    ["p", "✓ small <enough>: 1.2346, expected less than 2 (a <b>guess</b>)"],
    ["p", "epoch 1: loss 20.00 = 19.00 + KL 1.00; held-out 21.00 = 20.00 + KL 1.00"],
    ["p", "epoch 2: loss 10.00 = 9.00 + KL 1.00; held-out 11.00 = 10.00 + KL 1.00"],
    ["div"],
    ["figure", "a <script>grid</script>"],
    ["figure", "a curve & more"],
    ["p", "<script>alert(3)</script>"],
  ]);
  assertStringIncludes(
    document.querySelector("main")!.textContent!,
    "An opening, <script>alert(1)</script>, and ![a picture]",
  );
});

Deno.test("page: a table has its head, its rows, and figures to the right", () => {
  assertStringIncludes(page(SMALL, SAID, DRAWN), "<caption>a &lt;b&gt;table&lt;/b&gt;</caption>");
  const cells = Array.from(
    parse(page(SMALL, SAID, DRAWN)).querySelectorAll("table tr"),
    (row) => Array.from(row.children, (cell) => `${cell.localName} ${cell.className} ${cell.textContent}`.trim()),
  );
  const [name, long, wide] = ["name", "n".repeat(90), "wide ".repeat(30).trim()];
  assertEquals(cells, [
    [`th  ${name}`, `th number ${long}`, `th  ${wide}`],
    ["td  <script>", "td number 1,234.5", "td  a"],
    ["td  b", "td number 2", "td number 3"],
  ]);
});

Deno.test("page: a picture holds its file, three pixels for one, and says what is to be seen", () => {
  const [grid, curve] = parse(page(SMALL, SAID, DRAWN)).querySelectorAll("img");
  assertEquals([grid.getAttribute("width"), grid.getAttribute("height")], ["24", "27"]);
  assertEquals([curve.getAttribute("width"), curve.getAttribute("height")], ["900", "300"]);
  assertEquals(grid.alt, '5 images of 3×4 pixels, 2 in a row; from the top: "top"; middle; bottom');
  assertEquals(curve.alt, "curves of one, t across, f upwards");
  const bytes = Uint8Array.fromBase64(grid.getAttribute("src")!.replace("data:image/png;base64,", ""));
  assertEquals(decode(bytes).data, decode(GRID).data);
  assertEquals(atob(curve.getAttribute("src")!.replace("data:image/svg+xml;base64,", "")), CURVE);
});

Deno.test("page: a picture that was never drawn is named all the same", () => {
  const figures = Array.from(parse(page(SMALL, SAID, new Map())).querySelectorAll("figure"), (f) => f.textContent);
  assertEquals(figures[1], "not drawn: curves of one, t across, f upwardsa curve & more");
});

Deno.test("page: it says at the top if a claim is false, and ends in that claim", () => {
  const document = parse(page(SMALL, [title("9.1 a"), claim("good"), claim("bad", false), { kind: "end" }], new Map()));
  assertEquals(document.querySelector(".notice a")!.getAttribute("href"), "#failed");
  const failed = document.querySelector("#failed")!;
  assertEquals(failed.textContent, "✗ bad: 1.2346, expected less than 2 (a <b>guess</b>)");
  assert(Array.from(document.querySelectorAll(".claim")).at(-1) === failed);
  assertEquals(parse(page(SMALL, SAID, DRAWN)).querySelectorAll(".notice").length, 0);
});

Deno.test("page: a check is folded away under what came of it; claims and pictures are not", () => {
  const folds = (...events: LessonEvent[]) => {
    const document = parse(page(CHECKED, [title("9.1 One"), ...events, title("9.2 Two"), text("done")], DRAWN));
    const checks = Array.from(document.querySelectorAll("details.check"));
    assert(checks.every((check) => !check.hasAttribute("open") && check.querySelector("pre.code")));
    assertEquals(document.querySelectorAll("details .claim, details figure, details .line").length, 0);
    assertEquals(document.querySelectorAll(".claim, figure").length, events.length);
    return checks.map((check) =>
      check.querySelector("summary")!.textContent!.replace("How this is checked and drawn", "")
    );
  };
  assertEquals(folds(), ["", ""]);
  assertEquals(folds(claim("a")), [": 1 claim, true", ""]);
  assertEquals(folds(claim("a"), claim("b"), images), [": 2 claims, all true; 1 picture", ""]);
  assertEquals(folds(claim("a"), claim("b", false), images, lines), [": 2 claims, 1 false; 2 pictures", ""]);
  assertEquals(folds(lines), [": 1 picture", ""]);
});

Deno.test("page: every link of the contents has its section", () => {
  const document = parse(page(SMALL, SAID, DRAWN));
  const links = Array.from(document.querySelectorAll("nav a"), (a) => a.getAttribute("href")!.slice(1));
  assertEquals(links, ["9-1-one-x-1", "9-2-two", "9-3-three", "try-it", "10-1-elsewhere-here"]);
  assertEquals(Array.from(document.querySelectorAll("h2"), (h2) => h2.id), links);
});

Deno.test("page: a flag in a line of prose does not break behind its hyphens, and code is text", () => {
  const text = "/** # 1. Q? */\n// Try `run --epochs 3 a.ts`, or `a < b && <i>`.";
  const document = parse(page({ name: "n", question: "Q?", text }, [], new Map()));
  const codes = Array.from(document.querySelectorAll("section code"), (code) => code.innerHTML);
  assertEquals(codes, ['run <span class="word">--epochs</span> 3 a.ts', "a &lt; b &amp;&amp; &lt;i&gt;"]);
});

// ## Maths

Deno.test("page: $…$ is maths, a price or a piece of code is not", () => {
  const document = parse(page(SMALL, [], new Map()));
  const maths = Array.from(document.querySelectorAll("main :not(nav *) > math, main math"), (math) => math.textContent);
  assertEquals([...new Set(maths)], ["ab<2", "x1", "μ2", "σ"]);
  const prose = document.querySelectorAll("section")[1].querySelector("p")!;
  assertStringIncludes(prose.textContent!, "; for $5-$10, $5 or $10, or a$b$ or ${n} is ${n}.");
  assertEquals(document.querySelector("header math")!.getAttribute("display"), "block");
});

Deno.test("page: a formula that is none is an error", () => {
  for (const text of ["// $\\fracc12$", "// ```math\n// \\left( x\n// ```"]) {
    assertThrows(() => page({ name: "n", question: "q", text }, [], new Map()), Error);
  }
});

for (const { name, source } of LESSONS) {
  const question = source.split("\n")[1].replace(/^ \* # \d+\. /, "");
  const html = () => page({ name, question, text: source }, [], new Map());
  /** The lesson's prose, line by line, and its code, told apart in another way than the page does. */
  const [before, after] = source.split(" * @module\n */\n");
  const isProse = (line: string) => /^\/\/(?: |$)/.test(line);
  const prose = [...before.split("\n").slice(1), ...after.split("\n").filter(isProse)]
    .map((line) => line.replace(/^(?:\/\/| \*) ?/, "")).join("\n");
  /** Drawings, and code that is only shown, stand in fences of their own and are shown letter by letter, as code is. */
  const drawings = /^\/\/ ```(?:text|ts)\n([^]*?)^\/\/ ```$/gm;
  const code = after.replaceAll(drawings, (_, drawn: string) => drawn.replaceAll(/^\/\/ /gm, "")).split("\n")
    .filter((line) => !isProse(line) && line.trim());
  const checks = source.split("\n").filter((line) => line === "// ### Check").length;

  Deno.test(`lesson ${name}: every formula becomes MathML`, () => {
    const displayed = prose.split("```math").length - 1;
    const rest = prose.replaceAll(/```[^]*?```/g, "").replaceAll(/`[^`]*`/g, "");
    const inline = (rest.match(/(?<!\\)\$/g)?.length ?? 0) / 2;
    assertGreater(displayed, 0);
    const document = parse(html());
    assertEquals(document.querySelectorAll("math[display=block]").length, displayed);
    const headings = document.querySelectorAll("nav math").length; // which stand in the contents as well
    assertEquals(document.querySelectorAll("math").length - headings, displayed + inline);
  });

  Deno.test(`lesson ${name}: its page has every word and every line of code`, () => {
    const document = parse(html());
    const lines = Array.from(document.querySelectorAll("pre.code"), (pre) => pre.textContent!.split("\n")).flat();
    assertEquals(lines.filter((line) => line.trim()), code);
    const folds = document.querySelectorAll("details.check").length;
    assert(folds > 0 && folds <= checks, "its checks are folded away, those in a row together");
    for (const gone of document.querySelectorAll("pre.code, math, nav, style, .course, footer, summary")) gone.remove();
    const words = (text: string) => text.split(/\s+/).filter((word) => /[\p{Letter}\p{Number}]/u.test(word));
    const wanted = prose.replaceAll(/^### Check$/gm, "").replaceAll(/```(?:math|text|ts)[^]*?```/g, "").replaceAll(
      /\$[^$`]*\$/g,
      "",
    ).replaceAll(
      /[*`#]|^\d\. /gm,
      "",
    );
    assertEquals(
      words(document.querySelector("main")!.textContent!).map(bare),
      words(wanted).map(bare),
    );
  });
}

/** A word without the signs that Markdown may take for its own. */
const bare = (word: string) => word.replaceAll(/[*`]/g, "");

// ## In a browser

/** What every page must be, however it is looked at. */
async function assertReadable(tab: Tab, width: number): Promise<void> {
  assertEquals(tab.errors, []);
  assertEquals(tab.requests.filter((url) => !/^(file|data):/.test(url)), []);
  assertEquals(await tab.evaluate("innerWidth"), width);
  assertEquals(await tab.evaluate("document.documentElement.scrollWidth"), width, "the page scrolls sideways");
  const flat = "Array.from(document.querySelectorAll('math')).filter((m) => { const { width, height } = " +
    "m.getBoundingClientRect(); return !(width > 4 && height > 4); }).map((m) => m.outerHTML)";
  assertEquals(await tab.evaluate(flat), []);
  assertEquals(
    await tab.evaluate("Array.from(document.images).filter((i) => !i.complete || !i.naturalWidth).length"),
    0,
  );
}

const testBrowser = testIf.bind(
  undefined,
  await chromiumRuns(),
  "Chromium and --allow-read --allow-write --allow-run --allow-net=127.0.0.1",
);

testBrowser(
  "page, in Chromium: wide and narrow, light and dark, from disk and alone",
  () =>
    withTempDir((directory) =>
      withChromium(async (open) => {
        await Deno.writeTextFile(`${directory}/index.html`, page(SMALL, SAID, DRAWN));
        const grounds: number[] = [];
        for (const view of [{ width: 1200 }, { width: 390 }, { width: 1500, dark: true }]) {
          const tab = await open(`file://${directory}/index.html`, view);
          await assertReadable(tab, view.width);
          assertEquals(tab.requests.length, 3); // the page and its two pictures
          assertEquals(await tab.evaluate("Array.from(document.images, (i) => i.naturalWidth)"), [8, 900]);
          const [grid, curve] = await tab.evaluate<number[]>("Array.from(document.images, (i) => i.width)");
          assertEquals(grid, 24);
          assertEquals(curve <= view.width, true);
          const picture = decode(await tab.screenshot());
          assertEquals(picture.width, view.width);
          assertGreater(picture.height, 900);
          grounds.push(picture.data[0]);
          const colours = new Set(new Uint32Array(picture.data.slice(0, 4 * 256 * view.width).buffer));
          assertGreater(colours.size, 16); // letters, not an empty ground
        }
        assertGreater(grounds[0], 240);
        assertLess(grounds[2], 40);
      })
    ),
);

testBrowser(
  "page, in Chromium: every lesson's formulas have a size, and code scrolls within itself",
  () =>
    withTempDir((directory) =>
      withChromium(async (open) => {
        for (const { name, source: text } of LESSONS) {
          await Deno.writeTextFile(`${directory}/${name}.html`, page({ name, question: name, text }, [], new Map()));
          const tab = await open(`file://${directory}/${name}.html`, { width: 390 });
          await assertReadable(tab, 390);
          const wide =
            "Array.from(document.querySelectorAll('pre')).filter((pre) => pre.scrollWidth > pre.clientWidth).length";
          assert(await tab.evaluate<number>(wide) > 0);
        }
      })
    ),
);

testIf(
  await chromiumRuns() && await granted({ name: "run" }),
  "Chromium and --allow-read --allow-write --allow-run --allow-net=127.0.0.1",
  "the page that a lesson writes, in Chromium: its own pictures, real MathML, and nothing from elsewhere",
  () =>
    withTempDir(async (directory) => {
      const out = `${directory}/out`;
      const flags = [
        "run",
        "--no-prompt",
        `--allow-write=${out}`,
        "lessons/04_kl.ts",
        "--samples",
        "1000",
        "--out",
        out,
      ];
      const { code, err } = await deno(flags);
      assertEquals([code, err], [0, ""]);
      const names = await Array.fromAsync(Deno.readDir(out), ({ name }) => name);
      const pictures = names.filter((name) => name !== "index.html");
      assertGreater(pictures.length, 1);
      await withChromium(async (open) => {
        const tab = await open(`file://${out}/index.html`, { width: 1200 });
        await assertReadable(tab, 1200);
        assertEquals(tab.requests.length, 1 + pictures.length, "the page, and its pictures as data");
        assertEquals(await tab.evaluate("document.images.length"), pictures.length);
        const kinds =
          "Array.from(new Set(Array.from(document.querySelectorAll('math, math *'), (m) => m.namespaceURI)))";
        assertEquals(await tab.evaluate(kinds), ["http://www.w3.org/1998/Math/MathML"]);
        assertGreater(await tab.evaluate<number>("document.querySelectorAll('.claim.holds').length"), 5);
        // Checks are folded away: what they claimed and drew is seen all the same, and they unfold.
        const seen = (what: string) =>
          tab.evaluate<number>(
            `Array.from(document.querySelectorAll("${what}")).filter((e) => e.checkVisibility()).length`,
          );
        const all = await tab.evaluate<number[]>(
          "['.claim', 'img', '.check', '.check pre'].map((what) => document.querySelectorAll(what).length)",
        );
        const folded = await Promise.all([".claim", "img", ".check summary", ".check pre"].map(seen));
        assertEquals(folded, [...all.slice(0, 3), 0]);
        const height = "document.documentElement.scrollHeight";
        const before = await tab.evaluate<number>(height);
        await tab.evaluate("document.querySelectorAll('.check > summary').forEach((summary) => summary.click())");
        assertEquals(await seen(".check pre"), all[3]);
        assertGreater(await tab.evaluate<number>(height), before);
        // A picture's file, opened by itself, is well-formed and draws.
        for (const name of pictures.filter((name) => name.endsWith(".svg"))) {
          const { errors, evaluate } = await open(`file://${out}/${name}`, { width: 1200 });
          assertEquals([errors, await evaluate("document.documentElement.localName")], [[], "svg"]);
        }
      });
    }),
);
