/**
 * Writes and restores everything that a training run needs to continue as if it had not stopped.
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

/** Writes the checkpoints of a training run, and holds their directory exclusively. */
export class Checkpointer {
  /** The position of the training run that is resumed; `undefined` if none is. */
  readonly position: Position | undefined;
  readonly #files: CheckpointDirectory;
  readonly #variables: readonly Variable[];
  readonly #optimizer: Optimizer;
  readonly #fingerprintAt: (step: number) => Fingerprint;
  readonly #every: number;
  readonly #warn: (sentence: string) => void;
  #newest: number | undefined;
  /** Why the last checkpoint could not be written; `undefined` if it was. */
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
    } else if (resume) warn(`There is no checkpoint in ${directory}: training starts at step 1.`);
  }

  /**
   * Opens a directory, and restores the weights and the optimizer's state from the newest intact checkpoint there.
   *
   * @throws {InputError} If the directory holds other files and no checkpoint, if the checkpoint belongs to a different
   * training run, if none is intact, or if the optimizer does not expose its state.
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
        `A checkpoint needs the whole state of the optimizer, which ${name} does not expose: use adam, sgd or rmsprop of this library, or train without checkpoints.`,
      );
    }
    const { objective } = training;
    const variables = [...objective.variables, ...objective.state ?? [], ...state];
    const fingerprint = await fingerprintOf(training, optimizer, variables);
    const { how } = fingerprint;
    const fingerprintAt = (step: number) => {
      const at = Math.max(1, step); // before the first step, use the values of the first step
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

  /** Whether a checkpoint is due after this step. */
  due(step: number): boolean {
    return step % this.#every === 0;
  }

  /**
   * Writes a checkpoint unless this step has one. If writing fails, training continues and the failure is reported:
   * once, until the reason changes or a checkpoint is written.
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
      // Unlike the message, the code is the same for all steps.
      const reason = (error.cause as { code?: string } | undefined)?.code ?? error.message;
      if (reason !== this.#failure) this.#warn(`${error.message} Training continues without it.`);
      this.#failure = reason;
    }
  }

  /** Releases the directory. */
  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }
}

/** What a checkpoint records about its step. */
interface Standing {
  optimizer: readonly number[];
  at: Position;
}

/**
 * Restores the variables and the optimizer's state, and returns the position of the training run with its conditions
 * and its recipe.
 */
function restore(
  { step, facts, numbers }: Checkpoint,
  { variables, optimizer }: { variables: readonly Variable[]; optimizer: Optimizer },
  wanted: Fingerprint,
  directory: string,
): { at: Position } & Pick<Fingerprint, "how" | "recipe"> {
  const found = (facts ?? {}) as Partial<Fingerprint & Standing>;
  const other = mismatch(found, wanted, directory);
  if (other) throw new InputError(`Cannot resume a different training run: ${other}.`);
  const { how, at } = found;
  const fits = numbers.length === variables.length && numbers.every(({ length }, i) => length === variables[i]?.size);
  const whole = fits && isConditions(how) && isPosition(at, wanted.about.count) && at.step === step;
  if (!whole || !remembers(optimizer, found.optimizer)) {
    throw new InputError(`The checkpoint of step ${step} in ${directory} does not describe a training run.`);
  }
  // Their sizes were checked.
  variables.forEach((variable, i) => tf.tidy(() => variable.assign(tf.tensor(numbers[i]!, variable.shape))));
  return { at, how, ...(found.recipe && { recipe: found.recipe }) };
}

/** Restores an optimizer's numbers, if they are valid. */
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
