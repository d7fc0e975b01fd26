/**
 * Several frameworks at the same task by turns, so that a busy machine is busy for all of them.
 *
 * @module
 */
import { median } from "../_median.ts";
import type { Time } from "./peer.ts";

/** One who takes part: a framework, and how it does it. */
export interface Contestant {
  /** Which framework, `torch`; ours is `ours`. */
  framework: string;
  /** Its name and version, and the way, for people. */
  name: string;
  way: string;
  step(): Promise<Time>;
}

/** What one contestant needed. */
export interface Figures {
  /** The median of its rounds, in milliseconds a step. */
  ms: number;
  /** How many cores it used, by the processor's time. */
  cores: number;
  /** The median over the rounds of our time divided by its own. */
  ratio: number;
}

/** A framework's best way, by its milliseconds, and all of them. */
export interface Best extends Figures {
  way: string;
  ways: Record<string, Figures>;
}

/** The times of each contestant, a round each: the median of `steps` steps, taken in turn. */
export async function byTurns(
  contestants: Pick<Contestant, "step">[],
  { rounds, steps }: { rounds: number; steps: number },
): Promise<Time[][]> {
  const times: Time[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { step }] of contestants.entries()) {
      const turn: Time[] = [];
      for (let j = 0; j < steps; j++) turn.push(await step());
      times[i].push({ ms: median(turn.map(({ ms }) => ms)), cpu_ms: median(turn.map(({ cpu_ms }) => cpu_ms)) });
    }
  }
  return times;
}

/** What the rounds of a contestant come to, beside ours. */
export function figures(ours: Time[], theirs: Time[]): Figures {
  return {
    ms: median(theirs.map(({ ms }) => ms)),
    cores: median(theirs.map(({ ms, cpu_ms }) => cpu_ms / ms)),
    ratio: median(ours.map(({ ms }, round) => ms / theirs[round].ms)),
  };
}

/** Each framework's best way. */
export function best(contestants: Pick<Contestant, "framework" | "way">[], all: Figures[]): Record<string, Best> {
  const frameworks = Map.groupBy(contestants.keys(), (i) => contestants[i].framework);
  return Object.fromEntries(Array.from(frameworks, ([framework, numbers]) => {
    const [first] = numbers.toSorted((a, b) => all[a].ms - all[b].ms);
    const ways = Object.fromEntries(numbers.map((i) => [contestants[i].way, all[i]]));
    return [framework, { way: contestants[first].way, ...all[first], ways }];
  }));
}
