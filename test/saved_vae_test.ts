/**
 * Models on disk: what is saved is what tfjs itself reads, what is loaded is what was saved, and nothing else is loaded.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  convVae,
  denseVae,
  EnvironmentError,
  evaluate,
  gaussian,
  InputError,
  type LayersVae,
  layersVae,
  type Likelihood,
  loadDigits,
  loadVae,
  negativeElbo,
  saveVae,
  take,
  train,
  useBackend,
} from "../mod.ts";
import { difference } from "../src/models/architecture.ts";
import { newDirectory, newFile } from "../src/disk/write.ts";
import { fuzzModels } from "./_spoilt_models.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const files = await granted({ name: "read" }) && await granted({ name: "write" });
const loopback = await granted({ name: "net", host: "127.0.0.1" });
const testFiles = testIf.bind(undefined, files, "--allow-read --allow-write");

await useBackend("wasm");
const digits = await loadDigits();
const [few, held] = [take(digits.train, 32), take(digits.test, 40)];
const small = (seed: number) => convVae({ filters: [4, 8], seed });

/** A small VAE after a few steps of training. */
async function trained(): Promise<LayersVae> {
  const vae = small(1);
  for await (const _ of train(negativeElbo(vae), few, { batchSize: 8, seed: 1 }));
  return vae;
}

/** Every weight of a VAE, one after another. */
async function weights(vae: LayersVae): Promise<number[]> {
  const all = await Promise.all(vae.variables.map((variable) => variable.data()));
  return all.flatMap((values) => Array.from(values));
}

testFiles(
  "a loaded model has the saved one's weights, its loss to the bit, and goes on learning as it does",
  () =>
    withTempDir(async (directory) => {
      const saved = await trained();
      const before = tf.memory().numTensors;
      await saveVae(saved, directory);
      assertEquals(tf.memory().numTensors, before, "tensors left by saving");
      const loaded = small(2);
      const [objective, other] = [negativeElbo(saved), negativeElbo(loaded)];
      const fresh = tf.memory().numTensors;
      assert((await evaluate(other, held)).loss !== (await evaluate(objective, held)).loss);
      await loadVae(loaded, directory);
      assertEquals(tf.memory().numTensors, fresh, "tensors left by loading");
      assertEquals(await weights(loaded), await weights(saved));
      assertEquals(await evaluate(other, held, { seed: 3 }), await evaluate(objective, held, { seed: 3 }));
      const goOn = async (of: typeof objective) => {
        const losses = [];
        for await (const { loss } of train(of, few, { batchSize: 16, seed: 4 })) losses.push(loss);
        return losses;
      };
      assertEquals(await goOn(other), await goOn(objective));
      saved.dispose();
      loaded.dispose();
    }),
);

/** Asserts that tfjs alone, given a handler for each half, makes of them what computes the same as `vae`, to the bit. */
async function assertTfjsReads(vae: LayersVae, handler: (half: string) => string | tf.io.IOHandler) {
  const [encoder, decoder] = [
    await tf.loadLayersModel(handler("encoder")),
    await tf.loadLayersModel(handler("decoder")),
  ];
  const again = layersVae(encoder, decoder);
  const x = tf.tidy(() => held.batch([0, 1, 2]).x);
  const [ours, theirs] = [vae, again].map((vae) => {
    const { mu, logVar } = vae.encode(x);
    return [mu, logVar, vae.decode(mu)];
  });
  for (const [i, tensor] of ours.entries()) assertEquals(await theirs[i].data(), await tensor.data());
  tf.dispose([x, ours, theirs]);
  again.dispose();
}

testFiles(
  "tf.loadLayersModel reads both halves from their files, and computes the same to the bit",
  () =>
    withTempDir(async (directory) => {
      const vae = await trained();
      await saveVae(vae, directory);
      const opened = new Map<string, File[]>();
      for (const half of ["encoder", "decoder"]) {
        const open = async (name: string) => new File([await Deno.readFile(`${directory}/${half}/${name}`)], name);
        opened.set(half, [await open("model.json"), await open("weights.bin")]);
      }
      await assertTfjsReads(vae, (half) => tf.io.browserFiles(opened.get(half)!));
      vae.dispose();
    }),
);

testIf(
  files && loopback,
  "--allow-read --allow-write --allow-net=127.0.0.1",
  "tf.loadLayersModel reads both halves over HTTP, and computes the same to the bit",
  () =>
    withTempDir(async (directory) => {
      const vae = await trained();
      await saveVae(vae, directory);
      const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
        return new Response(await Deno.readFile(directory + new URL(url).pathname));
      });
      try {
        await assertTfjsReads(vae, (half) => `http://127.0.0.1:${server.addr.port}/${half}/model.json`);
      } finally {
        await server.shutdown();
        vae.dispose();
      }
    }),
);

testFiles(
  "weights that loading would refuse are not saved, and nothing is written",
  () =>
    withTempDir(async (directory) => {
      for (const odd of [NaN, -Infinity]) {
        const vae = small(1);
        const bias = vae.decoder.trainableWeights.at(-1)!;
        tf.tidy(() => void bias.write(tf.tensor1d([odd])));
        const { message } = await assertRejects(() => saveVae(vae, `${directory}/model`), InputError);
        const sentence = "must be finite numbers, but one is";
        assertEquals(
          message,
          `The model is not saved: its weights decoder/conv2d_transpose_2/bias ${sentence} ${odd}.`,
        );
        assertEquals(Array.from(Deno.readDirSync(directory)), []);
        vae.dispose();
      }
    }),
);

testFiles("saveVae makes the directory, if there is none", () =>
  withTempDir(async (directory) => {
    const [vae, again] = [small(1), small(2)];
    await saveVae(vae, `${directory}/model`);
    await loadVae(again, `${directory}/model`);
    assertEquals(await weights(again), await weights(vae));
    vae.dispose();
    again.dispose();
  }));

testFiles("nothing is overwritten: neither a directory, nor a model in it", () =>
  withTempDir(async (directory) => {
    const vae = small(1);
    await newDirectory(`${directory}/new`);
    const there = `${directory}/new already exists and is not overwritten: name another directory.`;
    assertEquals((await assertRejects(() => newDirectory(`${directory}/new`), InputError)).message, there);
    await saveVae(vae, `${directory}/new`);
    const kept = await Deno.readFile(`${directory}/new/encoder/weights.bin`);
    const error = await assertRejects(() => saveVae(small(2), `${directory}/new`), InputError);
    assertEquals(error.message, there.replace("new", "new/encoder"));
    assertEquals(await Deno.readFile(`${directory}/new/encoder/weights.bin`), kept);
    for (const part of ["encoder", "decoder", "weights.npz", "vae.bin", "vae.json"]) { // of somebody's: nothing is put beside it
      const half = `${directory}/half of ${part}`;
      await newDirectory(half);
      await Deno.writeTextFile(`${half}/${part}`, "");
      await assertRejects(() => saveVae(vae, half), InputError, `${part} already exists`);
      assertEquals(Array.from(Deno.readDirSync(half), ({ name }) => name), [part]);
    }
    await Deno.writeTextFile(`${directory}/file`, "");
    const taken = () => newFile(`${directory}/file`, new Uint8Array(3), directory);
    await assertRejects(taken, InputError, "/file already exists and is not overwritten");
    assertEquals((await Deno.readFile(`${directory}/file`)).length, 0);
    await assertRejects(() => newDirectory(`${directory}/file`), InputError, "/file already exists");
    const nowhere = await assertRejects(() => newDirectory(`${directory}/no/where`), EnvironmentError);
    assertMatch(nowhere.message, /^Cannot write .*\/no\/where: the directory above it does not exist\.$/);
    vae.dispose();
  }));

Deno.test("without the permission: a sentence with the flag to add", async () => {
  if (files) return; // with permissions there is nothing to see; `deno task ok` runs without
  const vae = small(1);
  for (
    const [attempt, message] of [
      [() => newDirectory("some/where"), "Writing to some/where requires a permission: add --allow-write=some/where."],
      [() => saveVae(vae, "some/where"), "Writing to some/where requires a permission: add --allow-write=some/where."],
      [() => loadVae(vae, "some/where"), "Reading some/where requires a permission: add --allow-read=some/where."],
    ] as const
  ) assertEquals((await assertRejects(attempt, EnvironmentError)).message, message);
  vae.dispose();
});

type Files = Record<string, string | Uint8Array<ArrayBuffer> | undefined>;

/** A file of a saved model with its JSON changed. */
const edited = (json: string, change: (model: Model) => void) => {
  const model = JSON.parse(json);
  change(model);
  return JSON.stringify(model);
};
// deno-lint-ignore no-explicit-any -- files may hold anything, and these are to be spoilt
type Model = any;

/** Copies a saved model, with some of its files changed, or left out. */
async function spoiltCopy(good: string, path: string, changes: Files): Promise<void> {
  for (const half of ["encoder", "decoder"]) await Deno.mkdir(`${path}/${half}`, { recursive: true });
  const halves = ["encoder", "decoder"].flatMap((half) => [`${half}/model.json`, `${half}/weights.bin`]);
  for (const file of [...halves, "vae.json", "vae.bin"]) {
    const content = file in changes ? changes[file] : await Deno.readFile(`${good}/${file}`);
    if (typeof content === "string") await Deno.writeTextFile(`${path}/${file}`, content);
    else if (content) await Deno.writeFile(`${path}/${file}`, content);
  }
}

testFiles(
  "what a likelihood has learned, and a model's state, are saved and loaded to the bit",
  () =>
    withTempDir(async (directory) => {
      const make = (likelihood: Likelihood, value: number) => ({
        ...denseVae({ latent: 2, hidden: 3, shape: [4], seed: value, likelihood }),
        state: [tf.tidy(() => tf.variable(tf.fill([2, 3], value)))],
      });
      const saved = make(gaussian({ variance: "learned" }), 7);
      tf.tidy(() => saved.likelihood.variables[0]!.assign(tf.scalar(-1.25)));
      await saveVae(saved, `${directory}/good`);
      const target = make(gaussian({ variance: "learned" }), 2);
      const numbers = async () => [...await weights(target), ...await target.state[0]!.data()];
      const before = await numbers();
      const json = await Deno.readTextFile(`${directory}/good/vae.json`);
      const deep = "[".repeat(1e5) + "]".repeat(1e5);
      const mistakes: [Files, string][] = [
        [{ "vae.json": undefined }, `There is no "DIR/vae.json"`],
        [{ "vae.json": "null" }, "DIR/vae.json is a different model: its likelihood is undefined, expected gaussian."],
        [{ "vae.json": json.replace('"gaussian"', deep) }, "its likelihood is something else, expected gaussian."],
        [{ "vae.json": json.replace('"learned"', "0.5") }, "its likelihood has variance 0.5, expected learned."],
        [
          { "vae.json": json.replace('"standardNormal"', '"mixture"') },
          "its prior is mixture, expected standardNormal.",
        ],
        [{ "vae.json": json.replace("[2,3]", "[3,2]") }, "prior or state has variables of other shapes."],
        [{ "vae.json": json.replace("[2,3]", deep) }, "prior or state has variables of other shapes."],
        [{ "vae.bin": new Uint8Array(24) }, "it has 24 bytes, expected 28"],
        [{ "vae.bin": new Uint8Array(28) }, "DIR/vae.bin is broken: its SHA-256 differs from what DIR/vae.json says."],
        [{ "vae.bin": new Uint8Array(28).fill(255) }, "weights must be finite numbers, but number 0 is NaN."],
      ];
      for (const [i, [changes, message]] of mistakes.entries()) {
        const path = `${directory}/${i}`;
        await spoiltCopy(`${directory}/good`, path, changes);
        const error = await assertRejects(() => loadVae(target, path), InputError);
        assertStringIncludes(error.message.replaceAll(path, "DIR"), message);
        assertEquals(await numbers(), before, message);
      }
      await assertRejects(
        () => loadVae(make(gaussian({ variance: 1 }), 1), `${directory}/good`),
        InputError,
        "its likelihood has variance learned, expected 1.",
      );
      await loadVae(target, `${directory}/good`);
      assertEquals(await numbers(), [...await weights(saved), 7, 7, 7, 7, 7, 7]);
      assertEquals((await target.likelihood.variables[0]!.data())[0], -1.25);
      tf.tidy(() => saved.state[0]!.assign(tf.fill([2, 3], NaN)));
      await assertRejects(
        () => saveVae(saved, `${directory}/other`),
        InputError,
        "must be finite numbers, but one is NaN.",
      );
      for (const model of [saved, target]) {
        model.dispose();
        tf.dispose(model.state);
      }
    }),
);

testFiles(
  "what is no such model is refused in a sentence, and the model stays as it was",
  () =>
    withTempDir(async (directory) => {
      const vae = await trained();
      const good = `${directory}/good`;
      await newDirectory(good);
      await saveVae(vae, good);
      const json = await Deno.readTextFile(`${good}/encoder/model.json`);
      const bytes = await Deno.readFile(`${good}/decoder/weights.bin`);
      const spoilt = (at: number, value: number) => {
        const copy = bytes.slice();
        new DataView(copy.buffer).setFloat32(at, value, true);
        return copy;
      };
      const [model, binary] = ["encoder/model.json", "decoder/weights.bin"];
      const config = (i: number) => (model: Model) => model.modelTopology.config.layers[i].config;
      const mistakes: [Files, string | RegExp][] = [
        [{ [model]: undefined }, `There is no "DIR/${model}": expected a directory with a saved model.`],
        [{ [binary]: undefined }, `There is no "DIR/${binary}": expected a directory with a saved model.`],
        [{ [model]: "<html>" }, /^DIR\/encoder\/model.json is not JSON: /],
        [{ [model]: "" }, /^DIR\/encoder\/model.json is not JSON: /],
        ...["null", "7", "[]", "{}", '{"modelTopology":{"config":{"layers":7}}}', "[".repeat(1e5) + "]".repeat(1e5)]
          .map((
            text,
          ): [Files, string] => [{ [model]: text }, "a different architecture: it has no layers as tfjs saves them."]),
        [
          { [model]: '{"__proto__":{"modelTopology":{"config":{"layers":[]}}}}' },
          "a different architecture: it has no layers as tfjs saves them.",
        ],
        [
          { [model]: '{"modelTopology":{"config":{"layers":[null]}}}' },
          "its layer 0 is missing, expected InputLayer.",
        ],
        [
          { [model]: edited(json, (m) => config(4)(m).units = 1e9) },
          "layer 4 (Dense) has units 1000000000, expected 16.",
        ],
        [
          { [model]: edited(json, (m) => config(4)(m).units = "16") },
          "its layer 4 (Dense) has units 16, expected 16.",
        ],
        [
          { [model]: edited(json, (m) => config(1)(m).strides = [1, 1]) },
          "(Conv2D) has strides [1,1], expected [2,2].",
        ],
        [{ [model]: edited(json, (m) => config(1)(m).activation = "elu") }, "has activation elu, expected relu."],
        [
          { [model]: json.replace('"units":16', '"__proto__":{"units":16}') },
          "layer 4 (Dense) has units undefined, expected 16.",
        ],
        [
          { [model]: json.replace('"units":16', `"units":${"[".repeat(1e5)}${"]".repeat(1e5)}`) },
          "layer 4 (Dense) has units something else, expected 16.",
        ],
        ...['{"toString":1}', "[".repeat(1e5) + "]".repeat(1e5)].map((
          name,
        ): [Files, string] => [
          { [model]: json.replace(/"name":"flatten_[^"]*"/g, `"name":${name}`) },
          "its layer 4 takes its input from another layer.",
        ]),
        [{ [model]: json.replace('"units":16', '"units":16,"units":17') }, "has units 17, expected 16."],
        [
          { [model]: json.replace('"relu"', String.raw`"\u001b]0;\u0007\u009b2J\u202e"`) },
          "has activation \ufffd]0;\ufffd\ufffd2J\ufffd, expected relu.",
        ],
        [{ [model]: "\x1b[2J\r\n" }, /^DIR\/encoder\/model.json is not JSON: /],
        [
          { [model]: json.replace("[null,28,28,1]", "[null,1e308,1e308,1e308]") },
          "has batch_input_shape [null,1e+308,1e+308,1e+308], expected [null,28,28,1].",
        ],
        [{ [model]: edited(json, (m) => m.modelTopology.config.output_layers.reverse()) }, "connected differently."],
        [
          { [model]: edited(json, (m) => m.modelTopology.config.layers[6].inbound_nodes[0][0][0] = config(3)(m).name) },
          "its layer 6 takes its input from another layer.",
        ],
        [{ [model]: edited(json, (m) => m.weightsManifest[0].weights.reverse()) }, "differ or are in another order."],
        [
          { [model]: edited(json, (m) => m.weightsManifest[0].weights[0].dtype = "int32") },
          "differ or are in another",
        ],
        [
          { [model]: edited(json, (m) => m.weightsManifest[0].weights[0].shape = [1e9, 1e9, 1e9, 1e9]) },
          "differ or are in another order.",
        ],
        [
          { [model]: edited(json, (m) => m.weightsManifest[0].paths = ["../../../etc/passwd"]) },
          "its weights are in [../../../etc/passwd], expected [weights.bin].",
        ],
        [
          { [model]: edited(json, (m) => m.weightsManifest[0].paths.push("/dev/zero")) },
          "its weights are in [weights.bin,/dev/zero], expected [weights.bin].",
        ],
        [{ [model]: edited(json, (m) => m.weightsManifest.push({})) }, "differ or are in another order."],
        [{ [model]: edited(json, (m) => delete m.weightsManifest) }, "its weights are in undefined, expected"],
        [
          { [model]: edited(json, (m) => m.weightsManifest[0].sha256 = null) },
          "its SHA-256 differs from what DIR/encoder/model",
        ],
        [{ [binary]: bytes.slice(0, -4) }, `it has ${bytes.length - 4} bytes, expected ${bytes.length}`],
        [{ [binary]: new Uint8Array(bytes.length + 1) }, `it has ${bytes.length + 1} bytes, expected`],
        [{ [binary]: new Uint8Array() }, "it has 0 bytes, expected"],
        [
          { [binary]: spoilt(bytes.length - 4, NaN) },
          `weights must be finite numbers, but number ${bytes.length / 4 - 1} is`,
        ],
        [{ [binary]: spoilt(8, -Infinity) }, "but number 2 is -Infinity."],
        [
          { [binary]: spoilt(8, 0.5) },
          `DIR/${binary} is broken: its SHA-256 differs from what DIR/decoder/model.json says.`,
        ],
      ];
      const target = small(7);
      const before = await weights(target);
      for (const [i, [changes, message]] of mistakes.entries()) {
        const path = `${directory}/${i}`;
        await spoiltCopy(good, path, changes);
        const error = await assertRejects(() => loadVae(target, path), InputError, undefined, `mistake ${i}`);
        const said = error.message.replaceAll(path, "DIR");
        if (typeof message === "string") {
          assertStringIncludes(said, message);
        } else assertMatch(said, message);
        assert(said.length < 300 && !/\p{C}/u.test(said), said);
        assertEquals(await weights(target), before, said);
      }
      const nowhere = await assertRejects(() => loadVae(target, `${directory}/nowhere`), InputError);
      assertMatch(nowhere.message, /^There is no ".*\/nowhere\/encoder\/model.json": expected /);
      assertEquals(Object.keys(Object.prototype), []);
      vae.dispose();
      target.dispose();
    }),
);

/** Calls `use` with the directory of a saved model that may be spoilt, and asserts that loading it changes nothing. */
async function refusing(use: (refused: (message: string) => Promise<void>, directory: string) => Promise<void>) {
  await withTempDir(async (directory) => {
    const [vae, target] = [small(1), small(2)];
    await saveVae(vae, directory);
    const before = await weights(target);
    await use(async (message) => {
      const error = await assertRejects(() => loadVae(target, directory), InputError);
      assertStringIncludes(error.message.replaceAll(directory, "DIR"), message);
      assertEquals(await weights(target), before, message);
    }, directory);
    vae.dispose();
    target.dispose();
  });
}

testFiles(
  "a file of 2 GB is refused by its size, and none of it is read",
  () =>
    refusing(async (refused, directory) => {
      for (
        const [name, message] of [
          ["decoder/weights.bin", /Cannot read .*decoder.weights.bin \(it has 2147483648 bytes, expected \d+\)/],
          [
            "encoder/model.json",
            /Cannot read .*encoder.model.json \(it has 2147483648 bytes, more than the limit of 1000000\)/,
          ],
        ] as const
      ) {
        await Deno.truncate(`${directory}/${name}`, 2 ** 31); // a hole: it takes no space
        const memory = Deno.memoryUsage().rss;
        await refused("(it has 2147483648 bytes, ");
        assertLess(Deno.memoryUsage().rss - memory, 64e6);
        const error = await assertRejects(() => loadVae(small(3), directory), InputError);
        assertMatch(error.message, message);
      }
    }),
);

testFiles("a model.json is read to a million bytes, and not one more", () =>
  refusing(async (refused, directory) => {
    const path = `${directory}/encoder/model.json`;
    const json = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, json.padEnd(1e6 + 1));
    await refused(`Cannot read DIR/encoder/model.json (it has 1000001 bytes, more than the limit of 1000000)`);
    await Deno.writeTextFile(path, json.padEnd(1e6));
    await loadVae(small(3), directory);
  }));

testFiles(
  "what stands in for a file is refused: a directory, a link, a link to a directory, a device",
  () =>
    refusing(async (refused, directory) => {
      const path = `${directory}/encoder/weights.bin`;
      await Deno.rename(path, `${directory}/elsewhere`);
      await Deno.mkdir(path);
      await refused("Cannot read DIR/encoder/weights.bin (it is not a file)");
      await Deno.remove(path);
      for (const target of [`${directory}/elsewhere`, "../../../etc/passwd", "/dev/zero", path]) {
        await Deno.symlink(target, path);
        await refused("Cannot read DIR/encoder/weights.bin (it is a link, which is not followed)");
        await Deno.remove(path);
      }
      await Deno.rename(`${directory}/elsewhere`, path);
      await Deno.rename(`${directory}/encoder`, `${directory}/elsewhere`);
      await Deno.symlink(`${directory}/elsewhere`, `${directory}/encoder`);
      await refused("Cannot read DIR/encoder/model.json (it is a link, which is not followed)");
    }),
);

testIf(
  files && await granted({ name: "run" }) && Deno.build.os !== "windows",
  "--allow-read --allow-write --allow-run, and pipes that have names",
  "a pipe that nobody writes into is refused, and not waited for",
  () =>
    refusing(async (refused, directory) => {
      const run = (...args: string[]) => new Deno.Command("sh", { args: ["-c", ...args] }).output();
      for (const name of ["weights.bin", "model.json"]) {
        const path = `${directory}/encoder/${name}`;
        await Deno.remove(path);
        assertEquals((await run('mkfifo "$0"', path)).code, 0);
        const late = setTimeout(() => run('echo late > "$0"', path), 5000); // so that waiting ends, and fails the test
        await refused(`Cannot read DIR/encoder/${name} (it is not a file)`);
        clearTimeout(late);
      }
    }),
);

testFiles(
  "a model saved without checksum and without .npz, as by tfjs itself, loads all the same",
  () =>
    withTempDir(async (directory) => {
      const [vae, target] = [small(1), small(2)];
      await saveVae(vae, directory);
      await Deno.remove(`${directory}/weights.npz`);
      for (const half of ["encoder", "decoder"]) {
        const path = `${directory}/${half}/model.json`;
        const json = await Deno.readTextFile(path);
        const without = edited(json, (model) => delete model.weightsManifest[0].sha256);
        assert(without.length < json.length);
        await Deno.writeTextFile(path, without);
      }
      await loadVae(target, directory);
      assertEquals(await weights(target), await weights(vae));
      vae.dispose();
      target.dispose();
    }),
);

testFiles("300 model files spoilt at random: each one sentence, or the saved weights to the bit", async () => {
  const { loaded, refused, memory } = await fuzzModels(300, 1);
  assertEquals(loaded + refused, 300);
  assert(loaded > 0 && refused > 200, `${loaded} loaded, ${refused} refused`);
  assertLess(memory, 64e6);
});

testFiles(
  "a model of a different architecture: the message says what it has and what is wanted",
  () =>
    withTempDir(async (directory) => {
      const vae = convVae({ latent: 10, filters: [4, 8] });
      await newDirectory(`${directory}/m`);
      await saveVae(vae, `${directory}/m`);
      for (
        const [target, message] of [
          [
            small(1),
            "encoder/model.json is a model of a different architecture: its layer 5 (Dense) has units 10, expected 2.",
          ],
          [convVae({ latent: 10, filters: [4, 9] }), "its layer 2 (Conv2D) has filters 8, expected 9."],
          [convVae({ latent: 10, filters: [4, 8], hidden: 15 }), "its layer 4 (Dense) has units 16, expected 15."],
          [
            convVae({ latent: 10, filters: [4, 8], image: [32, 28, 1] }),
            "has batch_input_shape [null,28,28,1], expected [null,32,28,1].",
          ],
          [denseVae(), "its layer 1 is Conv2D, expected Reshape."],
        ] as const
      ) {
        await assertRejects(() => loadVae(target, `${directory}/m`), InputError, message);
        target.dispose();
      }
      vae.dispose();
    }),
);

Deno.test("two networks of the same architecture are no different, whatever they and their seeds are called", () => {
  const models = [small(1), small(2)].map((vae) => {
    const architecture = ({ encoder, decoder }: LayersVae) =>
      [encoder, decoder].map((network) => ({
        modelTopology: JSON.parse(JSON.stringify(network.toJSON(null, false))),
        weightsManifest: [{
          paths: ["weights.bin"],
          weights: network.weights.map(({ originalName: name, shape }) => ({ name, shape })),
        }],
      }));
    const both = architecture(vae);
    vae.dispose();
    return both;
  });
  const [[encoder, decoder], [encoder2, decoder2]] = models;
  assert(JSON.stringify(encoder) !== JSON.stringify(encoder2));
  assertEquals([difference(encoder, encoder2), difference(decoder, decoder2)], [undefined, undefined]);
  assertEquals(difference(decoder, encoder), "its layer 0 is Dense, expected InputLayer");
  const { layers } = encoder.modelTopology.config;
  const longer = {
    ...encoder,
    modelTopology: { ...encoder.modelTopology, config: { layers: [...layers, layers[6]] } },
  };
  assertEquals(difference(longer, encoder2), "it has 8 layers, expected 7");
});
