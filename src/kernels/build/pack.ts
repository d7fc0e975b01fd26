/**
 * Makes the npm package of the kernels, a tarball: `deno task pack`.
 *
 * `deno pack` compiles it. What is added is the plain script, with types for its global; and tfjs becomes a peer, so that a
 * program has only one.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program says what it did

const KERNELS = new URL("../", import.meta.url);

/** The plain script, and the types of its global. */
const [SCRIPT, TYPES] = ["kernels.min.js", "global.d.ts"] as const;

const GLOBAL = `import * as kernels from "./mod.js";

declare global {
  /** The kernels, in a page that loads ${SCRIPT} as a plain script. */
  const trainingKernels: typeof kernels;
}
`;

/** Packs the kernels into a directory, and returns the tarball's path. */
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

/** The package's manifest, made of that by `deno pack`: tfjs is a peer, of exactly the version that the kernels know. */
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

/** Bundles the plain script, for which tfjs is the global `tf`. */
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
