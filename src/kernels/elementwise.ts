/**
 * Functions of single numbers and of pairs of numbers for which tfjs's own WASM kernels lose NaN or small numbers, or
 * broadcast wrongly.
 *
 * ```math
 * \text{prelu}(x, a) = \max(x, 0) + a \min(x, 0)
 * ```
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build, FLOAT, type Heap } from "./assembled.ts";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { rightFor } from "./on_cpu.ts";

/**
 * The kernels of this file. For whole numbers, each uses tfjs's own kernel if that is right, otherwise the `cpu`
 * backend.
 */
export function elementwise(own: (name: string) => tf.KernelConfig, build: Build): tf.KernelConfig[] {
  const map = (name: string, run: Mapping) => mapped(own(name), build, run);
  const floats = [
    map("ClipByValue", ({ kernels }, numbers, { attrs: { clipValueMin: least, clipValueMax: most } }) => {
      kernels.clip({ ...numbers, least, most });
    }),
    map("Cos", (heap, numbers, args) => sine(heap, numbers, args, Math.cos)),
    map("Log1p", ({ kernels }, numbers) => kernels.log1p(numbers)),
    map("Sign", ({ kernels }, numbers) => kernels.sign(numbers)),
    map("Sin", (heap, numbers, args) => sine(heap, numbers, args, Math.sin)),
    map("Softplus", ({ kernels }, numbers) => kernels.softplus(numbers)),
    prelu(own("Prelu"), build),
  ];
  const numbers = [
    map("Relu6", ({ kernels }, numbers) => kernels.clip({ ...numbers, least: 0, most: 6 })),
    joined(own("Maximum"), build, OPERATIONS.maximum),
    joined(own("Minimum"), build, OPERATIONS.minimum),
  ];
  return [
    ...floats.map((kernel) => rightFor(["float32"], kernel)),
    ...numbers.map((kernel) => rightFor(["float32", "int32"], kernel)),
  ];
}

/** The function that is applied to every number. */
type Mapping = (heap: Heap, numbers: Numbers, args: KernelArguments<"x">) => void;

/** A kernel that applies a function to every number. */
function mapped(own: tf.KernelConfig, build: Build, run: Mapping): tf.KernelConfig {
  return assembledKernel(own.kernelName, build, (heap, args: KernelArguments<"x">) => {
    const { x } = args.inputs;
    if (x.dtype !== "float32") return;
    const y = heap.output(x.shape);
    run(heap, { x: heap.address(x), out: heap.address(y), n: tf.util.sizeFromShape(x.shape) }, args);
    return y;
  }, own);
}

/** A kernel that applies a function to every pair of numbers. */
function joined(own: tf.KernelConfig, build: Build, operation: Operation): tf.KernelConfig {
  return assembledKernel(own.kernelName, build, (heap, { inputs: { a, b } }: KernelArguments<"a" | "b">) => {
    if (a.dtype === "float32") return pairs(heap, operation, a, b);
  }, own);
}

/** `Prelu`. tfjs's own is right for finite slopes on the last axis, and faster. */
function prelu(own: tf.KernelConfig, build: Build): tf.KernelConfig {
  return assembledKernel<"x" | "alpha">("Prelu", build, (heap, { inputs: { x, alpha }, backend }) => {
    const slopes = backend.typedArrayFromHeap(alpha);
    const last = slopes.length === x.shape.at(-1) && slopes.length === alpha.shape.at(-1) &&
      alpha.shape.length <= x.shape.length;
    if (last && slopes.length > 0 && slopes.every(Number.isFinite)) return;
    return pairs(heap, OPERATIONS.prelu, x, alpha);
  }, own);
}

/**
 * Sines or cosines. tfjs's own are off by up to 2e-7 however small they are, and wrong for the largest angles, which
 * the kernel here leaves to JavaScript.
 */
function sine(
  { kernels }: Heap,
  { x, out, n }: Numbers,
  { inputs, backend }: KernelArguments<"x">,
  exact: typeof Math.sin | typeof Math.cos,
): void {
  const beyond = kernels.sine({ x, out, n, turns: exact === Math.sin ? 0 : 1 });
  if (beyond === 0) return;
  const { buffer } = backend.typedArrayFromHeap(inputs.x);
  new Float32Array(buffer, out, n).set(new Float32Array(buffer, x, n).map(exact));
}

/** Where numbers lie, where their results go, and how many there are. */
interface Numbers {
  x: number;
  out: number;
  n: number;
}

/** What the kernel `pairs` can do, by the numbers that it knows them by. */
const OPERATIONS = { maximum: 0, minimum: 1, prelu: 2 } as const;
type Operation = typeof OPERATIONS[keyof typeof OPERATIONS];

/** `a` with `b`, number by number, their shapes broadcast. */
function pairs(heap: Heap, operation: Operation, a: TensorInfo, b: TensorInfo): TensorInfo {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const out = heap.output(shape);
  if (tf.util.sizeFromShape(shape) === 0) return out;
  const axes = together(shape, a.shape, b.shape);
  const numbers = { operation, a: heap.address(a), b: heap.address(b), out: heap.address(out) };
  const [[n, nextA, nextB], ...others] = axes;
  if (others.length === 0) heap.kernels.pairs({ ...numbers, n, nextA, nextB });
  else heap.kernels.broadcast({ ...numbers, axes: heap.list(Uint32Array.from(axes.flat())), rank: axes.length });
  return out;
}

/** An axis of two tensors: its size, and how many bytes on the next number of the first and of the second lies. */
type Axis = [size: number, nextA: number, nextB: number];

/** The axes of a broadcast shape, as few as there can be. */
function together(shape: number[], a: number[], b: number[]): [Axis, ...Axis[]] {
  const [stepsA, stepsB] = [stepsOf(shape, a), stepsOf(shape, b)];
  const joined: Axis[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const [nextA, nextB] = [stepsA(axis), stepsB(axis)];
    const last = joined.at(-1);
    if (last && last[1] === nextA * size && last[2] === nextB * size) {
      joined[joined.length - 1] = [last[0] * size, nextA, nextB];
    } else joined.push([size, nextA, nextB]);
  });
  const [first = [1, FLOAT, FLOAT], ...others] = joined;
  return [first, ...others];
}

/** How many bytes on the next number along an axis of a broadcast shape lies, in a tensor of these sizes. */
function stepsOf(shape: number[], sizes: number[]): (axis: number) => number {
  const before = shape.length - sizes.length;
  const strides = sizes.map((size, i) => size === 1 ? 0 : FLOAT * tf.util.sizeFromShape(sizes.slice(i + 1)));
  return (axis) => strides[axis - before] ?? 0; // along an axis that the tensor lacks, it has the same number again
}
