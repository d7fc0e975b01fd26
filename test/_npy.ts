/**
 * Writes what `src/data/npy.ts` reads, by the letter of NumPy's format.
 *
 * @module
 */
const WRITE: Record<string, (view: DataView, at: number, value: number, little: boolean) => void> = {
  u1: (view, at, value) => view.setUint8(at, value),
  b1: (view, at, value) => view.setUint8(at, value),
  i1: (view, at, value) => view.setInt8(at, value),
  i2: (view, at, value, little) => view.setInt16(at, value, little),
  i4: (view, at, value, little) => view.setInt32(at, value, little),
  i8: (view, at, value, little) => view.setBigInt64(at, BigInt(value), little),
  f4: (view, at, value, little) => view.setFloat32(at, value, little),
  f8: (view, at, value, little) => view.setFloat64(at, value, little),
};

/** A `.npy` file of these values, given row by row; `fortran` writes a matrix column by column. */
export function npy(
  shape: number[],
  values: ArrayLike<number>,
  { descr = "<f8", fortran = false }: { descr?: string; fortran?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const about = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${sizes}), }`;
  const start = Math.ceil((10 + about.length + 1) / 64) * 64;
  const size = Number(descr.slice(-1));
  const file = new Uint8Array(start + size * values.length);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  const view = new DataView(file.buffer);
  view.setUint16(8, start - 10, true);
  file.set(new TextEncoder().encode(about.padEnd(start - 11) + "\n"), 10);
  const [rows = 1, columns = 1] = shape;
  for (let i = 0; i < values.length; i++) {
    const from = fortran ? (i % rows) * columns + Math.floor(i / rows) : i;
    WRITE[descr.slice(-2)]!(view, start + size * i, values[from]!, descr[0] !== ">");
  }
  return file;
}
