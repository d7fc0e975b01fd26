import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertNear, assertSame, BUILDS, check, numbers, valuesOn } from "./_kernels.ts";

const SIZES: Record<string, number> = { a: 2, b: 3, c: 4, d: 5, e: 1 };
const LABELS = Object.keys(SIZES);

/** An equation of one term or two, and a result with some of their labels, each in any order. */
const equation = fc.array(fc.shuffledSubarray(LABELS), { minLength: 1, maxLength: 2 }).chain((terms) =>
  fc.shuffledSubarray([...new Set(terms.flat())]).map((result) => ({ terms, result }))
);

/** The sum of products over all labels, one by one in double precision. */
function byHand(terms: string[][], result: string[], tensors: Float32Array[]): number[] {
  const labels = [...new Set(terms.flat())];
  const at = (term: string[], place: Record<string, number>) =>
    term.reduce((index, label) => index * SIZES[label] + place[label], 0);
  const sums = Array(result.reduce((size, label) => size * SIZES[label], 1)).fill(0);
  const visit = (i: number, place: Record<string, number>) => {
    if (i === labels.length) {
      sums[at(result, place)] += terms.reduce((product, term, t) => product * tensors[t][at(term, place)], 1);
    } else for (let n = 0; n < SIZES[labels[i]]; n++) visit(i + 1, { ...place, [labels[i]]: n });
  };
  visit(0, {});
  return sums;
}

const shapeOf = (term: string[]) => term.map((label) => SIZES[label]);
const write = (terms: string[][], result: string[]) =>
  `${terms.map((term) => term.join("")).join(",")}->${result.join("")}`;

Deno.test("any sum of products is what its equation says", async () => {
  await check(equation, async ({ terms, result }) => {
    const text = write(terms, result);
    const tensors = () => terms.map((term, i) => numbers(shapeOf(term), i + 1));
    await useBackend("cpu");
    const inputs = tensors().map((x) => x.dataSync() as Float32Array);
    const expected = byHand(terms, result, inputs);
    for (const kernels of BUILDS) {
      await useBackend("wasm", { kernels });
      assertEquals(tf.tidy(() => tf.einsum(text, ...tensors()).shape), shapeOf(result), text);
      assertNear(await valuesOn("wasm", () => tf.einsum(text, ...tensors()), kernels), expected, text);
    }
  }, 200);
});

Deno.test("the gradient of a sum of products is the one of its sum by hand, first and second", async () => {
  await check(equation, async ({ terms, result }) => {
    const text = write(terms, result);
    const weights = () => numbers(shapeOf(result), 9);
    for (const i of terms.keys()) {
      const loss = (x: tf.Tensor) =>
        tf.einsum(text, ...terms.map((term, j) => j === i ? x : numbers(shapeOf(term), j + 1))).mul(weights()).sum();
      const x = () => numbers(shapeOf(terms[i]), i + 1);
      const found = await valuesOn("wasm", () => tf.grad(loss)(x()));
      // It is linear in each tensor: its gradient is the sum of products of all others and the weights.
      const others = terms.filter((_, j) => j !== i);
      const tensors = [weights(), ...others.map((term) => numbers(shapeOf(term), terms.indexOf(term) + 1))];
      const values = tensors.map((t) => t.dataSync() as Float32Array);
      const known = new Set([...result, ...others.flat()]);
      const labels = terms[i].filter((label) => known.has(label));
      const part = byHand([result, ...others], labels, values);
      const expected = await valuesOn("cpu", () => {
        const kept = terms[i].map((label) => known.has(label) ? SIZES[label] : 1);
        return tf.tensor(part, kept).broadcastTo(shapeOf(terms[i]));
      });
      assertNear(found, expected, `${text}, tensor ${i}`);
    }
  }, 60);
  await useBackend("wasm");
  const second = await valuesOn("wasm", () => {
    const f = (x: tf.Tensor) => tf.einsum("ij,ij->i", x, x).square().sum() as tf.Scalar;
    return tf.grad((x) => tf.grad(f)(x).sum())(tf.tensor2d([1, 2], [1, 2]));
  });
  assertEquals(second, [4 * 5 + 8 * 1 * 3, 4 * 5 + 8 * 2 * 3]); // of 4 |x|² (x₀ + x₁)
});

Deno.test("attention is a product of matrices, of which none is larger than its result", async () => {
  await useBackend("wasm");
  const sizes: number[] = [];
  const kernels = ["Multiply", "BatchMatMul", "Transpose"].map((name) => tf.getKernel(name, "wasm"));
  for (const kernel of kernels) {
    tf.unregisterKernel(kernel.kernelName, "wasm");
    const kernelFunc: tf.KernelFunc = (args) => {
      const out = kernel.kernelFunc(args) as tf.TensorInfo;
      sizes.push(tf.util.sizeFromShape(out.shape));
      return out;
    };
    tf.registerKernel({ ...kernel, kernelFunc });
  }
  try {
    const [q, k] = [numbers([2, 10, 3, 8], 1), numbers([2, 11, 3, 8], 2)];
    const weights = tf.einsum("bqhd,bkhd->bhqk", q, k);
    assertEquals(weights.shape, [2, 3, 10, 11]);
    assertEquals(Math.max(...sizes), weights.size);
    tf.dispose([q, k, weights]);
  } finally {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, "wasm");
      tf.registerKernel(kernel);
    }
  }
});

Deno.test("sums of products of whole numbers stay whole; equations that cannot be are refused in tfjs's words", async () => {
  await assertSame(() => {
    const [a, b] = [tf.range(0, 6, 1, "int32").reshape([2, 3]), tf.range(1, 7, 1, "int32").reshape([3, 2])];
    return [tf.einsum("ij,jk->ik", a, b), tf.einsum("ij,kj->ik", a, a), tf.einsum("ij->j", a)];
  }, "whole");
  const mixed = (a: tf.Tensor, b: tf.Tensor) => [tf.einsum("ij,jk->ik", a, b), tf.einsum("ij,ij->", a, b.transpose())];
  await assertSame(() => mixed(tf.range(0, 6, 1, "int32").reshape([2, 3]), numbers([3, 2], 1)), "mixed");
  await useBackend("wasm");
  const [a, b] = [tf.ones([2, 3]), tf.ones([4, 5])];
  const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
  assertThrows(() => tf.einsum("ij,jk->ik", a, b), Error, "Expected dimension 3 at axis 0 of input shaped [4,5]");
  assertThrows(() => tf.einsum("ij", a), Error, "Equations without an arrow are not supported.");
  assertThrows(() => tf.einsum("ii->i", a), Error, "Found duplicate axes in input component ii.");
  assertEquals([tf.memory().numTensors, tf.engine().backend.numDataIds()], before);
  tf.dispose([a, b]);
});
