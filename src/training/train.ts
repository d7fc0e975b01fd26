/**
 * The training loop: the core steps, the caller looks, prints and stops.
 *
 * @module
 */
import type { Examples } from "../data/examples.ts";
import type { Objective } from "../objectives/objective.ts";
import { nextTurn } from "./next_turn.ts";
import type { TrainOptions } from "./options.ts";
import type { Step } from "./step.ts";
import { Training } from "./training.ts";

export type { CheckpointOptions, TrainOptions } from "./options.ts";
export type { History, Progress, Step } from "./step.ts";

/**
 * Trains by gradient descent, with Adam unless told otherwise, an example's loss averaged over its batch.
 *
 * Every epoch takes the examples in a new order. The same seed on the same backend gives the same numbers; the noise of
 * the evaluation is the same in every epoch. Stop early by leaving the loop: nothing is left behind but the model, and a
 * checkpoint where they are kept. A training resumed from it goes on to the bit as if it had not stopped, and begins with the
 * record of the step that it goes on from; another number of workers, or a machine that runs another build of the kernels,
 * makes a difference by rounding, and `warn` is told. Losses that are not read yet are read
 * when the loop is left: `break` ends in the error of one that is not a number, and an error of your own stays that error.
 *
 * Every call is a training of its own, with a new optimizer and, unless it is given another `seed`, the same order and noise
 * as the call before. What is to be done after each epoch is best done in the loop, where `epochEnds` is true; to train once
 * per epoch all the same, give each call its own seed.
 *
 * @param objective What to minimise.
 * @param examples What to train on; labels travel with them, for an objective that has a use for them.
 * @returns A record after every step.
 * @throws {RangeError} At the first step, if an option is not a sensible number, or there are no examples.
 * @throws {InputError} If a loss, a gradient or a weight is no longer a finite number, or an example is not what the
 * objective takes (the message names the step); or if the checkpoint is of another training.
 * @throws {EnvironmentError} If a worker dies or hangs, or a permission is missing.
 * @example
 * ```ts ignore
 * for await (const { epochEnds, history } of train(negativeElbo(vae), digits.train, { heldOut: digits.test })) {
 *   if (epochEnds) console.log(history.test.at(-1));
 * }
 * ```
 */
export async function* train<Part extends string, Metric extends string = never>(
  objective: Objective<Part, Metric>,
  examples: Examples,
  options: TrainOptions = {},
): AsyncGenerator<Step<Part | Metric>, void, void> {
  using held = new DisposableStack();
  const training = await Training.begin(objective, examples, options, held);
  const record = (...of: Parameters<typeof training.record>) => training.record(...of) as Step<Part | Metric>; // whose names they are
  if (training.at.step > 0) yield record(training.taken);
  let left = false; // whether the caller has left the loop
  try {
    while (!training.over) {
      for (const indices of training.epoch()) {
        await training.step(indices);
        const losses = await training.settle();
        await nextTurn();
        left = true; // unless the caller comes back
        yield record(indices.length, losses);
        left = false;
      }
    }
  } finally {
    if (left) await training.keep();
  }
}
