/**
 * One checkpoint in one file, which is either what was saved, to the bit, or refused.
 *
 * A file is 16 bytes `VAE checkpoint 1`; 32 bytes, the SHA-256 of all that follows; two unsigned 32-bit integers, the
 * length of the text and how many numbers there are; the text, which is JSON padded with spaces to a multiple of four
 * bytes; the numbers, float32. Everything is little-endian, as is every machine that Deno runs on.
 *
 * @module
 */
import { reading } from "../../disk/read.ts";
import { InputError } from "../../errors.ts";

/** Where a training stands. */
export interface Checkpoint {
  /** Steps taken so far. */
  step: number;
  /** Whatever JSON can say; its numbers are float64 and come back exactly. What is in a file, its reader must check. */
  facts: unknown;
  /** Float32 arrays in an order that the training knows; they come back to the bit. */
  numbers: Float32Array[];
}

const MAGIC = new TextEncoder().encode("VAE checkpoint 1");
const [HASHED, TEXT] = [48, 56]; // where the hashed part begins, and the text

/** No file is larger (256 MiB: a model of 20 million weights with Adam's moments), and no larger one is read. */
const LIMIT = 2 ** 28;

/**
 * The file of a checkpoint. All that is read of it is read before this function returns its promise: it may change then.
 *
 * @throws {RangeError} If the step is not a count, or a number among the facts is not finite, which JSON cannot say.
 * @throws {InputError} If the file would be larger than any that is read.
 */
export function encode({ step, facts, numbers }: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  if (!isCount(step)) throw new RangeError(`The step of a checkpoint is a whole number from 0, not ${step}.`);
  const json = JSON.stringify({ step, lengths: numbers.map(({ length }) => length), facts }, exactly);
  const text = new TextEncoder().encode(json);
  const start = TEXT + Math.ceil(text.length / 4) * 4;
  const count = numbers.reduce((sum, { length }) => sum + length, 0);
  const size = start + 4 * count;
  if (size > LIMIT) {
    throw new InputError(
      `The checkpoint of step ${step} would have ${size} bytes, more than the ${LIMIT} it may have.`,
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
    file.set(new Uint8Array(buffer, byteOffset, byteLength), at); // bytes, because a NaN has bits that a float may lose
    at += byteLength;
  }
  return hash(file).then((sum) => (file.set(sum, MAGIC.length), file));
}

/**
 * Reads the file of a checkpoint. No more memory is taken than the file is long, and none before its length is what its
 * first bytes promise.
 *
 * @param path Where it is.
 * @returns What was saved; the numbers share one buffer.
 * @throws {InputError} If it is damaged: no file, or not whole.
 * @throws {EnvironmentError} If it cannot be read: nobody knows then whether it is whole.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return await reading(path, async () => {
    try {
      const { isFile, size } = await Deno.lstat(path); // of a link itself; opening a pipe would wait for its other end
      if (!isFile) throw new Damage("it is not a file");
      if (size < TEXT) throw new Damage(`it has ${size} bytes, fewer than any checkpoint`);
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

/** The length of the text, once the first bytes are those of a checkpoint of this size. */
function textLength(head: Uint8Array<ArrayBuffer>, size: number): number {
  if (!MAGIC.every((byte, i) => byte === head[i])) throw new Damage("it does not begin as a checkpoint does");
  const view = new DataView(head.buffer);
  const [length, count] = [view.getUint32(HASHED, true), view.getUint32(HASHED + 4, true)];
  const promised = TEXT + length + 4 * count;
  if (promised !== size) throw new Damage(`it has ${size} bytes, where ${promised} are promised`);
  if (size > LIMIT) throw new Damage(`it has ${size} bytes, more than the ${LIMIT} that are read`);
  if (length % 4 !== 0) throw new Damage("its text is not padded");
  return length;
}

/** What a whole file says. */
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

/** The checksum of a file: of all after the place where it stands itself. */
async function hash(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", file.subarray(HASHED)));
}

/** The next so many bytes of a file. */
async function read(file: Deno.FsFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const more = await file.read(bytes.subarray(at));
    if (more === null) throw new Damage("it ended while it was read");
    at += more;
  }
  return bytes;
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** For `JSON.stringify`, which alone would lose the sign of -0 and write null for what is not finite. */
function exactly(key: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) throw new RangeError(`The facts of a checkpoint are finite, and "${key}" is ${value}.`);
  return Object.is(value, -0) ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON("-0") : value;
}
