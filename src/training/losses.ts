/**
 * The losses of a training run, as records of numbers.
 *
 * @module
 */

/**
 * Averages over examples, by name: the loss, its parts, and the objective's metrics. The unit is that of the objective;
 * for a VAE, nats per example.
 */
export type Losses<Name extends string = never> = {
  /** The loss that training minimises. */
  loss: number;
} & Record<Name, number>;

/** Losses with any names. */
export type AnyLosses = Losses<string>;

/** The names of all losses except the loss itself. */
export function namesIn(losses: { loss: number }): string[] {
  return Object.keys(losses).filter((name) => name !== "loss");
}

/** An average over batches of different sizes, kept as sums. */
export interface Sums {
  /** The number of examples. */
  count: number;
  /** The sum of each batch's losses times its number of examples. */
  losses: Record<string, number>;
}

/** The sums before the first batch. */
export const nothing = (): Sums => ({ count: 0, losses: {} });

/** Adds the means of a batch to the sums. */
export function add(sums: Sums, losses: AnyLosses, batch: number): void {
  for (const [name, value] of Object.entries(losses)) sums.losses[name] = (sums.losses[name] ?? 0) + batch * value;
  sums.count += batch;
}

/** The average so far. */
export function average({ losses, count }: Sums): AnyLosses {
  const means = Object.entries(losses).map(([name, sum]) => [name, sum / count]);
  return Object.fromEntries(means);
}
