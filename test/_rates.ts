/**
 * Benchmarks of work that is counted: how much of it was done in a second, said after Deno's own table.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- it prints figures

/** What a benchmark does in one run. */
export interface Work {
  /** Its name in the table. */
  name: string;
  /** Benchmarks that are compared with one another. */
  group?: string;
  /** Runs that count, after one to warm up. */
  n: number;
  /** How much is done in a run, and of what, such as 128 `images`. */
  amount: number;
  unit: string;
}

/** A benchmark that also says, by its median, how much it does in a second. */
export function benchRate({ name, group, n, amount, unit }: Work, run: () => void | Promise<void>): void {
  const times: number[] = [];
  Deno.bench({
    name,
    group,
    n,
    warmup: 1,
    async fn() {
      const start = performance.now();
      await run();
      times.push((performance.now() - start) / 1000);
    },
  });
  addEventListener("unload", () => {
    const seconds = times.slice(1).toSorted((a, b) => a - b)[Math.floor((times.length - 1) / 2)];
    if (seconds) console.log(`${name}: ${(amount / seconds).toPrecision(3)} ${unit} a second`);
  });
}
