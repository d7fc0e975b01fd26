import { assert, assertEquals, assertLess, assertLessOrEqual, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { logBernoulli } from "../src/distributions/bernoulli.ts";
import { bernoulli, gaussian } from "../src/distributions/likelihood.ts";
import { autoencoder, layersAutoencoder } from "../src/models/autoencoder.ts";
import { convVae } from "../src/models/conv_vae.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { oneHot } from "../src/models/one_hot.ts";
import { layersVae } from "../src/models/vae.ts";
import type { LayersModel, Variable } from "../src/tensor.ts";
import { assertClose, assertKeeps, hasGpu, NAMES, numbers, startBackend, testOnBackends } from "./_backends.ts";

/** Float32 keeps 6e-8 of a number; the small networks here add a few dozen. */
const TOLERANCE = 1e-5;

/** Models small enough for a GPU made of software; no two of their sizes are alike. */
const small = {
  autoencoder: (seed = 0) => autoencoder({ latent: 2, hidden: [5, 4], shape: [2, 3, 1], seed }),
  denseVae: (seed = 0) => denseVae({ latent: 2, hidden: 5, shape: [2, 3, 1], seed }),
  convVae: (seed = 0) => convVae({ latent: 2, filters: [3, 5], hidden: 6, image: [8, 4, 1], seed }),
};
const makers = Object.entries(small);

/** What variables hold, one array each. */
const valuesOf = (variables: Variable[]) => Promise.all(variables.map(async (v) => [...await v.data()]));

/** Some numbers in (0, 1), no two alike. */
const some = (shape: number[], seed = 1) =>
  tf.tensor(
    Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (1 + Math.sin(1.7 * i + seed + i * i / 100)) / 2),
    shape,
  );

const matrix = (values: number[], columns: number) =>
  Array.from({ length: values.length / columns }, (_, i) => values.slice(i * columns, (i + 1) * columns));

/** A dense layer as written on paper: `x W + b`, perhaps without its negative part. */
function dense(x: number[][], [w, b]: number[][], relu = false): number[][] {
  const kernel = matrix(w, b.length);
  return x.map((row) =>
    b.map((bias, j) => {
      const sum = row.reduce((sum, value, i) => sum + value * kernel[i][j], bias);
      return relu ? Math.max(0, sum) : sum;
    })
  );
}

/** Every layer but the input: its class, its activation, its stride and the shape of what it makes of one example. */
const plan = (network: LayersModel) =>
  network.layers.filter((layer) => layer.getClassName() !== "InputLayer").map((layer) => {
    const { activation, strides } = layer.getConfig();
    const shape = (layer.outputShape as number[]).slice(1).join("x");
    return [layer.getClassName(), activation, strides && `/${strides}`, shape].filter(Boolean).join(" ");
  });

Deno.test("the convolutional VAE is the published one: 69,076 and 65,089 parameters", async () => {
  await startBackend("cpu");
  const vae = convVae({ latent: 2 });
  assertEquals([vae.encoder.countParams(), vae.decoder.countParams()], [69_076, 65_089]);
  assertEquals(plan(vae.encoder), [
    "Conv2D relu /2,2 14x14x32",
    "Conv2D relu /2,2 7x7x64",
    "Flatten 3136",
    "Dense relu 16",
    "Dense linear 2",
    "Dense linear 2",
  ]);
  assertEquals(plan(vae.decoder), [
    "Dense relu 3136",
    "Reshape 7x7x64",
    "Conv2DTranspose relu /2,2 14x14x64",
    "Conv2DTranspose relu /2,2 28x28x32",
    "Conv2DTranspose linear /1,1 28x28x1",
  ]);
  for (const layer of [...vae.encoder.layers, ...vae.decoder.layers]) {
    const { kernelSize, padding, useBias } = layer.getConfig();
    if (kernelSize) assertEquals([kernelSize, padding, useBias], [[3, 3], "same", true], layer.name);
  }
  assertEquals(vae.latent, 2);
  vae.dispose();
});

Deno.test("the dense VAE is 784-400-20 and back, the autoencoder 784-128-2 and back", async () => {
  await startBackend("cpu");
  const vae = denseVae();
  assertEquals([vae.encoder.countParams(), vae.decoder.countParams()], [
    784 * 400 + 400 + 2 * (400 * 20 + 20),
    20 * 400 + 400 + 400 * 784 + 784,
  ]);
  assertEquals(plan(vae.decoder), ["Dense relu 400", "Dense linear 784", "Reshape 28x28x1"]);
  const plain = autoencoder();
  assertEquals(plan(plain.encoder), ["Reshape 784", "Dense relu 128", "Dense linear 2"]);
  assertEquals(plan(plain.decoder), ["Dense relu 128", "Dense sigmoid 784", "Reshape 28x28x1"]);
  assertEquals([vae.latent, plain.latent], [20, 2]);
  vae.dispose();
  plain.dispose();
  const deep = autoencoder({ hidden: [5, 4], latent: 3, shape: [6], output: "linear" });
  assertEquals(plan(deep.encoder), ["Reshape 6", "Dense relu 5", "Dense relu 4", "Dense linear 3"]);
  assertEquals(plan(deep.decoder), ["Dense relu 4", "Dense relu 5", "Dense linear 6", "Reshape 6"]);
  deep.dispose();
});

for (const [name, make] of makers) {
  testOnBackends(`${name}: codes are [B, L], reconstructions have the shape of the examples`, () => {
    const model = make();
    const shape = model.encoder.inputs[0].shape.slice(1) as number[];
    tf.tidy(() => {
      const q = model.encode(some([3, ...shape]));
      const codes = "mu" in q ? [q.mu, q.logVar] : [q];
      assertEquals(codes.map((code) => code.shape), codes.map(() => [3, 2]));
      const decoded = model.decode(codes[0]);
      assertEquals(decoded.shape, [3, ...shape]);
      if ("likelihood" in model) assertEquals(model.likelihood.logProb(some([3, ...shape]), decoded).shape, [3]);
    });
    model.dispose();
  });

  testOnBackends(`${name}: examples do not see one another`, async () => {
    const model = make();
    const shape = model.encoder.inputs[0].shape.slice(1) as number[];
    const through = (x: tf.Tensor) => {
      const code = model.encode(x);
      return model.decode("mu" in code ? code.mu.add(code.logVar) : code);
    };
    const together = await numbers(() => through(some([3, ...shape])));
    const alone = await numbers(() => through(some([3, ...shape]).slice([1], [1])));
    assertClose(alone, together.slice(alone.length, 2 * alone.length), TOLERANCE);
    model.dispose();
  });

  testOnBackends(`${name}: every kernel is Glorot uniform, every bias zero, no two kernels alike`, async () => {
    const model = make();
    const values = await valuesOf(model.variables);
    model.variables.forEach(({ shape }, i) => {
      if (shape.length === 1) return assertEquals(values[i], values[i].map(() => 0));
      const receptive = shape.slice(0, -2).reduce((product, n) => product * n, 1);
      const limit = Math.sqrt(6 / (receptive * (shape.at(-1)! + shape.at(-2)!)));
      const largest = Math.max(...values[i].map(Math.abs));
      assertLessOrEqual(largest, limit * (1 + 1e-6));
      assertLess(limit / 2, largest); // at least ten numbers: they all miss the outer half once in 2^10
    });
    const firsts = values.filter((_, i) => model.variables[i].shape.length > 1).map(([first]) => first);
    assertEquals(new Set(firsts).size, firsts.length);
    model.dispose();
  });

  Deno.test(`${name}: one seed is one model, on every backend; another seed is another`, async () => {
    const found: number[][][] = [];
    for (const backend of NAMES.filter((name) => hasGpu || name !== "webgpu")) {
      await startBackend(backend);
      for (const seed of [0, 0, 1]) {
        const model = make(seed);
        found.push(await valuesOf(model.variables));
        model.dispose();
      }
    }
    const [first, , other] = found;
    found.forEach((values, i) => assertEquals(values, i % 3 === 2 ? other : first));
    const kernels = first.flatMap((values, i) => values.some((value) => value !== 0) ? [i] : []);
    assert(kernels.every((i) => first[i][0] !== other[i][0]), "each kernel differs");
  });

  testOnBackends(`${name}: a batch of another shape is refused in a sentence`, async () => {
    const model = make();
    const shape = model.encoder.inputs[0].shape.slice(1) as number[];
    await assertKeeps(0, () => {
      tf.tidy(() => {
        const [rows, columns, channels] = shape;
        for (const wrong of [shape, [3, rows, columns], [3, columns, rows, channels], [3, rows, columns, 2], [3]]) {
          assertThrows(
            () => model.encode(tf.zeros(wrong)),
            RangeError,
            `Cannot encode a batch of shape [${wrong}]: this network takes [B,${shape}].`,
          );
        }
        for (const wrong of [[2], [3, 3], [2, 1], [3, 2, 1]]) {
          assertThrows(
            () => model.decode(tf.zeros(wrong)),
            RangeError,
            `Cannot decode a batch of shape [${wrong}]: this network takes [B,2].`,
          );
        }
      });
      return [];
    });
    model.dispose();
  });

  testOnBackends(`${name}: using a model leaves only results, and dispose leaves nothing`, async () => {
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    const model = make();
    assertEquals(model.variables.length, tf.memory().numTensors - before[0], "the model owns its variables only");
    const x = some([3, ...model.encoder.inputs[0].shape.slice(1) as number[]]), z = some([3, 2]);
    await assertKeeps(name === "autoencoder" ? 1 : 2, () => model.encode(x));
    await assertKeeps(1, () => model.decode(z));
    tf.dispose([x, z]);
    model.dispose();
    assertEquals([tf.memory().numTensors, tf.memory().numDataBuffers], before);
  });

  testOnBackends(`${name}: a gradient reaches every variable`, async () => {
    const model = make();
    const x = some([3, ...model.encoder.inputs[0].shape.slice(1) as number[]]);
    const { value, grads } = tf.variableGrads(() => {
      const code = model.encode(x);
      const z = "mu" in code ? code.mu.add(code.logVar.mul(0.3)) : code;
      return model.decode(z).sub(x).square().sum() as tf.Scalar;
    }, model.variables);
    assertEquals(Object.keys(grads).length, model.variables.length);
    for (const variable of model.variables) {
      const gradient = [...await grads[variable.name].data()];
      assertEquals(grads[variable.name].shape, variable.shape);
      assert(gradient.some((g) => g !== 0) && gradient.every(Number.isFinite), variable.name);
    }
    tf.dispose([x, value, grads]);
    model.dispose();
  });
}

testOnBackends("the Glorot uniform distribution, not Glorot normal: its variance, on many weights", async () => {
  const vae = denseVae({ latent: 3, hidden: 80, shape: [11, 13, 1] });
  const kernel = vae.variables.find(({ shape }) => shape[0] === 143)!; // [143, 80]
  const limit = Math.sqrt(6 / (143 + 80));
  const values = [...await kernel.data()];
  const mean = values.reduce((sum, w) => sum + w, 0) / values.length;
  const variance = values.reduce((sum, w) => sum + w ** 2, 0) / values.length;
  // A uniform number in ±a has the variance a²/3, and its square the deviation a² √(4/45); four standard errors.
  assertLess(Math.abs(mean), 4 * limit / Math.sqrt(3 * values.length));
  assertLess(Math.abs(variance - limit ** 2 / 3), 4 * limit ** 2 * Math.sqrt(4 / 45 / values.length));
  // The outer tenth of the range holds a tenth of the weights, four standard errors either way.
  const outer = values.filter((w) => Math.abs(w) > 0.9 * limit).length / values.length;
  assertLess(Math.abs(outer - 0.1), 4 * Math.sqrt(0.09 / values.length));
  vae.dispose();
});

testOnBackends("the dense VAE computes what its layers say on paper", async () => {
  const vae = small.denseVae(3);
  vae.variables.forEach((v, i) => tf.tidy(() => v.assign(some(v.shape, i).mul(2).sub(1) as tf.Tensor)));
  const [hidden, hiddenBias, mu, muBias, logVar, logVarBias, up, upBias, out, outBias] = await valuesOf(vae.variables);
  const x = matrix(await numbers(() => some([3, 6])), 6);
  assert(dense(x, [hidden, hiddenBias]).flat().some((value) => value < -0.1), "ReLU has something to cut off");
  const h = dense(x, [hidden, hiddenBias], true);
  const q = { mu: dense(h, [mu, muBias]), logVar: dense(h, [logVar, logVarBias]) };
  const image = () => tf.tensor2d(x).reshape([3, 2, 3, 1]);
  assertClose(await numbers(() => vae.encode(image()).mu), q.mu.flat(), TOLERANCE, "mu");
  assertClose(await numbers(() => vae.encode(image()).logVar), q.logVar.flat(), TOLERANCE, "logVar");
  assert(dense(q.mu, [up, upBias]).flat().some((value) => value < -0.1), "and again");
  const logits = dense(dense(q.mu, [up, upBias], true), [out, outBias]);
  assertClose(await numbers(() => vae.decode(tf.tensor2d(q.mu))), logits.flat(), TOLERANCE, "logits");
  assertClose(
    await numbers(() => vae.likelihood.logProb(image(), vae.decode(tf.tensor2d(q.mu)))),
    await numbers(() => logBernoulli(tf.tensor2d(x), tf.tensor2d(logits))),
    TOLERANCE,
    "log-likelihood",
  );
  vae.dispose();
});

testOnBackends("the autoencoder computes what its layers say on paper, with a sigmoid or without", async () => {
  for (const output of ["sigmoid", "linear"] as const) {
    const model = autoencoder({ latent: 2, hidden: [4], shape: [2, 3, 1], output });
    model.variables.forEach((v, i) => tf.tidy(() => v.assign(some(v.shape, i).mul(2).sub(1) as tf.Tensor)));
    const w = await valuesOf(model.variables);
    const x = matrix(await numbers(() => some([3, 6])), 6);
    assert(dense(x, [w[0], w[1]]).flat().some((value) => value < -0.1), "ReLU has something to cut off");
    const z = dense(dense(x, [w[0], w[1]], true), [w[2], w[3]]);
    assertClose(await numbers(() => model.encode(some([3, 2, 3, 1]))), z.flat(), TOLERANCE, "codes");
    assert(dense(z, [w[4], w[5]]).flat().some((value) => value < -0.1), "and again");
    const y = dense(dense(z, [w[4], w[5]], true), [w[6], w[7]]).flat();
    const expected = output === "linear" ? y : y.map((value) => 1 / (1 + Math.exp(-value)));
    assertClose(await numbers(() => model.decode(tf.tensor2d(z))), expected, TOLERANCE, output);
    model.dispose();
  }
});

testOnBackends("the convolutional VAE agrees with the cpu backend", async (backend) => {
  const outputs = async () => {
    const vae = small.convVae(1);
    const q = await numbers(() => tf.stack(Object.values(vae.encode(some([3, 8, 4, 1])))));
    const logits = await numbers(() => vae.decode(some([3, 2]).sub(0.5)));
    vae.dispose();
    return [...q, ...logits];
  };
  const found = await outputs();
  await startBackend("cpu");
  assertClose(found, await outputs(), TOLERANCE, backend);
  assert(
    found.slice(-96).some((logit) => logit < 0) && found.slice(-96).some((logit) => logit > 0),
    "logits have signs",
  );
});

testOnBackends("the mean of a Bernoulli is the sigmoid of logits, in their shape", async () => {
  const { mean } = bernoulli();
  const logits = [[0, Math.log(3), -Math.log(3)], [200, -200, Math.log(9)]];
  assertClose(await numbers(() => mean(tf.tensor2d(logits))), [0.5, 0.75, 0.25, 1, 0, 0.9], 1e-6);
  assertEquals(tf.tidy(() => mean(tf.zeros([2, 3, 4, 1])).shape), [2, 3, 4, 1]);
});

Deno.test("a size that is no whole number of at least 1 is refused in a sentence, and leaves nothing", async () => {
  await startBackend("cpu");
  await assertKeeps(0, () => {
    for (const bad of [0, -1, 1.5, NaN, Infinity]) {
      const refused = (name: string, make: () => unknown) =>
        assertThrows(make, RangeError, `A model's ${name} must be a whole number of at least 1, not ${bad}.`);
      for (const make of [autoencoder, denseVae, convVae]) refused("latent", () => make({ latent: bad }));
      refused("hidden", () => autoencoder({ hidden: [3, bad] }));
      for (const make of [denseVae, convVae]) refused("hidden", () => make({ hidden: bad }));
      for (const make of [autoencoder, denseVae]) refused("shape", () => make({ shape: [2, bad, 1] }));
      refused("filters", () => convVae({ filters: [bad, 4] }));
      refused("image", () => convVae({ image: [8, 8, bad] }));
    }
    for (const make of [autoencoder, denseVae, convVae]) {
      assertThrows(() => make({ seed: 0.5 }), RangeError, "A seed must be an integer, not 0.5.");
    }
    return [];
  });
});

Deno.test("images whose sides four does not divide are refused in a sentence, and others are taken", async () => {
  await startBackend("cpu");
  for (const [height, width] of [[30, 30], [28, 30], [2, 4]]) {
    assertThrows(
      () => convVae({ image: [height, width, 1] }),
      RangeError,
      `convVae needs an image whose height and width are divisible by four, not ${height}×${width}.`,
    );
  }
  const vae = convVae({ image: [4, 12, 3], filters: [2, 3], hidden: 4, latent: 5 });
  tf.tidy(() => assertEquals(vae.decode(vae.encode(some([2, 4, 12, 3])).mu).shape, [2, 4, 12, 3]));
  vae.dispose();
});

Deno.test("layersVae makes a VAE of any two networks", async () => {
  await startBackend("cpu");
  const x = tf.input({ shape: [3] });
  const heads = [1, 2].map(() => tf.layers.dense({ units: 2, useBias: false }).apply(x) as tf.SymbolicTensor);
  const encoder = tf.model({ inputs: x, outputs: heads });
  const decoder = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3, useBias: false })] });
  const vae = layersVae(encoder, decoder);
  assertEquals([vae.latent, vae.variables.length, vae.encoder === encoder, vae.decoder === decoder], [
    2,
    3,
    true,
    true,
  ]);
  const [mu, logVar, up] = vae.variables;
  mu.assign(tf.tensor2d([[1, 0], [0, 1], [0, 0]]));
  logVar.assign(tf.tensor2d([[0, 0], [0, 0], [2, 3]]));
  up.assign(tf.tensor2d([[1, 2, 3], [10, 20, 30]]));
  assertEquals(await numbers(() => vae.encode(tf.tensor2d([[4, 5, 6]])).mu), [4, 5]);
  assertEquals(await numbers(() => vae.encode(tf.tensor2d([[4, 5, 6]])).logVar), [12, 18]);
  assertEquals(await numbers(() => vae.decode(tf.tensor2d([[1, 2]]))), [21, 42, 63]);
  vae.dispose();
});

Deno.test("a model's list of variables cannot be changed", async () => {
  await startBackend("cpu");
  for (const [name, make] of makers) {
    const model = make();
    assertThrows(() => model.variables.pop(), TypeError, undefined, name);
    assertThrows(() => model.variables[0] = model.variables[1], TypeError, undefined, name);
    model.dispose();
  }
});

Deno.test("two networks that do not fit together are refused in a sentence", () => {
  const { layers } = tf;
  const x = tf.input({ shape: [4] });
  const half = (units: number) => layers.dense({ units }).apply(x) as tf.SymbolicTensor;
  const encoder = (...sizes: number[]) => tf.model({ inputs: x, outputs: sizes.map(half) });
  const decoder = (latent: number, pixels: number) =>
    tf.sequential({ layers: [layers.dense({ inputShape: [latent], units: pixels })] });
  const refusedBy = (make: (encoder: LayersModel, decoder: LayersModel) => unknown) => {
    return (encoder: LayersModel, decoder: LayersModel, sentence: string) =>
      assertThrows(() => make(encoder, decoder), RangeError, sentence);
  };
  const [refused, plain] = [refusedBy(layersVae), refusedBy(layersAutoencoder)];
  refused(
    encoder(2),
    decoder(2, 4),
    "The encoder outputs [B,2], but the decoder takes [B,2]; expected mu and logVar, each in the shape of a code.",
  );
  refused(
    encoder(2, 3),
    decoder(2, 4),
    "The encoder outputs [B,2] and [B,3], but the decoder takes [B,2]; expected mu",
  );
  refused(
    encoder(2, 2),
    decoder(3, 4),
    "but the decoder takes [B,3]; expected mu and logVar, each in the shape of a code.",
  );
  refused(
    encoder(2, 2),
    decoder(2, 5),
    "The decoder outputs [B,5], but the encoder takes [B,4]; expected 1 for each number of an example, as bernoulli takes.",
  );
  plain(
    encoder(2, 2),
    decoder(2, 4),
    "The encoder outputs [B,2] and [B,2], but the decoder takes [B,2]; expected one code.",
  );
  plain(encoder(2), decoder(3, 4), "The encoder outputs [B,2], but the decoder takes [B,3]; expected one code.");
  plain(
    encoder(2),
    decoder(2, 5),
    "The decoder outputs [B,5], but the encoder takes [B,4]; expected the shape of an example.",
  );
  const y = tf.input({ shape: [2] });
  const z = tf.input({ shape: [2] });
  const out = (of: tf.SymbolicTensor) => layers.dense({ units: 4 }).apply(of) as tf.SymbolicTensor;
  const both = layers.concatenate().apply([y, z]) as tf.SymbolicTensor; // [B, 4]
  const code = (of: tf.SymbolicTensor) => layers.dense({ units: 2 }).apply(of) as tf.SymbolicTensor;
  const image = tf.sequential({ layers: [layers.flatten({ inputShape: [2, 1] }), layers.dense({ units: 4 })] });
  for (const [check, halves] of [[refused, 2], [plain, 1]] as const) {
    const good = encoder(...Array(halves).fill(2));
    const twoIn = tf.model({ inputs: [y, z], outputs: Array.from({ length: halves }, () => code(both)) });
    const labelsTwice = "The encoder takes [B,2] and [B,2], but the decoder takes [B,2]; expected labels for both.";
    check(
      twoIn,
      decoder(2, 2),
      halves === 2 ? labelsTwice : "The encoder takes [B,2] and [B,2]; expected one input for examples.",
    );
    const [twice, split] = [
      tf.model({ inputs: [y, z], outputs: both }),
      tf.model({ inputs: y, outputs: [out(y), out(y)] }),
    ];
    const forBoth = "The encoder takes [B,4], but the decoder takes [B,2] and [B,2]; expected labels for both.";
    check(
      good,
      twice,
      halves === 2 ? forBoth : "The decoder takes [B,2] and [B,2]; expected one input for codes [B,L].",
    );
    check(good, split, "The decoder outputs [B,4] and [B,4], but the encoder takes");
    check(good, image, "The decoder takes [B,2,1]; expected one input");
  }
  assertEquals(layersVae(encoder(2, 2), decoder(2, 4)).latent, 2);
  assertEquals(layersAutoencoder(encoder(2), decoder(2, 4)).latent, 2);
});

Deno.test("an output that could never be negative where any number is wanted is refused, and so is a regulariser", async () => {
  await startBackend("cpu");
  const { layers } = tf;
  type Activation = "relu" | "sigmoid" | "softplus" | "tanh" | "linear";
  const encoderOf = (mu: Activation, logVar: Activation) => {
    const x = tf.input({ shape: [4] });
    const outputs = [mu, logVar].map((activation) =>
      layers.dense({ units: 2, activation }).apply(x) as tf.SymbolicTensor
    );
    return tf.model({ inputs: x, outputs });
  };
  const decoderOf = (...ends: tf.layers.Layer[]) =>
    tf.sequential({ layers: [layers.dense({ inputShape: [2], units: 4 }), ...ends] });
  const good = encoderOf("linear", "tanh");
  for (const [mu, logVar] of [["relu", "linear"], ["linear", "relu"], ["linear", "softplus"]] as const) {
    const bad = [mu, logVar].find((activation) => activation !== "linear");
    const sentence = `The encoder ends in ${bad}, so μ or log σ² could never be negative: end it with a linear layer.`;
    assertThrows(() => layersVae(encoderOf(mu, logVar), decoderOf()), RangeError, sentence);
  }
  const within = tf.sequential({ layers: [layers.dense({ inputShape: [4], units: 4, activation: "sigmoid" })] });
  const ends: [tf.layers.Layer[], string][] = [
    [[layers.dense({ units: 4, activation: "sigmoid" })], "sigmoid"],
    [[layers.reLU()], "ReLU"],
    [[layers.activation({ activation: "hardSigmoid" })], "hardSigmoid"],
    [
      [layers.dense({ units: 4, activation: "relu" }), layers.reshape({ targetShape: [2, 2] }), layers.flatten()],
      "relu",
    ],
    [[within], "sigmoid"],
  ];
  for (const [end, name] of ends) {
    const sentence = `The decoder ends in ${name}, so the parameters of bernoulli could never be negative`;
    assertThrows(() => layersVae(good, decoderOf(...end)), RangeError, sentence);
  }
  const bounded = layersVae(good, decoderOf(layers.dense({ units: 4, activation: "sigmoid" })), {
    likelihood: gaussian({ variance: 1 }), // whose mean may be a pixel
  });
  assertEquals(bounded.likelihood.name, "gaussian");
  for (const activation of ["tanh", "elu", "softsign"] as const) { // pixels of at most 0.73, or at least 0.27
    assertThrows(
      () => layersVae(good, decoderOf(layers.dense({ units: 4, activation }))),
      RangeError,
      `The decoder ends in ${activation}, which limits the parameters of bernoulli: end it with a linear layer.`,
    );
  }
  assertThrows(() => layersVae(good, decoderOf(layers.elu())), RangeError, "The decoder ends in ELU, which limits");
  for (const wide of [layers.leakyReLU(), layers.prelu(), layers.rescaling({ scale: 8 })]) {
    const tanh = layers.dense({ units: 4, activation: "tanh" });
    assertEquals(
      layersVae(good, decoderOf(tanh, wide)).latent,
      2,
      "any number, or whatever limits one has set oneself",
    );
  }

  const regularised = tf.sequential({
    layers: [layers.dense({ inputShape: [2], units: 4, biasRegularizer: "l1l2", name: "tight" })],
  });
  const sentence = "The decoder's layer tight has a biasRegularizer, which training would ignore: remove it.";
  for (const decoder of [regularised, tf.sequential({ layers: [regularised] })]) {
    assertThrows(() => layersVae(good, decoder), RangeError, sentence);
  }
});

Deno.test("a conditional model: both halves are told the label; two numbers a value where the likelihood takes them", async () => {
  await startBackend("wasm");
  const perValue = { likelihood: gaussian({ variance: "per value" }) };
  const made = [
    ["dense", denseVae({ latent: 2, hidden: 3, shape: [5], classes: 4, ...perValue }), [5]],
    ["conv", convVae({ latent: 2, filters: [2, 3], hidden: 3, image: [4, 8, 3], classes: 4, ...perValue }), [4, 8, 3]],
  ] as const;
  for (const [name, vae, shape] of made) {
    assertEquals([vae.classes, vae.latent, vae.decoder.outputs[0]?.shape.at(-1)], [4, 2, 2 * shape.at(-1)!], name);
    const [x, z] = [some([1, ...shape]), tf.tensor2d([[0.5, -1]])];
    const codes: number[][] = [], images: number[][] = [];
    for (const label of [0, 3]) {
      const y = oneHot(label, { count: 1, classes: 4 });
      codes.push(await numbers(() => vae.encode(x, y).mu));
      images.push(await numbers(() => vae.mean(vae.decode(z, y))));
      y.dispose();
    }
    assert(String(codes[0]) !== String(codes[1]) && String(images[0]) !== String(images[1]), name);
    assertEquals(images[0]!.length, tf.util.sizeFromShape([...shape]));
    tf.dispose([x, z]);
    vae.dispose();
  }
  assertThrows(
    () => denseVae({ classes: 0 }),
    RangeError,
    "A model's classes must be a whole number of at least 1, not 0.",
  );
});
