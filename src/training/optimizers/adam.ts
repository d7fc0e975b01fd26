import * as tf from "@tensorflow/tfjs";
import { ADAM_STEP, type AdamStep } from "../../kernels/adam.ts";
import type { Tensor, Variable } from "../../tensor.ts";
import { type Group, groupedOptimizer, moveGroup, slopeOf, type Slopes } from "./groups.ts";
import { assertEpsilon, assertShares, type Optimizer, type OptimizerFactory } from "./optimizer.ts";

/** The options of Adam. */
export interface AdamOptions {
  /** β₁, the decay rate of the running mean of gradients, 0.9 by default. */
  beta1?: number;
  /** β₂, the decay rate of the running mean of squared gradients, 0.999 by default. */
  beta2?: number;
  /** ε, which keeps the denominator above zero; by default that of the backend, which is 1e-7 in float32. */
  epsilon?: number;
}

/**
 * Adam (Kingma and Ba 2014) adapts the step size of every number to running means of its gradient and of its squared
 * gradient. It is the default optimizer of {@linkcode train}, with a default learning rate of 1e-3.
 *
 * ```math
 * m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
 * x \leftarrow x - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}
 * ```
 *
 * The results are those of `tf.train.adam`, up to rounding. If the backend has a kernel for it, each step makes only
 * one pass over each variable.
 *
 * @returns A factory, for the option `optimizer` of {@linkcode train}.
 * @throws {RangeError} If β₁ or β₂ is not in [0, 1), or ε is not a positive number.
 * @example
 * ```ts
 * import { adam, denseVae, loadDigits, negativeElbo, take, train, useBackend } from "@vae/steps";
 * import { assert } from "@std/assert";
 *
 * await useBackend("wasm");
 * const digits = take((await loadDigits()).train, 256);
 * const vae = denseVae({ latent: 2, hidden: 16 });
 * const optimizer = adam({ beta1: 0.5 }); // a shorter memory of gradients
 * for await (const { loss } of train(negativeElbo(vae), digits, { optimizer })) assert(loss! < 700); // nats per image
 * vae.dispose();
 * ```
 */
export function adam({ beta1 = 0.9, beta2 = 0.999, epsilon }: AdamOptions = {}): OptimizerFactory {
  assertShares({ beta1, beta2 });
  assertEpsilon(epsilon);
  return (variables) => withPowers(variables, { beta1, beta2, epsilon: epsilon ?? tf.backend().epsilon() });
}

/** Makes Adam for some variables. */
function withPowers(variables: readonly Variable[], options: Required<AdamOptions>): Optimizer {
  const { beta1, beta2 } = options;
  // Β₁ᵗ and β₂ᵗ as running products in float32, as in tfjs; `**` would round differently.
  let powers: [number, number] = [1, 1];
  const about = { name: "adam", options: { ...options }, rate: 1e-3 };
  const optimizer = groupedOptimizer(variables, about, ["m", "v"], (group, slopes, rate) => {
    const [correction1, correction2] = [Math.fround(1 - powers[0]), Math.fround(1 - powers[1])];
    const how = { ...options, rate, correction1, correction2 };
    const [x, ...others] = group.xs;
    return x && others.length === 0 && hasKernel()
      ? moveByKernel(x, group.means, slopes, how)
      : moveGroup(group, slopes, (g) => moved(group.means, g, how));
  });
  return {
    ...optimizer,
    get numbers() {
      return powers;
    },
    set numbers([power1 = NaN, power2 = NaN]) {
      if (![power1, power2].every((power) => power >= 0 && power <= 1)) {
        throw new RangeError(`The powers of Adam's β₁ and β₂ must be in [0, 1], not ${power1} and ${power2}.`);
      }
      powers = [power1, power2];
    },
    step(slopes, rate) {
      powers = [Math.fround(powers[0] * beta1), Math.fround(powers[1] * beta2)];
      return optimizer.step(slopes, rate);
    },
  };
}

type Means = Group<"m" | "v">["means"];

function hasKernel(): boolean {
  return tf.getKernel(ADAM_STEP, tf.getBackend()) !== undefined;
}

/** Updates a variable with the kernel; returns a scalar that is 0 if it is finite afterwards, otherwise NaN. */
function moveByKernel(x: Variable, { m, v }: Means, slopes: Slopes, how: AdamStep): Tensor {
  const attributes = how as unknown as tf.NamedAttrMap;
  const outputs = tf.engine().runKernel(ADAM_STEP, { x, m, v, g: slopeOf(x, slopes) }, attributes);
  const [to, finite] = outputs as unknown as [Tensor, Tensor]; // the kernel has two outputs
  x.assign(to);
  return finite;
}

/** Updates the running means with operations of tfjs, and returns the change of each number. */
function moved({ m, v }: Means, g: Tensor, how: AdamStep): Tensor {
  const { rate, beta1, beta2, correction1, correction2, epsilon } = how;
  m.assign(m.mul(beta1).add(g.mul(1 - beta1)));
  v.assign(v.mul(beta2).add(g.square().mul(1 - beta2)));
  return m.div(correction1).div(v.div(correction2).sqrt().add(epsilon)).mul(-rate);
}
