/**
 * Compares two networks, as tfjs writes them into `model.json`, ignoring their names and weights.
 *
 * @module
 */
import { printable } from "../wording.ts";

/** The description of a network in `model.json`. */
export interface Architecture {
  /** Its layers and how they are connected. */
  modelTopology: Network;
  /** Which weights are in which files, in order; and the SHA-256 of the file, if {@linkcode saveVae} wrote it. */
  weightsManifest: { paths: string[]; weights: unknown[]; sha256?: string }[];
}

/** Layers and how they are connected. */
interface Network {
  class_name: string;
  config: { layers: Layer[]; input_layers?: unknown; output_layers?: unknown };
}

/** One layer. It may be a network itself, and its configuration may contain layers. */
interface Layer {
  class_name: string;
  config: Record<string, unknown>;
  inbound_nodes?: unknown;
}

/**
 * Returns the first difference between a network and the expected one, such as
 * `its layer 5 (Dense) has units 10, expected 2`. It ignores names, which tfjs numbers anew in every program, and the
 * initialisers of weights.
 *
 * @param found The content of a file, which may be anything.
 * @param wanted The expected network.
 * @returns The difference, or `undefined` if there is none.
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
  if (!placed(listed, weightsManifest)) return "its weights differ or are in another order";
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
  const { layers: _, ...ends } = wanted.config; // which layers are its inputs and outputs, in order
  if (found.class_name !== wanted.class_name || !placed(found.config, { ...ends, name: undefined })) {
    return "its layers are connected differently";
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

/**
 * The difference between two values in layers' configurations. They may be layers themselves, such as the cells of an
 * RNN.
 */
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

/** Whether a value is a layer, or something written like one, such as a cell or a constraint. */
function isLayer(value: unknown): value is Layer {
  const { class_name, config } = Object(value);
  return typeof class_name === "string" && typeof config === "object" && config !== null;
}

type Comparison = (found: unknown, wanted: unknown) => boolean;

/** The places of layers, by name. */
type Places = Map<unknown, number | string>;

/** Compares values, and the names of layers by their places. It never goes deeper than `wanted`. */
function comparison(theirs: Places, ours: Places): Comparison {
  /** Replaces the names of layers with their places, as in `bidirectional_Bidirectional1/forward_lstm_LSTM3/kernel`. */
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

/** Whether a value, which may be anything, equals the expected one. It never goes deeper than `wanted`. */
export const same: Comparison = comparison(new Map(), new Map());

/** The place of every layer by its name; in a file, a name may be anything. */
function names(layers: Layer[]): Places {
  return new Map(layers.map((layer, i) => [layer?.config?.name, i]));
}

/**
 * The places of all layers of two networks, the one found and the expected one, including nested layers. A name that
 * several layers share gets all their places. It never goes deeper than `wanted`.
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

/** A value, which may be anything, as a message names it. */
export function text(value: unknown): string {
  const plain = (v: unknown) => typeof v !== "object" || v === null;
  if (plain(value)) return printable(String(value).slice(0, 40));
  return Array.isArray(value) && value.every(plain) ? `[${value.slice(0, 8).map(text).join(",")}]` : "something else";
}
