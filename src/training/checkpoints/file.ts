/**
 * One checkpoint in one file. Reading it returns exactly what was saved, or throws.
 *
 * A file consists of the 16 bytes `VAE checkpoint 1`; the 32 bytes of the SHA-256 of everything that follows; two
 * unsigned 32-bit integers, the length of the text in bytes and the count of the numbers; the text, which is JSON
 * padded with spaces to a multiple of four bytes; and the numbers, float32. Everything is little-endian, as is every
 * machine that Deno runs on.
 *
 * @module
 */
import { reading } from "../../disk/read.ts";
import { InputError } from "../../errors.ts";

/** The state of a training run. */
export interface Checkpoint {
  /** The number of steps taken so far. */
  step: number;
  /**
   * Any value that JSON can represent; its numbers are float64 and are restored exactly. Whoever reads a file must
   * check it.
   */
  facts: unknown;
  /** Float32 arrays in an order that training defines; they are restored bit for bit. */
  numbers: Float32Array[];
}

const MAGIC = new TextEncoder().encode("VAE checkpoint 1");
const [HASHED, TEXT] = [48, 56]; // the offsets of the hashed part and of the text

/** The size limit for writing and reading: 256 MiB, enough for 20 million weights with Adam's moments. */
const LIMIT = 2 ** 28;

/**
 * Encodes a checkpoint as a file. It reads its argument before it returns the promise, so the argument may change after
 * that.
 *
 * @throws {RangeError} If the step is not a whole number of at least 0, or a number among the facts is not finite,
 * which JSON cannot represent.
 * @throws {InputError} If the file would exceed the size limit.
 */
export function encode({ step, facts, numbers }: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  if (!isCount(step)) {
    throw new RangeError(`The step of a checkpoint must be a whole number of at least 0, not ${step}.`);
  }
  const json = JSON.stringify({ step, lengths: numbers.map(({ length }) => length), facts }, exactly);
  const text = new TextEncoder().encode(json);
  const start = TEXT + Math.ceil(text.length / 4) * 4;
  const count = numbers.reduce((sum, { length }) => sum + length, 0);
  const size = start + 4 * count;
  if (size > LIMIT) {
    throw new InputError(
      `The checkpoint of step ${step} would have ${size} bytes, more than the limit of ${LIMIT}.`,
    );
  }
  const file = new Uint8Array(size);
  file.set(MAGIC);
  file.set(text, TEXT);
  file.fill(32, TEXT + text.length, start);
  const head = new DataView(file.buffer);
  head.setUint32(HASHED, start - TEXT, true);
  head.setUint32(HASHED + 4, count, true);
  let at = start;
  for (const { buffer, byteOffset, byteLength } of numbers) {
    // As bytes, because copying floats may change the bits of a NaN.
    file.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return hash(file).then((sum) => (file.set(sum, MAGIC.length), file));
}

/**
 * Reads the file of a checkpoint. It allocates no more memory than the size of the file, and none for the data before
 * the size matches the header.
 *
 * @param path The path of the file.
 * @returns The saved checkpoint; its arrays share one buffer.
 * @throws {InputError} If it is damaged: not a file, incomplete or changed.
 * @throws {EnvironmentError} If it cannot be read, so that it is unknown whether it is intact.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return await reading(path, async () => {
    try {
      const { isFile, size } = await Deno.lstat(path); // does not follow links; opening a pipe would block
      if (!isFile) throw new Damage("it is not a file");
      if (size < TEXT) throw new Damage(`it has ${size} bytes, fewer than any checkpoint has`);
      using file = await Deno.open(path);
      const length = textLength(await read(file, TEXT), size);
      await file.seek(0, Deno.SeekMode.Start);
      return await decode(await read(file, size), length);
    } catch (cause) {
      if (!(cause instanceof Damage)) throw cause;
      throw new InputError(`${path} is damaged: ${cause.message}.`, { cause });
    }
  });
}

/** What is wrong with the contents of a file. */
class Damage extends Error {}

/** Checks the first bytes against the size of the file, and returns the length of the text. */
function textLength(head: Uint8Array<ArrayBuffer>, size: number): number {
  if (!MAGIC.every((byte, i) => byte === head[i])) throw new Damage("it does not start like a checkpoint");
  const view = new DataView(head.buffer);
  const [length, count] = [view.getUint32(HASHED, true), view.getUint32(HASHED + 4, true)];
  const promised = TEXT + length + 4 * count;
  if (promised !== size) throw new Damage(`it has ${size} bytes, but its header promises ${promised}`);
  if (size > LIMIT) throw new Damage(`it has ${size} bytes, more than the limit of ${LIMIT}`);
  if (length % 4 !== 0) throw new Damage("its text is not padded");
  return length;
}

/** Decodes a complete file. */
async function decode(file: Uint8Array<ArrayBuffer>, length: number): Promise<Checkpoint> {
  const sum = await hash(file);
  if (!sum.every((byte, i) => byte === file[MAGIC.length + i])) throw new Damage("its checksum is wrong");
  let at = TEXT + length;
  const { step, lengths, facts } = Object(parse(new TextDecoder().decode(file.subarray(TEXT, at))));
  if (!isCount(step)) throw new Damage("it has no step");
  if (!Array.isArray(lengths) || !lengths.every(isCount)) throw new Damage("its arrays have no lengths");
  if (at + 4 * lengths.reduce((sum, n) => sum + n, 0) !== file.length) throw new Damage("its arrays do not fill it");
  const numbers = lengths.map((length) => {
    const array = new Float32Array(file.buffer, at, length);
    at += array.byteLength;
    return array;
  });
  return { step, facts, numbers };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Damage((cause as Error).message, { cause });
  }
}

/** The checksum of a file: the SHA-256 of everything after the checksum itself. */
async function hash(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", file.subarray(HASHED)));
}

/** Reads exactly `length` bytes from a file. */
async function read(file: Deno.FsFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const more = await file.read(bytes.subarray(at));
    if (more === null) throw new Damage("it became shorter while it was read");
    at += more;
  }
  return bytes;
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * A replacer for `JSON.stringify`, which would otherwise lose the sign of -0 and write null for numbers that are not
 * finite.
 */
function exactly(key: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) {
    throw new RangeError(`The facts of a checkpoint must be finite, but "${key}" is ${value}.`);
  }
  return Object.is(value, -0) ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON("-0") : value;
}
