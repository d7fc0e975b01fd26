/**
 * Memory as a piece of code takes it, whenever it may be given back.
 *
 * @module
 */

/** What was allocated while something ran. */
export interface Allocated<T> {
  /** What came of it. */
  result: T;
  /** Bytes that were asked for: the lengths of all arrays of bytes, and buffers, that were made. */
  asked: number;
  /** Bytes that came out of a `DecompressionStream`. */
  unpacked: number;
}

/** Runs something and counts what it allocates; what runs beside it is counted too. */
export async function counting<T>(run: () => Promise<T>): Promise<Allocated<T>> {
  const { Uint8Array, ArrayBuffer, DecompressionStream } = globalThis;
  const count = { asked: 0, unpacked: 0 };
  const counted = <C extends typeof Uint8Array | typeof ArrayBuffer>(kind: C) =>
    new Proxy(kind, {
      construct(target, args, newTarget) {
        if (typeof args[0] === "number") count.asked += Math.max(args[0], args[1]?.maxByteLength ?? 0);
        return Reflect.construct(target, args, newTarget);
      },
    });
  class Unpacking extends DecompressionStream {
    #counted = super.readable.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(piece, controller) {
          count.unpacked += piece.length;
          controller.enqueue(piece);
        },
      }),
    );
    override get readable() {
      return this.#counted;
    }
  }
  Object.assign(globalThis, {
    Uint8Array: counted(Uint8Array),
    ArrayBuffer: counted(ArrayBuffer),
    DecompressionStream: Unpacking,
  });
  try {
    return { result: await run(), ...count };
  } finally {
    Object.assign(globalThis, { Uint8Array, ArrayBuffer, DecompressionStream });
  }
}
