/**
 * A notebook's cells, run without a kernel, and what each puts out.
 *
 * @module
 */
import type { Surface } from "../../show/events.ts";
import { type CellOutput, notebook } from "../../show/notebook.ts";
import { ROOT } from "../build/project.ts";
import type { NotebookCell } from "./notebook_cells.ts";

/** Something in a cell's output: lines of text, or a picture by media type. */
export type Output = { text: string } | { picture: Record<string, string> };

/** The cells as a module: a generator that stops after each, and shows on the surface that it is given. */
interface CellsModule {
  run(notebook: () => Promise<Surface>): AsyncGenerator<void>;
}

/**
 * Runs the code of a lesson's cells in order, as one module, which lies in `.site/` meanwhile.
 *
 * @param name The lesson's file name.
 * @returns The output of every cell; nothing for prose.
 * @throws {ClaimError} If a claim is false.
 */
export async function runCells(name: string, cells: NotebookCell[]): Promise<Output[][]> {
  const directory = new URL(".site/notebooks/", ROOT);
  const file = new URL(`${name}-${crypto.randomUUID()}.ts`, directory);
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(file, moduleOf(cells));
  try {
    const { run } = await import(file.href) as CellsModule;
    const outputs: Output[][] = [[]];
    for await (const _ of run(() => notebook(into(() => outputs.at(-1)!)))) outputs.push([]);
    return outputs.slice(0, cells.length);
  } finally {
    await Deno.remove(file);
  }
}

/** The cells as one module. */
function moduleOf(cells: NotebookCell[]): string {
  const imports = /^import [^;]*;\n?/gm;
  const code = cells.map(({ kind, text }) => kind === "prose" ? "" : text);
  const body = code.map((text) => `${text.replaceAll(imports, "").replaceAll(/^export /gm, "")}\nyield;\n`);
  return `${code.flatMap((text) => text.match(imports) ?? []).join("").replaceAll('"../mod.ts"', '"../../mod.ts"')}
export async function* run(notebook) {
${body.join("")}}
`;
}

/** A cell's output that gathers what it is told, text with text. */
function into(current: () => Output[]): CellOutput {
  return {
    print(line) {
      const last = current().at(-1);
      if (last && "text" in last) last.text += `${line}\n`;
      else current().push({ text: `${line}\n` });
    },
    display(picture) {
      current().push({ picture });
      return Promise.resolve();
    },
  };
}
