/**
 * Notebooks, run by Deno's own kernel.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { python, pythonWith } from "./_python.ts";
import { ROOT } from "./_run.ts";

/** What a cell puts out, as a notebook keeps it. */
interface CellOutput {
  output_type: string;
  text?: string | string[];
  data?: Record<string, string | string[]>;
}

/** What a code cell puts out: its text, and its pictures. The kernel keeps each of the two in order, but not their mixture. */
function outputOf(outputs: CellOutput[]): { text: string; pictures: Record<string, string>[] } {
  const joined = (text: string | string[] = "") => [text].flat().join("");
  const pictures = outputs.filter(({ output_type }) => output_type !== "stream").map(({ data = {} }) =>
    Object.fromEntries(Object.entries(data).map(([type, one]) => [type, joined(one).trimEnd()]))
  );
  return { text: outputs.map(({ text }) => joined(text)).join(""), pictures };
}

/** Runs a notebook in Deno's kernel, and asserts that it puts out what its file says, cell by cell. */
export async function assertRunsAsRecorded(path: string): Promise<void> {
  const file = JSON.parse(await Deno.readTextFile(path)) as { cells: { cell_type: string; outputs: CellOutput[] }[] };
  const recorded = file.cells.filter(({ cell_type }) => cell_type === "code").map(({ outputs }) => outputOf(outputs));
  const lessons = new URL("lessons/", ROOT).pathname; // "../mod.ts" is the library from there
  const command = await pythonWith("jupyter_client") ?? "python3";
  const said = await python(command, ["test/_notebook.py", path, lessons, Deno.execPath()]);
  const ran = (JSON.parse(said) as CellOutput[][]).map(outputOf);
  assertGreater(recorded.filter(({ text }) => text.includes("✓")).length, 0);
  recorded.forEach((cell, i) => assertEquals(ran[i], cell, `code cell ${i + 1} of ${path}`));
  assertEquals(ran.length, recorded.length);
}
