/**
 * Replaces a saved model so that a complete model can be read at any moment.
 *
 * @module
 */
import { FILES, HALVES } from "./saved_model.ts";

/**
 * The subdirectory of a complete model that replaces the one in the directory, until all of its files have been moved.
 */
export const REPLACING = "replacing";

/**
 * Replaces the model in a directory, if there is one. The new model is written beside the old one and then renamed;
 * from that moment on it is the one that is read. Finally its files are moved, each over an old one.
 */
export async function replace(directory: string, files: Record<string, Uint8Array>): Promise<void> {
  const { ensureDirectory, flushDirectory, replaceFile, writing } = await import("../../disk/write.ts");
  await finishReplacing(directory); // in case a program was killed here
  const [partial, whole] = [`${directory}/${REPLACING}.partial`, `${directory}/${REPLACING}`];
  for (const path of [partial, ...HALVES.map((half) => `${partial}/${half}`)]) await ensureDirectory(path, directory);
  for (const [name, bytes] of Object.entries(files)) {
    const path = `${partial}/${name}`;
    await replaceFile(path, bytes, path.slice(0, path.lastIndexOf("/")), directory);
  }
  await writing(whole, directory, () => Deno.rename(partial, whole));
  await flushDirectory(directory);
  await finishReplacing(directory);
}

/** Moves the remaining files of a complete model to their places. */
async function finishReplacing(directory: string): Promise<void> {
  const { ensureDirectory, flushDirectory, writing } = await import("../../disk/write.ts");
  const whole = `${directory}/${REPLACING}`;
  await writing(directory, directory, async () => {
    if (!await isThere(whole)) return;
    for (const half of HALVES) await ensureDirectory(`${directory}/${half}`, directory);
    for (const name of FILES) {
      if (await isThere(`${whole}/${name}`)) await Deno.rename(`${whole}/${name}`, `${directory}/${name}`);
    }
    for (const path of ["", ...HALVES.map((half) => `/${half}`)]) await flushDirectory(`${directory}${path}`);
    await Deno.remove(whole, { recursive: true });
  });
}

/** Whether there is something at a path. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
