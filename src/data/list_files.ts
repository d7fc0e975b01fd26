/**
 * Lists the files in a directory and its subdirectories.
 *
 * @module
 */
import { InputError } from "../errors.ts";

/** A file: its path, and its path relative to the directory, with `/` between names. */
export interface FoundFile {
  readonly path: string;
  readonly inside: string;
}

/** The limits of depth and number of files; anything beyond them is not a data set. */
const [DEEPEST, MOST] = [5, 1_000_000];

/**
 * Lists the files in a directory and its subdirectories, sorted by name, without hidden files. If the path is not a
 * directory, it is the only file.
 *
 * @param path The path of the directory or the file.
 * @param wanted What should be there, as the rest of a sentence.
 * @throws {InputError} If there is nothing at the path, or more than a million files.
 * @throws {EnvironmentError} If permission to read is missing. The message names the flag to add.
 */
export async function listFiles(path: string, wanted: string): Promise<FoundFile[]> {
  const { reading } = await import("../disk/read.ts"); // loaded here, because a browser has no disk
  const top = path.replace(/(?<=.)[\\/]+$/, "");
  const found: FoundFile[] = [];
  const walk = async (directory: string, before: string, depth: number): Promise<void> => {
    for await (const entry of Deno.readDir(directory)) {
      if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
      const [path, inside] = [`${directory}/${entry.name}`, before + entry.name];
      const folder = entry.isSymlink ? (await Deno.stat(path)).isDirectory : entry.isDirectory;
      if (!folder) found.push({ path, inside });
      else if (depth < DEEPEST) await walk(path, `${inside}/`, depth + 1);
      if (found.length > MOST) throw new InputError(`${top} has more than ${MOST} files: ${wanted}.`);
    }
  };
  try {
    await reading(path, () => walk(top, "", 0), { wanted });
  } catch (error) {
    const { cause } = error as { cause?: { name?: string } }; // where there is no Deno, it is of no class of Deno's
    if (cause?.name !== "NotADirectory") throw error;
    return [{ path, inside: path.replace(/.*[\\/]/, "") }];
  }
  return found.sort((a, b) => a.inside < b.inside ? -1 : 1);
}
