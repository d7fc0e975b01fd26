import * as tf from "@tensorflow/tfjs";
import { ADAM_STEP, type AdamStep } from "../../kernels/adam.ts";
import type { Tensor, Variable } from "../../tensor.ts";
import { type Group, groupedOptimizer, moveGroup, slopeOf, type Slopes } from "./groups.ts";
import { assertEpsilon, assertShares, type Optimizer, type OptimizerFactory } from "./optimizer.ts";

/** How Adam averages. */
export interface AdamOptions {
  /** β₁, how much of the running mean of slopes each step keeps, 0.9 by default. */
  beta1?: number;
  /** β₂, the same for the running mean of their squares, 0.999 by default. */
  beta2?: number;
  /** ε, what keeps the denominator from zero; by default the backend's, 1e-7 where it has 32 bits a number. */
  epsilon?: number;
}

/**
 * Adam (Kingma and Ba 2014): every number takes steps of its own size, from running means of its slope and of its slope's
 * square. The optimizer that {@linkcode train} takes where none is named, with a learning rate of 1e-3.
 *
 * ```math
 * m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
 * x \leftarrow x - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}
 * ```
 *
 * It has the numbers of `tf.train.adam`, up to rounding, and takes one pass over each variable where the backend has a kernel
 * for it.
 *
 * @returns What makes it, for the option `optimizer` of {@linkcode train}.
 * @throws {RangeError} If β₁ or β₂ is not in [0, 1), or ε is not a positive number.
 * @example
 * ```ts
 * import { adam, denseVae, loadDigits, negativeElbo, take, train, useBackend } from "@vae/steps";
 * import { assert } from "@std/assert";
 *
 * await useBackend("wasm");
 * const digits = take((await loadDigits()).train, 256);
 * const vae = denseVae({ latent: 2, hidden: 16 });
 * const optimizer = adam({ beta1: 0.5 }); // forgets slopes sooner
 * for await (const { loss } of train(negativeElbo(vae), digits, { optimizer })) assert(loss! < 700); // nats an image
 * vae.dispose();
 * ```
 */
export function adam({ beta1 = 0.9, beta2 = 0.999, epsilon }: AdamOptions = {}): OptimizerFactory {
  assertShares({ beta1, beta2 });
  assertEpsilon(epsilon);
  return (variables) => withPowers(variables, { beta1, beta2, epsilon: epsilon ?? tf.backend().epsilon() });
}

/** Adam of some variables. */
function withPowers(variables: readonly Variable[], options: Required<AdamOptions>): Optimizer {
  const { beta1, beta2 } = options;
  let powers: [number, number] = [1, 1]; // β₁ᵗ and β₂ᵗ, multiplied up in float32 as tfjs does: `**` has other last bits
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
        throw new RangeError(`The powers of Adam's β₁ and β₂ are in [0, 1], not ${power1} and ${power2}.`);
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

/** Moves a variable by the kernel; returns 0 if it is finite everywhere. */
function moveByKernel(x: Variable, { m, v }: Means, slopes: Slopes, how: AdamStep): Tensor {
  const attributes = how as unknown as tf.NamedAttrMap;
  const outputs = tf.engine().runKernel(ADAM_STEP, { x, m, v, g: slopeOf(x, slopes) }, attributes);
  const [to, finite] = outputs as unknown as [Tensor, Tensor]; // the kernel's own two
  x.assign(to);
  return finite;
}

/** Takes in slopes, by the operations of tfjs; returns how far to move. */
function moved({ m, v }: Means, g: Tensor, how: AdamStep): Tensor {
  const { rate, beta1, beta2, correction1, correction2, epsilon } = how;
  m.assign(m.mul(beta1).add(g.mul(1 - beta1)));
  v.assign(v.mul(beta2).add(g.square().mul(1 - beta2)));
  return m.div(correction1).div(v.div(correction2).sqrt().add(epsilon)).mul(-rate);
}
