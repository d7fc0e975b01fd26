/**
 * The most multiply-adds that one core does in WebAssembly: independent ones, four lanes each, on numbers that stay in
 * registers. Nothing is read from memory, so no product of matrices can be faster.
 *
 * @module
 */

/** Sums side by side: enough that none has to wait for its last multiply-add, and few enough for the registers. */
export const SUMS = 12;

/** Multiply-adds of each sum in a turn of the loop. */
export const TIMES = 8;

/** Floating-point operations of a turn of the loop: a multiply-add of four lanes is eight. */
const FLOP = SUMS * TIMES * 8;

/** The bytes of the instructions that are used. */
const OP = {
  loop: [0x03, 0x40],
  branchIf: (depth: number) => [0x0d, depth],
  end: [0x0b],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  i32Const: (value: number) => [0x41, value],
  i32Sub: [0x6b],
  splat: [0xfd, 0x13],
  extractLane: (lane: number) => [0xfd, 0x1f, lane],
  add: [0xfd, 0xe4, 0x01],
  multiply: [0xfd, 0xe6, 0x01],
  relaxedMultiplyAdd: [0xfd, 0x85, 0x02],
};

/** A length and what has it, as WebAssembly writes lists and sections. */
function counted(items: number[][]): number[] {
  return [...leb128(items.length), ...items.flat()];
}

function section(id: number, content: number[]): number[] {
  return [id, ...leb128(content.length), ...content];
}

/** A number of at least 0 in groups of seven bits, the lowest first. */
function leb128(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...leb128(value >> 7)];
}

/**
 * A module with a function `sums(turns, a, b)`. Sum `i` of its `SUMS` begins at `i a` and becomes `sum a + b`, `TIMES`
 * times in each turn, in every lane; it returns lane 0 of all of them together. No two are alike, and none stays as it
 * was, so that a compiler can leave none out.
 *
 * @param relaxed Whether it multiplies and adds in one instruction, which takes relaxed SIMD.
 */
export function peakModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const [I32, F32, V128] = [0x7f, 0x7d, 0x7b];
  const [turns, x, y, a, b, first] = [0, 1, 2, 3, 4, 5]; // three parameters, two factors, and the sums
  const sums = Array.from({ length: SUMS }, (_, i) => first + i);
  const begin = (sum: number) => [...OP.get(sum - 1), ...OP.get(a), ...OP.add, ...OP.set(sum)];
  const step = (sum: number) => [
    ...[...OP.get(sum), ...OP.get(a)],
    ...(relaxed ? [...OP.get(b), ...OP.relaxedMultiplyAdd] : [...OP.multiply, ...OP.get(b), ...OP.add]),
    ...OP.set(sum),
  ];
  const body = [
    ...[1, 2 + SUMS, V128],
    ...[...OP.get(x), ...OP.splat, ...OP.set(a), ...OP.get(y), ...OP.splat, ...OP.set(b)],
    ...sums.slice(1).flatMap(begin),
    ...OP.loop,
    ...Array.from({ length: TIMES }, () => sums.flatMap(step)).flat(),
    ...[...OP.get(turns), ...OP.i32Const(1), ...OP.i32Sub, ...OP.tee(turns), ...OP.branchIf(0)],
    ...OP.end,
    ...OP.get(first),
    ...sums.slice(1).flatMap((sum) => [...OP.get(sum), ...OP.add]),
    ...[...OP.extractLane(0), ...OP.end],
  ];
  const name = new TextEncoder().encode("sums");
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, counted([[0x60, ...counted([[I32], [F32], [F32]]), ...counted([[F32]])]])), // types
    ...section(3, counted([[0]])), // functions
    ...section(7, counted([[name.length, ...name, 0, 0]])), // exports
    ...section(10, counted([[...leb128(body.length), ...body]])), // code
  ]);
}

/** A function that measures the peak, in floating-point operations a second; it takes about a millisecond. */
export function peakMeter(relaxed: boolean): () => number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(peakModule(relaxed)));
  const sums = exports.sums as (turns: number, a: number, b: number) => number;
  const measure = (turns = 50_000) => {
    const start = performance.now();
    sums(turns, 0.5, 1);
    return turns * FLOP / (performance.now() - start) * 1e3;
  };
  for (let i = 0; i < 200; i++) measure(5_000); // until it is compiled well
  return () => measure();
}
