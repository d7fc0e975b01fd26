/**
 * The way out of tfjs: a model's weights as NumPy's archive of arrays, with the names and layouts of Keras.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { LayersModel, Tensor } from "../tensor.ts";
import type { Networks } from "./layers.ts";

/**
 * Puts the weights of a VAE into an `.npz`, which `numpy.load` reads: uncompressed, and the same bytes for the same weights.
 *
 * Names are the paths of Keras 3 below the name of the half, in the order of Keras's `get_weights`:
 * `encoder/conv2d/kernel`, `encoder/conv2d/bias`, `encoder/conv2d_1/kernel`, …, `decoder/dense/kernel`, …. Layers without
 * a name of their own are counted in each network anew, whatever tfjs calls them. Layouts are Keras's, which are tfjs's too:
 * a dense kernel is `[inputs, units]`, a convolution's `[height, width, inputs, filters]`, a transposed convolution's
 * `[height, width, filters, inputs]`.
 *
 * @param networks What to export; it stays as it is. What a likelihood or a prior has learned is not part of it.
 * @returns The bytes of the file.
 * @see NEP 1, "A Simple File Format for NumPy Arrays", https://numpy.org/neps/nep-0001-npy-format.html
 */
export async function exportNpz({ encoder, decoder }: Networks): Promise<Uint8Array<ArrayBuffer>> {
  const { zipSync } = await import("fflate");
  const files: Record<string, Uint8Array> = {};
  for (const [path, weight] of [...namedWeights(encoder, "encoder"), ...namedWeights(decoder, "decoder")]) {
    files[`${path}.npy`] = npy(await weight.data(), weight);
  }
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) }); // ZIP's first day: the time of writing is no content
}

/** Every weight of a network, under the path that Keras gives it. */
export function* namedWeights(network: LayersModel, above: string): Generator<[path: string, weight: Tensor]> {
  const layers = new Set<string>();
  for (const layer of network.layers) {
    const path = `${above}/${untaken(ownName(layer), layers)}`;
    if (layer instanceof tf.LayersModel) {
      yield* namedWeights(layer, path); // a network used as a layer
      continue;
    }
    const weights = new Set<string>();
    for (const weight of layer.weights) {
      yield [`${path}/${untaken(weight.originalName.split("/").at(-1)!, weights)}`, weight.read()];
    }
  }
}

/** A layer's name, as Keras would begin it where tfjs made it up: `conv2d` for `conv2d_Conv2D7`. */
function ownName(layer: tf.layers.Layer): string {
  if (layer instanceof tf.LayersModel) {
    return layer.name.replace(/^model\d+$/, "functional").replace(/^sequential_\d+$/, "sequential");
  }
  const [name = "", count = ""] = layer.name.split(`_${layer.getClassName()}`);
  return /^\d+$/.test(count) ? name : layer.name;
}

/** A name, or the first of `name_1`, `name_2`, … that is not taken; from now on it is. */
function untaken(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 1; taken.has(free); i++) free = `${name}_${i}`;
  taken.add(free);
  return free;
}

/** What NumPy calls the types of tfjs's tensors. */
const TYPES: Record<string, string> = { float32: "<f4", int32: "<i4", bool: "|b1" };

/** A tensor's values as a file of NumPy's: a header that says what follows, then the numbers. */
function npy(values: tf.TypedArray, { shape, dtype }: Tensor): Uint8Array {
  const sizes = shape.map((size) => `${size},`).join(" "); // as Python writes tuples: (3, 3, 1, 32,), (32,), ()
  const about = `{'descr': '${TYPES[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + about.length + 1) / 64) * 64; // the numbers begin at a multiple of 64
  const file = new Uint8Array(length + values.byteLength);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]); // version 1.0
  new DataView(file.buffer).setUint16(8, length - 10, true);
  file.set(new TextEncoder().encode(about.padEnd(length - 11) + "\n"), 10);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), length);
  return file;
}
