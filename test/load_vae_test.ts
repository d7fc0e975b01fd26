/**
 * Models made of their directory alone, and models that replace others.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  bernoulli,
  convVae,
  denseVae,
  EnvironmentError,
  gaussian,
  InputError,
  type LayersVae,
  layersVae,
  loadVae,
  negativeElbo,
  random,
  rows,
  saveVae,
  train,
} from "../mod.ts";
import { startBackend } from "./_backends.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const testFiles = testIf.bind(
  undefined,
  await granted({ name: "read" }) && await granted({ name: "write" }),
  "--allow-read --allow-write",
);
await startBackend("wasm");

/** Every variable, one after another. */
async function weights(vae: LayersVae): Promise<number[]> {
  return (await Promise.all(vae.variables.map((variable) => variable.data()))).flatMap((values) => [...values]);
}

const table = rows(Float32Array.from({ length: 24 }, (_, i) => i % 7 / 7), [8, 3]);

/** What a VAE of three numbers does in three steps of training, and makes of a code then. */
async function goOn(vae: LayersVae): Promise<unknown[]> {
  const losses: unknown[] = [];
  const y = vae.classes === undefined ? {} : { y: tf.tidy(() => tf.oneHot(tf.tensor1d([1, 0], "int32"), 2)) };
  const labelled = { count: 2, batch: () => ({ x: table.batch([0, 1]).x, y: y.y!.toFloat() }) };
  const steps = train(negativeElbo(vae), vae.classes ? labelled : table, { batchSize: 3 });
  for await (const { loss } of steps) losses.push(loss);
  const decoded = tf.tidy(() => vae.mean(vae.decode(random(1).normal([2, vae.latent]), y.y)));
  losses.push(...await decoded.data());
  tf.dispose([decoded, y]);
  return losses;
}

const MODELS: Record<string, () => LayersVae> = {
  "dense, with the defaults": () => denseVae({ shape: [3], latent: 2, hidden: 4 }),
  "with a learned variance": () =>
    denseVae({ shape: [3], latent: 2, hidden: 4, likelihood: gaussian({ variance: "learned" }) }),
  "with a variance per value": () =>
    denseVae({ shape: [3], latent: 2, hidden: 4, likelihood: gaussian({ variance: "per value", floor: 1e-3 }) }),
  "with a fixed variance": () =>
    denseVae({ shape: [3], latent: 2, hidden: 4, likelihood: gaussian({ variance: 0.5 }) }),
  conditional: () => denseVae({ shape: [3], latent: 2, hidden: 4, classes: 2 }),
};

for (const [name, make] of Object.entries(MODELS)) {
  testFiles(
    `a model ${name} is made of its directory alone, and goes on learning as it did`,
    () =>
      withTempDir(async (directory) => {
        const saved = make();
        await goOn(saved); // so that nothing is as it begins
        await saveVae(saved, `${directory}/model`);
        const before = tf.memory().numTensors;
        const loaded = await loadVae(`${directory}/model`);
        assertEquals(await weights(loaded), await weights(saved));
        assertEquals([loaded.latent, loaded.classes], [saved.latent, saved.classes]);
        assertEquals([loaded.likelihood.name, loaded.likelihood.options], [
          saved.likelihood.name,
          saved.likelihood.options,
        ]);
        assertEquals(await goOn(loaded), await goOn(saved));
        loaded.dispose();
        assertEquals(tf.memory().numTensors, before, "nothing is left");
        saved.dispose();
      }),
  );
}

testFiles("a convolutional model is made of its directory alone", () =>
  withTempDir(async (directory) => {
    const saved = convVae({ image: [8, 12, 3], filters: [2, 3], hidden: 4, seed: 3 });
    await saveVae(saved, `${directory}/model`);
    const loaded = await loadVae(`${directory}/model`);
    assertEquals(await weights(loaded), await weights(saved));
    assertEquals(loaded.decoder.outputShape, [null, 8, 12, 3]);
    tf.dispose([loaded, saved].map(({ variables }) => variables));
  }));

testFiles(
  "a model saved by 0.1.0, or by tfjs itself, is a Bernoulli one with the standard normal",
  () =>
    withTempDir(async (directory) => {
      const [saved, other] = [
        denseVae({ shape: [3], latent: 2, hidden: 4 }),
        denseVae({ shape: [3], latent: 2, hidden: 4, seed: 1 }),
      ];
      await saveVae(saved, directory);
      await Deno.remove(`${directory}/vae.json`);
      for (const load of [() => loadVae(directory), () => loadVae(other, directory)]) {
        const sentence = `There is no "${directory}/vae.json", which describes the numbers in vae.bin beside it.`;
        await assertRejects(load, InputError, sentence); // and not taken for a Bernoulli one, which it may not be
      }
      for (const name of ["vae.bin", "weights.npz"]) await Deno.remove(`${directory}/${name}`);
      const loaded = await loadVae(directory);
      assertEquals([loaded.likelihood.name, loaded.prior.name], ["bernoulli", "standardNormal"]);
      await loadVae(other, directory);
      for (const vae of [loaded, other]) assertEquals(await weights(vae), await weights(saved));
      const gauss = denseVae({ shape: [3], latent: 2, hidden: 4, likelihood: gaussian({ variance: 1 }) });
      await assertRejects(
        () => loadVae(gauss, directory),
        InputError,
        "its likelihood is bernoulli, expected gaussian",
      );
      for (const vae of [loaded, other, saved, gauss]) vae.dispose();
    }),
);

/** Changes the JSON in a file. */
async function edit(path: string, change: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await Deno.readTextFile(path));
  change(json);
  await Deno.writeTextFile(path, JSON.stringify(json));
}

testFiles(
  "what no model can be made of is refused in a sentence, and nothing is left",
  () =>
    withTempDir(async (directory) => {
      const saved = denseVae({ shape: [3], latent: 2, hidden: 4, likelihood: gaussian({ variance: "learned" }) });
      const [rest, encoder] = ["vae.json", "encoder/model.json"];
      const cases: [file: string, change: (json: Record<string, unknown>) => void, sentence: string][] = [
        [
          rest,
          (json) => json.likelihood = { name: "mine", options: {} },
          "vae.json names the likelihood mine, which is not part",
        ],
        [
          rest,
          (json) => json.likelihood = { name: "toString" },
          "names the likelihood toString, which is not part of this library",
        ],
        [rest, (json) => json.prior = null, "vae.json names the prior undefined, which is not part of this library"],
        [
          rest,
          (json) => json.likelihood = { name: "gaussian", options: { variance: -1 } },
          "a likelihood that cannot be built: ",
        ],
        [rest, (json) => json.shapes = [[2]], "has variables of other shapes"],
        [rest, (json) => json.sha256 = "0", "vae.bin is broken: its SHA-256 differs"],
        [
          encoder,
          (json) => json.modelTopology = 5,
          "encoder/model.json is not a network of layers known to this program",
        ],
        [
          encoder,
          (json) => delete json.modelTopology,
          "encoder/model.json is not a network of layers known to this",
        ],
        [encoder, (json) =>
          JSON.stringify(json, (_, value) => {
            if (value?.class_name === "Dense") value.class_name = "Mine";
            return value;
          }), "encoder/model.json is not a network of layers known to this program: Unknown layer: Mine"],
        [encoder, (json) => json.weightsManifest = [], "its weights are in "],
      ];
      const before = tf.memory().numTensors;
      for (const [i, [file, change, sentence]] of cases.entries()) {
        const path = `${directory}/${i}`;
        await saveVae(saved, path);
        await edit(`${path}/${file}`, change);
        const { message } = await assertRejects(() => loadVae(path), InputError, sentence, `${i}`);
        assert(message.startsWith(path) && message.length < 400 && !/\p{C}/u.test(message), message);
        assertEquals(tf.memory().numTensors, before, sentence);
      }
      await assertRejects(() => loadVae(`${directory}/none`), InputError, `There is no "${directory}/none/encoder`);
      await saveVae(saved, `${directory}/half`);
      await Deno.remove(`${directory}/half/decoder/weights.bin`);
      await assertRejects(
        () => loadVae(`${directory}/half`),
        InputError,
        `There is no "${directory}/half/decoder/weights.bin`,
      );
      assertEquals(tf.memory().numTensors, before);
      saved.dispose();
    }),
);

testFiles("variables that no part of a model holds are not silently lost", () =>
  withTempDir(async (directory) => {
    const vae = denseVae({ shape: [3], latent: 2, hidden: 4 });
    const extra = tf.tidy(() => tf.variable(tf.zeros([2, 5]), true, "temperature"));
    const own = { ...vae, variables: [...vae.variables, extra] };
    const sentence = "The model is not saved: its variable temperature, of shape [2,5], would be lost";
    await assertRejects(() => saveVae(own, `${directory}/m`), InputError, sentence);
    await assertRejects(() => saveVae(own, `${directory}/m`, { overwrite: true }), InputError, sentence);
    assertEquals(await Array.fromAsync(Deno.readDir(directory)), [], "nothing was written");
    await saveVae({ ...own, state: [extra] }, `${directory}/m`); // a part that is saved
    await saveVae({ ...vae, variables: vae.variables.slice(1) }, `${directory}/frozen`); // fewer are no loss
    extra.dispose();
    vae.dispose();
  }));

testFiles("a likelihood of one's own is saved, and filled, but not made", () =>
  withTempDir(async (directory) => {
    const make = (seed: number) => {
      const { encoder, decoder } = denseVae({ shape: [3], latent: 2, hidden: 4, seed });
      return layersVae(encoder, decoder, { likelihood: { ...bernoulli(), name: "ink", options: { of: "mine" } } });
    };
    const [saved, other] = [make(1), make(2)];
    await saveVae(saved, directory);
    await assertRejects(
      () => loadVae(directory),
      InputError,
      "names the likelihood ink, which is not part of this library",
    );
    await loadVae(other, directory);
    assertEquals(await weights(other), await weights(saved));
    saved.dispose();
    other.dispose();
  }));

// ## Replacing

const small = (seed: number, hidden = 4) => denseVae({ shape: [3], latent: 2, hidden, seed });

testFiles(
  "a model is replaced when told, with all of its files, and what else is there stays",
  () =>
    withTempDir(async (directory) => {
      const [first, second, third] = [small(1), small(2, 5), small(3)];
      await Deno.writeTextFile(`${directory}/notes.txt`, "mine");
      const names = async () => (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).toSorted();
      await saveVae(first, directory, { overwrite: true }); // where there was none
      const files = ["decoder", "encoder", "notes.txt", "vae.bin", "vae.json", "weights.npz"];
      assertEquals(await names(), files);
      await assertRejects(() => saveVae(second, directory), InputError, "already exists and is not overwritten");
      assertEquals(await weights(await loadVae(directory)), await weights(first));
      await saveVae(second, directory, { overwrite: true }); // of another size
      assertEquals(await weights(await loadVae(directory)), await weights(second));
      assertEquals(await names(), files);
      await saveVae(third, `${directory}/fresh`);
      await saveVae(third, directory, { overwrite: true });
      for (const file of ["vae.json", "vae.bin", "weights.npz", "encoder/weights.bin", "decoder/model.json"]) {
        const [there, fresh] = [directory, `${directory}/fresh`].map((at) => Deno.readFileSync(`${at}/${file}`));
        assertEquals(there, fresh, file);
      }
      assertEquals(await Deno.readTextFile(`${directory}/notes.txt`), "mine");
      for (const vae of [first, second, third]) vae.dispose();
    }),
);

const stopped = () => Promise.reject(new Error("stopped"));

/** Deno's functions that change what is on the disk. */
const CHANGES = ["mkdir", "open", "rename", "remove"] as const;

/** Does something, and lets the disk fail for good at a change, as it seems to whoever is killed there; says whether. */
async function stoppedAt(change: number, act: () => Promise<void>): Promise<boolean> {
  const own = { ...Deno };
  let changes = 0;
  for (const name of CHANGES) {
    const counted = (...args: unknown[]) => ++changes < change ? Reflect.apply(own[name], Deno, args) : stopped();
    Object.assign(Deno, { [name]: counted });
  }
  try {
    await act();
    return false;
  } catch (error) {
    assert(error instanceof EnvironmentError, `${error}`);
    return true;
  } finally {
    for (const name of CHANGES) Object.assign(Deno, { [name]: own[name] });
  }
}

testFiles(
  "wherever the replacing of a model stops, there is the old one or the new one, whole",
  () =>
    withTempDir(async (directory) => {
      const [first, second, third] = [small(1), small(2), small(3)];
      const [old, young] = [await weights(first), await weights(second)];
      const seen = { old: 0, young: 0 };
      for (let stop = 1;; stop++) {
        const path = `${directory}/${stop}`;
        await saveVae(first, path);
        const failed = await stoppedAt(stop, () => saveVae(second, path, { overwrite: true }));
        if (!failed) break;
        for (const load of [() => loadVae(path), async () => (await loadVae(third, path), third)]) {
          const found = await weights(await load());
          const which = found.join() === old.join() ? "old" : "young";
          assertEquals(found, which === "old" ? old : young, `stopped at ${stop}`);
          seen[which]++;
        }
        await saveVae(third, path, { overwrite: true }); // whatever was left, the next one goes through
        assertEquals(await weights(await loadVae(path)), await weights(third), `after a stop at ${stop}`);
        const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
        assertEquals(names.toSorted(), ["decoder", "encoder", "vae.bin", "vae.json", "weights.npz"], `after ${stop}`);
      }
      assert(seen.old > 10 && seen.young > 10, JSON.stringify(seen));
    }),
);

testFiles("a link in place of a model that has not moved yet is not followed", () =>
  withTempDir(async (directory) => {
    const [here, there] = [small(1), small(2)];
    await saveVae(here, `${directory}/here`);
    await saveVae(there, `${directory}/there`);
    await Deno.symlink(`${directory}/there`, `${directory}/here/replacing`);
    await assertRejects(() => loadVae(`${directory}/here`), InputError, "it is a link, which is not followed");
    here.dispose();
    there.dispose();
  }));

Deno.test({
  name: "replacing without a permission: a sentence with the flag",
  permissions: "none",
  async fn() {
    const vae = small(1);
    const { message } = await assertRejects(() => saveVae(vae, "x", { overwrite: true }), EnvironmentError);
    assertMatch(message, /add --allow-(read|write)=x\.$/);
    assertStringIncludes((await assertRejects(() => loadVae("x"), EnvironmentError)).message, "add --allow-read=x.");
    vae.dispose();
  },
});
