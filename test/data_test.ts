import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { embeddedFile, type EmbeddedName, embeddedWasm } from "../src/embedded.ts";
import { ORIGINALS } from "../src/embedded/build.ts";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { sha256 } from "../src/disk/sha256.ts";
import { loadDigits } from "../src/data/digits.ts";
import { type Idx, parseIdx, unpack } from "../src/data/idx.ts";
import { type Examples, rows } from "../src/data/examples.ts";
import { imageSet, select, take } from "../src/data/images.ts";
import { loadImages } from "../src/data/load_images.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { negativeElbo } from "../src/objectives/negative_elbo.ts";
import { trainClassifier } from "../src/training/classifier.ts";
import { evaluate } from "../src/training/evaluate.ts";
import { train } from "../src/training/train.ts";
import { granted, ROOT, testIf } from "./_run.ts";
import { filesIn, textOf } from "./_sources.ts";

tf.enableProdMode();
await tf.setBackend("cpu");

/** An array with an unequal value everywhere: `first`, `first` + 7 … */
const array = (name: string, shape: number[], first = 0): Idx => ({
  name,
  shape,
  data: new Uint8Array(shape.reduce((product, n) => product * n, 1)).map((_, i) => first + 7 * i),
});

/** Four images of 2×3 with labels 1, 8, 15, 22 and two factors each. */
const set = imageSet(array("images", [4, 2, 3]), array("labels", [4], 1), array("factors", [4, 2], 2));

Deno.test("a batch has the images asked for, in that order, in [0, 1]", async () => {
  const { x: batch, y } = set.batch([2, 0, 2]);
  assertEquals(batch.shape, [3, 2, 3, 1]);
  assertEquals(batch.dtype, "float32");
  const third = [84, 91, 98, 105, 112, 119];
  const first = [0, 7, 14, 21, 28, 35];
  assertEquals(await batch.data(), Float32Array.from([...third, ...first, ...third], (grey) => grey / 255));
  assertEquals(await y?.data(), Float32Array.of(15, 1, 15));
  tf.dispose([batch, y]);
});

Deno.test("paper is 0 and ink is 1 exactly", async () => {
  const two = imageSet(
    { name: "images", shape: [2, 1, 1], data: Uint8Array.of(255, 0) },
    { name: "labels", shape: [2], data: Uint8Array.of(1, 0) },
  );
  const batch = two.batch(Uint32Array.of(0, 1));
  assertEquals(await batch.x.data(), Float32Array.of(1, 0));
  tf.dispose(batch);
});

Deno.test("rows of a matrix", async () => {
  const matrix = rows(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [4, 2]);
  const { x: batch } = matrix.batch([3, 1, 0]);
  assertEquals(matrix.count, 4);
  assertEquals(batch.shape, [3, 2]);
  assertEquals(await batch.data(), Float32Array.of(7, 8, 3, 4, 1, 2));
  batch.dispose();
  assertThrows(
    () => rows(new Float32Array(7), [4, 2]),
    RangeError,
    "A matrix of shape [4,2] must have 8 values, not 7.",
  );
});

Deno.test("an index that is no example is refused", () => {
  for (const index of [4, -1, 0.5, NaN]) {
    const message = `There is no example ${index}: examples are numbered from 0 to 3.`;
    assertThrows(() => set.batch([0, index]), RangeError, message);
    assertThrows(() => rows(new Float32Array(8), [4, 2]).batch([0, index]), RangeError, message);
  }
});

Deno.test("examples and their labels are the only tensors made", () => {
  const before = tf.memory().numTensors;
  const batches = [set.batch([0]), rows(new Float32Array(8), [4, 2]).batch([0])];
  assertEquals(tf.memory().numTensors, before + 3);
  tf.dispose(batches);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("selecting keeps images, labels and factors together", () => {
  const some = select(set, (label, index) => label === 8 || index === 3);
  assertEquals([some.count, some.height, some.width], [2, 2, 3]);
  assertEquals(some.labels, Uint8Array.of(8, 22));
  assertEquals(some.pixels, Uint8Array.of(42, 49, 56, 63, 70, 77, 126, 133, 140, 147, 154, 161));
  assertEquals(some.factors, { name: "factors", shape: [2, 2], data: Uint8Array.of(16, 23, 44, 51) });
  assertEquals(select(imageSet(array("images", [4, 2, 3]), array("labels", [4])), () => true).factors, undefined);
});

Deno.test("taking the first n, or all", () => {
  assertEquals(take(set, 3).labels, Uint8Array.of(1, 8, 15));
  assertEquals(take(set, 9).labels, set.labels);
  for (const n of [0, -1, 1.5, NaN]) {
    assertThrows(() => take(set, n), RangeError, `The number of images must be a positive integer, not ${n}.`);
  }
});

Deno.test("bad input: counts that differ, and no images", () => {
  assertThrows(
    () => imageSet(array("images", [4, 2, 3]), array("labels", [5])),
    InputError,
    "images and labels do not belong together: 4 images, 5 entries.",
  );
  assertThrows(
    () => imageSet(array("images", [4, 2, 3]), array("labels", [4]), array("factors", [3, 2])),
    InputError,
    "images and factors do not belong together: 4 images, 3 entries.",
  );
  assertThrows(
    () => imageSet(array("images", [0, 2, 3]), array("labels", [0])),
    InputError,
    "images has no images: 0 x 2 x 3.",
  );
  assertThrows(() => select(set, () => false), InputError, "The selection has no images");
});

Deno.test({
  name: "the embedded digits load without a permission",
  permissions: "none",
  async fn() {
    const { name, train, test } = await loadDigits();
    assertEquals(name, "digits");
    for (const [half, count] of [[train, 10_000], [test, 2_000]] as const) {
      assertEquals([half.count, half.height, half.width], [count, 28, 28]);
      assertEquals(half.pixels.length, count * 784);
      assertEquals(half.labels.length, count);
      assertEquals(half.factors?.shape.length, 2);
      assertEquals(half.factors?.shape[0], count);
      assertEquals([...new Set(half.labels)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assertEquals([half.pixels.reduce((a, b) => Math.min(a, b)), half.pixels.reduce((a, b) => Math.max(a, b))], [
        0,
        255,
      ]);
    }
    const batch = train.batch(Uint32Array.from({ length: 128 }, (_, i) => 78 * i));
    assertEquals(batch.x.shape, [128, 28, 28, 1]);
    assertEquals(await batch.y?.data(), Float32Array.from({ length: 128 }, (_, i) => train.labels[78 * i]));
    tf.dispose(batch);
    assertEquals((await loadImages("digits")).train.labels, train.labels);
  },
});

Deno.test("the embedded digits' test half is not its training half", async () => {
  const { train, test } = await loadDigits();
  assert(test.pixels.some((grey, i) => grey !== train.pixels[i]));
});

Deno.test({
  name: "the embedded files are whole, and the WASM binary is WebAssembly",
  permissions: "none",
  async fn() {
    const packed = await embeddedFile("t10k-labels-idx1-ubyte.gz");
    assertEquals(parseIdx(await unpack(packed, "labels.gz"), "labels", 1).shape, [2_000]);
    const wasm = await embeddedWasm();
    assert(WebAssembly.validate(wasm));
    assertGreater(wasm.length, 100_000);
  },
});

testIf(
  await granted({ name: "read" }),
  "--allow-read",
  "the embedded texts are, byte for byte, the files of data/ and tfjs's own, and no others lie beside them",
  async () => {
    const [folder, data] = ["src/embedded/", "data/"];
    for (const [text, original] of Object.entries(ORIGINALS)) {
      assertEquals(await textOf(folder + text), (await Deno.readFile(original)).toBase64(), text);
    }
    const names = Object.keys(ORIGINALS).map((text) => text.replace(/\.txt$/, ""));
    assertEquals(await filesIn(folder, ".txt"), names.map((name) => `${folder}${name}.txt`).toSorted());
    assertEquals(
      await filesIn(data, ".gz"),
      names.filter((name) => name.endsWith(".gz")).map((name) => data + name).toSorted(),
    );
    for (const name of names.filter((name) => name.endsWith(".gz"))) {
      assertEquals(await embeddedFile(name as EmbeddedName), await Deno.readFile(new URL(data + name, ROOT)), name);
    }
  },
);

Deno.test("SHA-256 of the empty string and of abc (FIPS 180-2, appendix B)", async () => {
  assertEquals(await sha256(new Uint8Array()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assertEquals(
    await sha256(new TextEncoder().encode("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test({
  name: "bad input: a name that is no data set, without the permission to look for it",
  permissions: "none",
  async fn() {
    await assertRejects(
      () => loadImages("mnits"),
      EnvironmentError,
      "Reading mnits requires a permission: add --allow-read=mnits.",
    );
  },
});

Deno.test("images of several channels, with labels or without", async () => {
  const colour = array("images", [3, 2, 1, 3]);
  const plain = imageSet(colour);
  assertEquals([plain.count, plain.height, plain.width, plain.channels, plain.labels], [3, 2, 1, 3, undefined]);
  const batch = plain.batch([2, 0]);
  assertEquals(Object.keys(batch), ["x"], "no labels stand for none");
  assertEquals(batch.x.shape, [2, 2, 1, 3]);
  const values = [12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5].map((i) => Math.fround(7 * i / 255));
  assertEquals(Array.from(await batch.x.data()), values);
  const some = take(plain, 2);
  assertEquals([some.count, some.channels, some.labels], [2, 3, undefined]);
  const labelled = select(imageSet(colour, array("labels", [3])), (label) => label > 0);
  assertEquals([labelled.count, labelled.channels, [...labelled.labels]], [2, 3, [7, 14]]);
  tf.dispose(batch);
});

Deno.test("bad input: axes, lengths and kinds that are not those of images", () => {
  const images = array("images", [4, 2, 3]);
  const cases: [() => unknown, string][] = [
    [() => imageSet(array("images", [4, 6])), "images has shape [4,6]; expected 3 or 4 axes."],
    [() => imageSet(array("images", [1, 4, 2, 3, 1])), "images has shape [1,4,2,3,1]; expected 3 or 4 axes."],
    [() => imageSet(images, array("labels", [4, 1])), "labels has shape [4,1]; expected 1 axis."],
    [() => imageSet(images, array("labels", [4]), array("factors", [4])), "factors has shape [4]; expected 2 axes."],
    [() => imageSet({ ...images, shape: [4, 2, 4] }), "images has 24 bytes; its shape [4,2,4] has 32."],
    [() => imageSet({ ...images, data: new Uint8Array(24).fill(1, 5, 9) }), "images has no pixel above 1; expected"],
  ];
  for (const [make, sentence] of cases) assertThrows(make, InputError, sentence);
  imageSet({ ...images, data: new Uint8Array(24) }); // blank ones may be
});

Deno.test("bad input: numbers that are not bytes, as what they are", () => {
  const images = array("images", [4, 2, 3]);
  const made =
    "images has data of the type Float32Array; expected Uint8Array, pixels from 0 to 255, as Uint8Array.from(floats, ";
  for (const factor of [1, 1 / 255]) { // floats from 0 to 255, and in [0, 1]
    const data = Float32Array.from(images.data, (value) => factor * value);
    assertThrows(() => imageSet({ ...images, data: data as unknown as Uint8Array }), InputError, made);
  }
  const clamped = new Uint8ClampedArray(24) as unknown as Uint8Array; // what a canvas gives
  assertThrows(
    () => imageSet({ ...images, data: clamped }),
    InputError,
    "images has data of the type Uint8ClampedArray;",
  );
  const missing = undefined as unknown as Uint8Array;
  assertThrows(
    () => imageSet({ ...images, data: missing }),
    InputError,
    "images has data of the type undefined; expected Uint8Array",
  );
  const classes = Int32Array.of(0, 1, 300, 2) as unknown as Uint8Array;
  assertThrows(
    () => imageSet(images, { name: "labels", shape: [4], data: classes }),
    InputError,
    "labels has data of the type Int32Array; expected Uint8Array, class numbers from 0 to 255.",
  );
  const eight = array("labels", [4, 8]);
  assertThrows(() => imageSet(images, eight), InputError, "labels has shape [4,8]; expected 1 axis.");
});

Deno.test("more classes than bytes are numbers are y of examples of one's own", async () => {
  const vae = denseVae({ shape: [3], latent: 1, hidden: 4, classes: 300 });
  const examples: Examples = {
    count: 4,
    batch: (indices) => ({
      x: tf.ones([indices.length, 3]),
      y: tf.tensor1d(Array.from(indices, (i) => 299 - i)),
    }),
  };
  const [step] = await Array.fromAsync(train(negativeElbo(vae), examples));
  assert(Number.isFinite(step?.loss));
  vae.dispose();
});

Deno.test("the classifier tells as many classes apart as its labels have", async () => {
  const classes = [0, 9, 10, 12, 1, 7];
  const pixels = new Uint8Array(1800 * 6).map((_, i) => i % 6 === Math.floor(i / 6) % 6 ? 255 : 0); // one bright pixel,
  const labels = Uint8Array.from({ length: 1800 }, (_, i) => classes[i % 6]!); // which says the class
  const images = imageSet(
    { name: "images", shape: [1800, 2, 3], data: pixels },
    { name: "labels", shape: [1800], data: labels },
  );
  const classifier = await trainClassifier(images);
  const { x } = images.batch([0, 1, 2, 3, 4, 5]);
  assertEquals((await classifier.read(x)).map(({ label }) => label), classes);
  x.dispose();
  classifier.dispose();
});

const WORKERS = await granted({ name: "read" }) ? [1, 2] : [1];

Deno.test("fewer images than a batch are a batch, to train on and to judge by, down to one", async () => {
  const vae = denseVae({ shape: [2, 3, 1], latent: 1, hidden: 4 });
  for (const count of [1, 2, 5]) {
    const few = imageSet(array("images", [count, 2, 3]));
    for (const workers of WORKERS) {
      const options = { batchSize: 128, heldOut: few, workers };
      const steps = await Array.fromAsync(train(negativeElbo(vae), few, options));
      assertEquals(steps.map(({ batch, steps }) => [batch, steps]), [[count, 1]]);
      const { train: [mean], test: [judged] } = steps[0]!.history;
      assert(Number.isFinite(mean!.loss) && Number.isFinite(judged!.loss));
    }
  }
  const none: Examples = { ...imageSet(array("images", [1, 2, 3])), count: 0 };
  for (const run of [() => train(negativeElbo(vae), none).next(), () => evaluate(negativeElbo(vae), none)]) {
    await assertRejects(run, RangeError, "examples.count must be a whole number of at least 1, not 0.");
  }
  vae.dispose();
});
