/**
 * Builds the assembled kernels: `deno task kernels`. One binary with relaxed SIMD and one with plain SIMD, as text in a module,
 * so that every program can load them at once and without a permission; and beside them what each kernel is called with.
 *
 * @module
 */

/** The two builds, and the WebAssembly features each may use. */
export const BUILDS = { relaxed: "simd,relaxed-simd", simd: "simd" } as const;

/** The kernels' source, in AssemblyScript. */
const SOURCE = new URL("../assembly/", import.meta.url);

const BINARIES = new URL("../binaries.ts", import.meta.url);

/** Bytes in a piece of a binary: a multiple of 3, so that base64 of all pieces is that of the whole. */
const PIECE = 6000;

/** The compiler, run as a program of its own: it is large, and nobody but whoever builds should have to fetch it. */
const COMPILER = ["run", "--no-prompt", "--no-config", "--lock=../build/deno.lock", "--frozen"]
  .concat("--allow-read", "--allow-write", "--allow-env=CI", "npm:assemblyscript@0.28.20/asc");

/** Compiles one of the builds; throws with the compiler's messages if it cannot. */
export async function build(name: keyof typeof BUILDS): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir();
  try {
    const out = `${directory}/kernels.wasm`;
    // A page of memory or more: then no load has to check that the memory reaches as far as its own offset, which costs the
    // inner loops a quarter of their time.
    // Its maximum is that of tfjs's memory, which a memory that threads share must declare.
    const memory = ["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536"];
    const options = ["-O1", "--noAssert", "--runtime", "stub", ...memory, "--enable", BUILDS[name]];
    const args = [...COMPILER, "kernels.ts", "-o", out, ...options];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: SOURCE }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The parameters of every kernel that a binary exports, by its name, as the source names them. */
export async function parameters(binary: Uint8Array<ArrayBuffer>): Promise<Record<string, string[]>> {
  const exported = new Set(WebAssembly.Module.exports(new WebAssembly.Module(binary)).map(({ name }) => name));
  const found: Record<string, string[]> = {};
  const files = (await Array.fromAsync(Deno.readDir(SOURCE))).map(({ name }) => name).sort();
  for (const file of files) {
    const source = await Deno.readTextFile(new URL(file, SOURCE));
    for (const [, name = "", list = ""] of source.matchAll(/^export function (\w+)\(([^)]*)\)/gm)) {
      if (exported.has(name)) found[name] = [...list.matchAll(/(\w+):/g)].map(([, parameter = ""]) => parameter);
    }
  }
  return found;
}

/** The module that holds the binaries as text, and what their kernels are called with. */
export async function asModule(binaries: Record<keyof typeof BUILDS, Uint8Array<ArrayBuffer>>): Promise<string> {
  const called = Object.entries(await parameters(binaries.simd));
  const { relaxed, simd } = binaries;
  const starts = Array.from({ length: Math.ceil(Math.max(relaxed.length, simd.length) / PIECE) }, (_, i) => i * PIECE);
  const piece = (bytes: Uint8Array<ArrayBuffer>, start: number) => bytes.slice(start, start + PIECE).toBase64();
  return [
    "// Made from assembly/ by `deno task kernels`.\n\n",
    "/** Pieces of the two binaries, in base64, by turns: they are much alike, so gzip finds most of one in the other. */\n",
    "const PIECES = [\n",
    ...starts.map((start) => `  [\n    "${piece(relaxed, start)}",\n    "${piece(simd, start)}",\n  ],\n`),
    "];\n\n",
    "/** The binaries of the kernels, in base64. */\n",
    "export const BINARIES = {\n",
    '  relaxed: PIECES.map(([relaxed]) => relaxed).join(""),\n',
    '  simd: PIECES.map(([, simd]) => simd).join(""),\n',
    "};\n\n",
    "/** The names of each kernel's parameters, in order. */\n",
    "export const PARAMETERS = {\n",
    ...called.map(([name, names]) => `  ${name}: ${JSON.stringify(names)},\n`),
    "} as const;\n",
  ].join("");
}

if (import.meta.main) {
  await Deno.writeTextFile(BINARIES, await asModule({ relaxed: await build("relaxed"), simd: await build("simd") }));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", BINARIES.pathname] }).output();
}
