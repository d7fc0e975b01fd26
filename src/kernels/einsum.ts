/**
 * Sums of products in Einstein notation, computed as one matrix product.
 *
 * ```math
 * \texttt{bqd,bkd->bqk}: \qquad y[b, q, k] = \sum_d x[b, q, d] \, z[b, k, d]
 * ```
 *
 * A label that occurs in one tensor only and not in the result is summed over first. Each other label occurs in both
 * tensors and the result (a batch), in both tensors but not the result (the inner axis of the product), or in one
 * tensor and the result (rows or columns). tfjs's `cpu` backend multiplies all pairs and sums afterwards.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type KernelArguments, type TensorInfo } from "./compose.ts";
import { mapTuple } from "./map_tuple.ts";

/** `Einsum` for the WASM backend, where tfjs has none. */
export const einsum: tf.KernelConfig = composedKernel("Einsum", sumOfProducts);

/** A tensor with a label per axis. */
interface Labelled {
  x: TensorInfo;
  labels: number[];
}

/** One tensor, or two, as `attrs.equation` says. */
function sumOfProducts({ run }: Composer, { inputs, attrs: { equation } }: KernelArguments): TensorInfo {
  const tensors = Object.values(inputs);
  const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, tensors.length);
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as tf.Tensor[]);
  const dtype = tensors.map((x) => x.dtype).reduce((a, b) => tf.upcastType(a, b));
  const terms = tensors.map((x, i) => ({
    x: x.dtype === dtype ? x : run("Cast", { x }, { dtype }),
    labels: idDims[i]!, // it has those of every tensor
  }));
  const elsewhere = (i: number, label: number) => terms.some(({ labels }, j) => j !== i && labels.includes(label));
  const lone = terms.map((term, i) =>
    withoutLabels(run, term, term.labels.filter((label) => summedDims.includes(label) && !elsewhere(i, label)))
  );
  const [a, b] = lone as [Labelled, Labelled?];
  const result = b ? product(run, a, b, summedDims) : a;
  return arranged(run, result, result.labels.toSorted((a, b) => a - b)); // the result's labels are the first, in order
}

/** Sums a tensor over some labels. */
function withoutLabels(run: Composer["run"], { x, labels }: Labelled, summed: number[]): Labelled {
  if (summed.length === 0) return { x, labels };
  const axis = summed.map((label) => labels.indexOf(label));
  return { x: run("Sum", { x }, { axis, keepDims: false }), labels: labels.filter((label) => !summed.includes(label)) };
}

/** Transposes a tensor so that its axes have the order of these labels. */
function arranged(run: Composer["run"], { x, labels }: Labelled, order: number[]): TensorInfo {
  const perm = order.map((label) => labels.indexOf(label));
  return run(perm.every((axis, i) => axis === i) ? "Identity" : "Transpose", { x }, { perm });
}

/** The product of two tensors, summed over the labels among `summed`, which both have. */
function product(run: Composer["run"], a: Labelled, b: Labelled, summed: number[]): Labelled {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => !summed.includes(label));
  const inner = shared.filter((label) => summed.includes(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  if (inner.length === 0 || labels.length === batch.length) {
    const [left, right] = mapTuple([a, b], (term) => stretched(run, term, [...labels, ...inner]));
    return withoutLabels(run, { x: run("Multiply", { a: left, b: right }), labels: [...labels, ...inner] }, inner);
  }
  const [left, right] = [matrices(run, a, batch, rows, inner), matrices(run, b, batch, inner, columns)];
  const flags = { transposeA: left.transposed, transposeB: right.transposed };
  const x = run("BatchMatMul", { a: left.x, b: right.x }, flags);
  const shape = labels.map((label) => sizeOf(a, label) ?? sizeOf(b, label)!);
  return { x: run("Reshape", { x }, { shape }), labels };
}

/** The size of the axis with a label, if there is one. */
function sizeOf({ x, labels }: Labelled, label: number): number | undefined {
  return x.shape[labels.indexOf(label)];
}

/** A tensor with an axis per label, in the order of the labels; an axis that it lacks has size 1. */
function stretched(run: Composer["run"], term: Labelled, labels: number[]): TensorInfo {
  const x = arranged(run, term, labels.filter((label) => term.labels.includes(label)));
  return run("Reshape", { x }, { shape: labels.map((label) => sizeOf(term, label) ?? 1) });
}

/** A batch of matrices, `[batch, rows, columns]`; transposed where the tensor is `[batch, columns, rows]` as it is. */
function matrices(run: Composer["run"], term: Labelled, batch: number[], rows: number[], columns: number[]) {
  const turned = [...batch, ...columns, ...rows];
  const transposed = term.labels.every((label, i) => label === turned[i]);
  const order = transposed ? turned : [...batch, ...rows, ...columns];
  const shape = [batch, ...transposed ? [columns, rows] : [rows, columns]]
    .map((some) => some.reduce((product, label) => product * sizeOf(term, label)!, 1));
  return { x: run("Reshape", { x: arranged(run, term, order) }, { shape }), transposed };
}
