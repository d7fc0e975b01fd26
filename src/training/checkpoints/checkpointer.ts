/**
 * What a training needs to go on as if it had not stopped, kept in a directory.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { EnvironmentError, InputError } from "../../errors.ts";
import { random, type RandomState } from "../../random.ts";
import type { Adam } from "../adam.ts";
import type { Checkpoint } from "./file.ts";
import { CheckpointDirectory } from "./directory.ts";
import {
  type Fingerprint,
  fingerprintOf,
  isConditions,
  mismatch,
  resumeNotice,
  type TrainingIdentity,
} from "./fingerprint.ts";
import type { Losses, Sums } from "../batch_report.ts";

/** How to keep checkpoints. */
export interface CheckpointOptions {
  /** A directory of the training's own; made if it is not there. The last two checkpoints stay in it. */
  directory: string;
  /** Write one every so many steps, 100 by default; and at the start, where an epoch ends, and when the loop is left. */
  every?: number;
  /**
   * Is told, in a sentence, what goes wrong without ending the training: a checkpoint that is damaged, or not written; and,
   * where `resume` is true, from where the training goes on.
   */
  warn(sentence: string): void;
  /**
   * Go on from the newest one there, if there is any; else, and by default, a directory that has one is refused. Epochs, the
   * learning rate and the workers may be others than before; all else is the same, or refused (of an objective of one's own,
   * the shapes of its variables are all that can be compared).
   */
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

/** Keeps a training's checkpoints, and has their directory for itself. */
export class Checkpointer {
  /** Where the training was that it goes on with. */
  readonly position?: Position;
  readonly #files: CheckpointDirectory;
  readonly #optimizer: Adam;
  readonly #fingerprint: Fingerprint;
  readonly #every: number;
  readonly #warn: (sentence: string) => void;
  #newest?: number;
  /** Why the last checkpoint was not written, if it was not. */
  #failure?: string;

  private constructor(
    files: CheckpointDirectory,
    optimizer: Adam,
    fingerprint: Fingerprint,
    options: CheckpointOptions,
  ) {
    const { directory, every = 100, warn, resume } = options;
    this.#files = files;
    this.#optimizer = optimizer;
    this.#fingerprint = fingerprint;
    this.#every = every;
    this.#newest = files.found?.step;
    this.#warn = warn;
    files.passedOver.forEach((sentence) => warn(sentence));
    if (files.found) {
      const { at, ...found } = restore(files.found, optimizer, fingerprint, directory);
      this.position = at;
      warn(resumeNotice(at.step, found, fingerprint));
    } else if (resume) warn(`There is no checkpoint in ${directory}: training begins with step 1.`);
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
    training: TrainingIdentity,
  ): Promise<Checkpointer> {
    const fingerprint = await fingerprintOf(training, optimizer);
    const files = await CheckpointDirectory.open(options.directory, options.resume ?? false);
    try {
      return new Checkpointer(files, optimizer, fingerprint, options);
    } catch (error) {
      files[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether it is time for a checkpoint. */
  due(step: number): boolean {
    return step % this.#every === 0;
  }

  /**
   * Writes a checkpoint, if this step has none. Where that fails, the training goes on, and somebody is told: once, until the
   * reason is another, or a checkpoint was written.
   */
  async keep(at: Position): Promise<void> {
    if (this.#newest === at.step) return;
    const numbers = await Promise.all(this.#optimizer.state.map((x) => x.data() as Promise<Float32Array>));
    try {
      const facts: Fingerprint & Standing = { ...this.#fingerprint, powers: this.#optimizer.powers, at };
      await this.#files.save({ step: at.step, facts, numbers });
      this.#newest = at.step;
      this.#failure = undefined;
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      const reason = (error.cause as { code?: string } | undefined)?.code ?? error.message; // the code names no step
      if (reason !== this.#failure) this.#warn(`${error.message} Training goes on without it.`);
      this.#failure = reason;
    }
  }

  /** Lets others have the directory. */
  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }
}

/** What a checkpoint says of a training at its step. */
interface Standing {
  powers: [number, number];
  at: Position;
}

/** Puts weights and moments back, and returns where the training was, how it had come there, and with which networks. */
function restore(
  { step, facts, numbers }: Checkpoint,
  optimizer: Adam,
  wanted: Fingerprint,
  directory: string,
): { at: Position } & Pick<Fingerprint, "how" | "networks"> {
  const found = (facts ?? {}) as Partial<Fingerprint & Standing>;
  const other = mismatch(found, wanted, directory);
  if (other) throw new InputError(`Cannot go on with another training: ${other}.`);
  const { how, powers, at } = found;
  const { state } = optimizer;
  const fits = numbers.length === state.length && numbers.every(({ length }, i) => length === state[i].size);
  if (!fits || !isConditions(how) || !arePowers(powers) || !isPosition(at, wanted.about.count) || at.step !== step) {
    throw new InputError(`The checkpoint of step ${step} in ${directory} is none of a training.`);
  }
  optimizer.powers = powers;
  state.forEach((variable, i) => tf.tidy(() => variable.assign(tf.tensor(numbers[i], variable.shape))));
  return { at, how, networks: found.networks };
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
