import * as tf from "@tensorflow/tfjs";
import { groupedOptimizer, moveGroup } from "./groups.ts";
import { assertEpsilon, assertShares, type OptimizerFactory } from "./optimizer.ts";

/** The options of RMSProp. */
export interface RmspropOptions {
  /** ρ, the decay rate of the running mean of squared gradients, 0.9 by default. */
  decay?: number;
  /** μ, the share of the last step that is added to the next, 0 by default. */
  momentum?: number;
  /** ε, which keeps the denominator above zero; by default that of the backend, which is 1e-7 in float32. */
  epsilon?: number;
}

/**
 * RMSProp (Tieleman and Hinton 2012) adapts the step size of every number to a running mean of its squared gradient.
 *
 * ```math
 * s \leftarrow \rho s + (1 - \rho) g^2, \quad v \leftarrow \mu v + \frac{\eta \, g}{\sqrt{s + \epsilon}}, \quad
 * x \leftarrow x - v
 * ```
 *
 * Because `s` starts at zero and is not corrected for that, the first steps are `1 / √(1 - ρ)` times as long as later
 * ones; by default, about three times. The default learning rate is 1e-3. The results are those of `tf.train.rmsprop`
 * without centring.
 *
 * @returns A factory, for the option `optimizer` of {@linkcode train}.
 * @throws {RangeError} If ρ or μ is not in [0, 1), or ε is not a positive number.
 * @example
 * ```ts
 * import { denseVae, loadDigits, negativeElbo, rmsprop, take, train, useBackend } from "@vae/steps";
 * import { assert } from "@std/assert";
 *
 * await useBackend("wasm");
 * const digits = take((await loadDigits()).train, 256);
 * const vae = denseVae({ latent: 2, hidden: 16 });
 * const optimizer = rmsprop({ decay: 0.99 });
 * for await (const { loss } of train(negativeElbo(vae), digits, { optimizer })) assert(loss! < 700); // nats per image
 * vae.dispose();
 * ```
 */
export function rmsprop({ decay = 0.9, momentum = 0, epsilon }: RmspropOptions = {}): OptimizerFactory {
  assertShares({ decay, momentum });
  assertEpsilon(epsilon);
  return (variables) => {
    const smallest = epsilon ?? tf.backend().epsilon();
    const about = { name: "rmsprop", options: { decay, momentum, epsilon: smallest }, rate: 1e-3 };
    return groupedOptimizer(
      variables,
      about,
      ["square", "velocity"],
      (group, slopes, rate) =>
        moveGroup(group, slopes, (g) => {
          const { square, velocity } = group.means;
          square.assign(square.mul(decay).add(g.square().mul(1 - decay)));
          velocity.assign(velocity.mul(momentum).add(g.mul(rate).div(square.add(smallest).sqrt())));
          return velocity.neg();
        }),
    );
  };
}
