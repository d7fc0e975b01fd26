/**
 * Every lesson runs in its page, and every page is looked at, in a real browser: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- prints what it finds
import { assertEquals, assertGreater } from "@std/assert";
import { claimText } from "../src/show/claim.ts";
import { lessonFiles } from "../src/site/build/lesson_files.ts";
import { recordingOf } from "../src/site/build/recordings.ts";
import { filesOf } from "../src/site/build/serve_files.ts";
import { writeSite } from "../src/site/build/write_site.ts";
import { type Tab, withChromium } from "./_chromium.ts";
import { withTempDir } from "./_run.ts";

/** Runs the lesson of a page, and returns the sentence at its end. */
async function run(tab: Tab): Promise<string> {
  await tab.evaluate(`document.querySelector(".controls button").click()`);
  await tab.until(`document.documentElement.dataset.run === "over"`);
  return await tab.evaluate(`document.querySelector(".status").textContent`);
}

Deno.test("site, in Chromium: all lessons say and draw in their pages what they do in Deno, to the digit and to the byte", () =>
  withTempDir(async (out) => {
    await writeSite({ out, say: console.log });
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0 }, filesOf(new URL(`file://${out}/`)));
    await withChromium(async (open) => {
      let count = 0;
      for (const lesson of await lessonFiles()) {
        const { events, pictures } = await recordingOf(lesson, console.log);
        const address = `http://127.0.0.1:${server.addr.port}/${lesson.name}.html`;
        for (const view of [{ width: 390, dark: true }, { width: 1280 }]) {
          assertEquals((await open(address, view)).errors, [], lesson.name);
        }
        const tab = await open(address, { width: 1280 });
        console.log(`${lesson.name}: ${await run(tab)}`);
        const claims = events.flatMap((event) => event.kind === "claim" ? [`✓ ${claimText(event)}`] : []);
        assertEquals(
          await tab.evaluate(
            "Array.from(document.querySelectorAll('.live .claim'), (claim) => claim.textContent.trim())",
          ),
          claims,
        );
        const drawn = await tab.evaluate<string[]>(
          `Promise.all(Array.from(document.querySelectorAll(".live img"), async (image) =>
            new Uint8Array(await (await fetch(image.src)).arrayBuffer()).toBase64()))`,
        );
        assertEquals(drawn, Array.from(pictures.values(), ({ bytes }) => bytes.toBase64()), lesson.name);
        assertEquals(
          [tab.errors, await tab.evaluate("document.querySelectorAll('.old').length")],
          [[], 0],
          lesson.name,
        );
        count += claims.length;
      }
      assertGreater(count, 150);
      console.log(`${count} claims, each the same to the digit.`);
    });
  }));
