/**
 * A directory as a surface: image grids as PNG, scatters as SVG.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import type { Scatter, Surface } from "./show.ts";
import { arrange, CLASS_COLOURS, ranges } from "./terminal.ts";

/**
 * Writes every picture into a new directory, as `name.png` or `name.svg`. It makes the directory at once, so that whatever
 * is wrong with it is known before the training and not after it.
 *
 * @throws {InputError} If the directory, or a file of its name, exists already: nothing is overwritten.
 * @throws {EnvironmentError} If the directory cannot be made; from the surface, if it cannot be written.
 */
export async function files(directory: string): Promise<Surface> {
  await writing(directory, directory, () => Deno.mkdir(directory));
  return async (event) => {
    if (event.kind === "images") {
      const { encode } = await import("fast-png"); // 20 ms, only for those who want files
      const { pixels, width, height } = arrange(event);
      await write(directory, `${event.name}.png`, encode({ data: pixels, width, height, channels: 1 }));
    } else if (event.kind === "scatter") {
      await write(directory, `${event.name}.svg`, new TextEncoder().encode(scatterSvg(event, event.caption)));
    }
  };
}

async function write(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = `${directory}/${name}`;
  await writing(directory, path, () => Deno.writeFile(path, bytes, { createNew: true }));
}

/** Does `make`, and says what it takes if that fails. */
async function writing(directory: string, path: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new InputError(`${path} exists already, and nothing is overwritten: name another directory with --out.`);
    }
    if (cause instanceof Deno.errors.NotCapable) {
      throw new EnvironmentError(`Writing to ${directory} needs the permission --allow-write=${directory}.`, { cause });
    }
    throw new EnvironmentError(`Cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** A scatter as an SVG that stands alone: a dot an example, a legend of the classes, the ranges of both axes. */
function scatterSvg({ points, labels }: Scatter, caption: string): string {
  const { x, y } = ranges(points);
  const place = (value: number, [low, high]: [number, number]) => 40 + 520 * (value - low) / (high - low || 1);
  const colour = (label: number) => `rgb(${CLASS_COLOURS[label % 10].join()})`;
  const dots = Array.from(labels, (label, i) => {
    const [cx, cy] = [place(points[2 * i], x), 600 - place(points[2 * i + 1], y)];
    return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="1.8" fill="${colour(label)}"/>`;
  });
  const legend = CLASS_COLOURS.map((_, label) =>
    `<circle cx="590" cy="${60 + 22 * label}" r="6" fill="${colour(label)}"/>` +
    `<text x="604" y="${65 + 22 * label}">${label}</text>`
  );
  const axes = [
    ...x.map((value, end) => `<text x="${40 + 500 * end}" y="590">${value.toFixed(1)}</text>`),
    ...y.map((value, end) => `<text x="4" y="${564 - 516 * end}">${value.toFixed(1)}</text>`),
    `<text x="290" y="590">z[0]</text><text x="4" y="300">z[1]</text>`,
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 600" font-family="sans-serif" font-size="14">`,
    `<title>${caption.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</title>`,
    `<rect width="640" height="600" fill="white"/>`,
    `<rect x="40" y="40" width="520" height="520" fill="none" stroke="gray"/>`,
    ...dots,
    ...legend,
    ...axes,
    "</svg>",
    "",
  ].join("\n");
}
