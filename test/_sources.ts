/**
 * The project's sources, by name.
 *
 * @module
 */
import { ROOT } from "./_run.ts";

/** The TypeScript files in a directory, such as `src/`, and below; by their paths in the project. */
export const sourcesIn = (directory: string): Promise<string[]> => filesIn(directory, ".ts");

/** The files with an ending in a directory and below; by their paths in the project. */
export async function filesIn(directory: string, ending: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`./${directory}`, ROOT))) {
    if (isDirectory && !/^\.git$|^node_modules$|^shared$/.test(name)) {
      names.push(...await filesIn(`${directory}${name}/`, ending));
    } else if (name.endsWith(ending)) names.push(directory + name);
  }
  return names.toSorted();
}

/** The text of a file of the project. */
export const textOf = (name: string): Promise<string> => Deno.readTextFile(new URL(name, ROOT));
