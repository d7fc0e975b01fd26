/**
 * Imports the bytes that ship with the library: the embedded digits and tfjs's WASM binary.
 *
 * They are imported as text, each file in base64, which needs no permission. `deno task embed` writes these texts.
 *
 * @module
 */

/** The name of a file of the embedded digits, in gzipped IDX. As in MNIST, `t10k` is the test set. */
export type EmbeddedName = `${"train" | "t10k"}-${"images-idx3" | "labels-idx1" | "factors-idx2"}-ubyte.gz`;

// Only an import with a literal path needs no permission: hence one line per file.
const TEXTS = {
  "train-images-idx3-ubyte.gz": () => import("./embedded/train-images-idx3-ubyte.gz.txt", { with: { type: "text" } }),
  "train-labels-idx1-ubyte.gz": () => import("./embedded/train-labels-idx1-ubyte.gz.txt", { with: { type: "text" } }),
  "train-factors-idx2-ubyte.gz": () => import("./embedded/train-factors-idx2-ubyte.gz.txt", { with: { type: "text" } }),
  "t10k-images-idx3-ubyte.gz": () => import("./embedded/t10k-images-idx3-ubyte.gz.txt", { with: { type: "text" } }),
  "t10k-labels-idx1-ubyte.gz": () => import("./embedded/t10k-labels-idx1-ubyte.gz.txt", { with: { type: "text" } }),
  "t10k-factors-idx2-ubyte.gz": () => import("./embedded/t10k-factors-idx2-ubyte.gz.txt", { with: { type: "text" } }),
  wasm: () => import("./embedded/tfjs-backend-wasm-simd.wasm.txt", { with: { type: "text" } }),
};

/** Returns the bytes of one file of the embedded digits, still compressed. */
export function embeddedFile(name: EmbeddedName): Promise<Uint8Array<ArrayBuffer>> {
  return bytesOf(name);
}

/** Returns tfjs's WASM binary, the build with SIMD. */
export function embeddedWasm(): Promise<Uint8Array<ArrayBuffer>> {
  return bytesOf("wasm");
}

async function bytesOf(name: keyof typeof TEXTS): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.fromBase64((await TEXTS[name]()).default);
}
