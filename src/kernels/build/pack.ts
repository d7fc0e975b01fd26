/**
 * Makes the npm package of the kernels, a tarball: `deno task pack`.
 *
 * `deno pack` compiles the package. This program adds the plain script and the types for its global. It also makes tfjs
 * a peer dependency, so that a program has only one copy of tfjs.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program says what it did

const KERNELS = new URL("../", import.meta.url);

/** The names of two files: the plain script, and the types for its global. */
const [SCRIPT, TYPES] = ["kernels.min.js", "global.d.ts"] as const;

const GLOBAL = `import * as kernels from "./mod.js";

declare global {
  /** The kernels, in a page that loads ${SCRIPT} as a plain script. */
  const trainingKernels: typeof kernels;
}
`;

/** Packs the kernels into a tarball in a directory, and returns the path of the tarball. */
export async function pack(directory: string): Promise<string> {
  const scratch = await Deno.makeTempDir();
  try {
    const raw = `${scratch}/raw.tgz`;
    await run(Deno.execPath(), ["pack", "--allow-dirty", "--no-source-maps", "--output", raw], KERNELS);
    await run("tar", ["xzf", raw], scratch);
    await bundleScript(scratch, `${scratch}/package/${SCRIPT}`);
    await Deno.writeTextFile(`${scratch}/package/${TYPES}`, GLOBAL);
    const manifest = JSON.parse(await Deno.readTextFile(`${scratch}/package/package.json`));
    await Deno.writeTextFile(`${scratch}/package/package.json`, JSON.stringify(published(manifest), undefined, 2));
    const tarball = `${directory}/${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    await run("tar", ["czf", tarball, "package"], scratch);
    return tarball;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/**
 * Makes the package's manifest from the manifest that `deno pack` writes. tfjs becomes a peer dependency, in exactly
 * the version that the kernels are written for.
 */
function published({ dependencies, exports, ...manifest }: Record<string, Record<string, unknown>>) {
  const versions = Object.entries(dependencies!).map(([name, version]) => [name, String(version).replace("^", "")]);
  return {
    ...manifest,
    description: "Training on tfjs's WASM backend: the kernels it lacks, and faster ones",
    engines: { node: ">=20" },
    exports: { ...exports, "./global": { types: `./${TYPES}`, default: `./${SCRIPT}` } },
    unpkg: `./${SCRIPT}`,
    jsdelivr: `./${SCRIPT}`,
    peerDependencies: Object.fromEntries(versions),
  };
}

/** Bundles the plain script, in which the global `tf` takes the place of the import of tfjs. */
async function bundleScript(scratch: string, out: string): Promise<void> {
  await Deno.writeTextFile(`${scratch}/tfjs.cjs`, "module.exports = globalThis.tf;");
  await Deno.writeTextFile(`${scratch}/wasm.cjs`, "module.exports = globalThis.tf.wasm ?? {};");
  const imports = { "@tensorflow/tfjs": "./tfjs.cjs", "@tensorflow/tfjs-backend-wasm": "./wasm.cjs" };
  await Deno.writeTextFile(`${scratch}/deno.json`, JSON.stringify({ imports }));
  const flags = [
    "--config",
    `${scratch}/deno.json`,
    "--no-lock",
    "--platform",
    "browser",
    "--format",
    "iife",
    "--minify",
  ];
  await run(
    Deno.execPath(),
    ["bundle", ...flags, "--output", out, new URL("global.ts", import.meta.url).href],
    scratch,
  );
}

async function run(program: string, args: string[], cwd: string | URL): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, cwd, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

if (import.meta.main) console.log(await pack(Deno.cwd()));
