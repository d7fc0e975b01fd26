/**
 * The project's files, for the build.
 *
 * @module
 */

/** The project's directory. */
export const ROOT = new URL("../../../", import.meta.url);

/** The paths of all files under a directory of the project, relative to the project's. */
export async function filesUnder(directory: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(`${directory}/`, ROOT)));
  const paths = entries.map(({ name, isDirectory }) =>
    isDirectory ? filesUnder(`${directory}/${name}`) : [`${directory}/${name}`]
  );
  return (await Promise.all(paths)).flat();
}

/** The text of a file of the project. */
export function projectText(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}
