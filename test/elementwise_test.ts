import { assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { useBackend } from "../src/backend.ts";
import { assertSame, BUILDS, check, numbers, runKernel, valuesOn } from "./_kernels.ts";

const STRANGE = [NaN, Infinity, -Infinity, -3.5, -1, -0.5, -0, 0, 1e-40, -1e-9, 0.3, 1, 2.5, 7, 1e38];

// ## Pairs of numbers

/** Two shapes that can be broadcast: each axis is missing, 1 or whole in either. */
const shapes = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom("both", "a", "b")), { maxLength: 5 })
  .chain((axes) =>
    fc.tuple(fc.constant(axes), fc.integer({ min: 0, max: axes.length }), fc.constantFrom("a" as const, "b" as const))
  )
  .map(([axes, missing, shorter]) => {
    const sizes = (who: "a" | "b") => axes.map(([size, whole]) => whole === "both" || whole === who ? size : 1);
    const cut = (who: "a" | "b") => sizes(who).slice(shorter === who ? missing : 0);
    return { a: cut("a"), b: cut("b") };
  });

const PAIRED = ["add", "sub", "mul", "div", "pow", "squaredDifference", "maximum", "minimum", "mod", "atan2"] as const;
const COMPARED = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const;

Deno.test("operations on pairs of numbers broadcast as on the cpu backend", async () => {
  await check(shapes, async ({ a, b }) => {
    const both = () => [numbers(a, 1).add(1.1), numbers(b, 2).add(1.1)];
    for (const op of PAIRED) await assertSame(() => both()[0][op](both()[1]), `${op} of [${a}] and [${b}]`);
    for (const op of COMPARED) {
      await assertSame(() => both()[0].round()[op](both()[1].round()), `${op} of [${a}] and [${b}]`);
    }
    const bools = () => both().map((x) => x.greater(1.1));
    await assertSame(() => bools()[0].logicalAnd(bools()[1]), `and of [${a}] and [${b}]`);
    await assertSame(() => bools()[0].logicalOr(bools()[1]), `or of [${a}] and [${b}]`);
    await assertSame(() => tf.where(bools()[0], both()[1], both()[1].neg()), `where of [${a}] and [${b}]`);
    const whole = () => both().map((x) => x.mul(9).cast("int32"));
    for (const op of ["maximum", "minimum", "floorDiv", "mod"] as const) {
      await assertSame(() => whole()[0][op](whole()[1]), `${op} of whole [${a}] and [${b}]`);
    }
  }, 60);
});

Deno.test("the larger and the smaller of two numbers is NaN where one is", async () => {
  const [a, b] = [STRANGE.flatMap((x) => STRANGE.map(() => x)), STRANGE.flatMap(() => STRANGE)];
  await assertSame(() => [tf.maximum(a, b), tf.minimum(a, b)], "pairs");
  for (const y of STRANGE) await assertSame(() => [tf.maximum(STRANGE, y), tf.minimum(y, STRANGE)], `with ${y}`);
});

Deno.test("prelu's slopes broadcast on any axes, and so do its gradients", async () => {
  assertEquals(
    await valuesOn("wasm", () => tf.prelu(tf.tensor2d([-1, -2, -3, 4], [2, 2]), tf.tensor2d([10, 100], [2, 1]))),
    [-10, -20, -300, 4],
  );
  for (const alpha of [[4, 1, 3], [1, 5, 1], [4, 5, 3], [4, 1, 1], [5, 3], [5, 1], [3], [1], []]) {
    await assertSame(() => tf.prelu(numbers([4, 5, 3], 1), numbers(alpha, 2)), `slopes [${alpha}]`);
    for (const i of [0, 1]) {
      await assertSame(() => {
        const loss = (x: tf.Tensor, alpha: tf.Tensor) => tf.prelu(x, alpha).mul(numbers([4, 5, 3], 3)).sum();
        return tf.grads(loss)([numbers([4, 5, 3], 1), numbers(alpha, 2)])[i];
      }, `gradient ${i} with slopes [${alpha}]`);
    }
  }
  const [x, slopes] = [STRANGE.flatMap((x) => STRANGE.map(() => x)), STRANGE.flatMap(() => STRANGE)];
  await assertSame(() => tf.prelu(tf.zeros([2, 0]), tf.zeros([0])), "no slopes");
  await assertSame(() => tf.prelu(numbers([3], 1), numbers([1, 1, 3], 2)), "slopes of more axes");
  await assertSame(() => tf.prelu(x, slopes), "strange slopes");
  await assertSame(() => tf.prelu(tf.tensor(x, [STRANGE.length, STRANGE.length]), STRANGE), "on the last axis");
});

// ## Numbers one by one

for (const kernels of BUILDS) {
  Deno.test(`NaN stays NaN where numbers are kept within bounds (${kernels})`, async () => {
    const clip = (x: number[]) => valuesOn("wasm", () => tf.clipByValue(x, -1, 2), kernels);
    assertEquals(await clip([NaN, -5, 0.5, 5, Infinity, -Infinity]), [NaN, -1, 0.5, 2, 2, -1]);
    assertEquals(await valuesOn("wasm", () => tf.relu6([NaN, -5, 0.5, 7, Infinity]), kernels), [NaN, 0, 0.5, 6, 6]);
    for (let size = 0; size <= 35; size++) { // every end of a row of sixteens
      const x = Array.from({ length: size }, (_, i) => i - 15);
      assertEquals(await clip(x), x.map((value) => Math.max(-1, Math.min(2, value))));
      const signs = await valuesOn("wasm", () => tf.sign(x), kernels);
      assertEquals(signs, x.map(Math.sign));
    }
  });

  Deno.test(`softplus agrees with log(1 + eˣ) down to the smallest numbers (${kernels})`, async () => {
    const x = Array.from({ length: 2001 }, (_, i) => Math.fround(-108 + i / 50)); // to -68, with denormals from -87.3 on
    const found = await valuesOn("wasm", () => tf.softplus(x), kernels);
    found.forEach((y, i) => {
      const expected = Math.log1p(Math.exp(x[i]));
      assertLessOrEqual(Math.abs(y - expected), 2 ** -149 + 5 * 2 ** -24 * expected, `softplus of ${x[i]}`);
    });
  });
}

for (const kernels of BUILDS) {
  for (const name of ["sin", "cos", "log1p"] as const) {
    Deno.test(`${name} is right in every digit of a float32, of the smallest numbers and the largest (${kernels})`, async () => {
      for (const size of [1e-44, 1e-30, 1e-9, 1e-3, 0.3, 1, 7, 90, 1e4, 1e7, 1e12, 3e38]) {
        const x = Float32Array.from({ length: 203 }, (_, i) => size * Math.sin(1.7 * i + i * i / 100));
        const found = await valuesOn("wasm", () => tf[name](x), kernels);
        found.forEach((y, i) => {
          const expected = Math[name](x[i]);
          if (Number.isNaN(expected)) return assertEquals(y, NaN);
          const wrong = Math.abs(y - expected);
          assertLessOrEqual(wrong, 4 * 2 ** -24 * Math.abs(expected) + 2 ** -149, `${name} of ${x[i]}`); // four roundings
        });
      }
      for (let size = 0; size <= 9; size++) { // every end of a row of fours
        const x = Array.from({ length: size }, (_, i) => i + 1);
        const found = await valuesOn("wasm", () => tf[name](x), kernels);
        assertEquals(found.length, size);
        found.forEach((y, i) => assertAlmostEquals(y, Math[name](x[i]), 1e-6));
      }
    });
  }
}

const UNARY = [
  ...["Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Elu", "Erf", "Exp", "Expm1"],
  ...["Floor", "IsFinite", "IsInf", "IsNan", "Log", "Log1p", "Neg", "Reciprocal", "Relu", "Relu6", "Round", "Rsqrt"],
  ...["Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Sqrt", "Square", "Step", "Tan", "Tanh", "LeakyRelu"],
  ...["ClipByValue", "OnesLike", "ZerosLike"],
];
const INPUTS = {
  float32: STRANGE,
  int32: [-7, -1, 0, 1, 2, 3, 5, 100, -100],
  bool: [false, true, true, false, true],
};

for (const [dtype, values] of Object.entries(INPUTS)) {
  Deno.test(`every function of one number gives what the cpu backend gives for ${dtype}`, async () => {
    const attrs = { alpha: 0.25, clipValueMin: -1.5, clipValueMax: 1 };
    for (const name of UNARY) {
      await assertSame(() => {
        const x = tf.tensor1d(values, dtype as tf.DataType);
        return runKernel(name, { x }, attrs);
      }, `${name} of ${dtype}`);
    }
  });
}

Deno.test("second gradients of functions of one number agree with the cpu backend", async () => { // elu has none in tfjs
  const ops = ["relu", "selu", "softplus", "sigmoid", "tanh", "exp", "square", "sqrt", "log"] as const;
  for (const op of ops) {
    const first = (x: tf.Tensor) => tf.grad((x) => x[op]().square())(x);
    await assertSame(() => first(numbers([23], 1).add(1.1)), op);
    await assertSame(() => tf.grad(first)(numbers([23], 1).add(1.1)), `second gradient of ${op}`);
  }
});

Deno.test("a comparison has gradients, all zero, so that what it decides between has its own", async () => {
  const gradient = (decide: (x: tf.Tensor) => tf.Tensor) =>
    valuesOn("wasm", () => tf.grad((x) => tf.where(decide(x), x.square(), x))(tf.tensor1d([-1, 2, 3])));
  const two = () => tf.scalar(2);
  assertEquals(await gradient((x) => x.greater(two())), [1, 1, 6]);
  assertEquals(await gradient((x) => x.greaterEqual(two())), [1, 4, 6]);
  assertEquals(await gradient((x) => x.less(two())), [-2, 1, 1]);
  assertEquals(await gradient((x) => two().lessEqual(x)), [1, 4, 6]);
  assertEquals(await gradient((x) => x.equal(two())), [1, 4, 1]);
  assertEquals(await gradient((x) => x.notEqual(two())), [-2, 1, 6]);
  assertEquals(await gradient((x) => x.isFinite()), [-2, 4, 6]);
  for (const op of ["isNaN", "isInf"] as const) assertEquals(await gradient((x) => x[op]()), [1, 1, 1]);
});

for (const kernels of BUILDS) {
  Deno.test(`a ReLU's gradient passes where its input is positive, and blocks what is infinite elsewhere (${kernels})`, async () => {
    const gradient = (x: number[], dy: number[]) =>
      valuesOn("wasm", () => tf.grad((x) => x.relu())(tf.tensor1d(x), tf.tensor1d(dy)), kernels);
    assertEquals(await gradient([1, -1, 0, -0, NaN, Infinity, 1e-45], [2, 3, 4, 5, 6, 7, 8]), [2, 0, 0, 0, 0, 7, 8]);
    assertEquals(await gradient([1, -1, 0], [Infinity, Infinity, NaN]), [Infinity, 0, 0]);
    for (let size = 0; size <= 19; size++) { // every end of a row of eights
      const x = Array.from({ length: size }, (_, i) => i % 3 - 1), dy = x.map((_, i) => i + 1);
      assertEquals(await gradient(x, dy), dy.map((slope, i) => x[i] > 0 ? slope : 0));
    }
  });
}

Deno.test("a ReLU's gradient with respect to its own gradient passes likewise", async () => {
  const second = () => {
    const slope = (dy: tf.Tensor) => tf.grad((x) => x.relu())(numbers([9], 1), dy);
    return tf.grad((dy) => slope(dy).mul(numbers([9], 2)))(numbers([9], 3));
  };
  await assertSame(second, "second");
  await useBackend("wasm");
});
