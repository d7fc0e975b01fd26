/**
 * The one place where bytes that ship with the library are brought in: the embedded digits and tfjs's WASM binary.
 *
 * Imported as bytes they need no permission, but that import works only where `deno.json` says
 * `"unstable": ["raw-imports"]`, as this project's does. Elsewhere the digits are read as files, which asks for read.
 *
 * @module
 */
import { EnvironmentError } from "./errors.ts";

/** The name of a file of the embedded digits: IDX, gzip. `t10k` is the half to test on, as in MNIST. */
export type EmbeddedName = `${"train" | "t10k"}-${"images-idx3" | "labels-idx1" | "factors-idx2"}-ubyte.gz`;

/** A module that is nothing but bytes. */
type Bytes = Promise<{ default: Uint8Array<ArrayBuffer> }>;

// An import must stand in the source with its path in full, or it would need a permission: hence one line a file.
// (The casts hold without raw-imports too, where the checker types these modules otherwise.)
const DIGITS: Record<EmbeddedName, () => Bytes> = {
  "train-images-idx3-ubyte.gz": () =>
    import("../data/train-images-idx3-ubyte.gz", { with: { type: "bytes" } }) as Bytes,
  "train-labels-idx1-ubyte.gz": () =>
    import("../data/train-labels-idx1-ubyte.gz", { with: { type: "bytes" } }) as Bytes,
  "train-factors-idx2-ubyte.gz": () =>
    import("../data/train-factors-idx2-ubyte.gz", { with: { type: "bytes" } }) as Bytes,
  "t10k-images-idx3-ubyte.gz": () => import("../data/t10k-images-idx3-ubyte.gz", { with: { type: "bytes" } }) as Bytes,
  "t10k-labels-idx1-ubyte.gz": () => import("../data/t10k-labels-idx1-ubyte.gz", { with: { type: "bytes" } }) as Bytes,
  "t10k-factors-idx2-ubyte.gz": () =>
    import("../data/t10k-factors-idx2-ubyte.gz", { with: { type: "bytes" } }) as Bytes,
};

/**
 * The bytes of one file of the embedded digits, still packed.
 *
 * @throws {EnvironmentError} If the file can neither be imported nor read.
 */
export async function embeddedFile(name: EmbeddedName): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return (await DIGITS[name]()).default;
  } catch {
    return await readBeside(name);
  }
}

/** tfjs's WASM binary (the build with SIMD), or `undefined` where it cannot be imported: tfjs then reads its own file. */
export async function embeddedWasm(): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const wasm = await (import("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm", {
      with: { type: "bytes" },
    }) as Bytes);
    return wasm.default;
  } catch {
    return undefined;
  }
}

/** Reads a file of the embedded digits from disk. */
async function readBeside(name: EmbeddedName): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`../data/${name}`, import.meta.url);
  try {
    return await Deno.readFile(url);
  } catch (cause) {
    throw new EnvironmentError(
      `Cannot read the embedded digits: set "unstable": ["raw-imports"] in deno.json, or allow to read ${url.pathname}.`,
      { cause },
    );
  }
}
