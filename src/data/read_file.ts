/**
 * A file of data from the disk, unpacked.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { gunzip, isGzip, LIMIT, limitText } from "./bounded.ts";

/** A file: its full name, for messages, and its bytes. */
export interface DataFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads a file, and unpacks it where it is packed by gzip. Neither one without end, such as a device, is read, nor one
 * that is too long.
 *
 * @param path Where it is.
 * @param wanted What should be there, as the rest of a sentence.
 * @throws {InputError} If there is no such file, it is too long, or its gzip stream is broken.
 * @throws {EnvironmentError} If the permission is missing; the message names the flag to add.
 */
export async function readFile(path: string, wanted: string): Promise<DataFile> {
  const packed = await readPacked(path, wanted);
  return { name: path, bytes: await unpackWhole(packed, path) };
}

/**
 * Reads a file as it is, packed or not, as {@linkcode readFile} does.
 *
 * @throws {InputError} If there is no such file, or it is too long.
 * @throws {EnvironmentError} If the permission is missing.
 */
export async function readPacked(path: string, wanted: string): Promise<Uint8Array<ArrayBuffer>> {
  const { reading } = await import("../disk/read.ts"); // a browser has no disk
  return await reading(path, async () => {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (isDirectory) throw new InputError(`${path} is a directory: ${wanted}.`);
    if (!isFile) throw new Error("it is not a file");
    if (size > LIMIT) throw new InputError(`${path} has ${size} bytes, ${limitText}.`);
    return await Deno.readFile(path);
  }, { wanted });
}

/**
 * Unpacks gzip, up to the limit; what is not packed stays as it is.
 *
 * @throws {InputError} If its gzip stream is broken, or unpacks to more than the limit.
 */
export async function unpackWhole(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!isGzip(bytes)) return bytes;
  const unpacked = await gunzip(bytes, LIMIT + 1).catch((cause) => {
    throw new InputError(`${name} is broken: its gzip stream is cut short or corrupt.`, { cause });
  });
  if (unpacked.length > LIMIT) throw new InputError(`${name} has over ${LIMIT} bytes unpacked, ${limitText}.`);
  return unpacked;
}
