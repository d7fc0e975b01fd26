/**
 * Writes what `src/data/idx.ts` reads.
 *
 * @module
 */

/** An IDX file of unsigned bytes; `data` defaults to 0, 1, 2 … modulo 251. */
export function writeIdx(shape: number[], data?: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = 4 + 4 * shape.length;
  const size = shape.reduce((product, n) => product * n, 1);
  const file = new Uint8Array(start + size);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x0800 + shape.length);
  shape.forEach((n, axis) => view.setUint32(4 + 4 * axis, n));
  file.set(data ?? new Uint8Array(size).map((_, i) => i % 251), start);
  return file;
}

/** Packs bytes. */
export function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}
