/**
 * Downloads in pairs, and killed at random moments: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the figures are what it is run for
import { assertEquals, assertGreater } from "@std/assert";
import { sha256 } from "../src/disk/sha256.ts";
import { random } from "../src/random.ts";
import { printed, start } from "./_download.ts";
import { gzip, writeIdx } from "./_idx.ts";
import { file, serve } from "./_mirror.ts";
import { withTempDir } from "./_run.ts";

const chance = random(0);
const noise = new Uint8Array(10_000 * 784).map(() => 256 * chance.uniform()); // it cannot be packed: 8 MB to write
const IMAGES = writeIdx([10_000, 28, 28], noise);
const PACKED = await gzip(IMAGES);
const FILE = { name: "images.gz", hash: await sha256(IMAGES), size: IMAGES.length, cache: "c" };

Deno.test("50 times two processes that fetch at once: both have the file, and so has the cache", () =>
  withTempDir(async (directory) => {
    await using mirror = serve(file(PACKED));
    const once = { ...FILE, mirrors: [mirror.url] };
    let both = 0;
    for (let i = 0; i < 50; i++) {
      const before = mirror.asked;
      const pair = [start(directory, { ...once, cache: `c${i}` }), start(directory, { ...once, cache: `c${i}` })];
      assertEquals(await Promise.all(pair.map(printed)), [FILE.hash, FILE.hash]);
      if (mirror.asked === before + 2) both++;
      assertEquals(await printed(start(directory, { ...once, cache: `c${i}`, mirrors: [] })), FILE.hash);
    }
    console.log(`In ${both} of 50 pairs both fetched the file.`);
    assertGreater(both, 25);
  }));

Deno.test("50 downloads killed at random moments: the next one has the file, and so has the cache", () =>
  withTempDir(async (directory) => {
    await using mirror = serve(file(PACKED));
    const wanted = { ...FILE, mirrors: [mirror.url] };
    const begun = performance.now();
    assertEquals(await printed(start(directory, { ...wanted, cache: "time" })), FILE.hash);
    const usual = performance.now() - begun;
    let killed = 0;
    for (let i = 0; i < 50; i++) {
      const cache = `k${i}`;
      const process = start(directory, { ...wanted, cache });
      await new Promise((done) => setTimeout(done, usual * chance.uniform()));
      try {
        process.kill("SIGKILL");
      } catch {
        // It had ended.
      }
      if (await printed(process) === "") killed++;
      assertEquals(await printed(start(directory, { ...wanted, cache })), FILE.hash);
      assertEquals(await printed(start(directory, { ...wanted, cache, mirrors: [] })), FILE.hash);
    }
    console.log(`${killed} of 50 were killed before they had the file.`);
    assertGreater(killed, 25);
  }));
