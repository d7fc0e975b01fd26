/**
 * Builds the assembled kernels: `deno task kernels`.
 *
 * It compiles one binary with relaxed SIMD and one with plain SIMD, and writes both as text into a module, so that
 * every program can load them immediately and without permissions. The module also lists the parameters of each kernel.
 *
 * @module
 */

/** The two builds, and the WebAssembly features each may use. */
export const BUILDS = { relaxed: "simd,relaxed-simd", simd: "simd" } as const;

/** The directory of the kernels' AssemblyScript source. */
const SOURCE = new URL("../assembly/", import.meta.url);

const BINARIES = new URL("../binaries.ts", import.meta.url);

/**
 * The size of a piece of a binary in bytes. It is a multiple of 3, so that the base64 of the pieces, joined, is the
 * base64 of the binary.
 */
const PIECE = 6000;

/**
 * The arguments that run the compiler as a separate program. The compiler is large, and only those who build the
 * kernels should have to download it.
 */
const COMPILER = ["run", "--no-prompt", "--no-config", "--lock=../build/deno.lock", "--frozen"]
  .concat("--allow-read", "--allow-write", "--allow-env=CI", "npm:assemblyscript@0.28.20/asc");

/**
 * Compiles one of the builds.
 *
 * @throws {Error} If the compiler fails; the message is what the compiler reports.
 */
export async function build(name: keyof typeof BUILDS): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir();
  try {
    const out = `${directory}/kernels.wasm`;
    // If the memory has at least one page, no load has to check that the memory contains the load's constant offset.
    // These checks cost the inner loops a quarter of their time. The maximum is that of tfjs's memory: a memory that
    // threads share must declare its maximum.
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

/** The names of the parameters of every kernel that a binary exports, as they are in the source. */
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

/** The source of the module that holds the binaries as text and the names of their kernels' parameters. */
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
