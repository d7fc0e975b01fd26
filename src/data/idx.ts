/**
 * IDX, the format of MNIST (LeCun, Cortes and Burges 1998), as the internet has it: packed by gzip or not, whole or not.
 *
 * A file is two zero bytes, the type of its values (8: unsigned bytes, the only one read here), its rank, one big-endian
 * 32-bit size an axis, then the values, last axis fastest.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { gunzip, isGzip, LIMIT, limitText } from "./bounded.ts";

/** An array of unsigned bytes from an IDX file. */
export interface Idx {
  /** Where it came from, for messages. */
  readonly name: string;
  /** Its sizes, such as `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** Its values, last axis fastest. */
  readonly data: Uint8Array;
}

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
    throw new InputError(`${name} is not gzip: it begins with ${hex(bytes.subarray(0, 2))}, where 1f 8b is wanted.`);
  }
  const { size } = readHeader(await unzip(bytes, name, 4 + 4 * 255), name);
  return unzip(bytes, name, size + 1); // one too many is enough for a file that is too long to be refused
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
  const { shape, start, size } = readHeader(bytes, name, rank);
  if (bytes.length < size) {
    throw new InputError(`${name} is cut short: it has ${bytes.length} bytes of the ${size} that its header promises.`);
  }
  if (bytes.length > size) throw new InputError(`${name} has more bytes than the ${size} that its header promises.`);
  return { name, shape, data: bytes.subarray(start) };
}

/** Reads the header: the shape, where the values start, and the size of the whole file in bytes. */
function readHeader(bytes: Uint8Array, name: string, rank?: number) {
  const [zero, zeroToo, type, found = 0] = bytes;
  if (zero !== 0 || zeroToo !== 0 || type !== 8 || !(found > 0)) {
    throw new InputError(
      `${name} is not an IDX file of bytes: it begins with ${hex(bytes.subarray(0, 4))}, where ${
        rank === undefined ? "00 00 08 and its rank are" : `${hex([0, 0, 8, rank])} is`
      } wanted.`,
    );
  }
  if (rank !== undefined && found !== rank) {
    throw new InputError(
      `${name} holds an array of ${rankText(found)}, where ${rankText(rank)} is wanted.`,
    );
  }
  const start = 4 + 4 * found;
  if (bytes.length < start) {
    throw new InputError(`${name} is cut short: it has ${bytes.length} of the ${start} bytes of its header.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: found }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, n) => product * n, 1) + start;
  if (!(size <= LIMIT)) {
    const sizes = [...shape.slice(0, 4), ...(found > 4 ? ["…"] : [])].join(" x ");
    throw new InputError(`${name} promises ${sizes} bytes, ${limitText}.`);
  }
  return { shape, start, size };
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
