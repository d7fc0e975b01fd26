/**
 * What a training needs to go on as if it had not stopped, kept in a directory.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { EnvironmentError, InputError } from "../../errors.ts";
import type { Variable } from "../../tensor.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
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
import { type CheckpointOptions, rateAt } from "../options.ts";
import { isPosition, type Position } from "../position.ts";

/** Keeps a training's checkpoints, and has their directory for itself. */
export class Checkpointer {
  /** Where the training was that it goes on with. */
  readonly position: Position | undefined;
  readonly #files: CheckpointDirectory;
  readonly #variables: readonly Variable[];
  readonly #optimizer: Optimizer;
  readonly #fingerprintAt: (step: number) => Fingerprint;
  readonly #every: number;
  readonly #warn: (sentence: string) => void;
  #newest: number | undefined;
  /** Why the last checkpoint was not written, if it was not. */
  #failure: string | undefined;

  private constructor(
    files: CheckpointDirectory,
    variables: readonly Variable[],
    optimizer: Optimizer,
    fingerprintAt: (step: number) => Fingerprint,
    options: CheckpointOptions,
  ) {
    const { directory, every = 100, warn, resume } = options;
    this.#files = files;
    this.#variables = variables;
    this.#optimizer = optimizer;
    this.#fingerprintAt = fingerprintAt;
    this.#every = every;
    this.#newest = files.found?.step;
    this.#warn = warn;
    files.passedOver.forEach((sentence) => warn(sentence));
    if (files.found) {
      const fingerprint = fingerprintAt(files.found.step);
      const { at, ...found } = restore(files.found, { variables, optimizer }, fingerprint, directory);
      this.position = at;
      warn(resumeNotice(at.step, found, fingerprint));
    } else if (resume) warn(`There is no checkpoint in ${directory}: training begins with step 1.`);
  }

  /**
   * Opens a directory, and puts back the weights, and what the optimizer remembers, of the newest checkpoint there.
   *
   * @throws {InputError} If it holds something else, or the checkpoint is of another training, or none is whole; or if the
   * optimizer does not show what it remembers.
   * @throws {EnvironmentError} If a permission is missing.
   */
  static async open(
    options: CheckpointOptions,
    optimizer: Optimizer,
    training: TrainingIdentity,
  ): Promise<Checkpointer> {
    const { name, state } = optimizer;
    if (!state) {
      throw new InputError(
        `A checkpoint holds all that an optimizer remembers, which ${name} does not show: use adam, sgd or rmsprop of this library, or train without a checkpoint.`,
      );
    }
    const { objective } = training;
    const variables = [...objective.variables, ...objective.state ?? [], ...state];
    const fingerprint = await fingerprintOf(training, optimizer, variables);
    const { how } = fingerprint;
    const fingerprintAt = (step: number) => {
      const at = Math.max(1, step); // before the first step, the first one's
      const knobs = objective.knobs?.(at) ?? {};
      return { ...fingerprint, how: { ...how, learningRate: rateAt(training.learningRate, at), knobs } };
    };
    const files = await CheckpointDirectory.open(options.directory, options.resume ?? false);
    try {
      return new Checkpointer(files, variables, optimizer, fingerprintAt, options);
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
   * reason differs, or a checkpoint was written.
   */
  async keep(at: Position): Promise<void> {
    if (this.#newest === at.step) return;
    const numbers = await Promise.all(this.#variables.map((x) => x.data() as Promise<Float32Array>));
    try {
      const facts: Fingerprint & Standing = { ...this.#fingerprintAt(at.step), optimizer: this.#optimizer.numbers, at };
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
  optimizer: readonly number[];
  at: Position;
}

/** Puts weights, and what the optimizer remembers, back, and returns where the training was, how it had come there, and with which networks. */
function restore(
  { step, facts, numbers }: Checkpoint,
  { variables, optimizer }: { variables: readonly Variable[]; optimizer: Optimizer },
  wanted: Fingerprint,
  directory: string,
): { at: Position } & Pick<Fingerprint, "how" | "recipe"> {
  const found = (facts ?? {}) as Partial<Fingerprint & Standing>;
  const other = mismatch(found, wanted, directory);
  if (other) throw new InputError(`Cannot resume a different training: ${other}.`);
  const { how, at } = found;
  const fits = numbers.length === variables.length && numbers.every(({ length }, i) => length === variables[i]?.size);
  const whole = fits && isConditions(how) && isPosition(at, wanted.about.count) && at.step === step;
  if (!whole || !remembers(optimizer, found.optimizer)) {
    throw new InputError(`The checkpoint of step ${step} in ${directory} is not one of a training.`);
  }
  variables.forEach((variable, i) => tf.tidy(() => variable.assign(tf.tensor(numbers[i]!, variable.shape)))); // they fit
  return { at, how, ...(found.recipe && { recipe: found.recipe }) };
}

/** Gives an optimizer its numbers back, if they can be its own. */
function remembers(optimizer: Optimizer, numbers: unknown): boolean {
  if (!Array.isArray(numbers) || numbers.length !== optimizer.numbers.length) return false;
  if (!numbers.every(Number.isFinite)) return false;
  try {
    optimizer.numbers = numbers;
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
