/**
 * What a training needs to go on as if it had not stopped, kept in a directory.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Examples } from "../data/images.ts";
import { EnvironmentError, InputError } from "../errors.ts";
import { random, type RandomState } from "../random.ts";
import { sha256 } from "../sha256.ts";
import type { Adam } from "./adam.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { Losses, Sums } from "./report.ts";

/** How to keep checkpoints. */
export interface CheckpointOptions {
  /** A directory of the training's own; made if it is not there. The last two checkpoints stay in it. */
  directory: string;
  /** Write one every so many steps, 100 by default; and at the start, where an epoch ends, and when the loop is left. */
  every?: number;
  /** Is told, in a sentence, what goes wrong without ending the training: a checkpoint that is damaged, or not written. */
  warn(sentence: string): void;
  /** Go on from the newest one there, if there is any; else, and by default, a directory that has one is refused. */
  resume?: boolean;
}

/** Where a training is: all of it that is not a weight. */
export interface Position {
  /** Steps taken. */
  step: number;
  /** The epoch, from 1. */
  epoch: number;
  /** Examples taken in this epoch. */
  taken: number;
  /** Where the order of the examples stood before this epoch, and where the noise stands. */
  order: RandomState;
  noise: RandomState;
  /** The epoch's losses so far. */
  sums: Sums;
  /** The epochs before. */
  history: { train: Losses[]; test: Losses[] };
}

/** What must be the same for a training to go on. */
interface Same {
  backend: string;
  batchSize: number;
  learningRate: number;
  seed: number;
}

/** Keeps a training's checkpoints, and has their directory for itself. */
export class Keeper {
  /** Where the training was that it goes on with. */
  readonly position?: Position;
  readonly #files: Checkpoints;
  readonly #optimizer: Adam;
  readonly #about: About;
  readonly #every: number;
  readonly #warn: (sentence: string) => void;
  #newest?: number;

  private constructor(files: Checkpoints, optimizer: Adam, about: About, options: CheckpointOptions) {
    const { directory, every = 100, warn } = options;
    this.#files = files;
    this.#optimizer = optimizer;
    this.#about = about;
    this.#every = every;
    this.#newest = files.found?.step;
    this.#warn = warn;
    files.damaged.forEach((sentence) => warn(sentence));
    this.position = files.found && restore(files.found, optimizer, about, directory);
  }

  /**
   * Opens a directory, and puts back the weights and moments of the newest checkpoint there.
   *
   * @throws {InputError} If it holds something else, or the checkpoint is of another training, or none is whole.
   * @throws {EnvironmentError} If a permission is missing.
   */
  static async open(
    options: CheckpointOptions,
    optimizer: Adam,
    { examples, heldOut }: { examples: Examples; heldOut?: Examples },
    same: Same,
  ): Promise<Keeper> {
    const shapes = optimizer.state.map(({ shape }) => shape);
    const judged = heldOut && await described(heldOut);
    const about = { ...same, ...await described(examples), judged, shapes };
    const files = await Checkpoints.open(options.directory, options.resume ?? false);
    try {
      return new Keeper(files, optimizer, about, options);
    } catch (error) {
      files[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether it is time for a checkpoint. */
  due(step: number): boolean {
    return step % this.#every === 0;
  }

  /** Writes a checkpoint, if this step has none; where that fails, the training goes on, and somebody is told. */
  async keep(at: Position): Promise<void> {
    if (this.#newest === at.step) return;
    const numbers = await Promise.all(this.#optimizer.state.map((x) => x.data() as Promise<Float32Array>));
    try {
      const facts = { about: this.#about, powers: this.#optimizer.powers, at };
      await this.#files.save({ step: at.step, facts, numbers });
      this.#newest = at.step;
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      this.#warn(`${error.message} Training goes on without it.`);
    }
  }

  /** Lets others have the directory. */
  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }
}

/** Everything that must be the same for a training to go on. */
type About = Same & Described & { judged?: Described; shapes: number[][] };

type Described = { count: number; data: string };

/** Which examples these are: how many, and the SHA-256 of the first and the last. */
async function described(examples: Examples): Promise<Described> {
  const { count } = examples;
  const ends = examples.batch([0, count - 1]);
  const values = Float32Array.from(await ends.data());
  ends.dispose();
  return { count, data: await sha256(new Uint8Array(values.buffer)) };
}

/** What each thing that must be the same is called. */
const NAMES: Record<keyof About, string> = {
  backend: "been computed on",
  batchSize: "batches of",
  learningRate: "a learning rate of",
  seed: "the seed",
  count: "examples:",
  data: "examples that hash to",
  judged: "held-out examples:",
  shapes: "weights or moments of the shape",
};

/** Puts weights and moments back, and returns where the training was. */
function restore(
  { step, facts, numbers }: Checkpoint,
  optimizer: Adam,
  about: About,
  directory: string,
): Position {
  const { about: found, powers, at } = (facts ?? {}) as Partial<{ about: About; powers: number[]; at: Position }>;
  for (const [key, name] of Object.entries(NAMES)) {
    const [theirs, ours] = firstDifference(found?.[key as keyof About], about[key as keyof About]);
    if (theirs !== ours) {
      const was = `the training in ${directory} has ${name} ${brief(theirs)}`;
      throw new InputError(`Cannot go on with another training: ${was}, and this one ${brief(ours)}.`);
    }
  }
  const { state } = optimizer;
  const fits = numbers.length === state.length && numbers.every(({ length }, i) => length === state[i].size);
  if (!fits || !arePowers(powers) || !isPosition(at, about.count) || at.step !== step) {
    throw new InputError(`The checkpoint of step ${step} in ${directory} is none of a training.`);
  }
  optimizer.powers = powers;
  state.forEach((variable, i) => tf.tidy(() => variable.assign(tf.tensor(numbers[i], variable.shape))));
  return at;
}

function arePowers(powers: unknown): powers is [number, number] {
  return Array.isArray(powers) && powers.length === 2 && powers.every((power) => power >= 0 && power <= 1);
}

/** Whether something is a position that a training on `count` examples can be in. */
function isPosition(at: Partial<Position> | undefined, count: number): at is Position {
  try {
    const { step, epoch, taken, order, noise, sums, history } = at as Position;
    random(order), random(noise); // throw at a state that is none
    const counts = [step, epoch, taken, count - taken, sums.count];
    const losses = [sums, ...history.train, ...history.test].flatMap((l) => [l.loss, l.reconstruction, l.kl]);
    return counts.every((n) => Number.isSafeInteger(n) && n >= 0) && losses.every(Number.isFinite) &&
      epoch === history.train.length + (taken < count ? 1 : 0) &&
      [0, history.train.length].includes(history.test.length);
  } catch {
    return false;
  }
}

/** Two values as JSON; of two lists, the first entries that differ. */
function firstDifference(theirs: unknown, ours: unknown): [string | undefined, string | undefined] {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    const i = ours.findIndex((entry, i) => JSON.stringify(entry) !== JSON.stringify(theirs[i]));
    if (i >= 0) return [JSON.stringify(theirs[i]), JSON.stringify(ours[i])];
  }
  return [JSON.stringify(theirs), JSON.stringify(ours)];
}

/** A value as a message names it. */
function brief(json = "nothing"): string {
  return json.length > 40 ? `${json.slice(0, 40)}…` : json;
}
