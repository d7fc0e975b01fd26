import { assert, assertEquals, assertGreater, assertLess, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../src/errors.ts";
import { parseIdx, unpack } from "../src/data/idx.ts";
import { counting } from "./_allocations.ts";
import { gzip, writeIdx } from "./_idx.ts";
import { fuzzIdx } from "./_idx_fuzz.ts";

/** Five labels as bytes, written by hand. */
const LABELS = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 5, 5, 0, 4, 1, 9);

Deno.test("an IDX file written by hand", () => {
  assertEquals(parseIdx(LABELS, "labels"), { name: "labels", shape: [5], data: Uint8Array.of(5, 0, 4, 1, 9) });
});

Deno.test("sizes are big-endian", () => {
  const file = new Uint8Array(12 + 258);
  file.set([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 1, 2]);
  assertEquals(parseIdx(file, "file").shape, [1, 258]);
});

Deno.test("property: what is written is read, packed or not, of any rank, from any place in memory", async () => {
  const shape = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.integer({ min: 0, max: 3 }),
      fc.infiniteStream(fc.nat(255)),
      async (shape, at, bytes) => {
        const data = new Uint8Array(shape.reduce((product, n) => product * n, 1)).map(() => bytes.next().value!);
        const file = writeIdx(shape, data);
        const moved = new Uint8Array(at + file.length);
        moved.set(file, at);
        assertEquals(parseIdx(moved.subarray(at), "file", shape.length), { name: "file", shape, data });
        assertEquals(await unpack(await gzip(file), "file.gz"), file);
        assertEquals(await unpack(file, "file"), file);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("a name need not say that a file is packed", async () => {
  assertEquals(await unpack(await gzip(LABELS), "labels"), LABELS);
});

Deno.test("a large file survives unpacking", async () => {
  const file = writeIdx([1000, 28, 28]);
  assertEquals(await unpack(await gzip(file), "file.gz"), file);
});

Deno.test("bad input: labels where images are wanted, and images where labels are", () => {
  assertThrows(
    () => parseIdx(LABELS, "train-images", 3),
    InputError,
    "train-images holds an array of rank 1 (labels); expected rank 3 (images).",
  );
  assertThrows(
    () => parseIdx(writeIdx([2, 28, 28]), "train-labels", 1),
    InputError,
    "train-labels holds an array of rank 3 (images); expected rank 1 (labels).",
  );
});

Deno.test("bad input: not IDX at all, IDX of floats, IDX of rank 0, nothing", () => {
  const text = new TextEncoder().encode("<html>");
  assertThrows(
    () => parseIdx(text, "page"),
    InputError,
    "page is not an IDX file of bytes: it begins with 3c 68 74 6d, expected 00 00 08 and its rank.",
  );
  assertThrows(() => parseIdx(text, "page", 3), InputError, "begins with 3c 68 74 6d, expected 00 00 08 03.");
  assertThrows(() => parseIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), "floats"), InputError, "begins with 00 00 0d 01");
  assertThrows(() => parseIdx(Uint8Array.of(0, 0, 8, 0, 1), "point"), InputError, "begins with 00 00 08 00");
  assertThrows(() => parseIdx(new Uint8Array(), "void"), InputError, "begins with nothing");
});

Deno.test("bad input: fewer bytes than the header says, more, or half a header", () => {
  const file = writeIdx([3, 4, 5]);
  assertThrows(
    () => parseIdx(file.subarray(0, -1), "short"),
    InputError,
    "short is cut short: it has 75 bytes of the 76 that its header promises.",
  );
  const long = new Uint8Array(77);
  long.set(file);
  assertThrows(() => parseIdx(long, "long"), InputError, "long has more bytes than the 76 that its header promises.");
  assertThrows(
    () => parseIdx(file.subarray(0, 10), "stub"),
    InputError,
    "stub is cut short: it has 10 of the 16 bytes of its header.",
  );
});

Deno.test("bad input: a header that promises gigabytes, packed or not, or more than a number holds", async () => {
  const giant = Uint8Array.of(0, 0, 8, 3, 0, 15, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0);
  const message = "giant promises 983040 x 1024 x 1024 bytes, more than the limit of 2147483648 (2 GiB)";
  assertThrows(() => parseIdx(giant, "giant"), InputError, message);
  await assertRejects(async () => await unpack(await gzip(giant), "giant"), InputError, message);

  const large = Uint8Array.of(0, 0, 8, 3, 0, 6, 38, 9, 0, 0, 0, 28, 0, 0, 0, 28); // 402,953 images, of EMNIST's size
  const short = "large is cut short: it has 16 bytes of the 315915168 that its header promises.";
  assertThrows(() => parseIdx(large, "large"), InputError, short);

  const endless = new Uint8Array(4 + 4 * 255).fill(255);
  endless.set([0, 0, 8, 255]);
  endless.fill(0, endless.length - 4); // the product of the sizes is infinite times zero: not a number
  assertThrows(
    () => parseIdx(endless, "endless"),
    InputError,
    "endless promises 4294967295 x 4294967295 x 4294967295 x 4294967295 x … bytes, more than the limit of 2147483648 (2 GiB)",
  );
});

Deno.test("bad input: many sizes in the wrong order of bytes are a short sentence", () => {
  const file = new Uint8Array(4 + 4 * 255);
  file.set([0, 0, 8, 255]);
  for (let at = 4; at < file.length; at += 4) file[at] = 1; // 1, were it little-endian
  assertThrows(
    () => parseIdx(file, "file"),
    InputError,
    "bytes: its sizes, 1 x 1 x 1 x 1 x …, are little-endian, but IDX is big-endian.",
  );
});

Deno.test("bad input: not gzip though named so", async () => {
  await assertRejects(
    () => unpack(LABELS, "labels.gz"),
    InputError,
    "labels.gz is not gzip: it begins with 00 00, expected 1f 8b.",
  );
  await assertRejects(() => unpack(new Uint8Array(), "void.gz"), InputError, "begins with nothing");
});

Deno.test("bad input: a gzip stream cut short, garbled, or with a wrong checksum", async () => {
  const noise = new Uint8Array(50_000).map((_, i) => (i * i * 31 + (i >> 3)) % 256);
  const packed = await gzip(writeIdx([50_000], noise));
  const message = "bad.gz is broken: its gzip stream is cut short or corrupt.";
  const garbled = packed.with(3, 0xff).with(20, packed[20] ^ 0xff) as Uint8Array<ArrayBuffer>;
  const miscounted = packed.with(packed.length - 6, packed.at(-6)! ^ 1) as Uint8Array<ArrayBuffer>;
  for (const bad of [packed.subarray(0, packed.length / 2), packed.subarray(0, 5), garbled, miscounted]) {
    await assertRejects(() => unpack(bad, "bad.gz"), InputError, message);
  }
});

Deno.test("bad input: a gzip bomb is unpacked no further than its header promises", async () => {
  const bomb = new Uint8Array(20_000_000);
  bomb.set(LABELS);
  const packed = await gzip(bomb);
  assert(packed.length < 100_000);
  const unpacked = await unpack(packed, "bomb.gz");
  assertEquals(unpacked.length, LABELS.length + 1);
  assertThrows(() => parseIdx(unpacked, "bomb.gz"), InputError, "bomb.gz has more bytes than the 13");
});

Deno.test("memory is taken for what a packed file holds, not for what its header promises", async () => {
  const packed = await gzip(writeIdx([100]).fill(10, 4, 5)); // 10 · 2²⁴ and 100 bytes, where 100 are
  const { asked, unpacked } = await counting(() => unpack(packed, "small.gz"));
  assertEquals(unpacked, 2 * 108); // once for the header, once for all
  assertLess(asked, 5000);
});

Deno.test("1,500 files that were damaged by chance: each is read correctly, as others' code reads it, or refused", async () => {
  const { files, read, refused } = await fuzzIdx(1_500, 5);
  assertEquals(files, 1_500);
  assertGreater(read, 50);
  assertEquals(Object.keys(refused).length, 7); // every sentence there is
});
