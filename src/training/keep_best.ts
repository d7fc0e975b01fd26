import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Tensor, Variable } from "../tensor.ts";
import { assertCounts } from "./options.ts";
import type { Step } from "./step.ts";

/** When {@linkcode keepBest} stops. */
export interface KeepBestOptions {
  /** How many epochs in a row may pass without a new best one; unlimited by default. */
  patience?: number;
}

/** Something with weights: a model, or an objective with its state. */
export interface Weights {
  /** The variables that training changes with gradients. */
  readonly variables: readonly Variable[];
  /** The variables that training changes in other ways. */
  readonly state?: readonly Variable[];
}

/**
 * Restores the best weights at the end of training: those after the epoch with the lowest held-out loss.
 *
 * They are restored however training ends: after all epochs, after `patience` epochs in a row that were not better than
 * the best, when you leave the loop, or when training fails. If no epoch has ended, the weights stay as they are. A
 * resumed run knows no weights from before it was resumed, so it chooses among the epochs since. Checkpoints hold the
 * weights of their steps, not the best weights.
 *
 * @param training The result of {@linkcode train}, with held-out examples.
 * @param model The model that is trained, or its objective. The best weights take as much memory again.
 * @returns A generator of the same steps.
 * @throws {RangeError} At the first step, if `patience` is not a whole number of at least 1.
 * @throws {InputError} At the first step, if training has no held-out examples.
 * @example
 * ```ts
 * import { denseVae, evaluate, keepBest, loadDigits, negativeElbo, take, train, useBackend } from "@vae/steps";
 * import { assert } from "@std/assert";
 *
 * await useBackend("wasm");
 * const digits = await loadDigits();
 * const [few, heldOut] = [take(digits.train, 64), take(digits.test, 64)];
 * const vae = denseVae({ latent: 2, hidden: 64 });
 * const objective = negativeElbo(vae);
 * const losses: number[] = [];
 * const training = train(objective, few, { heldOut, epochs: 20, learningRate: 0.01 }); // soon overfits
 * for await (const { epochEnds, history } of keepBest(training, vae, { patience: 3 })) {
 *   if (epochEnds) losses.push(history.test.at(-1)!.loss);
 * }
 * assert((await evaluate(objective, heldOut)).loss === Math.min(...losses));
 * vae.dispose();
 * ```
 */
export async function* keepBest<S extends Step>(
  training: AsyncIterable<S>,
  model: Weights,
  { patience = Infinity }: KeepBestOptions = {},
): AsyncGenerator<S, void, void> {
  if (patience !== Infinity) assertCounts({ patience });
  const variables = [...model.variables, ...model.state ?? []];
  const best = { loss: Infinity, weights: [] as Tensor[], age: 0 };
  try {
    for await (const step of training) {
      if (!step.judged) throw new InputError("keepBest needs held-out examples: give train the option heldOut.");
      const loss = step.history.test.at(-1)?.loss ?? Infinity;
      if (step.epochEnds && loss < best.loss) {
        tf.dispose(best.weights);
        // Shares its data until the variable changes.
        const weights = variables.map((variable) => tf.keep(variable.clone()));
        Object.assign(best, { loss, weights, age: 0 });
      } else if (step.epochEnds) best.age++;
      yield step;
      if (best.age >= patience) return;
    }
  } finally {
    best.weights.forEach((weights, i) => variables[i]?.assign(weights));
    tf.dispose(best.weights);
  }
}
