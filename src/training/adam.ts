/**
 * Adam (Kingma and Ba 2014): every parameter takes steps of its own size, from running means of its slope and of its
 * slope's square.
 *
 * ```math
 * m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
 * x \leftarrow x - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}
 * ```
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { ADAM_STEP, type AdamStep } from "../kernels/adam.ts";
import type { Tensor, Variable } from "../tensor.ts";

/** An optimiser with the numbers of `tf.train.adam`, in one pass over each parameter where the backend has a kernel for it. */
export class Adam {
  #rate: number;
  /** β₁ᵗ and β₂ᵗ, multiplied up in float32 as in tfjs. */
  #powers: [number, number] = [1, 1];
  #moments = new Map<Variable, { m: Variable; v: Variable }>();

  /** Starts with a step size, and no moments yet. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Takes a step along `grads`, a slope for each variable, by its name. */
  step(variables: Variable[], grads: Record<string, Tensor>): void {
    const [beta1, beta2] = [0.9, 0.999];
    this.#powers = [Math.fround(this.#powers[0] * beta1), Math.fround(this.#powers[1] * beta2)];
    const [correction1, correction2] = this.#powers.map((power) => Math.fround(1 - power));
    const how = { rate: this.#rate, beta1, beta2, correction1, correction2, epsilon: tf.backend().epsilon() };
    for (const x of variables) {
      const moments = this.#moments.get(x) ?? zeros(x);
      this.#moments.set(x, moments);
      tf.tidy(() => x.assign(move(x, moments, grads[x.name], how)));
    }
  }

  /** Frees the moments. */
  dispose(): void {
    for (const moments of this.#moments.values()) tf.dispose(moments);
    this.#moments.clear();
  }
}

function zeros(x: Variable): { m: Variable; v: Variable } {
  return tf.tidy(() => ({ m: tf.variable(tf.zerosLike(x), false), v: tf.variable(tf.zerosLike(x), false) }));
}

/** Where a variable is after one step; its moments change. */
function move(x: Variable, { m, v }: { m: Variable; v: Variable }, g: Tensor, how: AdamStep): Tensor {
  if (tf.getKernel(ADAM_STEP, tf.getBackend())) {
    return tf.engine().runKernel(ADAM_STEP, { x, m, v, g }, how as unknown as tf.NamedAttrMap) as Tensor;
  }
  const { rate, beta1, beta2, correction1, correction2, epsilon } = how;
  m.assign(m.mul(beta1).add(g.mul(1 - beta1)));
  v.assign(v.mul(beta2).add(g.square().mul(1 - beta2)));
  return x.add(m.div(correction1).div(v.div(correction2).sqrt().add(epsilon)).mul(-rate));
}
