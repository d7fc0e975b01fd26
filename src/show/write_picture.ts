/** How to write a picture. */
export interface SaveOptions {
  /** Whether to replace an existing file, once the new one is complete; by default, that is an error. */
  overwrite?: boolean | undefined;
}

/** Writes the file of a picture. */
export async function writePicture(path: string, bytes: Uint8Array, { overwrite = false }: SaveOptions): Promise<void> {
  const { newFile, replaceFile } = await import("../disk/write.ts"); // loaded here, because a browser has no disk
  const { directoryOf } = await import("../disk/permissions.ts");
  if (overwrite) await replaceFile(path, bytes, directoryOf(path));
  else await newFile(path, bytes, path, "name another file, or set overwrite");
}
