import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { interpolateViridis } from "d3-scale-chromatic";
import fc from "fast-check";
import { decode } from "fast-png";
import type { Bars, HeatMap, LessonEvent, Lines, Picture, Scatter } from "../src/show/events.ts";
import { CLASS_COLOURS } from "../src/show/palette.ts";
import { ask, type Listen, QUESTIONS } from "../src/show/terminal/capabilities.ts";
import { nearest, type Rgb, rgb } from "../src/show/terminal/paint.ts";
import { barText, fetchText, progressBar } from "../src/show/terminal/progress.ts";
import { render } from "../src/show/terminal/render.ts";
import { terminal, type TerminalOptions } from "../src/show/terminal/terminal.ts";
import { range } from "../src/tensor.ts";
import type { Losses } from "../src/training/losses.ts";
import type { Step } from "../src/training/train.ts";
import { granted, ROOT, testIf } from "./_run.ts";
import snapshot from "./terminal_snapshot.txt" with { type: "text" };

/** A line without its escape codes. */
// deno-lint-ignore no-control-regex
const bare = (line: string) => line.replaceAll(/\x1b\[[\d;]*m/g, "");
const plain: TerminalOptions = { columns: 80, colour: false };
const coloured: TerminalOptions = { columns: 80, colour: "true" };

// ## Texts and progress

const CLAIM: LessonEvent = {
  kind: "claim",
  what: "the mean of many one-sample bounds",
  relation: "",
  found: 1.25,
  expected: 1.5,
  holds: true,
  margin: 0.5,
  from: "4 standard errors of 20000 draws",
};

Deno.test("titles, texts and figures, with and without colour", async () => {
  const title: LessonEvent = { kind: "title", text: "4.1 By hand" };
  assertEquals(await render(title, plain), "\n4.1 By hand");
  assertEquals(await render(title, coloured), "\n\x1b[1m4.1 By hand\x1b[0m");
  for (const options of [plain, coloured]) {
    assertEquals(await render({ kind: "text", text: "so it is" }, options), "so it is");
    assertEquals(await render({ kind: "figure", name: "tiles", value: [1, 2] }, options), undefined);
    assertEquals(await render({ kind: "end" }, options), undefined);
  }
  const claim: LessonEvent = { kind: "claim", what: "a", relation: "", found: 1, expected: 1, from: "b", holds: true };
  assertEquals(await render(claim, coloured), "  \x1b[32m✓\x1b[0m a: 1, expected 1 (b)");
  assertEquals(await render({ ...claim, holds: false }, coloured), "  \x1b[31m✗\x1b[0m a: 1, expected 1 (b)");
  assertEquals(await render({ ...claim, holds: false }, plain), "  ✗ a: 1, expected 1 (b)");
});

Deno.test("for a person lines are folded between words, in a pipe they stay whole", async () => {
  const whole = (await render(CLAIM, { columns: 40, colour: false }))!;
  assertEquals(whole.split("\n").length, 1);
  for (const colour of [false, "true"] as const) {
    const lines = bare((await render(CLAIM, { columns: 40, colour, fold: true }))!).split("\n");
    assert(lines.every((line) => line.length <= 40), lines.join("|"));
    assertEquals(lines.map((line) => line.trim()).join(" "), whole.trim());
    assertEquals(lines.slice(1).every((line) => /^ {6}\S/.test(line)), true);
  }
  const text = { kind: "text", text: "aaa bbbbbbbbbbbbb cc" } as const;
  assertEquals(await render(text, { columns: 8, colour: false, fold: true }), "aaa\n  bbbbbbbbbbbbb\n  cc");
  const title = { kind: "title", text: "4.5 Its gradient" } as const;
  assertEquals(await render(title, { columns: 10, colour: false, fold: true }), "\n4.5 Its\n  gradient");
});

Deno.test("a picture has one empty line around it, whatever comes before and after", async () => {
  const said: string[] = [];
  const out = globalThis.console; // to hear what the surface prints
  const log = out.log;
  out.log = (text: string) => void said.push(text);
  try {
    const tell = await terminal(plain);
    const picture = lines([{ name: "a", x: [0, 1], y: [0, 1] }]);
    for (
      const event of [{ kind: "title", text: "A" }, picture, picture, { kind: "title", text: "B" }] as LessonEvent[]
    ) {
      await tell(event);
    }
    await tell({ kind: "text", text: "C" });
  } finally {
    out.log = log;
  }
  const text = said.join("\n");
  assert(!text.includes("\n\n\n"), text);
  assertEquals(text.match(/the caption\n\n/g)?.length, 2);
  assertEquals(text.match(/\nB\nC$/g)?.length, 1);
});

const [TRAIN, HELD_OUT] = [{ loss: 3.456, reconstruction: 2.345, kl: 1.111 }, { loss: 4, reconstruction: 3, kl: 1 }];
const STEP: Step = {
  step: 120,
  steps: 700,
  epoch: 1,
  epochs: 3,
  batch: 8,
  epochEnds: false,
  judged: true,
  history: { train: [], test: [] },
  ...TRAIN,
};

Deno.test("progress in a pipe: a line at the end of an epoch, nothing else", async () => {
  const text = (step: Step) => render({ kind: "progress", step }, plain);
  for (const other of [1, 99, 100, 120]) assertEquals(await text({ ...STEP, step: other }), undefined);
  const history = { train: [HELD_OUT, TRAIN, HELD_OUT], test: [TRAIN, HELD_OUT, TRAIN] }; // it has grown since epoch 2
  const ends = { ...STEP, epoch: 2, epochEnds: true, history };
  assertEquals(await text(ends), "epoch 2: loss 3.46 = 2.35 + KL 1.11; held-out 4.00 = 3.00 + KL 1.00");
  const alone = { train: [TRAIN], test: [] };
  assertEquals(await text({ ...ends, epoch: 1, history: alone }), "epoch 1: loss 3.46 = 2.35 + KL 1.11");
  const lines: [Losses<string>, string][] = [
    [{ loss: 2.5 }, "epoch 1: loss 2.50"],
    [{ loss: 2.5, one: 2, kl: -0.25, other: 0.75 }, "epoch 1: loss 2.50 = 2.00 + KL -0.25 + other 0.75"],
    [{ loss: 2.25, reconstruction: 2, kl: 0.5 }, "epoch 1: loss 2.25 (reconstruction 2.00, KL 0.50)"], // β is ½
    [{ loss: 2, commitment: 2, perplexity: 31.5 }, "epoch 1: loss 2.00 (commitment 2.00, perplexity 31.50)"],
  ];
  for (const [losses, line] of lines) {
    assertEquals(await text({ ...ends, epoch: 1, history: { train: [losses], test: [] } }), line);
  }
});

Deno.test("the bar says all it can in the room there is", () => {
  const losses = { loss: 190.01, reconstruction: 186.99, kl: 3.02 };
  const going = { step: STEP, losses, rate: 511.6, left: 187.2 };
  const at = (columns: number) => barText(going, columns);
  assertEquals(
    at(120),
    `epoch 1/3 ${"━".repeat(7)}${"─".repeat(33)} step 120/700  loss 190.01 = 186.99 + KL 3.02  512 images/s  3:08 left`,
  );
  assertEquals(at(79), "epoch 1/3 ━────── 120/700  loss 190.0 = 187.0 + KL 3.0  512 images/s  3:08 left");
  assertEquals(at(39), "1/3 ━─── 120/700  loss 190.0  3:08 left");
  for (const columns of range(140)) assertLessOrEqual(at(columns).length, Math.max(columns, 0), at(columns));
  assertStringIncludes(barText({ ...going, losses: { loss: 190.01 } }, 120), " loss 190.01  ");
  assertEquals(
    barText({ step: { ...STEP, step: 350 } }, 39),
    `epoch 1/3 ${"━".repeat(8)}${"─".repeat(8)} step 350/700`,
  );
  for (const [left, text] of [[0.2, "1 s"], [42, "42 s"], [60, "1:00"], [3725, "1:02 h"]] as const) {
    assertStringIncludes(barText({ ...going, left }, 120), ` ${text} left`);
  }
});

Deno.test("the bar: speed and time left by the steps' own times, the last known loss, epochs above it, the cursor back", async () => {
  const written: string[] = [];
  const bar = await progressBar(
    (text) => void written.push(text),
    () => 121,
    ({ epoch }) => written.push(`epoch ${epoch}\n`),
  );
  const history = { train: [TRAIN], test: [] };
  const steps = 4;
  bar.show({ ...STEP, step: 1, steps, history }, 0);
  assertStringIncludes(written.join(""), "\x1b[?25l");
  assertStringIncludes(written.join(""), " step 1/4  loss 3.46 = 2.35 + KL 1.11\x1b[0K");
  const unread = { ...STEP, loss: undefined, reconstruction: undefined, kl: undefined, history };
  bar.show({ ...unread, step: 2, steps, epochEnds: true }, 5000);
  // 8 images in 5 seconds, and two steps of 5 seconds to go.
  assertMatch(
    written.join("").replaceAll("\x1b", "␛"),
    /␛\[2Kepoch 1\n.*step 2\/4 {2}loss 3\.46 = 2\.35 \+ KL 1\.11 {2}2 images\/s {2}10 s left/s,
  );
  bar.show({ ...STEP, step: 4, steps, epoch: 2, epochEnds: true, history }, 10_000);
  const end = written.join("");
  assert(end.lastIndexOf("\x1b[?25h") > end.lastIndexOf("\x1b[?25l"), "the cursor is there again");
  assert(end.endsWith("\x1b[2Kepoch 2\n"), "and nothing of the bar is left");
  bar.remove();
  assertEquals(written.join(""), end, "there is nothing left to take away");
});

// ## Images

/** An `images` event of flat images, one for each grey value. */
const flat = (greys: number[], columns: number, side = 28): Picture & { kind: "images" } => ({
  kind: "images",
  name: "a",
  caption: "the caption",
  pixels: Uint8Array.from({ length: greys.length * side * side }, (_, i) => greys[Math.floor(i / (side * side))]),
  height: side,
  width: side,
  columns,
});

/** What is drawn, without the empty line before it and the caption after it. */
async function drawing(event: Picture, options: TerminalOptions): Promise<{ rows: string[]; caption: string }> {
  const lines = (await render(event, options))!.split("\n");
  assertEquals([lines[0], lines.at(-1)], ["", ""]);
  return { rows: lines.slice(1, -2), caption: lines.at(-2)! };
}

/** A character and its colours, as a terminal shows it. */
interface Shown {
  text: string;
  ink?: string;
  paper?: string;
}

/** Reads a line as a terminal does. */
function shown(line: string): Shown[] {
  let [ink, paper]: (string | undefined)[] = [];
  // deno-lint-ignore no-control-regex
  return Array.from(line.matchAll(/\x1b\[([\d;]*)m|(.)/gu)).flatMap(([, code, text]) => {
    if (text !== undefined) return [{ text, ink, paper }];
    for (const [part, layer, colour] of code.matchAll(/([34])8;((?:2;\d+;\d+;\d+)|(?:5;\d+))|\b0\b/g)) {
      if (part === "0") [ink, paper] = [undefined, undefined];
      else if (layer === "3") ink = colour;
      else paper = colour;
    }
    return [];
  });
}

/** The greys that half blocks show, pixel row by pixel row. */
function greys(rows: string[]): number[][] {
  const grey = (colour?: string) => {
    const [, r, g, b] = colour!.split(";").map(Number);
    assertEquals([g, b], [r, r], "grey");
    return r;
  };
  return rows.flatMap((row) => {
    assert(row.endsWith("▀\x1b[0m"), "every line ends in plain colours");
    return [shown(row).map(({ ink }) => grey(ink)), shown(row).map(({ paper }) => grey(paper))];
  });
}

Deno.test("images: white left, black right, and one above the other", async () => {
  const beside = flat([255, 0, 0, 128], 2, 4);
  const { rows, caption } = await drawing(beside, plain);
  assertEquals(rows, ["@@@@    ", "@@@@    ", "    ++++", "    ++++"]);
  assertEquals(caption, "the caption");
  const [w, k, g] = [255, 0, 128];
  const [upper, lower] = [[w, w, w, w, k, k, k, k], [k, k, k, k, g, g, g, g]];
  assertEquals(greys((await drawing(beside, coloured)).rows), [...Array(4).fill(upper), ...Array(4).fill(lower)]);
});

Deno.test("images: a pixel is where it was, one half block each in colour", async () => {
  const event = flat([0, 0], 2, 4);
  event.pixels[0 * 16 + 1 * 4 + 3] = 200; // first image, row 1, column 3
  event.pixels[1 * 16 + 2 * 4 + 0] = 100; // second image, row 2, column 0
  const wanted = Array.from({ length: 4 }, () => Array(8).fill(0));
  [wanted[1][3], wanted[2][4]] = [200, 100];
  assertEquals(greys((await drawing(event, coloured)).rows), wanted);
});

for (const [columns, step, first] of [[20, 6, 1], [40, 3, 1], [80, 2, 0], [200, 1, 0]]) {
  Deno.test(`images: a 15 x 15 map at ${columns} columns: the right tiles in the right places, 7 characters each at least`, async () => {
    const tile = (row: number, column: number) => 15 * row + column; // its grey is its number
    const event: Picture = {
      ...flat([...range(225)], 15),
      x: { label: "z[0]", from: -4, to: 4 },
      y: { label: "z[1]", from: 0, to: 7 },
    };
    const kept = range(15).filter((i) => i % step === first);
    for (const colour of [false, "true"] as const) {
      const { rows, caption } = await drawing(event, { columns, colour });
      const picture = rows.slice(0, step > 1 ? -2 : -1);
      const width = bare(picture[0]).length;
      assert(width < columns && width > columns * 0.8, `${width} of ${columns}`);
      assert(width / kept.length >= 6, `${width / kept.length} characters a tile`);
      assert(picture.every((row) => bare(row).length === width));
      assertEquals(caption, "the caption");
      const at = (i: number, from: number, to: number) => Number((from + (to - from) * i / 14).toPrecision(3));
      assertEquals(
        rows[picture.length],
        `across: z[0] from ${at(kept[0], -4, 4)} to ${at(kept.at(-1)!, -4, 4)}; ` +
          `up: z[1] from ${at(14 - kept.at(-1)!, 0, 7)} to ${at(14 - kept[0], 0, 7)}`,
      );
      if (step > 1) assertEquals(rows.at(-1), `(showing one image in ${step} each way; --out writes all of them)`);
      if (!colour) continue;
      const pixels = greys(picture);
      // Square pixels: as many half blocks high as wide, up to rounding.
      assert(Math.abs(pixels.length - width) <= 2, `${pixels.length} high, ${width} wide`);
      const middle = (i: number) => Math.floor((i + 0.5) * width / kept.length);
      kept.forEach((row, i) =>
        kept.forEach((column, j) => assertEquals(pixels[middle(i)][middle(j)], tile(row, column)))
      );
    }
  });
}

Deno.test("images: on a log axis, too, the ends are those of the images that are left", async () => {
  const x = { label: "σ²", from: 1, to: 1000, log: true };
  const { rows } = await drawing({ ...flat([...range(4)], 4), x }, { ...coloured, columns: 20 });
  assertEquals(rows.slice(-2), ["across: σ² from 1 to 100", "(showing one image in 2; --out writes all of them)"]);
});

Deno.test("images: shrinking takes means, so no stroke is lost", async () => {
  const event = flat([0], 1, 28);
  for (let row = 0; row < 28; row++) event.pixels[row * 28 + 13] = 255; // one column of ink
  const rows = greys((await drawing(event, { ...coloured, columns: 11 })).rows);
  assert(rows.slice(0, 9).every((row) => row.some((grey) => grey > 60)), "ink in every row");
  const ink = rows.flat().reduce((sum, grey) => sum + grey, 0) / 255 * (28 / 10) ** 2; // a pixel here is 2.8 there, each way
  assertAlmostEquals(ink, 28, 0.5);
});

Deno.test("images: named rows all stay, under their names", async () => {
  const event = { ...flat([0, 50, 100, 150, 200, 250], 3), rows: ["upper", "lower"] };
  for (const [columns, kept] of [[80, [0, 1, 2]], [16, [0, 2]], [11, [1]]] as const) {
    const { rows } = await drawing(event, { ...coloured, columns });
    const lower = rows.indexOf("lower");
    assertEquals(rows[0], "upper");
    const notes = kept.length < 3 ? 1 : 0;
    const halves = [greys(rows.slice(1, lower)), greys(rows.slice(lower + 1, rows.length - notes))];
    halves.forEach((pixels, i) => {
      const tiles = kept.map((_, j) => pixels[2][Math.floor((j + 0.5) * pixels[2].length / kept.length)]);
      assertEquals(tiles, kept.map((tile) => 50 * (3 * i + tile)));
    });
    if (notes) {
      assertEquals(rows.at(-1), `(showing one image in ${kept.length === 2 ? 2 : 3}; --out writes all of them)`);
    }
  }
});

Deno.test("images in 256 colours: the nearest of black, white and 24 greys", async () => {
  const { rows } = await drawing(flat([0, 3, 8, 100, 128, 238, 250, 255], 8, 2), { columns: 80, colour: "256" });
  // The ramp is 8, 18, 28 … 238; the cube has 0, 95, 135, 175, 215, 255.
  const wanted = [16, 16, 232, 241, 244, 255, 231, 231];
  assertEquals(shown(rows[0]).map(({ ink }) => ink), wanted.flatMap((code) => [`5;${code}`, `5;${code}`]));
  const all = Array.from({ length: 240 }, (_, i): Rgb => {
    const [cube, grey] = [i - 0, 8 + 10 * (i - 216)];
    const level = (v: number) => v ? 55 + 40 * v : 0;
    return i < 216
      ? [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]
      : [grey, grey, grey];
  });
  const miss = (a: Rgb, b: Rgb) => a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0);
  const channel = fc.integer({ min: 0, max: 255 });
  fc.assert(fc.property(channel, channel, channel, (...colour) => {
    const least = all.reduce((best, one) => Math.min(best, miss(one, colour)), Infinity);
    assertEquals(miss(all[nearest(colour) - 16], colour), least);
  }));
});

Deno.test("images as pictures: kitty and iTerm2 get the pixels themselves, as PNG", async () => {
  const event = flat([...range(225)], 15);
  for (let i = 0; i < event.pixels.length; i += 7) event.pixels[i] = i % 251;
  const row = event.pixels.subarray(0, 28); // the first row of the first tile
  for (const graphics of ["kitty", "iterm"] as const) {
    const text = (await render(event, { ...coloured, graphics }))!;
    assert(!text.includes("▀"));
    // deno-lint-ignore no-control-regex
    const kitty = [...text.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
    const base64 = graphics === "kitty"
      ? kitty.map(([, , part]) => part).join("")
      // deno-lint-ignore no-control-regex
      : /\x1b\]1337;File=inline=1;size=\d+;width=60;preserveAspectRatio=1:([^\x07]*)\x07/.exec(text)![1];
    if (graphics === "kitty") {
      assert(kitty.length > 1 && kitty.every(([, , part]) => part.length <= 4096), "in parts that kitty takes");
      assertEquals(kitty[0][1], "a=T,f=100,q=2,c=60,m=1");
      assertEquals(kitty.slice(1).map(([, keys]) => keys), [...Array(kitty.length - 2).fill("m=1"), "m=0"]);
    }
    const { width, height, data } = decode(Uint8Array.fromBase64(base64));
    assertEquals([width, height], [15 * 28, 15 * 28]);
    assertEquals([...data.subarray(0, 28)], [...row]);
    assertEquals(data[14 * 28 * width + 14 * 28 + 1], event.pixels[224 * 784 + 1], "the last tile is the last");
  }
});

// ## Points

const AXES = { x: { label: "z[0]" }, y: { label: "z[1]" } };
const scatter = (points: number[], labels: number[], rest: Partial<Scatter> = {}): Picture => ({
  kind: "scatter",
  name: "s",
  caption: "the caption",
  points: Float32Array.from(points),
  labels: Uint8Array.from(labels),
  classes: [..."0123456789"],
  ...AXES,
  ...rest,
});
const hex = (label: number) => `2;${CLASS_COLOURS[label].join(";")}`;

/** The inside of a plot, from the top, and the column in which its upward axis stands. */
function inside(rows: string[]): { plot: Shown[][]; left: number; bottom: number } {
  const bottom = rows.findIndex((row) => row.includes("└"));
  const left = rows[bottom].indexOf("└");
  return { plot: rows.slice(1, bottom).map((row) => shown(row).slice(left + 1)), left, bottom };
}

/** Where the characters of a plot that are not empty stand: row, column, what. */
function placed(rows: string[]): (readonly [number, number, string])[] {
  return inside(rows).plot.flatMap((row, i) =>
    row.flatMap(({ text }, j) => text === " " ? [] : [[i, j, text] as const])
  );
}

Deno.test("scatter: a dot of known coordinates is in the right character, as the right dot, in its class's colour", async () => {
  // 40 columns: 3 for the numbers, 1 for the axis, 35 for the plot, 70 dots wide; z[0] from 0 to 69, a unit a dot.
  const axes = { x: { label: "z[0]", from: 0, to: 69 }, y: { label: "z[1]", from: 0, to: 39 } };
  const points = [0, 0, 69, 39, 2, 1, 3, 2];
  const { rows } = await drawing(scatter(points, [0, 1, 2, 2], axes), { columns: 40, colour: "true" });
  const { plot } = inside(rows);
  assertEquals(plot.length, 20 - 10, "half as many rows of 4 dots as columns of 2, for 40 units and 70");
  assertEquals(placed(rows), [[0, 34, "⠈"], [9, 0, "⡀"], [9, 1, "⠔"]]);
  assertEquals([plot[0][34].ink, plot[9][0].ink, plot[9][1].ink], [hex(1), hex(0), hex(2)]);
});

for (const columns of [20, 40, 80, 200]) {
  Deno.test(`scatter at ${columns} columns: right is right, up is up, and a circle is round`, async () => {
    const around = Array.from({ length: 400 }, (_, i) => [Math.cos(i / 63.66), Math.sin(i / 63.66)]).flat();
    const { rows } = await drawing(scatter(around, Array(400).fill(3)), { columns, colour: "true" });
    const at = placed(rows).map(([row, column]) => [row, column]);
    const span = (axis: number) =>
      Math.max(...at.map((place) => place[axis])) - Math.min(...at.map((place) => place[axis])) + 1;
    assert(Math.abs(span(1) - 2 * span(0)) <= 2, `${span(1)} characters wide, ${span(0)} high`);
    const corners = await drawing(scatter([-1, 0, 3, 0, -1, 5, 3, 5], [1, 2, 3, 4]), { columns, colour: false });
    assertEquals(placed(corners.rows).map(([, , text]) => text).join(""), "3412");
  });
}

Deno.test("scatter: ticks stand where their numbers are", async () => {
  for (const columns of [40, 80]) {
    for (const at of [-4, -2, 0, 2, 4]) {
      const ends = { from: -5, to: 5 };
      const event = scatter([at, at], [7], { x: { label: "x", ...ends }, y: { label: "y", ...ends } });
      const { rows } = await drawing(event, { columns, colour: false });
      const { left, bottom } = inside(rows);
      const [[row, column]] = placed(rows);
      assertEquals(rows[bottom][left + 1 + column], "┬");
      assertMatch(rows[bottom + 1].slice(left + 1 + column - 1, left + 1 + column + 2), new RegExp(`${Math.abs(at)}`));
      assertMatch(rows[1 + row], new RegExp(`^ *${at} ┤`));
    }
  }
});

Deno.test("the numbers of an upward axis are whole, whatever its ends: 361 of each plot, and each at two widths", async () => {
  const cut: string[] = [];
  let ticks = 0;
  for (const from of range(19)) {
    for (const span of range(19)) {
      const [low, high] = [from - 9, from - 8 + span];
      const y = { from: low, to: high };
      const wide = high - low; // so that rows, too, are of every number
      const plots = {
        "free scatter": scatter([0, low, wide, high], [1, 2]), // whose axis has round ends
        scatter: scatter([0, low, wide, high], [1, 2], { y: { label: "y", ...y } }),
        lines: lines([{ name: "a", x: [0, 1], y: [low, high] }], {}, y),
        heat: heat([1, 2, 3, 4, 5, 6], 2, { y: { label: "y", ...y } }),
      };
      for (const [name, plot] of Object.entries(plots)) {
        for (const columns of [44, 80]) {
          const { rows } = await drawing(plot, { columns, colour: false });
          const found = rows.flatMap((row) => /^ *(\S*) ┤/.exec(row)?.[1] ?? []);
          ticks += found.length;
          const odd = found.find((text) => !(Number(text) >= low - 1 && Number(text) <= high + 1));
          if (odd !== undefined) cut.push(`${name} of ${low} to ${high} at ${columns}: ${odd}`);
        }
      }
    }
  }
  assertEquals(cut, []);
  assertGreater(ticks, 8 * 361);
});

Deno.test("scatter: where several meet, the commonest; beyond the axes nothing; one point alone", async () => {
  const meeting = await drawing(scatter([0, 0, 0, 0, 0, 0, 1, 1], [7, 7, 5, 0]), { columns: 20, colour: false });
  assertEquals(placed(meeting.rows).map(([, , text]) => text).join(""), "07");
  const blended = await drawing(scatter([0, 0, 0, 0, 0, 0, 1, 1], [7, 7, 5, 0]), { columns: 20, colour: "true" });
  assertEquals(inside(blended.rows).plot.at(-1)![0].ink, hex(7));
  const cut = scatter([0, 0, 9, 9], [1, 2], { x: { label: "x", from: -1, to: 1 }, y: { label: "y", from: -1, to: 1 } });
  assertEquals(placed((await drawing(cut, plain)).rows).map(([, , text]) => text), ["1"]);
  const alone = await drawing(scatter([2, 3], [0]), plain);
  assertEquals(placed(alone.rows).map(([, , text]) => text), ["0"]);
});

Deno.test("scatter: the legend names the classes; without colours they are letters", async () => {
  const classes = ["cats", "dogs"];
  const event = scatter([0, 0, 1, 1], [0, 1], { classes });
  const [plainly, inColour] = [await drawing(event, plain), await drawing(event, coloured)];
  assertEquals(plainly.rows.at(-1), "a cats   b dogs");
  assertEquals(placed(plainly.rows).map(([, , text]) => text).join(""), "ba");
  assertEquals(bare(inColour.rows.at(-1)!), "● cats   ● dogs");
  assertEquals(shown(inColour.rows.at(-1)!).filter(({ text }) => text === "●").map(({ ink }) => ink), [hex(0), hex(1)]);
  const digits = await drawing(scatter([0, 0, 1, 1], [0, 1]), plain);
  assertEquals(digits.rows.at(-1), "0 1 2 3 4 5 6 7 8 9 the class");
});

// ## Curves

const lines = (series: Lines["series"], x = {}, y = {}): Picture => ({
  kind: "lines",
  name: "l",
  caption: "the caption",
  series,
  x: { label: "images seen", ...x },
  y: { label: "loss, nats", ...y },
});

Deno.test("lines: a straight line runs from corner to corner", async () => {
  const event = lines([{ name: "a", x: [0, 10], y: [0, 10] }], { from: 0, to: 10 }, { from: 0, to: 10 });
  const { rows } = await drawing(event, plain);
  const { plot } = inside(rows);
  const [height, width] = [plot.length, 80 - 5];
  assertEquals([rows[0], height], ["loss, nats", 19]);
  const dots = plot.map((row) => row.flatMap(({ text }, column) => text === " " ? [] : [column]));
  assertEquals([dots[0].at(-1), dots.at(-1)![0]], [width - 1, 0]);
  dots.forEach((columns, row) => {
    const middle = (height - row - 0.5) / height * width; // where the diagonal crosses the middle of the row
    assert(columns.every((column) => Math.abs(column + 0.5 - middle) < width / height), `row ${row}: ${columns}`);
  });
  assertEquals(new Set(dots.flat()).size, width, "without a gap");
  assertStringIncludes(rows.at(-1)!, "⠤⠤ a");
  assert(rows.some((row) => row.trim() === "images seen"));
});

Deno.test("lines: every series has its colour or its mark, and the legend says which", async () => {
  const series: Lines["series"] = [
    { name: "high", x: [0, 1], y: [2, 2] },
    { name: "low", x: [0, 1], y: [0, 0] },
    { name: "dots", x: [0.5], y: [1], as: "dots" },
  ];
  const { rows } = await drawing(lines(series), plain);
  assertEquals(rows.at(-1), "a high   b low   + dots");
  const { plot } = inside(rows);
  const text = (row: Shown[]) => row.map(({ text }) => text).join("");
  assertMatch(text(plot[0]), /^a+$/);
  assertMatch(text(plot.at(-1)!), /^b+$/);
  assertEquals(placed(rows).filter(([, , text]) => !"ab".includes(text)).length, 1);
  const inColour = await drawing(lines(series), coloured);
  const inks = inside(inColour.rows).plot.map((row) =>
    new Set(row.flatMap(({ text, ink }) => text === " " ? [] : [ink]))
  );
  assertEquals([inks[0], inks.at(-1)], [new Set([hex(0)]), new Set([hex(1)])]);
  const legend = shown(inColour.rows.at(-1)!).filter(({ text }) => "⠤●".includes(text)).map(({ ink }) => ink);
  assertEquals(legend, [hex(0), hex(0), hex(1), hex(1), hex(2)]);
});

Deno.test("lines: on a log axis equal ratios are equally far apart", async () => {
  const event = lines([{ name: "a", x: [1, 10, 100], y: [1, 2, 3], as: "dots" }], { log: true });
  const { rows } = await drawing(event, plain);
  const columns = placed(rows).map(([, column]) => column).toSorted((a, b) => a - b);
  assertEquals(columns.length, 3);
  assert(Math.abs(columns[2] - 2 * columns[1] + columns[0]) <= 1, columns.join());
  const { left, bottom } = inside(rows);
  assertEquals(rows[bottom + 1].trim().split(/\s+/), ["1", "10", "100"]);
  columns.forEach((column) => assertEquals(rows[bottom][left + 1 + column], "┬"));
});

Deno.test("lines: steps are the outline of bars that stand on 0", async () => {
  const event = lines([{ name: "a", x: [0.5, 1.5, 2.5], y: [1, 3, 2], as: "steps" }], {}, { from: 0, to: 3 });
  const { plot } = inside((await drawing(event, { columns: 35, colour: false })).rows);
  // 30 characters for 3 bars: the second stands over the middle third, and only its top is in the top row.
  const columns = (row: Shown[]) => row.flatMap(({ text }, column) => text === " " ? [] : [column]);
  const [top, bottom] = [columns(plot[0]), columns(plot.at(-1)!)];
  const width = Math.max(...plot.map((row) => row.length));
  assertAlmostEquals(top[0], width / 3, 1);
  assertAlmostEquals(top.at(-1)!, 2 * width / 3, 1);
  assertEquals([bottom[0], bottom.at(-1)], [0, width - 1]);
  assertEquals(bottom.length, 2, "there is no line along the bottom, and none between the bars");
  const two = lines([
    { name: "wide", x: [0, 1, 2, 3], y: [0.1, 0.1, 0.1, 0.1], as: "steps" },
    { name: "narrow", x: [0, 1, 2, 3], y: [0, 9, 0, 0], as: "steps" },
  ]);
  const lowest = inside((await drawing(two, coloured)).rows).plot.at(-1)!;
  assert(lowest.slice(40).every(({ ink }) => ink === hex(0)), "bars that are not there hide no others");
});

// ## Bars, maps, tables

const bars = (values: number[], rest: Partial<Bars> = {}): Picture => ({
  kind: "bars",
  name: "b",
  caption: "the caption",
  labels: values.map((_, i) => `${i}`),
  values,
  x: { label: "latent" },
  y: { label: "KL, nats" },
  ...rest,
});

Deno.test("bars: as long as their numbers, to an eighth of a character, from 0", async () => {
  const { rows } = await drawing(bars([8, 4, 1, 0.125]), { columns: 29, colour: false });
  assertEquals(rows[0], "latent │ KL, nats");
  const blocks = " ▏▎▍▌▋▊▉█";
  const length = (row: string) =>
    [...row.slice(8)].reduce((sum, block) => sum + Math.max(0, blocks.indexOf(block)), 0) / 8;
  const full = length(rows[1]);
  assertEquals(rows.slice(1).map((row) => row.trim().split(/\s+/).at(-1)), ["8", "4", "1", "0.125"]);
  [8, 4, 1, 0.125].forEach((value, i) => assertAlmostEquals(length(rows[1 + i]), full * value / 8, 1 / 16));
  const inColour = await drawing(bars([8, 4]), coloured);
  assert(shown(inColour.rows[1]).filter(({ text }) => text === "█").every(({ ink }) => ink === hex(0)));
});

Deno.test("bars: the reference stands in the same place everywhere, and is named; bars below 0 go left", async () => {
  const { rows } = await drawing(bars([8, 1, -8], { reference: { name: "prior", value: 4 } }), plain);
  const marks = rows.slice(1, 4).map((row) => [...row].findIndex((text) => "┊┃".includes(text)));
  assertEquals(new Set(marks).size, 1);
  assertEquals(rows.at(-1), "┊ prior: 4");
  const full = (row: string) => [...row].flatMap((text, i) => "█┃".includes(text) ? [i] : []);
  const [right, left] = [full(rows[1]), full(rows[3])];
  assertEquals(left.at(-1)! + 1, right[0], "0 is where both begin");
  assert(Math.abs(right.length - left.length) <= 1);
  assert(Math.abs(marks[0] - (right[0] + right.length / 2)) <= 1, "4 is half of 8");
});

const heat = (values: number[], columns: number, rest: Partial<HeatMap> = {}): Picture => ({
  kind: "heat",
  name: "h",
  caption: "the caption",
  values,
  columns,
  x: { label: "μ", from: 0, to: columns - 1 },
  y: { label: "log σ", from: 0, to: values.length / columns - 1 },
  value: { label: "KL, nats" },
  ...rest,
});
const viridis = (t: number) => `2;${rgb(interpolateViridis(t)).join(";")}`;

Deno.test("heat map: every value has its colour in its place, the first row lowest", async () => {
  const { rows } = await drawing(heat([0, 1, 2, 3, 4, 5], 3), coloured);
  const { plot } = inside(rows);
  const [width, height] = [plot[0].length, plot.length];
  [[3, 4, 5], [0, 1, 2]].forEach((row, i) =>
    row.forEach((value, j) => {
      const cell = plot[Math.floor((i + 0.5) * height / 2)][Math.floor((j + 0.5) * width / 3)];
      assertEquals([cell.ink, cell.paper, cell.text], [viridis(value / 5), viridis(value / 5), "▀"]);
    })
  );
  const scale = shown(rows.at(-1)!);
  assertEquals([bare(rows.at(-2)!), bare(rows.at(-1)!).trim().split(/\s+/)], ["KL, nats", ["0", "5"]]);
  assertEquals([scale[2].paper, scale.at(-3)!.paper], [viridis(0), viridis(1)]);
  const weights = await drawing(heat([0, 1, 2, 3, 4, 5], 3), plain);
  assertEquals(weights.rows.at(-1), "0  .:-=+*#%@ 5");
  // Of ten characters, 0/5 to 5/5 take the first, third, fifth, seventh, ninth and last.
  assertEquals(new Set(placed(weights.rows).map(([, , text]) => text)), new Set([":", "=", "*", "%", "@"]));
});

Deno.test("heat map: larger than the terminal, it shows means; marks stand where they belong, and are explained", async () => {
  const values = Array.from({ length: 200 * 50 }, (_, i) => i % 200); // as large as it lies to the right
  const marks = [{ x: 0, y: 0, name: "corner" }, { x: 199, y: 49, name: "the other" }, {
    x: 999,
    y: 0,
    name: "nowhere",
  }];
  const { rows } = await drawing(heat(values, 200, { marks }), plain);
  const { plot } = inside(rows);
  assertEquals([plot.at(-1)![0].text, plot[0].at(-1)!.text], ["1", "2"]);
  assertEquals(rows.at(-1), "1 corner   2 the other   3 nowhere");
  const ramp = " .:-=+*#%@";
  const middle = plot[5].map(({ text }) => ramp.indexOf(text));
  assertEquals(middle, middle.toSorted((a, b) => a - b));
  assertEquals([middle[0], middle.at(-1)], [0, 9]);
  for (const share of [0.25, 0.55, 0.75]) {
    assertEquals(middle[Math.floor(share * middle.length)], Math.floor(10 * share));
  }
});

Deno.test("table: columns under each other, numbers to the right; too wide, folded; much too wide, one below the other", async () => {
  const table: LessonEvent = {
    kind: "table",
    caption: "the caption",
    columns: ["estimator", "mean"],
    rows: [["by hand", 0.5], ["Monte Carlo, 20,000 draws", 12.25]],
  };
  const text = async (columns: number) => (await render(table, { columns, colour: false }))!.split("\n");
  assertEquals(await text(40), [
    "",
    "estimator                   mean",
    "─────────────────────────  ─────",
    "by hand                      0.5",
    "Monte Carlo, 20,000 draws  12.25",
    "the caption",
    "",
  ]);
  assertEquals(await text(22), [
    "",
    "estimator         mean",
    "───────────────  ─────",
    "by hand            0.5",
    "Monte Carlo,     12.25",
    "20,000 draws",
    "the caption",
    "",
  ]);
  assertEquals((await text(12)).slice(1, 4), ["estimator:", "by hand", "mean: 0.5"]);
});

// ## All of them

const curve = (f: (x: number) => number) => {
  const x = Array.from({ length: 50 }, (_, i) => i / 5 - 5);
  return { x, y: x.map(f) };
};

/** One of every kind, and some that are hard to draw. */
const EVENTS: Record<string, LessonEvent> = {
  title: { kind: "title", text: "6.6 A map of everything that this decoder can draw, and more words to make it long" },
  claim: CLAIM,
  epoch: { kind: "progress", step: { ...STEP, epochEnds: true, history: { train: [TRAIN], test: [HELD_OUT] } } },
  images: { ...flat([0, 90, 180, 250, 30, 60], 3), rows: ["held-out digits, as they are", "their reconstructions"] },
  map: { ...flat([...range(225)], 15), x: { label: "z[0]", from: -4, to: 4 }, y: { label: "z[1]", from: -4, to: 4 } },
  scatter: scatter([-1, 0, 3, 0.5, -1, 5, 3.25, 4], [1, 2, 3, 3], {
    classes: ["T-shirt", "trousers", "a pullover", "coat"],
  }),
  digits: scatter([-1, 0, 3, 0.5, -1, 5, 3.25, 4], [1, 2, 3, 3]),
  point: scatter([1e9, -1e-9], [0]),
  far: scatter([0, 0, 1e30, 1], [0, 1]),
  letters: scatter(Array(94).fill(0).map((_, i) => Math.sin(i)), [...range(47)], {
    classes: [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"], // as EMNIST has them
  }),
  many: lines(Array.from(range(30), (i) => ({ name: `curve ${i}`, x: [0, 1], y: [i, 30 - i] }))),
  tiny: lines([{ name: "a", x: [5e-324, 1e-323], y: [1e-310, 1e-310] }]),
  lines: lines([
    { name: "training", ...curve((x) => 150 + 10 * Math.exp(-x)) },
    { name: "held-out", x: [-2, 0, 4.8], y: [230, 165, 152], as: "dots" },
  ]),
  one: lines([{ name: "a", x: [7], y: [0] }]),
  steps: lines([{ name: "a histogram of one of the estimators", ...curve((x) => Math.exp(-x * x / 2)), as: "steps" }, {
    name: "the other",
    ...curve((x) => Math.exp(-((x - 1) ** 2))),
    as: "steps",
  }]),
  log: lines([{ name: "gap", x: [1, 10, 100, 1000], y: [0.5, 1e-3, 1e-9, 1e-9] }], { log: true }, { log: true }),
  huge: lines([{ name: "a", x: [0, 1], y: [-1e300, 1e300] }], {}, { from: 0, to: 1 }),
  bars: bars([3.25, 0.5, 0, 12345678, -1e-9], {
    labels: ["a", "a longer label, longer than there is room", "c", "d", "e"],
  }),
  zeros: bars([0, 0]),
  great: bars([1e300, -1e300]),
  crowd: bars([...range(200)]),
  reference: bars([1, 2], { reference: { name: "half a nat", value: 0.5 } }),
  heat: heat(Array.from({ length: 600 }, (_, i) => i % 30 + i / 30), 30, {
    marks: [{ x: 3, y: 4, name: "the prior" }],
  }),
  coarse: heat([0, 1, 2, 3, 4, 5], 3, { marks: [{ x: 1, y: 1, name: "a place" }] }),
  flat: heat([1, 1, 1, 1], 2),
  single: heat([1], 1),
  tower: heat([...range(60)], 1),
  decades: heat([1e-30, 1, 10, 100], 2, { value: { label: "v", log: true } }),
  table: {
    kind: "table",
    caption: "Three ways to the same number",
    columns: ["estimator", "mean", "standard error"],
    rows: [["by hand", 0.5, 0], ["a Monte Carlo estimate of 20,000 draws", 0.50213, 0.0071]],
  },
};

for (const columns of [10, 20, 40, 80, 200]) {
  Deno.test(`at ${columns} columns no line is wider, and without colours there are no escape codes`, async () => {
    for (const [name, event] of Object.entries(EVENTS)) {
      for (const colour of [false, "256", "true"] as const) {
        const text = (await render(event, { columns, colour, fold: true }))!;
        if (!colour) assert(!text.includes("\x1b"), `${name} has escape codes`);
        if (columns === 10) assertMatch(text, /\S/);
        const words = ["title", "claim", "epoch"].includes(name); // have long words of their own
        for (const line of bare(text).split("\n")) {
          if (columns > 10 || !words && !line.startsWith("      ")) {
            assertLessOrEqual(line.length, columns, `${name} at ${columns}: ${line}`);
          }
        }
        assert(!/NaN|undefined|Infinity/.test(text), `${name}: ${text}`);
      }
    }
  });
}

Deno.test("what is said while a picture is drawn comes after it, also if that fails", async () => {
  const { log } = globalThis.console;
  const printed: string[] = [];
  try {
    Object.assign(globalThis.console, { log: (text: string) => void printed.push(text.trim().split("\n").at(-1)!) });
    const show = await terminal(plain);
    const broken = { ...EVENTS.zeros, values: undefined } as unknown as LessonEvent;
    const ends = await Promise.allSettled(
      [EVENTS.coarse, broken, { kind: "text", text: "so it is" } as const, EVENTS.heat].map(show),
    );
    assertEquals(ends.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  } finally {
    Object.assign(globalThis.console, { log });
  }
  assertEquals(printed, ["the caption", "so it is", "the caption"]);
});

Deno.test("a terminal of 10 columns is told that it is too narrow for a plot, and still gets images", async () => {
  const narrow = { columns: 10, colour: false, fold: true } as const;
  assertEquals(await render(EVENTS.lines, narrow), "\n(A plot\nneeds 20\ncolumns.)\nthe\ncaption\n");
  assertStringIncludes((await render(EVENTS.map, narrow))!, "(showing\n  one");
});

/** Everything as a terminal of 80 and of 40 columns shows it, with and without colours, and as it comes out of a pipe. */
async function snapshotNow(): Promise<string> {
  let text = "";
  const settings = [[80, false, ""], [40, false, ""], [80, "true", ""], [40, "256", ""], [
    80,
    false,
    ", piped",
  ]] as const;
  for (const [columns, colour, piped] of settings) {
    for (
      const name of [
        "title",
        "claim",
        "epoch",
        "images",
        "scatter",
        "lines",
        "steps",
        "log",
        "reference",
        "coarse",
        "table",
      ]
    ) {
      const drawn = await render(EVENTS[name], { columns, colour, fold: piped === "" });
      text += `===== ${name}, ${columns} columns, colours: ${colour}${piped}\n${drawn}\n`;
    }
  }
  return text.replaceAll("\x1b", "␛");
}

Deno.test("all looks as it did when somebody last looked (deno run --allow-write test/terminal_test.ts --accept)", async () => {
  const [found, wanted] = [await snapshotNow(), snapshot].map((text) => text.split("===== ").slice(1));
  assertEquals(found.length, wanted.length);
  found.forEach((part, i) => assertEquals(part, wanted[i]));
});

if (Deno.args.includes("--accept")) {
  await Deno.writeTextFile(new URL("terminal_snapshot.txt", import.meta.url), await snapshotNow());
}

// ## What the terminal can do

/** A terminal that answers in these pieces, and whether it is listened to still. */
function answering(
  ...pieces: string[]
): { listen: Listen; write: (text: string) => void; asked: string[]; open: boolean } {
  const it = {
    asked: [] as string[],
    open: false,
    heard: (_: string) => {},
    write(text: string) {
      it.asked.push(text);
      pieces.forEach((piece, i) => setTimeout(() => it.heard(piece), i));
    },
    listen(heard: (text: string) => void) {
      [it.heard, it.open] = [heard, true];
      return { close: () => void (it.open = false) };
    },
  };
  return it;
}

for (
  const [name, pieces, wanted] of [
    ["tmux", ["\x1bP>|tmux 3.3a\x1b\\\x1b[?1;2c"], { colour: "true" }],
    ["tmux, in pieces", ["\x1bP>|tm", "ux 3.3a\x1b\\\x1b[?", "1;2", "c"], { colour: "true" }],
    ["kitty", ["\x1bP>|kitty(0.32.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c"], { colour: "true", graphics: "kitty" }],
    ["one that takes no kitty pictures", ["\x1bP>|foot(1.16)\x1b\\\x1b_Gi=31;ENOTSUP:no\x1b\\\x1b[?62;c"], {
      colour: "true",
    }],
    ["iTerm2", ["\x1bP>|iTerm2 3.4.23\x1b\\\x1b[?62;4c"], { colour: "true", graphics: "iterm" }],
    ["WezTerm", ["\x1bP>|WezTerm 20240203\x1b\\\x1b[?65;4;6;18;22c"], { colour: "true", graphics: "iterm" }],
    ["macOS Terminal", ["\x1b[?1;2c"], { colour: "256" }],
    ["none", [], undefined],
    ["Ctrl-C", ["\x03"], "interrupted"],
  ] as const
) {
  Deno.test(`asking a terminal: ${name}`, async () => {
    const it = answering(...pieces);
    assertEquals(await ask(it.write, it.listen, 50), wanted);
    assertEquals([it.asked, it.open], [[QUESTIONS], false]);
  });
}

// ## In a terminal

/** Whether `script` can give a process a terminal of its own here. */
async function hasScript(): Promise<boolean> {
  if (Deno.build.os !== "linux" || !await granted({ name: "run" })) return false;
  try {
    return (await new Deno.Command("script", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}
const testTerminal = testIf.bind(null, await hasScript(), "--allow-run, and script of util-linux");

/** How a program ended in a terminal, and all that the terminal was sent. */
interface Session {
  code: number;
  sent: string;
}

/** A terminal and what happens in it. */
interface Setting {
  /** Characters in a line. */
  columns?: number;
  /** What it answers to the questions; nothing if that is empty. */
  answer?: string;
  /** What is typed as soon as it has been sent the words `after`. */
  key?: string;
  after?: string;
  /** Variables that are set, and flags for Deno. */
  variables?: string;
  flags?: string;
  /** Whether the program's output goes through a pipe. */
  piped?: boolean;
  /** What the shell does next. */
  last?: string;
}

/** Runs a program in a terminal. */
async function inTerminal(program: string, setting: Setting = {}): Promise<Session> {
  const { columns = 80, answer = "\x1bP>|tmux 3.3a\x1b\\\x1b[?1;2c", key, after = "", variables = "" } = setting;
  const { flags = "", piped, last } = setting;
  const file = `data:application/typescript,${encodeURIComponent(program)}`;
  const config = new URL("deno.json", ROOT).pathname;
  const run = `env ${variables} '${Deno.execPath()}' run --quiet --no-prompt ${flags} --config '${config}' '${file}'`;
  const next = last ? `; code=$?; ${last}; exit $code` : "";
  const command = `trap true INT; stty cols ${columns} rows 24; ${run}${piped ? " | cat" : ""}${next}`;
  const process = new Deno.Command("script", {
    args: ["-qefc", command, "/dev/null"],
    env: { TERM: "xterm", SHELL: "/bin/sh", NO_COLOR: "", COLORTERM: "" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const keyboard = process.stdin.getWriter();
  const type = (text: string) => keyboard.write(new TextEncoder().encode(text)).catch(() => {});
  let [sent, answered, pressed] = ["", false, false];
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    sent += text;
    if (!answered && sent.includes(QUESTIONS)) {
      answered = true;
      if (answer) await type(answer);
    }
    if (key && !pressed && sent.includes(after)) {
      pressed = true;
      await type(key);
    }
  }
  const { code } = await process.status;
  await keyboard.close().catch(() => {});
  return { code, sent };
}

const IMPORTS = `
  import { terminal } from "${ROOT}src/show/terminal/terminal.ts";
  const show = await terminal();`;

/** A training of so many steps an epoch, each of 20 ms in which nothing else can happen. */
const training = (epochs: number, steps: number) =>
  `${IMPORTS}
  show({ kind: "title", text: "a training" });
  const losses = { loss: 190.01, reconstruction: 186.99, kl: 3.02 };
  const history = { train: [], test: [] };
  for (let step = 1; step <= ${epochs * steps}; step++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    const epochEnds = step % ${steps} === 0;
    if (epochEnds) history.train.push(losses);
    await new Promise((resolve) => setTimeout(resolve));
    const epoch = Math.ceil(step / ${steps});
    show({ kind: "progress", step: { step, steps: ${
    epochs * steps
  }, epoch, epochs: ${epochs}, batch: 8, epochEnds, history, ...losses } });
  }
  show({ kind: "text", text: "and on" });
  await show({ kind: "end" });`;

/** What stands on the screen in the end, of a program that moves its cursor within a line only. */
function screen(sent: string): string[] {
  return sent.split("\r\n").map((line) => {
    // deno-lint-ignore no-control-regex
    return bare(line.split(/\x1b\[2K|\r|\x1b\[1?G/).at(-1)!.replaceAll(/\x1b([78]|\[[?\d]*[hlKJ])/g, ""));
  });
}

for (const columns of [80, 40]) {
  testTerminal(`a training on a terminal of ${columns} columns: a bar that fits, and lines that stay`, async () => {
    const { code, sent } = await inTerminal(training(2, 30), { columns });
    assertEquals(code, 0);
    const line = "epoch 1: loss 190.01 = 186.99 + KL 3.02";
    const shown = screen(sent.split(QUESTIONS)[1]);
    assertEquals(shown, ["", "a training", line, line.replace("1", "2"), "and on", ""]);
    // deno-lint-ignore no-control-regex
    const bars = [...sent.matchAll(/\x1b\[1G([^\x1b]+)\x1b\[0K/g)].map(([, text]) => text);
    assert(bars.length > 4, `${bars.length} states of the bar`);
    for (const text of bars) assert(text.length < columns && /[━─]{4}/.test(text), text);
    if (columns === 80) {
      const [epoch, step, loss] = ["epoch 2/2 ", "/60 ", " loss 190.0 = 187.0 + KL 3.0 "];
      for (const part of [epoch, step, loss, "s left"]) assertStringIncludes(bars.at(-1)!, part);
      assertMatch(bars.at(-1)!, / \d+ images\/s /);
    }
    assert(sent.lastIndexOf("\x1b[?25h") > sent.lastIndexOf("\x1b[?25l"));
  });
}

testTerminal("Ctrl-C in a training: the cursor is back, the line is clear, and the exit code is 130", async () => {
  const { code, sent } = await inTerminal(training(1, 500), { key: "\x03", after: "s left" });
  assertEquals(code, 130);
  assert(sent.lastIndexOf("\x1b[?25h") > sent.lastIndexOf("\x1b[?25l"));
  assert(sent.endsWith("\x1b[2K") || sent.endsWith("\x1b[2K^C"), JSON.stringify(sent.slice(-60)));
});

/** A lesson that trains as `training` does, in steps of some milliseconds. */
const trainingLesson = (ms: number) => `
  import { runLesson } from "${ROOT}src/lesson/run_lesson.ts";
  await runLesson({
    name: "00_long", question: "How long?", text: "", defaults: {}, usesData: false,
    async lesson(_, show) {
      for (let step = 1; step <= 500; step++) {
        show.progress({ step, steps: 500, epoch: 1, epochs: 1, batch: 8, epochEnds: false, history: { train: [], test: [] } });
        await new Promise((resolve) => setTimeout(resolve, ${ms}));
      }
    },
  });`;

testTerminal(
  "Ctrl-C in a lesson: the cursor is back, no bar is left, and a sentence says after which step",
  async () => {
    const { code, sent } = await inTerminal(trainingLesson(20), { key: "\x03", after: "s left" });
    assertEquals(code, 130);
    assert(sent.lastIndexOf("\x1b[?25h") > sent.lastIndexOf("\x1b[?25l"));
    assertMatch(screen(sent).at(-2)!, /^(\^C)?Interrupted after step \d+ of 500\.$/);
  },
);

testTerminal("a training that is left in the middle leaves nothing of the bar", async () => {
  const { sent } = await inTerminal(training(1, 40).replace("step <= 40", "step <= 20"));
  assertEquals(screen(sent).slice(-3), ["a training", "and on", ""]);
});

testTerminal(
  "a lesson that fails in the middle of its training leaves nothing of the bar, and the cursor",
  async () => {
    const step =
      "{ step: 1, steps: 9, epoch: 1, epochs: 1, batch: 8, epochEnds: false, history: { train: [], test: [] } }";
    const { code, sent } = await inTerminal(`
    import { runLesson } from "${ROOT}src/lesson/run_lesson.ts";
    await runLesson({
      name: "tiny", question: "Is it so?", text: "", defaults: {},
      async lesson(_, show) {
        show.progress(${step});
        await new Promise((resolve) => setTimeout(resolve, 200));
        throw new TypeError("a bug");
      },
    });`);
    assertEquals(code, 1);
    const [before, after] = sent.split("Uncaught");
    assertStringIncludes(before, "step 1/9");
    assertEquals(screen(before).slice(-1), ["error: "]);
    assert(sent.lastIndexOf("\x1b[?25h") > sent.lastIndexOf("\x1b[?25l"));
    assertStringIncludes(after, "a bug");
  },
);

const PICTURE = `${IMPORTS}
  await show({ kind: "images", name: "a", caption: "a tile", pixels: new Uint8Array(4).fill(100), height: 2, width: 2, columns: 1 });
  await show({ kind: "end" });`;
const TRUE = "\x1b[38;2;100;100;100;48;2;100;100;100m▀▀\x1b[0m";
const OF_256 = "\x1b[38;5;241;48;5;241m▀▀\x1b[0m";

for (
  const [name, answer, wanted] of [
    ["tmux", "\x1bP>|tmux 3.3a\x1b\\\x1b[?1;2c", TRUE],
    ["macOS Terminal", "\x1b[?1;2c", OF_256],
    ["kitty", "\x1bP>|kitty(0.32.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c", "\x1b_Ga=T,f=100,"],
    ["iTerm2", "\x1bP>|iTerm2 3.4.23\x1b\\\x1b[?62;4c", "\x1b]1337;File=inline=1;"],
    ["none", "", "\r\n--\r\n"],
  ]
) {
  testTerminal(`a picture on a terminal that answers as ${name} does`, async () => {
    const { code, sent } = await inTerminal(PICTURE, { answer });
    assertEquals(code, 0);
    const after = sent.split(QUESTIONS)[1];
    assertStringIncludes(after, wanted);
    if (!answer) assert(!after.includes("\x1b"), "no codes for a terminal that knows none");
  });
}

testTerminal(
  "NO_COLOR always, and TERM and COLORTERM where they may be read, are obeyed, without a question",
  async () => {
    for (const [flags, variables] of [["--allow-env", "TERM=dumb"], ["", "NO_COLOR=1"]]) {
      const { sent } = await inTerminal(PICTURE, { flags, variables });
      assertEquals(sent, "\r\n--\r\na tile\r\n\r\n");
    }
    const setting = { flags: "--allow-env", variables: "COLORTERM=truecolor", answer: "\x1b[?1;2c" };
    assertStringIncludes((await inTerminal(PICTURE, setting)).sent, TRUE);
  },
);

testTerminal("Ctrl-C while the terminal is asked ends the program, and the terminal is as before", async () => {
  const { code, sent } = await inTerminal(PICTURE, { answer: "\x03", last: "stty -a" });
  assertEquals(code, 130);
  assertMatch(sent, / icanon /);
  assertMatch(sent, / echo /);
});

testTerminal("what is typed meanwhile is for the next program, whether the terminal answers or not", async () => {
  for (const answer of ["", "\x1b[?1;2c"]) {
    const { sent } = await inTerminal(PICTURE, {
      answer,
      key: "hello\n",
      after: "a tile",
      last: "read line; echo got $line",
    });
    assertStringIncludes(sent, "got hello");
  }
});

testTerminal("into a pipe go no codes, and one line an epoch", async () => {
  const { sent } = await inTerminal(training(2, 5), { piped: true });
  assert(!sent.includes("\x1b"), JSON.stringify(sent));
  const line = "epoch 1: loss 190.01 = 186.99 + KL 3.02";
  assertEquals(sent.split("\r\n"), ["", "a training", line, line.replace("1", "2"), "and on", ""]);
});

Deno.test("a bar for data that are fetched: as wide as there is room, and full at the end", () => {
  assertEquals(fetchText(3e6, 12e6, 120), `fetching MNIST ${"━".repeat(10)}${"─".repeat(30)} 3.0 of 12.0 MB`);
  assertEquals(fetchText(12e6, 12e6, 40), `fetching MNIST ${"━".repeat(9)} 12.0 of 12.0 MB`);
  assertEquals(fetchText(3e6, 12e6, 20), "3.0 of 12.0 MB");
  assertEquals(fetchText(3e6, 12e6, 10), "");
});

Deno.test("a bar listens for Ctrl-C while it is there, if it was told what that does; else never", async () => {
  const { addSignalListener, removeSignalListener } = Deno;
  const listening = new Set<() => void>();
  const losses = { loss: 1, reconstruction: 1, kl: 0 };
  const step = (n: number): Step => ({
    ...{ step: n, steps: 3, epoch: 1, epochs: 1, batch: 1, epochEnds: false, judged: false },
    history: { train: [losses], test: [] },
  });
  try {
    Deno.addSignalListener = (_, does) => void listening.add(does);
    Deno.removeSignalListener = (_, does) => void listening.delete(does);
    let pressed = 0;
    const bar = await progressBar(() => {}, () => 80, () => {}, () => pressed++);
    bar.show(step(1), 0);
    bar.show(step(2), 1);
    assertEquals(listening.size, 1);
    bar.remove();
    assertEquals(listening.size, 0);
    bar.show(step(2), 2);
    for (const does of listening) does();
    assertEquals([pressed, listening.size], [1, 0]);
    const quiet = await progressBar(() => {}, () => 80, () => {});
    quiet.show(step(1), 0);
    assertEquals(listening.size, 0);
    quiet.remove();
  } finally {
    Object.assign(Deno, { addSignalListener, removeSignalListener });
  }
});
