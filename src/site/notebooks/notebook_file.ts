/**
 * A notebook as a file, in version 4.5 of Jupyter's format.
 *
 * @module
 */
import type { NotebookCell } from "./notebook_cells.ts";
import type { Output } from "./run_cells.ts";

/** The text of an `.ipynb` file with the outputs of its cells. */
export function notebookFile(cells: NotebookCell[], outputs: Output[][]): string {
  let count = 0;
  const notebook = {
    cells: cells.map(({ kind, text }, i) => {
      const common = { id: `cell-${i + 1}`, metadata: {}, source: lines(text) };
      if (kind === "prose") return { cell_type: "markdown", ...common };
      return {
        cell_type: "code",
        ...common,
        execution_count: ++count,
        outputs: (outputs[i] ?? []).map(outputOf),
      };
    }),
    metadata: {
      kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
      language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  return `${JSON.stringify(notebook, null, 1)}\n`;
}

function outputOf(output: Output) {
  if ("text" in output) return { name: "stdout", output_type: "stream", text: lines(output.text) };
  const data = Object.fromEntries(
    Object.entries(output.picture).map(([type, text]) => [
      type,
      type === "image/png" ? text : lines(text),
    ]),
  );
  return { data, metadata: {}, output_type: "display_data" };
}

/** Text as the format has it: a list of lines, each with its end. */
function lines(text: string): string[] {
  return text.split(/(?<=\n)/);
}
