/**
 * Reads `.npy` files, NumPy's format for an array.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { KINDS, type NumberArray, readNumbers, type Values } from "./numbers.ts";

/** Whether bytes start like a `.npy` file. */
export function isNpy(bytes: Uint8Array): boolean {
  return [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, i) => bytes[i] === byte);
}

/**
 * Reads a `.npy` file: numbers of any type, in either byte order, in row-major or column-major order.
 *
 * @param bytes The file.
 * @param name The file's name, for messages.
 * @returns The array in row-major order. An array of bytes shares the memory of `bytes`.
 * @throws {InputError} If it is not a `.npy` file, is cut short or too long, or holds something other than numbers.
 * @see NEP 1, "A Simple File Format for NumPy Arrays", https://numpy.org/neps/nep-0001-npy-format.html
 */
export function parseNpy(bytes: Uint8Array, name: string): NumberArray {
  const { header, start } = readHeader(bytes, name);
  const [, order, type] = /'descr': *'([<>|=]?)(\w+)'/.exec(header) ?? [];
  const sizes = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  if (sizes === undefined) throw new InputError(`${name} is broken: its NumPy header has no shape.`);
  const kind = KINDS[type ?? ""];
  if (!kind) {
    const what = type ? `values of the type ${type}` : "objects or records";
    throw new InputError(`${name} holds ${what}; expected an array of numbers.`);
  }
  const shape = sizes.split(",").filter((size) => size.trim() !== "").map(Number);
  const size = start + kind.bytes * shape.reduce((product, n) => product * n, 1);
  if (bytes.length !== size) {
    const wrong = bytes.length < size ? "is cut short: it has" : "is too long: it has";
    throw new InputError(`${name} ${wrong} ${bytes.length} bytes of the ${size} that its header promises.`);
  }
  const data = readNumbers(bytes.subarray(start), kind, order !== ">");
  const byColumn = /'fortran_order': *True/.test(header) && shape.length > 1;
  return { name, shape, data: byColumn ? rowByRow(data, shape) : data, kind: kind.words };
}

/** The text of the header, and the offset of the numbers. */
function readHeader(bytes: Uint8Array, name: string): { header: string; start: number } {
  if (!isNpy(bytes)) throw new InputError(`${name} is not a .npy file.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = bytes[6] === 1 ? 10 : 12; // version 1 stores the size of the header in 16 bits, later ones in 32
  if (bytes.length < first) throw new InputError(`${name} is cut short: it ends in its header.`);
  const start = first + (bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < start) throw new InputError(`${name} is cut short: it ends in its header.`);
  return { header: new TextDecoder().decode(bytes.subarray(first, start)), start };
}

/** Reorders the values of an array from column-major to row-major order. */
function rowByRow(values: Values, shape: readonly number[]): Values {
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, n) => product * n, 1));
  const out = values.slice();
  const place = shape.map(() => 0);
  for (let to = 0, from = 0; to < out.length; to++) {
    out[to] = values[from]!; // `from` runs through all values
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++place[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      place[axis] = 0;
    }
  }
  return out;
}
