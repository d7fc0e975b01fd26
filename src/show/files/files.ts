/**
 * A directory as a surface: images as PNG, plots as SVG, and a page of the lesson.
 *
 * @module
 */
import { type Picture, recorder, type Surface } from "../events.ts";
import type { Drawn } from "./page_events.ts";

/**
 * Makes a surface that writes every picture into a new directory: images as `name.png`, everything with axes or names
 * as `name.svg` and, at the end, the lesson as a page, `index.html`. It checks at once that the directory can be
 * created, but creates it for the first file, so a lesson that fails before its first picture leaves no directory.
 *
 * @param directory The directory, which must not exist.
 * @param lesson The lesson, for the page: the name of its file, its title and its source.
 * @throws {InputError} If a directory or a file of that name already exists.
 * @throws {EnvironmentError} If the directory cannot be created. The surface throws it if a file cannot be written.
 * @example
 * ```ts ignore
 * import { files, showOn } from "@vae/steps";
 *
 * const lesson = { name: "mine", question: "What does noise look like?", text: "// The source." };
 * const show = showOn(await files("out", lesson));
 * await show.histogram("noise", "Noise", { noise: [0.1, -0.4, 1.2] }, { label: "z" });
 * await show.end(); // writes out/index.html
 * ```
 */
export async function files(
  directory: string,
  lesson: { name: string; question: string; text: string },
): Promise<Surface> {
  // Loaded here, because a browser has no disk.
  const { assertNewDirectory, newDirectory, newFile } = await import("../../disk/write.ts");
  await assertNewDirectory(directory);
  let made: Promise<void> | undefined;
  const write = async (name: string, bytes: Uint8Array) => {
    await (made ??= newDirectory(directory));
    await newFile(`${directory}/${name}`, bytes, directory);
  };
  const { events, surface: record } = recorder();
  const pictures = new Map<string, Drawn>();
  const show = async (picture: Picture) => {
    const { draw, hasNames } = await import("./draw.ts");
    const { sheetPng } = await import("./png.ts");
    const { name, kind } = picture;
    if (kind === "images" && hasNames(picture)) await write(`${name}.png`, await sheetPng(picture));
    const drawn = await draw(picture);
    pictures.set(name, drawn);
    await write(`${name}.${drawn.type === "image/png" ? "png" : "svg"}`, drawn.bytes);
  };
  const finish = async (failed?: boolean) => {
    if (failed && !await made?.then(() => true, () => false)) return; // no directory, so no page
    const { page } = await import("./page.ts");
    await write("index.html", new TextEncoder().encode(page(lesson, events, pictures)));
  };
  return (event) => {
    if (event.kind === "fetch") return;
    if (event.kind !== "progress" || event.step.epochEnds) record(event); // not the thousands of steps in between
    if (event.kind === "end") return finish(event.failed);
    if ("caption" in event && event.kind !== "table") return show(event);
  };
}
