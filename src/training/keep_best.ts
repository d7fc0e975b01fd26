import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Tensor, Variable } from "../tensor.ts";
import { assertCounts } from "./options.ts";
import type { Step } from "./step.ts";

/** When to stop. */
export interface KeepBestOptions {
  /** How many epochs in a row may pass without a better one than all before; any number by default. */
  patience?: number;
}

/** What holds weights: a model, or an objective with the state that it has beside them. */
export interface Weights {
  /** What training changes by gradients. */
  readonly variables: readonly Variable[];
  /** What training changes otherwise. */
  readonly state?: readonly Variable[];
}

/**
 * A training that ends with its best weights: those after the epoch whose held-out loss was the lowest.
 *
 * They are put back when it ends, however it ends: when all epochs are over, when `patience` epochs in a row were no better
 * than the best, when you leave the loop, or when the training fails. Before the first epoch has ended there are none, and the
 * weights stay as they are. A resumed training knows no weights of the epochs before: the best is then among those since. Its
 * checkpoints hold the weights of their steps, not the best.
 *
 * @param training The steps of {@linkcode train}, with held-out examples.
 * @param model The model that is trained, or the objective; the best weights are a second copy of its own.
 * @returns The same steps.
 * @throws {RangeError} At the first step, if `patience` is not a whole number of at least 1.
 * @throws {InputError} At the first step, if the training has no held-out examples.
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
 * const training = train(objective, few, { heldOut, epochs: 20, learningRate: 0.01 }); // soon knows them by heart
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
      if (!step.judged) throw new InputError("keepBest needs examples to judge by: give train the option heldOut.");
      const loss = step.history.test.at(-1)?.loss ?? Infinity;
      if (step.epochEnds && loss < best.loss) {
        tf.dispose(best.weights);
        const weights = variables.map((variable) => tf.keep(variable.clone())); // shares its numbers until that moves on
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
