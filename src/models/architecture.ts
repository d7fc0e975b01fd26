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

/** One layer; it may be a network itself, and its configuration may hold layers. */
interface Layer {
  class_name: string;
  config: Record<string, unknown>;
  inbound_nodes?: unknown;
}

/**
 * Says how a network differs from the wanted one: the first thing, as in `its layer 5 (Dense) has units 10, wanted
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
  const placed = comparison(...everyName(theirs, ours));
  const paths = weightsManifest[0]?.paths;
  if (!same(listed?.[0]?.paths, paths)) {
    return `its weights are in ${text(listed?.[0]?.paths)}, expected ${text(paths)}`;
  }
  if (!placed(listed, weightsManifest)) return "its weights differ, or are in another order";
}

function networkDifference(found: Partial<Network> | undefined, wanted: Network): string | undefined {
  const layers = found?.config?.layers;
  if (!found || !Array.isArray(layers)) return "it has no layers as tfjs saves them";
  const placed = comparison(names(layers), names(wanted.config.layers));
  for (const [i, layer] of wanted.config.layers.entries()) {
    const other = layerDifference(layers[i], layer, placed);
    if (other) return `its layer ${i} ${other}`;
  }
  if (layers.length > wanted.config.layers.length) {
    return `it has ${layers.length} layers, expected ${wanted.config.layers.length}`;
  }
  const { layers: _, ...ends } = wanted.config; // which layers are its inputs and outputs, in which order
  if (found.class_name !== wanted.class_name || !placed(found.config, { ...ends, name: undefined })) {
    return "its layers are connected in another way";
  }
}

function layerDifference(found: Layer | undefined, wanted: Layer, placed: Comparison): string | undefined {
  if (found?.class_name !== wanted.class_name) {
    return `is ${found ? text(found.class_name) : "missing"}, expected ${wanted.class_name}`;
  }
  if (isNetwork(wanted)) {
    const other = networkDifference(found as Partial<Network>, wanted);
    if (other) return `(${wanted.class_name}): ${other}`;
  } else {
    for (const [key, value] of Object.entries(wanted.config)) {
      const other = /^name$|_initializer$/.test(key) ? undefined : valueDifference(key, found.config?.[key], value);
      if (other) return `(${wanted.class_name})${other}`;
    }
  }
  if (!placed(found.inbound_nodes, wanted.inbound_nodes)) return "takes its input from another layer";
}

/** The difference of two values in layers' configurations, which may be layers themselves, such as the cells of an RNN. */
function valueDifference(key: string, found: unknown, wanted: unknown): string | undefined {
  if (isLayer(wanted)) {
    const other = layerDifference(found as Layer | undefined, wanted, same);
    return other && `: its ${key} ${other}`;
  }
  if (Array.isArray(wanted) && wanted.some(isLayer)) {
    if (Object(found).length !== wanted.length) {
      return ` has ${text(Object(found).length)} ${key}, expected ${wanted.length}`;
    }
    const others = wanted.map((layer, i) => valueDifference(`${key}[${i}]`, Object(found)[i], layer));
    return others.find((other) => other !== undefined);
  }
  return same(found, wanted) ? undefined : ` has ${key} ${text(found)}, expected ${text(wanted)}`;
}

const isNetwork = (layer: Layer): layer is Layer & Network => Array.isArray(layer.config.layers);

/** Whether a value is a layer, or what is written like one: a cell, a constraint. */
function isLayer(value: unknown): value is Layer {
  const { class_name, config } = Object(value);
  return typeof class_name === "string" && typeof config === "object" && config !== null;
}

type Comparison = (found: unknown, wanted: unknown) => boolean;

/** Where layers are, by their names. */
type Places = Map<unknown, number | string>;

/** Compares values, layers' names by the layers' places. Never walks deeper than `wanted` goes. */
function comparison(theirs: Places, ours: Places): Comparison {
  /** `bidirectional_Bidirectional1/forward_lstm_LSTM3/kernel` with layers' places for their names. */
  const placed = (text: string, places: Places) =>
    text.split("/").map((part) => {
      const [, way = "", layer] = /^(forward_|backward_)?(.*)$/s.exec(part) ?? [];
      return places.get(part) ?? `${way}${places.get(layer) ?? layer}`;
    }).join("/");
  return function same(found, wanted): boolean {
    if (wanted === undefined) return true;
    if (typeof wanted === "string") return typeof found === "string" && placed(found, theirs) === placed(wanted, ours);
    if (typeof wanted !== "object" || wanted === null) return found === wanted;
    if (typeof found !== "object" || found === null) return false;
    if (Array.isArray(wanted) && (!Array.isArray(found) || found.length !== wanted.length)) return false;
    return Object.entries(wanted).every(([key, value]) => same((found as Record<string, unknown>)[key], value));
  };
}

/** Whether a value, which may be anything, is the wanted one. Never walks deeper than `wanted` goes. */
export const same: Comparison = comparison(new Map(), new Map());

/** The place of every layer by its name, which in a file may be anything. */
function names(layers: Layer[]): Places {
  return new Map(layers.map((layer, i) => [layer?.config?.name, i]));
}

/**
 * The places of all layers of two networks, found and wanted, however deep they lie in others. A name that several layers have
 * gets all their places. Never walks deeper than `wanted` goes.
 */
function everyName(found: unknown, wanted: Network): [theirs: Places, ours: Places] {
  const [theirs, ours]: [Places, Places] = [new Map(), new Map()];
  const add = (places: Places, layer: unknown, place: string) => {
    const name = Object(Object(layer).config).name;
    places.set(name, `${places.get(name) ?? ""}${place} `);
  };
  const walk = (found: unknown, wanted: unknown, place: string) => {
    if (typeof wanted !== "object" || wanted === null) return;
    if (isLayer(wanted)) add(theirs, found, place), add(ours, wanted, place);
    for (const [key, value] of Object.entries(wanted)) walk(Object(found)[key], value, `${place}.${key}`);
  };
  walk(found, wanted, "");
  return [theirs, ours];
}

/** A value as a message names it; it may be anything. */
export function text(value: unknown): string {
  const plain = (v: unknown) => typeof v !== "object" || v === null;
  if (plain(value)) return printable(String(value).slice(0, 40));
  return Array.isArray(value) && value.every(plain) ? `[${value.slice(0, 8).map(text).join(",")}]` : "something else";
}
