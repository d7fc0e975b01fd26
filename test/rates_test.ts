/**
 * What the benchmarks count, apart from the clock.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { median } from "./_median.ts";
import { peakModule, SUMS, TIMES } from "./_peak.ts";
import { rateOf } from "./_rates.ts";

Deno.test("a median is the middle number, the upper one of two, and leaves its numbers as they are", () => {
  const numbers = [30, 4, 100];
  assertEquals(median(numbers), 30);
  assertEquals(median([7, 5]), 7);
  assertEquals(numbers, [30, 4, 100]);
});

Deno.test("a rate is the median of the runs, and so is the share of the peak that each run had", () => {
  const runs = [{ seconds: 1, peak: 20 }, { seconds: 2, peak: 5 }, { seconds: 4, peak: 10 }];
  assertEquals(rateOf(runs, 8), { rate: 4, share: 0.4 }); // 8, 4, 2 a second; 0.4, 0.8, 0.2
  assertEquals(rateOf(runs.map(({ seconds }) => ({ seconds })), 8), { rate: 4 });
});

for (const relaxed of [true, false]) {
  const bytes = peakModule(relaxed);
  const name = `the peak's ${relaxed ? "relaxed multiply-adds" : "multiplications and additions"} are all done`;
  Deno.test({
    name,
    ignore: relaxed && !WebAssembly.validate(bytes), // no relaxed SIMD here
    fn() {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
      const sums = exports.sums as (turns: number, a: number, b: number) => number;
      const [turns, a, b] = [3, 0.75, 0.125];
      let expected = 0;
      for (let i = 0; i < SUMS; i++) {
        let sum = i * a;
        for (let step = 0; step < turns * TIMES; step++) sum = sum * a + b;
        expected += sum;
      }
      assertAlmostEquals(sums(turns, a, b), expected, 1e-5);
    },
  });
}
