/**
 * The project's files, for the build.
 *
 * @module
 */

/** The project's directory. */
export const ROOT = new URL("../../../", import.meta.url);

/** The paths of all files in a directory and those below it, relative to it; the directory's address ends in a slash. */
export async function filesIn(directory: URL): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(directory));
  const paths = entries.map(async ({ name, isDirectory }) =>
    isDirectory ? (await filesIn(new URL(`${name}/`, directory))).map((path) => `${name}/${path}`) : [name]
  );
  return (await Promise.all(paths)).flat();
}

/** The text of a file of the project. */
export function projectText(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}
