import { groupedOptimizer, moveGroup } from "./groups.ts";
import { assertShares, type OptimizerFactory } from "./optimizer.ts";

/** The options of stochastic gradient descent. */
export interface SgdOptions {
  /** μ, the share of the velocity that each step keeps, 0 by default. */
  momentum?: number;
  /** Whether to use Nesterov's momentum (Nesterov 1983), false by default. It requires `momentum`. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent, optionally with momentum (Polyak 1964).
 *
 * ```math
 * v \leftarrow \mu v + g, \quad x \leftarrow x - \eta v \quad \text{(Nesterov: } x \leftarrow x - \eta (g + \mu v) \text{)}
 * ```
 *
 * Steps are proportional to gradients, and those of a VAE are large, because its loss is a sum over pixels. The default
 * learning rate is 1e-3. Momentum multiplies the effect of a constant gradient by `1 / (1 - μ)`. The results are those
 * of `tf.train.sgd` and `tf.train.momentum`.
 *
 * @returns A factory, for the option `optimizer` of {@linkcode train}.
 * @throws {RangeError} If μ is not in [0, 1), or `nesterov` is true without momentum.
 * @example
 * ```ts
 * import { cosine, denseVae, loadDigits, negativeElbo, sgd, take, train, useBackend } from "@vae/steps";
 * import { assert } from "@std/assert";
 *
 * await useBackend("wasm");
 * const digits = take((await loadDigits()).train, 256);
 * const vae = denseVae({ latent: 2, hidden: 16 });
 * const options = { optimizer: sgd({ momentum: 0.9 }), learningRate: cosine(1e-4, 2) }; // two batches of 128
 * for await (const { loss } of train(negativeElbo(vae), digits, options)) assert(loss! < 700); // nats per image
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
