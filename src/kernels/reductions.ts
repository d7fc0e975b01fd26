/**
 * Sums and means over any axes, and reductions of empty tensors.
 *
 * A sum of millions of numbers, added one after another in float32, stops growing once it is 2²⁴ times what is added.
 * Here short blocks are added in float32 and their sums in double precision. Rows are added in place; tfjs's own
 * kernels first transpose, so that what they add is contiguous.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assembledKernel, type Build, FLOAT, type Heap } from "./assembled.ts";
import { composedKernel, type KernelArguments, type TensorInfo } from "./compose.ts";
import { mapTuple } from "./map_tuple.ts";
import { onCpuWhere } from "./on_cpu.ts";

/** Wraps a reduction of tfjs's WASM backend, which leaves its result uninitialised if there is nothing to reduce. */
export function reduction(own: tf.KernelConfig): tf.KernelConfig {
  return onCpuWhere<"x">(own, ({ inputs: { x } }) => tf.util.sizeFromShape(x.shape) === 0);
}

/** Wraps the `Sum` of tfjs's WASM backend, which is right for whole numbers. */
export function sum(own: tf.KernelConfig, build: Build): tf.KernelConfig {
  return reduction(assembledKernel<"x">("Sum", build, (heap, args) => {
    return args.inputs.x.dtype === "float32" ? sums(heap, args, 1) : undefined;
  }, own));
}

/** Wraps the `Mean` of tfjs's WASM backend; the mean of whole numbers is of float32. */
export function mean(own: tf.KernelConfig, build: Build): tf.KernelConfig {
  const float = assembledKernel<"x">("Mean", build, (heap, args) => sums(heap, args, 1 / reducedBy(args)));
  return reduction(composedKernel<"x">("Mean", ({ run }, { inputs: { x }, attrs }) => {
    return run(float, { x: x.dtype === "float32" ? x : run("Cast", { x }, { dtype: "float32" }) }, attrs);
  }, own));
}

/** How many numbers become one. */
function reducedBy({ inputs: { x: { shape } }, attrs }: KernelArguments<"x">): number {
  const axes = tf.util.parseAxisParam(attrs.axis, shape);
  return tf.util.sizeFromShape(shape.filter((_, axis) => axes.includes(axis)));
}

/** Consecutive axes as one: how many numbers they have, and whether they are summed over. */
interface Stretch {
  size: number;
  summed: boolean;
}

/** The sums over the axes `attrs.axis` of `x`, times `scale`. */
function sums(
  heap: Heap,
  { inputs: { x }, attrs: { axis, keepDims } }: KernelArguments<"x">,
  scale: number,
): TensorInfo {
  const { kernels, scratch } = heap;
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const [kept] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
  const out = heap.output(keepDims ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept);
  const left = stretches(x.shape, axes);
  const numbersOf = (some: Stretch[]) => some.reduce((product, { size }) => product * size, 1);
  const room = scratch(kernels.sumsScratch({}));
  for (let from = heap.address(x), to = 0; to !== heap.address(out); from = to) { // one stretch at a time, the last one first
    const at = left.findLastIndex(({ summed }) => summed);
    const [outer, m, n] = mapTuple([left.slice(0, at), left.slice(at, at + 1), left.slice(at + 1)], numbersOf);
    left.splice(at, 1);
    const last = !left.some(({ summed }) => summed);
    to = last ? heap.address(out) : scratch(FLOAT * outer * n);
    kernels.sums({ x: from, outer, m, n, out: to, scale: last ? scale : 1, scratch: room });
  }
  return out;
}

/** A shape's axes, neighbours of one kind as one; at least one is summed over. */
function stretches(shape: number[], axes: number[]): Stretch[] {
  const found: Stretch[] = [];
  for (const [axis, size] of shape.entries()) {
    const summed = axes.includes(axis);
    const last = found.at(-1);
    if (last?.summed === summed) last.size *= size;
    else if (size > 1) found.push({ size, summed });
  }
  return found.some(({ summed }) => summed) ? found : [{ size: 1, summed: true }, ...found];
}
