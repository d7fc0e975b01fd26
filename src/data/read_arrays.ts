/**
 * Reads the arrays in a file, whose format its first bytes tell.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { gunzip, isGzip } from "./bounded.ts";
import { imagesInCsv } from "./csv_images.ts";
import { foreignKind } from "./foreign.ts";
import { HEADER, isIdx, parseIdx, parseIdxOfAnyType, unpack } from "./idx.ts";
import type { LabelArray } from "./labels.ts";
import { isNpy, parseNpy } from "./npy.ts";
import { parseNpz } from "./npz_arrays.ts";
import type { NumberArray } from "./numbers.ts";
import { readPacked, unpackWhole } from "./read_file.ts";

/** An array in a file. */
export interface FileArray {
  /** Its name in the file; `undefined` if the file has no names. */
  readonly title?: string;
  /** Whether it holds images or labels, if the format tells. */
  readonly part?: "images" | "labels";
  /** The array. */
  readonly array: NumberArray | LabelArray;
}

/**
 * Reads the arrays in a file: one from IDX or `.npy`, all from `.npz`, pixels and perhaps labels from CSV.
 *
 * @param path The path of the file, which may be compressed with gzip.
 * @param wanted What should be there, as the rest of a sentence.
 * @param rank The expected rank of an IDX file, for messages.
 * @throws {InputError} If it is something else. The message says what it is.
 * @throws {EnvironmentError} If permission to read is missing.
 */
export async function readArrays(path: string, wanted: string, rank: number): Promise<FileArray[]> {
  const bytes = await unpacked(await readPacked(path, wanted), path);
  if (isIdx(bytes)) return [{ array: parseIdxOfAnyType(bytes, path) }];
  if (isNpy(bytes)) return [{ array: parseNpy(bytes, path) }];
  const arrays = await parseNpz(bytes, path);
  if (arrays) return arrays;
  if (isGzip(bytes)) throw new InputError(`${path} is compressed twice: decompress it once.`);
  if (reversedIdx(bytes)) {
    throw new InputError(`${path} is an IDX file whose numbers are little-endian; expected big-endian.`);
  }
  const foreign = bytes.length > 0 && foreignKind(bytes);
  if (foreign) throw new InputError(`${path} is ${foreign}.`);
  // Throws an error that shows the first bytes.
  if (!isText(bytes)) return [{ array: { ...parseIdx(bytes, path, rank), kind: "bytes" } }];
  const { images, labels } = await imagesInCsv(bytes, path);
  return [{ part: "images", array: images }, ...(labels ? [{ part: "labels" as const, array: labels }] : [])];
}

/** Unpacks a file if it is packed; for IDX, no more than its header promises. */
async function unpacked(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (isIdx(bytes) || isNpy(bytes)) return bytes; // a browser may have unpacked it without changing its name
  if (!isGzip(bytes)) return await unpack(bytes, path); // refuses a file that is named .gz but is not gzip
  const start = await gunzip(bytes, HEADER).catch(() => new Uint8Array());
  return isIdx(start) ? await unpack(bytes, path) : await unpackWhole(bytes, path);
}

/** Whether bytes start like an IDX file of bytes whose 32-bit numbers are all in the wrong byte order. */
function reversedIdx([rank = 0, type, zero, zeroToo]: Uint8Array): boolean {
  return rank > 0 && rank < 5 && type === 8 && zero === 0 && zeroToo === 0;
}

/** Whether the first bytes look like text. */
function isText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 1000);
  return start.length > 0 && !start.some((byte) => byte < 9 || (byte > 13 && byte < 32));
}
