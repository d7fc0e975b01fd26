import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import { InputError } from "../src/errors.ts";
import { claimText } from "../src/show/claim.ts";
import { ClaimError, type Comparison, type Show, showOn } from "../src/show/show.ts";
import { type Axis, type LessonEvent, type Measured, recorder, type Series } from "../src/show/events.ts";
import { histogram } from "../src/show/histogram.ts";
import { lossCurves } from "../src/show/loss_curves.ts";
import { range, type Tensor2D } from "../src/tensor.ts";
import type { Step } from "../src/training/train.ts";

await useBackend("cpu");

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

/** Makes a claim on a show of its own: the event, and the line in the terminal. */
function claim(...[what, check, measured]: Claim) {
  const events: LessonEvent[] = [];
  showOn((event) => void events.push(event)).claim(what, check as Comparison<number | string>, measured);
  assertEquals(events.length, 1, "a claim is shown once, true or false");
  const [event] = events;
  assert(event.kind === "claim");
  return { event, line: `  ${event.holds ? "✓" : "✗"} ${claimText(event)}` };
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

Deno.test("claims: an assertion is known by what it holds for, as a minifier takes its name away", () => {
  const nameless = (() => (found: number, expected: number) => assertLess(found, expected))();
  assertEquals(nameless.name, "");
  const { line } = claim("a", nameless, { found: 3, expected: 4, from: "b" });
  assertEquals(line, "  ✓ a: 3, expected less than 4 (b)");
  const words = (found: string, expected: string) => assert(found.startsWith(expected));
  assertEquals(claim("a", words, { found: "tfjs", expected: "tf", from: "b" }).line, "  ✓ a: tfjs, expected tf (b)");
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

Deno.test("claims: false ones stop nothing; the end names each in a sentence, with all its figures", async () => {
  const events: LessonEvent[] = [];
  const show = showOn((event) => void events.push(event));
  const half = { found: 0.75, expected: 0.5, margin: 0.1, from: "the pencil" };
  show.claim("half a nat", assertAlmostEquals, half);
  show.claim("fine", assertLess, { found: 1, expected: 2, from: "b" });
  show.claim("too much", assertLess, { found: 3, expected: 2, from: "b" });
  show.text("after");
  const error = await assertRejects(() => show.end(), ClaimError);
  assertEquals(events.map(({ kind }) => kind), ["claim", "claim", "claim", "text", "end"], "the end is shown first");
  assertEquals(error.name, "ClaimError");
  assertEquals(
    error.message,
    "This claim is false: half a nat: 0.75, expected 0.5 ± 0.1 (the pencil).\n" +
      "This claim is false: too much: 3, expected less than 2 (b).",
  );
  assertEquals(error.claims as unknown, [events[0], events[2]]);
  assertEquals(events[0] as unknown, { kind: "claim", what: "half a nat", relation: "", holds: false, ...half });
  await show.end(true); // something else stopped the program, and is what it ends with
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

Deno.test("a silent show still checks", async () => {
  const show = showOn();
  show.title("a");
  show.claim("b", assertLess, { found: 1, expected: 2, from: "b" });
  await show.end();
  show.claim("b", assertLess, { found: 2, expected: 1, from: "b" });
  await assertRejects(() => show.end(), ClaimError);
});

// ## Images

Deno.test("images: pixels in order, rounded and clamped; the tensor stays the caller's", async () => {
  const values = [0, 1, 0.5, -3, 7, 1 / 255, 254.4 / 255, 0.999, -Infinity, 0.25, 200 / 255, Infinity];
  const images = tf.tensor4d(values, [2, 2, 3, 1]);
  const before = tf.memory().numTensors;
  const event = await one("images", (show) => show.images("a", "b", images, { columns: 1 }));
  assertEquals(tf.memory().numTensors, before);
  assertEquals([event.name, event.caption, event.height, event.width, event.columns], ["a", "b", 2, 3, 1]);
  assertEquals([...event.pixels], [0, 255, 128, 0, 255, 1, 254, 255, 0, 64, 200, 255]);
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

// ## Other pictures

Deno.test("scatter: points, labels, classes and axes as given; the tensor stays the caller's", async () => {
  const corners = [-1, 0, 3, 0, -1, 5, 3, 5];
  const points = tf.tensor2d(corners, [4, 2]);
  const before = tf.memory().numTensors;
  const labels = Uint8Array.of(1, 0, 3, 1);
  const event = await one("scatter", (show) => show.scatter("s", "c", points, labels));
  assertEquals([...event.points], corners);
  assertEquals([...event.labels], [1, 0, 3, 1]);
  assertEquals(event.classes, ["0", "1", "2", "3"]);
  assertEquals([event.x, event.y], [{ label: "z[0]" }, { label: "z[1]" }]);
  const options = { x: { label: "a", from: -4 }, classes: ["p", "q", "r", "s", "t"] };
  const named = await one("scatter", (show) => show.scatter("s", "c", points, labels, options));
  assertEquals([named.x, named.y, named.classes.length], [{ label: "a", from: -4 }, { label: "z[1]" }, 5]);
  assertEquals(tf.memory().numTensors, before);
  points.dispose();
});

Deno.test("scatter: as many points as there are digits, and more", async () => {
  const points = tf.zeros([200_000, 2]) as Tensor2D;
  const labels = new Uint8Array(200_000).fill(2);
  assertEquals((await one("scatter", (show) => show.scatter("s", "c", points, labels))).classes, ["0", "1", "2"]);
  points.dispose();
});

Deno.test("histogram: every set on the same bins, each of area 1, what lies beyond the axis not drawn but counted", () => {
  const { series, x, y } = histogram("h", { a: [0, 0.5, 1, 4], b: Float32Array.of(3.99, 4) }, { label: "v" });
  assertEquals(series.map(({ name, as }) => [name, as]), [["a", "steps"], ["b", "steps"]]);
  assertEquals([x.label, y.from], ["v", 0]);
  const [a, b] = series;
  assertEquals([a.x.length, a.y.length], [40, 40]);
  assertEquals([a.x, b.x].map((centres) => [centres[0], centres[39]].map((c) => c.toFixed(4))), [
    ["0.0500", "3.9500"],
    ["0.0500", "3.9500"],
  ]);
  assertAlmostEquals(area(a), 1, 1e-6);
  assertAlmostEquals(area(b), 1, 1e-6);
  assertEquals(bars(a), [0, 5, 10, 39], "one bar where each value lies");
  assertEquals(bars(b), [39], "the greatest value belongs to the last bar");
  const cut = histogram("h", { a: [0, 1, 2, 30] }, { label: "v", from: 0.5, to: 4.5 }).series[0];
  assertAlmostEquals(area(cut), 0.5, 1e-6);
  const flat = histogram("h", { a: [7, 7] }, { label: "v" }).series[0];
  assertEquals(bars(flat), [0], "values that are all the same");
});

function area({ x, y }: Series): number {
  return Array.from(y).reduce((sum, height) => sum + height * (x[1] - x[0]), 0);
}

/** The numbers of the bins that are not empty. */
function bars({ y }: Series): number[] {
  return [...range(y.length)].filter((i) => y[i] > 0);
}

/** Steps of a training of two epochs, 100 steps each, 10 images a step but 5 in the last of an epoch. */
function steps(kl?: number): Step[] {
  const losses = (value: number) =>
    kl === undefined ? { loss: value } : { loss: value + kl, reconstruction: value, kl };
  const test = [losses(50), losses(40)];
  const history = { train: test, test };
  return Array.from({ length: 200 }, (_, i): Step => {
    const epochEnds = i % 100 === 99;
    const read = i % 20 === 19 ? losses(200 - i) : {};
    const epoch = Math.floor(i / 100) + 1;
    return {
      step: i + 1,
      steps: 200,
      epoch,
      epochs: 2,
      batch: epochEnds ? 5 : 10,
      epochEnds,
      judged: true,
      history,
      ...read,
    };
  });
}

Deno.test("losses: reconstruction and KL apart, over the images seen; held-out where an epoch ends", async () => {
  const events = await said((show) => show.losses("loss", steps(3)));
  const [reconstruction, kl] = events as Extract<LessonEvent, { kind: "lines" }>[];
  assertEquals(events.map((event) => "name" in event && event.name), ["loss_reconstruction", "loss_kl"]);
  for (const { x, y } of [reconstruction, kl]) {
    assertEquals([x.label, y.label.split(", ")[1]], ["images seen", "nats per image"]);
  }
  const [training, heldOut] = reconstruction.series;
  assertEquals([training.name, training.as, heldOut.name, heldOut.as], ["training", undefined, "held-out", "dots"]);
  assertEquals([Array.from(heldOut.x), Array.from(heldOut.y)], [[995, 1990], [50, 40]]);
  assertEquals(Array.from(training.y), [181, 161, 141, 121, 101, 81, 61, 41, 21, 1], "read at every 20th step only");
  assertEquals(Array.from(training.x).slice(0, 6), [200, 400, 600, 800, 995, 1195]);
  assertEquals(Array.from(kl.series[0].y), Array(10).fill(3));
});

Deno.test("losses: many steps become stretches of them, and each stretch its mean", async () => {
  const many = steps().map((step, i): Step => ({ ...step, loss: i }));
  const [event, ...more] = await said((show) => show.losses("loss", many));
  assertEquals(more, [], "one picture where the loss has no parts");
  const [{ x, y }] = (event as Extract<LessonEvent, { kind: "lines" }>).series;
  assertEquals([y.length, y[0], y[1], x[0]], [50, 1.5, 5.5, 40]);
});

Deno.test("losses: the fall of the first steps does not squash the rest, and the axis says where it began", async () => {
  const axis = async (values: number[]) => {
    const history = { train: [{ loss: 1 }], test: [] };
    const steps = values.map((loss, i): Step => (
      {
        step: i + 1,
        steps: 60,
        epoch: 1,
        epochs: 1,
        batch: 8,
        epochEnds: i === 59,
        judged: false,
        history,
        loss,
      }
    ));
    const [event] = await said((show) => show.losses("loss", steps));
    return (event as Extract<LessonEvent, { kind: "lines" }>).y;
  };
  const rest = Array.from({ length: 57 }, (_, i) => 200 - i); // from 200 to 144
  assertEquals(await axis([391.26, 260, 210, ...rest]), { label: "loss per image (391 at first)", to: 205 });
  assertEquals(await axis([230, 220, 210, ...rest]), { label: "loss per image" }, "no great fall");
  assertEquals(await axis([200, 400, 300, ...rest]), { label: "loss per image" }, "a swing is to be seen");
  assertEquals(await axis([391.26, 260, 144]), { label: "loss per image" }, "too few to tell");
  assertEquals(await axis(Array(60).fill(0.25)), { label: "loss per image" });
});

Deno.test("bars, lines, heat and table arrive as given", async () => {
  const lines = { series: [{ name: "a", x: [1, 2], y: [3, 4] }], x: { label: "x" }, y: { label: "y", log: true } };
  const bars = { labels: ["p", "q"], values: [1, 2], x: { label: "x" }, y: { label: "y" } };
  const axis = { label: "x", from: 0, to: 1 };
  const heat = { values: [1, 2, 3, 4], columns: 2, x: axis, y: axis, value: { label: "v" } };
  const table = { columns: ["a", "b"], rows: [["c", 1]] };
  const events = await said(async (show) => {
    await show.lines("l", "c", lines);
    await show.bars("b", "c", bars);
    await show.heat("h", "c", heat);
    show.table("c", table);
  });
  assertEquals(events, [
    { kind: "lines", name: "l", caption: "c", ...lines },
    { kind: "bars", name: "b", caption: "c", ...bars },
    { kind: "heat", name: "h", caption: "c", ...heat },
    { kind: "table", caption: "c", ...table },
  ]);
});

Deno.test("pictures that cannot be drawn: one sentence, and no surface hears of them", async () => {
  const axis = { label: "x", from: 0, to: 1 };
  const images = (values: number[]) => (show: Show) =>
    show.images("p", "c", tf.tensor4d(values, [values.length, 1, 1, 1]));
  const scatter = (values: number[], labels: number[], classes?: string[]) => (show: Show) =>
    show.scatter(
      "p",
      "c",
      tf.tensor2d(values, [values.length / 2, 2]),
      Uint8Array.from(labels),
      classes && { classes },
    );
  const curve = (x: number[], y: number[]) => (show: Show) =>
    show.lines("p", "c", { series: [{ name: "a", x, y }], x: { label: "x" }, y: { label: "y" } });
  const heat = (values: number[], columns: number, to = 1) => (show: Show) =>
    show.heat("p", "c", { values, columns, x: axis, y: { ...axis, to }, value: { label: "v" } });
  const bars = (labels: string[], values: number[], log = false) => (show: Show) =>
    show.bars("p", "c", { labels, values, x: { label: "x" }, y: { label: "y", log } });
  const logHeat = (values: number[], x: Axis, y: Axis, value: Axis) => (show: Show) =>
    show.heat("p", "c", { values, columns: 2, x: { from: 0, to: 1, ...x }, y: { from: 0, to: 1, ...y }, value });
  const log = { label: "l", log: true };
  const steps = (show: Show) =>
    show.lines("p", "c", { series: [{ name: "a", x: [1], y: [1], as: "steps" }], x: axis, y: log });
  const mistakes: [speak: (show: Show) => Promise<void>, error: typeof RangeError | typeof InputError, says: string][] =
    [
      [images([0, NaN, 1]), InputError, "pixels must be numbers in [0, 1], but image 1 has a NaN"],
      [images([]), InputError, "has no pixels: there is nothing to draw"],
      [
        (show) => show.images("p", "c", tf.zeros([2, 3])),
        RangeError,
        "have shape [N,H,W,1] or [N,H,W,3], not [2,3]",
      ],
      [(show) => show.images("p", "c", tf.zeros([2, 3, 3, 2])), RangeError, "or [N,H,W,3], not [2,3,3,2]"],
      [
        (show) => show.images("p", "c", tf.zeros([4, 2, 2, 1]), { columns: 2, rows: ["a"] }),
        RangeError,
        "has 1 row names; it needs 2",
      ],
      [(show) => show.images("../p", "c", tf.zeros([4, 2, 2, 1])), RangeError, 'not "../p"'],
      [scatter([], []), InputError, "has no points"],
      [scatter([1, NaN], [0]), InputError, "points must be finite numbers of at most 1e+300, but one is NaN"],
      [scatter([1, 2, 3, 4], [0]), RangeError, "has 1 labels; it needs 2"],
      [scatter([1, 2], [3], ["a", "b"]), RangeError, "has labels outside its 2 classes"],
      [curve([], []), InputError, 'has no points in "a"'],
      [
        curve([1, 2], [1, Infinity]),
        InputError,
        'points in "a" must be finite numbers of at most 1e+300, but one is Infinity',
      ],
      [curve([1, 2], [1]), RangeError, 'has 1 values in "a"; it needs 2'],
      [(show) => show.lines("p", "c", { series: [], x: axis, y: axis }), InputError, "has no curves"],
      [
        (show) =>
          show.lines("p", "c", { series: [{ name: "a", x: [1], y: [0] }], x: axis, y: { label: "y", log: true } }),
        InputError,
        'on a log axis, points in "a" must be above 0',
      ],
      [steps, InputError, 'on a log axis, points in "a" must be above 0'],
      [curve([0, 1], [-1e308, 1e308]), InputError, 'points in "a" must be finite numbers of at most 1e+300'],
      [bars(["a"], [1, 2]), RangeError, "has 1 labels; it needs 2"],
      [bars([], []), InputError, "has no bars"],
      [bars(["a"], [1], true), RangeError, 'has a log axis, which a picture of kind "bars" cannot have'],
      [
        (show) => show.scatter("p", "c", tf.ones([1, 2]), new Uint8Array(1), { x: log }),
        RangeError,
        'has a log axis, which a picture of kind "scatter" cannot have',
      ],
      [(show) => show.images("p", "c", tf.zeros([4, 2, 2, 1]), { columns: 0 }), RangeError, "has 0 columns"],
      [heat([1, 2, 3], 1.5), RangeError, "has 1.5 columns; it needs 2"],
      [logHeat([0, 1], axis, axis, log), InputError, "on a log axis, values must be above 0"],
      [logHeat([1, 2], log, axis, axis), InputError, "on a log axis, ends must be above 0"],
      [logHeat([1, 2], axis, { ...log, from: -1 }, axis), InputError, "on a log axis, ends must be above 0"],
      [heat([1, 2, 3], 2), RangeError, "has 1 values in its last row; it needs 2"],
      [heat([1, NaN], 2), InputError, "values must be finite numbers of at most 1e+300, but one is NaN"],
      [heat([1, 2], 2, 0), RangeError, "not from 0 to 0"],
      [heat([1, 2], 2, NaN), InputError, "ends of axes must be finite numbers of at most 1e+300, but one is NaN"],
      [
        (show) => show.histogram("p", "c", { a: [] }, axis),
        InputError,
        'has no values of "a": there is nothing to draw',
      ],
      [
        (show) => show.histogram("p", "c", { a: [1, NaN] }, axis),
        InputError,
        "finite numbers of at most 1e+300, but one is NaN",
      ],
    ];
  for (const [speak, error, says] of mistakes) {
    const events: LessonEvent[] = [];
    const { message } = await assertRejects(() => speak(showOn((event) => void events.push(event))), error, "", says);
    assertStringIncludes(message, says);
    assertEquals(message.split("\n").length, 1);
    assertEquals(events, [], says);
  }
});

Deno.test("pictures: what is optional may be undefined", async () => {
  const axis = { label: "x", from: 0, to: 1 };
  const show = showOn();
  await show.images("i", "c", tf.zeros([4, 2, 2, 1]), { columns: 2, rows: undefined, x: undefined });
  const bars = { labels: ["a"], values: [1], x: { label: "x" }, y: { label: "y", to: undefined } };
  await show.bars("b", "c", { ...bars, reference: undefined });
  await show.heat("h", "c", { values: [1], columns: 1, x: axis, y: axis, value: { label: "v" }, marks: undefined });
});

Deno.test("a table has as many cells in every row as columns", () => {
  const show = showOn();
  const message = "Row 1 of the table has 1 cells; it needs 2.";
  assertThrows(() => show.table("c", { columns: ["a", "b"], rows: [[1, 2], ["x"]] }), RangeError, message);
});

Deno.test("two pictures of one name: the second would overwrite the first's file", async () => {
  const bars = { labels: ["a"], values: [1], x: { label: "x" }, y: { label: "y" } };
  const show = showOn();
  await show.bars("p", "c", bars);
  assertEquals(
    (await assertRejects(() => show.bars("p", "c", bars), RangeError)).message,
    'There is already a picture named "p".',
  );
});

Deno.test("the recorder keeps what was said when it was said, whatever becomes of it", () => {
  const { events, surface } = recorder();
  const show = showOn(surface);
  const [step] = steps(1);
  step.history = { train: [], test: [] };
  show.progress(step);
  step.history.train.push({ loss: 1 });
  show.title("after");
  assertEquals(events.map(({ kind }) => kind), ["progress", "title"]);
  assertEquals((events[0] as Extract<LessonEvent, { kind: "progress" }>).step.history.train, []);
});

const at = (loss: number) => ({ loss, reconstruction: loss - 1, kl: 1 });
const over: Step = {
  ...{ step: 8, steps: 8, epoch: 2, epochs: 2, batch: 40, epochEnds: true, judged: true },
  history: { train: [at(4), at(2)], test: [at(5), at(3)] },
};

Deno.test("of a training that was over when it was resumed, the curve has the epochs' averages", () => {
  const [training, heldOut] = lossCurves([over], "loss", "loss").series;
  assertEquals([training.x, training.y], [[20, 40], [4, 2]]);
  assertEquals([heldOut.x, heldOut.y], [[40], [3]]);
});
