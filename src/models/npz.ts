/**
 * Exports a model's weights as a NumPy archive, with the names and layouts of Keras.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { LayersModel, Tensor } from "../tensor.ts";
import type { Networks } from "./layers.ts";

/**
 * Exports the weights of a VAE as an `.npz` file, which `numpy.load` reads. The file is uncompressed, and the same
 * weights always give the same bytes.
 *
 * The names are `encoder` or `decoder` followed by the paths of Keras 3, in the order of Keras's `get_weights`:
 * `encoder/conv2d/kernel`, `encoder/conv2d/bias`, `encoder/conv2d_1/kernel`, …, `decoder/dense/kernel`, …. Layers
 * without an explicit name are numbered separately in each network, whatever tfjs calls them. The layouts of Keras are
 * also those of tfjs: a dense kernel is `[inputs, units]`, that of a convolution `[height, width, inputs, filters]`,
 * that of a transposed convolution `[height, width, filters, inputs]`.
 *
 * @param networks The networks to export, which stay unchanged. What a likelihood or a prior has learned is not
 * exported.
 * @returns The bytes of the file.
 * @see NEP 1, "A Simple File Format for NumPy Arrays", https://numpy.org/neps/nep-0001-npy-format.html
 * @example
 * ```ts
 * import { denseVae, exportNpz, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const vae = denseVae({ latent: 2, hidden: 8 });
 * const bytes = await exportNpz(vae); // to be written to a file or sent to a server
 * console.log(bytes.length);
 * vae.dispose();
 * ```
 */
export async function exportNpz({ encoder, decoder }: Networks): Promise<Uint8Array<ArrayBuffer>> {
  const { zipSync } = await import("fflate");
  const files: Record<string, Uint8Array> = {};
  for (const [path, weight] of [...namedWeights(encoder, "encoder"), ...namedWeights(decoder, "decoder")]) {
    files[`${path}.npy`] = npy(await weight.data(), weight);
  }
  // A fixed date, so that the bytes do not depend on the time of writing.
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}

/** Yields every weight of a network with the path that Keras gives it. */
export function* namedWeights(network: LayersModel, above: string): Generator<[path: string, weight: Tensor]> {
  const layers = new Set<string>();
  for (const layer of network.layers) {
    const path = `${above}/${untaken(ownName(layer), layers)}`;
    if (layer instanceof tf.LayersModel) {
      yield* namedWeights(layer, path); // a nested network
      continue;
    }
    const weights = new Set<string>();
    for (const weight of layer.weights) {
      yield [`${path}/${untaken(weight.originalName.split("/").at(-1)!, weights)}`, weight.read()];
    }
  }
}

/** A layer's name, as Keras would give it if tfjs generated it: `conv2d` for `conv2d_Conv2D7`. */
function ownName(layer: tf.layers.Layer): string {
  if (layer instanceof tf.LayersModel) {
    return layer.name.replace(/^model\d+$/, "functional").replace(/^sequential_\d+$/, "sequential");
  }
  const [name = "", count = ""] = layer.name.split(`_${layer.getClassName()}`);
  return /^\d+$/.test(count) ? name : layer.name;
}

/** Takes and returns a name, or the first of `name_1`, `name_2`, … that is not taken. */
function untaken(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 1; taken.has(free); i++) free = `${name}_${i}`;
  taken.add(free);
  return free;
}

/** NumPy's names for the types of tfjs tensors. */
const TYPES: Record<string, string> = { float32: "<f4", int32: "<i4", bool: "|b1" };

/** A tensor's values as a `.npy` file: a header with the type and the shape, followed by the numbers. */
function npy(values: tf.TypedArray, { shape, dtype }: Tensor): Uint8Array {
  const sizes = shape.map((size) => `${size},`).join(" "); // as Python writes tuples: (3, 3, 1, 32,), (32,), ()
  const about = `{'descr': '${TYPES[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + about.length + 1) / 64) * 64; // the numbers start at a multiple of 64 bytes
  const file = new Uint8Array(length + values.byteLength);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]); // version 1.0
  new DataView(file.buffer).setUint16(8, length - 10, true);
  file.set(new TextEncoder().encode(about.padEnd(length - 11) + "\n"), 10);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), length);
  return file;
}
