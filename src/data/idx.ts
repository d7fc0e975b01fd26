/**
 * IDX, the format of MNIST (LeCun, Cortes and Burges 1998), as the internet has it: packed by gzip or not, whole or not.
 *
 * A file is two zero bytes, the type of its values (8: unsigned bytes), its rank, one big-endian 32-bit size an axis, then
 * the values, last axis fastest, big-endian too.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { gunzip, isGzip, LIMIT, limitText } from "./bounded.ts";
import { foreignKind } from "./foreign.ts";
import { KINDS, type NumberArray, readNumbers } from "./numbers.ts";

/** An array of unsigned bytes from an IDX file. */
export interface Idx {
  /** Where it came from, for messages. */
  readonly name: string;
  /** Its sizes, such as `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** Its values, last axis fastest. */
  readonly data: Uint8Array;
}

/** The types of values, each by NumPy's name for it. */
const TYPES: Readonly<Record<number, string>> = { 8: "u1", 9: "i1", 11: "i2", 12: "i4", 13: "f4", 14: "f8" };

/** A rank, and what files of MNIST's form hold in it. */
const rankText = (rank: number) => `rank ${rank}${["", " (labels)", " (factors)", " (images)"][rank] ?? ""}`;

/**
 * Unpacks an IDX file where it is packed. No more is unpacked than its header promises, and memory is taken for
 * what is there alone, so a small file cannot fill it.
 *
 * @param bytes The file, gzip or not; a name that ends in `.gz` demands gzip.
 * @param name The file's name, for messages.
 * @returns The unpacked file, or `bytes` itself if it was not packed.
 * @throws {InputError} If it is not gzip though named so, its gzip stream is cut short or corrupt, or its header is wrong.
 */
export async function unpack(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!isGzip(bytes)) {
    if (!name.endsWith(".gz")) return bytes;
    const foreign = bytes.length > 0 && foreignKind(bytes);
    const what = foreign ? `is ${foreign}` : `begins with ${hex(bytes.subarray(0, 2))}, where 1f 8b is wanted`;
    throw new InputError(`${name} is not gzip: it ${what}.`);
  }
  const { size } = readHeader(await unzip(bytes, name, HEADER), name);
  return unzip(bytes, name, size + 1); // one too many is enough for a file that is too long to be refused
}

/** No header has more bytes. */
export const HEADER = 4 + 4 * 255;

/** Whether bytes begin as an IDX file does, of any type. */
export function isIdx([zero, zeroToo, type = 0, rank = 0]: Uint8Array): boolean {
  return zero === 0 && zeroToo === 0 && type in TYPES && rank > 0;
}

/**
 * Reads an unpacked IDX file of unsigned bytes.
 *
 * @param bytes The file, see {@linkcode unpack}.
 * @param name The file's name, for messages.
 * @param rank The rank wanted, such as 3 for images and 1 for labels; any if left out.
 * @returns The array; its values share the memory of `bytes`.
 * @throws {InputError} If the header is not that of IDX, of bytes, or of this rank, or if the file has fewer or more bytes
 * than it says.
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
 * @param bytes The file, see {@linkcode unpack}.
 * @param name The file's name, for messages.
 * @throws {InputError} If the header is not that of IDX, or if the file has fewer or more bytes than it says.
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

/** What to throw where a file is not IDX, or not of bytes. */
function notBytes(bytes: Uint8Array, name: string, rank?: number): InputError {
  const kind = isIdx(bytes) ? ` (${kindOf(bytes).words})` : "";
  const wanted = rank === undefined ? "00 00 08 and its rank are" : `${hex([0, 0, 8, rank])} is`;
  const begins = `it begins with ${hex(bytes.subarray(0, 4))}${kind}`;
  return new InputError(`${name} is not an IDX file of bytes: ${begins}, where ${wanted} wanted.`);
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
  const sizes = [...shape.slice(0, 4), ...(found > 4 ? ["…"] : [])].join(" x ");
  const swapped = sizesIn(true);
  if (!swapped.includes(0) && sizeOf(swapped) <= LIMIT) {
    const order = `its sizes, ${swapped.join(" x ")}, are little-endian, where IDX has big-endian`;
    throw new InputError(`${name} promises ${sizes} bytes: ${order}.`);
  }
  throw new InputError(`${name} promises ${sizes} bytes, ${limitText}.`);
}

/** What to throw where an array has another rank than is wanted. */
export function wrongRank(name: string, found: number, wanted: number): InputError {
  return new InputError(`${name} holds an array of ${rankText(found)}, where ${rankText(wanted)} is wanted.`);
}

/** Unpacks gzip, and stops once there are `atMost` bytes. */
async function unzip(bytes: Uint8Array<ArrayBuffer>, name: string, atMost: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await gunzip(bytes, atMost);
  } catch (cause) {
    throw new InputError(`${name} is broken: its gzip stream is cut short or corrupt.`, { cause });
  }
}

/** Bytes as messages show them: `1f 8b`. */
const hex = (bytes: ArrayLike<number>) =>
  bytes.length ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ") : "nothing";
