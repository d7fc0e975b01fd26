/**
 * What a training needs to go on as if it had not stopped, kept in a directory.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { EnvironmentError, InputError } from "../../errors.ts";
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
import type { CheckpointOptions } from "../options.ts";
import { isPosition, type Position } from "../position.ts";

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
