/** How a picture is written. */
export interface SaveOptions {
  /** Whether a file of that name is replaced, once the new one is whole; by default it is an error. */
  overwrite?: boolean | undefined;
}

/** Writes the file of a picture. */
export async function writePicture(path: string, bytes: Uint8Array, { overwrite = false }: SaveOptions): Promise<void> {
  const { newFile, replaceFile } = await import("../disk/write.ts"); // a browser has no disk
  const { directoryOf } = await import("../disk/permissions.ts");
  if (overwrite) await replaceFile(path, bytes, directoryOf(path));
  else await newFile(path, bytes, path, "name another file, or say overwrite");
}
