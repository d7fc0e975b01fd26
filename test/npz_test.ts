/**
 * Weights on their way out of tfjs: the file, its names, and the same decoder elsewhere.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { unzipSync } from "fflate";
import { convVae, denseVae, type LayersVae, layersVae, random, saveVae, useBackend } from "../mod.ts";
import { exportNpz } from "../src/models/npz.ts";
import { python, pythonWith } from "./_python.ts";
import { granted, ROOT, testIf, withTempDir } from "./_run.ts";

await useBackend("wasm");

const mayRun = await granted({ name: "run" }) && await granted({ name: "read" }) && await granted({ name: "write" });

/** A test that needs Python with these modules. */
async function testPython(modules: string[], name: string, fn: (command: string) => Promise<void>) {
  const command = mayRun ? await pythonWith(...modules) : undefined;
  testIf(command !== undefined, `python3 with ${modules.join(" and ")}`, name, () => fn(command!));
}

/** Gives every weight, biases too, values that no other has. */
function scatter(vae: LayersVae): LayersVae {
  const source = random(5);
  for (const variable of vae.variables) {
    tf.tidy(() => variable.assign(variable.mul(2).add(source.normal(variable.shape).mul(0.05))));
  }
  return vae;
}

/** The arrays of an `.npz`, by name, read by the letter of NumPy's format. */
function arrays(npz: Uint8Array) {
  return Object.entries(unzipSync(npz)).map(([file, bytes]) => {
    assertEquals([...bytes.slice(0, 8)], [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
    const start = 10 + new DataView(bytes.buffer, bytes.byteOffset).getUint16(8, true);
    assertEquals(start % 64, 0, "the numbers are aligned");
    const header = new TextDecoder().decode(bytes.slice(10, start));
    return { file, header, numbers: bytes.slice(start) };
  });
}

/** The names and shapes in an `.npz`. */
const contents = (npz: Uint8Array) =>
  arrays(npz).map(({ file, header }) => `${file} ${/'shape': \((.*)\)/.exec(header)![1]}`);

Deno.test("names, order and layouts are Keras's, and do not depend on what else the program has built", async () => {
  const vae = scatter(convVae({ filters: [3, 5], hidden: 7 }));
  const before = tf.memory().numTensors;
  const npz = await exportNpz(vae);
  assertEquals(tf.memory().numTensors, before, "tensors left");
  const wanted = [
    "encoder/conv2d/kernel.npy 3, 3, 1, 3,",
    "encoder/conv2d/bias.npy 3,",
    "encoder/conv2d_1/kernel.npy 3, 3, 3, 5,",
    "encoder/conv2d_1/bias.npy 5,",
    "encoder/dense/kernel.npy 245, 7,",
    "encoder/dense/bias.npy 7,",
    "encoder/dense_1/kernel.npy 7, 2,",
    "encoder/dense_1/bias.npy 2,",
    "encoder/dense_2/kernel.npy 7, 2,",
    "encoder/dense_2/bias.npy 2,",
    "decoder/dense/kernel.npy 2, 245,",
    "decoder/dense/bias.npy 245,",
    "decoder/conv2d_transpose/kernel.npy 3, 3, 5, 5,",
    "decoder/conv2d_transpose/bias.npy 5,",
    "decoder/conv2d_transpose_1/kernel.npy 3, 3, 3, 5,",
    "decoder/conv2d_transpose_1/bias.npy 3,",
    "decoder/conv2d_transpose_2/kernel.npy 3, 3, 1, 3,",
    "decoder/conv2d_transpose_2/bias.npy 1,",
  ];
  assertEquals(contents(npz), wanted);
  const weights = [...vae.encoder.weights, ...vae.decoder.weights].map((weight) => weight.read());
  for (const [i, { header, numbers }] of arrays(npz).entries()) {
    assert(header.startsWith("{'descr': '<f4', 'fortran_order': False, ") && header.endsWith("\n"), header);
    assertEquals(new Float32Array(numbers.buffer), await weights[i].data(), wanted[i]);
  }
  const twin = convVae({ filters: [3, 5], hidden: 7 });
  for (const [i, weight] of twin.variables.entries()) weight.assign(vae.variables[i]);
  assertEquals(await exportNpz(twin), npz, "the same weights, the same bytes");
  assertEquals([...npz.slice(8, 14)], [0, 0, 0, 0, 0x21, 0], "uncompressed, on 1 January 1980");
  vae.dispose();
  twin.dispose();
});

Deno.test("names that were given stay, networks inside a network have their place, and no two weights share a name", async () => {
  const x = tf.input({ shape: [6] });
  const inner = () => tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [6] }), tf.layers.reLU()] });
  const z = tf.input({ shape: [5] });
  const functional = tf.model({ inputs: z, outputs: tf.layers.dense({ units: 4 }).apply(z) as tf.SymbolicTensor });
  let h = inner().apply(x);
  h = tf.layers.batchNormalization().apply(h);
  h = functional.apply(h);
  h = tf.layers.dense({ units: 3, name: "dense" }).apply(h);
  h = tf.layers.dense({ units: 3, name: "code_2" }).apply(h);
  const [mu, logVar] = [1, 2].map(() => tf.layers.dense({ units: 2 }).apply(h) as tf.SymbolicTensor);
  const encoder = tf.model({ inputs: x, outputs: [mu, logVar] });
  const decoder = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, name: "dense", inputShape: [2] }), // another network's layer has this name too
      tf.layers.repeatVector({ n: 3 }),
      tf.layers.bidirectional({ layer: tf.layers.simpleRNN({ units: 3 }) as tf.RNN, mergeMode: "concat" }),
    ],
  });
  const npz = await exportNpz(layersVae(encoder, decoder));
  assertEquals(contents(npz).map((line) => line.replace(".npy", "")), [
    "encoder/sequential/dense/kernel 6, 5,",
    "encoder/sequential/dense/bias 5,",
    "encoder/batch_normalization/gamma 5,",
    "encoder/batch_normalization/beta 5,",
    "encoder/batch_normalization/moving_mean 5,",
    "encoder/batch_normalization/moving_variance 5,",
    "encoder/functional/dense/kernel 5, 4,",
    "encoder/functional/dense/bias 4,",
    "encoder/dense/kernel 4, 3,",
    "encoder/dense/bias 3,",
    "encoder/code_2/kernel 3, 3,",
    "encoder/code_2/bias 3,",
    "encoder/dense_1/kernel 3, 2,",
    "encoder/dense_1/bias 2,",
    "encoder/dense_2/kernel 3, 2,",
    "encoder/dense_2/bias 2,",
    "decoder/dense/kernel 2, 4,",
    "decoder/dense/bias 4,",
    "decoder/bidirectional/kernel 4, 3,",
    "decoder/bidirectional/recurrent_kernel 3, 3,",
    "decoder/bidirectional/bias 3,",
    "decoder/bidirectional/kernel_1 4, 3,",
    "decoder/bidirectional/recurrent_kernel_1 3, 3,",
    "decoder/bidirectional/bias_1 3,",
  ]);
});

await testPython(
  ["numpy"],
  "numpy.load reads what is saved: every name, shape and number",
  (command) =>
    withTempDir(async (directory) => {
      const vae = scatter(denseVae({ latent: 3, hidden: 4, shape: [2, 3, 1] }));
      await saveVae(vae, directory);
      const program = "import json, numpy, sys\n" +
        "arrays = numpy.load(sys.argv[1])\n" +
        "print(json.dumps([[name, str(arrays[name].dtype), arrays[name].tolist()] for name in arrays.files]))";
      const found = JSON.parse(await python(command, ["-c", program, `${directory}/weights.npz`]));
      const names = ["encoder/dense", "encoder/dense_1", "encoder/dense_2", "decoder/dense", "decoder/dense_1"]
        .flatMap((layer) => [`${layer}/kernel`, `${layer}/bias`]);
      const wanted = vae.variables.map(async (variable, i) => [names[i], "float32", await variable.array()]);
      assertEquals(found, await Promise.all(wanted));
      vae.dispose();
    }),
);

/** Saves a conv VAE in a directory, and calls `use` with a hundred codes and the logits that its decoder makes of them. */
async function withSaved(
  use: (directory: string, codes: Nested, logits: Nested, vae: LayersVae) => Promise<void>,
): Promise<void> {
  const vae = scatter(convVae());
  const z = random(3).normal([100, vae.latent]);
  const logits = vae.decode(z); // [100, 28, 28, 1]
  await withTempDir(async (directory) => {
    await saveVae(vae, `${directory}/model`);
    await use(directory, await z.array() as Nested, await logits.array() as Nested, vae);
  });
  tf.dispose([z, logits]);
  vae.dispose();
}

type Nested = (number | Nested)[];
const numbers = (lists: Nested): number[] => lists.flatMap((each) => typeof each === "number" ? each : numbers(each));

/** Asserts that two nested lists of numbers, which are not all alike, are within 1e-5 of each other. */
function assertClose(ours: Nested, theirs: Nested) {
  const [a, b] = [numbers(ours), numbers(theirs)];
  assertEquals(b.length, a.length);
  const most = (values: number[]) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert(most(a.map((value) => value - a[0])) > 0.5, "values that are nearly alike prove little");
  assertLess(most(a.map((value, i) => value - b[i])), 1e-5);
}

await testPython(
  ["torch", "numpy"],
  "the decoder, rebuilt in PyTorch from the file: 100 images within 1e-5",
  (command) =>
    withSaved(async (directory, codes, logits) => {
      const args = [new URL("test/torch_decoder.py", ROOT).pathname, `${directory}/model/weights.npz`];
      assertClose(logits, JSON.parse(await python(command, args, JSON.stringify(codes))));
    }),
);

await testPython(
  ["keras", "numpy"],
  "src/models/README.md, Outgrowing one machine: Keras gives the same 100 images, and the same codes of them",
  (command) =>
    withSaved(async (directory, codes, logits, vae) => {
      const readme = await Deno.readTextFile(new URL("src/models/README.md", ROOT));
      const [, snippet] = /## Outgrowing one machine\n.*?```python\n(.*?)```/s.exec(readme) ?? [];
      assert(snippet, "the README has no such snippet");
      const rest = `
import json, sys
logits = decoder(np.array(json.load(sys.stdin)))
answer = [np.asarray(array).tolist() for array in (logits, *encoder(logits))]
print("\\n" + json.dumps(answer))
`;
      await Deno.writeTextFile(
        `${directory}/readme.py`,
        snippet.replace("model/weights.npz", `${directory}/$&`) + rest,
      );
      const out = await python(command, [`${directory}/readme.py`], JSON.stringify(codes));
      const [images, ...gaussian] = JSON.parse(out.trim().split("\n").at(-1)!);
      assertClose(logits, images);
      const { mu, logVar } = tf.tidy(() => vae.encode(tf.tensor(logits))); // of the logits, as if they were pixels
      for (const [i, half] of [mu, logVar].entries()) assertClose(await half.array() as Nested, gaussian[i]);
      tf.dispose([mu, logVar]);
    }),
);
