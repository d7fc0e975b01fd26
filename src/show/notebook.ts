/**
 * A notebook as a surface: text in the output of the cell that runs, and pictures among it.
 *
 * @module
 */
import { EnvironmentError } from "../errors.ts";
import type { Picture, Surface } from "./events.ts";
import type { TerminalOptions } from "./terminal/capabilities.ts";

/** The output of the cell that runs. */
export interface CellOutput {
  /** Adds a line of text. */
  print(line: string): void;
  /** Adds a picture: its data by media type; PNG as base64, SVG as text, and its caption as `text/plain`. */
  display(data: Record<string, string>): Promise<void>;
}

/** Text has no colours, and lines of any length, which the notebook folds; tables are at most this wide. */
const TEXT: TerminalOptions = { columns: 100, colour: false };

/**
 * Shows every event in a notebook: text at once, and a picture before the promise that `show.images` and its like return
 * is fulfilled, so await them before the cell ends.
 *
 * @param output Where to show it; by default the output of the running cell of Deno's Jupyter kernel.
 * @returns A surface for {@linkcode showOn}.
 * @throws {EnvironmentError} If there is no such kernel.
 * @example In a cell of a notebook
 * ```ts ignore
 * import { notebook, random, showOn, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const show = showOn(await notebook());
 * await show.images("noise", "Noise", random(0).uniform([8, 28, 28, 1]));
 * ```
 */
export async function notebook(output: CellOutput = kernelOutput()): Promise<Surface> {
  const { isPicture, textOf } = await import("./terminal/render.ts");
  return (event) => {
    if (isPicture(event)) return display(event, output);
    const text = textOf(event, TEXT);
    if (text !== undefined) output.print(text);
  };
}

async function display(picture: Picture, output: CellOutput): Promise<void> {
  const { draw } = await import("./files/draw.ts");
  const { type, bytes } = await draw(picture);
  const data = type === "image/png" ? bytes.toBase64() : new TextDecoder().decode(bytes);
  await output.display({ [type]: data, "text/plain": picture.caption });
}

/** The part of Deno's kernel that shows pictures. */
interface Kernel {
  display(data: Record<string, string>, options: { raw: true }): Promise<void>;
}

/** The output of the running cell of Deno's kernel. */
function kernelOutput(): CellOutput {
  try {
    const { jupyter } = Deno as unknown as { jupyter: Kernel };
    const { display } = jupyter; // Deno throws outside its kernel
    // deno-lint-ignore no-console -- the kernel adds what the console is told to the cell's output
    return { print: (line) => console.log(line), display: (data) => display(data, { raw: true }) };
  } catch (cause) {
    throw new EnvironmentError("There is no notebook here: notebook() works in Deno's Jupyter kernel.", { cause });
  }
}
