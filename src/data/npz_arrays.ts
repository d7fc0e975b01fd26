/**
 * Reads `.npz` files, NumPy's format for several arrays: a zip archive of `.npy` files.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { LIMIT, limitText } from "./bounded.ts";
import { parseNpy } from "./npy.ts";
import type { NumberArray } from "./numbers.ts";

/**
 * Reads a `.npz` file.
 *
 * @param bytes The file.
 * @param name The file's name, for messages.
 * @returns The arrays, each with its `title`, such as `x_train`; `undefined` if it is not a zip archive, or one without
 * arrays.
 * @throws {InputError} If it is broken or too long, or if an array in it holds something other than numbers.
 */
export async function parseNpz(
  bytes: Uint8Array,
  name: string,
): Promise<{ title: string; array: NumberArray }[] | undefined> {
  if (!(bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3)) return undefined;
  const { unzipSync } = await import("fflate");
  let size = 0;
  const wanted = ({ name: title, originalSize }: { name: string; originalSize: number }) => {
    if (!title.endsWith(".npy")) return false;
    size += originalSize;
    if (size > LIMIT) throw new InputError(`${name} has over ${LIMIT} bytes unpacked, ${limitText}.`);
    return true;
  };
  try {
    const arrays = Object.entries(unzipSync(bytes, { filter: wanted })).map(([title, npy]) => {
      const called = title.slice(0, -".npy".length);
      return { title: called, array: parseNpy(npy, `${name} (${called})`) };
    });
    return arrays.length > 0 ? arrays : undefined;
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${name} is broken: its zip archive is cut short or corrupt.`, { cause });
  }
}
