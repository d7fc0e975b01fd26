/**
 * Writes the texts beside this file, with `deno task embed`: the embedded digits and tfjs's WASM binary, in base64.
 * Importing text needs no permission and can be published; importing bytes cannot.
 *
 * @module
 */

const DATA = new URL("../../data/", import.meta.url);
const TFJS = import.meta.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm");

/** The embedded files: the address of each original, by the name of its text. */
export const ORIGINALS: Record<string, URL> = {
  ...Object.fromEntries(
    ["train", "t10k"].flatMap((half) => ["images-idx3", "labels-idx1", "factors-idx2"].map((kind) => `${half}-${kind}`))
      .map((name) => [`${name}-ubyte.gz.txt`, new URL(`${name}-ubyte.gz`, DATA)]),
  ),
  "tfjs-backend-wasm-simd.wasm.txt": new URL(TFJS),
};

if (import.meta.main) {
  for (const [name, original] of Object.entries(ORIGINALS)) {
    await Deno.writeTextFile(new URL(name, import.meta.url), (await Deno.readFile(original)).toBase64());
  }
}
