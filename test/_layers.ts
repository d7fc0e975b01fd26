/**
 * A lint plugin that keeps the import direction: `lessons -> mod.ts -> src`, and inside `src` only the same layer or a
 * lower one. Its list is the map of `src`: a file without a layer is an error.
 *
 * @module
 */
import { pathToFileURL } from "node:url";

/** Layers from low to high; a file belongs to the first whose prefix its path under `src/` has. */
const LAYERS: string[][] = [
  [
    "at.ts",
    "embedded",
    "errors.ts",
    "json.ts",
    "kernels/environment_error.ts",
    "random.ts",
    "schedules.ts",
    "tensor.ts",
    "wording.ts",
  ],
  ["distributions/", "distances.ts", "pca.ts", "kernels/", "backend.ts", "disk/"],
  ["data/", "models/"],
  ["objectives/"],
  ["training/"],
  ["show/"],
  ["lesson/"],
  ["site/"],
];

/** The number of the layer of a path under `src/`, or -1 where it has none. */
const layerOf = (path: string) => LAYERS.findIndex((layer) => layer.some((prefix) => path.startsWith(prefix)));

const ROOT = new URL("..", import.meta.url).href;

/** What is wrong with `from` importing `to` (paths relative to the root), or nothing. */
export function complaint(from: string, to: string): string | undefined {
  if (from.startsWith("lessons/") && to !== "mod.ts" && to !== from) {
    return "A lesson imports only ../mod.ts, tfjs, @std/assert and its own text.";
  }
  if (!from.startsWith("src/")) return;
  if (!to.startsWith("src/")) return `src imports nothing from ${to.split("/")[0]}.`;
  if (layerOf(to.slice(4)) > layerOf(from.slice(4))) {
    return `${from.slice(4)} is in a lower layer than ${to.slice(4)}, so it cannot import it.`;
  }
}

const plugin: Deno.lint.Plugin = {
  name: "vae",
  rules: {
    layers: {
      create(context) {
        const file = pathToFileURL(context.filename).href;
        if (!file.startsWith(ROOT)) return {};
        const from = file.slice(ROOT.length);
        const check = (node: Deno.lint.Node, specifier: unknown) => {
          if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
          const to = new URL(specifier, file).href.slice(ROOT.length);
          const message = complaint(from, to);
          if (message) context.report({ node, message });
        };
        return {
          Program(node) {
            if (from.startsWith("src/") && layerOf(from.slice(4)) < 0) {
              context.report({ node, message: `${from} has no layer yet: give it one in test/_layers.ts.` });
            }
          },
          ImportDeclaration: (node) => check(node, node.source.value),
          ExportNamedDeclaration: (node) => check(node, node.source?.value),
          ExportAllDeclaration: (node) => check(node, node.source.value),
          ImportExpression: (node) => check(node, (node.source as Deno.lint.StringLiteral).value),
        };
      },
    },
  },
};

export default plugin;
