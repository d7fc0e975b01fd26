import * as tf from "@tensorflow/tfjs";
import type { Variable } from "../../tensor.ts";
import { notFinite, slopeOf, sumOf } from "./groups.ts";
import type { Optimizer, OptimizerFactory } from "./optimizer.ts";

/** An optimizer of `tf.train`. */
export type TfOptimizer = tf.Optimizer;

/** Those whose `getWeights` gives all that their steps read and change. */
const SHOWN: unknown[] = [
  tf.SGDOptimizer,
  tf.MomentumOptimizer,
  tf.AdagradOptimizer,
  tf.AdadeltaOptimizer,
  tf.RMSPropOptimizer,
];

/**
 * Any optimizer of `tf.train`, or of one's own of that kind.
 *
 * Its own learning rate is that of a training that is given none. Checkpoints can be kept with `sgd`, `momentum`, `adagrad`,
 * `adadelta` and `rmsprop`; the others, `adam` and `adamax` among them, do not show all that they remember, so a training with
 * a checkpoint refuses them: take {@linkcode adam} of this library.
 *
 * @param make Makes the optimizer, a new one for every training.
 * @returns What makes it, for the option `optimizer` of {@linkcode train}, which throws a `TypeError` if what was made is no
 * such optimizer, says no learning rate in its `getConfig()`, or has taken steps before.
 * @example
 * ```ts
 * import { denseVae, loadDigits, negativeElbo, take, tfOptimizer, train, useBackend } from "@vae/steps";
 * import { assert } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 *
 * await useBackend("wasm");
 * const digits = take((await loadDigits()).train, 256);
 * const vae = denseVae({ latent: 2, hidden: 16 });
 * const optimizer = tfOptimizer(() => tf.train.adagrad(0.01));
 * for await (const { loss } of train(negativeElbo(vae), digits, { optimizer })) assert(loss! < 700); // nats an image
 * vae.dispose();
 * ```
 */
export function tfOptimizer(make: () => TfOptimizer): OptimizerFactory {
  return async (variables) => {
    const optimizer = make();
    const { learningRate, ...config } = checkedConfig(optimizer);
    const options = Object.entries(config).filter((entry): entry is [string, number | boolean] =>
      typeof entry[1] === "number" || typeof entry[1] === "boolean"
    );
    let current = learningRate;
    return {
      name: `tf.train's ${optimizer.getClassName()}`,
      options: Object.fromEntries(options),
      rate: learningRate,
      state: await stateOf(optimizer, variables),
      numbers: [],
      step(slopes, rate) {
        if (rate !== current) setRate(optimizer, current = rate);
        optimizer.applyGradients(variables.map((x) => ({ name: x.name, tensor: slopeOf(x, slopes) })));
        return tf.tidy(() => sumOf(variables.map(notFinite)));
      },
      [Symbol.dispose]() {
        optimizer.dispose();
        if ("c" in optimizer) tf.dispose(optimizer.c as tf.Tensor); // momentum's, which tfjs forgets
      },
    } satisfies Optimizer;
  };
}

/** What an optimizer was made with, once it is one that a training can begin with. */
function checkedConfig(optimizer: tf.Optimizer): { learningRate: number; [option: string]: unknown } {
  if (!(optimizer instanceof tf.Optimizer)) {
    throw new TypeError("tfOptimizer takes a function that makes an optimizer of tf.train.");
  }
  if (optimizer.iterations > 0) {
    throw new TypeError(
      "This optimizer has taken steps before: tfOptimizer's function makes a new one for every training.",
    );
  }
  const { learningRate, ...config } = optimizer.getConfig();
  if (typeof learningRate !== "number") {
    throw new TypeError(`${optimizer.getClassName()} says no learningRate in its getConfig().`);
  }
  return { learningRate, ...config };
}

function setRate(optimizer: tf.Optimizer, rate: number): void {
  const { setLearningRate } = optimizer as Partial<tf.SGDOptimizer>; // which momentum has too
  if (setLearningRate) setLearningRate.call(optimizer, rate);
  else Object.assign(optimizer, { learningRate: rate });
}

/** What an optimizer remembers of variables, if it shows all of that. */
async function stateOf(optimizer: tf.Optimizer, variables: readonly Variable[]): Promise<Variable[] | undefined> {
  if (!SHOWN.includes(optimizer.constructor)) return;
  const nothing = variables.map(({ name }) => ({ name, tensor: null as unknown as tf.Tensor }));
  optimizer.applyGradients(nothing); // null is no slope, so nothing moves, but what is remembered is there from now on
  const [iterations, ...remembered] = await optimizer.getWeights();
  iterations?.tensor.dispose();
  return remembered.map(({ tensor }) => tensor as Variable);
}
