/**
 * The losses of a training, as records of numbers.
 *
 * @module
 */

/**
 * Averages over examples, in the objective's own unit (nats an image for a VAE): the loss, its parts, and what else the
 * objective has to tell, all by name.
 */
export type Losses<Name extends string = never> = {
  /** What training minimises. */
  loss: number;
} & Record<Name, number>;

/** Losses, whatever their names are. */
export type AnyLosses = Losses<string>;

/** The names of what losses tell besides the loss itself. */
export function namesIn(losses: { loss: number }): string[] {
  return Object.keys(losses).filter((name) => name !== "loss");
}

/** An average over batches of different sizes, kept as sums. */
export interface Sums {
  /** How many examples there were. */
  count: number;
  /** The losses, each times the number of its examples. */
  losses: Record<string, number>;
}

/** The sums over no batch at all. */
export const nothing = (): Sums => ({ count: 0, losses: {} });

/** Takes in a batch's means. */
export function add(sums: Sums, losses: AnyLosses, batch: number): void {
  for (const [name, value] of Object.entries(losses)) sums.losses[name] = (sums.losses[name] ?? 0) + batch * value;
  sums.count += batch;
}

/** The average so far. */
export function average({ losses, count }: Sums): AnyLosses {
  const means = Object.entries(losses).map(([name, sum]) => [name, sum / count]);
  return Object.fromEntries(means);
}
