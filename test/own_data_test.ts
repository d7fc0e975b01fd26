/**
 * Lessons on data of one's own: of another size, in colour, of other classes, without labels.
 *
 * @module
 */
import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CommonOptions, InputError, loadImages, recorder, type Show, showOn, useBackend } from "../mod.ts";
import { writeIdx } from "./_idx.ts";
import { LESSONS, LOADERS } from "./_lessons.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const files = await granted({ name: "read" }) && await granted({ name: "write" });
const needs = "--allow-read --allow-write";

const SHAPE = [8, 12, 3]; // no two alike, and no channel like another

/** Writes 40 images to learn from and 20 held-out ones, of classes 0 to 11, and gives the directory. */
function withImages<T>(shape: number[], labels: boolean, use: (data: string) => Promise<T>): Promise<T> {
  return withTempDir(async (data) => {
    for (const [half, count] of [["train", 40], ["t10k", 20]] as const) {
      const size = shape.reduce((product, n) => product * n, count);
      const pixels = new Uint8Array(size).map((_, i) => (i * i + Math.floor(size / count / (1 + i % 5))) % 256);
      await Deno.writeFile(`${data}/${half}-images-idx3-ubyte`, writeIdx([count, ...shape], pixels));
      const classes = new Uint8Array(count).map((_, i) => i % 12);
      if (labels) await Deno.writeFile(`${data}/${half}-labels-idx1-ubyte`, writeIdx([count], classes));
    }
    return await use(data);
  });
}

/** Runs a lesson to its end, however false its claims, and gives its images' sizes and its claims. */
async function run(name: keyof typeof LOADERS, data: string) {
  const { defaults, lesson } = await LOADERS[name]();
  const { short } = LESSONS.find((one) => one.name === name)!;
  const flags = short.flatMap((flag, i) => i % 2 ? [] : [[flag.slice(2), Number(short[i + 1])]]);
  const options = { ...defaults, ...Object.fromEntries(flags), data, seed: 0 };
  const { events, surface } = recorder();
  const before = tf.memory().numTensors;
  await (lesson as (options: CommonOptions, show: Show) => Promise<void>)(options, showOn(surface));
  assertEquals(tf.memory().numTensors, before, name);
  const images = events.flatMap((event) => event.kind === "images" ? [event] : []);
  return {
    sizes: new Set(images.map(({ height, width, channels }) => `${height} x ${width} x ${channels}`)),
    claims: events.filter(({ kind }) => kind === "claim").length,
  };
}

for (const { name, usesData, keepsModel } of LESSONS) {
  if (!usesData) continue;
  const labels = name === "07_conv_vae" || name === "08_latent_map";

  testIf(
    files,
    needs,
    `lesson ${name} on colour images of 8×12${labels ? " of twelve classes" : ", without labels"}`,
    () =>
      withImages(SHAPE, labels, async (data) => {
        await useBackend("wasm");
        const { sizes, claims } = await run(name, data);
        assertGreater(claims, 3);
        if (sizes.size > 0) assertEquals([...sizes], ["8 x 12 x 3"]);
      }),
  );

  if (keepsModel) {
    testIf(
      files,
      needs,
      `lesson ${name} on images that cannot be halved twice: a sentence`,
      () =>
        withImages([8, 10], true, async (data) => {
          const { message } = await assertRejects(() => run(name, data), InputError);
          const wanted = "expected a height and a width divisible by 4.";
          assertEquals(message, `${data} has images of 8 x 10 pixels; ${wanted}`);
        }),
    );
  }
  if (labels) {
    testIf(
      files,
      needs,
      `lesson ${name} on images without labels: a sentence`,
      () =>
        withImages(SHAPE, false, async (data) => {
          await assertRejects(
            () => run(name, data),
            InputError,
            `${data} has no labels; expected a class for each image`,
          );
        }),
    );
  }
}

testIf(files, needs, "as many images as are needed, or a sentence", () =>
  withImages(SHAPE, true, async (data) => {
    const { train, test } = await loadImages(data, undefined, { train: 40, test: 20, labels: true, divisibleBy: 4 });
    assertEquals([train.labels.length, test.labels[13]], [40, 1]);
    const few = "has too few held-out images: 20; expected at least 21.";
    await assertRejects(() => loadImages(data, undefined, { test: 21 }), InputError, few);
  }));
