import * as tf from "@tensorflow/tfjs";
import type { Variable } from "../../tensor.ts";
import { notFinite, slopeOf, sumOf } from "./groups.ts";
import type { Optimizer, OptimizerFactory } from "./optimizer.ts";

/** An optimizer of `tf.train`. */
export type TfOptimizer = tf.Optimizer;

/** The optimizers whose `getWeights` returns everything that their steps read and change. */
const SHOWN: unknown[] = [
  tf.SGDOptimizer,
  tf.MomentumOptimizer,
  tf.AdagradOptimizer,
  tf.AdadeltaOptimizer,
  tf.RMSPropOptimizer,
];

/**
 * Uses an optimizer of `tf.train`, or a custom one of that kind.
 *
 * Its learning rate is the default for training. Checkpoints work with `sgd`, `momentum`, `adagrad`, `adadelta` and
 * `rmsprop`. The others, including `adam` and `adamax`, do not expose their whole state, so training with checkpoints
 * refuses them: use {@linkcode adam} of this library instead.
 *
 * @param make Makes a new optimizer for every training run.
 * @returns A factory, for the option `optimizer` of {@linkcode train}. It throws a `TypeError` if the result of `make`
 * is not such an optimizer, has no learning rate in its `getConfig()`, or has taken steps before.
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
 * for await (const { loss } of train(negativeElbo(vae), digits, { optimizer })) assert(loss! < 700); // nats per image
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
        if ("c" in optimizer) tf.dispose(optimizer.c as tf.Tensor); // a tensor of momentum's that tfjs does not dispose
      },
    } satisfies Optimizer;
  };
}

/** Checks that training can start with an optimizer, and returns its configuration. */
function checkedConfig(optimizer: tf.Optimizer): { learningRate: number; [option: string]: unknown } {
  if (!(optimizer instanceof tf.Optimizer)) {
    throw new TypeError("tfOptimizer needs a function that makes an optimizer of tf.train.");
  }
  if (optimizer.iterations > 0) {
    throw new TypeError(
      "This optimizer has taken steps before: tfOptimizer's function must make a new one for every training run.",
    );
  }
  const { learningRate, ...config } = optimizer.getConfig();
  if (typeof learningRate !== "number") {
    throw new TypeError(`The getConfig() of ${optimizer.getClassName()} has no learningRate.`);
  }
  return { learningRate, ...config };
}

function setRate(optimizer: tf.Optimizer, rate: number): void {
  const { setLearningRate } = optimizer as Partial<tf.SGDOptimizer>; // inherited by momentum
  if (setLearningRate) setLearningRate.call(optimizer, rate);
  else Object.assign(optimizer, { learningRate: rate });
}

/** The state of an optimizer for some variables, if it exposes all of it. */
async function stateOf(optimizer: tf.Optimizer, variables: readonly Variable[]): Promise<Variable[] | undefined> {
  if (!SHOWN.includes(optimizer.constructor)) return;
  const nothing = variables.map(({ name }) => ({ name, tensor: null as unknown as tf.Tensor }));
  optimizer.applyGradients(nothing); // a null gradient moves nothing, but creates the optimizer's state
  const [iterations, ...remembered] = await optimizer.getWeights();
  iterations?.tensor.dispose();
  return remembered.map(({ tensor }) => tensor as Variable);
}
