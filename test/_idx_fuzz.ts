/**
 * Files of IDX that were damaged by chance, and what the reader makes of them.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { createGunzip, createInflateRaw } from "node:zlib";
import fc from "fast-check";
import { type Idx, parseIdx, unpack } from "../src/data/idx.ts";
import { InputError } from "../src/errors.ts";
import { counting } from "./_allocations.ts";
import { gzip, writeIdx } from "./_idx.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A change to a file. */
type Change = (bytes: Bytes) => Bytes | Promise<Bytes>;

/** What was found in all. */
export interface Fuzzed {
  /** How many files were read. */
  files: number;
  /** How many of them held an array all the same. */
  read: number;
  /** How often a file was refused, by what was said of it. */
  refused: Record<string, number>;
  /** The most bytes that were allocated for one file, unpacking and all. */
  allocated: number;
}

/** No more than this is allocated for a file. */
const MEMORY = 64e6;

const concat = (...parts: Uint8Array[]) => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
};

/** Writes bytes at a place, as far as the file goes. */
const overwrite = (bytes: Bytes, at: number, values: number[]) =>
  bytes.map((byte, i) => i >= at && i < at + values.length ? values[i - at] : byte);

/** Bytes that cannot be packed. */
const NOISE = Uint8Array.from({ length: 20_000 }, (_, i) => (i * i * 31 + (i >> 3) * 7) % 256);

/** Whole files: labels, factors, images, noise, and higher ranks. */
const PLAIN = [
  writeIdx([10]),
  writeIdx([5, 3]),
  writeIdx([4, 28, 28]),
  writeIdx([20_000], NOISE),
  writeIdx([2, 1, 3, 1, 2]),
  writeIdx(Array(255).fill(1)),
  writeIdx([200, 28, 28]),
];

/** 25 MB of zeros in 25 kB, after a header that promises less, and after one that promises more. */
const ZEROS = new Uint8Array(25_000_000);
const BOMBS = await Promise.all(
  [concat(writeIdx([10]), ZEROS), concat(Uint8Array.of(0, 0, 8, 1, 15, 0, 0, 0), ZEROS)].map(gzip),
);

/** All of them, as they are and packed; seldom a bomb, for the time that others' code takes with it. */
const USUAL = [...PLAIN, ...await Promise.all(PLAIN.map(gzip))];
const WHOLE = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(...USUAL) },
  { weight: 1, arbitrary: fc.constantFrom(...BOMBS) },
);

const byte = fc.integer({ min: 0, max: 255 });

/** A place in a file: near its beginning, near its end, or anywhere. */
const place = fc.oneof(
  fc.nat(24).map((n) => ({ length }: Bytes) => Math.min(n, length)),
  fc.nat(12).map((n) => ({ length }: Bytes) => Math.max(0, length - n)),
  fc.double({ min: 0, max: 1, noNaN: true }).map((share) => ({ length }: Bytes) => Math.floor(share * length)),
);

/** A size of an axis: one that is near what others are, or near a limit, or any. */
const size = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 5, 9, 10, 11, 27, 28, 29, 2 ** 16, 2 ** 20, 2 ** 28, 2 ** 31, 2 ** 32 - 1),
  fc.nat(2 ** 32 - 1),
);

/** Changes of one kind. */
const change = <T extends unknown[]>(
  of: { [K in keyof T]: fc.Arbitrary<T[K]> },
  how: (bytes: Bytes, ...values: T) => Bytes | Promise<Bytes>,
): fc.Arbitrary<Change> => fc.tuple<T>(...of).map((values) => (bytes) => how(bytes, ...values));

/** What can happen to the bytes of a file, packed or not. */
const anyChange = fc.oneof(
  change([place, fc.nat(7)], (b, at, bit) => overwrite(b, at(b), [b[at(b)] ^ (1 << bit)])),
  change([place, fc.array(byte, { minLength: 1, maxLength: 8 })], (b, at, values) => overwrite(b, at(b), values)),
  change([place], (b, at) => b.slice(0, at(b))), // cut short
  change([place, place], (b, from, to) => concat(b.subarray(0, from(b)), b.subarray(to(b)))), // a part cut out, or twice
  change(
    [place, fc.uint8Array({ minLength: 1, maxLength: 40 })],
    (b, at, more) => concat(b.subarray(0, at(b)), more, b.subarray(at(b))),
  ),
  change([fc.constantFrom(...USUAL)], (b, other) => concat(b, other)), // two files in one
  change([], (b) => gzip(b)),
);

/** What can be wrong with the header of IDX, the type, the rank or a size, and how many bytes come after it. */
const idxChange = fc.oneof(
  change([fc.nat(2), fc.constantFrom(0, 1, 8, 9, 11, 12, 13, 14, 255)], (b, at, value) => overwrite(b, at, [value])),
  change([fc.oneof(byte, fc.nat(4))], (b, rank) => overwrite(b, 3, [rank])),
  change([fc.nat(4), size], (b, axis, n) => overwrite(b, 4 + 4 * axis, [n >>> 24, n >>> 16, n >>> 8, n])),
  change([fc.nat(100)], (b, zeros) => concat(b, new Uint8Array(zeros))),
);

/** What can be wrong with gzip around it: magic, method, flags, time, system; the checksum and the size; more fields. */
const gzipChange = fc.oneof(
  change([fc.nat(9), byte], (b, at, value) => overwrite(b, at, [value])),
  change([fc.integer({ min: 1, max: 8 }), byte], (b, back, value) => overwrite(b, b.length - back, [value])),
  change(
    [fc.constantFrom(1, 2, 4, 8, 16, 31), fc.uint8Array({ maxLength: 20 })],
    (b, flags, field) => concat(overwrite(b.slice(0, 10), 3, [flags]), field, b.subarray(10)),
  ),
);

/** A file: a whole one, changed; or its contents changed, packed, and perhaps changed again. */
const damaged = fc.oneof(
  fc.tuple(WHOLE, fc.array(fc.oneof(anyChange, idxChange, gzipChange), { maxLength: 3 })),
  fc.tuple(
    fc.constantFrom(...PLAIN),
    fc.tuple(
      fc.array(fc.oneof(anyChange, idxChange), { minLength: 1, maxLength: 2 }),
      fc.array(fc.oneof(anyChange, gzipChange), { maxLength: 1 }),
    ).map(([before, after]) => [...before, gzip, ...after]),
  ),
);

/** How long the header of gzip is, with its optional fields (RFC 1952, section 2.3). */
function gzipHeader(bytes: Uint8Array): number {
  let at = 10;
  const flags = bytes[3];
  if (flags & 4) at += 2 + bytes[10] + 256 * bytes[11];
  for (const text of [8, 16]) if (flags & text) at = bytes.indexOf(0, at) + 1;
  return at + (flags & 2);
}

/** Unpacks by Node's code: what comes out, and how many bytes went in. (Node's `gunzipSync` leaks in Deno if it fails.) */
function unzip(stream: ReturnType<typeof createGunzip | typeof createInflateRaw>, bytes: Uint8Array) {
  return new Promise<{ unpacked: Uint8Array; used: number }>((done, failed) => {
    const pieces: Uint8Array[] = [];
    stream.on("data", (piece) => pieces.push(piece));
    stream.on("error", (error) => (stream.destroy(), failed(error)));
    stream.on("end", () => (stream.close(), done({ unpacked: concat(...pieces), used: stream.bytesWritten })));
    stream.end(bytes);
  });
}

/** The one member of a gzip file; several are taken by Node, but by no `DecompressionStream`. */
async function unpackReference(bytes: Uint8Array): Promise<Uint8Array> {
  const { unpacked } = await unzip(createGunzip(), bytes);
  const start = gzipHeader(bytes);
  const { used } = await unzip(createInflateRaw(), bytes.subarray(start));
  if (start + used + 8 !== bytes.length) throw new Error("Something comes after its end.");
  return unpacked;
}

/** A file read by others' code: what is there, or nothing if it is none of these. */
async function reference(bytes: Bytes, name: string, rank?: number): Promise<Omit<Idx, "name"> | undefined> {
  let unpacked: Uint8Array = bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      unpacked = await unpackReference(bytes);
    } catch {
      return undefined;
    }
  } else if (name.endsWith(".gz")) return undefined;
  const [a, b, type, axes] = unpacked;
  if (a + b !== 0 || type !== 8 || !axes || (rank !== undefined && rank !== axes)) return undefined;
  const header = 4 * (axes + 1);
  if (unpacked.length < header) return undefined;
  const buffer = new DataView(unpacked.buffer, unpacked.byteOffset);
  const shape = [];
  for (let at = 4; at < header; at += 4) shape.push(buffer.getUint32(at, false));
  const values = shape.map(BigInt).reduce((product, n) => product * n, 1n);
  if (values + BigInt(header) > 2n ** 28n || BigInt(unpacked.length - header) !== values) return undefined;
  return { shape, data: unpacked.slice(header) };
}

/** What is said of a file that is refused. */
const SENTENCE =
  /^file(?:\.gz)? (is not gzip|is not an IDX file|is broken|is cut short|has more bytes|promises|holds an array).+\.$/;

/** Reads a file; what comes is an array, or the sentence that refuses it. */
async function read(bytes: Bytes, name: string, rank?: number): Promise<Idx | string> {
  try {
    return parseIdx(await unpack(bytes, name), name, rank);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/**
 * Damages so many files, and asserts of each that it is read correctly or refused by one sentence, and that others' code
 * agrees which, and that no more than 64 MB are allocated for it.
 */
export async function fuzzIdx(files: number, seed: number): Promise<Fuzzed> {
  const found: Fuzzed = { files: 0, read: 0, refused: {}, allocated: 0 };
  const name = fc.constantFrom("file", "file", "file.gz");
  const rank = fc.constantFrom(undefined, undefined, undefined, 1, 2, 3);
  const cases = fc.tuple(damaged, name, rank);
  await fc.assert(
    fc.asyncProperty(cases, async ([[whole, changes], name, rank]) => {
      let bytes: Bytes = whole;
      for (const change of changes) bytes = await change(bytes);
      const expected = await reference(bytes, name, rank);
      const { result, asked, unpacked } = await counting(() => read(bytes, name, rank));
      found.allocated = Math.max(found.allocated, asked + unpacked);
      assertLess(asked + unpacked, MEMORY);
      found.files++;
      if (typeof result === "string") {
        const [, reason] = SENTENCE.exec(result) ?? [];
        assert(reason && !result.includes("\n") && result.length < 200, result);
        found.refused[reason] = (found.refused[reason] ?? 0) + 1;
        assertEquals(expected && expected.shape, undefined, result);
      } else {
        found.read++;
        assert(expected, "others' code refuses it");
        assertEquals(result.shape, expected.shape);
        assertEquals(result.data.length, expected.data.length);
        assert(result.data.every((value, i) => value === expected.data[i]));
      }
    }),
    {
      numRuns: files,
      seed,
      reporter({ failed, counterexamplePath, errorInstance }) { // fast-check's own would print all bytes of the file
        if (failed) {
          throw new Error(`With seed ${seed}, at ${counterexamplePath}: ${errorInstance}`, { cause: errorInstance });
        }
      },
    },
  );
  return found;
}
