/**
 * Reads IDX, the format of MNIST (LeCun, Cortes and Burges 1998), compressed with gzip or not.
 *
 * A file consists of two zero bytes, the type of its values (8 for unsigned bytes), its rank, one big-endian 32-bit
 * size per axis, and the values in row-major order, also big-endian.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { gunzip, isGzip, LIMIT, limitText } from "./bounded.ts";
import { foreignKind } from "./foreign.ts";
import { KINDS, type NumberArray, readNumbers } from "./numbers.ts";

/** An array of unsigned bytes from an IDX file. */
export interface Idx {
  /** Its name, for messages. */
  readonly name: string;
  /** Its shape, such as `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** Its values in row-major order. */
  readonly data: Uint8Array;
}

/** The types of values, with NumPy's names. */
const TYPES: Readonly<Record<number, string>> = { 8: "u1", 9: "i1", 11: "i2", 12: "i4", 13: "f4", 14: "f8" };

/** A rank in words, with what MNIST's files of that rank hold. */
const rankText = (rank: number) => `rank ${rank}${["", " (labels)", " (factors)", " (images)"][rank] ?? ""}`;

/**
 * Unpacks an IDX file if it is packed. It unpacks no more than the header promises, and allocates memory only for the
 * bytes that are there, so a small file cannot fill the memory.
 *
 * @param bytes The file, in gzip or not. If its name ends in `.gz`, it must be gzip.
 * @param name The file's name, for messages.
 * @returns The unpacked file, or `bytes` itself if it was not packed.
 * @throws {InputError} If its name ends in `.gz` but it is not gzip, its gzip stream is cut short or corrupt, or its
 * header is wrong.
 * @example
 * ```ts ignore
 * import { parseIdx, unpack } from "@vae/steps";
 *
 * const name = "train-images-idx3-ubyte.gz";
 * const images = parseIdx(await unpack(await Deno.readFile(name), name), name, 3);
 * ```
 */
export async function unpack(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!isGzip(bytes)) {
    if (!name.endsWith(".gz")) return bytes;
    const foreign = bytes.length > 0 && foreignKind(bytes);
    const what = foreign ? `is ${foreign}` : `begins with ${hex(bytes.subarray(0, 2))}, expected 1f 8b`;
    throw new InputError(`${name} is not gzip: it ${what}.`);
  }
  const { size } = readHeader(await unzip(bytes, name, HEADER), name);
  return unzip(bytes, name, size + 1); // one more byte, so that a file that is too long is refused
}

/** The largest size of a header in bytes. */
export const HEADER = 4 + 4 * 255;

/** Whether bytes start like an IDX file of any type. */
export function isIdx([zero, zeroToo, type = 0, rank = 0]: Uint8Array): boolean {
  return zero === 0 && zeroToo === 0 && type in TYPES && rank > 0;
}

/**
 * Reads an unpacked IDX file of unsigned bytes.
 *
 * @param bytes The file, unpacked with {@linkcode unpack}.
 * @param name The file's name, for messages.
 * @param rank The expected rank, such as 3 for images and 1 for labels; any rank if it is not given.
 * @returns The array, whose values share the memory of `bytes`.
 * @throws {InputError} If it is not an IDX file of bytes or has another rank, or if the size of the file does not match
 * its header.
 * @example
 * ```ts
 * import { parseIdx } from "@vae/steps";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9); // rank 1, two values
 * assertEquals(parseIdx(bytes, "two.idx").data, Uint8Array.of(7, 9));
 * ```
 */
export function parseIdx(bytes: Uint8Array, name: string, rank?: number): Idx {
  if (!(isIdx(bytes) && bytes[2] === 8)) throw notBytes(bytes, name, rank);
  const { shape, start, size } = readHeader(bytes, name, rank);
  assertSize(bytes, name, size);
  return { name, shape, data: bytes.subarray(start) };
}

/**
 * Reads an unpacked IDX file of numbers of any type.
 *
 * @param bytes The file, unpacked with {@linkcode unpack}.
 * @param name The file's name, for messages.
 * @throws {InputError} If it is not an IDX file, or if the size of the file does not match its header.
 */
export function parseIdxOfAnyType(bytes: Uint8Array, name: string): NumberArray {
  const { shape, start, size, kind } = readHeader(bytes, name);
  assertSize(bytes, name, size);
  return { name, shape, data: readNumbers(bytes.subarray(start), kind, false), kind: kind.words };
}

/** Checks that a file has as many bytes as its header promises. */
function assertSize({ length }: Uint8Array, name: string, size: number): void {
  if (length < size) {
    throw new InputError(`${name} is cut short: it has ${length} bytes of the ${size} that its header promises.`);
  }
  if (length > size) throw new InputError(`${name} has more bytes than the ${size} that its header promises.`);
}

/** The error for a file that is not IDX, or not of bytes. */
function notBytes(bytes: Uint8Array, name: string, rank?: number): InputError {
  const kind = isIdx(bytes) ? ` (${kindOf(bytes).words})` : "";
  const wanted = rank === undefined ? "00 00 08 and its rank" : hex([0, 0, 8, rank]);
  const begins = `it begins with ${hex(bytes.subarray(0, 4))}${kind}`;
  return new InputError(`${name} is not an IDX file of bytes: ${begins}, expected ${wanted}.`);
}

/** The kind of numbers that a header names. */
const kindOf = (bytes: Uint8Array) => KINDS[TYPES[bytes[2]!]!]!; // checked by isIdx

/** Reads the header: the shape, the kind of numbers, where they start, and the size of the whole file in bytes. */
function readHeader(bytes: Uint8Array, name: string, rank?: number) {
  if (!isIdx(bytes)) throw notBytes(bytes, name, rank);
  const [, , , found = 0] = bytes;
  if (rank !== undefined && found !== rank) throw wrongRank(name, found, rank);
  const start = 4 + 4 * found;
  if (bytes.length < start) {
    throw new InputError(`${name} is cut short: it has ${bytes.length} of the ${start} bytes of its header.`);
  }
  const kind = kindOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const sizesIn = (little: boolean) => Array.from({ length: found }, (_, axis) => view.getUint32(4 + 4 * axis, little));
  const sizeOf = (shape: number[]) => shape.reduce((product, n) => product * n, kind.bytes) + start;
  const shape = sizesIn(false);
  const size = sizeOf(shape);
  if (size <= LIMIT) return { shape, start, size, kind };
  const sizesText = (shape: number[]) => [...shape.slice(0, 4), ...(found > 4 ? ["…"] : [])].join(" x ");
  const sizes = sizesText(shape);
  const swapped = sizesIn(true);
  if (!swapped.includes(0) && sizeOf(swapped) <= LIMIT) {
    const order = `its sizes, ${sizesText(swapped)}, are little-endian, but IDX is big-endian`;
    throw new InputError(`${name} promises ${sizes} bytes: ${order}.`);
  }
  throw new InputError(`${name} promises ${sizes} bytes, ${limitText}.`);
}

/** The error for an array of an unexpected rank. */
export function wrongRank(name: string, found: number, wanted: number): InputError {
  return new InputError(`${name} holds an array of ${rankText(found)}; expected ${rankText(wanted)}.`);
}

/** Unpacks gzip, up to `atMost` bytes. */
async function unzip(bytes: Uint8Array<ArrayBuffer>, name: string, atMost: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await gunzip(bytes, atMost);
  } catch (cause) {
    throw new InputError(`${name} is broken: its gzip stream is cut short or corrupt.`, { cause });
  }
}

/** Bytes in hexadecimal, such as `1f 8b`, for messages. */
const hex = (bytes: ArrayLike<number>) =>
  bytes.length ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ") : "nothing";
