import { groupedOptimizer, moveGroup } from "./groups.ts";
import { assertShares, type OptimizerFactory } from "./optimizer.ts";

/** How steps build upon one another. */
export interface SgdOptions {
  /** μ, how much of its velocity a number keeps at each step, 0 by default. */
  momentum?: number;
  /** Whether to look ahead: to move as if the velocity had been kept once more (Nesterov 1983); only with momentum. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent: a step straight down the slope, with momentum (Polyak 1964) if asked for.
 *
 * ```math
 * v \leftarrow \mu v + g, \quad x \leftarrow x - \eta v \quad \text{(Nesterov: } x \leftarrow x - \eta (g + \mu v) \text{)}
 * ```
 *
 * Steps are as long as slopes are steep, and those of a VAE are steep, as its loss is a sum over pixels. Where none is given,
 * the learning rate is 1e-3. With momentum a steady slope counts `1 / (1 - μ)` times. The numbers are those of `tf.train.sgd`
 * and `tf.train.momentum`.
 *
 * @returns What makes it, for the option `optimizer` of {@linkcode train}.
 * @throws {RangeError} If μ is not in [0, 1), or Nesterov's way is asked for without momentum.
 * @example
 * ```ts
 * import { cosine, denseVae, loadDigits, negativeElbo, sgd, take, train, useBackend } from "@vae/steps";
 * import { assert } from "@std/assert";
 *
 * await useBackend("wasm");
 * const digits = take((await loadDigits()).train, 256);
 * const vae = denseVae({ latent: 2, hidden: 16 });
 * const options = { optimizer: sgd({ momentum: 0.9 }), learningRate: cosine(1e-4, 2) }; // two batches of 128
 * for await (const { loss } of train(negativeElbo(vae), digits, options)) assert(loss! < 700); // nats an image
 * vae.dispose();
 * ```
 */
export function sgd({ momentum = 0, nesterov = false }: SgdOptions = {}): OptimizerFactory {
  assertShares({ momentum });
  if (nesterov && momentum === 0) throw new RangeError("An optimizer with nesterov needs a momentum above 0.");
  const about = { name: "sgd", options: { momentum, nesterov }, rate: 1e-3 };
  return (variables) => {
    if (momentum === 0) {
      return groupedOptimizer(
        variables,
        about,
        [],
        (group, slopes, rate) => moveGroup(group, slopes, (g) => g.mul(-rate)),
      );
    }
    return groupedOptimizer(variables, about, ["velocity"], (group, slopes, rate) =>
      moveGroup(group, slopes, (g) => {
        const { velocity } = group.means;
        velocity.assign(velocity.mul(momentum).add(g));
        return (nesterov ? g.add(velocity.mul(momentum)) : velocity).mul(-rate);
      }));
  };
}
