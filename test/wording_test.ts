import { assertEquals } from "@std/assert";
import { figureText, printable, roundText, shapeText, tickText, timeText } from "../src/wording.ts";

Deno.test("a shape is written as messages do, any size as B", () => {
  assertEquals([[null, 28, 28, 1], [3], []].map(shapeText), ["[B,28,28,1]", "[3]", "[]"]);
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
    [99999.6, "100,000"],
    [-1234.56, "-1,234.6"],
    [0.001, "0.001"],
    [0.00099, "9.9e-4"],
    [1.26e-7, "1.26e-7"],
    [-1.24e-7, "-1.24e-7"],
    [2_345_678.9, "2.35e+6"],
    [-1e300, "-1e+300"],
    [2 ** 60, "1.15e+18"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
    ["[3]", "[3]"],
    ["1000", "1000"],
  ];
  for (const [value, text] of texts) assertEquals(figureText(value), text);
});

Deno.test("a rounded number has three significant digits", () => {
  assertEquals([0.596574, 1234.5678, 12].map(roundText), ["0.597", "1,230", "12"]);
});

Deno.test("a tick has three digits, or is a power of ten where that is shorter", () => {
  assertEquals([0, 0.25, -1.5, 1000, 1e6, -1e-4, 2.5e7].map(tickText), [
    "0",
    "0.25",
    "\u22121.5",
    "1,000",
    "10⁶",
    "\u221210⁻⁴",
    "2.5e+7",
  ]);
});

Deno.test("a duration is in seconds, minutes or hours", () => {
  const texts = ["1 s", "59 s", "1:00", "3:07", "1:00 h", "1:02 h"];
  assertEquals([0.2, 59, 60, 187, 3599.5, 3725].map(timeText), texts);
});

Deno.test("printable text cannot command a terminal", () => {
  assertEquals(printable("a\x1b[31mb\x07\r\nc é ✓"), "a\ufffd[31mb\ufffd\ufffd\ufffdc é ✓");
});
