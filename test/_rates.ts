/**
 * Benchmarks of work that is counted: how much of it was done in a second, said after Deno's own table.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- it prints figures
import { median } from "./_median.ts";

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
  /** The most that can be done in a second, measured anew before each run: a machine is not always equally fast. */
  peak?: () => number;
}

/** What a benchmark comes to. */
export interface Rate {
  /** How much it does in a second. */
  rate: number;
  /** Its share of the peak, where it has one. */
  share?: number;
}

/** The medians of some runs. */
export function rateOf(runs: { seconds: number; peak?: number }[], amount: number): Rate {
  const rate = median(runs.map(({ seconds }) => amount / seconds));
  if (runs.some(({ peak }) => peak === undefined)) return { rate };
  return { rate, share: median(runs.map(({ seconds, peak }) => amount / seconds / peak!)) };
}

/** A benchmark that also says how much it does in a second, and tells it to `done`. */
export function benchRate(
  { name, group, n, amount, unit, peak }: Work,
  run: () => void | Promise<void>,
  done?: (rate: Rate) => void,
): void {
  const runs: { seconds: number; peak?: number }[] = [];
  Deno.bench({
    name,
    group,
    n,
    warmup: 1,
    async fn(context) {
      const most = peak?.();
      context.start();
      const start = performance.now();
      await run();
      runs.push({ seconds: (performance.now() - start) / 1000, peak: most });
      context.end();
    },
  });
  addEventListener("unload", () => {
    if (runs.length < 2) return; // it was left out
    const result = rateOf(runs.slice(1), amount);
    const share = result.share === undefined ? "" : `, ${result.share.toFixed(2)} of the peak`;
    console.log(`${name}: ${+result.rate.toPrecision(3)} ${unit} a second${share}`);
    done?.(result);
  });
}
