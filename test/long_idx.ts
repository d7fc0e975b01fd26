/**
 * 100,000 damaged files for the reader of IDX: `deno task test:long`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the figures are what it is run for
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { unpack } from "../src/data/idx.ts";
import { fuzzIdx } from "./_idx_fuzz.ts";
import { gzip, writeIdx } from "./_idx.ts";

const seed = Math.floor(Math.random() * 2 ** 31); // another every time; a failure names it

Deno.test("reading 20,000 files, whole, cut short and bombs, leaves the process as large as it was", async () => {
  const images = await gzip(writeIdx([200, 28, 28]));
  const bomb = new Uint8Array(5_000_000);
  bomb.set(writeIdx([10]));
  const files = [images, images.slice(0, -20), images.slice(0, -1000), await gzip(bomb)];
  const resident: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    await unpack(files[i % files.length], "file").catch(() => {});
    if (i % 2_000 === 1_999) resident.push(Math.round(Deno.memoryUsage().rss / 1e6));
  }
  console.log("resident MB:", resident.join(" "));
  assertLess(resident.at(-1)! - resident[1], 64); // 16,000 files, of 160 kB to 5 MB each
});

Deno.test("100,000 files that were damaged by chance: each is read correctly or refused", async () => {
  const found = await fuzzIdx(100_000, seed);
  console.log(found);
  assertEquals(found.files, 100_000);
  assertGreater(found.read, 5_000);
  assertEquals(Object.keys(found.refused).length, 7);
});
