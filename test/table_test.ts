/**
 * Tables: what is read, what is refused by row and column, and columns standardised and brought back.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { standardise } from "../src/data/standardise.ts";
import { loadTable, tableOf, type TableOptions } from "../src/data/table.ts";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { gzip } from "./_idx.ts";
import { npy } from "./_npy.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

tf.enableProdMode();
await tf.setBackend("cpu");

const disk = await granted({ name: "read" }) && await granted({ name: "write" });
const testFiles = testIf.bind(undefined, disk, "--allow-read --allow-write");
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Loads a file that holds this. */
const load = (content: string | Uint8Array, options?: TableOptions, name = "table.csv") =>
  withTempDir(async (directory) => {
    await Deno.writeFile(`${directory}/${name}`, typeof content === "string" ? bytesOf(content) : content);
    try {
      return await loadTable(`${directory}/${name}`, options);
    } catch (error) {
      if (error instanceof Error) error.message = error.message.replaceAll(directory, "DIR");
      throw error;
    }
  });

testFiles(
  "a table with a header, between commas, semicolons or tabs, packed or not, with either line end",
  async () => {
    const text = 'height,"weight, dry"\n180,75.5\n160,-5e1\n\n170,.5\n';
    const wide = Uint8Array.from(
      ["\ufeff", ...text.replaceAll(/,(?! dry)/g, "\t")].flatMap((c) => [c.charCodeAt(0), 0]),
    );
    wide.set([0xff, 0xfe]);
    const forms: (string | Uint8Array)[] = [
      text,
      text.replaceAll("\n", "\r\n"),
      text.replaceAll(/,(?! dry)/g, ";"),
      text.replaceAll(/,(?! dry)/g, "\t"),
      `\ufeff${text}`,
      await gzip(bytesOf(text)),
      wide,
    ];
    for (const form of forms) {
      const table = await load(form);
      assertEquals(table.columns, ["height", "weight, dry"]);
      assertEquals(table.values, Float64Array.of(180, 75.5, 160, -50, 170, .5));
      assertEquals([table.count, table.labels], [3, undefined]);
    }
  },
);

testFiles("a table without a header, with a column of classes", async () => {
  const text = "5.1,3.5,setosa\n7,3.2,virginica\n6.3,3,setosa\n";
  const table = await load(text, { label: 2 });
  assertEquals([table.columns, table.classes, [...table.labels!]], [["0", "1"], ["setosa", "virginica"], [0, 1, 0]]);
  const { x, y } = table.batch([1, 0]);
  assertEquals([x.dtype, x.shape, await y?.array()], ["float32", [2, 2], [1, 0]]);
  assertEquals(await x.data(), Float32Array.of(7, 3.2, 5.1, 3.5));
  tf.dispose([x, y]);
  assertThrows(() => table.batch([3]), RangeError, "There is no example 3: examples are numbered from 0 to 2.");
});

testFiles(
  "classes that are numbers are in the order of numbers, and a column of the row numbers is left out",
  async () => {
    const table = await load(",a,class,b\n0,1,10,2\n1,3,9,4\n", { label: "class" });
    assertEquals([table.columns, table.classes, [...table.labels!]], [["a", "b"], ["9", "10"], [1, 0]]);
    assertEquals(table.values, Float64Array.of(1, 2, 3, 4));
    assertEquals((await load("2019,2020\n1,2\n", { header: true })).columns, ["2019", "2020"]);
    assertEquals((await load("2019,2020\n1,2\n")).count, 2);
  },
);

testFiles("a .npy file, row by row or column by column, in any kind of numbers", async () => {
  const rowByRow = Float64Array.of(1, 2, 3, 4, 5, 6);
  for (
    const [descr, order] of [["<f8", false], [">f8", false], ["<f8", true], ["<i2", false], ["<i8", true]] as const
  ) {
    const table = await load(npy([2, 3], [...rowByRow], { descr, fortran: order }), {}, "table.npy");
    assertEquals([table.values, table.columns], [rowByRow, ["0", "1", "2"]], descr);
  }
  const labelled = await load(npy([2, 3], [...rowByRow]), { label: 2 });
  assertEquals([labelled.values, labelled.classes], [Float64Array.of(1, 2, 4, 5), ["3", "6"]]);
});

testFiles("bad input: what is no number, by row and column", async () => {
  const counted = "(rows are counted from 1, without a header)";
  const hint = 'a column of classes is named by { label: "NAME" }';
  const cases: [string | Uint8Array, string, TableOptions?][] = [
    ["a,b\n1,2\n3,NaN\n", `DIR/table.csv, row 2, column "b" is "NaN"; expected a finite number; ${hint} ${counted}.`],
    ["a,b\n1,\n", `DIR/table.csv, row 1, column "b" is empty; expected a finite number; ${hint} ${counted}.`],
    ["1,2\n3,?\n", `DIR/table.csv, row 2, column 2 is "?"; expected a finite number; ${hint} ${counted}.`],
    ["a,b\n1,0x10\n", `row 1, column "b" is "0x10"`],
    ["a,b\n1,1e39\n", `row 1, column "b" is "1e39"`],
    ["a,b\n1,-Infinity\n", `row 1, column "b" is "-Infinity"`],
    ["a;b\n1;2,5\n", `row 1, column "b" is "2,5"`],
    ["a,b\n1,x\n", `row 1, column "b" is "x"; expected a finite number ${counted}.`, { label: "a" }],
    ["a,b\n1,2\n3\n", "DIR/table.csv, row 2 has 1 cells, where the first row has 2."],
    ['a,b\n1,"2\n3,4\n', "DIR/table.csv is broken: the quotes that open in row 2 do not close."],
    ["a,b\n1,2\n", `DIR/table.csv has no column "c" for the label: its columns are "a", "b".`, { label: "c" }],
    ["a,b\n", "DIR/table.csv has no rows."],
    ["", "DIR/table.csv is empty; expected a table in CSV."],
    ["\n", "DIR/table.csv has no rows."],
    ["a\nx\n", "DIR/table.csv has no column of numbers.", { label: "a" }],
    [
      "<!doctype html><title>404</title>",
      "DIR/table.csv is a web page, perhaps from a failed download; expected a",
    ],
    [
      bytesOf("PK\x03\x04" + "\0".repeat(26) + "[Content_Types].xml"),
      "DIR/table.csv is an Excel workbook: save it as CSV",
    ],
    [npy([2, 3, 1], [1, 2, 3, 4, 5, 6]), "DIR/table.csv has shape [2,3,1]; expected a table, [rows, columns]."],
    [npy([2, 2], [1, 2, NaN, 4]), `DIR/table.csv, row 2, column 1 is "NaN"; expected a finite number`],
    [
      npy([2, 2], [1, 2, 3, 4]).subarray(0, -1),
      "DIR/table.csv is cut short: it has 159 bytes of the 160 that its header",
    ],
  ];
  for (const [content, sentence, options] of cases) {
    await assertRejects(() => load(content, options), InputError, sentence);
  }
  await assertRejects(
    () => loadTable("/nowhere/table.csv"),
    InputError,
    `There is no "/nowhere/table.csv": expected a`,
  );
});

Deno.test({
  name: "a table without permission to read it: the sentence has the flag",
  permissions: "none",
  async fn() {
    const sentence = "Reading some/table.csv requires a permission: add --allow-read=some/table.csv.";
    await assertRejects(() => loadTable("some/table.csv"), EnvironmentError, sentence);
  },
});

/** 50 rows of four columns: two of unequal scale, one around 1e9 that float32 could not tell apart, one constant. */
const TABLE = tableOf({
  values: Float64Array.from({ length: 200 }, (_, i) => [1e3 + (i * i) % 97, i % 7 / 1e3, 1e9 + i % 5, 0.1][i % 4]!),
  columns: ["a", "b", "time", "constant"],
  labels: Uint32Array.from({ length: 50 }, (_, i) => i),
});

Deno.test("columns have mean 0 and standard deviation 1 over the training rows, and the held-out ones are not looked at", () => {
  const { train, test, mean, standardDeviation } = standardise(TABLE, { heldOut: 0.3, seed: 4 });
  assertEquals([train.count, test.count], [35, 15]);
  assertEquals([...train.labels!, ...test.labels!].sort((a, b) => a - b), [...TABLE.labels!], "each row once");
  for (const column of [0, 1, 2]) {
    const values = Array.from({ length: 35 }, (_, row) => train.values[4 * row + column]!);
    assertLess(Math.abs(values.reduce((sum, v) => sum + v, 0)), 1e-4); // 1e9 has 7 digits behind the point in a double
    assertLess(Math.abs(values.reduce((sum, v) => sum + v * v, 0) / 35 - 1), 1e-6);
    const held = Array.from({ length: 15 }, (_, row) => test.values[4 * row + column]!);
    assert(Math.abs(held.reduce((sum, v) => sum + v, 0)) > 1e-3, "else they took part");
  }
  for (const set of [train, test]) { // each row is still its own
    set.labels!.forEach((row, i) =>
      [0, 1, 2, 3].forEach((column) => {
        const back = set.values[4 * i + column]! * standardDeviation[column]! + mean[column]!;
        assertLess(Math.abs(back - TABLE.values[4 * row + column]!), 1e-6);
      })
    );
  }
  assertEquals([mean[3], standardDeviation[3]], [0.1, 1]);
  assert([...train.values, ...test.values].filter((_, i) => i % 4 === 3).every((value) => value === 0));
});

Deno.test("undo brings rows back to the table's own units, and leaves no tensor behind", async () => {
  const { train, undo } = standardise(TABLE);
  const before = tf.memory().numTensors;
  const { x, y } = train.batch([0, 1]);
  const back = undo(x);
  const wanted = [0, 1].flatMap((i) => [...TABLE.values.subarray(4 * train.labels![i]!, 4 * train.labels![i]! + 4)]);
  for (const [i, value] of (await back.data()).entries()) {
    assertLess(Math.abs(value - wanted[i]!), 1e-6 * Math.abs(wanted[i]!) + 1e-8); // float32
  }
  tf.dispose([x, y, back]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("the same seed holds out the same rows, and another seed others", () => {
  const rowsOf = (seed: number) => [...standardise(TABLE, { seed }).test.labels!];
  assertEquals(rowsOf(1), rowsOf(1));
  assert(rowsOf(1).join() !== rowsOf(2).join());
});

Deno.test("bad input: one row, a share of nothing or all, NaN in a table of one's own", () => {
  const one = tableOf({ values: Float64Array.of(1, 2), columns: ["a", "b"] });
  assertThrows(() => standardise(one), InputError, "A table must have at least two rows to be split, not 1.");
  for (const heldOut of [0, 1, NaN, 5]) {
    const sentence = `heldOut must be a share between 0 and 1, not ${heldOut}.`;
    assertThrows(() => standardise(TABLE, { heldOut }), RangeError, sentence);
  }
  const odd = tableOf({ values: Float64Array.of(1, 2, NaN, 4, NaN, 6), columns: ["a", "b"] });
  assertThrows(() => standardise(odd), RangeError, 'of the table has NaN in column "a" (counted from 0).');
  const short = { values: Float64Array.of(1, 2, 3), columns: ["a", "b"] };
  assertThrows(() => tableOf(short), RangeError, "A table of 2 columns cannot have 3 numbers.");
  const labels = Uint32Array.of(1, 2);
  assertThrows(
    () => tableOf({ values: Float64Array.of(1, 2), columns: ["a", "b"], labels }),
    RangeError,
    "A table of 1 rows has 2 labels; expected one per row.",
  );
});
