/**
 * Imports the bytes that ship with the library: the embedded digits and tfjs's WASM binary.
 *
 * Importing them as bytes needs no permission, but works only if `deno.json` sets `"unstable": ["raw-imports"]`, as
 * this project's does. Otherwise the digits are read as files, which requires permission to read.
 *
 * @module
 */
import { EnvironmentError } from "./errors.ts";

/** The name of a file of the embedded digits, in gzipped IDX. As in MNIST, `t10k` is the test set. */
export type EmbeddedName = `${"train" | "t10k"}-${"images-idx3" | "labels-idx1" | "factors-idx2"}-ubyte.gz`;

/** A module whose default export is its bytes. */
type Bytes = Promise<{ default: Uint8Array<ArrayBuffer> }>;

// Only an import with a literal path needs no permission: hence one line per file. The casts are for programs without
// raw-imports, where the type checker gives these modules another type.
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
 * Returns the bytes of one file of the embedded digits, still compressed.
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

/**
 * tfjs's WASM binary, the build with SIMD; `undefined` if it cannot be imported, in which case tfjs reads its own file.
 */
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

/** Reads a file of the embedded digits from the disk. */
async function readBeside(name: EmbeddedName): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`../data/${name}`, import.meta.url);
  try {
    return await Deno.readFile(url);
  } catch (cause) {
    throw new EnvironmentError(
      `Cannot read the embedded digits: set "unstable": ["raw-imports"] in deno.json, or add --allow-read=${url.pathname}.`,
      { cause },
    );
  }
}
