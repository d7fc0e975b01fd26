/**
 * The training loop: the library takes the steps, and the caller inspects, prints and stops.
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
 * Trains by gradient descent on the mean loss of each batch, with Adam by default.
 *
 * Every epoch takes the examples in a new order. The same seed on the same backend gives the same numbers. The noise of
 * the evaluation is the same in every epoch.
 *
 * To stop early, leave the loop. Only the model remains and, if they are enabled, a checkpoint. A training run that is
 * resumed from it continues bit for bit as if it had not stopped, and starts with the record of the step at which it
 * resumes. Another number of workers, or a machine with another build of the kernels, changes the numbers by rounding,
 * and `warn` is told. Losses that have not been read are read when the loop is left: `break` throws if one of them is
 * not finite, but an error of your own is not replaced.
 *
 * Every call starts a new training run, with a new optimizer and, unless you give it another `seed`, the same order and
 * noise as the call before. To do something after each epoch, do it in the loop when `epochEnds` is true. If you call
 * this function once per epoch instead, give each call its own seed.
 *
 * @param objective The objective to minimise.
 * @param examples The examples to train on, with labels if the objective uses them.
 * @returns A generator that yields a record after every step.
 * @throws {RangeError} At the first step, if an option is out of range, or there are no examples.
 * @throws {InputError} If a loss, a gradient or a weight is no longer finite, or the objective does not take such an
 * example; the message names the step. Also if the checkpoint belongs to a different training run.
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
  // Its names are those of the objective.
  const record = (...of: Parameters<typeof training.record>) => training.record(...of) as Step<Part | Metric>;
  if (training.at.step > 0) yield record(training.taken);
  let left = false; // whether the caller has left the loop
  try {
    while (!training.over) {
      for (const indices of training.epoch()) {
        await training.step(indices);
        const losses = await training.settle();
        await nextTurn();
        left = true; // unless the caller asks for the next step
        yield record(indices.length, losses);
        left = false;
      }
    }
  } finally {
    if (left) await training.keep();
  }
}
