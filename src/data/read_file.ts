/**
 * Reads and unpacks data files.
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
 * Reads a file, and unpacks it if it is gzip. It does not read files without an end, such as devices, or files that are
 * too long.
 *
 * @param path The path of the file.
 * @param wanted What should be there, as the rest of a sentence.
 * @throws {InputError} If there is no such file, it is too long, or its gzip stream is broken.
 * @throws {EnvironmentError} If permission to read is missing. The message names the flag to add.
 */
export async function readFile(path: string, wanted: string): Promise<DataFile> {
  const packed = await readPacked(path, wanted);
  return { name: path, bytes: await unpackWhole(packed, path) };
}

/**
 * Reads a file like {@linkcode readFile}, without unpacking it.
 *
 * @throws {InputError} If there is no such file, or it is too long.
 * @throws {EnvironmentError} If permission to read is missing.
 */
export async function readPacked(path: string, wanted: string): Promise<Uint8Array<ArrayBuffer>> {
  const { reading } = await import("../disk/read.ts"); // loaded here, because a browser has no disk
  return await reading(path, async () => {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (isDirectory) throw new InputError(`${path} is a directory: ${wanted}.`);
    if (!isFile) throw new Error("it is not a file");
    if (size > LIMIT) throw new InputError(`${path} has ${size} bytes, ${limitText}.`);
    return await Deno.readFile(path);
  }, { wanted });
}

/**
 * Unpacks gzip, up to the limit. Other bytes are returned unchanged.
 *
 * @throws {InputError} If the gzip stream is broken, or unpacks to more than the limit.
 */
export async function unpackWhole(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!isGzip(bytes)) return bytes;
  const unpacked = await gunzip(bytes, LIMIT + 1).catch((cause) => {
    throw new InputError(`${name} is broken: its gzip stream is cut short or corrupt.`, { cause });
  });
  if (unpacked.length > LIMIT) throw new InputError(`${name} has over ${LIMIT} bytes unpacked, ${limitText}.`);
  return unpacked;
}
