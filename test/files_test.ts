import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { decode, encode } from "fast-png";
import { inflateSync } from "node:zlib";
import { useBackend } from "../src/backend.ts";
import { loadDigits } from "../src/data/digits.ts";
import { gridCodes } from "../src/models/grid_codes.ts";
import { EnvironmentError, InputError } from "../src/errors.ts";
import type { Bars, HeatMap, Lines, Picture, Scatter } from "../src/show/events.ts";
import { files } from "../src/show/files/files.ts";
import { plotSvg } from "../src/show/files/plot.ts";
import { sheetPng } from "../src/show/files/png.ts";
import { CLASS_COLOURS } from "../src/show/palette.ts";
import { type Show, showOn } from "../src/show/show.ts";
import { range, type Tensor2D } from "../src/tensor.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

await useBackend("cpu");

const testWrite = testIf.bind(
  undefined,
  await granted({ name: "read" }) && await granted({ name: "write" }),
  "--allow-read --allow-write",
);

const LESSON = { name: "00_none", question: "Which?", text: "/** # Which? */\n" };

/** A show that writes into a new directory. */
async function showIn(directory: string): Promise<Show> {
  return showOn(await files(directory, LESSON));
}

// ## Reading what was drawn, by other code than drew it

/** The pixels of a PNG of 8 bits, grey or red, green and blue, by the specification: chunks, zlib, filters. */
function readPng(bytes: Uint8Array): { width: number; height: number; pixels: number[] } {
  assertEquals([...bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: number[] = [];
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    const type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(...bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, type, interlaced] = [24, 25, 28].map((at) => view.getUint8(at));
  assert(depth === 8 && interlaced === 0 && (type === 0 || type === 2), "8 bits, grey or colours, not interlaced");
  const channels = type === 0 ? 1 : 3;
  const row = width * channels;
  const raw = inflateSync(Uint8Array.from(parts));
  assertEquals(raw.length, height * (row + 1));
  const pixels: number[] = [];
  for (let at = 0; at < height * row; at++) {
    const [line, place] = [Math.floor(at / row), at % row];
    const left = place >= channels ? pixels[at - channels] : 0;
    const up = line ? pixels[at - row] : 0;
    const corner = line && place >= channels ? pixels[at - row - channels] : 0;
    const [toLeft, toUp, toCorner] = [left, up, corner].map((v) => Math.abs(left + up - corner - v));
    const paeth = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    const guess = [0, left, up, (left + up) >> 1, paeth][raw[line * (row + 1)]];
    pixels.push((raw[line * (row + 1) + 1 + place] + guess) & 255);
  }
  return { width, height, pixels };
}

/** An element of an XML text. */
interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** The root of an XML text; anything that is not well-formed, or not in a small part of XML, is an error. */
function readXml(xml: string): Element {
  const plain = (text: string) => {
    assert(!/[<]|&(?!(?:amp|lt|gt|quot|#\d+);)/.test(text), `not escaped: ${text}`);
    const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };
    return text.replaceAll(/&(#?\w+);/g, (_, name) => entities[name] ?? String.fromCodePoint(Number(name.slice(1))));
  };
  const document: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [document];
  const tokens = /<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
  while (tokens.lastIndex < xml.length) {
    const at = tokens.lastIndex;
    const token = tokens.exec(xml);
    assert(token, `no XML: ${xml.slice(at, at + 80)}`);
    const [, closing, name, attributes, alone, text] = token;
    if (text !== undefined) open.at(-1)!.text += plain(text);
    else if (closing) assertEquals(open.pop()!.name, name);
    else {
      const element: Element = { name, attributes: {}, children: [], text: "" };
      for (const [, key, value] of attributes.matchAll(/([\w:-]+)="([^"]*)"/g)) {
        assert(!(key in element.attributes), `${key} twice`);
        element.attributes[key] = plain(value);
      }
      open.at(-1)!.children.push(element);
      if (!alone) open.push(element);
    }
  }
  assertEquals(open, [document]);
  assertEquals([document.children.length, document.text.trim()], [1, ""]);
  return document.children[0];
}

/** All elements below one, and itself. */
function all(element: Element): Element[] {
  return [element, ...element.children.flatMap(all)];
}

/** The one group with this label. */
function group(svg: Element, label: string): Element {
  const found = all(svg).filter(({ attributes }) => attributes["aria-label"] === label);
  assertEquals(found.length, 1, `${found.length} groups are labelled "${label}"`);
  return found[0];
}

/** The numbers in a text, such as a path or a transform. */
function numbers(text: string): number[] {
  return [...text.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number);
}

/** Where a value lies on an axis, by its first and last numbered tick. */
function axisOf(svg: Element, axis: "x" | "y", to: (value: number) => number = Number): (value: number) => number {
  const ticks = group(svg, `${axis}-axis tick label`).children.filter(({ text }) => text).map(
    ({ text, attributes }) => {
      const [x, y] = numbers(attributes.transform);
      return { value: to(Number(text.replace("−", "-").replaceAll(",", ""))), at: axis === "x" ? x : y };
    },
  );
  const [first, last] = [ticks[0], ticks.at(-1)!];
  const each = (last.at - first.at) / (last.value - first.value);
  for (const { value, at } of ticks) {
    assertAlmostEquals(at, first.at + each * (value - first.value), 0.02, "ticks are even");
  }
  return (value) => first.at + each * (to(value) - first.value);
}

const TO_HUNDREDTHS = 0.02; // two roundings, of the tick's place and of the point's

/** A plot, read. */
async function drawn(picture: Picture): Promise<Element> {
  return readXml(await plotSvg(picture));
}

function scatter(more: Partial<Scatter> = {}): Picture & { kind: "scatter" } {
  const points = Float32Array.of(-1, 0, 3, 0, -1, 5, 3, 5, 1, 2.5, 1.5, 2.5);
  const labels = Uint8Array.of(1, 2, 3, 4, 3, 3);
  const classes = Array.from(range(10), String);
  const axes = { x: { label: "z[0]" }, y: { label: "z[1]" } };
  return { kind: "scatter", name: "latent", caption: "codes", points, labels, classes, ...axes, ...more };
}

function lines(more: Partial<Lines> = {}): Picture & { kind: "lines" } {
  const series = [
    { name: "training", x: [0, 10, 20, 40], y: [9, 4, 3, 2.5] },
    { name: "held-out", x: [20, 40], y: [5, 3.5], as: "dots" as const },
    { name: "other", x: [0, 20, 40], y: [2, 5, 7] },
  ];
  const axes = { x: { label: "images seen" }, y: { label: "KL, nats per image" } };
  return { kind: "lines", name: "losses", caption: "a loss", series, ...axes, ...more };
}

function bars(more: Partial<Bars> = {}): Picture & { kind: "bars" } {
  const axes = { x: { label: "latent dimension" }, y: { label: "KL, nats" } };
  return {
    kind: "bars",
    name: "kl",
    caption: "a KL",
    labels: ["0", "1", "2"],
    values: [2, 0.5, 1.5],
    ...axes,
    ...more,
  };
}

function heat(more: Partial<HeatMap> = {}): Picture & { kind: "heat" } {
  const axes = { x: { label: "mu", from: -1, to: 1 }, y: { label: "sigma", from: 0, to: 3 } };
  const values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]; // four rows of three, the lowest first
  return {
    kind: "heat",
    name: "heat",
    caption: "h",
    values,
    columns: 3,
    value: { label: "KL, nats" },
    ...axes,
    ...more,
  };
}

async function manifold(): Promise<Picture & { kind: "images" }> {
  const { pixels } = (await loadDigits()).train;
  const axes = { x: { label: "z[0]", from: -4, to: 4 }, y: { label: "z[1]", from: -4, to: 4 } };
  const grid = { pixels: pixels.slice(0, 225 * 28 * 28), height: 28, width: 28, columns: 15 };
  return { kind: "images", name: "manifold", caption: "a map", ...grid, ...axes };
}

// ## Images

testWrite("files: a PNG has the tensor's pixels, laid out in rows", () =>
  withTempDir(async (directory) => {
    const [count, height, width, columns] = [5, 3, 4, 2]; // the last row of the grid is half empty
    const values = Float32Array.from({ length: count * height * width }, (_, i) => ((i * 37) % 256) / 255);
    const images = tf.tensor4d(values, [count, height, width, 1]);
    await (await showIn(`${directory}/pictures`)).images("grid", "b", images, { columns });
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

Deno.test("a manifold of 15 by 15 tiles: each in its place, and under 60 kB", async () => {
  const grid = await manifold();
  const blend = (i: number) => [0.6, 0.25, 0.15].reduce((sum, part, k) => sum + part * grid.pixels[i - 784 * k], 0);
  grid.pixels = grid.pixels.map((grey, i) => i < 1568 ? grey : blend(i)); // as grey and soft as a decoder's images
  const bytes = await sheetPng(grid);
  assertLess(bytes.length, 60e3);
  assertGreater(encode({ data: grid.pixels, width: 420, height: 420, channels: 1 }).length, 60e3, "no easy one");
  const { width, height, pixels } = readPng(bytes);
  assertEquals([width, height], [420, 420]);
  for (const digit of [0, 14, 107, 224]) {
    const [top, left] = [28 * Math.floor(digit / 15), 28 * (digit % 15)];
    const tile = grid.pixels.subarray(digit * 784, (digit + 1) * 784);
    tile.forEach((wanted, i) => {
      const found = pixels[(top + Math.floor(i / 28)) * 420 + left + i % 28];
      if (wanted === 0 || wanted === 255) assertEquals(found, wanted);
      assertAlmostEquals(found, wanted, 2, `tile ${digit}; 64 greys are at most 255 / 63 / 2 off`);
    });
  }
});

Deno.test("a manifold with axes: the same PNG, and the ticks are at the middles of the tiles", async () => {
  const grid = await manifold();
  const svg = await drawn(grid);
  const image = all(svg).find(({ name }) => name === "image")!.attributes;
  assertEquals(image.href, `data:image/png;base64,${(await sheetPng(grid)).toBase64()}`);
  assertEquals([image["image-rendering"], image.width, image.height], ["pixelated", "420", "420"]);
  const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
  for (const tile of [0, 7, 14]) {
    assertAlmostEquals(x(-4 + 8 * tile / 14), Number(image.x) + 28 * (tile + 0.5), TO_HUNDREDTHS);
    assertAlmostEquals(
      y(4 - 8 * tile / 14),
      Number(image.y) + 28 * (tile + 0.5),
      TO_HUNDREDTHS,
      "the highest row is on top",
    );
  }
  assertEquals(group(svg, "x-axis tick").children.length, 15);
  const named = group(svg, "x-axis tick label").children.map(({ text }) => text).filter((text) => text);
  assertEquals(named, ["−4", "0", "4"], "short numbers");
});

testWrite(
  "a manifold, from codes to files: the tile of a known digit is where the axes say its code is",
  () =>
    withTempDir(async (directory) => {
      const digits = (await loadDigits()).train;
      const codes = gridCodes(Array.from(range(15), (i) => -4 + 8 * i / 14));
      /** The digit that a decoder would draw for a code: another one everywhere. */
      const digitAt = ([across, up]: number[]) =>
        Math.round((across + 4) * 14 / 8) + 20 * Math.round((up + 4) * 14 / 8);
      const batch = digits.batch((await codes.array()).map(digitAt));
      const axes = { x: { label: "z[0]", from: -4, to: 4 }, y: { label: "z[1]", from: -4, to: 4 } };
      await (await showIn(`${directory}/out`)).images("map", "", batch.x, { columns: 15, ...axes });
      tf.dispose([codes, batch]);
      const { width, pixels } = readPng(await Deno.readFile(`${directory}/out/map.png`));
      const svg = readXml(await Deno.readTextFile(`${directory}/out/map.svg`));
      const image = all(svg).find(({ name }) => name === "image")!.attributes;
      const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
      for (const code of [[-4, -4], [-4, 4], [4, -4], [8 / 14, -16 / 14], [-24 / 14, 32 / 14]]) {
        const zoom = Number(image.width) / width;
        const [left, top] = [(x(code[0]) - Number(image.x)) / zoom - 14, (y(code[1]) - Number(image.y)) / zoom - 14]
          .map(Math.round);
        const tile = digits.pixels.subarray(784 * digitAt(code)).subarray(0, 784);
        tile.forEach((wanted, i) => {
          const found = pixels[(top + Math.floor(i / 28)) * width + left + i % 28];
          assertAlmostEquals(found, wanted, 2, `the digit of ${code}`);
        });
      }
    }),
);

Deno.test("rows of images have their names beside their middles", async () => {
  const { x: _, y: __, ...grid } = await manifold();
  const rows = ["held-out", "by <PCA> & more words than one line has room for", "by the VAE"];
  const svg = await drawn({ ...grid, pixels: grid.pixels.slice(0, 17 * 784), columns: 6, rows });
  const image = all(svg).find(({ name }) => name === "image")!.attributes;
  const names = group(svg, "y-axis tick label").children;
  const words = (element: Element) => all(element).map(({ text }) => text).filter((text) => text).join(" ");
  assertEquals(names.map(words), rows);
  const zoom = Number(image.width) / (6 * 28);
  names.forEach(({ attributes }, row) => {
    const [right, middle] = numbers(attributes.transform);
    assertLess(right + numbers(group(svg, "y-axis tick label").attributes.transform)[0], Number(image.x));
    assertAlmostEquals(middle, Number(image.y) + zoom * 28 * (row + 0.5), TO_HUNDREDTHS);
  });
});

// ## Scatter

Deno.test("a scatter has one dot a point, in place on equal axes, in its class's group and colour", async () => {
  const picture = scatter();
  const svg = await drawn(picture);
  const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
  assertAlmostEquals(x(1) - x(0), y(0) - y(1), TO_HUNDREDTHS, "the same scale, upwards");
  for (const [label, count] of [[1, 1], [2, 1], [3, 3], [4, 1]]) {
    const { attributes, children } = group(svg, `class ${label}`);
    assertEquals([attributes.fill, children.length], [`rgb(${CLASS_COLOURS[label].join()})`, count]);
    const mine = Array.from(range(6)).filter((i) => picture.labels[i] === label);
    children.forEach((dot, i) => {
      assertAlmostEquals(Number(dot.attributes.cx), x(picture.points[2 * mine[i]]), TO_HUNDREDTHS);
      assertAlmostEquals(Number(dot.attributes.cy), y(picture.points[2 * mine[i] + 1]), TO_HUNDREDTHS);
    });
  }
  assertEquals(
    all(svg).filter(({ attributes }) => attributes["aria-label"]?.startsWith("class ")).length,
    5,
    "4 and names",
  );
  const legend = group(svg, "legend").children;
  assertEquals(legend.filter(({ name }) => name === "circle").map(({ attributes }) => attributes.fill), [
    ...[1, 2, 3, 4].map((label) => `rgb(${CLASS_COLOURS[label].join()})`),
  ]);
  assertEquals(legend.filter(({ name }) => name === "text").map(({ text }) => text), ["1", "2", "3", "4"]);
});

Deno.test("a scatter's names are at the medians of their classes, but never over each other", async () => {
  const places = [[0, 0], [0, 0], [-8, 2], [9, 3]];
  const points = Float32Array.from(places.flatMap(([x, y]) => [x - 1, y, x, y + 0.5, x + 5, y - 1]));
  const labels = Uint8Array.from({ length: 12 }, (_, i) => Math.floor(i / 3));
  const svg = await drawn(scatter({ points, labels }));
  const names = group(svg, "class names").children;
  assertEquals(names.map(({ text }) => text), ["0", "1", "2", "3"]);
  const at = names.map(({ attributes }) => numbers(attributes.transform));
  const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
  for (const label of [2, 3]) {
    assertAlmostEquals(at[label][0], x(places[label][0]), 0.05);
    assertAlmostEquals(at[label][1], y(places[label][1]), 0.05);
  }
  assertGreater(Math.hypot(at[0][0] - at[1][0], at[0][1] - at[1][1]), 16, "pixels between two names");
  assertAlmostEquals((at[0][1] + at[1][1]) / 2, y(0), 0.1);
});

Deno.test("a scatter that is nearly a line gets half a square, on equal axes", async () => {
  const svg = await drawn(scatter({ points: Float32Array.of(-9, 0, 9, 0.1, 0, 0, 1, 0, 2, 0.1, 3, 0) }));
  const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
  assertAlmostEquals(x(1) - x(0), y(0) - y(1), TO_HUNDREDTHS);
  const [left, right] = [x(-9), x(9)];
  assertGreater(right - left, 450);
  const [, , , height] = numbers(svg.attributes.viewBox);
  assertAlmostEquals(height - y(0.05), 130 + 44, 1, "half of 260 pixels, and the room below");
});

Deno.test("a scatter of few classes: no names over two, no legend of one", async () => {
  const two = await drawn(scatter({ labels: Uint8Array.of(0, 1, 0, 1, 0, 1), classes: ["data", "prior"] }));
  assert(!all(two).some(({ attributes }) => attributes["aria-label"] === "class names"));
  assertEquals(group(two, "legend").children.length, 4);
  const one = await drawn(scatter({ labels: new Uint8Array(6), classes: ["data"] }));
  assertEquals(group(one, "legend").children.length, 0);
});

Deno.test("a scatter on given axes: they hold, and the caption counts the points beyond", async () => {
  const svg = await drawn(scatter({ x: { label: "z[0]", from: -4, to: 4 }, y: { label: "z[1]", from: -4, to: 4 } }));
  const named = group(svg, "x-axis tick label").children.map(({ text }) => text);
  assertEquals([named[0], named.at(-1)], ["−4", "4"]);
  assertEquals(group(svg, "class 3").children.length, 2);
  assertMatch(all(svg).map(({ text }) => text).join(" "), /codes \(2 outside the axes\)/);
});

Deno.test("a scatter of 10,000 points: under 1.5 MB, every point in its class", async () => {
  const points = Float32Array.from({ length: 20000 }, (_, i) => Math.sin(i * i + 1) * 4);
  const labels = Uint8Array.from({ length: 10000 }, (_, i) => (i * 7 + (i >> 5)) % 10);
  const svg = await plotSvg(scatter({ points, labels }));
  assertLess(new TextEncoder().encode(svg).length, 1.5e6);
  const read = readXml(svg);
  for (const label of range(10)) {
    assertEquals(group(read, `class ${label}`).children.length, labels.filter((one) => one === label).length);
  }
});

// ## Curves

Deno.test("lines pass through their points, dots are at theirs, and each looks different", async () => {
  const picture = lines();
  const svg = await drawn(picture);
  const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
  const looks: string[] = [];
  for (const index of [0, 2]) {
    const { name, x: xs, y: ys } = picture.series[index];
    const [line, dots] = all(svg).filter(({ attributes }) => attributes["aria-label"] === name);
    const path = numbers(line.children[0].attributes.d);
    assertEquals([path.length, dots.children.length], [2 * xs.length, xs.length], "few points get dots");
    path.forEach((at, i) => {
      const wanted = i % 2 ? y(ys[i >> 1]) : x(xs[i >> 1]);
      assertAlmostEquals(at, wanted, TO_HUNDREDTHS);
    });
    looks.push(line.attributes.stroke, line.attributes["stroke-dasharray"] ?? "whole");
  }
  assertEquals(new Set(looks).size, 4, "another colour and another dash");
  const dots = group(svg, "held-out").children.map(({ attributes }) => [Number(attributes.cx), Number(attributes.cy)]);
  assertEquals(dots.length, 2);
  dots.flat().forEach((at, i) => assertAlmostEquals(at, [x(20), y(5), x(40), y(3.5)][i], TO_HUNDREDTHS));
  const names = group(svg, "legend").children.filter(({ name }) => name === "text").map(({ text }) => text);
  assertEquals(names, ["training", "held-out", "other"]);
  const texts = all(svg).map(({ text }) => text);
  for (const label of ["↑ KL, nats per image", "images seen →"]) assert(texts.includes(label), label);
});

Deno.test("lines: two points are a line to compare with, and get no dots", async () => {
  const series = [{ name: "the best", x: [0, 9], y: [1, 1] }, { name: "found", x: [0, 4, 9], y: [3, 2, 1] }];
  const svg = await drawn(lines({ series }));
  const marks = (name: string) => all(svg).filter(({ attributes }) => attributes["aria-label"] === name).length;
  assertEquals([marks("the best"), marks("found")], [1, 2]);
});

Deno.test("a log axis of two decades: every tick has its number", async () => {
  const series = [{ name: "ratio", x: [1, 8], y: [7, 1100] }];
  const svg = await drawn(lines({ series, x: { label: "x", log: true }, y: { label: "y", log: true } }));
  for (const [axis, wanted] of [["x", "1 2 3 4 5 6 7 8"], ["y", "10 20 50 100 200 500 1,000"]]) {
    assertEquals(group(svg, `${axis}-axis tick label`).children.map(({ text }) => text).join(" "), wanted);
    assertEquals(group(svg, `${axis}-axis tick`).children.length, wanted.split(" ").length);
  }
});

Deno.test("long numbers of the upward axis have room", async () => {
  for (const most of [8, 8e6]) {
    const svg = await drawn(lines({ series: [{ name: "a", x: [0, 1], y: [0, -most] }] }));
    const labels = group(svg, "y-axis tick label").children.map(({ text }) => text);
    const frame = axisOf(svg, "x")(0);
    assertLess(Math.max(...labels.map((label) => label.length)) * 7, frame, labels.join(" "));
  }
});

Deno.test("a log axis: equal ratios are equally far apart, with a tick at every power of ten", async () => {
  const series = [{ name: "variance", x: [1, 10, 10000], y: [1e-5, 0.1, 20] }];
  const svg = await drawn(lines({ series, x: { label: "samples", log: true }, y: { label: "v", log: true } }));
  assertEquals(group(svg, "x-axis tick label").children.map(({ text }) => text), ["1", "10", "100", "1,000", "10,000"]);
  assertEquals(
    group(svg, "y-axis tick label").children.map(({ text }) => text),
    ["10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1", "10"],
  );
  const [x] = [axisOf(svg, "x", Math.log)];
  const [line] = all(svg).filter(({ attributes }) => attributes["aria-label"] === "variance");
  const path = numbers(line.children[0].attributes.d);
  [1, 10, 10000].forEach((value, i) => assertAlmostEquals(path[2 * i], x(value), TO_HUNDREDTHS));
  assertAlmostEquals((path[1] - path[3]) / (path[3] - path[5]), 4 / Math.log10(200), 1e-3);
});

Deno.test("steps are the outline of bars from 0 that meet halfway", async () => {
  const svg = await drawn(lines({ series: [{ name: "a", x: [1, 2, 3], y: [4, 1, 2], as: "steps" }] }));
  const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
  const corners = [[0.5, 0], [0.5, 4], [1.5, 4], [1.5, 1], [2.5, 1], [2.5, 2], [3.5, 2], [3.5, 0]];
  const path = numbers(group(svg, "a").children[0].attributes.d);
  path.forEach((at, i) => assertAlmostEquals(at, i % 2 ? y(corners[i >> 1][1]) : x(corners[i >> 1][0]), TO_HUNDREDTHS));
  assertEquals(path.length, 16);
  const area = numbers(group(svg, "area of a").children[0].attributes.d);
  assertAlmostEquals(Math.max(...area.filter((_, i) => i % 2)), y(0), TO_HUNDREDTHS, "filled from 0");
});

Deno.test("steps: the outline of a narrow crowd does not run along 0 over the others; of nothing it does", async () => {
  const outlineOf = async (y: number[]) => {
    const svg = await drawn(lines({ series: [{ name: "a", x: [1, 2, 3, 4, 5], y, as: "steps" }] }));
    const x = axisOf(svg, "x");
    const path = numbers(group(svg, "a").children[0].attributes.d).filter((_, i) => i % 2 === 0);
    return [[Math.min(...path), x(0.5)], [Math.min(...path), x(1.5)], [Math.max(...path), x(4.5)]]
      .map(([found, wanted]) => Math.abs(found - wanted) < TO_HUNDREDTHS);
  };
  assertEquals(await outlineOf([0, 3, 0, 3, 0]), [false, true, true]);
  assertEquals(await outlineOf([0, 0, 0, 0, 0]), [true, false, false]);
});

Deno.test("a curve beyond given axes is cut off at the frame", async () => {
  assert((await drawn(lines({ y: { label: "KL", to: 5 } }))).children.some((part) => "clip-path" in part.attributes));
  assert(!(await drawn(lines())).children.some((part) => "clip-path" in part.attributes));
});

// ## Bars and heat

Deno.test("bars are as high as their numbers, and the reference lies at its own", async () => {
  const svg = await drawn(bars({ values: [2, -0.47, 1.5], reference: { name: "collapsed", value: 1 } }));
  const y = axisOf(svg, "y");
  const rects = group(svg, "bars").children.map(({ attributes }) => [Number(attributes.y), Number(attributes.height)]);
  [2, -0.47, 1.5].forEach((value, i) => {
    assertAlmostEquals(rects[i][0], y(Math.max(0, value)), TO_HUNDREDTHS);
    assertAlmostEquals(rects[i][1], y(0) - y(Math.abs(value)), TO_HUNDREDTHS);
  });
  const { attributes, children } = group(svg, "collapsed");
  assertAlmostEquals(Number(children[0].attributes.y1), y(1), TO_HUNDREDTHS);
  assertEquals(attributes["stroke-dasharray"], "6 4");
  const texts = all(svg).map(({ text }) => text);
  for (const text of ["collapsed", "2", "−0.47", "1.5", "latent dimension"]) assert(texts.includes(text), text);
});

Deno.test("bars: names that are the same keep bars of their own, many are thinned out, long ones slant", async () => {
  const same = await drawn(bars({ labels: ["a", "a", "b"] }));
  assertEquals(new Set(group(same, "bars").children.map(({ attributes }) => attributes.x)).size, 3);
  const labels = Array.from(range(64), String);
  const many = await drawn(bars({ labels, values: labels.map((_, i) => i + 1) }));
  const shown = group(many, "x-axis tick label").children;
  const places = shown.map(({ attributes }) => numbers(attributes.transform)[0]);
  assertGreaterOrEqual(places[1] - places[0], 20, "pixels from name to name");
  assertEquals(shown[1].text, labels[64 / Math.round(64 / Number(shown[1].text))] ?? shown[1].text);
  const long = await drawn(bars({ labels: ["codes drawn at random", "codes of digits", "held-out digits"] }));
  const ticks = group(long, "x-axis tick label").children.map(({ attributes }) => numbers(attributes.transform));
  for (const [, y, slant] of ticks) {
    assertEquals(slant, -40);
    assertLess(y + "codes drawn at random".length * 6 * Math.sin(40 * Math.PI / 180), Number(long.attributes.height));
  }
});

Deno.test("heat: cells in viridis, the lowest row below, and a bar that says what the colours are", async () => {
  const svg = await drawn(heat({ marks: [{ x: 0, y: 2, name: "the <prior>" }] }));
  const [cells, bar] = all(svg).filter(({ name }) => name === "image").map(({ attributes }) => attributes);
  const png = (image: Record<string, string>) => readPng(Uint8Array.fromBase64(image.href.split(",")[1]));
  const { width, height, pixels } = png(cells);
  assertEquals([width, height], [3, 4]);
  const cell = (row: number, column: number) => pixels.slice(3 * (3 * row + column)).slice(0, 3);
  const [least, most] = [[0x44, 0x01, 0x54], [0xfd, 0xe7, 0x25]]; // the ends of viridis, as published
  assertEquals([cell(3, 0), cell(0, 1), cell(0, 2)], [least, most, most]);
  assertEquals(cell(2, 2), [0x21, 0x91, 0x8c], "the middle of viridis");
  const [x, y] = [axisOf(svg, "x"), axisOf(svg, "y")];
  assertAlmostEquals(x(-1), Number(cells.x) + Number(cells.width) / 6, TO_HUNDREDTHS, "the middle of the first column");
  assertAlmostEquals(y(3), Number(cells.y) + Number(cells.height) / 8, TO_HUNDREDTHS, "the middle of the highest row");
  const gradient = png(bar).pixels;
  assert(Math.abs(gradient[0] - most[0]) < 3 && Math.abs(gradient.at(-1)! - least[2]) < 3, "the most is on top");
  const scale = group(svg, "colours").children;
  const five = scale.findIndex(({ text }) => text === "6");
  const tick = numbers(scale[five - 1].attributes.d)[1];
  assertAlmostEquals(tick, Number(bar.y) + 0.4 * Number(bar.height), TO_HUNDREDTHS);
  assert(scale.some(({ text }) => text === "KL, nats"));
  const [dot] = group(svg, "marks").children;
  assertAlmostEquals(Number(dot.attributes.cx), x(0), TO_HUNDREDTHS);
  assertAlmostEquals(Number(dot.attributes.cy), y(2), TO_HUNDREDTHS);
  assert(all(svg).some(({ text }) => text === "the <prior>"));
});

Deno.test("heat: the names of two marks that lie together stand on either side of them", async () => {
  const sides = async (marks: [number, number][]) => {
    const svg = await drawn(heat({ marks: marks.map(([x, y], i) => ({ x, y, name: `mark ${i}` })) }));
    const names = all(svg).filter(({ text }) => text.startsWith("mark ")).toSorted((a, b) => a.text < b.text ? -1 : 1);
    const group = (name: string) =>
      all(svg).find(({ attributes, children }) =>
        attributes["text-anchor"] && children.some(({ text }) => text === name)
      );
    return names.map(({ text }) => group(text)!.attributes["text-anchor"]);
  };
  const { x: { from: left, to: right }, y: { from, to } } = heat({});
  const [x, y] = [(share: number) => left + share * (right - left), (share: number) => from + share * (to - from)];
  assertEquals(await sides([[x(0.4), y(0.5)], [x(0.45), y(0.5)]]), ["end", "start"]);
  assertEquals(await sides([[x(0.4), y(0.5)], [x(0.45), y(0.9)]]), ["start", "start"]);
  assertEquals(await sides([[x(0.02), y(0.5)], [x(0.9), y(0.5)]]), ["start", "end"]);
});

Deno.test("heat: lines of equal height are where the surface has their heights", async () => {
  const columns = 21; // the values are 10 x, whatever y
  const values = Array.from({ length: columns * 5 }, (_, i) => 10 * (-1 + 2 * (i % columns) / 20));
  const svg = await drawn(heat({ values, columns }));
  const x = axisOf(svg, "x");
  const frame = Number(all(svg).find(({ name }) => name === "image")!.attributes.y);
  const inner = all(group(svg, "contours")).flatMap(({ attributes }) => attributes.d ? [numbers(attributes.d)] : []);
  assertEquals(inner.length, 9, "-8 to 8 by 2");
  inner.forEach((path, i) => {
    const least = Math.min(...path.filter((_, k) => k % 2 === 0));
    assertAlmostEquals(least, x((-8 + 2 * i) / 10), 0.5, "half a pixel");
    const top = Math.min(...path.filter((_, k) => k % 2));
    assertLess(top, frame - 2, "it does not turn at the frame, but beyond");
  });
});

// ## What every plot keeps

Deno.test("every plot of what is hard to draw is drawn: great and tiny numbers, all equal, one alone, many", async () => {
  const series = (x: number[], y: number[], as?: "dots" | "steps") => [{ name: "a", x, y, as }];
  const log = { label: "l", log: true };
  const many = Array.from(range(200));
  const hard: Picture[] = [
    scatter({ points: Float32Array.of(-1e38, -1e38, 1e38, 1e38), labels: Uint8Array.of(0, 1) }),
    scatter({ points: new Float32Array(8).fill(3), labels: Uint8Array.of(0, 1, 2, 3) }),
    scatter({ points: Float32Array.of(1e-40, 2e-40), labels: Uint8Array.of(0) }),
    scatter({
      points: Float32Array.from(many, (i) => Math.sin(i)),
      labels: Uint8Array.from(range(100), (i) => i % 47),
      classes: Array.from(range(47), (i) => `a class with a long name, number ${i}`),
    }),
    lines({ series: series([0, 1], [-1e300, 1e300]) }),
    lines({ series: series([1e-300, 1e300], [1e-300, 1e300]), x: log, y: log }),
    lines({ series: series([5e-324, 1e-323], [1e-310, 1e-310]) }),
    lines({ series: series([2, 2], [3, 3]) }),
    lines({ series: series([0], [0], "dots") }),
    lines({ series: series([0], [0], "steps") }),
    lines({ series: many.slice(0, 30).map((i) => ({ name: `${i}`, x: [0, 1], y: [i, -i] })) }),
    bars({ labels: ["a"], values: [-1e300] }),
    bars({ labels: many.map(String), values: many.map((i) => i - 100) }),
    heat({ values: [1], columns: 1 }),
    heat({ values: many, columns: 1 }),
    heat({ values: [-1e300, 1e300, 0, 5e-324], columns: 2 }),
    heat({ values: [1e-300, 1, 2, 1e300], columns: 2, value: log }),
    { ...await manifold(), pixels: new Uint8Array(15), height: 5, width: 3, columns: 1, caption: "" },
    { ...await manifold(), pixels: new Uint8Array(60 * 784), columns: 1 },
    { ...await manifold(), pixels: new Uint8Array(4 * 40_000), height: 200, width: 200, columns: 4 },
  ];
  for (const picture of hard) {
    for (const { name, attributes } of all(await drawn(picture))) {
      for (const [key, value] of Object.entries(attributes)) {
        assert(!/NaN|undefined|Infinity/.test(value), `${picture.kind} "${picture.name}": <${name} ${key}="${value}">`);
      }
    }
  }
});

/** One picture of every kind, with names that XML would stumble over. */
async function everyKind(): Promise<Picture[]> {
  const odd = `a <b> & "c" 'd' ]]> é`;
  const axes = { x: { label: `${odd} x` }, y: { label: `${odd} y` } };
  return [
    { ...await manifold(), caption: odd },
    { ...scatter({ classes: Array(10).fill(odd), ...axes }), caption: odd },
    { ...lines({ series: [{ name: odd, x: [1, 2], y: [1 / 3, 2 / 3], as: "steps" }], ...axes }), caption: odd },
    { ...bars({ labels: [odd, odd, odd], reference: { name: odd, value: 1 / 3 }, ...axes }), caption: odd },
    { ...heat({ marks: [{ x: 1 / 3, y: 1, name: odd }], value: { label: odd } }), caption: odd },
  ];
}

Deno.test("every plot stands alone: well-formed, no fonts of its own, nothing to fetch, no HTML", async () => {
  for (const picture of await everyKind()) {
    const text = await plotSvg(picture);
    const svg = readXml(text);
    const elements = all(svg);
    assertEquals([svg.name, svg.attributes.xmlns], ["svg", "http://www.w3.org/2000/svg"]);
    assertMatch(svg.attributes.viewBox, /^0 0 \d+(\.\d+)? \d+(\.\d+)?$/);
    assertEquals([svg.children[0].name, svg.children[0].text], ["title", picture.caption]);
    const drawable = [
      "svg",
      "title",
      "style",
      "g",
      "rect",
      "circle",
      "path",
      "line",
      "text",
      "tspan",
      "image",
      "clipPath",
    ];
    for (const { name, attributes } of elements) {
      assert(drawable.includes(name), `${picture.kind}: <${name}>`);
      for (const [key, value] of Object.entries(attributes)) {
        const where = `${picture.kind}: <${name} ${key}="${value.slice(0, 100)}">`;
        if (key === "href") assert(value.startsWith("data:image/png;base64,"), where);
        else if (key !== "xmlns" && key !== "aria-label") assert(!/https?:|NaN|undefined|\.\d{3}/.test(value), where);
        if (key.startsWith("font-family")) assertEquals(value, "sans-serif");
      }
    }
    assert(!/font-family:|url\((?!#)|@import/.test(text));
    const styles = elements.filter(({ name }) => name === "style");
    assertEquals(styles.length, 1);
    assertStringIncludes(styles[0].text, "@media (prefers-color-scheme:dark)");
  }
});

Deno.test("a long caption is broken into lines that fit", async () => {
  const caption = "The bound closes on log p(x) as the number of samples grows, ".repeat(4).trim();
  const svg = await drawn({ ...lines(), caption });
  const lines_ = svg.children.filter(({ name, attributes }) => name === "text" && attributes["font-weight"] === "600");
  assertEquals(lines_.map(({ text }) => text).join(" "), caption);
  for (const { text } of lines_) assertLess(text.length * 9, Number(svg.attributes.width));
  const bottom = Math.max(...lines_.map(({ attributes }) => Number(attributes.y)));
  const legend = group(svg, "legend").children.filter(({ name }) => name === "text");
  const [label] = svg.children.filter(({ text }) => text === "↑ KL, nats per image");
  const tops = [bottom, Number(legend[0].attributes.y), Number(label.attributes.y), axisOf(svg, "y")(9)];
  for (const i of range(3)) {
    assertGreater(tops[i + 1], tops[i] + 10, "heading, legend, label and frame, one below the other");
  }
});

// ## Colours

/** Red, green and blue as eyes without one kind of cones see them (Machado, Oliveira and Fernandes 2009, all of it gone). */
const EYES: Record<string, number[]> = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

const times = (m: number[], v: number[]) => [0, 3, 6].map((r) => m[r] * v[0] + m[r + 1] * v[1] + m[r + 2] * v[2]);
const linear = (rgb: number[]) => rgb.map((v) => v <= 10.31475 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);

/** A colour in OKLab, in which equal distances look equally far. */
function okLab(rgb: number[], eyes: number[]): number[] {
  const light = times(eyes, linear(rgb)).map((v) => Math.min(1, Math.max(0, v)));
  const cones = times([
    ...[0.4122214708, 0.5363325363, 0.0514459929],
    ...[0.2119034982, 0.6806995451, 0.1073969566],
    ...[0.0883024619, 0.2817188376, 0.6299787005],
  ], light).map(Math.cbrt);
  return times([
    ...[0.2104542553, 0.793617785, -0.0040720468],
    ...[1.9779984951, -2.428592205, 0.4505937099],
    ...[0.0259040371, 0.7827717662, -0.808675766],
  ], cones);
}

Deno.test("class colours stay apart, also for colour-blind eyes, and off white and dark paper", () => {
  for (const [name, eyes] of Object.entries(EYES)) {
    const labs = CLASS_COLOURS.map((colour) => okLab(colour, eyes));
    const apart = (i: number, j: number) => Math.hypot(...labs[i].map((v, k) => v - labs[j][k]));
    for (const i of range(10)) for (const j of range(i)) assertGreater(apart(i, j), 0.1, `${name}: ${j} and ${i}`);
    for (const [i, j] of [[4, 9], [3, 5], [3, 8], [5, 8], [7, 9]]) {
      assertGreater(apart(i, j), 0.14, `${name}: ${i} and ${j}`);
    }
  }
  const luminance = (rgb: number[]) => times([0.2126, 0.7152, 0.0722, 0, 0, 0, 0, 0, 0], linear(rgb))[0];
  const contrast = (a: number[], b: number[]) => {
    const [low, high] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  for (const colour of CLASS_COLOURS) {
    assertGreater(contrast(colour, [255, 255, 255]), 1.6);
    assertGreater(contrast(colour, [0x15, 0x18, 0x1c]), 2.1);
  }
});

// ## The directory

testWrite("files: nothing but pictures is written", () =>
  withTempDir(async (directory) => {
    const show = await showIn(`${directory}/out`);
    show.title("a");
    show.text("b");
    show.figure("c", 1);
    show.claim("d", assertLess, { found: 1, expected: 2, from: "b" });
    assertEquals(await Array.fromAsync(Deno.readDir(directory)), []);
  }));

testWrite(
  "files: images without axes are a PNG, others an SVG too, and tables nothing",
  () =>
    withTempDir(async (directory) => {
      const images = tf.zeros([4, 2, 2, 1]);
      const points = tf.tensor2d([-1, 0, 3, 0], [2, 2]) as Tensor2D;
      const show = await showIn(`${directory}/out`);
      show.table("a", { columns: ["b"], rows: [[1]] });
      await show.images("plain", "", images);
      await show.images("named", "", images, { columns: 2, rows: ["a", "b"] });
      await show.scatter("latent", "codes <of> 2", points, Uint8Array.of(0, 1));
      await show.lines("lines", "", lines());
      await show.bars("bars", "", bars());
      await show.heat("heat", "", heat());
      tf.dispose([images, points]);
      const names = (await Array.fromAsync(Deno.readDir(`${directory}/out`), ({ name }) => name)).toSorted();
      const plots = ["heat.svg", "kl.svg", "latent.svg", "losses.svg"]; // the names that the pictures themselves have
      assertEquals(names, [...plots, "named.png", "named.svg", "plain.png"]);
      assertEquals(readXml(await Deno.readTextFile(`${directory}/out/latent.svg`)).children[0].text, "codes <of> 2");
    }),
);

testWrite(
  "files: what cannot be drawn is refused in a sentence, and nothing is written",
  () =>
    withTempDir(async (directory) => {
      const show = await showIn(`${directory}/out`);
      const none = tf.zeros([0, 2]) as Tensor2D;
      const odd = tf.tensor2d([0, 1, NaN, 2], [2, 2]) as Tensor2D;
      const pixels = tf.tensor4d([0, NaN], [2, 1, 1, 1]);
      const said = [
        await assertRejects(() => show.scatter("a", "", none, new Uint8Array()), InputError),
        await assertRejects(() => show.scatter("a", "", odd, new Uint8Array(2)), InputError),
        await assertRejects(() => show.images("a", "", pixels), InputError),
        await assertRejects(() => show.heat("a", "", heat({ values: [0, 1, NaN] })), InputError),
      ];
      for (const { message } of said) assertMatch(message, /^The picture "(a|heat)" .+\.$/);
      assertEquals(await Array.fromAsync(Deno.readDir(directory)), []);
      tf.dispose([none, odd, pixels]);
    }),
);

testWrite(
  "files: the end is a page, with the plots in it, and an older page is not overwritten",
  () =>
    withTempDir(async (directory) => {
      const end = async (out: string) => {
        const surface = await files(out, LESSON);
        await surface(bars());
        return () => surface({ kind: "end" });
      };
      await (await end(`${directory}/one`))();
      const page = await Deno.readTextFile(`${directory}/one/index.html`);
      assertMatch(page, /^<!doctype html>/i);
      assertStringIncludes(page, "a KL");
      const again = await end(`${directory}/two`);
      await Deno.writeTextFile(`${directory}/two/index.html`, "mine");
      await assertRejects(async () => await again(), InputError);
      assertEquals(await Deno.readTextFile(`${directory}/two/index.html`), "mine");
    }),
);

testWrite(
  "files: a lesson that fails before it draws leaves no directory, and one that draws nothing has a page",
  () =>
    withTempDir(async (directory) => {
      const end = async (name: string, failed: boolean) => {
        const surface = await files(`${directory}/${name}`, LESSON);
        await surface({ kind: "text", text: "a word" });
        await surface({ kind: "end", failed });
      };
      await end("failed", true);
      await end("well", false);
      assertEquals(await Array.fromAsync(Deno.readDir(directory), ({ name }) => name), ["well"]);
      assertStringIncludes(await Deno.readTextFile(`${directory}/well/index.html`), "a word");
    }),
);

testWrite(
  "files: a directory that somebody else made meanwhile is refused once",
  () =>
    withTempDir(async (directory) => {
      const surface = await files(`${directory}/out`, LESSON);
      await Deno.mkdir(`${directory}/out`);
      const images = tf.zeros([1, 2, 2, 1]);
      await assertRejects(() => showOn(surface).images("grid", "", images), InputError, "out already exists");
      images.dispose();
      await surface({ kind: "end", failed: true }); // not the same sentence again
      assertEquals(await Array.fromAsync(Deno.readDir(`${directory}/out`)), []);
    }),
);

testWrite("files: what exists is not overwritten, and the sentence names it", () =>
  withTempDir(async (directory) => {
    const images = tf.zeros([1, 2, 2, 1]);
    const show = await showIn(`${directory}/out`);
    await show.images("first", "", images); // which makes the directory
    await Deno.writeTextFile(`${directory}/out/grid.png`, "mine");
    const exists = (path: string) => `${path} already exists and is not overwritten: name another directory.`;
    const error = await assertRejects(() => show.images("grid", "", images), InputError);
    assertEquals(error.message, exists(`${directory}/out/grid.png`));
    assertEquals(await Deno.readTextFile(`${directory}/out/grid.png`), "mine");
    for (const taken of [`${directory}/out/grid.png`, `${directory}/out`]) {
      assertEquals(
        (await assertRejects(() => files(taken, LESSON), InputError)).message,
        exists(taken),
        "known at once",
      );
    }
    images.dispose();
  }));

testWrite(
  "files: a directory that cannot be made, or is gone when the picture comes",
  () =>
    withTempDir(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      const error = await assertRejects(() => files(`${directory}/file/below`, LESSON), EnvironmentError);
      assertMatch(error.message, /^Cannot write .*file\/below: .+$/);
      const images = tf.zeros([1, 2, 2, 1]);
      const show = await showIn(`${directory}/gone`);
      await show.images("first", "", images);
      await Deno.remove(`${directory}/gone`, { recursive: true });
      const gone = await assertRejects(() => show.images("a", "", images), EnvironmentError);
      assertStringIncludes(gone.message, `Cannot write ${directory}/gone/a.png: `);
      images.dispose();
    }),
);

Deno.test({
  name: "files: without the permission, known at once, and the sentence has the flag",
  permissions: "none",
  async fn() {
    const error = await assertRejects(() => files("some/where", LESSON), EnvironmentError);
    assertEquals(error.message, "Writing to some/where requires a permission: add --allow-write=some/where.");
  },
});
