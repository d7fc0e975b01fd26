/**
 * A directory as a surface: images as PNG, plots as SVG, and a page of it all.
 *
 * @module
 */
import { type Picture, recorder, type Surface } from "../events.ts";
import type { Drawn } from "./page_events.ts";

/**
 * Writes every picture into a new directory: images as `name.png`, and what has axes or names as `name.svg`; at the end,
 * `index.html`, the lesson as a page. Whatever is wrong with the directory is known at once; it is made for the first file,
 * and a lesson that failed before it drew anything leaves none.
 *
 * @param directory The directory, which must not exist.
 * @param lesson The lesson, for the page: its file's name, its title and its source.
 * @throws {InputError} If the directory, or a file of its name, exists already: nothing is overwritten.
 * @throws {EnvironmentError} If the directory cannot be made; from the surface, if it cannot be written.
 */
export async function files(
  directory: string,
  lesson: { name: string; question: string; text: string },
): Promise<Surface> {
  const { assertNewDirectory, newDirectory, newFile } = await import("../../disk/write.ts"); // a browser has no disk
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
    if (event.kind !== "progress" || event.step.epochEnds) record(event); // the steps between are thousands
    if (event.kind === "end") return finish(event.failed);
    if ("caption" in event && event.kind !== "table") return show(event);
  };
}
