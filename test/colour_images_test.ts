/**
 * Images in colour, on every surface, and pictures as single files.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { decode } from "fast-png";
import { type Drawing, EnvironmentError, files, InputError, recorder, savePng, saveSvg, showOn } from "../mod.ts";
import { directoryOf } from "../src/disk/permissions.ts";
import type { LessonEvent, Picture } from "../src/show/events.ts";
import { sheetPng } from "../src/show/files/png.ts";
import { eventHtml } from "../src/show/files/page_events.ts";
import { render } from "../src/show/terminal/render.ts";
import { startBackend } from "./_backends.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const testWrite = testIf.bind(
  undefined,
  await granted({ name: "read" }) && await granted({ name: "write" }),
  "--allow-read --allow-write",
);

await startBackend("cpu");

/** A grid of two images of one row and three pixels, no two values alike; in one column. */
const VALUES = [[10, 20, 30, 40, 50, 60, 70, 80, 90], [11, 21, 31, 41, 51, 61, 71, 81, 255]];
const images = () => tf.tensor4d(VALUES.flat().map((value) => value / 255), [2, 1, 3, 3]);

/** What a show says of images. */
async function pictureOf(tensor: tf.Tensor, columns?: number): Promise<Picture & { kind: "images" }> {
  const { events, surface } = recorder();
  await showOn(surface).images("a", "the caption", tensor, columns === undefined ? {} : { columns });
  tensor.dispose();
  const [event] = events;
  assert(event?.kind === "images");
  return event;
}

Deno.test("colour images keep every value, in order, and grey ones are of one channel", async () => {
  const { pixels, channels, height, width, columns } = await pictureOf(images());
  assertEquals([[...pixels], channels, height, width, columns], [VALUES.flat(), 3, 1, 3, 2]);
  assertEquals((await pictureOf(tf.zeros([1, 2, 2, 1]))).channels, 1);
  const odd = tf.tensor4d([0, 0, 0, 0, NaN, 0], [2, 1, 1, 3]);
  await assertRejects(() => showOn().images("a", "", odd), InputError, "image 1 has a NaN");
});

Deno.test("colour images lie in rows in a PNG of three channels, the missing ones black", async () => {
  const one = decode(await sheetPng(await pictureOf(images(), 1)));
  assertEquals([one.width, one.height, one.channels, [...one.data]], [3, 2, 3, VALUES.flat()]);
  const beside = decode(await sheetPng(await pictureOf(tf.concat([images(), images()]).slice(0, 3), 2)));
  const black = Array(9).fill(0);
  assertEquals([...beside.data], [...VALUES[0]!, ...VALUES[1]!, ...VALUES[0]!, ...black]);
});

Deno.test("a large colour picture keeps 64 levels a channel: nothing moves by more than 2", async () => {
  const count = 100_001;
  const picture = await pictureOf(tf.range(0, 3 * count).mod(256).div(255).reshape([1, 1, count, 3]));
  const { data } = decode(await sheetPng(picture));
  assertEquals(new Set(data).size, 64);
  assert(picture.pixels.every((value, i) => Math.abs(value - data[i]!) <= 2));
});

/** Three images of a pixel each in the terminal: red, green, grey. */
const pure = () => pictureOf(tf.tensor4d([1, 0, 0, 0, 1, 0, 0.5, 0.5, 0.5], [3, 1, 1, 3]));

Deno.test("a terminal shows colours, means of them where it shrinks, and how light they are where it has none", async () => {
  const drawn = await render(await pure(), { columns: 80, colour: "true" });
  assertEquals([...drawn!.matchAll(/38;2;(\d+;\d+;\d+)/g)].map(([, rgb]) => rgb), [
    "255;0;0",
    "0;255;0",
    "128;128;128",
  ]);
  const wide = tf.tensor4d([1, 0, 0, 0, 0, 1], [1, 1, 2, 3]).tile([1, 2, 10, 1]);
  const shrunk = await render(await pictureOf(wide), { columns: 11, colour: "true" });
  assertEquals(
    [...shrunk!.matchAll(/38;2;(\d+;\d+;\d+)/g)].map(([, rgb]) => rgb),
    ["128;0;128"],
    "one colour all over",
  );
  const [row] = (await render(await pure(), { columns: 80, colour: false }))!.trim().split("\n");
  // 255 · 0.299 = 76, 255 · 0.587 = 150 and 128, halved by the black row below.
  assertEquals(row, [38, 75, 64].map((lightness) => " .:-=+*#%@"[Math.floor(lightness / 25.6)]).join(""));
});

Deno.test("a terminal that takes pictures gets the colours themselves", async () => {
  const text = await render(await pictureOf(images(), 1), { columns: 80, colour: "true", graphics: "iterm" });
  // deno-lint-ignore no-control-regex -- the terminal's own
  const { data, channels } = decode(Uint8Array.fromBase64(/:([^:\x07]*)\x07/.exec(text!)![1]!));
  assertEquals([channels, [...data]], [3, VALUES.flat()]);
});

Deno.test("a map thinned for a narrow terminal keeps whole images in colour", async () => {
  const colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]];
  const side = 7;
  const tiles = tf.tidy(() =>
    tf.stack(
      colours.map((colour) => tf.tensor1d(colour.map((v) => v / 255)).tile([side * side]).reshape([side, side, 3])),
    )
  );
  const text = await render(await pictureOf(tiles), { columns: 22, colour: "true" }); // room for three of five
  const inks = [...text!.matchAll(/38;2;(\d+;\d+;\d+)/g)].map(([, rgb]) => rgb).slice(0, 3);
  assertEquals(inks, ["255;0;0", "0;0;255", "0;255;255"]);
});

Deno.test("a page says how many colour images there are", async () => {
  assertStringIncludes(eventHtml(await pictureOf(images()), new Map()), "2 images of 1×3 pixels, 2 in a row");
});

// ## One picture, one file

testWrite(
  "savePng writes one file, grey or in colour, and replaces one only when told",
  () =>
    withTempDir(async (directory) => {
      const path = `${directory}/a picture.png`;
      const [colour, grey] = [images(), tf.zeros([1, 2, 2, 1])];
      await savePng(path, colour, { columns: 1 });
      assertEquals([...decode(await Deno.readFile(path)).data], VALUES.flat());
      await assertRejects(
        () => savePng(path, grey),
        InputError,
        `${path} already exists and is not overwritten: name another file, or set overwrite.`,
      );
      assertEquals([...decode(await Deno.readFile(path)).data], VALUES.flat());
      await savePng(path, grey, { overwrite: true });
      assertEquals([...decode(await Deno.readFile(path)).data], [0, 0, 0, 0]);
      await savePng(`${directory}/new.png`, grey, { overwrite: true });
      assertEquals(await Array.fromAsync(Deno.readDir(directory), ({ name }) => name).then((n) => n.sort()), [
        "a picture.png",
        "new.png",
      ]);
      await assertRejects(
        () => savePng(path, grey, { columns: 0 }),
        RangeError,
        `"${path}" has 0 columns; it needs 1.`,
      );
      await assertRejects(
        () => savePng(`${directory}/no/p.png`, grey),
        EnvironmentError,
        "the directory above it does not",
      );
      tf.dispose([colour, grey]);
    }),
);

testWrite(
  "saveSvg writes every kind of plot, and nothing of one that cannot be drawn",
  () =>
    withTempDir(async (directory) => {
      const [x, y] = [{ label: "across", from: 0, to: 1 }, { label: "up", from: 0, to: 1 }];
      const drawings: Drawing[] = [
        { kind: "lines", caption: "falling", series: [{ name: "loss", x: [1, 2], y: [2, 1] }], x, y },
        {
          kind: "scatter",
          caption: "points",
          points: Float32Array.of(0, 1),
          labels: Uint8Array.of(0),
          classes: ["a"],
          x,
          y,
        },
        { kind: "bars", caption: "bars", labels: ["a"], values: [1], x, y },
        { kind: "heat", caption: "heat", values: [0, 1, 2, 3], columns: 2, x, y, value: { label: "density" } },
        {
          kind: "images",
          caption: "a map",
          pixels: new Uint8Array(12),
          channels: 3,
          height: 1,
          width: 2,
          columns: 2,
          x,
          y,
        },
      ];
      for (const drawing of drawings) {
        const path = `${directory}/${drawing.kind}.svg`;
        await saveSvg(path, drawing);
        const text = await Deno.readTextFile(path);
        assertMatch(text, /^<svg/);
        assertStringIncludes(text, drawing.caption);
      }
      const bad: Drawing = { kind: "bars", caption: "", labels: ["a"], values: [NaN], x, y };
      await assertRejects(() => saveSvg(`${directory}/bad.svg`, bad), InputError, "bad.svg");
      await assertRejects(() => Deno.stat(`${directory}/bad.svg`), Deno.errors.NotFound);
      await assertRejects(() => saveSvg(`${directory}/bars.svg`, drawings[2]!), InputError, "or set overwrite.");
      await saveSvg(`${directory}/bars.svg`, drawings[2]!, { overwrite: true });
    }),
);

Deno.test({
  name: "savePng without the permission: a sentence with the flag",
  permissions: "none",
  async fn() {
    const picture = tf.zeros([1, 2, 2, 1]);
    await assertRejects(() => savePng("x/a.png", picture), EnvironmentError, "add --allow-write=x/a.png.");
    await assertRejects(() => savePng("x/a.png", picture, { overwrite: true }), EnvironmentError, "--allow-write=x.");
    picture.dispose();
  },
});

const canWrite = await granted({ name: "write" });
Deno.test({
  name: `replacing a picture takes the permission to read, too${canWrite ? "" : " (ignored: needs --allow-write)"}`,
  permissions: canWrite ? { write: true } : "none",
  ignore: !canWrite,
  async fn() {
    const [directory, picture] = [await Deno.makeTempDir(), tf.zeros([1, 2, 2, 1])];
    try {
      await savePng(`${directory}/a.png`, picture);
      const { message } = await assertRejects(
        () => savePng(`${directory}/a.png`, picture, { overwrite: true }),
        EnvironmentError,
      );
      assertEquals(message, `Reading ${directory} requires a permission: add --allow-read=${directory}.`);
    } finally {
      await Deno.remove(directory, { recursive: true });
      picture.dispose();
    }
  },
});

Deno.test("the directory of a path", () => {
  const found = ["a.png", "x/a.png", "/a.png", "x/y/a.png", "../a", "./a", "/x/a", "x//a"].map(directoryOf);
  assertEquals(found, [".", "x", "/", "x/y", "..", ".", "/x", "x/"]);
});

// ## The last word

testWrite("end lets a program of one's own finish its page", () =>
  withTempDir(async (directory) => {
    const lesson = { name: "own", question: "Mine?", text: "/** # Mine? */\n" };
    const show = showOn(await files(`${directory}/out`, lesson));
    show.text("what was said");
    await show.end();
    assertStringIncludes(await Deno.readTextFile(`${directory}/out/index.html`), "what was said");
    const failed = showOn(await files(`${directory}/failed`, lesson));
    await failed.end(true);
    await assertRejects(() => Deno.stat(`${directory}/failed`), Deno.errors.NotFound);
  }));

Deno.test("end is the last event, said well or badly", async () => {
  const heard: LessonEvent[] = [];
  const show = showOn((event) => void heard.push(event));
  await show.end();
  await show.end(true);
  assertEquals(heard, [{ kind: "end", failed: false }, { kind: "end", failed: true }]);
});
