/**
 * Kernels of tfjs's WASM backend that are right for tensors of some types alone. For others they give garbage, and some
 * write behind their buffers.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { KernelArguments, TensorInfo } from "./compose.ts";
import { onCpu, onCpuWhere, rightFor } from "./on_cpu.ts";

const FLOATS = ["float32"] as const;
const NUMBERS = ["float32", "int32"] as const;
const BOOLS = ["bool"] as const;
const NO_STRINGS = ["float32", "int32", "bool"] as const;

/** The kernels, with the types they are right for. */
const RIGHT_FOR: [types: readonly tf.DataType[], kernels: string][] = [
  [FLOATS, "Acos Acosh Asin Asinh Atan Atanh Ceil Cosh Elu EluGrad Erf Expm1 Floor IsFinite IsInf IsNan Log Pow"],
  [FLOATS, "Reciprocal Rsqrt Selu Sigmoid Sinh Softmax Sqrt StridedSlice Tan Tanh"],
  [NUMBERS, "Abs Atan2 Cumprod Cumsum DenseBincount Exp LeakyRelu Neg Relu Reverse Round SearchSorted"],
  [NUMBERS, "SparseFillEmptyRows SparseSegmentMean SparseSegmentSum SparseToDense Square Step TopK"],
  [BOOLS, "LogicalAnd LogicalNot LogicalOr"],
  [NO_STRINGS, "Equal GatherNd Greater GreaterEqual Less LessEqual NotEqual Tile"],
];

/** Kernels that tfjs's WASM backend lacks: for ragged tensors and strings. */
const MISSING = ["RaggedGather", "RaggedRange", "RaggedTensorToTensor", "StaticRegexReplace"];

/** The kernels, each with tfjs's `cpu` backend for what it is not right for. */
export function kernelsByType(own: (name: string) => tf.KernelConfig): tf.KernelConfig[] {
  const zero = (b: TensorInfo, backend: BackendWasm) => (backend.typedArrayFromHeap(b) as Int32Array).includes(0);
  const whole = ({ inputs: { a, b }, backend }: KernelArguments) =>
    a.dtype === "bool" || (a.dtype === "int32" && zero(b, backend));
  return [
    ...RIGHT_FOR.flatMap(([types, kernels]) => kernels.split(" ").map((name) => rightFor(types, own(name)))),
    ...MISSING.map(onCpu),
    onCpuWhere(own("Select"), ({ inputs: { t } }) => t.dtype === "bool" || t.dtype === "string"),
    onCpuWhere(own("Bincount"), ({ inputs: { x, weights } }) => x.shape.length !== 1 || weights.dtype === "bool"),
    onCpuWhere(own("GatherV2"), ({ inputs: { x } }) => tf.util.sizeFromShape(x.shape) === 0),
    onCpuWhere(own("OneHot"), ({ attrs: { dtype } }) => dtype !== "int32"),
    onCpuWhere(own("Fill"), ({ attrs: { value } }) => typeof value === "string"),
    ...["FloorDiv", "Mod", "RealDiv"].map((name) => onCpuWhere(own(name), whole)),
  ];
}
