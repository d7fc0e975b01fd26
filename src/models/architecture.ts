/**
 * Whether two networks, written as tfjs writes them into `model.json`, are the same but for their names and weights.
 *
 * @module
 */
import { printable } from "../wording.ts";

/** What `model.json` says of a network. */
export interface Architecture {
  /** Its layers and how they hang together. */
  modelTopology: Network;
  /** Which weights, in which order, in which files; and, where {@linkcode saveVae} wrote it, what the file's bytes add up to. */
  weightsManifest: { paths: string[]; weights: unknown[]; sha256?: string }[];
}

/** Layers, and how they hang together. */
interface Network {
  class_name: string;
  config: { layers: Layer[]; input_layers?: unknown; output_layers?: unknown };
}

/** One layer; it may be a network itself. */
interface Layer {
  class_name: string;
  config: Record<string, unknown>;
  inbound_nodes?: unknown;
}

/**
 * Says what makes one network another than the wanted one: the first thing, as in `its layer 5 (Dense) has units 10, wanted
 * is 2`. Names do not count, as tfjs numbers them anew in every program, and neither does how weights were initialised.
 *
 * @param found What a file holds, which may be anything.
 * @param wanted What it is compared with.
 * @returns Nothing if they are the same.
 */
export function difference(found: unknown, wanted: Architecture): string | undefined {
  const { modelTopology: ours, weightsManifest } = wanted;
  const { modelTopology: theirs, weightsManifest: listed } = (found ?? {}) as Partial<Architecture>;
  const other = networkDifference(theirs, ours);
  if (other) return other;
  const same = comparison(names(theirs!.config.layers), names(ours.config.layers));
  const [{ paths }] = weightsManifest;
  if (!same(listed?.[0]?.paths, paths)) {
    return `its weights are in ${text(listed?.[0]?.paths)}, expected ${text(paths)}`;
  }
  if (!same(listed, weightsManifest)) return "its weights are others, or in another order";
}

function networkDifference(found: Partial<Network> | undefined, wanted: Network): string | undefined {
  const layers = found?.config?.layers;
  if (!Array.isArray(layers)) return "it has no layers as tfjs saves them";
  const same = comparison(names(layers), names(wanted.config.layers));
  for (const [i, layer] of wanted.config.layers.entries()) {
    const other = layerDifference(layers[i], layer, same);
    if (other) return `its layer ${i} ${other}`;
  }
  if (layers.length > wanted.config.layers.length) {
    return `it has ${layers.length} layers, expected ${wanted.config.layers.length}`;
  }
  const { layers: _, ...ends } = wanted.config; // which layers are its inputs and outputs, in which order
  if (!same(found!.class_name, wanted.class_name) || !same(found!.config, { ...ends, name: undefined })) {
    return "its layers are connected in another way";
  }
}

function layerDifference(found: Layer | undefined, wanted: Layer, same: Comparison): string | undefined {
  if (found?.class_name !== wanted.class_name) {
    return `is ${found ? text(found.class_name) : "missing"}, expected ${wanted.class_name}`;
  }
  if (isNetwork(wanted)) {
    const other = networkDifference(found as Partial<Network>, wanted);
    if (other) return `(${wanted.class_name}): ${other}`;
  } else {
    for (const [key, value] of Object.entries(wanted.config)) {
      if (/^name$|_initializer$/.test(key) || same(found.config?.[key], value)) continue;
      return `(${wanted.class_name}) has ${key} ${text(found.config?.[key])}, expected ${text(value)}`;
    }
  }
  if (!same(found.inbound_nodes, wanted.inbound_nodes)) return "takes its input from another layer";
}

const isNetwork = (layer: Layer): layer is Layer & Network => Array.isArray(layer.config.layers);

type Comparison = (found: unknown, wanted: unknown) => boolean;

/** Compares values, layers' names by the layers' places. Never walks deeper than `wanted` goes. */
function comparison(theirs: Map<unknown, number>, ours: Map<unknown, number>): Comparison {
  /** `dense_Dense3/kernel` with the layer's place for its name. */
  const placed = (text: string, places: Map<unknown, number>) => {
    const [layer, ...rest] = text.split("/");
    return [places.get(layer) ?? layer, ...rest].join("/");
  };
  return function same(found, wanted): boolean {
    if (wanted === undefined) return true;
    if (typeof wanted === "string") return typeof found === "string" && placed(found, theirs) === placed(wanted, ours);
    if (typeof wanted !== "object" || wanted === null) return found === wanted;
    if (typeof found !== "object" || found === null) return false;
    if (Array.isArray(wanted) && (!Array.isArray(found) || found.length !== wanted.length)) return false;
    return Object.entries(wanted).every(([key, value]) => same((found as Record<string, unknown>)[key], value));
  };
}

/** The place of every layer by its name, which in a file may be anything. */
function names(layers: Layer[]): Map<unknown, number> {
  return new Map(layers.map((layer, i) => [layer?.config?.name, i]));
}

/** A value as a message names it; it may be anything. */
function text(value: unknown): string {
  const plain = (v: unknown) => typeof v !== "object" || v === null;
  if (plain(value)) return printable(String(value).slice(0, 40));
  return Array.isArray(value) && value.every(plain) ? `[${value.slice(0, 8).map(text).join(",")}]` : "something else";
}
