/**
 * Builds the assembled kernels: `deno task kernels`. One binary with relaxed SIMD, one with plain SIMD, and both as text in
 * a module, so that every program can load them at once and without a permission.
 *
 * @module
 */
const FOLDER = new URL("./", import.meta.url);

/** The two builds, and the WebAssembly features each may use. */
export const BUILDS = { relaxed: "simd,relaxed-simd", simd: "simd" } as const;

/** The compiler, run as a program of its own: it is large, and nobody but whoever builds should have to fetch it. */
const COMPILER = ["run", "--no-prompt", "--no-config", "--lock=deno.lock", "--frozen"]
  .concat("--allow-read", "--allow-write", "--allow-env=CI", "npm:assemblyscript@0.28.20/asc");

/** Compiles one of the builds; throws with the compiler's messages if it cannot. */
export async function build(name: keyof typeof BUILDS): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir();
  try {
    const out = `${directory}/kernels.wasm`;
    // A page of memory or more: then no load has to check that the memory reaches as far as its own offset, which costs the
    // inner loops a quarter of their time.
    const memory = ["--importMemory", "--initialMemory", "1"];
    const options = ["-O3", "--noAssert", "--runtime", "stub", ...memory, "--enable", BUILDS[name]];
    const args = [...COMPILER, "kernels.ts", "-o", out, ...options];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: FOLDER }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The module that holds the binaries as text. */
export function asModule(binaries: Record<keyof typeof BUILDS, Uint8Array<ArrayBuffer>>): string {
  const lines = Object.entries(binaries).map(([name, bytes]) => `  ${name}:\n    "${bytes.toBase64()}",\n`);
  return [
    "// Made from kernels.ts by `deno task kernels`.\n\n",
    "/** The binaries of the kernels, in base64. */\n",
    `export const BINARIES = {\n${lines.join("")}};\n`,
  ].join("");
}

if (import.meta.main) {
  const binaries = { relaxed: await build("relaxed"), simd: await build("simd") };
  for (const [name, bytes] of Object.entries(binaries)) {
    await Deno.writeFile(new URL(`${name}.wasm`, FOLDER), bytes);
  }
  await Deno.writeTextFile(new URL("binaries.ts", FOLDER), asModule(binaries));
}
