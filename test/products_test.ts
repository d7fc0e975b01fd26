import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { assertAgrees, BUILDS, numbers, runKernel, valuesOn } from "./_kernels.ts";

// ## Filter gradients, whose rows are read six numbers at a time

/** `dw[k, l, c, o] = Σ x[b, s i + k - top, s j + l - left, c] dy[b, i, j, o]`, in double precision. */
function filterGradient(
  x: Float32Array,
  [B, H, W, C]: number[],
  dy: Float32Array,
  [, P, Q, O]: number[],
  [K, L]: number[],
  stride: number,
  [top, left]: number[],
): number[] {
  const dw = new Float64Array(K * L * C * O);
  for (let b = 0; b < B; b++) {
    for (let i = 0; i < P; i++) {
      for (let j = 0; j < Q; j++) {
        for (let k = 0; k < K; k++) {
          for (let l = 0; l < L; l++) {
            const [row, column] = [stride * i + k - top, stride * j + l - left];
            if (row < 0 || row >= H || column < 0 || column >= W) continue;
            for (let c = 0; c < C; c++) {
              for (let o = 0; o < O; o++) {
                dw[((k * L + l) * C + c) * O + o] += x[((b * H + row) * W + column) * C + c] *
                  dy[((b * P + i) * Q + j) * O + o];
              }
            }
          }
        }
      }
    }
  }
  return [...dw];
}

/** Small whole numbers, whose products add up without rounding. */
const whole = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, i) => (i * i + 7 * i + seed) % 11 - 5);

/** How many shapes the sweep below tries. */
type Shape4D = [number, number, number, number];

const CASES = 18312;

Deno.test("a filter's gradient of numbers that end in the middle of six", async () => {
  for (const kernels of BUILDS) {
    const found = await valuesOn("wasm", () => {
      const x = tf.range(0, 16).reshape([1, 4, 4, 1]) as tf.Tensor4D;
      return tf.grad((w: tf.Tensor) => tf.conv2d(x, w as tf.Tensor4D, 1, "valid").sum())(tf.zeros([2, 2, 1, 1]));
    }, kernels);
    assertEquals(found, [45, 54, 81, 90]);
  }
});

for (const kernels of BUILDS) {
  Deno.test(`filter gradients are right for every small image and filter (${kernels})`, async () => {
    await useBackend("wasm", { kernels });
    let cases = 0;
    for (const C of [1, 2, 3, 4]) {
      for (const [H, W] of [[4, 2], [5, 3], [6, 4], [9, 5], [8, 6], [8, 8], [3, 7], [1, 9], [7, 10], [2, 12]]) {
        for (let K = 1; K <= 8; K++) {
          for (let L = 1; L <= 8; L++) {
            for (const stride of [1, 2, 3]) {
              for (const [top, left] of [[0, 0], [1, 0], [1, 1], [0, 2]]) {
                const P = Math.floor((H + 2 * top - K) / stride) + 1;
                const Q = Math.floor((W + 2 * left - L) / stride) + 1;
                if (P < 1 || Q < 1) continue;
                const [xShape, dyShape] = [[2, H, W, C], [2, P, Q, 3]];
                const [x, dy] = [whole(2 * H * W * C, 1), whole(2 * P * Q * 3, 2)];
                const dw = tf.tidy(() =>
                  runKernel("Conv2DBackpropFilter", { x: tf.tensor(x, xShape), dy: tf.tensor(dy, dyShape) }, {
                    strides: stride,
                    pad: [[0, 0], [top, top], [left, left], [0, 0]],
                    dataFormat: "NHWC",
                    filterShape: [K, L, C, 3],
                  })
                );
                const expected = filterGradient(x, xShape, dy, dyShape, [K, L], stride, [top, left]);
                const what = JSON.stringify({ xShape, filter: [K, L], stride, top, left });
                assertEquals([...await dw.data()], expected, what);
                dw.dispose();
                cases++;
              }
            }
          }
        }
      }
    }
    assertEquals(cases, CASES, "shapes tried");
  });
}

// ## Sums of very many products

/** Numbers in (0, 1), as a lagged Fibonacci generator would not repeat; or all the same, whose rounding errors add up. */
const positive = { various: (i: number) => ((i * 7919) % 104729) / 104729 + 1e-3, equal: () => 0.1 };

/** Asserts that each number lies within a millionth of what is expected. */
function assertExact(found: ArrayLike<number>, expected: ArrayLike<number>, what: string) {
  assertEquals(found.length, expected.length, what);
  for (let i = 0; i < found.length; i++) {
    assertLessOrEqual(Math.abs(found[i] / expected[i] - 1), 1e-6, `${what} [${i}]`);
  }
}

const ROWS = 802_816; // the pixels of 1,024 images of 28 × 28

for (const kernels of BUILDS) {
  for (const [name, value] of Object.entries(positive)) {
    const what = `${name} numbers, ${kernels}`;
    const column = (size: number) => Float32Array.from({ length: size }, (_, i) => value(i));

    Deno.test(`a filter's gradient over ${ROWS} windows is right to a millionth (${what})`, async () => {
      const [x, dy] = [column(ROWS), column(ROWS)];
      const shape: Shape4D = [1024, 28, 28, 1];
      const dw = await valuesOn(
        "wasm",
        () =>
          runKernel("Conv2DBackpropFilter", { x: tf.tensor4d(x, shape), dy: tf.tensor4d(dy, shape) }, {
            strides: 1,
            pad: "same",
            dataFormat: "NHWC",
            filterShape: [3, 3, 1, 1],
          }),
        kernels,
      );
      assertExact(dw, filterGradient(x, shape, dy, shape, [3, 3], 1, [1, 1]), what);
    });

    Deno.test(`products of ${ROWS} numbers are right to a millionth (${what})`, async () => {
      const a = column(2 * ROWS);
      for (const N of [1, 3]) {
        const b = column(N * ROWS);
        const expected = Array(2 * N).fill(0);
        for (let k = 0; k < ROWS; k++) {
          for (let i = 0; i < 2; i++) {
            for (let j = 0; j < N; j++) expected[i * N + j] += a[2 * k + i] * b[N * k + j];
          }
        }
        const [left, right] = [() => tf.tensor2d(a, [ROWS, 2]), () => tf.tensor2d(b, [ROWS, N])];
        assertExact(await valuesOn("wasm", () => tf.matMul(left(), right(), true), kernels), expected, `aᵀ b, ${what}`);
        const plain = () => tf.matMul(left().transpose(), right().transpose(), false, true);
        assertExact(await valuesOn("wasm", plain, kernels), expected, `a bᵀ, ${what}`);
        const fused = await valuesOn("wasm", () =>
          tf.fused.matMul({
            a: left().transpose(),
            b: right(),
            bias: tf.range(-1e9, -1e9 + N, 1),
            activation: "relu",
          }), kernels);
        assertEquals(fused, expected.map(() => 0), `a bias far below, and a ReLU, ${what}`);
        const [bias, product] = [() => tf.range(1, N + 1), { a: left().transpose(), b: right() }];
        const added = await valuesOn(
          "wasm",
          () => tf.fused.matMul({ ...product, bias: bias(), activation: "relu" }),
          kernels,
        );
        tf.dispose(product);
        assertExact(added, expected.map((sum, i) => sum + 1 + i % N), `a bias, and a ReLU, ${what}`);
      }
    });
  }
}

Deno.test("a product with a vector is refused as tfjs refuses it", async () => {
  await useBackend("wasm");
  tf.tidy(() => {
    const [matrix, vector] = [tf.ones([2, 2]) as tf.Tensor2D, tf.tensor1d([2, 3]) as unknown as tf.Tensor2D];
    assertThrows(() => tf.matMul(matrix, vector), Error, "must match.");
    assertThrows(() => tf.matMul(vector, matrix), Error);
  });
});

// ## Biases and activations

Deno.test("a fused product takes a bias of any shape that broadcasts, and every activation of tfjs", async () => {
  const activations = ["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const;
  for (const [batch, M, N] of [[[], 5, 9], [[3], 4, 7], [[], 8, 1]] as const) {
    const shapes: number[][] = [[], [1], [N], [1, N], [M, 1], [M, N], [...batch, M, N]];
    for (const shape of shapes.filter(({ length }) => length <= batch.length + 2)) {
      for (const activation of activations) {
        await assertAgrees(
          () =>
            tf.fused.matMul({
              a: numbers([...batch, M, 6], 1).mul(3),
              b: numbers([...batch, 6, N], 2).mul(3),
              bias: numbers(shape, 3),
              activation,
              preluActivationWeights: numbers([N], 4),
              leakyreluAlpha: 0.3,
            }),
          JSON.stringify({ batch, M, N, shape, activation }),
        );
      }
    }
  }
});
