/**
 * Kernels of tfjs's WASM backend that are right only for certain types or ranks, or only for tensors that are not
 * empty. For others they return garbage, and some write beyond their buffers or crash the backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { composedKernel, type KernelArguments, type TensorInfo, wasmKernel } from "./compose.ts";
import { onCpu, onCpuWhere, rightFor, tensorsIn } from "./on_cpu.ts";

const FLOATS = ["float32"] as const;
const NUMBERS = ["float32", "int32"] as const;
const BOOLS = ["bool"] as const;
const NO_STRINGS = ["float32", "int32", "bool"] as const;

/** The kernels, with the types for which they are right. */
const RIGHT_FOR: [types: readonly tf.DataType[], kernels: string][] = [
  [FLOATS, "Acos Acosh Asin Asinh Atan Atanh Ceil Cosh Elu EluGrad Erf Expm1 Floor IsFinite IsInf IsNan Log Pow"],
  [FLOATS, "Reciprocal Rsqrt Selu Sigmoid Sinh Softmax Sqrt Tan Tanh"],
  [NUMBERS, "Abs Atan2 Cumprod Cumsum DenseBincount Exp LeakyRelu Neg Relu Reverse Round SearchSorted"],
  [NUMBERS, "SparseFillEmptyRows SparseSegmentMean SparseSegmentSum SparseToDense Square Step TopK"],
  [BOOLS, "LogicalAnd LogicalNot LogicalOr"],
  [NO_STRINGS, "Concat Equal GatherNd Greater GreaterEqual Less LessEqual NotEqual Tile"],
];

/** Kernels that divide by zero if a tensor is empty, because they transpose or sort. */
const NEVER_EMPTY = ["BatchToSpaceND", "Cumprod", "Cumsum", "SpaceToBatchND", "TopK", "Transpose"];

/** Kernels that do not take a negative axis, on tfjs's `cpu` backend either. */
const CUMULATIVE = ["Cumprod", "Cumsum"];

/** Kernels that do not write a result of more axes than {@linkcode AXES}. */
const FEW_AXES = ["Add", "Multiply", "PadV2", "RealDiv", "SquaredDifference", "Sub"];
const AXES = 6;

/** Kernels for ragged tensors and strings, which tfjs's WASM backend lacks. */
const MISSING = ["RaggedGather", "RaggedRange", "RaggedTensorToTensor", "StaticRegexReplace"];

/** The kernels, each wrapped so that tfjs's `cpu` backend computes the cases for which it is not right. */
export function kernelsByType(own: (name: string) => tf.KernelConfig): tf.KernelConfig[] {
  const zero = (b: TensorInfo, backend: BackendWasm) => (backend.typedArrayFromHeap(b) as Int32Array).includes(0);
  const whole = ({ inputs: { a, b }, backend }: KernelArguments<"a" | "b">) =>
    a.dtype === "bool" || (a.dtype === "int32" && zero(b, backend));
  const shapely = (name: string) => rightForShapes(own(name));
  const typed = RIGHT_FOR.flatMap(([types, kernels]) =>
    kernels.split(" ").map((name) => rightFor(types, shapely(name)))
  );
  return [
    ...typed.map((kernel) => CUMULATIVE.includes(kernel.kernelName) ? counted(kernel) : kernel),
    ...MISSING.map(onCpu),
    ...["Add", "BatchToSpaceND", "Multiply", "PadV2", "SpaceToBatchND", "SquaredDifference", "Sub", "Transpose"].map(
      shapely,
    ),
    onCpuWhere<"t">(own("Select"), ({ inputs: { t } }) => t.dtype === "bool" || t.dtype === "string"),
    onCpuWhere<"x" | "weights">(
      own("Bincount"),
      ({ inputs: { x, weights } }) => x.shape.length !== 1 || weights.dtype === "bool",
    ),
    onCpuWhere<"x">(own("GatherV2"), ({ inputs: { x }, attrs: { batchDims } }) => batchDims > 0 || isEmpty(x)),
    onCpuWhere(own("OneHot"), ({ attrs: { dtype } }) => dtype !== "int32"),
    stridedSlice(rightFor(FLOATS, own("StridedSlice"))),
    onCpuWhere(own("Fill"), ({ attrs: { value } }) => typeof value === "string"),
    ...["FloorDiv", "Mod", "RealDiv"].map((name) => onCpuWhere(shapely(name), whole)),
  ];
}

/** Wraps a kernel if it is right only for few axes, or only for tensors that are not empty. */
function rightForShapes(own: tf.KernelConfig): tf.KernelConfig {
  const few = FEW_AXES.includes(own.kernelName), full = NEVER_EMPTY.includes(own.kernelName);
  if (!few && !full) return own;
  return onCpuWhere(
    own,
    ({ inputs }) => tensorsIn(inputs).some((x) => (few && x.shape.length > AXES) || (full && isEmpty(x))),
  );
}

/** Wraps a cumulative kernel so that it takes a negative axis, which counts from the last one. */
function counted(own: tf.KernelConfig): tf.KernelConfig {
  return wasmKernel<"x">(own.kernelName, (args) => {
    const [axis] = tf.util.parseAxisParam(args.attrs.axis, args.inputs.x.shape);
    return own.kernelFunc({ ...args, attrs: { ...args.attrs, axis } } as never) as TensorInfo;
  }, own);
}

/**
 * Wraps `StridedSlice`, which drops an axis that it shrinks to one number before it steps along the others; a slice
 * that has dropped every axis crashes the backend. So here that axis is kept, with size 1, and dropped at the end.
 */
function stridedSlice(own: tf.KernelConfig): tf.KernelConfig {
  return composedKernel<"x">("StridedSlice", ({ run }, { inputs: { x }, attrs }) => {
    const { beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
    const { begin, end, strides, finalShape } = tf.slice_util
      .sliceInfo(
        x.shape,
        attrs.begin,
        attrs.end,
        attrs.strides,
        beginMask,
        endMask,
        ellipsisMask,
        newAxisMask,
        shrinkAxisMask,
      );
    if (shrinkAxisMask === 0 || finalShape.includes(0)) return run(own, { x }, attrs);
    // Negative strides down to the first number end before it, at -1, which would mean the last one.
    const toFirst = strides.reduce(
      (mask, stride, axis) => mask | (stride < 0 && (end[axis] ?? 0) < 0 ? 1 << axis : 0),
      0,
    );
    const masks = { beginMask: 0, endMask: toFirst, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
    return run("Reshape", { x: run(own, { x }, { begin, end, strides, ...masks }) }, { shape: finalShape });
  }, own);
}

/** Whether a tensor has no numbers. */
function isEmpty({ shape }: TensorInfo): boolean {
  return shape.includes(0);
}
