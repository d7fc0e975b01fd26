/**
 * The project's sources, by name.
 *
 * @module
 */
import { ROOT } from "./_run.ts";

/** The TypeScript files in a directory, such as `src/`, and below; by their paths in the project. */
export async function sourcesIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(directory, ROOT))) {
    if (isDirectory) names.push(...await sourcesIn(`${directory}${name}/`));
    else if (name.endsWith(".ts")) names.push(directory + name);
  }
  return names.toSorted();
}

/** The text of a file of the project. */
export const textOf = (name: string): Promise<string> => Deno.readTextFile(new URL(name, ROOT));
