import { extent } from "./axis.ts";
import { assertNumbers } from "./drawable.ts";
import type { Axis, Lines, Series } from "./events.ts";

const BINS = 40;

/**
 * Densities of sets of values over 40 bins, which all sets share. If the axis has ends, values outside them have no bar
 * but still count.
 *
 * @param name The picture's name, for messages.
 * @throws {InputError} If there are no values, or one is not finite.
 */
export function histogram(name: string, values: Record<string, ArrayLike<number>>, x: Axis): Lines {
  const sets = Object.entries(values).map(([set, numbers]) => ({ set, numbers: Array.from(numbers) }));
  for (const { set, numbers } of sets) assertNumbers(name, `values of "${set}"`, numbers);
  const [least, largest] = extent(sets.flatMap(({ numbers }) => numbers));
  const [low, high] = [x.from ?? least, x.to ?? largest];
  const width = (high - low) / BINS || 1;
  const centres = Array.from({ length: BINS }, (_, i) => low + (i + 0.5) * width);
  const series = sets.map(({ set, numbers }): Series => {
    const y = new Float64Array(BINS);
    for (const value of numbers) {
      if (!(value >= low && value <= high)) continue;
      const bin = Math.min(BINS - 1, Math.floor((value - low) / width));
      y[bin] = (y[bin] ?? 0) + 1 / (numbers.length * width);
    }
    return { name: set, x: centres, y, as: "steps" };
  });
  return { series, x, y: { label: "density", from: 0 } };
}
