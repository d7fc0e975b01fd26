import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { decode } from "fast-png";
import { inflateSync } from "node:zlib";
import { useBackend } from "../src/backend.ts";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { files } from "../src/show/files.ts";
import {
  ClaimError,
  type Comparison,
  figureText,
  type LessonEvent,
  type Measured,
  type Show,
  showOn,
} from "../src/show/show.ts";
import { CLASS_COLOURS, render } from "../src/show/terminal.ts";
import { range, type Tensor2D } from "../src/tensor.ts";
import type { Step } from "../src/training/train.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

await useBackend("cpu");

const testWrite = testIf.bind(
  undefined,
  await granted({ name: "read" }) && await granted({ name: "write" }),
  "--allow-read --allow-write",
);

/** The events that `speak` makes. */
async function said(speak: (show: Show) => unknown): Promise<LessonEvent[]> {
  const events: LessonEvent[] = [];
  await speak(showOn((event) => void events.push(event)));
  return events;
}

/** The one event of a kind that `speak` makes. */
async function one<K extends LessonEvent["kind"]>(kind: K, speak: (show: Show) => unknown) {
  const events = await said(speak);
  assertEquals(events.map((event) => event.kind), [kind]);
  return events[0] as Extract<LessonEvent, { kind: K }>;
}

/** What a claim is made of, with any of the assertions. */
type Claim = [what: string, check: (found: never, expected: never) => void, measured: Measured<number | string>];

/** Makes a claim on a show of its own: the event, the error if it is false, and the line in the terminal. */
function claim(...[what, check, measured]: Claim) {
  const events: LessonEvent[] = [];
  let error: unknown;
  try {
    showOn((event) => void events.push(event)).claim(what, check as Comparison<number | string>, measured);
  } catch (caught) {
    error = caught;
  }
  assertEquals(events.length, 1, "a claim is shown once, true or false");
  const [event] = events;
  assert(event.kind === "claim");
  assertEquals(error === undefined, event.holds, "it throws just when it is false");
  return { event, error, line: render(event, { columns: 80, colour: false })! };
}

// ## Claims

Deno.test("claims: what each assertion reads like, true and false", () => {
  const lines: [Claim, string][] = [
    [
      ["a", assertAlmostEquals, { found: 1.02, expected: 1, margin: 0.05, from: "the pencil" }],
      "✓ a: 1.02, expected 1 ± 0.05 (the pencil)",
    ],
    [
      ["a", assertAlmostEquals, { found: 1.06, expected: 1, margin: 0.05, from: "the pencil" }],
      "✗ a: 1.06, expected 1 ± 0.05 (the pencil)",
    ],
    [["a", assertEquals, { found: 3, expected: 3, from: "b" }], "✓ a: 3, expected 3 (b)"],
    [["a", assertEquals, { found: 3, expected: 4, from: "b" }], "✗ a: 3, expected 4 (b)"],
    [["a", assertLess, { found: 3, expected: 4, from: "b" }], "✓ a: 3, expected less than 4 (b)"],
    [["a", assertLess, { found: 4, expected: 4, from: "b" }], "✗ a: 4, expected less than 4 (b)"],
    [["a", assertLessOrEqual, { found: 4, expected: 4, from: "b" }], "✓ a: 4, expected at most 4 (b)"],
    [["a", assertLessOrEqual, { found: 5, expected: 4, from: "b" }], "✗ a: 5, expected at most 4 (b)"],
    [["a", assertGreater, { found: 5, expected: 4, from: "b" }], "✓ a: 5, expected more than 4 (b)"],
    [["a", assertGreater, { found: 4, expected: 4, from: "b" }], "✗ a: 4, expected more than 4 (b)"],
    [["a", assertGreaterOrEqual, { found: 4, expected: 4, from: "b" }], "✓ a: 4, expected at least 4 (b)"],
    [["a", assertGreaterOrEqual, { found: 3, expected: 4, from: "b" }], "✗ a: 3, expected at least 4 (b)"],
  ];
  for (const [args, wanted] of lines) assertEquals(claim(...args).line, `  ${wanted}`);
});

Deno.test("claims: texts are compared too", () => {
  const { line } = claim("the shape", assertEquals, { found: "[3,2]", expected: "[3,2]", from: "b" });
  assertEquals(line, "  ✓ the shape: [3,2], expected [3,2] (b)");
  assertEquals(claim("a", assertEquals, { found: "3", expected: "4", from: "b" }).event.holds, false);
});

Deno.test("claims: NaN and infinities fail, wherever they stand, even where the assertion would pass", () => {
  const false_ = (...args: Claim) => assertEquals(claim(...args).event.holds, false, String(args[1]));
  for (const found of [NaN, Infinity, -Infinity]) {
    for (const check of [assertLess, assertLessOrEqual, assertGreater, assertGreaterOrEqual, assertEquals]) {
      false_("a", check, { found, expected: 0, from: "b" });
      false_("a", check, { found: 0, expected: found, from: "b" });
    }
    false_("a", assertEquals, { found, expected: found, from: "b" });
    false_("a", assertAlmostEquals, { found, expected: found, margin: 1, from: "" });
    false_("a", assertAlmostEquals, { found: 0, expected: 0, margin: found, from: "" });
  }
  assertEquals(
    claim("a", assertEquals, { found: "-Infinity", expected: "-Infinity", from: "b" }).event.holds,
    true,
  );
});

Deno.test("claims: a false one throws one sentence, and was shown with all its figures", () => {
  const { event, error } = claim("half a nat", assertAlmostEquals, {
    found: 0.75,
    expected: 0.5,
    margin: 0.1,
    from: "the pencil",
  });
  assert(error instanceof ClaimError);
  assertEquals(error.name, "ClaimError");
  assertEquals(error.message, "This claim is false: half a nat: 0.75, expected 0.5 ± 0.1 (the pencil).");
  const { kind: _, ...rest } = event;
  assertEquals(rest, {
    what: "half a nat",
    relation: "",
    holds: false,
    found: 0.75,
    expected: 0.5,
    margin: 0.1,
    from: "the pencil",
  });
});

Deno.test("claims: a margin is passed on, and without one the assertion's own counts", () => {
  assertEquals(
    claim("a", assertAlmostEquals, { found: 1 + 1e-9, expected: 1, margin: 1e-12, from: "" }).event.holds,
    false,
  );
  assertEquals(claim("a", assertAlmostEquals, { found: 1 + 1e-9, expected: 1, from: "b" }).event.holds, true);
  assertEquals(claim("a", assertAlmostEquals, { found: 1 + 1e-6, expected: 1, from: "b" }).event.holds, false);
  assertEquals(claim("a", assertAlmostEquals, { found: 1, expected: 1, margin: 0, from: "" }).event.holds, true);
});

Deno.test("a silent show still checks", () => {
  const show = showOn();
  show.title("a");
  show.claim("b", assertLess, { found: 1, expected: 2, from: "b" });
  assertThrows(() => show.claim("b", assertLess, { found: 2, expected: 1, from: "b" }), ClaimError);
});

Deno.test("figures: five digits, thousands, exponents, no noise", () => {
  const texts: [number | string, string][] = [
    [0, "0"],
    [7, "7"],
    [-12, "-12"],
    [134165, "134,165"],
    [10_000_000, "10,000,000"],
    [0.1 + 0.2, "0.3"],
    [1 / 3, "0.33333"],
    [-2 / 3, "-0.66667"],
    [1.00004, "1"],
    [154.03217, "154.03"],
    [99999.6, "100000"],
    [0.001, "0.001"],
    [0.00099, "9.9e-4"],
    [1.26e-7, "1.26e-7"],
    [-1.24e-7, "-1.24e-7"],
    [2_345_678.9, "2.35e+6"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
    ["[3]", "[3]"],
    ["1000", "1000"],
  ];
  for (const [value, text] of texts) assertEquals(figureText(value), text);
});

// ## Texts and progress

Deno.test("titles, texts and figures, with and without colour", async () => {
  const [title, text, figure] = await said((show) => {
    show.title("4.1 By hand");
    show.text("so it is");
    show.figure("tiles", [1, 2]);
  });
  const [plain, coloured] = [{ columns: 80, colour: false }, { columns: 80, colour: true }];
  assertEquals(render(title, plain), "\n4.1 By hand");
  assertEquals(render(title, coloured), "\n\x1b[1m4.1 By hand\x1b[0m");
  assertEquals([render(text, plain), render(text, coloured)], ["so it is", "so it is"]);
  assertEquals([render(figure, plain), render(figure, coloured)], [undefined, undefined]);
  assertEquals(figure, { kind: "figure", name: "tiles", value: [1, 2] });
  const claim: LessonEvent = { kind: "claim", what: "a", relation: "", found: 1, expected: 1, from: "b", holds: true };
  assertEquals(render(claim, coloured), "  \x1b[32m✓\x1b[0m a: 1, expected 1 (b)");
  assertEquals(render({ ...claim, holds: false }, coloured), "  \x1b[31m✗\x1b[0m a: 1, expected 1 (b)");
});

Deno.test("for a person lines are folded between words, in a pipe they stay whole", () => {
  const claim: LessonEvent = {
    kind: "claim",
    what: "the mean of many one-sample bounds",
    relation: "",
    found: 1.25,
    expected: 1.5,
    holds: true,
    margin: 0.5,
    from: "4 standard errors of 20000 draws",
  };
  const whole = render(claim, { columns: 40, colour: false })!;
  assertEquals(whole.split("\n").length, 1);
  for (const colour of [false, true]) {
    const lines = bare(render(claim, { columns: 40, colour, fold: true })!).split("\n");
    assert(lines.every((line) => line.length <= 40), lines.join("|"));
    assertEquals(lines.map((line) => line.trim()).join(" "), whole.trim());
    assertEquals(lines.slice(1).every((line) => /^ {6}\S/.test(line)), true);
  }
  const text = { kind: "text", text: "aaa bbbbbbbbbbbbb cc" } as const;
  assertEquals(render(text, { columns: 8, colour: false, fold: true }), "aaa\n      bbbbbbbbbbbbb\n      cc");
});

Deno.test("progress: the ends of epochs, every 100th step between, nothing else", async () => {
  const [train, test] = [{ loss: 3.456, reconstruction: 2.345, kl: 1.111 }, { loss: 4, reconstruction: 3, kl: 1 }];
  const step: Step = { step: 100, epoch: 1, batch: 8, epochEnds: false, history: { train: [], test: [] }, ...train };
  const text = async (step: Step) =>
    render(await one("progress", (show) => show.progress(step)), { columns: 80, colour: true });
  assertEquals(await text(step), "  step 100: loss 3.46 = 2.35 + KL 1.11");
  assertEquals(await text({ ...step, loss: 2.5, reconstruction: 2.5, kl: 0 }), "  step 100: loss 2.50");
  for (const other of [1, 99, 101, 150]) assertEquals(await text({ ...step, step: other }), undefined);
  assertEquals(await text({ ...step, loss: undefined }), undefined);
  const ends = { ...step, step: 17, epoch: 2, epochEnds: true, history: { train: [test, train], test: [train, test] } };
  assertEquals(await text(ends), "epoch 2: loss 3.46 = 2.35 + KL 1.11; held-out 4.00 = 3.00 + KL 1.00");
  assertEquals(await text({ ...ends, history: { train: [train], test: [] } }), "epoch 2: loss 3.46 = 2.35 + KL 1.11");
});

// ## Images

Deno.test("images: pixels in order, rounded and clamped; the tensor stays the caller's", async () => {
  const values = [0, 1, 0.5, -3, 7, 1 / 255, 254.4 / 255, 0.999, NaN, 0.25, 200 / 255, 0.1];
  const images = tf.tensor4d(values, [2, 2, 3, 1]);
  const before = tf.memory().numTensors;
  const event = await one("images", (show) => show.images("a", "b", images, 1));
  assertEquals(tf.memory().numTensors, before);
  assertEquals([event.name, event.caption, event.height, event.width, event.columns], ["a", "b", 2, 3, 1]);
  assertEquals([...event.pixels], [0, 255, 128, 0, 255, 1, 254, 255, 0, 64, 200, 26]);
  assertEquals((await one("images", (show) => show.images("a", "b", images))).columns, 2, "in one row by default");
  assertEquals([...await images.data()].length, 12);
  images.dispose();
});

Deno.test("images: every grey value survives the way through a tensor", async () => {
  const images = tf.tensor4d(Float32Array.from(range(256), (grey) => grey / 255), [1, 16, 16, 1]);
  const { pixels } = await one("images", (show) => show.images("a", "b", images));
  assertEquals([...pixels], [...range(256)]);
  images.dispose();
});

/** An `images` event of flat images, one for each grey value. */
const flat = (greys: number[], columns: number, side = 28): LessonEvent => ({
  kind: "images",
  name: "a",
  caption: "the caption",
  pixels: Uint8Array.from({ length: greys.length * side * side }, (_, i) => greys[Math.floor(i / (side * side))]),
  height: side,
  width: side,
  columns,
});

/** What is drawn, without the empty line before it and the caption after it. */
function drawing(
  event: LessonEvent,
  options: { columns: number; colour: boolean },
): { rows: string[]; caption: string } {
  const lines = render(event, options)!.split("\n");
  assertEquals([lines[0], lines.at(-1)], ["", ""]);
  return { rows: lines.slice(1, -2), caption: lines.at(-2)! };
}

/** The greys that half blocks show, pixel row by pixel row. */
function greys(rows: string[]): number[][] {
  return rows.flatMap((row) => {
    // deno-lint-ignore no-control-regex
    const cells = [...row.matchAll(/\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▀/g)].map((cell) => {
      const [r, g, b, ...bottom] = cell.slice(1).map(Number);
      assertEquals([g, b, bottom], [r, r, [bottom[0], bottom[0], bottom[0]]], "grey");
      return [r, bottom[0]];
    });
    assert(row.endsWith("▀\x1b[0m"), "every line ends in plain colours");
    return [cells.map(([top]) => top), cells.map(([, bottom]) => bottom)];
  });
}

/** A line without its escape codes. */
// deno-lint-ignore no-control-regex
const bare = (line: string) => line.replaceAll(/\x1b\[[\d;]*m/g, "");

Deno.test("images: white left, black right, and one above the other", () => {
  const [plain, coloured] = [{ columns: 80, colour: false }, { columns: 80, colour: true }];
  const beside = flat([255, 0, 0, 128], 2, 4);
  const { rows, caption } = drawing(beside, plain);
  assertEquals(rows, ["@@@@    ", "@@@@    ", "    ++++", "    ++++"]);
  assertEquals(caption, "the caption");
  const [w, k, g] = [255, 0, 128];
  const [upper, lower] = [[w, w, w, w, k, k, k, k], [k, k, k, k, g, g, g, g]];
  assertEquals(greys(drawing(beside, coloured).rows), [...Array(4).fill(upper), ...Array(4).fill(lower)]);
});

Deno.test("images: a pixel is where it was, one half block each in colour", () => {
  const event = flat([0, 0], 2, 4);
  assert(event.kind === "images");
  event.pixels[0 * 16 + 1 * 4 + 3] = 200; // first image, row 1, column 3
  event.pixels[1 * 16 + 2 * 4 + 0] = 100; // second image, row 2, column 0
  const wanted = Array.from({ length: 4 }, () => Array(8).fill(0));
  [wanted[1][3], wanted[2][4]] = [200, 100];
  assertEquals(greys(drawing(event, { columns: 80, colour: true }).rows), wanted);
});

for (const columns of [20, 40, 80, 200]) {
  Deno.test(`images: a 15 x 15 map at ${columns} columns: the right tiles in the right places`, () => {
    const tile = (row: number, column: number) => 15 * row + column; // its grey is its number
    const event = flat([...range(225)], 15);
    const step = columns < 105 ? 2 : 1; // what is left of 15 images at 7 characters each
    const kept = Math.ceil(15 / step);
    for (const colour of [false, true]) {
      const { rows, caption } = drawing(event, { columns, colour });
      const width = bare(rows[0]).length;
      assert(width < columns && width > columns * 0.8, `${width} of ${columns}`);
      assert(rows.every((row) => bare(row).length === width));
      if (!colour) assert(!rows.join("").includes("\x1b"), "no escape codes");
      assertEquals(/one image in (\d)/.exec(caption)?.[1], step === 1 ? undefined : "2");
      if (!colour) continue;
      const pixels = greys(rows);
      // Square pixels: as many half blocks high as wide, up to rounding.
      assert(Math.abs(pixels.length - width) <= 2, `${pixels.length} high, ${width} wide`);
      for (let row = 0; row < kept; row++) {
        for (let column = 0; column < kept; column++) {
          const middle = (i: number) => Math.floor((i + 0.5) * width / kept);
          if (width / kept < 3) continue; // no pixel shows one tile alone
          assertEquals(pixels[middle(row)][middle(column)], tile(step * row, step * column));
        }
      }
    }
  });
}

Deno.test("images: shrinking takes means, so no stroke is lost", () => {
  const event = flat([0], 1, 28);
  assert(event.kind === "images");
  for (let row = 0; row < 28; row++) event.pixels[row * 28 + 13] = 255; // one column of ink
  const rows = greys(drawing(event, { columns: 11, colour: true }).rows);
  assert(rows.slice(0, 9).every((row) => row.some((grey) => grey > 60)), "ink in every row");
});

// ## Scatters

const CORNERS = Float32Array.of(-1, 0, 3, 0, -1, 5, 3, 5); // left low, right low, left high, right high
const corners = (labels: number[]): LessonEvent => ({
  kind: "scatter",
  name: "s",
  caption: "the caption",
  points: CORNERS,
  labels: Uint8Array.from(labels),
});

for (const columns of [20, 40, 80, 200]) {
  Deno.test(`scatter at ${columns} columns: right is right and up is up`, () => {
    for (const colour of [false, true]) {
      const { rows, caption } = drawing(corners([1, 2, 3, 4]), { columns, colour });
      const [axes, ...upwards] = rows.toReversed();
      const [low, high] = [bare(upwards[0]), bare(upwards.at(-1)!)];
      assertEquals([low[0], low.at(-1), high[0], high.at(-1)], ["1", "2", "3", "4"]);
      assertEquals(upwards.map(bare).join("").replaceAll(" ", "").length, 4);
      assert(upwards.every((row) => bare(row).length === Math.min(columns - 1, 78)));
      assertEquals(axes, "across: z[0] from -1.0 to 3.0; up: z[1] from 0.0 to 5.0");
      assertEquals(caption, "the caption");
      assertEquals(rows.join("").includes("\x1b"), colour);
      if (colour) assert(upwards.at(-1)!.endsWith(`\x1b[38;2;${CLASS_COLOURS[4].join(";")}m4\x1b[0m`));
    }
  });
}

Deno.test("scatter: where several meet, the commonest; one point alone; classes beyond 9", () => {
  const options = { columns: 20, colour: false };
  const draw = (points: number[], labels: number[]) =>
    drawing({
      kind: "scatter",
      name: "s",
      caption: "",
      points: Float32Array.from(points),
      labels: Uint8Array.from(labels),
    }, options).rows.join("\n");
  const meeting = draw([0, 0, 0, 0, 0, 0, 1, 1], [5, 7, 7, 0]);
  assertEquals(meeting.replace(/across.*/, "").replaceAll(/\s/g, ""), "07");
  assertEquals(draw([2, 3], [0]).replace(/across.*/, "").replaceAll(/\s/g, ""), "0");
  assertEquals(draw([0, 0, 1, 1], [12, 25]).replace(/across.*/, "").replaceAll(/\s/g, ""), "52");
});

Deno.test("scatter: points and labels as given; the tensor stays the caller's", async () => {
  const points = tf.tensor2d(CORNERS, [4, 2]);
  const before = tf.memory().numTensors;
  const event = await one("scatter", (show) => show.scatter("s", "the caption", points, Uint8Array.of(1, 2, 3, 4)));
  assertEquals({ ...event, points: [...event.points] }, { ...corners([1, 2, 3, 4]), points: [...CORNERS] });
  assertEquals(tf.memory().numTensors, before);
  points.dispose();
});

Deno.test("class colours are ten, and differ", () => {
  assertEquals(new Set(CLASS_COLOURS.map(String)).size, 10);
});

// ## Files

/** The pixels of a grey PNG of 8 bits, by the specification: chunks, zlib, filters. */
function readPng(bytes: Uint8Array): { width: number; height: number; pixels: number[] } {
  assertEquals([...bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: number[] = [];
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    const type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(...bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  assertEquals([view.getUint8(24), view.getUint8(25), view.getUint8(28)], [8, 0, 0], "8 bits, grey, not interlaced");
  const raw = inflateSync(Uint8Array.from(parts));
  assertEquals(raw.length, height * (width + 1));
  const pixels: number[] = [];
  for (let row = 0; row < height; row++) {
    const filter = raw[row * (width + 1)];
    for (let column = 0; column < width; column++) {
      const left = column ? pixels[row * width + column - 1] : 0;
      const up = row ? pixels[(row - 1) * width + column] : 0;
      const corner = row && column ? pixels[(row - 1) * width + column - 1] : 0;
      const [toLeft, toUp, toCorner] = [left, up, corner].map((v) => Math.abs(left + up - corner - v));
      const paeth = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
      const guess = [0, left, up, (left + up) >> 1, paeth][filter];
      pixels.push((raw[row * (width + 1) + 1 + column] + guess) & 255);
    }
  }
  return { width, height, pixels };
}

testWrite("files: a PNG has the tensor's pixels, laid out in rows", () =>
  withTempDir(async (directory) => {
    const [count, height, width, columns] = [5, 3, 4, 2]; // the last row of the grid is half empty
    const values = Float32Array.from({ length: count * height * width }, (_, i) => ((i * 37) % 256) / 255);
    const images = tf.tensor4d(values, [count, height, width, 1]);
    await showOn(await files(`${directory}/pictures`)).images("grid", "b", images, columns);
    const bytes = await Deno.readFile(`${directory}/pictures/grid.png`);
    const wanted = Array(columns * width * 3 * height).fill(0);
    values.forEach((value, i) => {
      const image = Math.floor(i / (height * width));
      const [row, column] = [Math.floor(i / width) % height, i % width];
      const at = (Math.floor(image / columns) * height + row) * columns * width + (image % columns) * width + column;
      wanted[at] = Math.round(255 * value);
    });
    assertEquals(readPng(bytes), { width: 8, height: 9, pixels: wanted });
    const decoded = decode(bytes);
    assertEquals([decoded.width, decoded.height, decoded.channels, decoded.depth], [8, 9, 1, 8]);
    assertEquals([...decoded.data], wanted);
    images.dispose();
  }));

testWrite(
  "files: an SVG has one dot a point, in place and in its class's colour",
  () =>
    withTempDir(async (directory) => {
      const points = tf.tensor2d([-1, 0, 3, 0, -1, 5, 3, 5, 1, 2.5], [5, 2]) as Tensor2D;
      const show = showOn(await files(`${directory}/out`));
      await show.scatter("latent", "codes <of> 5 & more", points, Uint8Array.of(1, 2, 3, 4, 13));
      points.dispose();
      const svg = await Deno.readTextFile(`${directory}/out/latent.svg`);
      const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="1.8" fill="rgb\((\d+),(\d+),(\d+)\)"\/>/g)]
        .map((dot) => dot.slice(1).map(Number));
      const places = [[40, 560], [560, 560], [40, 40], [560, 40], [300, 300]]; // downwards in SVG
      assertEquals(dots, places.map((place, i) => [...place, ...CLASS_COLOURS[[1, 2, 3, 4, 3][i]]]));
      assertStringIncludes(svg, "<title>codes &lt;of> 5 &amp; more</title>");
      assertMatch(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 640 600"/);
      for (const label of range(10)) assertStringIncludes(svg, `>${label}</text>`, "a legend");
      const opened = [...svg.matchAll(/<(\w+)(?:\s[^>]*[^/])?>/g)].map(([, tag]) => tag).toSorted();
      assertEquals(opened, [...svg.matchAll(/<\/(\w+)>/g)].map(([, tag]) => tag).toSorted(), "every tag is closed");
    }),
);

testWrite("files: nothing but pictures is written", () =>
  withTempDir(async (directory) => {
    const show = showOn(await files(`${directory}/out`));
    show.title("a");
    show.text("b");
    show.figure("c", 1);
    show.claim("d", assertLess, { found: 1, expected: 2, from: "b" });
    assertEquals(await Array.fromAsync(Deno.readDir(`${directory}/out`)), []);
  }));

testWrite("files: what exists is not overwritten, and the sentence names it", () =>
  withTempDir(async (directory) => {
    const images = tf.zeros([1, 2, 2, 1]);
    const show = showOn(await files(`${directory}/out`));
    await Deno.writeTextFile(`${directory}/out/grid.png`, "mine");
    const exists = (path: string) =>
      `${path} exists already, and nothing is overwritten: name another directory with --out.`;
    const error = await assertRejects(() => show.images("grid", "", images), InputError);
    assertEquals(error.message, exists(`${directory}/out/grid.png`));
    assertEquals(await Deno.readTextFile(`${directory}/out/grid.png`), "mine");
    for (const taken of [`${directory}/out/grid.png`, `${directory}/out`]) {
      assertEquals((await assertRejects(() => files(taken), InputError)).message, exists(taken), "known at once");
    }
    images.dispose();
  }));

testWrite(
  "files: a directory that cannot be made, or is gone when the picture comes",
  () =>
    withTempDir(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      const error = await assertRejects(() => files(`${directory}/file/below`), EnvironmentError);
      assertMatch(error.message, /^Cannot write .*file\/below: .+$/);
      const images = tf.zeros([1, 2, 2, 1]);
      const show = showOn(await files(`${directory}/gone`));
      await Deno.remove(`${directory}/gone`);
      const gone = await assertRejects(() => show.images("a", "", images), EnvironmentError);
      assertStringIncludes(gone.message, `Cannot write ${directory}/gone/a.png: `);
      images.dispose();
    }),
);

Deno.test({
  name: "files: without the permission, known at once, and the sentence has the flag",
  permissions: "none",
  async fn() {
    const error = await assertRejects(() => files("some/where"), EnvironmentError);
    assertEquals(error.message, "Writing to some/where needs the permission --allow-write=some/where.");
  },
});
