/**
 * What the short and the long tests of checkpoints share: a second reader of their format, written for clearness, files
 * spoilt in every way, and trainings killed.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { InputError } from "../src/errors.ts";
import { type Checkpoint, encode, readCheckpoint } from "../src/training/checkpoints/file.ts";
import { CheckpointDirectory } from "../src/training/checkpoints/directory.ts";
import { granted, ROOT } from "./_run.ts";
import { checkpointOf } from "./_saver.ts";

/** A checkpoint with its numbers as their bits, because no two NaNs are equal, and to most comparisons all are. */
export function bits({ step, facts, numbers }: Checkpoint) {
  const words = numbers.map(({ buffer, byteOffset, length }) => [...new Uint32Array(buffer, byteOffset, length)]);
  return { step, facts, words };
}

/** Asserts that two checkpoints are the same to the bit. */
export function assertSame(found: Checkpoint | undefined, expected: Checkpoint): void {
  assert(found, "there is none");
  assertEquals({ ...found, numbers: 0 }, { ...expected, numbers: 0 });
  assertEquals(found.numbers.length, expected.numbers.length);
  for (const [i, array] of found.numbers.entries()) {
    const [a, b] = [array, expected.numbers[i]].map((x) => new Uint32Array(x.buffer, x.byteOffset, x.length));
    assert(a.length === b.length && a.every((word, j) => word === b[j]), `array ${i} has other bits`);
  }
}

/** The checksum that a file should have. */
function sha256(file: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(file.subarray(48)).digest());
}

/** Another reader of the format, value by value: what a file says, or nothing if it is not whole. */
export function reference(file: Uint8Array): Checkpoint | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < 56) return;
  if (new TextDecoder().decode(file.subarray(0, 16)) !== "VAE checkpoint 1") return;
  if (sha256(file).some((byte, i) => byte !== file[16 + i])) return;
  const [text, count] = [view.getUint32(48, true), view.getUint32(52, true)];
  if (text % 4 || 56 + text + 4 * count !== file.length) return;
  try {
    const { step, lengths, facts } = JSON.parse(new TextDecoder().decode(file.subarray(56, 56 + text)));
    const counts: unknown[] = [step, ...lengths];
    if (!Array.isArray(lengths) || !counts.every((n) => Number.isSafeInteger(n) && (n as number) >= 0)) return;
    if (lengths.reduce((sum, length) => sum + length, 0) !== count) return;
    let at = 56 + text;
    const numbers: Float32Array[] = lengths.map((length: number) => {
      const words = Uint32Array.from({ length }, (_, i) => view.getUint32(at + 4 * i, true));
      at += 4 * length;
      return new Float32Array(words.buffer);
    });
    return { step, facts, numbers };
  } catch {
    // Not JSON, or JSON of something else.
  }
}

/** A file with the checksum that it should have. */
export function seal(file: Uint8Array): Uint8Array {
  const sealed = file.slice();
  if (sealed.length >= 56) sealed.set(sha256(sealed), 16);
  return sealed;
}

/** A file with another text, which the length before it and the count of its numbers fit. */
export function withText(file: Uint8Array, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text + " ".repeat(3));
  const padded = bytes.subarray(0, bytes.length & ~3);
  const old = new DataView(file.buffer, file.byteOffset).getUint32(48, true);
  const result = concat(file.subarray(0, 56), padded, file.subarray(56 + old));
  new DataView(result.buffer).setUint32(48, padded.length, true);
  return result;
}

function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const BASES = await Promise.all([
  { step: 0, facts: null, numbers: [] },
  { step: 5, facts: { a: [1, -0, 1e-310], b: "é" }, numbers: [Float32Array.of(1, -0, NaN), new Float32Array(0)] },
  checkpointOf(7, 40),
].map(encode));

/** Lengths and counts as a wrong head has them: near the right ones, huge, and such that sums overflow 32 bits. */
const word = fc.oneof(
  fc.integer({ min: 0, max: 400 }),
  fc.constantFrom(2 ** 26, 2 ** 29, 2 ** 30, 2 ** 31, 2 ** 32 - 8, 2 ** 32 - 4, 2 ** 32 - 1),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const numeral = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(1e9, 2 ** 31, 2 ** 53, 1e308), fc.jsonValue());

/** Texts as a wrong or hostile file has them. */
const text = fc.oneof(
  fc.json(),
  fc.string(),
  fc.record({ step: numeral, lengths: fc.oneof(fc.array(numeral), numeral), facts: fc.jsonValue() }).map((value) =>
    JSON.stringify(value)
  ),
  fc.constantFrom(
    '{"__proto__":{"step":1,"lengths":[]}}',
    '{"step":1,"lengths":{"__proto__":[],"length":0},"facts":{"__proto__":{"x":1}}}',
    '{"step":1,"lengths":[],"lengths":[1e9]}',
    '{"step":5,"lengths":[3,0],"facts":1}',
    '{"step":5,"lengths":[0,3],"facts":{"__proto__":{"x":1},"constructor":2}}',
    '{"step":5,"lengths":[4,-1],"facts":1}',
    "[".repeat(10_000),
    '{"step":5,"lengths":[3,0],"facts":' + "[".repeat(500) + "]".repeat(500) + "}",
  ),
);

/** Ways to spoil a file. */
const spoil: fc.Arbitrary<(file: Uint8Array) => Uint8Array> = fc.oneof(
  fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 })
    .map((flips) => (file: Uint8Array) => {
      const copy = file.slice();
      for (const [at, change] of flips) copy[at % copy.length] ^= change;
      return copy;
    }),
  fc.nat(1000).map((at) => (file: Uint8Array) => file.slice(0, at % file.length)),
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((more) => (file: Uint8Array) => concat(file, more)),
  fc.tuple(fc.nat(1000), fc.nat(20), fc.uint8Array({ maxLength: 20 })).map(([at, gone, more]) => (file: Uint8Array) =>
    concat(file.subarray(0, at % file.length), more, file.subarray(at % file.length + gone))
  ),
  fc.tuple(fc.constantFrom(48, 52), word).map(([at, value]) => (file: Uint8Array) => {
    const copy = file.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return copy;
  }),
  text.map((text) => (file: Uint8Array) => withText(file, text)),
  fc.tuple(fc.maxSafeNat(), fc.nat(), fc.jsonValue()).map(([step, part, facts]) => (file: Uint8Array) => {
    const count = new DataView(file.buffer).getUint32(52, true);
    const lengths = [part % (count + 1), 0, count - part % (count + 1)]; // they fit, so this is whole if it is sealed
    return withText(file, JSON.stringify({ step, lengths, facts }));
  }),
  fc.uint8Array({ maxLength: 300 }).map((noise) => () => noise),
);

/** Whether Linux says what memory this process takes; Deno lets only those see it who may do everything. */
const seesMemory = Deno.build.os === "linux" && await granted({ name: "write", path: "/proc/self/clear_refs" }) &&
  await Deno.writeTextFile("/proc/self/clear_refs", "5").then(() => true, () => false);

/** What {@linkcode fuzz} found. */
export interface Fuzzed {
  /** How many files were read, although spoilt: right checksum, right form. */
  read: number;
  /** How many were refused. */
  refused: number;
  /** The most bytes that were asked for at once. */
  largest: number;
  /** The most memory that the process grew by while a file was read, in MB, as Linux says it; 0 where nobody says it. */
  grown: number;
}

/**
 * Spoils files in so many ways, half of them with a right checksum all the same, and asserts of each that it is refused in a
 * sentence or says what the other reader says; every tenth is stretched (sparse) to as much as 2 GiB.
 */
export async function fuzz(directory: string, runs: number, seed: number): Promise<Fuzzed> {
  const found: Fuzzed = { read: 0, refused: 0, largest: 0, grown: 0 };
  const path = `${directory}/step-00000001.checkpoint`;
  const stretch = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 2 ** 31 }),
  });
  const cases = fc.asyncProperty(
    fc.constantFrom(...BASES),
    spoil,
    fc.boolean(),
    stretch,
    async (base, spoil, sealed, size) => {
      const file = sealed ? seal(spoil(base)) : spoil(base);
      await Deno.writeFile(path, file);
      if (size > file.length) await Deno.truncate(path, size);
      const expected = size > file.length ? undefined : reference(file);
      const before = memory("VmRSS");
      forgetPeak();
      const [outcome, largest] = await measured(() => readCheckpoint(path).catch((error: Error) => error));
      found.grown = Math.max(found.grown, memory("VmHWM") - before);
      found.largest = Math.max(found.largest, largest);
      if (outcome instanceof Error) {
        assert(outcome instanceof InputError, outcome.stack);
        assert(outcome.message.startsWith(`${path} is damaged: `) && !expected, outcome.message);
        found.refused++;
      } else {
        assertEquals(bits(outcome), bits(expected!));
        found.read++;
      }
    },
  );
  await fc.assert(cases, { numRuns: runs, seed });
  return found;
}

/** What Linux says of this process's memory, in MB: what it has (VmRSS), or the most since the last {@linkcode forgetPeak}. */
function memory(what: "VmRSS" | "VmHWM"): number {
  if (!seesMemory) return 0;
  return Number(Deno.readTextFileSync("/proc/self/status").match(`${what}:\\s*(\\d+)`)![1]) / 1000;
}

function forgetPeak(): void {
  if (seesMemory) Deno.writeTextFileSync("/proc/self/clear_refs", "5");
}

/** Runs something, and also returns the largest number of bytes that it asked for at once, whether or not it touched them. */
export async function measured<T>(run: () => Promise<T>): Promise<[T, number]> {
  let largest = 0;
  const { Uint8Array, Float32Array } = globalThis;
  const count = <C extends typeof Uint8Array | typeof Float32Array>(type: C): C =>
    new Proxy(type, {
      construct(target, args) {
        if (typeof args[0] === "number") largest = Math.max(largest, args[0] * target.BYTES_PER_ELEMENT);
        return Reflect.construct(target, args);
      },
    });
  try {
    Object.assign(globalThis, { Uint8Array: count(Uint8Array), Float32Array: count(Float32Array) });
    return [await run(), largest];
  } finally {
    Object.assign(globalThis, { Uint8Array, Float32Array });
  }
}

/** Starts test/_saver.ts, with the permissions that the directory takes and no others. */
export function saver(directory: string, what: string): Deno.Command {
  const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
  const args = ["run", "--no-prompt", ...permissions, "test/_saver.ts", directory, what];
  return new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null", stdout: "piped", stderr: "inherit" });
}

/**
 * Starts a program that saves checkpoint after checkpoint, kills it with SIGKILL within 300 ms after it began, and so on in
 * the same directory. Asserts after each kill that the newest checkpoint is whole and no step before the last one that the
 * program had said was saved.
 *
 * @returns How many kills left a file half written, and how many checkpoints were saved in all.
 */
export async function killAgainAndAgain(directory: string, kills: number): Promise<{ torn: number; saved: number }> {
  let [torn, saved] = [0, 0];
  for (let kill = 0; kill < kills; kill++) {
    const child = saver(directory, "forever").spawn();
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (!said) setTimeout(() => child.kill("SIGKILL"), Math.random() * 300); // any moment: no seed could repeat it
      said += text;
    }
    assertEquals((await child.status).signal, "SIGKILL", said);
    const lines = said.split("\n").slice(1, -1); // after "ready"; the last is not whole, if it is anything
    const last = lines.length ? Number(lines.at(-1)) : saved;
    torn += Array.from(Deno.readDirSync(directory)).filter(({ name }) => name.endsWith(".partial")).length;
    using checkpoints = await CheckpointDirectory.open(directory, true);
    assertEquals(checkpoints.passedOver, []);
    const step = checkpoints.found?.step ?? 0;
    assert(step === last || step === last + 1, `step ${step} is there, and step ${last} was saved`);
    if (step > 0) assertSame(checkpoints.found, checkpointOf(step));
    saved = step;
  }
  return { torn, saved };
}
