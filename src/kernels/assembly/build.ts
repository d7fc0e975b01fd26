/**
 * Builds the assembled kernels: `deno task kernels`. One binary with relaxed SIMD, one with plain SIMD, and both as text in
 * a module, so that every program can load them at once and without a permission.
 *
 * @module
 */
const FOLDER = new URL("./", import.meta.url);

/** The two builds, and the WebAssembly features each may use. */
export const BUILDS = { relaxed: "simd,relaxed-simd", simd: "simd" } as const;

/** Compiles one of the builds; throws with the compiler's messages if it cannot. */
export async function build(name: keyof typeof BUILDS): Promise<Uint8Array<ArrayBuffer>> {
  const source = await Deno.readTextFile(new URL("kernels.ts", FOLDER));
  const { default: asc } = await import("assemblyscript/asc"); // here, since it looks at the environment
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--enable", BUILDS[name]];
  const { error, stderr } = await asc.main(["kernels.ts", "-o", "kernels.wasm", ...options], {
    readFile: (file: string) => file === "kernels.ts" ? source : null,
    writeFile: (_, content) => void (binary = content as Uint8Array<ArrayBuffer>),
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`${error?.message}\n${stderr}`);
  return binary;
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
