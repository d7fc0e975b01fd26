/**
 * Arrays of numbers in files: their types, and how to read them.
 *
 * @module
 */

/** The values of an array. */
export type Values = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | FloatValues;
type FloatValues = Float32Array | Float64Array;

/** An array of numbers from a file. */
export interface NumberArray {
  /** Its name, for messages. */
  readonly name: string;
  /** Its shape, such as `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** Its values in row-major order. */
  readonly data: Values;
  /** The type of its numbers in the file, in words such as `bytes` or `32-bit integers`. */
  readonly kind: string;
}

/** A type of numbers: its name in words, the array that holds it, its size in bytes, and how to read a number. */
interface Kind {
  readonly words: string;
  readonly holder: new (length: number) => Values;
  readonly bytes: number;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

/** All supported types, by NumPy's names. 64-bit integers become doubles, which are exact up to 2⁵³. */
export const KINDS: Readonly<Record<string, Kind>> = {
  b1: { words: "truth values", holder: Uint8Array, bytes: 1, read: (view, at) => view.getUint8(at) },
  u1: { words: "bytes", holder: Uint8Array, bytes: 1, read: (view, at) => view.getUint8(at) },
  i1: { words: "signed bytes", holder: Int8Array, bytes: 1, read: (view, at) => view.getInt8(at) },
  u2: { words: "unsigned 16-bit integers", holder: Uint16Array, bytes: 2, read: (v, at, le) => v.getUint16(at, le) },
  i2: { words: "16-bit integers", holder: Int16Array, bytes: 2, read: (v, at, le) => v.getInt16(at, le) },
  u4: { words: "unsigned 32-bit integers", holder: Uint32Array, bytes: 4, read: (v, at, le) => v.getUint32(at, le) },
  i4: { words: "32-bit integers", holder: Int32Array, bytes: 4, read: (v, at, le) => v.getInt32(at, le) },
  u8: { words: "64-bit integers", holder: Float64Array, bytes: 8, read: (v, at, le) => Number(v.getBigUint64(at, le)) },
  i8: { words: "64-bit integers", holder: Float64Array, bytes: 8, read: (v, at, le) => Number(v.getBigInt64(at, le)) },
  f4: { words: "32-bit floats", holder: Float32Array, bytes: 4, read: (v, at, le) => v.getFloat32(at, le) },
  f8: { words: "64-bit floats", holder: Float64Array, bytes: 8, read: (v, at, le) => v.getFloat64(at, le) },
};

/** Reads all numbers in some bytes, given their type and byte order. Unsigned bytes are not copied. */
export function readNumbers(bytes: Uint8Array, { holder, bytes: size, read }: Kind, little: boolean): Values {
  if (holder === Uint8Array) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new holder(bytes.length / size);
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * size, little);
  return values;
}
