/**
 * The course as a site: its pages as files, and in a real browser.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import axe from "axe-core/axe.min.js" with { type: "text" };
import { decode } from "fast-png";
import { DOMParser } from "linkedom";
import answersFile from "../lessons/answers.md" with { type: "text" };
import lessonsReadme from "../lessons/README.md" with { type: "text" };
import { useBackend } from "../src/backend.ts";
import { claimText } from "../src/show/claim.ts";
import { type LessonEvent, recorder } from "../src/show/events.ts";
import { showOn } from "../src/show/show.ts";
import { answersTo } from "../src/site/build/answers.ts";
import { bundleLessons } from "../src/site/build/bundle.ts";
import { elementOf, styleClasses } from "../src/site/build/document.ts";
import { markTerms, symbolsIn, termsIn } from "../src/site/build/glossary.ts";
import { lessonFiles } from "../src/site/build/lesson_files.ts";
import { recordingOf } from "../src/site/build/recordings.ts";
import { filesOf } from "../src/site/build/serve_files.ts";
import { writeSite } from "../src/site/build/write_site.ts";
import { choicesOf } from "../src/site/page/choices.ts";
import type { Answer } from "../src/site/worker/messages.ts";
import { chromiumRuns, type Tab, withChromium } from "./_chromium.ts";
import { deno, granted, testIf, withTempDir } from "./_run.ts";

const reads = await granted({ name: "read" });
const builds = await granted({ name: "run" }) && reads && await granted({ name: "write" });
const testSite = testIf.bind(undefined, builds, "--allow-read --allow-write --allow-run");
const testBrowser = testIf.bind(
  undefined,
  builds && await chromiumRuns(),
  "Chromium and --allow-read --allow-write --allow-run --allow-net=127.0.0.1",
);

/** Two lessons that are short and ask for no data. */
const CHOSEN = ["3", "4"];
const PAGES = ["index.html", "03_reparameterization.html", "04_kl.html", "symbols.html"];

/** Builds the site once for all tests that look at it. */
let built: Promise<string> | undefined;
function site(): Promise<string> {
  return built ??= (async () => {
    const directory = await Deno.makeTempDir();
    addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
    await writeSite({ out: directory, chosen: CHOSEN, say: () => {} });
    return directory;
  })();
}

const parse = (html: string) => new DOMParser().parseFromString(html, "text/html") as unknown as Document;
const pageOf = async (name: string) => parse(await Deno.readTextFile(`${await site()}/${name}`));

// ## The build

Deno.test("styles: attributes become classes, the same for the same style", () => {
  const { replace, css } = styleClasses();
  assertEquals(
    replace('<a style="x:1;" href="b">c</a> <i class="d" style="x:1;"></i> <b style="y:2"></b> style="z"'),
    '<a class="s1" href="b">c</a> <i class="s1 d"></i> <b class="s2"></b> style="z"',
  );
  assertEquals(css(), ".s1 { x:1; }\n.s2 { y:2 }\n");
});

Deno.test("answers: one for each experiment, the lines to fill in, and the rest", () => {
  const { experiments, lines, rest } = answersTo("04_kl", answersFile);
  assertEquals(experiments.length, 3);
  assert(experiments[0].startsWith("From 0.0074 to 0.0023"));
  assert(lines.includes("✎ 4.2a") && lines.includes("✎ 4.6a"));
  assert(rest.startsWith("The predictions:"));
  assertEquals(answersTo("99_none", answersFile), { experiments: [], lines: "", rest: "" });
});

testSite("a lesson that is not there is a sentence, and nothing is written", () =>
  withTempDir(async (directory) => {
    const out = `${directory}/site`;
    const { code, out: said, err } = await deno([
      "run",
      "-A",
      "src/site/build/build.ts",
      "--lessons",
      "4,77",
      "--out",
      out,
    ]);
    assertEquals([code, said], [1, ""]);
    assertEquals(err, 'There is no lesson "77": it is one of 1, 2, 3, 4, 5, 6, 7, 8, 9.\n');
    assertEquals(await Deno.stat(out).catch(() => "none"), "none");
  }));

testSite("every link of every page leads to a file of the site, and to a place in it", async () => {
  const directory = await site();
  for (const name of PAGES) {
    const document = await pageOf(name);
    const links = Array.from(
      document.querySelectorAll("[href], [src]"),
      (element) => element.getAttribute("href") ?? element.getAttribute("src") ?? "",
    ).filter((link) => link !== "https://deno.com");
    assertGreater(links.length, 6);
    for (const link of links) {
      assertEquals(/^(\/|\w+:)/.test(link), false, `${name}: ${link} is not relative`);
      const [path, place] = link.split("#");
      if (path) assert((await Deno.stat(`${directory}/${path}`)).isFile, link);
      if (place) assert((path ? await pageOf(path) : document).getElementById(place), `${name}: ${link}`);
    }
    const ids = Array.from(document.querySelectorAll("[id]"), ({ id }) => id);
    assertEquals(ids.length, new Set(ids).size, `${name} has an id twice`);
  }
});

testSite("no page has a script or a style in itself", async () => {
  for (const name of PAGES) {
    const html = await Deno.readTextFile(`${await site()}/${name}`);
    assertEquals(
      /<style|<[a-z][^>]* (style|on\w+)=|<script(?! type="module" src="page\.js">)/.exec(html)?.[0],
      undefined,
    );
  }
});

testSite(
  "a lesson's page has every claim of its recorded run, the checks folded, and each answer under its exercise",
  async () => {
    const [lesson] = await lessonFiles(["4"]);
    const { events } = await recordingOf(lesson, () => {});
    const document = await pageOf("04_kl.html");
    for (const anchor of document.querySelectorAll(".anchor")) anchor.remove();
    const claims = Array.from(document.querySelectorAll(".claim"), (claim) => claim.textContent!.trim());
    const recorded = events.flatMap((event) =>
      event.kind === "claim" ? [`${event.holds ? "✓" : "✗"} ${claimText(event)}`] : []
    );
    assertGreater(claims.length, 20);
    assertEquals(claims, recorded);
    const checks = Array.from(document.querySelectorAll("details.check"), (check) => check.textContent!);
    assert(checks.length > 6 && checks.every((text) => text.includes("show.") || text.includes("await")));
    const summaries = Array.from(
      document.querySelectorAll("details.check > summary"),
      ({ textContent }) => textContent,
    );
    assertEquals([...new Set(summaries)], ["How this is checked and drawn"]); // a run in the page may find something else
    const open = Array.from(document.querySelectorAll("section > pre.code"), (code) => code.textContent).join("\n");
    assert(open.includes("function klByHand") && !open.includes("show.claim"));
    assertEquals(document.querySelectorAll("ol > li > details.answer").length, 3);
    assertEquals(document.querySelectorAll("h3").length, Array.from(document.querySelectorAll(".said h3")).length);
  },
);

testSite("a lesson's page with its pictures is at most 300 kB, its first scripts 20 kB, compressed", async () => {
  const directory = await site();
  const packed = async (path: string) => {
    const stream = new Blob([await Deno.readFile(`${directory}/${path}`)]).stream();
    return (await new Response(stream.pipeThrough(new CompressionStream("gzip"))).bytes()).length;
  };
  for (const name of PAGES.slice(1, 3)) {
    const images = Array.from((await pageOf(name)).querySelectorAll("img"), (image) => image.getAttribute("src")!);
    const sizes = await Promise.all([name, "style.css", "icon.svg", ...images].map(packed));
    assertLess(sizes.reduce((sum, size) => sum + size), 300_000);
  }
  assertLess(await packed("page.js"), 20_000);
});

// ## In a browser

/** Serves the site under a path, and calls `use` with a function that opens its pages. */
async function served(
  use: (
    open: (page: string, view: Parameters<Parameters<Parameters<typeof withChromium>[0]>[0]>[1]) => Promise<Tab>,
  ) => Promise<void>,
  headers: Record<string, string> = {},
  flags: string[] = [],
): Promise<void> {
  const files = filesOf(new URL(`file://${await site()}/`), "/some/where/", headers);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, files);
  const base = `http://127.0.0.1:${server.addr.port}/some/where/`;
  await withChromium((open) =>
    use(async (page, view) => {
      const tab = await open(base + page, view);
      assertEquals(tab.requests.filter((url) => !url.startsWith(base)), []);
      return tab;
    }), flags);
}

/** Presses the button that runs the lesson, and waits until the run is over. */
const RUN = `(async () => {
  document.querySelector(".controls button").click();
  while (document.documentElement.dataset.run !== "over") await new Promise((done) => setTimeout(done, 10));
  return document.querySelector(".status").textContent;
})()`;

/** What it says where all claims are true. */
const ALL_HOLD = /^\d+ ✓: all claims hold, on wasm, in /;

/** What keeps people from using the page, by axe-core; text that lies over a picture is for eyes to judge. */
async function violations(tab: Tab): Promise<string[]> {
  await tab.evaluate(`${axe}; undefined`);
  return await tab.evaluate(`Promise.allSettled(document.getAnimations().map(({ finished }) => finished)).then(() =>
    axe.run({ resultTypes: ["violations"] })).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ": " + target)))`);
}

testBrowser(
  "site, in Chromium: every page, wide and narrow, light and dark, is accessible and quiet",
  () =>
    served(async (open) => {
      for (const page of PAGES) {
        for (const view of [{ width: 1280 }, { width: 390, dark: true }]) {
          const tab = await open(page, view);
          assertEquals(tab.errors, []);
          assertEquals(
            await tab.evaluate("document.documentElement.scrollWidth"),
            view.width,
            `${page} scrolls sideways`,
          );
          assertEquals(await violations(tab), [], page);
          const ground = decode(await tab.screenshot()).data[0];
          assert(view.dark ? ground < 40 : ground > 240);
        }
      }
    }),
);

testBrowser("site, in Chromium: pictures show something, and twice the size fits", () =>
  served(async (open) => {
    const tab = await open("04_kl.html", { width: 1280 });
    const colours = await tab.evaluate<number[]>(`Promise.all(Array.from(document.images, async (image) => {
      image.loading = "eager";
      await image.decode();
      const canvas = new OffscreenCanvas(200, 200), ink = canvas.getContext("2d");
      ink.drawImage(image, 0, 0, 200, 200);
      return new Set(new Uint32Array(ink.getImageData(0, 0, 200, 200).data.buffer)).size;
    }))`);
    assert(colours.length === 3 && colours.every((count) => count > 20), String(colours));
    await tab.evaluate(`document.documentElement.style.zoom = "2"`);
    assertEquals(await tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
  }));

testBrowser(
  "site, in Chromium: it reads without scripts, and under the strictest policy",
  () =>
    served(async (open) => {
      const tab = await open("04_kl.html", { width: 1280, scripts: false });
      assertEquals(tab.errors, []);
      assertGreater(await tab.evaluate<number>("document.querySelectorAll('.claim').length"), 20);
      assertEquals(await tab.evaluate("document.querySelectorAll('button:not([hidden] *)').length"), 0);
      const styled = await open("04_kl.html", { width: 1280 });
      assertEquals(styled.errors, []);
      assertGreater(await styled.evaluate<number>("document.querySelectorAll('.copy').length"), 10);
    }, { "content-security-policy": "default-src 'self'" }),
);

testBrowser(
  "site, in Chromium: the list of sections marks the one that is read, also after a jump",
  () =>
    served(async (open) => {
      const tab = await open("04_kl.html", { width: 1280 });
      const marked = `Array.from(document.querySelectorAll("[aria-current=location]"), ({ hash }) => hash).join()`;
      await tab.evaluate(`Array.from(document.images).at(-1).scrollIntoView({ block: "center" })`);
      await tab.until(`${marked} === "#4-8-not-a-distance"`); // its heading has not been in sight
      await tab.evaluate("scrollTo(0, 0)");
      await tab.until(`${marked} === ""`);
    }),
);

testBrowser("site, in Chromium: the search finds words in sections, by keyboard", () =>
  served(async (open) => {
    const tab = await open("03_reparameterization.html", { width: 1280 });
    const found = await tab.evaluate<string[]>(`(async () => {
      document.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true }));
      const dialog = document.querySelector("dialog[open]"), input = dialog.querySelector("input");
      input.value = "jensen inequality";
      input.dispatchEvent(new Event("input"));
      while (!dialog.querySelector("li")) await new Promise((done) => setTimeout(done, 20));
      return Array.from(dialog.querySelectorAll("li a"), (a) => a.getAttribute("href"));
    })()`);
    assertEquals(found, ["04_kl.html#4-7-never-negative-and-a-sign-that-went-missing"]);
    assertEquals(await violations(tab), []);
    assertEquals(tab.errors, []);
  }));

testBrowser(
  "site, in Chromium: dark or light stays chosen from page to page, and where nothing may be kept",
  () =>
    served(async (open) => {
      const choose =
        "Array.from(document.querySelectorAll('.tools button')).at(-1).click(); document.documentElement.dataset.theme";
      assertEquals(await (await open("index.html", { width: 800 })).evaluate(choose), "dark");
      const next = await open("04_kl.html", { width: 800 });
      assertEquals(await next.evaluate("getComputedStyle(document.documentElement).colorScheme"), "dark");
      const forbidden = `Storage.prototype.setItem = () => { throw new DOMException("no", "QuotaExceededError"); };`;
      assertEquals(await next.evaluate(forbidden + choose), "light");
      assertEquals(next.errors, []);
    }),
);

// ## Running a lesson in its page

testBrowser(
  "site, in Chromium: a lesson that runs in its page says and draws, to the digit and to the byte, what was recorded",
  () =>
    served(async (open) => {
      const [{ question, ...lesson }] = await lessonFiles(["4"]);
      const { events, pictures } = await recordingOf({ question, ...lesson }, () => {});
      const tab = await open("04_kl.html", { width: 1280 });
      const status = await tab.evaluate<string>(RUN);
      const recorded = events.flatMap((event) => event.kind === "claim" ? [`✓ ${claimText(event)}`] : []);
      assertEquals(status.replace(/, in \d+ s/, ""), `${recorded.length} ✓: all claims hold, on wasm.`);
      const claims = "Array.from(document.querySelectorAll('.live .claim'), (claim) => claim.textContent.trim())";
      assertEquals(await tab.evaluate(claims), recorded);
      const drawn = await tab.evaluate<string[]>(
        `Promise.all(Array.from(document.querySelectorAll(".live img"), (image) =>
      fetch(image.src).then((response) => response.text())))`,
      );
      assertEquals(drawn, Array.from(pictures.values(), ({ bytes }) => new TextDecoder().decode(bytes)));
      assertEquals(await tab.evaluate("document.querySelectorAll('.old').length"), 0);
      assertEquals(tab.errors, []);
      assertEquals(await violations(tab), []);
      assertEquals(tab.requests.filter((url) => !/^(blob:)?http:\/\/127\.0\.0\.1:/.test(url)), []);
      assertMatch(await tab.evaluate(RUN), ALL_HOLD, "and it runs again");
    }),
);

testBrowser(
  "site, in Chromium: the reader's numbers reach the lesson and the command; a false claim and its sentence",
  () =>
    served(async (open) => {
      const tab = await open("03_reparameterization.html", { width: 390 });
      await tab.evaluate(
        `for (const [name, value] of [["samples", 4], ["seed", 5]]) document.querySelector("[name=" + name + "]").value = value;
      document.querySelector(".controls").dispatchEvent(new Event("input"));`,
      );
      assertEquals(
        await tab.evaluate("document.querySelector('.terminal code').textContent"),
        "deno run lessons/03_reparameterization.ts --samples 4 --seed 5",
      );
      const status = await tab.evaluate<string>(RUN);
      const { err } = await deno(["run", "lessons/03_reparameterization.ts", "--samples", "4", "--seed", "5"]);
      assert(status.startsWith("This claim is false: "));
      assertEquals(status, err.trimEnd(), "the sentences are the terminal's");
      assertGreater(await tab.evaluate<number>("document.querySelectorAll('.claim.fails').length"), 3);
      assertEquals(await tab.evaluate("document.documentElement.scrollWidth"), 390);
      assertEquals(tab.errors, []);
    }),
);

testBrowser(
  "site, in Chromium: Stop ends a run at once, what it has said stays, and another run can begin",
  () =>
    served(async (open) => {
      const tab = await open("04_kl.html", { width: 1280 });
      const { later, said, axe } = await tab.evaluate<{ later: boolean; said: number; axe: string }>(`(async () => {
      document.querySelector("[name=samples]").value = 40000000;
      document.querySelector(".controls button").click();
      const said = () => document.querySelectorAll(".live .claim").length;
      while (said() < 5) await new Promise((done) => setTimeout(done, 5));
      document.querySelector(".bar button").click();
      const before = said();
      await new Promise((done) => setTimeout(done, 300));
      return { later: said() !== before, said: said(), axe: document.querySelector(".status").textContent };
    })()`);
      assertEquals([later, axe], [false, `Stopped after ${said} ✓. Its results so far stay on the page.`]);
      assertEquals(await violations(tab), []);
      await tab.evaluate(`document.querySelector("[name=samples]").value = 1000`);
      assertMatch(await tab.evaluate(RUN), ALL_HOLD);
    }),
);

testBrowser(
  "site, in Chromium: what cannot run says so in a sentence, WebGPU without a GPU as the terminal does",
  () =>
    served(async (open) => {
      const tab = await open("04_kl.html", { width: 1280 });
      await tab.evaluate(`document.querySelector("[name=backend]").value = "webgpu"`);
      assertEquals(
        await tab.evaluate(RUN),
        "The webgpu backend needs a GPU adapter, and this machine offers none: try wasm.",
      );
      await Deno.rename(`${await site()}/run`, `${await site()}/away`);
      try {
        const lost = await open("03_reparameterization.html", { width: 1280 });
        assertEquals(await lost.evaluate(RUN), "The lesson cannot run here: its files cannot be loaded.");
      } finally {
        await Deno.rename(`${await site()}/away`, `${await site()}/run`);
      }
    }),
);

testBrowser(
  "site, in Chromium: a training in the page's worker has the losses, figures and claims of one in Deno, to the bit",
  () =>
    served(async (open) => {
      const short = {
        "01_autoencoder": { epochs: 1, hidden: 32 },
        "07_conv_vae": { images: 40, batch: 20, epochs: 1 },
      };
      await bundleLessons(Object.keys(short), `${await site()}/trains`);
      const tab = await open("04_kl.html", { width: 1280 });
      const figures = (some: LessonEvent[]) =>
        some.filter((event) =>
          ["claim", "figure"].includes(event.kind) || event.kind === "progress" && event.step.epochEnds
        );
      for (const [name, numbers] of Object.entries(short)) {
        const { events, surface } = recorder();
        await useBackend("wasm");
        const { defaults, lesson } = await import(`../lessons/${name}.ts`);
        await lesson({ ...defaults, ...numbers, data: "digits", seed: 3 }, showOn(surface));
        const answers = await tab.evaluate<Answer[]>(`new Promise((done) => {
          const worker = new Worker("trains/${name}.js", { type: "module" }), answers = [];
          worker.onmessage = ({ data }) => { answers.push(data); if (data.kind === "ended") done(answers); };
          worker.postMessage(${JSON.stringify({ backend: "wasm", seed: 3, numbers })});
        })`);
        const said = answers.flatMap((answer) => answer.kind === "event" ? [answer.event] : []);
        assertGreater(figures(events).length, 8, name);
        assertEquals(figures(said), JSON.parse(JSON.stringify(figures(events))), name);
      }
    }),
);

// ## What can happen to a run

/** Sets a lesson's number, and presses the button that runs it. */
const runWith = (samples: number) =>
  `document.querySelector("[name=samples]").value = ${samples}; document.querySelector(".controls button").click();`;
const LIVE = "document.querySelectorAll('.live .claim').length";

/** A run of lesson 04 that would take minutes, and has made its first claims. */
async function longRun(tab: Tab): Promise<void> {
  await tab.evaluate(runWith(40_000_000));
  await tab.until(`${LIVE} > 4`);
}

/** Asserts that lesson 04 runs in a tab, whatever happened there before. */
async function assertRuns(tab: Tab): Promise<void> {
  await tab.evaluate(`document.querySelector("[name=samples]").value = 1000`);
  assertMatch(await tab.evaluate(RUN), ALL_HOLD);
  assertEquals(await tab.evaluate(`${LIVE} === document.querySelectorAll(".claim").length`), true);
  assertEquals(tab.errors, []);
}

/** Has the browser keep every worker that a page makes under the name \`made\`. */
const KEEP_WORKERS = `window.Worker = class extends Worker {
  constructor(...all) { super(...all); window.made = this; }
};`;

testBrowser(
  "site, in Chromium: a run ends well, whatever happens to its page and its worker",
  (t) =>
    served(async (open) => {
      await t.step("two tabs run the same lesson at once", async () => {
        const tabs = [await open("04_kl.html", { width: 1280 }), await open("04_kl.html", { width: 1280 })];
        await Promise.all(tabs.map(assertRuns));
      });
      await t.step("what one tab keeps, the other has when it loads, and may forget", async () => {
        const [one, other] = [await open("04_kl.html", { width: 1280 }), await open("index.html", { width: 1280 })];
        await one.evaluate("document.querySelector('form.predict button').click()");
        const loaded = (page: string) =>
          other.evaluate(`location.href = "${page}"; window.old = true`).then(() =>
            other.until("!window.old && document.querySelector('.tools button')")
          );
        await loaded("04_kl.html");
        assertEquals(await other.evaluate("document.querySelectorAll('.predicted').length"), 1);
        await loaded("index.html");
        await other.evaluate("Array.from(document.querySelectorAll('.actions button')).at(-1).click()");
        await one.evaluate("document.querySelector('form.predict button').click()");
        assertEquals(await one.evaluate("document.querySelectorAll('.predicted').length"), 2);
        assertEquals([...one.errors, ...other.errors], []);
      });
      await t.step("a page that is loaded again in the middle of a run shows the recorded one", async () => {
        const tab = await open("04_kl.html", { width: 1280 });
        await longRun(tab);
        await tab.evaluate("window.old = true; location.reload()");
        await tab.until("!window.old && document.readyState === 'complete'");
        assertEquals(await tab.evaluate(`[${LIVE}, document.querySelectorAll(".claim").length > 20]`), [0, true]);
        assertEquals(
          await tab.evaluate(`document.querySelector(".terminal code").textContent.includes(" --samples") ===
          (document.querySelector("[name=samples]").value !== "100000")`),
          true,
        );
        await assertRuns(tab);
      });
      await t.step("back and forward: a run that was left has stopped, and both pages run", async () => {
        const tab = await open("04_kl.html", { width: 1280 });
        await longRun(tab);
        await tab.evaluate("document.querySelector('.prev').click()");
        await tab.until(
          "document.querySelector('html[data-lesson=\"03_reparameterization\"] .controls:not([hidden])')",
        );
        await tab.evaluate("history.back()");
        await tab.until("document.querySelector('html[data-lesson=\"04_kl\"] .controls:not([hidden])')");
        assertEquals(await tab.evaluate("document.querySelector('.bar').hidden"), true);
        await assertRuns(tab);
        await tab.evaluate("history.forward()");
        await tab.until(
          "document.querySelector('html[data-lesson=\"03_reparameterization\"] .controls:not([hidden])')",
        );
        assertMatch(await tab.evaluate(RUN), ALL_HOLD);
      });
      await t.step(
        "a worker that is killed is missed at once: a sentence, the last state, and another run",
        async () => {
          const tab = await open("04_kl.html", { width: 1280, before: KEEP_WORKERS });
          await longRun(tab);
          await tab.evaluate("made.terminate()");
          await tab.until("document.documentElement.dataset.run === 'over'");
          const said = await tab.evaluate(LIVE);
          assertEquals(
            await tab.evaluate("document.querySelector('.status').textContent"),
            `The browser ended the run after ${said} ✓. Its results so far stay on the page.`,
          );
          await assertRuns(tab);
        },
      );
      await t.step(
        "where nothing may be kept, predictions are shown, pages change colour, and lessons run",
        async () => {
          const before = `Object.defineProperty(window, "localStorage", {
        get() { throw new DOMException("The user has forbidden it.", "SecurityError"); } });`;
          assertEquals((await open("index.html", { width: 1280, before })).errors, []);
          await assertKeepsInMemory(await open("04_kl.html", { width: 1280, before }));
        },
      );
      await t.step("where the browser's storage is full, the same", async () => {
        const full = await open("symbols.html", { width: 1280 });
        await full.evaluate(`localStorage.clear();
        localStorage["vae-steps:theme"] = "dark";
        for (let size = 2 ** 22, i = 0; size >= 1; size /= 2) {
          try { while (true) localStorage.setItem(i++, "x".repeat(size)); } catch { /* full for this size */ }
        }`);
        await assertKeepsInMemory(await open("04_kl.html", { width: 1280 }));
        await full.evaluate("localStorage.clear()");
      });
      await t.step("ten runs leave as many nodes and as large a heap as one", async () => {
        const tab = await open("04_kl.html", { width: 1280 });
        for (const domain of ["HeapProfiler", "Performance"]) await tab.send(`${domain}.enable`);
        const sizes: { nodes: number; heap: number }[] = [];
        const ofOneRun = "document.querySelectorAll('.live, .live *').length";
        for (let run = 1; run <= 10; run++) {
          await assertRuns(tab);
          await tab.send("HeapProfiler.collectGarbage");
          const { metrics } = await tab.send("Performance.getMetrics") as {
            metrics: { name: string; value: number }[];
          };
          const metric = (name: string) => metrics.find((one) => one.name === name)!.value;
          sizes.push({ nodes: metric("Nodes"), heap: metric("JSHeapUsedSize") });
        }
        const [third, last] = [sizes[2], sizes[9]];
        assertLess(last.nodes - third.nodes, await tab.evaluate<number>(ofOneRun), JSON.stringify(sizes));
        // V8 goes on compiling meanwhile; to keep the nodes of seven runs would double the heap.
        assertLess(last.heap, 1.15 * third.heap, JSON.stringify(sizes));
      });
      await t.step("a browser without WebGPU is not offered it, and runs lessons", async () => {
        const tab = await open("04_kl.html", { width: 1280, before: "delete Navigator.prototype.gpu;" });
        assertEquals(await tab.evaluate("document.querySelector('.backend').checkVisibility()"), false);
        await assertRuns(tab);
      });
    }),
);

testBrowser("site, in Chromium: a machine whose WebAssembly has no SIMD gets a sentence", () =>
  served(
    async (open) => {
      const tab = await open("04_kl.html", { width: 1280 });
      assertEquals(
        await tab.evaluate(RUN),
        "The training kernels cannot run here: this machine's WebAssembly has no SIMD.",
      );
      assertEquals(tab.errors, []);
    },
    {},
    ["--js-flags=--no-enable-sse4-1"],
  ));

testBrowser("site, in Chromium: with WebGPU, here by SwiftShader, all claims hold too", () =>
  served(
    async (open) => {
      const tab = await open("04_kl.html", { width: 1280 });
      await tab.evaluate(`document.querySelector("[name=backend]").value = "webgpu"`);
      await tab.evaluate(`document.querySelector("[name=samples]").value = 1000`);
      assertMatch(await tab.evaluate(RUN), /^\d+ ✓: all claims hold, on webgpu, in /);
      assertEquals(tab.errors, []);
    },
    {},
    ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
  ));

/** Asserts that a prediction is shown and the theme changes, and changes back, where nothing can be kept; and that it runs. */
async function assertKeepsInMemory(tab: Tab): Promise<void> {
  await tab.evaluate("document.querySelector('form.predict button').click()");
  assertEquals(await tab.evaluate("document.querySelectorAll('.predicted').length"), 1);
  const toggle =
    "Array.from(document.querySelectorAll('.tools button')).at(-1).click(); document.documentElement.dataset.theme";
  const themes = [await tab.evaluate(toggle), await tab.evaluate(toggle)];
  assertEquals(themes.toSorted(), ["dark", "light"]);
  await assertRuns(tab);
}

// ## Predictions, words, and the site without a network

testIf(
  reads,
  "--allow-read",
  "choices: those that a question names after a colon, yes and no where it asks for these, else none",
  async () => {
    assertEquals(choicesOf("Predict, then run: which is more: a, b c, or d?"), ["a", "b c", "d"]);
    assertEquals(choicesOf("Before. Predict, then run. It is 2.5: so. Will it\nend?"), ["Yes", "No"]);
    for (
      const open of ["how far off is a step of 1, or of 2?", "of 3, 4: what becomes?", "Does it end, or not?", "what?"]
    ) {
      assertEquals(choicesOf(`Predict, then run: ${open}`), [], open);
    }
    const questions = (await lessonFiles()).flatMap(({ text }) =>
      Array.from(
        text.replaceAll(/\n\/\/ /g, " ").matchAll(/\*Predict, then run[^]*?\n/g),
        ([line]) => choicesOf(line.replaceAll("*", "").replace(/\?[^?]*$/, "?")),
      )
    );
    assertGreater(questions.length, 20);
    assertGreater(questions.filter((choices) => choices.length > 1).length, 2);
    assertEquals(questions.flat().filter((choice) => choice.length > 40), []);
  },
);

testBrowser(
  "site, in Chromium: a result is hidden until it has been predicted, then both are shown, until all is forgotten",
  () =>
    served(async (open) => {
      const seen = (place: string) =>
        `document.getElementById("${place}").parentElement.querySelector(".said").checkVisibility()`;
      const press = (text: string) =>
        `Array.from(document.querySelectorAll("form.predict button")).find((button) => button.textContent === "${text}").click()`;
      const [pairs, gradient] = ["4-1-three-pairs", "4-6-its-gradient"];
      const tab = await open("04_kl.html", { width: 390 });
      assertEquals([await tab.evaluate(seen(pairs)), await tab.evaluate(seen(gradient))], [false, false]);
      assertEquals(await violations(tab), []);
      await tab.evaluate(press("the one far away"));
      assertEquals([await tab.evaluate(seen(pairs)), await tab.evaluate(seen(gradient))], [true, false]);
      const predicted = "Array.from(document.querySelectorAll('.predicted'), (line) => line.textContent)";
      assertEquals(await tab.evaluate(predicted), ["You predicted: the one far away"]);
      const again = await open(`04_kl.html#${gradient}-claim-1`, { width: 390 });
      assertEquals(await again.evaluate("document.querySelectorAll('form.predict').length"), 1);
      assertEquals(await again.evaluate(predicted), ["You predicted: the one far away"]);
      assertEquals(await again.evaluate(seen(gradient)), true);

      const typed = await open("03_reparameterization.html", { width: 390 });
      await typed.evaluate(`document.querySelector(".predict input").value = "far <b>away</b>"`);
      await typed.evaluate(press("Predict"));
      await typed.evaluate(press("Show it anyway"));
      assertEquals(await typed.evaluate(predicted), ["You predicted: far <b>away</b>"]);
      assertEquals(await typed.evaluate("document.querySelectorAll('.locked').length"), 0);

      const contents = await open("index.html", { width: 390 });
      await contents.evaluate("Array.from(document.querySelectorAll('.actions button')).at(-1).click()");
      const fresh = await open("04_kl.html", { width: 390 });
      assertEquals(await fresh.evaluate("document.querySelectorAll('form.predict').length"), 2);
      for (const { errors } of [tab, again, typed, contents, fresh]) assertEquals(errors, []);
    }),
);

testBrowser(
  "site, in Chromium: an answer in the question's own paragraph is hidden as well",
  () =>
    served(async (open) => {
      const tab = await open("04_kl.html", { width: 390 });
      const added = await tab.evaluate<string[]>(`(async () => {
      document.querySelector("main").innerHTML = "<section><p>So. <em>Predict, then run</em>: what is <code>a?b</code>? " +
        "It is <b>2</b>, is it?</p></section><section><p><em>Predict, then run</em>: what is b? It is 3.</p></section>";
      await import("./page.js?again");
      return Array.from(document.querySelectorAll("section > p"), (question) => question.innerText);
    })()`);
      assertEquals(added, ["So. Predict, then run: what is a?b? It is 2, is it?", "Predict, then run: what is b?"]);
    }),
);

Deno.test("glossary: a word is explained where a section first uses it, the longest that fits, and only in prose", () => {
  const terms = termsIn(symbolsIn(lessonsReadme));
  assert(terms.some(({ word, meaning }) => word === "evidence" && meaning.startsWith("p(x): ")));
  assert(terms.some(({ word, meaning }) => word === "likelihood" && meaning.startsWith("p(x | z): how probable x is")));
  const section = elementOf(`<section><h2>The prior</h2><p>An <code>ELBO</code>, the aggregate posterior and
the posterior; priors, the prior.</p><p>The prior</p></section>`);
  markTerms(section, terms);
  assertEquals(Array.from(section.querySelectorAll(".term"), ({ textContent }) => textContent), [
    "aggregate posterior",
    "posterior",
    "prior",
  ]);
});

/** Serves a directory from a process of its own: once that is killed, no connection is left, as without a network. */
async function killable(directory: string): Promise<{ base: string; kill(): void } & AsyncDisposable> {
  const program = `import { filesOf } from "${new URL("../src/site/build/serve_files.ts", import.meta.url)}";
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
      filesOf(new URL("file://${directory}/"), "/course/"));`;
  const process = new Deno.Command(Deno.execPath(), { args: ["eval", program], stdout: "piped" }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  let killed = false;
  const kill = () => {
    if (!killed) process.kill("SIGKILL");
    killed = true;
  };
  return {
    base: `http://127.0.0.1:${port}/course/`,
    kill,
    async [Symbol.asyncDispose]() {
      kill();
      while (!(await lines.next()).done);
      await process.status;
    },
  };
}

testBrowser(
  "site, in Chromium: after the first load it reads and runs without a network, and a new version takes the old one's place",
  async () => {
    const script = `${await site()}/service_worker.js`;
    const old = await Deno.readTextFile(script);
    const kept = `(async () => {
    await navigator.serviceWorker.ready;
    while ((await caches.keys()).length !== 1 || !navigator.serviceWorker.controller) await new Promise((done) => setTimeout(done, 50));
    return (await caches.keys())[0];
  })()`;
    await withChromium(async (open) => {
      await using server = await killable(await site());
      const { base } = server;
      const tab = await open(base, { width: 800 });
      const first = await tab.evaluate<string>(kept);
      await Deno.writeTextFile(script, old.replace(/"version":"\w+"/, `"version":"newer"`));
      await tab.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())");
      await tab.evaluate(
        `(async () => { while ((await caches.keys()).join() !== "vae-steps-newer") await new Promise((done) => setTimeout(done, 50)); })()`,
      );
      assert(first !== "vae-steps-newer");
      await Deno.writeTextFile(script, old);
      server.kill();
      const alone = await open(`${base}04_kl.html`, { width: 800 });
      assertEquals(
        await alone.evaluate(
          "document.images[0].loading = 'eager', document.images[0].decode().then(() => document.images[0].naturalWidth > 0)",
        ),
        true,
      );
      assertMatch(await alone.evaluate(RUN), ALL_HOLD);
    });
  },
);
