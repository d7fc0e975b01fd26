/**
 * A notebook as a surface: text and pictures in the output of the running cell.
 *
 * @module
 */
import { EnvironmentError } from "../errors.ts";
import type { Picture, Surface } from "./events.ts";
import type { TerminalOptions } from "./terminal/capabilities.ts";

/** The output of the running cell. */
export interface CellOutput {
  /** Adds a line of text. */
  print(line: string): void;
  /** Adds a picture: its data by media type. A PNG is base64, an SVG is text, and the caption is `text/plain`. */
  display(data: Record<string, string>): Promise<void>;
}

/** Text has no colours, and the notebook breaks its lines. Tables are at most this wide. */
const TEXT: TerminalOptions = { columns: 100, colour: false };

/**
 * Makes a surface that shows every event in a notebook. Text appears at once. A picture appears before the promise
 * returned by `show.images` and similar methods is fulfilled, so await them before the cell ends.
 *
 * @param output The output to write to; by default, that of the running cell of Deno's Jupyter kernel.
 * @returns A surface for {@linkcode showOn}.
 * @throws {EnvironmentError} If there is no such kernel.
 * @example In a cell of a notebook
 * ```ts ignore
 * import { loadDigits, notebook, showOn, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm");
 * const show = showOn(await notebook());
 * const { test } = await loadDigits();
 * await show.images("digits", "Held-out digits", test.batch([0, 1, 2]).x);
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
    const { display } = jupyter; // throws outside Deno's kernel
    // deno-lint-ignore no-console -- the kernel adds console output to the cell's output
    return { print: (line) => console.log(line), display: (data) => display(data, { raw: true }) };
  } catch (cause) {
    throw new EnvironmentError("There is no notebook here: notebook() works in Deno's Jupyter kernel.", { cause });
  }
}
