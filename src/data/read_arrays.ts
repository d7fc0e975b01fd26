/**
 * The arrays in a file, whatever its form, which its first bytes tell.
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
  /** What it is called there; undefined if the file has no names. */
  readonly title?: string;
  /** What it holds, where the file's form says it. */
  readonly part?: "images" | "labels";
  /** The array itself. */
  readonly array: NumberArray | LabelArray;
}

/**
 * Reads the arrays in a file: one in IDX or `.npy`, all in `.npz`, pixels and perhaps labels in CSV.
 *
 * @param path The file, packed by gzip or not.
 * @param wanted What should be there, as the rest of a sentence.
 * @param rank How many axes an IDX file is expected to have, for messages.
 * @throws {InputError} If it cannot be read; the message names what it is instead.
 * @throws {EnvironmentError} If the permission is missing.
 */
export async function readArrays(path: string, wanted: string, rank: number): Promise<FileArray[]> {
  const bytes = await unpacked(await readPacked(path, wanted), path);
  if (isIdx(bytes)) return [{ array: parseIdxOfAnyType(bytes, path) }];
  if (isNpy(bytes)) return [{ array: parseNpy(bytes, path) }];
  const arrays = await parseNpz(bytes, path);
  if (arrays) return arrays;
  if (isGzip(bytes)) throw new InputError(`${path} is packed twice: unpack it once.`);
  if (reversedIdx(bytes)) {
    throw new InputError(`${path} is an IDX file whose numbers are little-endian, where big-endian is wanted.`);
  }
  const foreign = bytes.length > 0 && foreignKind(bytes);
  if (foreign) throw new InputError(`${path} is ${foreign}.`);
  if (!isText(bytes)) return [{ array: { ...parseIdx(bytes, path, rank), kind: "bytes" } }]; // it says how it begins
  const { images, labels } = await imagesInCsv(bytes, path);
  return [{ part: "images", array: images }, ...(labels ? [{ part: "labels" as const, array: labels }] : [])];
}

/** Unpacks a file where it is packed: IDX no further than its header promises. */
async function unpacked(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (isIdx(bytes) || isNpy(bytes)) return bytes; // a browser has unpacked it, and left its name
  if (!isGzip(bytes)) return await unpack(bytes, path); // which says what is not gzip, though named so
  const start = await gunzip(bytes, HEADER).catch(() => new Uint8Array());
  return isIdx(start) ? await unpack(bytes, path) : await unpackWhole(bytes, path);
}

/** Whether bytes begin as an IDX file of bytes does whose 32-bit numbers were all written in the other order. */
function reversedIdx([rank = 0, type, zero, zeroToo]: Uint8Array): boolean {
  return rank > 0 && rank < 5 && type === 8 && zero === 0 && zeroToo === 0;
}

/** Whether bytes are text, by how they begin. */
function isText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 1000);
  return start.length > 0 && !start.some((byte) => byte < 9 || (byte > 13 && byte < 32));
}
