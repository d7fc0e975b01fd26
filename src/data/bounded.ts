/**
 * Reads bytes from elsewhere, up to a given number.
 *
 * @module
 */

/**
 * The largest size to which a file is read or unpacked, whatever its header says: 2 GiB, or 2.7 million images of
 * 28×28.
 */
export const LIMIT = 2 ** 31;

/** What a message says about a file beyond the limit, as the rest of a sentence after its size. */
export const limitText =
  `more than the limit of ${LIMIT} (2 GiB): provide larger data as examples whose batches read the disk`;

/**
 * Reads a stream to its end or up to a number of bytes, and cancels the rest. It allocates memory only for the bytes
 * received.
 *
 * @param stream The source of the bytes.
 * @param atMost The number of bytes after which to stop.
 * @throws The error of the stream, if it fails.
 */
export async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  atMost: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = [];
  let length = 0;
  for await (const piece of stream) {
    pieces.push(piece.subarray(0, atMost - length));
    length = Math.min(length + piece.length, atMost);
    if (length === atMost) break;
  }
  const all = new Uint8Array(length);
  for (const piece of pieces.reverse()) all.set(piece, length -= piece.length);
  return all;
}

/** Whether bytes start like gzip. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks gzip, up to a number of bytes. The checksum at the end is checked only if it is reached.
 *
 * @param bytes A gzip file of one member, with nothing after it.
 * @param atMost The number of bytes after which to stop.
 * @throws {TypeError} If the file is not gzip, or is cut short or corrupt.
 */
export function gunzip(bytes: Uint8Array<ArrayBuffer>, atMost: number): Promise<Uint8Array<ArrayBuffer>> {
  const step = Math.min(atMost, 2 ** 14); // a piece unpacks completely, to a thousand times its size at worst
  let from = 0;
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (from >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(from, from += step));
    },
  });
  return collect(pieces.pipeThrough(new DecompressionStream("gzip")), atMost);
}
